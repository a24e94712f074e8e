// SPDX-License-Identifier: Apache-2.0
/* verdict.h - whether an upgrade can be done while the system runs, and why not. */
#pragma once
#include "upgrade/appup.h"

/* The worst comes last. */
enum verdict { VERDICT_HOT, VERDICT_HOT_WITH_WARNINGS, VERDICT_RESTART, VERDICT_IMPOSSIBLE };

/* "hot", "hot_with_warnings", "restart", "impossible". */
const char *verdict_name(enum verdict verdict);

/* Adds what the differences, and the way the appups deal with them, give reason to say.
 * (What is wrong with appups written by hand, appups_make() has said.)
 */
void verdict_reasons(struct arena *arena, const struct diff *diff, const struct appups *appups,
		     struct reasons *reasons);
/* The worst of those that are not allowed. */
enum verdict verdict_of(const struct reasons *reasons);
