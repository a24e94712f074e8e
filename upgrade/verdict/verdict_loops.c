// SPDX-License-Identifier: Apache-2.0
/* Processes without a behaviour that go on by calling themselves. */
#include "erlang/code/code_eval.h"
#include "upgrade/verdict/verdict_running.h"

struct loops {
	const struct code *code;
	const struct code_function **todo; /* room for all of them */
	bool *seen;                        /* by function */
	bool tails;                        /* only what processes come to for good */
};

static struct loops loops_new(const struct code *code, struct arena *arena)
{
	return (struct loops){ code, arena_array(arena, code->len, const struct code_function *),
			       arena_array(arena, code->len, bool), false };
}

/* The last call inside a try or a catch. */
static bool ends_try(const struct code_function *function, size_t at)
{
	while (++at < function->len && function->ops[at].opcode == OP_LABEL)
		;
	return at < function->len &&
	       (function->ops[at].opcode == OP_TRY_END || function->ops[at].opcode == OP_CATCH_END);
}

/* The function of this module that an instruction calls; NULL: another instruction. */
static const struct code_function *
callee(const struct code *code, const struct code_function *function, size_t at, bool tails_only)
{
	const struct code_op *op = &function->ops[at];

	if (op->opcode != OP_CALL_LAST && op->opcode != OP_CALL_ONLY &&
	    (op->opcode != OP_CALL || (tails_only && !ends_try(function, at))))
		return NULL;
	return code_local(code, &op->args[1]);
}

static void see(struct loops *loops, const struct code_function *function, size_t *len)
{
	size_t nr = (size_t)(function - loops->code->functions);

	if (loops->seen[nr])
		return;
	loops->seen[nr] = true;
	loops->todo[(*len)++] = function;
}

/* Marks what one function calls inside the module, and so on; itself only if it is called. */
static void reach(struct loops *loops, const struct code_function *function, bool tails_only)
{
	size_t len = 0;

	loops->todo[len++] = function;
	while (len > 0) {
		const struct code_function *next, *now = loops->todo[--len];

		for (size_t i = 0; i < now->len; i++)
			if ((next = callee(loops->code, now, i, tails_only)))
				see(loops, next, &len);
	}
}

bool function_blocks(const struct beam_function *function)
{
	static const struct beam_function blocking[] = {
		{ "gen_tcp", "accept", 1 },
		{ "gen_tcp", "accept", 2 },
		{ "gen_tcp", "recv", 2 },
		{ "gen_tcp", "recv", 3 },
		{ "gen_udp", "recv", 2 },
		{ "gen_udp", "recv", 3 },
		{ "ssl", "transport_accept", 1 },
		{ "ssl", "transport_accept", 2 },
		{ "ssl", "recv", 2 },
		{ "ssl", "recv", 3 },
		{ "socket", "accept", 1 },
		{ "socket", "accept", 2 },
		{ "socket", "recv", 2 },
		{ "socket", "recv", 3 },
		{ "timer", "sleep", 1 },
		{ "Elixir.Process", "sleep", 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(blocking); i++)
		if (beam_function_same(function, &blocking[i]))
			return true;
	return false;
}

bool function_waits(const struct code *code, const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		const struct beam_function *to = code_op_import(code, op);

		if (op->opcode == OP_WAIT || op->opcode == OP_WAIT_TIMEOUT ||
		    (to && function_blocks(to)))
			return true;
	}
	return false;
}

static bool leads_to(const struct code *code, struct arena *arena, const struct beam_function *from,
		     const struct code_function *function)
{
	const struct code_function *begin = code_function(code, from->name, from->arity);
	struct loops way = loops_new(code, arena);

	if (begin)
		reach(&way, begin, false);
	return begin == function || way.seen[function - code->functions];
}

/* A fully qualified call of this module enters its newest code; for good where it is a tail call,
 * or goes on with the loop itself.
 */
static bool moves_over(const struct code *code, struct arena *arena,
		       const struct code_function *function, const struct code_function *loop)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		const struct beam_function *import = code_op_import(code, op);

		if (import && strcmp(import->module, code->module) == 0 &&
		    (op->opcode != OP_CALL_EXT || leads_to(code, arena, import, loop)))
			return true;
	}
	return false;
}

/* Comes back to itself by tail calls, none of which leaves the old code. */
static bool goes_round(const struct code *code, struct arena *arena,
		       const struct code_function *function)
{
	struct loops round = loops_new(code, arena);

	reach(&round, function, true);
	for (size_t i = 0; i < code->len; i++)
		if (round.seen[i] && moves_over(code, arena, &code->functions[i], function))
			return false;
	return round.seen[function - code->functions];
}

/* ---- where processes begin ---- */

static bool starts_process(const struct beam_function *import)
{
	return (strcmp(import->module, "erlang") == 0 && strncmp(import->name, "spawn", 5) == 0) ||
	       (strcmp(import->module, "proc_lib") == 0 &&
		(strncmp(import->name, "spawn", 5) == 0 ||
		 strncmp(import->name, "start", 5) == 0)) ||
	       strcmp(import->module, "Elixir.Task") == 0 ||
	       strcmp(import->module, "Elixir.Task.Supervisor") == 0;
}

static bool starts_processes(const struct code *code, const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		const struct beam_function *import = code_op_import(code, op);

		if (import && starts_process(import))
			return true;
	}
	return false;
}

static void begin(struct loops *loops, const struct code_function *function)
{
	loops->seen[function - loops->code->functions] = true;
	reach(loops, function, loops->tails);
}

static void reach_named(struct loops *loops, const char *name)
{
	for (size_t i = 0; i < loops->code->len; i++)
		if (strcmp(loops->code->functions[i].name, name) == 0 &&
		    code_exports(loops->code, name, loops->code->functions[i].arity))
			begin(loops, &loops->code->functions[i]);
}

/* What a function that starts processes mentions: a fun, or the name of a function. */
static void reach_mentioned(struct loops *loops, const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++) {
		for (size_t j = 0; j < function->ops[i].len; j++) {
			const struct code_arg *arg = &function->ops[i].args[j];
			const struct term *term = code_term(arg);

			if (term && term->kind == TERM_ATOM && term_atom_name(term))
				reach_named(loops, term_atom_name(term));
		}
		if (function->ops[i].opcode == OP_MAKE_FUN2 ||
		    function->ops[i].opcode == OP_MAKE_FUN3) {
			const struct code_function *body =
				code_op_local(loops->code, &function->ops[i]);

			if (body)
				begin(loops, body);
		}
	}
}

/* ---- which of them stay ---- */

/* What it is to be given anew: less of the list that it was given. */
struct along {
	const struct code_function *function;
	uint32_t nr;  /* which argument */
	unsigned len; /* of its list */
	bool entered, shrinks;
};

static unsigned known_len(const struct value *list, unsigned max)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct value *head;
	unsigned len = 0;

	while (len < max && value_uncons(list, &scratch, &head, &list))
		len++;
	return value_is_nil(list) == YES ? len : max;
}

static bool on_round(void *ctx, const struct code_function *function,
		     const struct value *const *args, bool by_name)
{
	struct along *along = ctx;

	(void)by_name;
	if (function != along->function)
		return false;
	along->entered = true;
	along->shrinks = along->shrinks && along->len > 0 &&
			 known_len(args[along->nr], along->len) < along->len;
	return true;
}

/* Given a list of two, each round is given one of one or none; given none, there is no other round.
 */
static bool goes_along_list(const struct code *code, const struct code_function *function,
			    uint32_t nr)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct term nil = { .kind = TERM_LIST };
	struct along along = { function, nr, 0, false, true };
	const struct value **args = arena_array(&scratch, function->arity, const struct value *);

	for (uint32_t i = 0; i < function->arity; i++)
		args[i] = &value_unknown;
	args[nr] = value_of_term(&scratch, &nil);
	for (; along.len <= 2 && along.shrinks; along.len++) {
		struct eval eval = { .arena = &scratch, .on_enter = on_round, .ctx = &along };

		eval_function(&eval, code, function, args);
		along.shrinks = along.shrinks && !eval.gave_up;
		args[nr] = value_cons(&scratch, &value_unknown, args[nr]);
	}
	return along.entered && along.shrinks;
}

/* It matches a binary that it is given before it does anything else, and makes none. */
static bool goes_along_binary(const struct code_function *function)
{
	bool begins = false, calls = false;

	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];

		switch (op->opcode) {
		case OP_BS_START_MATCH3:
		case OP_BS_START_MATCH4:
			begins = begins || !calls;
			break;
		case OP_BS_CREATE_BIN:
		case OP_BS_INIT_WRITABLE:
		case OP_BS_INIT2:
		case OP_BS_APPEND:
		case OP_BS_PRIVATE_APPEND:
			return false;
		case OP_CALL:
		case OP_CALL_EXT:
		case OP_LOOP_REC:
			calls = true;
			break;
		default:
			break;
		}
	}
	return begins;
}

enum { PAUSE_MS = 1000 };

/* So long at each item, or nobody knows how long, that a list is not over soon. */
static bool pauses(const struct code *code, const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct beam_function *to = code_op_import(code, &function->ops[i]);
		const struct term *time;

		if (!to || !function_blocks(to))
			continue;
		time = argument_at(function, i, to->arity - 1);
		if (!time || time->kind != TERM_INTEGER || time->integer >= PAUSE_MS)
			return true;
	}
	return false;
}

/* It goes along a list or a binary that it is given, to whose end it comes. */
static bool goes_along(const struct code *code, const struct code_function *function)
{
	for (uint32_t i = 0; i < function->arity && !pauses(code, function); i++)
		if (goes_along_list(code, function, i))
			return true;
	return !function_waits(code, function) && goes_along_binary(function);
}

/* count(N) when N > 0, which comes to the end of its numbers. */
static bool ends_numbers(const struct code *code, const struct code_op *op)
{
	const struct code_place *place = op->opcode == OP_IS_LT || op->opcode == OP_IS_GE
						 ? code_place(code, &op->args[0])
						 : NULL;

	return place && place->op == CODE_NOWHERE;
}

static bool calls_any(const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++) {
		const enum opcode opcode = function->ops[i].opcode;

		if (opcode == OP_CALL_FUN || opcode == OP_CALL_FUN2 || opcode == OP_APPLY)
			return true;
	}
	return false;
}

static bool is_way_out(const struct code *code, const struct code_op *op, bool any)
{
	const struct beam_function *to = code_op_import(code, op);

	/* Where it calls funs, which may wait, failing is what it does for what it does not expect:
	 * error/1.  throw/1 is a raise/3, too.
	 */
	if (to && known_to_raise(to))
		return !any || strcmp(to->name, "error") != 0;
	if (ends_numbers(code, op))
		return true;
	return op->opcode == OP_RETURN || op->opcode == OP_CALL_EXT_LAST ||
	       op->opcode == OP_CALL_EXT_ONLY || op->opcode == OP_APPLY_LAST;
}

/* All its ways come back to it, but for those that fail. */
static bool never_leaves(const struct code *code, const struct code_function *function)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct loops round = loops_new(code, &scratch);
	bool any = false;

	reach(&round, function, true);
	for (size_t i = 0; i < code->len; i++)
		any = any || (round.seen[i] && calls_any(&code->functions[i]));
	for (size_t i = 0; i < code->len; i++)
		for (size_t j = 0; round.seen[i] && j < code->functions[i].len; j++)
			if (is_way_out(code, &code->functions[i].ops[j], any))
				return false;
	return round.seen[function - code->functions];
}

/* For as long as nothing comes: a line of the terminal, an answer. */
static bool waits_for_any_time(const struct code_function *function, size_t at,
			       const struct beam_function *to)
{
	static const struct beam_function lines[] = {
		{ "io", "get_line", 1 },
		{ "Elixir.IO", "gets", 1 },
	};
	static const struct beam_function calls[] = {
		{ "gen_server", "call", 3 },
		{ "gen_statem", "call", 3 },
		{ "Elixir.GenServer", "call", 3 },
	};
	const struct term *time;

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		if (beam_function_same(to, &lines[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		if (beam_function_same(to, &calls[i])) {
			time = argument_at(function, at, 2);
			return time && term_is_atom(time, "infinity");
		}
	return false;
}

/* Where nothing says for how long. */
static bool stands_still(const struct code *code, const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct beam_function *to = code_op_import(code, &function->ops[i]);

		if (function->ops[i].opcode == OP_WAIT ||
		    (to && (function_blocks(to) || waits_for_any_time(function, i, to))))
			return true;
	}
	return false;
}

/* Itself, or in what that module calls of its own. */
static bool other_waits(struct judge *judge, const struct beam_function *to)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct code_library *library = &judge->modules->library[SIDE_OLD];
	const struct code *code = library->follow(library->ctx, to->module)
					  ? modules_code(judge->modules, SIDE_OLD, to->module)
					  : NULL;
	const struct code_function *function =
		code ? code_function(code, to->name, to->arity) : NULL;
	struct loops below;

	if (!function)
		return false;
	below = loops_new(code, &scratch);
	begin(&below, function);
	for (size_t i = 0; i < code->len; i++)
		if (below.seen[i] && stands_still(code, &code->functions[i]))
			return true;
	return false;
}

static bool calls_who_waits(struct judge *judge, const struct code *code,
			    const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct beam_function *to = code_op_import(code, &function->ops[i]);

		if (to && strcmp(to->module, code->module) != 0 && other_waits(judge, to))
			return true;
	}
	return stands_still(code, function);
}

/* loop(S) -> M = next(), loop([M | S]): what it calls waits, also round after round that end. */
static bool waits_by_others(struct judge *judge, const struct code *code,
			    const struct code_function *function)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct loops below = loops_new(code, &scratch);

	reach(&below, function, false);
	for (size_t i = 0; i < code->len; i++)
		if (below.seen[i] && (function_waits(code, &code->functions[i]) ||
				      calls_who_waits(judge, code, &code->functions[i])))
			return true;
	return false;
}

static bool stays(struct judge *judge, const struct code *code,
		  const struct code_function *function)
{
	owned_arena struct arena scratch = ARENA_EMPTY;

	return goes_round(code, &scratch, function) &&
	       (function_waits(code, function) || never_leaves(code, function) ||
		waits_by_others(judge, code, function)) &&
	       !goes_along(code, function);
}

/* One that ends by itself only where there is no other. */
static const struct code_function *loop_among(struct judge *judge, const struct loops *loops)
{
	const struct code *code = loops->code;
	const struct code_function *ending = NULL;

	for (size_t i = 0; i < code->len; i++) {
		const struct code_function *function = &code->functions[i];

		if (!loops->seen[i] || !stays(judge, code, function))
			continue;
		if (!loop_ends(judge, code, function))
			return function;
		ending = function;
	}
	return ending;
}

const struct code_function *loop_begun_at(struct judge *judge, const struct code *code,
					  const char *name)
{
	struct loops loops = loops_new(code, judge->arena);

	reach_named(&loops, name);
	return loop_among(judge, &loops);
}

/* It starts processes whose result nobody waits for, also as children: {Task, fn -> … end}. */
static bool starts_for_good(const struct code *code, const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct beam_function *import = code_op_import(code, &function->ops[i]);

		if (import && starts_process(import) &&
		    (strncmp(import->name, "spawn", 5) == 0 ||
		     strncmp(import->name, "start", 5) == 0))
			return true;
	}
	return function_names(function, "Elixir.Task");
}

const struct code_function *loop_begun_in(struct judge *judge, const struct code *starter,
					  const struct code *code)
{
	struct loops begun = loops_new(starter, judge->arena),
		     loops = loops_new(code, judge->arena);

	begun.tails = loops.tails = true;
	for (size_t i = 0; i < starter->len; i++)
		if (starts_for_good(starter, &starter->functions[i]))
			reach_mentioned(&begun, &starter->functions[i]);
	for (size_t i = 0; i < starter->len; i++)
		for (size_t j = 0; begun.seen[i] && j < starter->functions[i].len; j++) {
			const struct code_op *op = &starter->functions[i].ops[j];
			const struct beam_function *to = code_op_import(starter, op);
			const struct code_function *function =
				to && code_leaves(op->opcode) &&
						strcmp(to->module, code->module) == 0
					? code_function(code, to->name, to->arity)
					: NULL;

			if (function)
				begin(&loops, function);
		}
	return loop_among(judge, &loops);
}

const struct beam_function *
begun_call(const struct code *code, struct arena *arena,
	   bool (*matches)(void *ctx, const struct beam_function *function), void *ctx)
{
	struct loops loops = loops_new(code, arena);

	for (size_t i = 0; i < code->len; i++)
		if (starts_processes(code, &code->functions[i]))
			reach_mentioned(&loops, &code->functions[i]);
	for (size_t i = 0; i < code->len; i++)
		for (size_t j = 0; loops.seen[i] && j < code->functions[i].len; j++) {
			const struct beam_function *to =
				code_op_import(code, &code->functions[i].ops[j]);

			/* How a loop goes on is for verdict_carried.c. */
			if (to && strcmp(to->module, code->module) == 0 && matches(ctx, to) &&
			    !leads_to(code, arena, to, &code->functions[i]))
				return to;
		}
	return NULL;
}

bool has_loop(struct judge *judge, const struct code *code)
{
	struct loops loops = loops_new(code, judge->arena);

	memset(loops.seen, true, code->len * sizeof(*loops.seen));
	return loop_among(judge, &loops);
}

const struct code_function *loop_that_stays(struct judge *judge, const struct code *code)
{
	struct loops loops = loops_new(code, judge->arena);

	for (size_t i = 0; i < code->len; i++)
		if (starts_processes(code, &code->functions[i]))
			reach_mentioned(&loops, &code->functions[i]);
	return loop_among(judge, &loops);
}
