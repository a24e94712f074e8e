// SPDX-License-Identifier: Apache-2.0
/* State that outlives the code it was made by.
 *
 * Seen in the modules alone: the fields of a struct, and the sizes of the tuples that
 * functions match.  A struct whose default values changed, or maps with keys that are
 * read with a default, are no change of shape and are not seen here.
 */
#include "upgrade/verdict_parts.h"

/* "a, b" of the names that are in `more` and not in `less`; both sorted.  NULL: none. */
static const char *only_in(struct arena *arena, struct names more, struct names less)
{
	owned_str struct str text = STR_EMPTY;
	size_t at = 0;

	for (size_t i = 0; i < more.len; i++) {
		while (at < less.len && strcmp(less.items[at], more.items[i]) < 0)
			at++;
		if (at < less.len && strcmp(less.items[at], more.items[i]) == 0)
			continue;
		str_addf(&text, "%s%s", text.len ? ", " : "", more.items[i]);
	}
	return text.len ? arena_dup(arena, str_span(&text)) : NULL;
}

/* Tags that say how a call went, not what something is. */
static bool is_answer(const char *tag)
{
	static const char *const tags[] = { "ok",         "error",    "reply", "noreply",
					    "stop",       "EXIT",     "DOWN",  "next_state",
					    "keep_state", "nodedown", "true",  "false",
					    "value",      "badrpc",   "call",  "cast",
					    "timeout",    "info",     "tcp",   "ssl" };

	for (size_t i = 0; i < ARRAY_LEN(tags); i++)
		if (strcmp(tag, tags[i]) == 0)
			return true;
	return false;
}

static const struct beam_record *find_record(struct beam_records records, const char *name)
{
	for (size_t i = 0; i < records.len; i++)
		if (strcmp(records.items[i].name, name) == 0)
			return &records.items[i];
	return NULL;
}

/* The one size of a record, or 0. */
static unsigned size_of(const struct beam_record *record)
{
	uint64_t sizes = record->sizes;

	return sizes && (sizes & (sizes - 1)) == 0 ? (unsigned)__builtin_ctzll(sizes) : 0;
}

static void judge_records(struct judge *judge, const struct app_diff *app,
			  const struct module_diff *module)
{
	struct beam_records olds = module->old_facts->records, news = module->new_facts->records;

	for (size_t i = 0; i < news.len; i++) {
		const struct beam_record *after = &news.items[i];
		const struct beam_record *before = find_record(olds, after->name);
		unsigned a = before ? size_of(before) : 0, b = size_of(after);

		if (a == 0 || b == 0 || a == b || is_answer(after->name))
			continue;
		JUDGE(judge, REASON_state_shape_changed, app->name, module->name,
		      "the record %s of %s had %u fields and has %u, and its processes keep their "
		      "state as it is",
		      after->name, module_shown(module->name), a - 1, b - 1)
			->hint = "convert the state in code_change, both ways, or restart";
	}
}

static void judge_fields(struct judge *judge, const struct app_diff *app,
			 const struct module_diff *module)
{
	struct names olds = module->old_facts->fields, news = module->new_facts->fields;
	const char *added = only_in(judge->arena, news, olds);
	const char *removed = only_in(judge->arena, olds, news);
	struct reason *reason;

	if (olds.len == 0 || news.len == 0 || (!added && !removed))
		return;
	reason = JUDGE(judge, REASON_state_shape_changed, app->name, module->name,
		       "the struct %s %s %s, and its processes keep their state as it is",
		       module_shown(module->name), added ? "has the new fields" : "no longer has",
		       added ? added : removed);
	reason->hint = "convert the state in code_change, both ways, or restart";
	/* What is no longer there is not asked for; the old code would, on the way back. */
	if (!added)
		reason->severity = SEVERITY_WARN;
}

static void judge_shared(struct judge *judge, const struct app_diff *app,
			 const struct module_diff *module)
{
	struct names olds = module->old_facts->fields, news = module->new_facts->fields;
	const char *added = only_in(judge->arena, news, olds);

	if (olds.len == 0 || news.len == 0 || !added)
		return;
	JUDGE(judge, REASON_shared_struct_changed, app->name, module->name,
	      "the struct %s has the new fields %s: processes that hold one from before the "
	      "upgrade fail when they are asked for them",
	      module_shown(module->name), added)
		->hint =
		"fine when it is made anew for each call; otherwise convert it in code_change";
}

void judge_state(struct judge *judge, const struct app_diff *app, const struct module_diff *module)
{
	const struct beam_facts *a = module->old_facts, *b = module->new_facts;

	if (!(a->roles & b->roles & BEAM_PROCESS)) {
		judge_shared(judge, app, module);
		return;
	}
	if (b->code_change && !b->keeps_state)
		return;
	judge_fields(judge, app, module);
	judge_records(judge, app, module);
}
