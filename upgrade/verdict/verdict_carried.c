// SPDX-License-Identifier: Apache-2.0
/* Loops that go on by calling their module by its full name: ?MODULE:loop(State), or wake up in it
 * after they hibernated.
 *
 * Nobody suspends them, and no code_change reaches them: at their next message they are in the new
 * code, with the arguments that the old one made.
 */
#include "erlang/code/code_loops.h"
#include "upgrade/verdict/verdict_running.h"
#include "upgrade/verdict/verdict_starts.h"
#include "upgrade/verdict/verdict_states.h"

enum { STARTS_MAX = 16 };

/* One release's code of the module. */
struct loops_of {
	const struct code *code;
	struct loop_part *parts;
	const struct loop_entry *entries;
};

/* How other modules start it; only who changed, too, or has its name is looked at. */
static size_t find_starts(struct judge *judge, enum side side, const char *name,
			  struct loop_start *starts)
{
	owned_name_table struct name_table *names = name_table_new();
	struct modules *modules = judge->modules;
	const bool *naming;
	size_t len = 0;

	name_table_add(names, name, NULL);
	naming = modules_naming(judge, names);
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];
		bool asked = module->diff || naming[i];
		struct code_effects effects = { NULL, 0 };

		if (side == SIDE_OLD)
			module = modules_find(modules, SIDE_OLD, module->name);
		if (module && asked && strcmp(module->name, name) != 0)
			effects = effects_of(judge, side, module, effect_starts);
		for (size_t j = 0; j < effects.len && len < STARTS_MAX; j++) {
			starts[len].name =
				effect_begins(&effects.items[j], name, &starts[len].args);
			len += starts[len].name != NULL;
		}
	}
	return len;
}

static bool any_named(const struct loops_of *side)
{
	for (size_t i = 0; i < side->code->len; i++)
		if (side->parts[i].named)
			return true;
	return false;
}

/* What one release's loops call by name is looked at in the other one, too. */
static void name_same(const struct loops_of *side, struct loops_of *other)
{
	for (size_t i = 0; i < side->code->len; i++) {
		const struct code_function *function = &side->code->functions[i];
		const struct code_function *same =
			code_function(other->code, function->name, function->arity);

		if (side->parts[i].named && same &&
		    code_exports(other->code, same->name, same->arity))
			other->parts[same - other->code->functions].named = true;
	}
}

static void see_entries(struct judge *judge, enum side which, struct loops_of *side)
{
	struct loop_start starts[STARTS_MAX];
	size_t len = find_starts(judge, which, side->code->module, starts);

	side->entries = code_loop_entries(side->code, side->parts, &judge->modules->library[which],
					  starts, len, judge->arena);
}

/* Whether a loop calls that function of its own module by its full name; not only wakes up in it.
 */
static bool calls_itself(const struct loops_of *side, const struct code_function *function)
{
	for (size_t i = 0; i < side->code->len; i++) {
		const struct code_function *from = &side->code->functions[i];

		for (size_t j = 0; side->parts[i].inside && j < from->len; j++) {
			const struct beam_function *to = code_op_import(side->code, &from->ops[j]);

			if (to && to->arity == function->arity &&
			    strcmp(to->name, function->name) == 0 &&
			    strcmp(to->module, side->code->module) == 0)
				return true;
		}
	}
	return false;
}

/* ---- from one to the other ---- */

struct way {
	struct judge *judge;
	enum side to_side;
	const struct loops_of *from, *to;
};

/* Trying shows what becomes of values of another kind at the top, and below it only whether a key
 * or a size is understood.
 */
static bool can_be_tried(const struct way *way, const struct type *before, const struct type *after)
{
	struct type_diffs diffs = type_compare(before, after, way->judge->arena);

	for (size_t i = 0; i < diffs.len; i++) {
		const struct type_diff *diff = &diffs.items[i];

		if ((diff->what == TYPE_OTHER && *diff->path) ||
		    (diff->what == TYPE_KEY && (diff->open || !can_be_seen_in_use(diff))) ||
		    (diff->what == TYPE_SIZE && !can_be_seen_in_use(diff)))
			return false;
	}
	return !before->unknown;
}

static bool copes(const struct way *way, const struct loop_entry *before,
		  const struct loop_entry *after)
{
	for (size_t i = 0; i < before->function->arity; i++)
		if (!can_be_tried(way, before->carried[i], after->taken[i]))
			return false;
	return code_loop_copes(way->to->code, way->to->parts,
			       &way->judge->modules->library[way->to_side], after->function,
			       before->carried, after->taken);
}

/* At its first level a state of another size is one that no clause takes. */
static const struct type_diff *another_size(struct judge *judge, const struct type *before,
					    const struct type *after)
{
	struct type_diffs diffs = type_compare(before, after, judge->arena);

	for (size_t i = 0; i < diffs.len; i++)
		if (diffs.items[i].what == TYPE_SIZE && !*diffs.items[i].path)
			return &diffs.items[i];
	return NULL;
}

static const struct type_diff *harm_of(const struct way *way, const struct loop_entry *before,
				       const struct loop_entry *after)
{
	const struct heir heir = { .judge = way->judge,
				   .side = way->to_side,
				   .code = way->to->code,
				   .maker = way->from->code };
	const struct type_diff *harm = NULL;

	for (size_t i = 0; i < before->function->arity && !harm; i++) {
		const struct type *was = before->carried[i], *is = after->taken[i];

		harm = another_size(way->judge, was, is);
		if (!harm)
			harm = type_harm(&heir, was, is);
	}
	return harm && !copes(way, before, after) ? harm : NULL;
}

/* Nothing of the types shows it, and yet it ends. */
static bool ends(const struct way *way, const struct loop_entry *before,
		 const struct loop_entry *after)
{
	return code_loop_fails(way->to->code, way->to->parts,
			       &way->judge->modules->library[way->to_side], after->function,
			       before->carried, after->taken);
}

/* The first function that cannot go on with what it is called with; *harm may be NULL then. */
static bool find_harm(const struct way *way, const struct code_function **function,
		      const struct type_diff **harm)
{
	for (size_t i = 0; i < way->from->code->len; i++) {
		const struct loop_entry *before = &way->from->entries[i], *after;

		*function = before->carried ? code_function(way->to->code, before->function->name,
							    before->function->arity)
					    : NULL;
		if (!*function)
			continue;
		after = &way->to->entries[*function - way->to->code->functions];
		*harm = after->taken ? harm_of(way, before, after) : NULL;
		if (*harm || (after->taken && ends(way, before, after)))
			return true;
	}
	return false;
}

/* What a loop of one release calls by its full name to go on, and the other one lacks; NULL. */
static const struct code_function *loop_gone(const struct loops_of *from, const struct loops_of *to)
{
	for (size_t i = 0; i < from->code->len; i++) {
		const struct code_function *function = &from->code->functions[i];

		if (from->entries[i].carried && calls_itself(from, function) &&
		    !code_exports(to->code, function->name, function->arity))
			return function;
	}
	return NULL;
}

/* True: it is told. */
static bool judge_loop_gone(struct judge *judge, const struct app_diff *app,
			    const struct module_diff *module, const struct loops_of *old,
			    const struct loops_of *new)
{
	const struct code_function *at = loop_gone(old, new);
	const bool back = !at;

	if (starts_anew(judge, module->name) || (!at && !(at = loop_gone(new, old))))
		return false;
	JUDGE(judge, back ? REASON_not_reversible : REASON_state_shape_changed, app->name,
	      module->name,
	      "%sthe processes in %s:%s/%u go on by calling it by its full name, which enters the "
	      "%s code, where it is not: they fail at that",
	      back ? "on the way back, " : "", module_shown(module->name), at->name, at->arity,
	      back ? "old" : "new")
		->hint =
		"keep the function, as it was called, for one release, or start them again";
	return true;
}

static void judge_ways(struct judge *judge, const struct app_diff *app,
		       const struct module_diff *module, const struct loops_of *old,
		       const struct loops_of *new)
{
	const struct way up = { judge, SIDE_NEW, old, new }, down = { judge, SIDE_OLD, new, old };
	const struct code_function *at;
	const struct type_diff *harm;
	bool back = !find_harm(&up, &at, &harm);

	if (back && !find_harm(&down, &at, &harm))
		return;
	reason_add(judge->arena, judge->reasons,
		   back ? REASON_not_reversible : REASON_state_shape_changed, app->name,
		   module->name,
		   "%sin what the processes in %s:%s/%u go on with %s: they call it by its full "
		   "name, and enter the %s code with what they have",
		   back ? "on the way back, " : "", module_shown(module->name), at->name, at->arity,
		   harm ? type_diff_shown(judge->arena, harm)
			: "is something that it ends with, at some message",
		   back ? "old" : "new")
		->hint = "understand both for one release, or start them again";
}

void judge_carried(struct judge *judge, const struct app_diff *app,
		   const struct module_diff *module)
{
	struct loops_of old = { .code = module->old_code }, new = { .code = module->new_code };

	if (old.code->unread || new.code->unread ||
	    (module->old_facts->roles | module->new_facts->roles) & BEAM_SPECIAL ||
	    !(code_names_itself(old.code) || code_names_itself(new.code)))
		return;
	old.parts = code_loop_parts(old.code, function_waits, judge->arena);
	new.parts = code_loop_parts(new.code, function_waits, judge->arena);
	if (!any_named(&old) && !any_named(&new))
		return;
	name_same(&old, &new);
	name_same(&new, &old);
	see_entries(judge, SIDE_OLD, &old);
	see_entries(judge, SIDE_NEW, &new);
	if (!judge_loop_gone(judge, app, module, &old, &new))
		judge_ways(judge, app, module, &old, &new);
}
