// SPDX-License-Identifier: Apache-2.0
/* Do those answer whom release_handler will ask?  It takes a supervisor that does not for a reason
 * to restart the VM, and goes on without a process that cannot be suspended.
 */
#include "upgrade/node/steps.h"
#include "upgrade/node/upgrade.h"

/* Asked of those that are not busy for long; the answers come at once. */
enum { ANSWER_MS = 2000 };

static int look_at_supervisors(const struct term **out, struct upgrade *u, const struct term *steps,
			       struct error *err)
{
	const struct binding bindings[] = {
		{ "Steps", steps ? steps : term_atom(u->arena, "any") },
		{ "Wait", term_integer(u->arena, ANSWER_MS) },
	};

	return node_run(out, NULL, u->node, u->arena, SCRIPT_supervisors, bindings,
			ARRAY_LEN(bindings), node_work_deadline(u->node), err);
}

int upgrade_check_supervisors(struct upgrade *u, const struct term *steps, struct error *err)
{
	struct deadline deadline =
		deadline_in(u->only_looks ? 0 : u->options->move.suspend_timeout_ms);
	const struct term *odd, *answer;
	const char *who;

	for (;;) {
		if (look_at_supervisors(&answer, u, steps, err))
			return -1;
		if (!term_is_list(answer) || answer->seq.len == 0)
			return 0;
		if (deadline_over(deadline))
			break;
		node_pause(u->node, "a supervisor does not answer");
	}
	odd = term_at(answer, 0);
	if (!term_is_tuple(odd, 2) || !term_get_text(term_at(odd, 0), u->arena, &who))
		who = "?";
	if (term_is_tuple(odd, 2) && term_is_atom(term_at(odd, 1), "suspended"))
		upgrade_refuse(u, err, "the supervisor %s is suspended", who);
	else
		upgrade_refuse(u, err,
			       "the supervisor %s does not answer; it may be starting a child",
			       who);
	error_code_(err, "supervisor_silent");
	return error_hint(err,
			  "release_handler asks every supervisor for its children, and restarts "
			  "the VM when one does not answer.");
}

/* ---- processes that are suspended ---- */

bool upgrade_allows_silent(const struct upgrade *u)
{
	return names_have(u->options->allow, "not_suspendable");
}

int upgrade_check_workers(struct upgrade *u, const struct term *steps, struct error *err)
{
	struct deadline deadline = deadline_in(u->options->move.suspend_timeout_ms);
	const struct term *suspended, *answer;
	const char *who = "?";

	if (upgrade_allows_silent(u))
		return 0;
	if (steps_pack_suspended(&suspended, u->arena, steps, err))
		return -1;
	for (;;) {
		if (node_run(&answer, NULL, u->node, u->arena, SCRIPT_silent,
			     (const struct binding[]){ { "Suspended", suspended } }, 1,
			     node_work_deadline(u->node), err))
			return -1;
		if (!term_is_list(answer) || answer->seq.len == 0)
			return 0;
		if (deadline_over(deadline))
			break;
		node_pause(u->node, "a process that is to be suspended does not answer");
	}
	(void)term_get_text(term_at(answer, 0), u->arena, &who);
	upgrade_refuse(u, err, "%s is to be suspended, and does not answer", who);
	error_code_(err, "process_silent");
	return error_hint(err,
			  "It would run new code with its old state.  --suspend-timeout TIME waits "
			  "longer for it; --allow not_suspendable goes on without it.");
}
