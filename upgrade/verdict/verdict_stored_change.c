// SPDX-License-Identifier: Apache-2.0
/* What code makes of what the process dictionary holds: its own functions, and code_change, which
 * reads and puts there as it likes, in the new code both ways.
 */
#include "upgrade/verdict/verdict_states.h"
#include "upgrade/verdict/verdict_stored.h"

enum { STEPS_MAX = 8000, ALL_STEPS_MAX = 400000, ROUNDS = 2, WAYS = 6 };

struct changing {
	struct arena *arena;
	const struct stored_at *at;
	struct eval *eval;
	const struct code *code; /* that goes on with it */
	const struct value *now; /* what is there */
	struct type *put;
	bool any;
	unsigned steps; /* of stored_grow() */
};

static bool is_of_dictionary(const struct beam_function *function)
{
	return strcmp(function->module, "erlang") == 0 ||
	       strcmp(function->module, "Elixir.Process") == 0;
}

/* They return what is there. */
static bool is_of_value(const struct beam_function *function)
{
	static const char *const names[] = { "get", "put", "erase", "delete" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], function->name) == 0)
			return true;
	return false;
}

/* Nothing is there behind it, which the code is made for where it has a word for that. */
static bool is_erased(const struct changing *changing, const struct beam_function *function)
{
	bool elixir = strcmp(function->name, "delete") == 0;

	return (elixir || strcmp(function->name, "erase") == 0) && function->arity == 1 &&
	       names_have(changing->code->atoms, elixir ? "nil" : "undefined");
}

static bool answer(void *ctx, const struct beam_function *function, const struct value *const *args,
		   struct values *out)
{
	struct changing *changing = ctx;

	if (!is_of_dictionary(function) || function->arity == 0 ||
	    !stored_is_at(args[0], changing->at, changing->arena))
		return false;
	if (strcmp(function->name, "put") == 0 && function->arity == 2) {
		type_add(changing->put, args[1], changing->arena);
		changing->any = true;
	}
	if (is_erased(changing, function)) {
		changing->put = type_new(changing->arena);
		changing->any = true;
	}
	if (!is_of_value(function))
		return false;
	eval_add(changing->eval, out, changing->now);
	return true;
}

/* A function with each value that is there.  False: not all that it puts is seen. */
static bool grow_by(struct changing *changing, const struct code_library *library,
		    const struct code *code, const struct code_function *function,
		    struct type *into, struct arena *types)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const size_t ways = type_exact_ways(into);

	changing->arena = &scratch;
	changing->put = type_new(&scratch);
	changing->any = false;
	for (size_t i = 0; i < ways && i < WAYS; i++) {
		struct eval eval = { .arena = &scratch,
				     .library = library,
				     .limit = STEPS_MAX,
				     .answer = answer,
				     .ctx = changing };

		changing->eval = &eval;
		changing->now = type_is_empty(into) ? value_of_atom(&scratch, "undefined")
						    : type_exact_value(into, i, &scratch);
		eval_any(&eval, code, function);
		changing->steps += eval.steps;
		if (eval.gave_up || changing->steps > ALL_STEPS_MAX)
			return false;
	}
	for (size_t i = 0; changing->any && i < type_exact_ways(changing->put); i++)
		type_add(into, type_exact_value(changing->put, i, &scratch), types);
	return !into->unknown;
}

bool stored_grow(const struct storing *storing, enum side side, const struct stored_at *at,
		 struct type *into)
{
	const bool to = side == storing->to;
	const struct code *code = to ? storing->code : storing->from;
	const struct code_effects effects = to ? storing->made : storing->there;
	struct arena *arena = storing->judge->arena;
	struct changing changing = { .code = code, .at = at };
	bool *marked = arena_array(arena, code->len, bool);

	for (size_t i = 0; i < effects.len; i++)
		if (is_of_dictionary(&effects.items[i].to) && effects.items[i].to.arity > 0 &&
		    stored_is_at(effects.items[i].args[0], at, arena))
			marked[effects.items[i].in - code->functions] = true;
	code_mark_callers(code, marked);
	for (size_t i = 0; i < ROUNDS * code->len; i++) {
		const struct code_function *function = &code->functions[i % code->len];

		if (marked[i % code->len] && code_exports(code, function->name, function->arity) &&
		    !grow_by(&changing, &storing->judge->modules->library[side], code, function,
			     into, arena))
			return false;
	}
	return true;
}

static const struct code_function *change_of(const struct code *code, unsigned *version)
{
	const struct code_function *change = code_function(code, "code_change", 3);

	*version = 0;
	if (!change)
		change = code_function(code, "code_change", 4);
	if (change)
		return change;
	*version = 2;
	return code_function(code, "system_code_change", 4);
}

/* False: it never comes to an end with that there. */
static bool change_one(struct changing *changing, const struct storing *storing,
		       const struct code *code, const struct value *value, struct type *out)
{
	struct arena *arena = changing->arena;
	unsigned version;
	const struct code_function *change = change_of(code, &version);
	const struct term *vsn = storing->module->diff->old_facts->vsn;
	const struct value *old = vsn ? value_of_term(arena, vsn) : &value_unknown;
	const struct value *back[] = { value_of_atom(arena, "down"), old };
	const struct value *args[] = { &value_unknown, &value_unknown, &value_unknown,
				       &value_unknown };
	struct eval eval = { .arena = arena,
			     .library = &storing->judge->modules->library[SIDE_NEW],
			     .limit = STEPS_MAX,
			     .answer = answer,
			     .ctx = changing };
	struct values values;

	changing->eval = &eval;
	changing->now = value;
	changing->put = type_new(arena);
	changing->any = false;
	args[version] = storing->to == SIDE_OLD ? value_tuple(arena, back, ARRAY_LEN(back)) : old;
	values = eval_function(&eval, code, change, args);
	if (eval.gave_up)
		out->unknown = true;
	else if (values.len > 0 && changing->any)
		for (size_t i = 0;
		     !type_is_empty(changing->put) && i < type_exact_ways(changing->put); i++)
			type_add(out, type_exact_value(changing->put, i, arena), arena);
	else if (values.len > 0)
		type_add(out, value, arena);
	return values.len > 0 || eval.gave_up;
}

const struct type *stored_behind_change(const struct storing *storing, const struct stored_at *at,
					bool *fails)
{
	struct judge *judge = storing->judge;
	const struct code *code = storing->to == SIDE_NEW ? storing->code : storing->from;
	struct changing changing = { .arena = judge->arena, .at = at, .code = storing->code };
	struct type *out = type_new(judge->arena);
	const size_t ways = type_exact_ways(at->there);
	unsigned version;
	bool any = false;

	*fails = false;
	if (at->stored != STORED_IN_PROCESS || !storing->module->diff || type_is_empty(at->there) ||
	    at->there->unknown || !change_of(code, &version) ||
	    !code_change_is_asked(judge, storing->module->app, storing->module->name))
		return at->there;
	for (size_t i = 0; i < ways && i < TYPE_VARIANTS; i++)
		any = change_one(&changing, storing, code,
				 type_exact_value(at->there, i, judge->arena), out) ||
		      any;
	/* It may fail for whatever is there: no word about this. */
	*fails = !any && ways <= TYPE_VARIANTS &&
		 change_one(&changing, storing, code, &value_unknown, out);
	return any ? out : at->there;
}
