// SPDX-License-Identifier: Apache-2.0
/* births.h - processes that are born while a relup suspends those of their kind.
 *
 * release_handler lists all processes once, and then suspends those of a module one after the
 * other, before it loads the new code.  Who is started in between by a supervisor that starts
 * children at any time (simple_one_for_one, DynamicSupervisor, start_child) is not in the list:
 * its state is never converted.  So steps of relevo's stand around those of the relup:
 *
 *	put, births_find.erl    in front of {suspend, …}: which supervisors, and whom they have
 *	births_hold.erl         behind it: they are suspended, and so are the newly born
 *	put, births_change.erl  behind {code_change, …}: the newly born are changed, too
 *	births_free.erl         in front of {resume, …}
 *
 * They are texts that the node evaluates ({apply, {erl_eval, eval_str, [Text]}}); what they need to
 * know goes through the process dictionary of release_handler ({apply, {erlang, put, …}}).
 */
#pragma once
#include "upgrade/appup/appup.h"

/* A changed module whose code_change converts states, and who starts its processes at any time. */
struct birth {
	const struct app_diff *app;
	const struct module_diff *module;
	struct names supervisors; /* their callback modules, or the names they are registered under
				   */
};

struct births {
	const struct birth *items;
	size_t len;
};

/* In the arena of the modules; what cannot be read, modules_check() tells. */
struct births births_find(struct modules *modules);
/* The steps of one way of a relup, with those of relevo's. */
const struct term *births_hold(struct arena *arena, const struct births *births,
			       const struct term *steps, bool down);
/* What one of those steps does, for people; NULL: it is another step. */
const char *birth_step_shown(const struct term *step);
/* Steps of another's relup that have none: started_meanwhile. */
void births_judge(struct arena *arena, struct reasons *reasons, const struct births *births,
		  const struct term *up, const struct term *down);
