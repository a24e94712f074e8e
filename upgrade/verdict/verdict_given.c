// SPDX-License-Identifier: Apache-2.0
/* Functions of modules without processes that return something of another shape: those that
 * changed, and those that hand on what others return, also in modules that are the same.  Who calls
 * them may keep it.
 */
#include "erlang/code/code_effects.h"
#include "erlang/code/code_type.h"
#include "upgrade/verdict/verdict_kept.h"

enum { HOPS = 3, STEPS = 8000 };

static const struct type *returned(struct judge *judge, enum side side, const struct code *code,
				   const struct beam_function *to)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct eval eval = { .arena = &scratch,
			     .library = &judge->modules->library[side],
			     .limit = STEPS };
	const struct code_function *function = code_function(code, to->name, to->arity);
	struct type *type = type_new(judge->arena);
	struct values values = { 0 };

	if (function)
		values = eval_any(&eval, code, function);
	for (size_t i = 0; i < values.len; i++)
		type_add(type, values.items[i], judge->arena);
	return type;
}

static bool returns_otherwise(struct judge *judge, const struct code *old_code,
			      const struct code *new_code, const struct beam_function *to)
{
	struct type_diffs diffs =
		type_compare(returned(judge, SIDE_OLD, old_code, to),
			     returned(judge, SIDE_NEW, new_code, to), judge->arena);

	for (size_t i = 0; i < diffs.len; i++)
		if (diffs.items[i].what != TYPE_LOST)
			return true;
	return false;
}

static struct span key_of(struct str *key, const char *module, const char *name, uint32_t arity)
{
	str_clear(key);
	str_addf(key, "%s:%s/%u", module, name, arity);
	return str_span(key);
}

static void give(struct name_table *given, const char *module, const struct beam_function *to)
{
	owned_str struct str key = STR_EMPTY;

	name_table_add_copy(given, key_of(&key, module, to->name, to->arity));
}

bool gives_otherwise(struct judge *judge, const struct module_diff *module,
		     struct name_table *given)
{
	bool any = false;

	for (size_t i = 0; i < module->new_facts->exports.len; i++) {
		const struct beam_function *to = &module->new_facts->exports.items[i];

		if (!names_have(module->functions,
				arena_printf(judge->arena, "%s/%u", to->name, to->arity)) ||
		    !returns_otherwise(judge, module->old_code, module->new_code, to))
			continue;
		give(given, module->name, to);
		any = true;
	}
	return any;
}

/* ---- handed on ---- */

static bool calls_given(const struct code *code, const struct code_function *function,
			const struct name_table *given)
{
	owned_str struct str key = STR_EMPTY;

	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		const struct beam_function *to = code_op_import(code, op);

		if (to && to->module &&
		    name_table_find(given, key_of(&key, to->module, to->name, to->arity)) !=
			    NAME_ABSENT)
			return true;
	}
	return false;
}

/* Functions that are exported, and return something of another shape for what they call. */
static bool hands_on(struct judge *judge, const struct module_at *module,
		     const struct code *old_code, const struct code *new_code,
		     struct name_table *given)
{
	bool *marked = arena_array(judge->arena, new_code->len, bool), any = false;

	for (size_t i = 0; i < new_code->len; i++) {
		marked[i] = calls_given(new_code, &new_code->functions[i], given);
		any = any || marked[i];
	}
	if (!any)
		return false;
	any = false;
	code_mark_callers(new_code, marked);
	for (size_t i = 0; i < new_code->len; i++) {
		const struct code_function *function = &new_code->functions[i];
		const struct beam_function to = { module->name, function->name, function->arity };

		if (!marked[i] || !code_exports(new_code, to.name, to.arity) ||
		    !returns_otherwise(judge, old_code, new_code, &to))
			continue;
		give(given, module->name, &to);
		any = true;
	}
	return any;
}

static bool is_plain(struct judge *judge, struct module_at *module)
{
	const struct code_library *library = &judge->modules->library[SIDE_NEW];
	const struct beam_facts *facts = library->follow(library->ctx, module->name)
						 ? module_facts(judge->modules, SIDE_NEW, module)
						 : NULL;

	return facts && !(facts->roles & (BEAM_PROCESS | BEAM_SUPERVISOR | BEAM_APPLICATION));
}

void given_through(struct judge *judge, struct name_table *names, struct name_table *given)
{
	struct modules *modules = judge->modules;
	size_t before = 0;

	for (unsigned hop = 0; hop < HOPS && name_table_len(given) > before; hop++) {
		const bool *naming = modules_naming(judge, names);

		before = name_table_len(given);
		for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
			struct module_at *after = &modules->items[SIDE_NEW][i];
			struct module_at *old = modules_find(modules, SIDE_OLD, after->name);
			const struct code *old_code, *new_code;

			if (!old ||
			    !(naming[i] ||
			      (after->diff && after->diff->change == CHANGE_CHANGED)) ||
			    name_table_find(names, span_of(after->name)) != NAME_ABSENT ||
			    !is_plain(judge, after))
				continue;
			old_code = module_code(modules, SIDE_OLD, old);
			new_code = module_code(modules, SIDE_NEW, after);
			if (old_code && new_code && !old_code->unread && !new_code->unread &&
			    hands_on(judge, after, old_code, new_code, given))
				name_table_add(names, after->name, NULL);
		}
	}
}
