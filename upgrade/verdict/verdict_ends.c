// SPDX-License-Identifier: Apache-2.0
/* Processes that call themselves so many times and no more: who tries again a few times.
 *
 * The rounds are followed one after the other with what the loop is begun with: where all of them
 * come to an end, and wait for a known time that is short, nobody is left in the old code.
 */
#include "erlang/code/code_eval.h"
#include "upgrade/verdict/verdict_running.h"

enum {
	ROUNDS_MAX = 200,
	WAIT_MS = 60000, /* of all rounds together */
	NEAR_MAX = 200,  /* functions that a loop leads to */
	STEPS = 100000,  /* of all rounds together */
	ARITY_MAX = 32,
};

struct round {
	const struct code_function *function;
	const struct value **args;
	bool open; /* what comes of it is being followed */
};

struct rounds {
	struct judge *judge;
	const struct code *code;
	struct arena *arena;
	bool *inside; /* by function: those that lead to each other */
	struct round *items, *next;
	size_t len, cap, next_len, next_cap;
	int64_t ms, each_ms; /* that they wait so far; and at each `receive` of a round */
	unsigned steps;
	bool unknown;
};

/* ---- which functions ---- */

struct near {
	bool *seen;
	const struct code_function **items; /* room for all of them */
	size_t len;
};

/* What a function leads to inside the module, by calls and funs; itself only if it comes back. */
static struct near near_to(const struct code *code, const struct code_function *function,
			   struct arena *arena)
{
	struct near near = { arena_array(arena, code->len, bool),
			     arena_array(arena, code->len, const struct code_function *), 0 };
	const struct code_function *now = function;

	for (size_t at = 0;; now = near.items[at++]) {
		for (size_t i = 0; i < now->len; i++) {
			const struct code_function *to = code_op_local(code, &now->ops[i]);

			if (!to || near.seen[to - code->functions])
				continue;
			near.seen[to - code->functions] = true;
			near.items[near.len++] = to;
		}
		if (at == near.len || near.len > NEAR_MAX)
			return near;
	}
}

static bool is_tail(enum opcode opcode)
{
	return opcode == OP_CALL_LAST || opcode == OP_CALL_ONLY;
}

/* They go on with each other by tail calls alone: behind another call, something would be left. */
static bool goes_on_by_tails(const struct rounds *rounds, const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		const struct code_function *to = code_op_local(rounds->code, op);

		if (to && rounds->inside[to - rounds->code->functions] && !is_tail(op->opcode))
			return false;
	}
	return true;
}

static bool find_inside(struct rounds *rounds, const struct code_function *loop,
			const struct near *near)
{
	const struct code *code = rounds->code;

	if (near->len > NEAR_MAX || !near->seen[loop - code->functions])
		return false;
	for (size_t i = 0; i < near->len; i++) {
		owned_arena struct arena scratch = ARENA_EMPTY;
		const struct near back = near_to(code, near->items[i], &scratch);

		rounds->inside[near->items[i] - code->functions] =
			back.seen[loop - code->functions];
	}
	for (size_t i = 0; i < near->len; i++)
		if (rounds->inside[near->items[i] - code->functions] &&
		    !goes_on_by_tails(rounds, near->items[i]))
			return false;
	return true;
}

/* ---- how long they wait ---- */

static bool add_time(int64_t *ms, const struct value *value)
{
	const struct term *term = value && value->kind == VALUE_TERM ? value->constant.term : NULL;

	if (!term || term->kind != TERM_INTEGER || term->integer < 0 || term->integer > WAIT_MS)
		return false;
	*ms += term->integer;
	return true;
}

/* Each `receive` has a literal time after which it is left. */
static bool add_receives(struct rounds *rounds, const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];

		if (op->opcode == OP_WAIT ||
		    (op->opcode == OP_WAIT_TIMEOUT &&
		     !add_time(&rounds->each_ms, code_constant(&op->args[1]))))
			return false;
	}
	return true;
}

static size_t times_called(const struct code *code, const struct code_function *from,
			   const struct code_function *function)
{
	size_t times = 0;

	for (size_t i = 0; i < from->len; i++)
		times += code_op_local(code, &from->ops[i]) == function;
	return times;
}

/* What waits beside the loop does so once a round: that calls it, at one place, and nobody else. */
static bool waits_as_often(const struct rounds *rounds, const struct near *near,
			   const struct code_function *function)
{
	const struct code *code = rounds->code;
	size_t times = 0, inside = 0;

	for (size_t i = 0; i < near->len; i++) {
		const size_t here = times_called(code, near->items[i], function);

		times += here;
		inside += rounds->inside[near->items[i] - code->functions] ? here : 0;
	}
	return times == 1 && inside == 1;
}

static bool find_receives(struct rounds *rounds, const struct near *near)
{
	for (size_t i = 0; i < near->len; i++) {
		const struct code_function *function = near->items[i];

		if (function_waits(rounds->code, function) &&
		    ((!rounds->inside[function - rounds->code->functions] &&
		      !waits_as_often(rounds, near, function)) ||
		     !add_receives(rounds, function)))
			return false;
	}
	return true;
}

/* ---- round after round ---- */

static bool on_enter(void *ctx, const struct code_function *function,
		     const struct value *const *args, bool by_name)
{
	struct rounds *rounds = ctx;
	const struct value **kept;

	(void)by_name;
	if (!rounds->inside[function - rounds->code->functions])
		return false;
	kept = arena_array(rounds->arena, function->arity, const struct value *);
	memcpy(kept, args, function->arity * sizeof(*kept));
	rounds->next = arena_grow(rounds->arena, rounds->next, rounds->next_len, &rounds->next_cap);
	rounds->next[rounds->next_len++] = (struct round){ function, kept, false };
	return true;
}

/* The last argument is how long, of those that wait; where it is one for ever, of any. */
static void on_call(void *ctx, const struct beam_function *function,
		    const struct value *const *args)
{
	struct rounds *rounds = ctx;
	const struct value *last = function->arity > 0 ? args[function->arity - 1] : NULL;

	if (!function_blocks(function)) {
		rounds->unknown = rounds->unknown || (last && value_is_atom(last, "infinity"));
		return;
	}
	/* That of recv/2 is how many bytes. */
	if ((strcmp(function->name, "recv") == 0 && function->arity == 2) ||
	    !add_time(&rounds->ms, last))
		rounds->unknown = true;
}

/* The most that a number by chance can be stands for it: it is waited for that long. */
static bool on_chance(void *ctx, const struct beam_function *function,
		      const struct value *const *args, struct values *out)
{
	const struct rounds *rounds = ctx;

	if (strcmp(function->module, "rand") != 0 || strcmp(function->name, "uniform") != 0 ||
	    function->arity != 1)
		return false;
	*out = (struct values){ NULL, 0, 0 };
	out->items = arena_grow(rounds->arena, out->items, 0, &out->cap);
	out->items[out->len++] = args[0];
	return true;
}

static bool same_round(const struct round *round, const struct round *other)
{
	for (size_t i = 0; round->function == other->function && i < round->function->arity; i++)
		if (!value_same(round->args[i], other->args[i]))
			return false;
	return round->function == other->function;
}

static bool follow(struct rounds *rounds, struct round round);

static bool follow_next(struct rounds *rounds, const struct round *next, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!follow(rounds, next[i]))
			return false;
	return true;
}

/* False: it comes back to where it was, as far as is known, or goes on for too long. */
static bool follow(struct rounds *rounds, struct round round)
{
	struct eval eval = {
		.arena = rounds->arena,
		.on_enter = on_enter,
		.on_call = on_call,
		.answer = on_chance,
		.ctx = rounds,
		.steps = rounds->steps,
		.limit = STEPS,
	};
	size_t at = rounds->len;

	for (size_t i = 0; i < rounds->len; i++)
		if (same_round(&rounds->items[i], &round))
			return !rounds->items[i].open;
	if (rounds->len == ROUNDS_MAX)
		return false;
	rounds->items = arena_grow(rounds->arena, rounds->items, rounds->len, &rounds->cap);
	round.open = true;
	rounds->items[rounds->len++] = round;
	rounds->next = NULL;
	rounds->next_len = rounds->next_cap = 0;
	eval_function(&eval, rounds->code, round.function, round.args);
	rounds->steps = eval.steps;
	rounds->ms += rounds->each_ms;
	if (eval.gave_up || rounds->unknown || rounds->ms > WAIT_MS ||
	    !follow_next(rounds, rounds->next, rounds->next_len))
		return false;
	rounds->items[at].open = false;
	return true;
}

/* ---- where they begin ---- */

/* What is moved into x register `nr` right before an instruction; unknown unless a constant is. */
static const struct value *moved_before(const struct code_function *function, size_t at,
					uint32_t nr)
{
	while (at-- > 0) {
		const struct code_op *op = &function->ops[at];

		if (op->opcode == OP_MOVE && op->args[1].kind == CODE_X && op->args[1].number == nr)
			return code_constant(&op->args[0]) ? code_constant(&op->args[0])
							   : &value_unknown;
		if (op->opcode != OP_MOVE && op->opcode != OP_ALLOCATE &&
		    op->opcode != OP_DEALLOCATE && op->opcode != OP_TRIM &&
		    op->opcode != OP_TEST_HEAP && op->opcode != OP_INIT_YREGS)
			break;
	}
	return &value_unknown;
}

/* By the call at that place; a fun may be called with anything. */
static struct round begun_by(struct arena *arena, const struct code_function *from, size_t at,
			     const struct code_function *to)
{
	struct round round = { to, arena_array(arena, to->arity, const struct value *), false };
	bool fun = from->ops[at].opcode == OP_MAKE_FUN2 || from->ops[at].opcode == OP_MAKE_FUN3;

	for (uint32_t i = 0; i < to->arity; i++)
		round.args[i] = fun ? &value_unknown : moved_before(from, at, i);
	return round;
}

static bool is_itself(const struct code *code, const struct beam_function *to,
		      const struct code_function *function)
{
	return to && strcmp(to->module, code->module) == 0 &&
	       strcmp(to->name, function->name) == 0 && to->arity == function->arity;
}

static bool follow_from(struct rounds *rounds, const struct code_function *from)
{
	for (size_t i = 0; i < from->len; i++) {
		const struct code_function *to = code_op_local(rounds->code, &from->ops[i]);

		if (to && rounds->inside[to - rounds->code->functions] &&
		    !follow(rounds, begun_by(rounds->arena, from, i, to)))
			return false;
	}
	return true;
}

/* Processes that are begun by name, with a list of arguments, in one function. */
struct begins {
	struct rounds *rounds;
	const struct code_function *function;
	struct round *items;
	size_t len, cap;
};

static const struct value **listed(struct arena *arena, const struct value *list, size_t len)
{
	const struct value **args = arena_array(arena, len, const struct value *), *head;

	for (size_t i = 0; i < len; i++) {
		if (!value_uncons(list, arena, &head, &list))
			return NULL;
		args[i] = head;
	}
	return value_is_nil(list) == YES ? args : NULL;
}

/* Any call that is given Module, Name, [Arguments] one after the other. */
static void on_begin(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct begins *begins = ctx;
	const struct code_function *function = begins->function;
	struct arena *arena = begins->rounds->arena;

	for (uint32_t i = 2; i < to->arity; i++) {
		const struct value **given;

		if (!value_is_atom(args[i - 2], begins->rounds->code->module) ||
		    !value_is_atom(args[i - 1], function->name))
			continue;
		given = listed(arena, args[i], function->arity);
		begins->items = arena_grow(arena, begins->items, begins->len, &begins->cap);
		begins->items[begins->len++] = (struct round){ function, given, false };
	}
}

static bool has_atom(const struct term *term, const char *name, unsigned depth)
{
	if (term_is_atom(term, name))
		return true;
	if (term->kind == TERM_OPAQUE)
		return true; /* not looked into: a fun may be the function itself */
	for (size_t i = 0; term->kind == TERM_MAP && depth > 0 && i < term->map.len; i++)
		if (has_atom(term->map.keys[i], name, depth - 1) ||
		    has_atom(term->map.values[i], name, depth - 1))
			return true;
	for (size_t i = 0; (term->kind == TERM_LIST || term->kind == TERM_TUPLE) && depth > 0 &&
			   i < term->seq.len;
	     i++)
		if (has_atom(term_at(term, i), name, depth - 1))
			return true;
	return false;
}

static bool mentions(const struct code_function *function, const char *name)
{
	/* Elixir's list of what is exported begins nothing. */
	if (strcmp(function->name, "__info__") == 0)
		return false;
	for (size_t i = 0; i < function->len; i++)
		for (size_t j = 0; j < function->ops[i].len; j++) {
			const struct term *term = code_term(&function->ops[i].args[j]);

			if (term && has_atom(term, name, 8))
				return true;
		}
	return false;
}

/* What has its name only begins it: with what is seen, or nothing is known. */
static bool follow_begins(struct rounds *rounds, const struct code_function *from,
			  const struct code_function *to)
{
	struct begins begins = { .rounds = rounds, .function = to };
	struct eval eval = { .arena = rounds->arena, .on_call = on_begin, .ctx = &begins };

	for (size_t i = 0; i < from->len; i++)
		if (is_itself(rounds->code, code_op_import(rounds->code, &from->ops[i]), to) &&
		    !follow(rounds, begun_by(rounds->arena, from, i, to)))
			return false;
	if (!mentions(from, to->name))
		return true;
	eval_any(&eval, rounds->code, from);
	if (eval.gave_up || begins.len == 0 || code_captures(from, rounds->arena).len > 0)
		return false;
	for (size_t i = 0; i < begins.len; i++)
		if (!begins.items[i].args || !follow(rounds, begins.items[i]))
			return false;
	return true;
}

static bool any_mentions(const struct code *code, const char *name)
{
	for (size_t i = 0; i < code->len; i++)
		if (mentions(&code->functions[i], name))
			return true;
	return false;
}

/* By another module: with both names at hand, it may do anything with them. */
static bool follow_calls(struct rounds *rounds, const struct code *other,
			 const struct code_function *to)
{
	if (any_mentions(other, rounds->code->module) && any_mentions(other, to->name))
		return false;
	for (size_t i = 0; i < other->len; i++) {
		const struct code_function *from = &other->functions[i];

		for (size_t j = 0; j < from->len; j++)
			if (is_itself(rounds->code, code_op_import(other, &from->ops[j]), to) &&
			    !follow(rounds, begun_by(rounds->arena, from, j, to)))
				return false;
	}
	return true;
}

static bool follow_elsewhere(struct rounds *rounds, const struct code_function *function)
{
	owned_name_table struct name_table *names = name_table_new();
	struct modules *modules = rounds->judge->modules;
	const bool *naming;

	name_table_add(names, rounds->code->module, NULL);
	naming = modules_naming(rounds->judge, names);
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_OLD]); i++) {
		struct module_at *other = &modules->items[SIDE_OLD][i];
		const struct module_at *after = modules_find(modules, SIDE_NEW, other->name);
		const struct code *code =
			!other->of_language && (!after || after->diff ||
						naming[after - modules->items[SIDE_NEW]])
				? module_code(modules, SIDE_OLD, other)
				: NULL;

		if (code && code != rounds->code &&
		    (code->unread || !follow_calls(rounds, code, function)))
			return false;
	}
	return !modules->failed;
}

/* Others may call what is exported, with anything that is not seen there. */
static bool follow_exported(struct rounds *rounds, const struct code_function *function)
{
	const struct code *code = rounds->code;

	if (named_elsewhere(rounds->judge, code->module, function->name) &&
	    !follow_elsewhere(rounds, function))
		return false;
	for (size_t i = 0; i < code->len; i++)
		if (!follow_begins(rounds, &code->functions[i], function))
			return false;
	return true;
}

static bool follow_all(struct rounds *rounds)
{
	const struct code *code = rounds->code;

	for (size_t i = 0; i < code->len; i++) {
		const struct code_function *function = &code->functions[i];

		if (rounds->inside[i] && (function->arity > ARITY_MAX ||
					  (code_exports(code, function->name, function->arity) &&
					   !follow_exported(rounds, function))))
			return false;
		if (!rounds->inside[i] && !follow_from(rounds, function))
			return false;
	}
	return true;
}

bool loop_ends(struct judge *judge, const struct code *code, const struct code_function *loop)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct rounds rounds = { .judge = judge, .code = code, .arena = &arena };
	const struct near near = near_to(code, loop, &arena);

	rounds.inside = arena_array(&arena, code->len, bool);
	return find_inside(&rounds, loop, &near) && find_receives(&rounds, &near) &&
	       follow_all(&rounds);
}
