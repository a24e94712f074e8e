// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

static int64_t clock_ms(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_mono_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

int64_t clock_mono_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

void clock_sleep_ms(int64_t ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000 };

	while (ms > 0 && clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
}

struct deadline deadline_in(int64_t ms)
{
	struct deadline deadline;

	if (__builtin_add_overflow(clock_mono_ms(), ms > 0 ? ms : 0, &deadline.at))
		return DEADLINE_NEVER;
	return deadline;
}

bool deadline_over(struct deadline deadline)
{
	return deadline.at != INT64_MAX && clock_mono_ms() >= deadline.at;
}

int deadline_left(struct deadline deadline)
{
	int64_t left;

	if (deadline.at == INT64_MAX)
		return -1;
	left = deadline.at - clock_mono_ms();
	if (left <= 0)
		return 0;
	return left < INT_MAX ? (int)left : INT_MAX;
}

struct deadline deadline_earlier(struct deadline a, struct deadline b)
{
	return a.at < b.at ? a : b;
}
