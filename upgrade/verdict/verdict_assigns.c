// SPDX-License-Identifier: Apache-2.0
/* Assigns of pages (LiveView), and channels (Phoenix) as state.
 *
 * What the old mount/3, handle_params/3, on_mount/4 and join/3 never wrote, the new ones write, and
 * the new code takes for given, is missing in those that live on: they crash at their next event.
 */
#include "upgrade/verdict/verdict_assigns.h"
#include "upgrade/verdict/verdict_states.h"

#include "erlang/code/code_facts.h"

/* What code_change does not give either. */
static struct names not_given(struct judge *judge, enum side side, const struct code *code,
			      struct names keys)
{
	owned_name_table struct name_table *given = name_table_new(), *helpers = name_table_new();
	struct written w = { judge, side, NULL, given, helpers, code->module, { 0 }, { 0 } };
	const struct code_function *function = code_function(code, "code_change", 3);
	const char **left = arena_array(judge->arena, keys.len, const char *);
	size_t len = 0;

	assigns_run(&w, code, "code_change", 3);
	for (size_t i = 0; i < keys.len; i++)
		if (!assign_may_be_written(&w, keys.items[i]) &&
		    !function_names(function, keys.items[i]))
			left[len++] = keys.items[i];
	return (struct names){ left, len };
}

/* Whether an appup, which may be that of the process that asks it, has its code_change called. */
static bool is_converted(struct judge *judge, const struct module_diff *module)
{
	for (size_t i = 0; module->new_facts->code_change && i < judge->appups->len; i++)
		if (script_converts(judge->appups->items[i].up, module->name))
			return true;
	return false;
}

static void judge_missing(struct judge *judge, const struct app_diff *app,
			  const struct module_diff *module, struct names keys)
{
	bool view = module->new_facts->roles & BEAM_LIVE_VIEW, converted;
	struct names left = keys;

	converted = is_converted(judge, module);
	if (converted)
		left = not_given(judge, SIDE_NEW, module->new_code, keys);
	if (left.len == 0)
		return;
	JUDGE(judge, REASON_state_shape_changed, app->name, module->name,
	      "%s of %s that %s open have no assign %s, which the new code takes for given%s: they "
	      "crash, and begin anew",
	      view ? "pages" : "channels", module_shown(module->name), "are",
	      assigns_shown(judge->arena, left),
	      converted ? ", and its code_change does not give it" : "")
		->hint = "give it in code_change(_vsn, socket, _extra), or read it with a default "
			 "(assigns[:key]), or let them begin anew: --allow state_shape_changed";
}

/* A key under which something of another kind is written now, which the code takes for given, and
 * does not newly ask for the kind that it had; NULL: none is.
 */
static const char *other_kind(struct judge *judge, const struct written *before,
			      const struct written *after, const struct code *maker,
			      const struct code *code)
{
	for (size_t i = 0; i < name_table_len(after->keys) && i < KINDS_MAX; i++) {
		const char *key = name_table_name(after->keys, i);
		size_t id = name_table_find(before->keys, span_of(key));
		unsigned was = id < KINDS_MAX ? before->kinds[id] : 0, is = after->kinds[i];

		if (was && is && was != is && !(was & (was - 1)) && !(is & (is - 1)) &&
		    !((was | is) & KIND_UNSEEN) && assign_is_taken(code, key) &&
		    !assign_is_only_shown(code, key, was) && !asks_newly_for(code, maker, was))
			return arena_dup(judge->arena, span_of(key));
	}
	return NULL;
}

static void judge_kinds(struct judge *judge, const struct app_diff *app,
			const struct module_diff *module, const struct written *before,
			const struct written *after)
{
	const struct code *was = module->old_code, *is = module->new_code;
	const char *shown = module->new_facts->roles & BEAM_LIVE_VIEW ? "pages" : "channels";
	const char *key;

	if (is_converted(judge, module))
		return;
	key = other_kind(judge, before, after, was, is);
	if (key)
		JUDGE(judge, REASON_state_shape_changed, app->name, module->name,
		      "%s of %s that are open have an assign %s of another kind than the new code "
		      "makes: they crash, and begin anew",
		      shown, module_shown(module->name), key)
			->hint = "convert it in code_change(_vsn, socket, _extra), or where it is "
				 "used, or let them begin anew: --allow state_shape_changed";
	key = other_kind(judge, after, before, is, was);
	if (key)
		JUDGE(judge, REASON_not_reversible, app->name, module->name,
		      "on the way back, %s of %s that were opened meanwhile have an assign %s of "
		      "another kind than the old code makes",
		      shown, module_shown(module->name), key)
			->hint = "convert it in code_change({:down, _vsn}, socket, _extra)";
}

/* ---- below the first level: cart: %{items: [], total: 0} ---- */

struct reading {
	const struct code *code;
	const char *key;
	unsigned kinds; /* of what is there, which may be shown; 0: nothing is there */
};

static bool is_read_there(const struct code *code, const void *what)
{
	const struct reading *reading = what;

	if (reading->kinds && assign_is_only_shown(code, reading->key, reading->kinds))
		return false;
	return code == reading->code ? assign_is_taken(code, reading->key)
				     : wants_key(code, reading->key);
}

/* By the code itself, behind its begin, or a changed module that it calls. */
static bool is_read(struct judge *judge, enum side side, const struct code *code, const char *key,
		    unsigned kinds)
{
	const struct reading reading = { code, key, kinds };

	return code_or_library(judge, side, code, is_read_there, &reading);
}

/* "under items" of "under cart, under items" */
static const char *last_key(const struct type_diff *diff)
{
	const char *key = NULL;

	for (const char *at = diff->path; (at = strstr(at, "under ")); at++)
		key = at + strlen("under ");
	return key && !strstr(key, ", ") && strcmp(key, "*") != 0 ? key : NULL;
}

/* Nothing that is `nil` at first, and no number in place of another one. */
static bool are_other_kinds(const struct type *was, const struct type *is)
{
	const unsigned numbers = 1U << TERM_INTEGER | 1U << TERM_FLOAT,
		       both = was->kinds | is->kinds;

	return !(both & 1U << TERM_ATOM) && both & ~numbers;
}

/* Whether the code of `side` fails for what is written under an assign by the maker. */
static bool harms_inside(struct judge *judge, enum side side, const struct code *code,
			 const struct code *maker, const struct type_diff *diff)
{
	const char *key = last_key(diff);

	switch (diff->what) {
	case TYPE_KEY:
		return !diff->of && !diff->open && is_read(judge, side, code, diff->tag, 0) &&
		       !may_put_key(judge, side == SIDE_NEW ? SIDE_OLD : SIDE_NEW, maker,
				    diff->tag);
	case TYPE_SIZE:
		return diff->size < 64 && diff->new_size < 64 &&
		       !code_matches_size(code, diff->size) &&
		       code_matches_size(code, diff->new_size);
	case TYPE_OTHER:
		return key && can_be_seen_in_use(diff) &&
		       are_other_kinds(diff->before, diff->after) &&
		       is_read(judge, side, code, key, diff->before->kinds) &&
		       !asks_newly_for(code, maker, diff->before->kinds);
	default:
		return false;
	}
}

/* The first difference below the first level with which the code does not go on; NULL: none is
 * seen.
 *
 * key  takes the assign
 */
static const struct type_diff *other_inside(struct judge *judge, enum side side,
					    const struct written *before,
					    const struct written *after, const struct code *maker,
					    const struct code *code, const char **key)
{
	for (size_t i = 0; i < name_table_len(after->keys) && i < KINDS_MAX; i++) {
		size_t id = name_table_find(before->keys, span_of(name_table_name(after->keys, i)));
		struct type_diffs diffs = { 0 };

		*key = name_table_name(after->keys, i);
		if (id < KINDS_MAX && !before->types[id]->unknown && assign_is_taken(code, *key))
			diffs = type_compare(before->types[id], after->types[i], judge->arena);
		for (size_t j = 0; j < diffs.len; j++)
			if (harms_inside(judge, side, code, maker, &diffs.items[j]))
				return &diffs.items[j];
	}
	return NULL;
}

static void judge_inside(struct judge *judge, const struct app_diff *app,
			 const struct module_diff *module, const struct written *before,
			 const struct written *after)
{
	const struct code *was = module->old_code, *is = module->new_code;
	const char *shown = module->new_facts->roles & BEAM_LIVE_VIEW ? "pages" : "channels";
	const struct type_diff *diff;
	const char *key;

	if (is_converted(judge, module))
		return;
	diff = is_told(judge, REASON_state_shape_changed, module->name)
		       ? NULL
		       : other_inside(judge, SIDE_NEW, before, after, was, is, &key);
	if (diff)
		JUDGE(judge, REASON_state_shape_changed, app->name, module->name,
		      "in the assign %s of %s of %s that are open %s: they crash, and begin anew",
		      key, shown, module_shown(module->name), type_diff_shown(judge->arena, diff))
			->hint =
			"convert it in code_change(_vsn, socket, _extra), or read it with a "
			"default, or let them begin anew: --allow state_shape_changed";
	diff = is_told(judge, REASON_not_reversible, module->name)
		       ? NULL
		       : other_inside(judge, SIDE_OLD, after, before, is, was, &key);
	if (diff)
		JUDGE(judge, REASON_not_reversible, app->name, module->name,
		      "on the way back, in the assign %s of %s of %s that were opened meanwhile %s",
		      key, shown, module_shown(module->name), type_diff_shown(judge->arena, diff))
			->hint = "convert it in code_change({:down, _vsn}, socket, _extra)";
}

/* What only the old code has is missing in pages that are opened meanwhile. */
static void judge_back(struct judge *judge, const struct app_diff *app,
		       const struct module_diff *module, struct names keys)
{
	if (keys.len == 0 || is_converted(judge, module))
		return;
	JUDGE(judge, REASON_not_reversible, app->name, module->name,
	      "on the way back, %s of %s that were opened meanwhile have no assign %s, which the "
	      "old "
	      "code takes for given",
	      module->new_facts->roles & BEAM_LIVE_VIEW ? "pages" : "channels",
	      module_shown(module->name), assigns_shown(judge->arena, keys))
		->hint =
		"go on writing it for one release, or give it in code_change({:down, _vsn}, "
		"socket, _extra)";
}

void judge_assigns(struct judge *judge, const struct app_diff *app,
		   const struct module_diff *module)
{
	const unsigned roles = BEAM_LIVE_VIEW | BEAM_CHANNEL;
	owned_name_table struct name_table *olds = name_table_new(), *news = name_table_new();
	owned_name_table struct name_table *old_helpers = name_table_new();
	owned_name_table struct name_table *new_helpers = name_table_new();
	struct written before = { judge, SIDE_OLD, NULL, olds, old_helpers, NULL, { 0 }, { 0 } };
	struct written after = { judge, SIDE_NEW, NULL, news, new_helpers, NULL, { 0 }, { 0 } };

	if (module->old_code->unread || module->new_code->unread)
		return;
	if (module->old_facts->roles & module->new_facts->roles & BEAM_LIVE_COMPONENT)
		judge_component_assigns(judge, app, module);
	if (!(module->old_facts->roles & module->new_facts->roles & roles))
		return;
	assigns_written(&before, app, module->old_code);
	assigns_written(&after, app, module->new_code);
	judge_missing(judge, app, module,
		      assigns_missing(judge, &before, &after, module->new_code));
	judge_back(judge, app, module, assigns_missing(judge, &after, &before, module->old_code));
	judge_kinds(judge, app, module, &before, &after);
	judge_inside(judge, app, module, &before, &after);
}
