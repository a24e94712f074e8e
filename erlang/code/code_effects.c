// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_effects.h"

#include <stdlib.h>

enum {
	FUNCTION_STEPS = 8000,
	MODULE_STEPS = 400000,
};

static const struct beam_function send = { "erlang", "send", 2 };

/* ---- from which functions a call can be reached ---- */

static const struct code_function *called(const struct code *code, const struct code_op *op)
{
	const struct beam_function *lambda;

	switch (op->opcode) {
	case OP_CALL:
	case OP_CALL_LAST:
	case OP_CALL_ONLY:
		return code_local(code, &op->args[1]);
	case OP_MAKE_FUN2:
	case OP_MAKE_FUN3:
		lambda = code_lambda(code, &op->args[0]);
		return lambda ? code_function(code, lambda->name, lambda->arity) : NULL;
	default:
		return NULL;
	}
}

/* follows: NULL, or whose functions may make one. */
static bool has_wanted(const struct code *code, const struct code_function *function,
		       bool (*wanted)(const struct beam_function *function),
		       const struct code_library *follows)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		int operand = code_import_operand(op->opcode);
		const struct beam_function *to =
			operand < 0 ? NULL : code_import(code, &op->args[operand]);

		if ((to && wanted(to)) || (op->opcode == OP_SEND && wanted(&send)) ||
		    (to && follows && follows->follow(follows->ctx, to->module)))
			return true;
	}
	return false;
}

void code_mark_callers(const struct code *code, bool *marked)
{
	bool more = true;

	for (int round = 0; more && round < 8; round++) {
		more = false;
		for (size_t f = 0; f < code->len; f++) {
			for (size_t i = 0; i < code->functions[f].len && !marked[f]; i++) {
				const struct code_function *to =
					called(code, &code->functions[f].ops[i]);

				marked[f] = to && marked[to - code->functions];
				more = more || marked[f];
			}
		}
	}
}

/* ---- collecting ---- */

struct collector {
	const struct code *code;
	bool (*wanted)(const struct beam_function *function);
	bool through;
	struct arena *arena;
	struct eval *eval;
	struct code_effect *items;
	size_t len, cap;
};

static bool same_effect(const struct code_effect *a, const struct code_function *in,
			const struct beam_function *to, const struct value *const *args)
{
	if (a->in != in || a->to.arity != to->arity || strcmp(a->to.name, to->name) != 0 ||
	    strcmp(a->to.module, to->module) != 0)
		return false;
	for (size_t i = 0; i < to->arity && i < EFFECT_ARGS; i++)
		if (!value_same(a->args[i], args[i]))
			return false;
	return true;
}

static void see(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct collector *collector = ctx;
	const struct eval_frame *top = collector->eval->top;
	struct code_effect *effect;
	bool through = top && top->code != collector->code;

	while (collector->through && top && top->code != collector->code)
		top = top->caller;
	if (!top || top->code != collector->code || !collector->wanted(to) ||
	    collector->len == EFFECTS_MAX)
		return;
	for (size_t i = 0; i < collector->len; i++)
		if (same_effect(&collector->items[i], top->function, to, args)) {
			collector->items[i].waited &= collector->eval->waited;
			return;
		}
	collector->items =
		arena_grow(collector->arena, collector->items, collector->len, &collector->cap);
	effect = &collector->items[collector->len++];
	*effect = (struct code_effect){ .in = top->function,
					.through = through,
					.waited = collector->eval->waited,
					.to = *to };
	for (size_t i = 0; i < EFFECT_ARGS; i++)
		effect->args[i] = i < to->arity ? args[i] : &value_unknown;
}

struct code_effects code_effects(const struct code *code, const struct code_library *library,
				 bool (*wanted)(const struct beam_function *function), bool through,
				 struct arena *arena)
{
	struct collector collector = {
		.code = code, .wanted = wanted, .through = through, .arena = arena
	};
	bool *marked = arena_array(arena, code->len, bool);
	const struct value *args[256];
	unsigned steps = 0;

	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = &value_unknown;
	for (size_t i = 0; i < code->len; i++)
		marked[i] = has_wanted(code, &code->functions[i], wanted, through ? library : NULL);
	code_mark_callers(code, marked);
	for (size_t i = 0; i < code->len && steps < MODULE_STEPS; i++) {
		owned_arena struct arena scratch = ARENA_EMPTY;
		size_t before = collector.len;
		struct eval eval = { .arena = &scratch,
				     .library = library,
				     .limit = FUNCTION_STEPS,
				     .on_call = see,
				     .ctx = &collector };

		if (!marked[i])
			continue;
		collector.eval = &eval;
		eval_function(&eval, code, &code->functions[i], args);
		steps += eval.steps;
		/* Most that is tried shows nothing new. */
		if (collector.len > before)
			arena_join(arena, &scratch);
	}
	return (struct code_effects){ collector.items, collector.len };
}

/* ---- who calls whom inside ---- */

size_t code_callers(const struct code *code, const struct code_function *function,
		    const struct code_function **out, size_t room)
{
	size_t len = 0;

	for (size_t f = 0; f < code->len && len < room; f++)
		for (size_t i = 0; i < code->functions[f].len; i++)
			if (called(code, &code->functions[f].ops[i]) == function) {
				out[len++] = &code->functions[f];
				break;
			}
	return len;
}

const struct code_function *code_owner(const struct code *code,
				       const struct code_function *function)
{
	const char *slash = strchr(function->name, '/');

	if (function->name[0] != '-' || !slash)
		return function;
	for (size_t i = 0; i < code->len; i++) {
		const struct code_function *owner = &code->functions[i];
		size_t len = strlen(owner->name);

		if (owner != function && len == (size_t)(slash - function->name) - 1 &&
		    memcmp(owner->name, function->name + 1, len) == 0 &&
		    strtoul(slash + 1, NULL, 10) == owner->arity)
			return owner;
	}
	return function;
}
