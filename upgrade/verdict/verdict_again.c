// SPDX-License-Identifier: Apache-2.0
/* Children that a supervisor starts again after the upgrade, with what the old code gave to
 * start_child/2: the new code may not begin with that.
 */
#include "erlang/code/children.h"
#include "upgrade/verdict/verdict_starts.h"

enum { ARGS = 8 };

struct started {
	const char *module, *function;
	const struct value *args[ARGS];
	uint32_t arity;
	bool temporary;
};

/* False: not all of them are seen. */
static bool add_args(struct started *started, const struct value *args, struct arena *arena)
{
	const struct value *head;

	while (value_uncons(args, arena, &head, &args)) {
		if (started->arity == ARGS)
			return false;
		started->args[started->arity++] = head;
	}
	return value_is_nil(args) == YES;
}

static bool is_simple(const struct children *children)
{
	return children->len == 1 && children->strategy && children->items->module &&
	       children->items->function && children->items->args &&
	       strcmp(children->strategy, "simple_one_for_one") == 0;
}

/* start_child(Supervisor, Extra): behind what stands in its list. */
static bool start_simple(struct started *out, struct judge *judge, const struct code_effect *effect)
{
	const struct code_library *library = &judge->modules->library[SIDE_OLD];
	const char *name = value_atom_name(effect->args[0]);
	struct module_at *module = name ? modules_find(judge->modules, SIDE_OLD, name) : NULL;
	const struct code *code = module ? module_code(judge->modules, SIDE_OLD, module) : NULL;
	struct children children = { 0 };
	const struct child *child;

	if (code && !code->unread)
		children = code_children(code, NULL, library, judge->arena);
	if (!is_simple(&children))
		return false;
	child = children.items;
	*out = (struct started){ .module = child->module, .function = child->function };
	out->temporary = child->restart && term_is_atom(child->restart, "temporary");
	return add_args(out, value_of_term(judge->arena, child->args), judge->arena) &&
	       add_args(out, effect->args[1], judge->arena);
}

static bool start_of(struct started *out, struct judge *judge, const struct code_effect *effect)
{
	struct arena *arena = judge->arena;
	struct eval eval = { .arena = arena, .library = &judge->modules->library[SIDE_OLD] };
	const struct value *spec = effect->args[1], *start, *restart, *head, *tail;

	if (strcmp(effect->to.name, "start_child") != 0 || effect->to.arity != 2)
		return false;
	if (value_uncons(spec, arena, &head, &tail))
		return start_simple(out, judge, effect);
	if (strncmp(effect->to.module, "Elixir.", 7) == 0)
		spec = known_child_spec(&eval, spec);
	restart = value_map_at(spec, "restart", arena);
	start = value_tuple_size(spec) == 6 ? value_element(spec, 1, arena)
					    : value_map_at(spec, "start", arena);
	if (value_tuple_size(spec) == 6)
		restart = value_element(spec, 2, arena);
	if (!start || value_tuple_size(start) != 3)
		return false;
	*out = (struct started){ .module = value_atom_name(value_element(start, 0, arena)),
				 .function = value_atom_name(value_element(start, 1, arena)),
				 .temporary = restart && value_is_atom(restart, "temporary") };
	return out->module && out->function && add_args(out, value_element(start, 2, arena), arena);
}

/* It raises, or says {error, Reason}. */
static bool fails(struct judge *judge, enum side side, const struct started *started)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct modules *modules = judge->modules;
	const struct code *code = modules_code(modules, side, started->module);
	const struct code_function *function =
		code && !code->unread ? code_function(code, started->function, started->arity)
				      : NULL;
	struct eval eval = { .arena = &scratch, .library = &modules->library[side], .limit = 8000 };
	struct values values;

	if (!function || !function->exported)
		return false;
	values = eval_function(&eval, code, function, started->args);
	for (size_t i = 0; i < values.len; i++)
		if (!value_is_tagged(values.items[i], "error", 2))
			return false;
	return !eval.gave_up && !eval.cut;
}

static void judge_starter(struct judge *judge, struct module_at *module)
{
	struct code_effects effects = effects_of(judge, SIDE_OLD, module, effect_any);

	for (size_t i = 0; i < effects.len; i++) {
		const struct module_at *child;
		struct started started;

		if (!start_of(&started, judge, &effects.items[i]) || started.temporary)
			continue;
		child = modules_find(judge->modules, SIDE_NEW, started.module);
		if (!child || !child->diff || !fails(judge, SIDE_NEW, &started) ||
		    fails(judge, SIDE_OLD, &started))
			continue;
		if (!is_told(judge, REASON_fun_kept, started.module))
			JUDGE(judge, REASON_fun_kept, child->app->name, started.module,
			      "a supervisor starts %s again with the arguments that %s gave it "
			      "(%s/%u), for which the new code fails: when one ends, it cannot be "
			      "started again, and the supervisor gives up",
			      module_shown(started.module), module_shown(module->name),
			      started.function, started.arity)
				->hint = "let init/1 understand the old arguments as well, for as "
					 "long as such processes live";
		return;
	}
}

void judge_again(struct judge *judge)
{
	struct modules *modules = judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_OLD]); i++) {
		struct module_at *module = &modules->items[SIDE_OLD][i];

		if (module->diff && module->diff->change == CHANGE_CHANGED)
			judge_starter(judge, module);
	}
}
