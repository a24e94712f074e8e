// SPDX-License-Identifier: Apache-2.0
/* verdict.h - whether an upgrade can be done while the system runs, and why not. */
#pragma once
#include "upgrade/appup/appup.h"

/* The worst comes last. */
enum verdict { VERDICT_HOT, VERDICT_HOT_WITH_WARNINGS, VERDICT_RESTART, VERDICT_IMPOSSIBLE };

/* "hot", "hot_with_warnings", "restart", "impossible". */
const char *verdict_name(enum verdict verdict);
/* For people: "hot, with warnings". */
const char *verdict_shown(enum verdict verdict);

/* Begins to look at what changed, on other cores, so that verdict_reasons() finds it done; and ends
 * that.  It lives in the arena of the modules.
 */
struct judge;
struct judge *verdict_begin(struct modules *modules);
void verdict_end(struct judge *judge); /* NULL is fine */

static inline void verdict_done(struct judge **judge)
{
	verdict_end(*judge);
}
#define owned_verdict owned(verdict_done)

/* Adds what the differences, and the way the appups and the relup deal with them, give
 * reason to say.  (What is wrong with appups written by hand, appups_make() has said.)
 *
 * judge      of the modules, in whose arena the reasons live
 * up, down   the relup's steps; [] where there are none
 *
 * Fails when a module cannot be read.
 */
must_check int verdict_reasons(struct judge *judge, const struct appups *appups,
			       const struct term *up, const struct term *down,
			       struct reasons *reasons, struct error *err);
/* Calls that the steps of a relup make, other than those that OTP's appup cookbook and relevo
 * itself make.
 */
void verdict_applies(struct arena *arena, struct reasons *reasons, const struct term *up,
		     const struct term *down);
/* The worst of those that are not allowed. */
enum verdict verdict_of(const struct reasons *reasons);
