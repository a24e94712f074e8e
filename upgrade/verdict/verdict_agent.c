// SPDX-License-Identifier: Apache-2.0
/* Elixir's agents: their state is what the fun returns that they are started with, and nobody
 * converts it.
 */
#include "erlang/code/code_facts.h"
#include "erlang/code/code_type.h"
#include "upgrade/verdict/verdict_states.h"

#define HINT "read what is new with a default, or restart"

enum { AGENTS_MAX = 8, CHILD_DEPTH = 10 };

/* Those of one name; NULL: it is not seen. */
struct start {
	const char *name;
	struct code_shape shape;
	struct type *type; /* all of them together */
	bool seen;
};

struct starts {
	struct arena *arena;
	const struct code_library *library;
	struct start items[AGENTS_MAX];
	size_t len;
};

static bool starts_agent(const struct beam_function *function)
{
	return strcmp(function->module, "Elixir.Agent") == 0 &&
	       (strcmp(function->name, "start_link") == 0 || strcmp(function->name, "start") == 0);
}

/* From a fun, or a module, the name of a function and its arguments; NULL: not seen. */
static const struct value *first_state(struct eval *eval, const struct beam_function *function,
				       const struct value *const *args)
{
	const struct value *fun = function->arity > 0 ? args[0] : NULL, *rest, *given[16];
	uint32_t arity = 0;

	if (fun && fun->kind == VALUE_FUN && fun->fun.len == fun->fun.function->arity)
		return eval_one(eval, fun->fun.code, fun->fun.function, fun->fun.env);
	if (function->arity < 3 || !value_atom_name(args[0]) || !value_atom_name(args[1]))
		return NULL;
	rest = args[2];
	while (arity < ARRAY_LEN(given) && value_uncons(rest, eval->arena, &given[arity], &rest))
		arity++;
	return value_is_nil(rest) == YES ? eval_call(eval, value_atom_name(args[0]),
						     value_atom_name(args[1]), given, arity)
					 : NULL;
}

static const char *name_of(struct eval *eval, const struct beam_function *function,
			   const struct value *const *args)
{
	const struct value *options =
		function->arity > 0 && function->arity % 2 == 0 ? args[function->arity - 1] : NULL;
	const struct value *value =
		options ? known_keyword(eval, options, value_of_atom(eval->arena, "name"), NULL)
			: NULL;

	return value ? value_atom_name(value) : NULL;
}

static bool same_name(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static struct start *start_named(struct starts *starts, const char *name)
{
	for (size_t i = 0; i < starts->len; i++)
		if (same_name(starts->items[i].name, name))
			return &starts->items[i];
	if (starts->len == AGENTS_MAX)
		return NULL;
	starts->items[starts->len] =
		(struct start){ .name = name, .type = type_new(starts->arena) };
	return &starts->items[starts->len++];
}

static void add_start(struct starts *starts, const struct beam_function *function,
		      const struct value *const *args)
{
	struct eval eval = { .arena = starts->arena, .library = starts->library };
	struct start *start = start_named(starts, name_of(&eval, function, args));
	struct code_shape shape = { .kind = SHAPE_UNKNOWN };
	const struct value *state;

	if (!start)
		return;
	state = first_state(&eval, function, args);
	if (state) {
		shape = code_shape_of(state, starts->arena);
		type_add(start->type, state, starts->arena);
	}
	if (start->seen && !code_shape_equal(&shape, &start->shape))
		shape.kind = SHAPE_UNKNOWN;
	start->shape = shape;
	start->seen = true;
}

/* {Agent, :start_link, [Mod, :load, []]}, {Agent, fn -> Mod.load() end}: as children are told of */
static void add_child(struct starts *starts, const struct value *child)
{
	struct beam_function function = { "Elixir.Agent", "start_link", 1 };
	const struct value *args[5], *rest;

	args[0] = value_element(child, 1, starts->arena);
	if (value_is_tagged(child, "Elixir.Agent", 2)) {
		if (args[0]->kind == VALUE_FUN)
			add_start(starts, &function, args);
		return;
	}
	rest = value_element(child, 2, starts->arena);
	if (!value_is_atom(args[0], "start_link"))
		return;
	for (function.arity = 0; function.arity < ARRAY_LEN(args) &&
				 value_uncons(rest, starts->arena, &args[function.arity], &rest);)
		function.arity++;
	if (function.arity > 0 && value_is_nil(rest) == YES)
		add_start(starts, &function, args);
}

static void find_children(struct starts *starts, const struct value *value, unsigned depth)
{
	const struct value *head;
	const struct term *term = value->kind == VALUE_TERM ? value->constant.term : NULL;
	int size = value_tuple_size(value);

	if (depth == 0)
		return;
	if (value_is_tagged(value, "Elixir.Agent", 2) || value_is_tagged(value, "Elixir.Agent", 3))
		add_child(starts, value);
	for (int i = 0; i < size; i++)
		find_children(starts, value_element(value, (size_t)i, starts->arena), depth - 1);
	if (value->kind == VALUE_MAP) {
		find_children(starts, value->map.value, depth - 1);
		find_children(starts, value->map.base, depth - 1);
	}
	for (size_t i = 0; term && term->kind == TERM_MAP && i < term->map.len; i++)
		find_children(starts, value_of_term(starts->arena, term->map.values[i]), depth - 1);
	for (unsigned i = 0; i < TYPE_WIDTH && value_uncons(value, starts->arena, &head, &value);
	     i++)
		find_children(starts, head, depth - 1);
}

static bool takes_children(const struct beam_function *function)
{
	return strcmp(function->module, "Elixir.Supervisor") == 0 ||
	       strcmp(function->module, "supervisor") == 0;
}

static void see_start(void *ctx, const struct beam_function *function,
		      const struct value *const *args)
{
	struct starts *starts = ctx;

	if (starts_agent(function))
		add_start(starts, function, args);
	else if (takes_children(function))
		for (size_t i = 0; i < function->arity; i++)
			find_children(starts, args[i], CHILD_DEPTH);
}

/* What the agents that a module starts have as state; unknown when they are not alike. */
static struct starts agent_starts(const struct code *code, const struct code_library *library,
				  struct arena *arena)
{
	struct starts starts = { .arena = arena, .library = library };

	for (size_t i = 0; i < code->len; i++) {
		struct eval eval = { .arena = arena, .on_call = see_start, .ctx = &starts };
		const struct code_function *function = &code->functions[i];
		struct values values = eval_any(&eval, code, function);

		for (size_t j = 0; strcmp(function->name, "init") == 0 && j < values.len; j++)
			find_children(&starts, values.items[j], CHILD_DEPTH);
	}
	return starts;
}

/* ---- what becomes of it ---- */

struct agents {
	struct judge *judge;
	const struct app_diff *app;
	const struct module_diff *module; /* that starts them */
	bool several;
};

static bool asks_agents(const struct code *code)
{
	return code && !code->unread && imports_from(code, "Elixir.Agent");
}

/* A function of one of those that fails with what the other release's have made. */
static const char *failing_of(const struct agents *agents, const struct agent *agent,
			      const struct agent *maker, const char *module)
{
	const char *failing = agent_use_that_fails(agents->judge, agent, maker);

	return failing ? arena_printf(agents->judge->arena, "%s of %s", failing,
				      module_shown(module))
		       : NULL;
}

/* A function of a module that asks the agents fails with the state that they have.  What the module
 * puts into them later is a state of theirs, too.
 */
static bool judge_uses(const struct agents *agents, const struct module_diff *user,
		       const struct start *was, const struct start *is)
{
	struct judge *judge = agents->judge;
	const bool only_named = agents->several || user != agents->module;
	const char *by_way = asks_agents(user->new_code) ? NULL : agents->module->name;
	const struct agent old = { was->name, user->old_code, SIDE_OLD,
				   was->type, only_named,     by_way };
	const struct agent new = {
		is->name, user->new_code, SIDE_NEW, is->type, only_named, by_way
	};
	const char *starter = agents->module->name, *failing;

	agent_grow(judge, &old);
	agent_grow(judge, &new);
	failing = failing_of(agents, &new, &old, user->name);
	if (failing)
		JUDGE(judge, REASON_state_shape_changed, agents->app->name, starter,
		      "%s fails with the state that its agents have and keep", failing)
			->hint = HINT;
	if (failing)
		return true;
	failing = failing_of(agents, &old, &new, user->name);
	if (failing)
		JUDGE(judge, REASON_not_reversible, agents->app->name, starter,
		      "on the way back, %s fails with the state that its agents have and keep",
		      failing)
			->hint = "understand both for one release before anything new is put there";
	return failing != NULL;
}

/* It asks agents itself, or by way of the module that starts these. */
static bool may_ask(const struct agents *agents, const struct module_diff *user)
{
	if (user->old_code->unread || user->new_code->unread)
		return false;
	return (asks_agents(user->old_code) && asks_agents(user->new_code)) ||
	       (!asks_agents(user->old_code) && !asks_agents(user->new_code) &&
		imports_from(user->new_code, agents->module->name));
}

/* By the module that starts them, and by those that changed and know their name. */
static void judge_all_uses(const struct agents *agents, const struct start *was,
			   const struct start *is)
{
	const struct diff *diff = agents->judge->diff;

	if (agents->several && !was->name)
		return;
	if (judge_uses(agents, agents->module, was, is) || !was->name)
		return;
	for (size_t i = 0; i < diff->len; i++)
		for (size_t j = 0; j < diff->apps[i].modules.len; j++) {
			const struct module_diff *user = &diff->apps[i].modules.items[j];

			if (user->change == CHANGE_CHANGED &&
			    strcmp(user->name, agents->module->name) != 0 &&
			    may_ask(agents, user) && judge_uses(agents, user, was, is))
				return;
		}
}

/* Below its first level, and where it is no longer seen. */
static void judge_below(const struct agents *agents, const struct start *was,
			const struct start *is)
{
	struct judge *judge = agents->judge;
	const struct module_diff *module = agents->module;
	const struct heir heir = { .judge = judge,
				   .side = SIDE_NEW,
				   .code = module->new_code,
				   .maker = module->old_code };
	const struct type_diff *harm = type_harm(&heir, was->type, is->type);

	if (harm) {
		JUDGE(judge, REASON_state_shape_changed, agents->app->name, module->name,
		      "in the state of the agents that %s starts %s; those that run keep theirs",
		      module_shown(module->name), type_diff_shown(judge->arena, harm))
			->hint = HINT;
		return;
	}
	if (was->type->unknown != is->type->unknown)
		JUDGE(judge, REASON_state_opaque, agents->app->name, module->name,
		      "whether the state of the agents that %s starts keeps its shape cannot be "
		      "seen",
		      module_shown(module->name))
			->hint = HINT;
	judge_all_uses(agents, was, is);
}

static bool holds_changed_fun(const struct judge *judge, const struct type *state)
{
	const struct code *code = type_fun(state);
	const struct module_at *module =
		code ? modules_find(judge->modules, SIDE_OLD, code->module) : NULL;

	return module && module->diff;
}

static void judge_start(const struct agents *agents, const struct start *was,
			const struct start *is)
{
	owned_str struct str before = STR_EMPTY, after = STR_EMPTY;
	const struct module_diff *module = agents->module;
	struct judge *judge = agents->judge;

	if (holds_changed_fun(judge, was->type))
		JUDGE(judge, REASON_fun_kept, agents->app->name, module->name,
		      "the state of the agents that %s starts holds a fun: it is gone when the old "
		      "code is purged, and calling it fails",
		      module_shown(module->name))
			->hint =
			"keep {Module, Function} instead, or make it anew behind the upgrade";
	if (was->shape.kind == SHAPE_UNKNOWN ||
	    shape_fits(module->new_code, &was->shape, &is->shape)) {
		judge_below(agents, was, is);
		return;
	}
	code_shape_print(&before, &was->shape);
	code_shape_print(&after, &is->shape);
	JUDGE(judge, REASON_state_shape_changed, agents->app->name, module->name,
	      "the state of the agents that %s starts was %s and is %s; those that run keep theirs",
	      module_shown(module->name), str_text(&before), str_text(&after))
		->hint = HINT;
}

static bool has_agents(const struct beam_facts *facts, const struct code *code)
{
	owned_name_table struct name_table *atoms = NULL;

	for (size_t i = 0; i < facts->imports.len; i++)
		if (starts_agent(&facts->imports.items[i]))
			return true;
	if (!(facts->roles & (BEAM_SUPERVISOR | BEAM_APPLICATION)))
		return false;
	atoms = atoms_of(code);
	return name_table_find(atoms, span_of("Elixir.Agent")) != NAME_ABSENT;
}

void judge_agents(struct judge *judge, const struct app_diff *app, const struct module_diff *module)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct agents agents = { judge, app, module, false };
	struct starts olds, news;

	if (!has_agents(module->old_facts, module->old_code) ||
	    !has_agents(module->new_facts, module->new_code))
		return;
	olds = agent_starts(module->old_code, &judge->modules->library[SIDE_OLD], &scratch);
	news = agent_starts(module->new_code, &judge->modules->library[SIDE_NEW], &scratch);
	agents.several = olds.len > 1 || news.len > 1;
	for (size_t i = 0; i < olds.len; i++)
		for (size_t j = 0; j < news.len; j++)
			if (same_name(olds.items[i].name, news.items[j].name))
				judge_start(&agents, &olds.items[i], &news.items[j]);
}

void judge_agents_of_same(struct judge *judge, struct module_at *module)
{
	const struct beam_facts *facts = module_facts(judge->modules, SIDE_NEW, module);
	const struct code *code = facts ? module_code(judge->modules, SIDE_NEW, module) : NULL;
	const size_t nr = (size_t)(module - judge->modules->items[SIDE_NEW]);

	if (!judge->agents)
		judge->agents = arena_array(judge->arena,
					    name_table_len(judge->modules->names[SIDE_NEW]), bool);
	if (!code || code->unread || judge->agents[nr])
		return;
	judge->agents[nr] = true;
	judge_agents(judge, module->app,
		     &(struct module_diff){ .name = module->name,
					    .old_facts = facts,
					    .new_facts = facts,
					    .old_code = code,
					    .new_code = code });
}

/* Those whose starts stay as they are, and that changed modules ask. */
void judge_agents_asked(struct judge *judge)
{
	owned_name_table struct name_table *names = name_table_new();
	struct modules *modules = judge->modules;
	const bool *naming;
	bool any = false;

	for (size_t i = 0; i < judge->diff->len; i++)
		for (size_t j = 0; j < judge->diff->apps[i].modules.len; j++)
			any = any || asks_agents(judge->diff->apps[i].modules.items[j].new_code);
	if (!any)
		return;
	name_table_add(names, "Elixir.Agent", NULL);
	naming = modules_naming(judge, names);
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];
		const struct code_library *library = &modules->library[SIDE_NEW];

		if (naming[i] && !module->of_language &&
		    !is_told(judge, REASON_state_shape_changed, module->name) &&
		    library->follow(library->ctx, module->name))
			judge_agents_of_same(judge, module);
	}
}
