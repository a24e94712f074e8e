// SPDX-License-Identifier: Apache-2.0
/* Loops tried with what is carried into them: by which calls they come, and whether they go round.
 */
#include "erlang/code/code_loops.h"

enum {
	NESTED = 2, /* loops inside loops that are followed */
	WAYS_MAX = 24,
};

struct site {
	const struct code_function *in;
	size_t at;
};

struct sites {
	struct site *items;
	size_t len, cap;
};

struct attempt {
	const struct code *code;
	const struct loop_part *parts;
	struct arena *arena;
	struct eval *eval;
	struct sites calls; /* that it came by */
	struct sites turns; /* from which it went round, behind a message */
	struct values ways; /* … as tuples of what it went round with, each once */
};

static bool has_site(const struct sites *sites, const struct site *site)
{
	for (size_t i = 0; i < sites->len; i++)
		if (sites->items[i].in == site->in && sites->items[i].at == site->at)
			return true;
	return false;
}

static void note_site(struct attempt *attempt, struct sites *sites)
{
	const struct eval_frame *top = attempt->eval->top;
	struct site site = { top ? top->function : NULL, attempt->eval->at };

	if (!top || top->code != attempt->code || has_site(sites, &site))
		return;
	sites->items = arena_grow(attempt->arena, sites->items, sites->len, &sites->cap);
	sites->items[sites->len++] = site;
}

static void note_turn(struct attempt *attempt, const struct code_function *function,
		      const struct value *const *args)
{
	note_site(attempt, &attempt->turns);
	if (attempt->ways.len < WAYS_MAX)
		eval_add(attempt->eval, &attempt->ways,
			 value_tuple(attempt->arena, args, function->arity));
}

static void note_call(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct attempt *attempt = ctx;

	(void)to;
	(void)args;
	note_site(attempt, &attempt->calls);
}

/* A state may be converted by the loop itself, in front of its first message. */
static bool note_enter(void *ctx, const struct code_function *function,
		       const struct value *const *args, bool by_name)
{
	struct attempt *attempt = ctx;
	const struct eval_frame *top = attempt->eval->top;
	unsigned nested = 0;

	(void)by_name;
	/* Inside a module that it calls. */
	if (top && top->code != attempt->code)
		return false;
	note_site(attempt, &attempt->calls);
	if (!attempt->parts[function - attempt->code->functions].round)
		return false;
	for (const struct eval_frame *at = top; at; at = at->caller)
		nested += at->function == function;
	if (attempt->eval->waited)
		note_turn(attempt, function, args);
	return attempt->eval->waited || nested >= NESTED;
}

/* False: not all ways were followed. */
static bool try(struct attempt *attempt, const struct code_library *library,
		const struct code_function *function, struct type *const *types, size_t way,
		size_t *outcomes)
{
	const struct value *args[LOOP_ARITY];
	struct eval eval = { .arena = attempt->arena,
			     .library = library,
			     .on_call = note_call,
			     .on_enter = note_enter,
			     .ctx = attempt };
	struct values values;

	attempt->eval = &eval;
	attempt->ways = (struct values){ 0 };
	loop_args(args, types, function->arity, way, attempt->arena);
	values = eval_function(&eval, attempt->code, function, args);
	if (values.len + attempt->ways.len > *outcomes)
		*outcomes = values.len + attempt->ways.len;
	return !eval.gave_up;
}

/* Whether keys that are not there yet are understood is for code_loop_fails(). */
static bool lacks_keys(struct type *const *types, size_t arity, size_t way)
{
	for (size_t i = 0; i < arity; i++)
		if (type_lacks_keys(types[i], way))
			return true;
	return false;
}

bool code_loop_copes(const struct code *code, const struct loop_part *parts,
		     const struct code_library *library, const struct code_function *function,
		     struct type *const *before, struct type *const *after)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct attempt now = { .code = code, .parts = parts, .arena = &scratch };
	size_t most = 0, outcomes;

	if (function->arity > LOOP_ARITY)
		return false;
	for (size_t way = 0; way < loop_ways(after, function->arity); way++)
		if (!lacks_keys(after, function->arity, way) &&
		    !try(&now, library, function, after, way, &most))
			return false;
	for (size_t way = 0; way < loop_ways(before, function->arity); way++) {
		struct attempt was = { .code = code, .parts = parts, .arena = &scratch };

		if (lacks_keys(before, function->arity, way))
			continue;
		outcomes = 0;
		if (!try(&was, library, function, before, way, &outcomes) || outcomes < most)
			return false;
		for (size_t i = 0; i < now.calls.len; i++)
			if (!has_site(&was.calls, &now.calls.items[i]))
				return false;
	}
	return now.calls.len > 0;
}

/* What it goes on with may be of several kinds below its top alone: behind a conversion of some. */
static size_t ways_inside(struct type *const *types, size_t arity)
{
	size_t ways = 1;

	for (size_t i = 0; i < arity; i++)
		if (type_ways_inside(types[i]) > ways)
			ways = type_ways_inside(types[i]);
	return ways < WAYS_MAX ? ways : WAYS_MAX;
}

/* Whether it goes round from a place with all of some types. */
static bool turns_always(struct attempt *attempt, const struct code_library *library,
			 const struct code_function *function, struct type *const *types,
			 const struct site *site)
{
	for (size_t way = 0; way < ways_inside(types, function->arity); way++) {
		size_t outcomes = 0;

		attempt->turns = (struct sites){ 0 };
		if (!try(attempt, library, function, types, way, &outcomes) ||
		    !has_site(&attempt->turns, site))
			return false;
	}
	return true;
}

bool code_loop_fails(const struct code *code, const struct loop_part *parts,
		     const struct code_library *library, const struct code_function *function,
		     struct type *const *before, struct type *const *after)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct attempt now = { .code = code, .parts = parts, .arena = &scratch };
	size_t outcomes = 0;

	if (function->arity > LOOP_ARITY || !try(&now, library, function, after, 0, &outcomes))
		return false;
	for (size_t way = 0; way < ways_inside(before, function->arity); way++) {
		struct attempt was = { .code = code, .parts = parts, .arena = &scratch };

		if (!try(&was, library, function, before, way, &outcomes))
			return false;
		for (size_t i = 0; i < now.turns.len; i++) {
			struct attempt again = now;

			if (!has_site(&was.turns, &now.turns.items[i]) &&
			    turns_always(&again, library, function, after, &now.turns.items[i]))
				return true;
		}
	}
	return false;
}

/* As note_enter(), but what a loop hands a message to, to go round from there, may have no clause
 * for it: that is followed, up to the loop itself.
 */
static bool note_next(void *ctx, const struct code_function *function,
		      const struct value *const *args, bool by_name)
{
	struct attempt *attempt = ctx;
	const struct eval_frame *top = attempt->eval->top;
	unsigned nested = 0;
	bool is_loop = false;

	if (!top || top->code != attempt->code || !attempt->eval->waited ||
	    !attempt->parts[function - attempt->code->functions].round)
		return note_enter(ctx, function, args, by_name);
	for (const struct eval_frame *at = top; at; at = at->caller) {
		nested += at->function == function;
		is_loop = at->function == function && !at->caller;
	}
	if (!is_loop && nested < NESTED)
		return false;
	note_turn(attempt, function, args);
	return true;
}

enum loop_does code_loop_message(const struct code *code, const struct loop_part *parts,
				 const struct code_library *library,
				 const struct code_function *function, const struct value *message)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct attempt attempt = { .code = code, .parts = parts, .arena = &scratch };
	const struct value *args[LOOP_ARITY];
	struct eval eval = { .arena = &scratch,
			     .library = library,
			     .message = message,
			     .on_enter = note_next,
			     .ctx = &attempt };
	struct values values;

	if (function->arity > LOOP_ARITY)
		return LOOP_UNSEEN;
	attempt.eval = &eval;
	loop_args(args, NULL, function->arity, 0, &scratch);
	values = eval_function(&eval, code, function, args);
	if (values.len > 0 || attempt.ways.len > 0)
		return attempt.ways.len > 0 ? LOOP_TAKES : LOOP_ENDS;
	if (eval.gave_up || eval.cut)
		return LOOP_UNSEEN;
	return eval.left ? LOOP_LEAVES : LOOP_FAILS;
}
