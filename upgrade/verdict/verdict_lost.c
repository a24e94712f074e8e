// SPDX-License-Identifier: Apache-2.0
/* Where the state of processes cannot be seen. */
#include "erlang/code/code_states.h"
#include "upgrade/verdict/verdict_states.h"

const char *process_shown(const struct judge *judge, const struct typed *typed)
{
	return judge->plugin ? arena_printf(judge->arena, "%s that run %s",
					    module_shown(typed->name), module_shown(judge->plugin))
			     : module_shown(typed->name);
}

static const char *where_shown(struct judge *judge, const char *module,
			       const struct beam_function *lost)
{
	if (!lost->name)
		return "a value at run time";
	return arena_printf(judge->arena, "%s:%s/%u",
			    module_shown(lost->module ? lost->module : module), lost->name,
			    lost->arity);
}

/* A pattern says which struct it is, and no more. */
static bool is_struct_alone(const struct type_variant *variant)
{
	return variant->map && variant->tag && variant->open && variant->len <= 1;
}

/* Whether more is known of it than that it is a list, or a map. */
static bool has_structure(const struct type *type)
{
	for (size_t i = 0; i < type->len; i++) {
		const struct type_variant *variant = &type->variants[i];

		if ((!variant->map || variant->tag || variant->len > 0) &&
		    !is_struct_alone(variant))
			return true;
	}
	return type->item && has_structure(type->item);
}

/* What a plugin makes for it is called by a name that it was given. */
static bool init_stays(struct judge *judge, const struct typed *typed)
{
	return !judge->plugin && function_stays(judge->modules, typed->name, "init", 1);
}

/* It wants a key of a map that the other one does not even name. */
static bool wants_newly(const struct code *code, const struct code *other)
{
	owned_name_table struct name_table *named = atoms_of(other);

	for (size_t i = 0; i < code->atoms.len; i++)
		if (name_table_find(named, span_of(code->atoms.items[i])) == NAME_ABSENT &&
		    wants_key(code, code->atoms.items[i]))
			return true;
	return false;
}

/* What is not seen is taken apart as before: no other keys, no tuples of another size. */
static bool is_taken_alike(struct judge *judge, const struct typed *typed)
{
	const struct module_at *module = modules_find(judge->modules, SIDE_NEW, typed->name);

	return module && module->diff && !(module->diff->kinds & (KIND_STRUCT | KIND_RECORD)) &&
	       sizes_told_apart(typed->old_code) == sizes_told_apart(typed->new_code) &&
	       !wants_newly(typed->new_code, typed->old_code) &&
	       !wants_newly(typed->old_code, typed->new_code);
}

/* Lost in the same function, which does the same: the same value. */
static bool lost_alike(struct judge *judge, const struct typed *typed, const struct type_diff *diff)
{
	const struct beam_function *a = &diff->before->lost, *b = &diff->after->lost;

	if (!diff->before->unknown && !diff->after->unknown)
		return diff->before->argument == diff->after->argument ||
		       (*diff->path && !has_structure(diff->before) &&
			!has_structure(diff->after)) ||
		       init_stays(judge, typed);
	if (diff->before->unknown != diff->after->unknown &&
	    has_structure(diff->before->unknown ? diff->after : diff->before))
		return false;
	if (!beam_function_same(a, b) && has_structure(diff->before) != has_structure(diff->after))
		return false;
	if (!beam_function_same(a, b))
		return *diff->path && (!a->name || !b->name);
	/* What is handed on by way of a fun or a module that is not seen, beside what is. */
	if (!*diff->path && !judge->plugin && !init_stays(judge, typed))
		return !a->name && !b->name && has_structure(diff->before) &&
		       has_structure(diff->after) && is_taken_alike(judge, typed);
	if (!b->name)
		return true;
	return function_stays(judge->modules, b->module ? b->module : typed->name, b->name,
			      b->arity);
}

/* Around it, or inside. */
static bool lost_near(struct judge *judge, const struct typed *typed, struct type_diffs diffs,
		      const char *path)
{
	for (size_t i = 0; i < diffs.len; i++) {
		const char *other = diffs.items[i].path;
		size_t len = strlen(other) < strlen(path) ? strlen(other) : strlen(path);

		if (diffs.items[i].what == TYPE_LOST && strncmp(other, path, len) == 0 &&
		    !lost_alike(judge, typed, &diffs.items[i]))
			return true;
	}
	return false;
}

/* earlier: what was lost with less time, in other places; what was seen then was the same. */
const struct type_diff *first_lost(struct judge *judge, const struct typed *typed,
				   struct type_diffs diffs, const struct type_diffs *earlier)
{
	for (size_t i = 0; i < diffs.len; i++) {
		const struct type_diff *diff = &diffs.items[i];

		if (diff->what == TYPE_LOST &&
		    (!diff->packed || binaries_are_read(judge, SIDE_NEW, typed->new_code)) &&
		    !lost_alike(judge, typed, diff) &&
		    (!earlier || lost_near(judge, typed, *earlier, diff->path)))
			return diff;
	}
	return NULL;
}

void judge_lost(struct judge *judge, const struct typed *typed, const struct type_diff *diff)
{
	if (!judge->plugin || !is_told(judge, REASON_state_opaque, typed->name))
		JUDGE(judge, REASON_state_opaque, typed->app->name, typed->name,
		      "whether the state of the processes of %s keeps its shape cannot be "
		      "seen%s%s%s: "
		      "it is lost at %s",
		      process_shown(judge, typed), *diff->path ? " (" : "", diff->path,
		      *diff->path ? ")" : "",
		      where_shown(judge, typed->name,
				  diff->after->unknown ? &diff->after->lost : &diff->before->lost))
			->hint =
			"fine when it does; otherwise convert it in code_change, both ways";
}

/* What was lost is looked for with more time. */
const struct type *looked_for(struct judge *judge, enum side side, const struct typed *typed)
{
	return code_state_type(side == SIDE_OLD ? typed->old_code : typed->new_code, typed->role,
			       &judge->modules->library[side], true, judge->arena);
}

bool state_is_lost(struct judge *judge, const struct typed *typed, const struct type *before,
		   const struct type *after)
{
	struct type_diffs first = type_compare(before, after, judge->arena), second;

	if (!first_lost(judge, typed, first, NULL))
		return false;
	second = type_compare(looked_for(judge, SIDE_OLD, typed),
			      looked_for(judge, SIDE_NEW, typed), judge->arena);
	return first_lost(judge, typed, second, &first);
}
