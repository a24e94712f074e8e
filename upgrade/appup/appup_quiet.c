// SPDX-License-Identifier: Apache-2.0
/* Modules of processes that are loaded, and nobody is suspended: where it is seen that all stays as
 * it is, both ways, that the running processes have of the module - the shape of their state,
 * code_change, what it calls in other modules that change, and what those call in it.
 */
#include "erlang/code/children.h"
#include "erlang/code/code_effects.h"
#include "erlang/code/code_eval.h"
#include "erlang/code/code_facts.h"
#include "erlang/code/code_states.h"
#include "upgrade/appup/appup_parts.h"
#include "upgrade/diff/stays.h"

/* What cannot be seen comes from the same function in both, which does the same in both. */
static bool is_lost_alike(struct appup_work *work, const char *module, const struct type_diff *diff)
{
	const struct beam_function *a = &diff->before->lost, *b = &diff->after->lost;

	if (diff->what != TYPE_LOST || diff->before->unknown != diff->after->unknown ||
	    diff->before->argument != diff->after->argument || !beam_function_same(a, b))
		return false;
	if (!*diff->path && !function_stays(work->modules, module, "init", 1))
		return false;
	return !b->name ||
	       function_stays(work->modules, b->module ? b->module : module, b->name, b->arity);
}

static bool all_alike(struct appup_work *work, const char *module, const struct type *before,
		      const struct type *after)
{
	struct type_diffs diffs = type_compare(before, after, work->arena);

	for (size_t i = 0; i < diffs.len; i++)
		if (!is_lost_alike(work, module, &diffs.items[i]))
			return false;
	return true;
}

static bool state_stays(struct appup_work *work, const struct module_diff *module,
			enum beam_role role)
{
	const struct type *before =
		module_state(work->modules, SIDE_OLD, module->name, module->old_code, role);
	const struct type *after =
		module_state(work->modules, SIDE_NEW, module->name, module->new_code, role);

	return !type_is_empty(before) && !type_is_empty(after) && !type_fun(before) &&
	       all_alike(work, module->name, before, after) &&
	       all_alike(work, module->name, after, before);
}

/* A call that computes, logs or raises. */
static bool does_nothing(const struct beam_function *to)
{
	static const char *const modules[] = { "io",           "io_lib",        "logger",
					       "error_logger", "Elixir.Logger", "Elixir.IO" };

	for (size_t i = 0; i < ARRAY_LEN(modules); i++)
		if (strcmp(to->module, modules[i]) == 0)
			return true;
	return known_pure(to->module) || known_to_raise(to);
}

static bool acts_itself(const struct code *code, const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		const struct beam_function *to = NULL;

		if (op->opcode == OP_CALL_EXT || op->opcode == OP_CALL_EXT_LAST ||
		    op->opcode == OP_CALL_EXT_ONLY)
			to = code_op_import(code, op);
		if (op->opcode == OP_SEND || (to && !does_nothing(to)))
			return true;
	}
	return false;
}

/* Whether it does more than to return something: puts into the process dictionary, sets a timer. */
static bool change_acts(const struct code *code)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct code_function *change = code_function(code, "code_change", 3);
	bool *acts = arena_array(&scratch, code->len, bool);

	if (!change)
		change = code_function(code, "code_change", 4);
	for (size_t i = 0; change && i < code->len; i++)
		acts[i] = acts_itself(code, &code->functions[i]);
	code_mark_callers(code, acts);
	return change && acts[change - code->functions];
}

/* code_change of either hands the state on, so that nothing is lost where it is not called. */
static bool is_handed_on(const struct code *code, enum beam_role role)
{
	return code_change_keeps(code_change(code, role));
}

/* What one of them calls in modules that change, too, is there in both, and does the same. */
static bool calls_stay(struct appup_work *work, const struct vertex *from,
		       const struct beam_facts *facts)
{
	for (size_t i = 0; i < facts->imports.len; i++) {
		const struct beam_function *to = &facts->imports.items[i];
		const struct vertex *vertex = vertex_find(work, to->module);

		if (!vertex || vertex == from)
			continue;
		if (vertex->diff->change == CHANGE_ADDED)
			continue; /* it is there before, and goes after */
		if (vertex->diff->change != CHANGE_CHANGED ||
		    !beam_exports(vertex->diff->old_facts, to->name, to->arity) ||
		    !beam_exports(vertex->diff->new_facts, to->name, to->arity) ||
		    !function_stays(work->modules, to->module, to->name, to->arity))
			return false;
	}
	return true;
}

static bool has_lost_callbacks(const struct module_diff *module)
{
	return module->exports_lost || names_have(module->functions, "callback_mode/0") ||
	       module->kinds & (KIND_BEHAVIOUR | KIND_STRUCT);
}

static bool all_seen(const struct children *children)
{
	for (size_t i = 0; i < children->len; i++)
		if (children->items[i].opaque)
			return false;
	return !children->opaque;
}

/* An update would run the same init/1 again, for the same list: who makes a table there fails.  Of
 * its children Elixir asks child_spec/1, which no function of the supervisor calls.
 */
static bool list_stays(struct appup_work *work, const struct vertex *vertex)
{
	const struct app_diff *app = &work->diff->apps[vertex->app];
	const struct module_diff *module = vertex->diff;
	const struct code_library *library = work->modules->library;
	struct children before, after;
	const struct value *arg;

	if (work->options->suspend_always || app->env.len > 0 || vertex->through ||
	    !module->old_code || !module->new_code ||
	    !function_stays(work->modules, module->name, "init", 1))
		return false;
	arg = code_start_argument(module->old_code, &library[SIDE_OLD], work->arena);
	before = code_children(module->old_code, arg, &library[SIDE_OLD], work->arena);
	after = code_children(module->new_code, arg, &library[SIDE_NEW], work->arena);
	return children_equal(&before, &after) && (all_seen(&after) || child_specs_stay(work));
}

bool needs_no_suspension(struct appup_work *work, const struct vertex *vertex)
{
	const struct module_diff *module = vertex->diff;
	unsigned roles = module->old_facts->roles & module->new_facts->roles & BEAM_PROCESS;
	enum beam_role role = (enum beam_role)roles;

	if (module->old_facts && module->new_facts &&
	    module->old_facts->roles & module->new_facts->roles & BEAM_SUPERVISOR)
		return list_stays(work, vertex);
	/* Of one kind, and no special process: those stay in the old code. */
	if (work->options->suspend_always || !module->old_code || !module->new_code || !roles ||
	    roles & (roles - 1) || roles == BEAM_SPECIAL || module->old_code->unread ||
	    module->new_code->unread || has_lost_callbacks(module))
		return false;
	return !vertex->through && is_handed_on(module->old_code, role) &&
	       is_handed_on(module->new_code, role) && !change_acts(module->new_code) &&
	       calls_stay(work, vertex, module->old_facts) &&
	       calls_stay(work, vertex, module->new_facts) && state_stays(work, module, role);
}
