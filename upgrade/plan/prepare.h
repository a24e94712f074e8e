// SPDX-License-Identifier: Apache-2.0
/* prepare.h - puts into a release that is being built what running systems need to get to it. */
#pragma once
#include "upgrade/plan/plan.h"

struct prepared {
	const char *from; /* version */
	enum verdict verdict;
	bool has_relup; /* and appups: the way is in the release now */
	struct reasons reasons;
};

/* For each of the old releases (folders or tarballs) plans the way to the release in the
 * tree `root`, then writes there releases/VSN/relup and lib/APP-VSN/ebin/APP.appup, which
 * hold the ways from all of them, and releases/VSN/relevo.plans.json (carried.h).  `results`: one
 * for each, from the arena.
 */
must_check int prepare_upgrade(struct prepared **results, struct arena *arena, const char *root,
			       struct names olds, const struct plan_options *options,
			       struct error *err);
