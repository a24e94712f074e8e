// SPDX-License-Identifier: Apache-2.0
/* Processes in code that is replaced: the purge kills them, so they are waited for, and never
 * killed unless that is said.
 */
#include "upgrade/node/upgrade.h"

#include <inttypes.h>

static int look(int64_t *count, const char **who, struct upgrade *u, const char *to,
		struct error *err)
{
	const struct binding binding = { "To", term_string(u->arena, to ? to : "") };
	owned_str struct str text = STR_EMPTY;
	const struct term *answer, *list;
	const char *process;

	if (node_run(&answer, NULL, u->node, u->arena, SCRIPT_drain, &binding, 1,
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

/* *count 0: nobody is left. */
static int await(int64_t *count, const char **who, struct upgrade *u, const char *to,
		 struct error *err)
{
	struct deadline deadline = deadline_in(u->options->drain_ms);

	for (;;) {
		if (look(count, who, u, to, err))
			return -1;
		if (*count == 0 || deadline_over(deadline))
			return 0;
		node_pause(u->node, "processes run code that is replaced");
	}
}

int upgrade_drain(struct upgrade *u, const char *to, struct error *err)
{
	const char *who;
	int64_t count;

	if (await(&count, &who, u, to, err))
		return -1;
	if (count == 0)
		return 0;
	if (u->options->kill) {
		upgrade_note(u, "%" PRId64 " processes in old code are killed (%s)", count, who);
		return 0;
	}
	upgrade_refuse(u, err, "%" PRId64 " process%s in old code would be killed (%s%s)", count,
		       count == 1 ? "" : "es", who, count > 3 ? "; …" : "");
	error_code_(err, "old_code");
	return error_hint(err, "--drain TIME waits longer for them, --kill ends them.");
}

void upgrade_drain_anyway(const char **killed, struct upgrade *u, const char *to)
{
	struct error ignored; /* going back is more urgent, and finds out itself */
	const char *who;
	int64_t count;

	*killed = "";
	if (await(&count, &who, u, to, &ignored) || count == 0)
		return;
	*killed = arena_printf(u->arena, "  %" PRId64 " process%s in old code was killed (%s%s).",
			       count, count == 1 ? "" : "es", who, count > 3 ? "; …" : "");
}
