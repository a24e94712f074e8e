// SPDX-License-Identifier: Apache-2.0
/* Processes in code that is replaced: the purge kills them, so they are waited for, and never
 * killed unless that is said.
 */
#include "upgrade/node/upgrade.h"

#include <inttypes.h>

/* What the steps replace and take away. */
struct replaced {
	struct terms loaded, removed, stopped;
};

/* {apply, {application, stop, [App]}} */
static const struct term *stopped_app(const struct term *step)
{
	const struct term *call = term_is_tagged(step, "apply", 2) ? term_at(step, 1) : NULL;

	if (!call || !term_is_tuple(call, 3) || !term_is_atom(term_at(call, 0), "application") ||
	    !term_is_atom(term_at(call, 1), "stop") || !term_is_list(term_at(call, 2)) ||
	    term_at(call, 2)->seq.len != 1)
		return NULL;
	return term_at(term_at(call, 2), 0);
}

static void add_module(struct arena *arena, struct terms *to, const struct term *step)
{
	if (term_is_tuple(term_at(step, 1), 3))
		terms_add(arena, to, term_at(term_at(step, 1), 0));
}

static struct replaced replaced_by(struct arena *arena, const struct term *steps)
{
	struct replaced all = { .loaded = { 0 } };

	for (size_t i = 0; i < steps->seq.len; i++) {
		const struct term *step = term_at(steps, i), *app = stopped_app(step);

		if (term_is_tagged(step, "load", 2) || term_is_tagged(step, "remove", 2))
			add_module(arena, &all.loaded, step);
		if (term_is_tagged(step, "remove", 2))
			add_module(arena, &all.removed, step);
		if (app)
			terms_add(arena, &all.stopped, app);
	}
	return all;
}

static int look(int64_t *count, const char **who, struct upgrade *u, const struct term *steps,
		struct error *err)
{
	struct replaced all = replaced_by(u->arena, steps ? steps : &term_nil);
	const struct binding bindings[] = {
		{ "Modules",
		  steps ? term_list_of(u->arena, &all.loaded) : term_atom(u->arena, "all") },
		{ "Removed", term_list_of(u->arena, &all.removed) },
		{ "Stopped", term_list_of(u->arena, &all.stopped) },
	};
	owned_str struct str text = STR_EMPTY;
	const struct term *answer, *list;
	const char *process;

	if (node_run(&answer, NULL, u->node, u->arena, SCRIPT_drain, bindings, ARRAY_LEN(bindings),
		     node_work_deadline(u->node), err))
		return -1;
	if (!term_is_tuple(answer, 2) || !term_get_integer(term_at(answer, 0), count) ||
	    !term_is_list(term_at(answer, 1)))
		return error_set(err, ERROR_INVALID, "%s: an answer of another shape",
				 node_name(u->node));
	list = term_at(answer, 1);
	for (size_t i = 0; i < list->seq.len && i < 3; i++) {
		const struct term *each = term_at(list, i);
		const char *module =
			term_is_tuple(each, 2) ? term_atom_name(term_at(each, 0)) : NULL;

		if (module && term_get_text(term_at(each, 1), u->arena, &process))
			str_addf(&text, "%s%s: %s", text.len ? "; " : "", module, process);
	}
	*who = arena_dup(u->arena, str_span(&text));
	return 0;
}

int upgrade_drain(struct upgrade *u, const struct term *steps, struct error *err)
{
	struct deadline deadline = deadline_in(u->options->drain_ms);
	const char *who;
	int64_t count;

	for (;;) {
		if (look(&count, &who, u, steps, err))
			return -1;
		if (count == 0)
			return 0;
		if (deadline_over(deadline))
			break;
		node_pause(u->node, "processes run code that is replaced");
	}
	if (u->options->kill) {
		upgrade_note(u, "%" PRId64 " processes in old code are killed (%s)", count, who);
		return 0;
	}
	upgrade_refuse(u, err, "%" PRId64 " process%s in old code would be killed (%s%s)", count,
		       count == 1 ? "" : "es", who, count > 3 ? "; …" : "");
	error_code_(err, "old_code");
	return error_hint(err, "--drain TIME waits longer for them, --kill ends them.");
}
