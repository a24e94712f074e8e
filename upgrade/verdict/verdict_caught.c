// SPDX-License-Identifier: Apache-2.0
/* Which calls of a module are made where somebody catches what they raise. */
#include "upgrade/verdict/verdict_running.h"

/* The function of this module that an instruction calls; NULL: another instruction. */
static const struct code_function *callee(const struct code *code, const struct code_op *op)
{
	return op->opcode == OP_CALL || op->opcode == OP_CALL_LAST || op->opcode == OP_CALL_ONLY
		       ? code_local(code, &op->args[1])
		       : NULL;
}

/* How many `try` and `catch` an instruction is inside of, for each of a function. */
struct guarded {
	const struct code *code;
	const struct code_function *function;
	unsigned *depth;
};

static void guard_behind(struct guarded *guarded, const struct code_arg *args, size_t len,
			 unsigned depth)
{
	for (size_t i = 0; i < len; i++) {
		const struct code_place *place = code_place(guarded->code, &args[i]);

		if (args[i].kind == CODE_LIST)
			guard_behind(guarded, args[i].items, args[i].len, depth);
		else if (place && place->op != CODE_NOWHERE &&
			 &guarded->code->functions[place->function] == guarded->function &&
			 guarded->depth[place->op] < depth)
			guarded->depth[place->op] = depth;
	}
}

/* Jumps go forward, but for those to where messages are waited for. */
static const unsigned *tries_around(const struct code *code, const struct code_function *function,
				    struct arena *arena)
{
	struct guarded guarded = { code, function,
				   arena_array(arena, function->len + 1, unsigned) };

	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		unsigned depth = guarded.depth[i];

		if (op->opcode == OP_TRY_END || op->opcode == OP_CATCH_END)
			depth -= depth > 0;
		depth += op->opcode == OP_CATCH; /* its end is come to both ways */
		if (op->opcode != OP_CALL && op->opcode != OP_CALL_ONLY &&
		    op->opcode != OP_CALL_LAST)
			guard_behind(&guarded, op->args, op->len, depth);
		depth += op->opcode == OP_TRY;
		if (!code_leaves(op->opcode) && guarded.depth[i + 1] < depth)
			guarded.depth[i + 1] = depth;
	}
	return guarded.depth;
}

const bool *reached_uncaught(const struct code *code, const struct code_function *loop,
			     struct arena *arena)
{
	const struct code_function **todo =
		arena_array(arena, code->len, const struct code_function *);
	bool *called = arena_array(arena, code->len, bool);
	bool *reached = arena_array(arena, code->len, bool);
	size_t len = 0;

	for (size_t i = 0; i < code->len; i++)
		for (size_t j = 0; !loop && j < code->functions[i].len; j++) {
			const struct code_function *to = callee(code, &code->functions[i].ops[j]);

			if (to && to != &code->functions[i])
				called[to - code->functions] = true;
		}
	for (size_t i = 0; i < code->len; i++)
		if (loop ? loop == &code->functions[i]
			 : !called[i] || code->functions[i].exported) {
			reached[i] = true;
			todo[len++] = &code->functions[i];
		}
	while (len > 0) {
		const struct code_function *now = todo[--len];
		const unsigned *depth = tries_around(code, now, arena);

		for (size_t j = 0; j < now->len; j++) {
			const struct code_function *to = callee(code, &now->ops[j]);

			if (!to || depth[j] > 0 || reached[to - code->functions])
				continue;
			reached[to - code->functions] = true;
			todo[len++] = to;
		}
	}
	return reached;
}

const struct beam_function *uncaught_call(const struct code *code,
					  const struct code_function *function,
					  bool (*is)(void *ctx, const struct beam_function *to),
					  void *ctx)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const unsigned *tries = NULL;

	for (size_t i = 0; i < function->len; i++) {
		const struct beam_function *to = code_op_import(code, &function->ops[i]);

		if (!to || !is(ctx, to))
			continue;
		tries = tries ? tries : tries_around(code, function, &scratch);
		if (tries[i] == 0)
			return to;
	}
	return NULL;
}

const struct beam_function *loop_call(const struct code *code, const struct code_function *loop,
				      bool (*is)(void *ctx, const struct beam_function *to),
				      void *ctx)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const bool *reached = reached_uncaught(code, loop, &scratch);
	const struct beam_function *found = NULL;

	for (size_t i = 0; i < code->len && !found; i++)
		if (reached[i])
			found = uncaught_call(code, &code->functions[i], is, ctx);
	return found;
}
