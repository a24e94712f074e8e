// SPDX-License-Identifier: Apache-2.0
/* plan.h - everything there is to say about going from one release to another.
 *
 * Pure: reads the two releases and the appups written by hand, writes nothing; the same
 * input gives the same plan, byte for byte.  The plan borrows from both releases, which
 * must outlive it, and from the arena it was made in.
 */
#pragma once
#include "upgrade/verdict/verdict.h"

#include <jansson.h>

struct plan_options {
	struct appup_options appups;
	struct names allow; /* codes of reasons that do not count */
};

struct plan {
	const struct diff *diff;
	struct appups appups;
	struct reasons reasons; /* the worst first */
	enum verdict verdict;
	bool reversible; /* the relup has a way back */
	/* {Vsn, [{From, Descr, Steps}], [{From, Descr, Steps}]}; NULL: none can be made */
	const struct term *relup;
	const struct term *up, *down; /* its steps: lists, [] where there are none */
};

/* When no relup can be made, a reason says so (relup_failed); plan_make() fails only on
 * what cannot be read, and on codes that do not exist (ERROR_USAGE).
 */
must_check int plan_make(struct plan **out, struct arena *arena, const struct release *old_release,
			 const struct release *new_release, const struct plan_options *options,
			 struct error *err);
/* `relevo plan --json`; a new reference. */
json_t *plan_json(const struct plan *plan);
/* The differences alone: `relevo diff --json`. */
json_t *diff_json(const struct diff *diff);
