// SPDX-License-Identifier: Apache-2.0
/* clock.h - the time, and the moment by which a call must be over.
 *
 * A deadline is one moment for a whole call, however many reads and writes it is
 * made of: a peer that sends one byte now and then gains nothing by it.
 */
#pragma once
#include "base/base.h"

/* Milliseconds and microseconds since some moment in the past; never go back. */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
/* Milliseconds since 1970. */
int64_t clock_wall_ms(void);
/* Sleeps through signals. */
void clock_sleep_ms(int64_t ms);

struct deadline {
	int64_t at; /* by clock_mono_ms(); INT64_MAX: never */
};

#define DEADLINE_NEVER ((struct deadline){ INT64_MAX })

/* `ms` from now; 0 or less is over at once. */
struct deadline deadline_in(int64_t ms);
bool deadline_over(struct deadline deadline);
/* What is left, as poll() wants it: 0 when over, -1 for never. */
int deadline_left(struct deadline deadline);
struct deadline deadline_earlier(struct deadline a, struct deadline b);
