// SPDX-License-Identifier: Apache-2.0
/* What a node is told once it runs another release. */
#include "upgrade/node/answer.h"
#include "upgrade/node/upgrade.h"

#include <inttypes.h>

enum { AFTER_MS = 600000 }; /* very many pages are rendered slowly */

static struct names texts_of(struct arena *arena, const struct term *list)
{
	const char **items = arena_array(arena, list->seq.len, const char *);
	size_t len = 0;

	for (size_t i = 0; i < list->seq.len; i++)
		if (term_get_text(term_at(list, i), arena, &items[len]))
			len++;
	return (struct names){ items, len };
}

/* {pages, HowMany, Why} */
static void read_left(struct upgrade_after *after, struct arena *arena, const struct term *answer)
{
	for (size_t i = 0; term_is_list(answer) && i < answer->seq.len; i++) {
		const struct term *each = term_at(answer, i);

		if (term_is_tagged(each, "pages", 3) &&
		    term_get_integer(term_at(each, 1), &after->left) &&
		    !term_get_text(term_at(each, 2), arena, &after->why_left))
			after->why_left = "";
	}
}

void upgrade_keep_assets(struct upgrade *u, const char *from, const char *to)
{
	const struct binding bindings[] = {
		{ "From", term_string(u->arena, from) },
		{ "To", term_string(u->arena, to) },
	};
	const struct term *answer;
	struct names failed;
	struct error err;

	if (node_run(&answer, NULL, u->node, u->arena, SCRIPT_assets, bindings, ARRAY_LEN(bindings),
		     node_work_deadline(u->node), &err)) {
		upgrade_note(u, "static files of %s, which open pages name, were not kept: %s",
			     from, err.text);
		return;
	}
	if (!term_is_tuple(answer, 2) || !term_is_list(term_at(answer, 1)))
		return;
	failed = texts_of(u->arena, term_at(answer, 1));
	if (failed.len > 0)
		upgrade_note(u,
			     "static files of %s, which open pages name, could not be kept: %s%s",
			     from, failed.items[0], failed.len > 1 ? " …" : "");
}

static void note_after(struct upgrade *u, const struct upgrade_after *after)
{
	if (after->endpoints > 0)
		upgrade_note(u, "%" PRId64 " endpoint%s read configuration and static files anew",
			     after->endpoints, after->endpoints == 1 ? "" : "s");
	if (after->rendered > 0)
		upgrade_note(u, "%" PRId64 " page%s rendered anew", after->rendered,
			     after->rendered == 1 ? " was" : "s were");
	if (after->left > 0)
		upgrade_note(
			u,
			after->left == 1
				? "%" PRId64 " page shows the old template until it changes: %s"
				: "%" PRId64 " pages show the old templates until they change: %s",
			after->left, after->why_left);
	for (size_t i = 0; i < after->failed.len; i++)
		upgrade_note(u, "it was told of the new release, but %s", after->failed.items[i]);
}

int upgrade_tell(struct upgrade *u, const char *from, const char *to, struct error *err)
{
	const struct binding bindings[] = {
		{ "From", term_string(u->arena, from) },
		{ "To", term_string(u->arena, to) },
		{ "Render", term_atom(u->arena, u->options->no_render ? "false" : "true") },
	};
	const struct term *answer;

	upgrade_step(u, STEP_after, "telling endpoints and pages of %s", to);
	if (node_run(&answer, NULL, u->node, u->arena, SCRIPT_after, bindings, ARRAY_LEN(bindings),
		     deadline_in(AFTER_MS), err))
		return -1;
	u->after = (struct upgrade_after){
		.endpoints = answer_number(answer, "endpoints"),
		.called = answer_number(answer, "called"),
		.rendered = answer_number(answer, "rendered"),
		.failed = texts_of(u->arena, answer_list(answer, "failed")),
	};
	read_left(&u->after, u->arena, answer);
	note_after(u, &u->after);
	return 0;
}
