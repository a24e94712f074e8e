// SPDX-License-Identifier: Apache-2.0
/* What is done with the state of Elixir's agents by the functions of the module that starts them:
 * each is followed with one state at a time, which the funs that it hands to the agent are given.
 *
 * Arguments are any key of a map, always the same one: what is put there is found there.
 */
#include "erlang/code/code_type.h"
#include "upgrade/verdict/verdict_states.h"

enum { WAYS = 3, STEPS_MAX = 8000 };

static const struct way {
	const char *name;
	bool answers, changes; /* what its fun returns is the answer, the state; both: a pair */
} ways[] = {
	{ "get", true, false },
	{ "update", false, true },
	{ "cast", false, true },
	{ "get_and_update", true, true },
};

struct use {
	struct arena *arena; /* takes values */
	const struct agent *agent;
	const struct code_library *library;
	const struct code_function *function;
	const struct value *state;
	struct type *into;   /* takes what it becomes; NULL: nobody wants it */
	struct arena *types; /* … and what it is made of */
	struct eval *eval;
	bool asked;                  /* the agent was */
	bool changed;                /* it has another state since, which is not followed */
	struct spots failed, passed; /* where the agent is asked */
};

static const struct way *way_of(const struct beam_function *to)
{
	if (strcmp(to->module, "Elixir.Agent") != 0 || to->arity < 2)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		if (strcmp(ways[i].name, to->name) == 0)
			return &ways[i];
	return NULL;
}

/* Of a fun, or of a module, the name of a function and its further arguments. */
static bool apply_to_state(struct values *out, const struct use *use,
			   const struct beam_function *to, const struct value *const *args)
{
	const struct value *given[16] = { use->state }, *rest;
	struct beam_function function = { .arity = 1 };
	const struct code_function *own;
	bool known;

	if (to->arity < 4) {
		*out = eval_fun(use->eval, args[1], given, 1);
		return true;
	}
	function.module = value_atom_name(args[1]);
	function.name = value_atom_name(args[2]);
	rest = args[3];
	while (function.arity < ARRAY_LEN(given) &&
	       value_uncons(rest, use->arena, &given[function.arity], &rest))
		function.arity++;
	if (!function.module || !function.name || value_is_nil(rest) != YES)
		return false;
	own = strcmp(function.module, use->agent->code->module) == 0
		      ? code_function(use->agent->code, function.name, function.arity)
		      : NULL;
	if (own)
		*out = eval_function(use->eval, use->agent->code, own, given);
	else
		*out = eval_remote(use->eval, &function, given, &known);
	return own || known;
}

/* What the fun returned, taken apart. */
static void take(struct use *use, const struct way *way, const struct value *value,
		 struct values *out)
{
	const struct value *answer = value, *state = value;

	if (way->answers && way->changes) {
		answer = value_element(value, 0, use->arena);
		state = value_element(value, 1, use->arena);
	}
	if (!way->answers)
		answer = value_of_atom(use->arena, "ok");
	eval_add(use->eval, out, answer);
	if (!way->changes)
		return;
	use->changed = use->changed || !value_same(state, use->state);
	/* A state that cannot be seen is none that is new. */
	if (use->into && (state->kind != VALUE_UNKNOWN || state->of > 0))
		type_add(use->into, state, use->types);
}

static bool is_of_other(const struct use *use, const struct value *name)
{
	return use->agent->name && (value_term_kind(name) >= 0 || use->agent->only_named) &&
	       !value_is_atom(name, use->agent->name);
}

/* It stands in the code that is looked at, or in that by way of which it asks. */
static bool is_asked_in(const struct use *use, const struct code *code)
{
	return use->agent->by_way ? strcmp(code->module, use->agent->by_way) == 0
				  : code == use->agent->code;
}

static bool answer(void *ctx, const struct beam_function *to, const struct value *const *args,
		   struct values *out)
{
	struct use *use = ctx;
	const struct way *way = way_of(to);
	const struct spot spot = spot_of(use->eval);
	struct values values;

	if (!way || !is_asked_in(use, use->eval->top->code) || is_of_other(use, args[0]))
		return false;
	use->asked = true;
	if (use->changed || !apply_to_state(&values, use, to, args))
		return false;
	for (size_t i = 0; i < values.len; i++)
		take(use, way, values.items[i], out);
	spots_add(values.len > 0 ? &use->passed : &use->failed, spot);
	return true;
}

/* How many different things the function may return; -1: not all of them are seen. */
static int follow(struct use *use)
{
	struct eval eval = { .arena = use->arena,
			     .library = use->library,
			     .limit = STEPS_MAX,
			     .answer = answer,
			     .ctx = use };
	const struct value *args[256];
	struct values values;

	for (size_t i = 0; i < use->function->arity; i++)
		args[i] = value_argument(use->arena, VALUE_ANY_KEY);
	use->eval = &eval;
	use->asked = use->changed = false;
	use->failed.len = use->passed.len = 0;
	values = eval_function(&eval, use->agent->code, use->function, args);
	return eval.gave_up || eval.cut ? -1 : (int)values.len;
}

/* ---- states ---- */

const struct value *value_with_key(const struct value *value, struct arena *arena)
{
	const struct value *items[TYPE_WIDTH], *key;

	switch (value->kind) {
	case VALUE_MAP:
		key = value->map.key->kind == VALUE_UNKNOWN ? value_argument(arena, VALUE_ANY_KEY)
							    : value->map.key;
		return value_map_put(arena, value_with_key(value->map.base, arena), key,
				     value_with_key(value->map.value, arena));
	case VALUE_CONS:
		return value_cons(arena, value_with_key(value->cons.head, arena),
				  value_with_key(value->cons.tail, arena));
	case VALUE_TUPLE:
		if (value->tuple.len > ARRAY_LEN(items))
			return value;
		for (size_t i = 0; i < value->tuple.len; i++)
			items[i] = value_with_key(value->tuple.items[i], arena);
		return value_tuple(arena, items, value->tuple.len);
	default:
		return value;
	}
}

typedef const struct value *value_fn(const struct type *type, size_t nth, struct arena *arena);

static void grow_by(struct use *use, value_fn *value)
{
	const struct type before = *use->agent->type;
	size_t len = value == type_exact_value ? type_exact_ways(&before) : type_ways(&before);

	for (size_t i = 0; i < len && i < WAYS; i++) {
		use->state = value_with_key(value(&before, i, use->arena), use->arena);
		follow(use);
		if (!use->asked)
			return;
	}
}

void agent_grow(struct judge *judge, const struct agent *agent)
{
	static value_fn *const values[] = { type_value, type_value, type_exact_value,
					    type_empty_value };
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct use use = { .arena = &scratch,
			   .agent = agent,
			   .library = &judge->modules->library[agent->side],
			   .into = agent->type,
			   .types = judge->arena };

	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		for (size_t j = 0; j < agent->code->len; j++) {
			use.function = &agent->code->functions[j];
			grow_by(&use, values[i]);
		}
}

/* ---- those that fail ---- */

/* A function of both releases, with the states that each of them makes. */
struct trial {
	struct use now, was; /* was.function NULL: not there */
	const struct type *own, *others;
	bool exact; /* atoms are told apart: one of them is made no more */
};

static size_t states_of(const struct trial *trial, const struct type *type)
{
	return trial->exact ? type_exact_ways(type) : type_ways_inside(type);
}

static int outcomes(struct use *use, const struct trial *trial, const struct type *type, size_t nth)
{
	struct arena *arena = use->arena;

	use->state = value_with_key(trial->exact ? type_exact_value(type, nth, arena)
						 : type_value(type, nth, arena),
				    arena);
	return follow(use);
}

/* The first where the agent always failed; NULL: none. */
static const struct spot *failed_at(const struct use *use)
{
	for (size_t i = 0; i < use->failed.len && use->passed.len < SPOTS_MAX; i++)
		if (!spots_have(&use->passed, use->failed.items[i]))
			return &use->failed.items[i];
	return NULL;
}

/* The other code is seen to fail somewhere with that state, too: it does not come there. */
static bool never_comes(struct trial *trial, const struct type *type, size_t nth)
{
	return trial->was.function &&
	       (outcomes(&trial->was, trial, type, nth) == 0 || failed_at(&trial->was));
}

/* With some of its own states, and with all but those that the other code fails with as well.
 * at: where; NULL: it returns
 */
static bool goes_on_with_own(struct trial *trial, const struct spot *at)
{
	bool any = false;

	for (size_t i = 0; i < states_of(trial, trial->own); i++) {
		int now = outcomes(&trial->now, trial, trial->own, i);
		bool passed = at ? spots_have(&trial->now.passed, *at) : now > 0;
		bool failed = at ? spots_have(&trial->now.failed, *at) && !passed : now == 0;

		if (now < 0 || (failed && !never_comes(trial, trial->own, i)))
			return false;
		any = any || passed;
	}
	return any;
}

static bool fails(struct trial *trial)
{
	for (size_t i = 0; i < states_of(trial, trial->others); i++) {
		int now = outcomes(&trial->now, trial, trial->others, i);
		const struct spot *failed = now > 0 ? failed_at(&trial->now) : NULL;
		const struct spot at = failed ? *failed : (struct spot){ NULL, 0 };

		if ((now == 0 || failed) && !never_comes(trial, trial->others, i) &&
		    goes_on_with_own(trial, failed ? &at : NULL))
			return true;
	}
	return false;
}

const char *agent_use_that_fails(struct judge *judge, const struct agent *agent,
				 const struct agent *maker)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct code_library *library = judge->modules->library;
	struct trial trial = {
		.now = { .arena = &scratch, .agent = agent, .library = &library[agent->side] },
		.was = { .arena = &scratch, .agent = maker, .library = &library[maker->side] },
		.own = agent->type,
		.others = maker->type,
		.exact = type_loses_atoms(maker->type, agent->type),
	};

	if (type_is_empty(trial.own) || type_is_empty(trial.others) ||
	    (type_same(trial.own, trial.others) && !trial.exact))
		return NULL;
	for (size_t i = 0; i < agent->code->len; i++) {
		const struct code_function *function = &agent->code->functions[i];

		if (!code_exports(agent->code, function->name, function->arity))
			continue;
		trial.now.function = function;
		trial.was.function = code_function(maker->code, function->name, function->arity);
		if (fails(&trial))
			return arena_printf(judge->arena, "%s/%u", function->name, function->arity);
	}
	return NULL;
}
