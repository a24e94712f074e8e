// SPDX-License-Identifier: Apache-2.0
/* judge.h - from what was seen to findings; pure.  For rehearse.c and its tests. */
#pragma once
#include "upgrade/rehearse/rehearse.h"

struct rehearse_judge {
	struct arena *arena; /* of all texts */
	enum rehearse_phase_id phase;
	struct finding *items;
	size_t len, cap;
	bool strict;     /* a warning is as bad as a fault */
	unsigned failed; /* bit n: something was found that makes phase n fail */
};

/* Whether one of this kind makes the rehearsal fail. */
bool finding_fails(enum finding_code code, bool strict);
/* One finding; what was found before about the same subject is marked for this phase too.
 *
 * subject  what it is about; NULL: the message
 */
void judge_add(struct rehearse_judge *judge, enum finding_code code, const char *subject,
	       const char *format, ...) printf_like(4, 5);
/* A move that failed: the code follows from the error. */
void judge_move(struct rehearse_judge *judge, bool down, const struct error *err);
/* What was seen while it moved. */
void judge_seen(struct rehearse_judge *judge, const struct observed *seen);
/* What runs after a move, beside what ran before it. */
void judge_after(struct rehearse_judge *judge, const struct snapshot *before,
		 const struct snapshot *after);
/* What runs after a move, beside what a fresh start of the same release has. */
void judge_fresh(struct rehearse_judge *judge, const struct snapshot *moved,
		 const struct snapshot *fresh, const char *vsn);
