// SPDX-License-Identifier: Apache-2.0
/* Elixir's agents: their state is what the fun returns that they are started with, and nobody
 * converts it.
 */
#include "erlang/code/code_facts.h"
#include "erlang/code/code_type.h"
#include "upgrade/verdict/verdict_parts.h"

#define HINT "read what is new with a default, or restart"

struct starts {
	struct arena *arena;
	const struct code_library *library;
	struct code_shape shape;
	struct type *type; /* all of them together */
	size_t seen;
	const char *name; /* that they are registered by; NULL: not seen */
	bool others;      /* and there are some by another name */
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

static void see_name(struct starts *starts, struct eval *eval, const struct beam_function *function,
		     const struct value *const *args)
{
	const struct value *options = function->arity % 2 == 0 ? args[function->arity - 1] : NULL;
	const struct value *value =
		options ? known_keyword(eval, options, value_of_atom(eval->arena, "name"), NULL)
			: NULL;
	const char *name = value ? value_atom_name(value) : NULL;

	starts->others =
		starts->others || (name && starts->name && strcmp(name, starts->name) != 0);
	starts->name = name ? name : starts->name;
}

static void see_start(void *ctx, const struct beam_function *function,
		      const struct value *const *args)
{
	struct starts *starts = ctx;
	struct eval eval = { .arena = starts->arena, .library = starts->library };
	struct code_shape shape = { .kind = SHAPE_UNKNOWN };
	const struct value *state;

	if (!starts_agent(function))
		return;
	see_name(starts, &eval, function, args);
	state = first_state(&eval, function, args);
	if (state) {
		shape = code_shape_of(state, starts->arena);
		type_add(starts->type, state, starts->arena);
	}
	if (starts->seen > 0 && !code_shape_equal(&shape, &starts->shape))
		shape.kind = SHAPE_UNKNOWN;
	starts->shape = shape;
	starts->seen++;
}

/* What the agents that a module starts have as state; unknown when they are not alike. */
static struct starts agent_starts(const struct code *code, const struct code_library *library,
				  struct arena *arena)
{
	struct starts starts = { .arena = arena, .library = library, .type = type_new(arena) };
	const struct value *args[256];

	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = &value_unknown;
	for (size_t i = 0; i < code->len; i++) {
		struct eval eval = { .arena = arena, .on_call = see_start, .ctx = &starts };

		eval_function(&eval, code, &code->functions[i], args);
	}
	return starts;
}

/* What is put into it later, as a state that is met where nobody made such a one. */
static void judge_uses(struct judge *judge, const struct app_diff *app,
		       const struct module_diff *module, const struct starts *olds,
		       const struct starts *news)
{
	const struct agent old = { olds->name, module->old_code, SIDE_OLD, olds->type };
	const struct agent new = { news->name, module->new_code, SIDE_NEW, news->type };
	const char *failing;

	if (olds->others || news->others)
		return;
	agent_grow(judge, &old);
	agent_grow(judge, &new);
	failing = agent_use_that_fails(judge, &new, &old);
	if (failing)
		JUDGE(judge, REASON_state_shape_changed, app->name, module->name,
		      "%s of %s fails with the state that its agents have and keep", failing,
		      module_shown(module->name))
			->hint = HINT;
	failing = failing ? NULL : agent_use_that_fails(judge, &old, &new);
	if (failing)
		JUDGE(judge, REASON_not_reversible, app->name, module->name,
		      "on the way back, %s of %s fails with the state that its agents have and "
		      "keep",
		      failing, module_shown(module->name))
			->hint = "understand both for one release before anything new is put there";
}

static bool has_agents(const struct beam_facts *facts)
{
	for (size_t i = 0; i < facts->imports.len; i++)
		if (starts_agent(&facts->imports.items[i]))
			return true;
	return false;
}

/* Below its first level, and where it is no longer seen. */
static void judge_below(struct judge *judge, const struct app_diff *app,
			const struct module_diff *module, const struct starts *olds,
			const struct starts *news)
{
	const struct type_diff *harm = type_harm(judge, SIDE_NEW, module->new_code,
						 module->old_code, olds->type, news->type);

	if (harm) {
		JUDGE(judge, REASON_state_shape_changed, app->name, module->name,
		      "in the state of the agents that %s starts %s; those that run keep theirs",
		      module_shown(module->name), type_diff_shown(judge->arena, harm))
			->hint = HINT;
		return;
	}
	if (olds->type->unknown != news->type->unknown)
		JUDGE(judge, REASON_state_opaque, app->name, module->name,
		      "whether the state of the agents that %s starts keeps its shape cannot be "
		      "seen",
		      module_shown(module->name))
			->hint = HINT;
	judge_uses(judge, app, module, olds, news);
}

static bool holds_changed_fun(const struct judge *judge, const struct type *state)
{
	const struct code *code = type_fun(state);
	const struct module_at *module =
		code ? modules_find(judge->modules, SIDE_OLD, code->module) : NULL;

	return module && module->diff;
}

void judge_agents(struct judge *judge, const struct app_diff *app, const struct module_diff *module)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	owned_str struct str was = STR_EMPTY, is = STR_EMPTY;
	struct code_shape before, after;
	struct starts olds, news;

	if (!has_agents(module->old_facts) || !has_agents(module->new_facts))
		return;
	olds = agent_starts(module->old_code, &judge->modules->library[SIDE_OLD], &scratch);
	news = agent_starts(module->new_code, &judge->modules->library[SIDE_NEW], &scratch);
	before = olds.shape;
	after = news.shape;
	if (holds_changed_fun(judge, olds.type))
		JUDGE(judge, REASON_fun_kept, app->name, module->name,
		      "the state of the agents that %s starts holds a fun: it is gone when the old "
		      "code is purged, and calling it fails",
		      module_shown(module->name))
			->hint =
			"keep {Module, Function} instead, or make it anew behind the upgrade";
	if (before.kind == SHAPE_UNKNOWN || shape_fits(module->new_code, &before, &after)) {
		judge_below(judge, app, module, &olds, &news);
		return;
	}
	code_shape_print(&was, &before);
	code_shape_print(&is, &after);
	JUDGE(judge, REASON_state_shape_changed, app->name, module->name,
	      "the state of the agents that %s starts was %s and is %s; those that run keep theirs",
	      module_shown(module->name), str_text(&was), str_text(&is))
		->hint = HINT;
}
