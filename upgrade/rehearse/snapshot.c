// SPDX-License-Identifier: Apache-2.0
#include "upgrade/rehearse/snapshot.h"

#include "base/embed.h"
#include "upgrade/node/answer.h"

#include <stdlib.h>

EMBED(rehearse_observe, "upgrade/rehearse/observe.erl")
EMBED(rehearse_ask, "upgrade/rehearse/ask.erl")
EMBED(rehearse_snapshot, "upgrade/rehearse/snapshot.erl")

enum { ANSWER_MS = 60000 };

static int evaluate(const struct term **out, struct node *node, struct arena *arena,
		    const char *name, struct span text, const struct binding *bindings,
		    size_t bindings_len, struct error *err)
{
	if (!node_dist(node))
		return error_set(err, ERROR_UNREACHABLE, "%s: the connection is lost",
				 node_name(node));
	return node_eval(out, NULL, node_dist(node), arena, name, span_trim(text), bindings,
			 bindings_len, deadline_in(ANSWER_MS), err);
}

/* ---- reading answers: what is missing or odd is left out ---- */

static bool text_of(const char **out, const struct term *term, struct arena *arena)
{
	return term->kind == TERM_BINARY && term_get_text(term, arena, out);
}

static int by_name(const void *a, const void *b)
{
	const struct snapshot_entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Of texts, {Text, Number} and {Text, runs | stopped}. */
static struct snapshot_list entries_at(const struct term *answer, struct arena *arena,
				       const char *key)
{
	const struct term *list = answer_list(answer, key);
	size_t len = list->seq.len, used = 0;
	struct snapshot_entry *items = arena_array(arena, len, struct snapshot_entry);

	for (size_t i = 0; i < len; i++) {
		const struct term *item = term_at(list, i);
		bool pair = term_is_tuple(item, 2);

		if (!text_of(&items[used].name, pair ? term_at(item, 0) : item, arena))
			continue;
		if (pair && !term_get_integer(term_at(item, 1), &items[used].value))
			items[used].value = term_is_atom(term_at(item, 1), "runs");
		used++;
	}
	if (used > 0)
		qsort(items, used, sizeof(*items), by_name);
	return (struct snapshot_list){ items, used };
}

int snapshot_take(struct snapshot *out, struct node *node, struct arena *arena, struct error *err)
{
	const struct term *answer;

	if (evaluate(&answer, node, arena, "snapshot.erl", rehearse_snapshot(), NULL, 0, err))
		return -1;
	*out = (struct snapshot){
		.applications = entries_at(answer, arena, "applications"),
		.children = entries_at(answer, arena, "children"),
		.env = entries_at(answer, arena, "env"),
		.suspended = entries_at(answer, arena, "suspended"),
		.lingering = entries_at(answer, arena, "lingering"),
	};
	return 0;
}

const struct snapshot_entry *snapshot_find(const struct snapshot_list *list, const char *name)
{
	const struct snapshot_entry key = { .name = name };

	if (list->len == 0)
		return NULL;
	return bsearch(&key, list->items, list->len, sizeof(key), by_name);
}

/* ---- observing ---- */

static int ask(const struct term **out, struct node *node, struct arena *arena, const char *what,
	       struct error *err)
{
	const struct binding binding = { "What", term_atom(arena, what) };

	return evaluate(out, node, arena, "ask.erl", rehearse_ask(), &binding, 1, err);
}

int observe_start(struct node *node, struct arena *arena, struct error *err)
{
	const struct term *answer;

	return evaluate(&answer, node, arena, "observe.erl", rehearse_observe(), NULL, 0, err) ||
			       ask(&answer, node, arena, "watch", err)
		       ? -1
		       : 0;
}

/* {Kind, Who, Reason, Back, HasName} */
static bool end_of(struct observed_end *out, const struct term *term, struct arena *arena)
{
	if (!term_is_tuple(term, 5) || !text_of(&out->who, term_at(term, 1), arena) ||
	    !text_of(&out->reason, term_at(term, 2), arena))
		return false;
	out->kind = term_atom_name(term_at(term, 0));
	out->back = term_is_atom(term_at(term, 3), "true");
	return out->kind != NULL;
}

static void read_ends(struct observed *out, const struct term *answer, struct arena *arena)
{
	const struct term *list = answer_list(answer, "downs");
	size_t len = list->seq.len;
	struct observed_end *ends = arena_array(arena, len, struct observed_end);

	for (size_t i = 0; i < len; i++)
		out->ends_len += end_of(&ends[out->ends_len], term_at(list, i), arena);
	out->ends = ends;
}

static void read_pauses(struct observed *out, const struct term *answer, struct arena *arena)
{
	const struct term *list = answer_list(answer, "pauses");
	size_t len = list->seq.len;
	struct observed_pause *pauses = arena_array(arena, len, struct observed_pause);

	for (size_t i = 0; i < len; i++) {
		const struct term *pair = term_at(list, i);

		if (term_is_tuple(pair, 2) &&
		    term_get_integer(term_at(pair, 0), &pauses[out->pauses_len].us) &&
		    text_of(&pauses[out->pauses_len].who, term_at(pair, 1), arena))
			out->pauses_len++;
	}
	out->pauses = pauses;
}

static void read_logs(struct observed *out, const struct term *answer, struct arena *arena)
{
	const struct term *list = answer_list(answer, "logs");
	size_t len = list->seq.len;
	const char **logs = arena_array(arena, len, const char *);

	for (size_t i = 0; i < len; i++)
		out->logs_len += text_of(&logs[out->logs_len], term_at(list, i), arena);
	out->logs = logs;
}

int observe_end(struct observed *out, struct node *node, struct arena *arena, struct error *err)
{
	struct observed seen = { 0 };
	const struct term *answer;

	if (ask(&answer, node, arena, "take", err))
		return -1;
	seen.gone = term_is_atom(answer, "gone");
	seen.processes = answer_number(answer, "processes");
	seen.kept = answer_number(answer, "kept");
	seen.ended = answer_number(answer, "ended");
	seen.bad = answer_number(answer, "bad");
	seen.suspended = answer_number(answer, "suspended");
	seen.logged = answer_number(answer, "logged");
	seen.held = entries_at(answer, arena, "held");
	read_ends(&seen, answer, arena);
	read_pauses(&seen, answer, arena);
	read_logs(&seen, answer, arena);
	*out = seen;
	return 0;
}
