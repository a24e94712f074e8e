// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_effects.h"

#include "erlang/code/code_copy.h"

#include <stdlib.h>

enum {
	FUNCTION_STEPS = 8000,
	MODULE_STEPS = 400000,
};

static const struct beam_function send = { "erlang", "send", 2 };

/* ---- from which functions a call can be reached ---- */

/* follows: NULL, or whose functions may make one. */
static bool has_asked(const struct code *code, const struct code_function *function,
		      effect_asked *asked, const struct code_library *follows)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		const struct beam_function *to = code_op_import(code, op);

		if ((to && asked(to)) || (op->opcode == OP_SEND && asked(&send)) ||
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
					code_op_local(code, &code->functions[f].ops[i]);

				marked[f] = to && marked[to - code->functions];
				more = more || marked[f];
			}
		}
	}
}

/* ---- collecting ---- */

struct collector {
	struct code_watch *watch;
	const struct eval *eval;
	bool alone;
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

static void keep(struct collector *collector, struct effect_list *list,
		 const struct eval_frame *frame, const struct beam_function *to,
		 const struct value *const *args)
{
	const bool waited = collector->eval->waited;
	struct code_effect *effect;

	for (size_t i = 0; i < list->len; i++)
		if (same_effect(&list->items[i], frame->function, to, args)) {
			list->items[i].waited &= waited;
			list->items[i].alone &= collector->alone;
			return;
		}
	if (list->len == EFFECTS_MAX)
		return;
	list->items = arena_grow(collector->watch->arena, list->items, list->len, &list->cap);
	effect = &list->items[list->len++];
	*effect = (struct code_effect){ .in = frame->function,
					.through = frame != collector->eval->top,
					.waited = waited,
					.alone = collector->alone,
					.to = *to };
	for (size_t i = 0; i < EFFECT_ARGS; i++)
		effect->args[i] = i < to->arity ? args[i] : &value_unknown;
}

static void see(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct collector *collector = ctx;
	struct code_watch *watch = collector->watch;
	const struct eval_frame *frame = collector->eval->top;

	if (!watch->kept(to))
		return;
	if (frame && frame->code == watch->code)
		keep(collector, &watch->own, frame, to, args);
	while (frame && frame->code != watch->code)
		frame = frame->caller;
	if (frame && watch->through)
		keep(collector, &watch->all, frame, to, args);
}

/* Of all that was worked out nothing else is kept. */
static void keep_values(struct copying *copying, struct effect_list *list, size_t from)
{
	for (size_t i = from; i < list->len; i++) {
		struct code_effect *effect = &list->items[i];

		effect->to.module = text_copy(copying, effect->to.module);
		effect->to.name = text_copy(copying, effect->to.name);
		for (size_t j = 0; j < EFFECT_ARGS; j++)
			effect->args[j] = value_copy(copying, effect->args[j]);
	}
}

static void follow_one(struct code_watch *watch, const struct code_function *function,
		       const struct value *const *args)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	owned_copying struct copying copying = { &scratch, watch->arena, NULL };
	const size_t own = watch->own.len, all = watch->all.len;
	struct collector collector = { .watch = watch, .alone = !function->exported };
	struct eval eval = { .arena = &scratch,
			     .library = watch->library,
			     .limit = FUNCTION_STEPS,
			     .on_call = see,
			     .ctx = &collector };

	collector.eval = &eval;
	eval_function(&eval, watch->code, function, args);
	watch->steps += eval.steps;
	keep_values(&copying, &watch->own, own);
	keep_values(&copying, &watch->all, all);
}

static void follow_those(struct code_watch *watch, effect_asked *asked,
			 const struct code_library *follows)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct code *code = watch->code;
	bool *marked = arena_array(&scratch, code->len, bool);
	const struct value *args[256];

	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = &value_unknown;
	for (size_t i = 0; i < code->len; i++)
		marked[i] = has_asked(code, &code->functions[i], asked, follows);
	code_mark_callers(code, marked);
	for (size_t i = 0; i < code->len && watch->steps < MODULE_STEPS; i++) {
		if (!marked[i] || watch->followed[i])
			continue;
		watch->followed[i] = true;
		follow_one(watch, &code->functions[i], args);
	}
}

static bool is_seen_better(const struct effect_list *list, const struct code_effect *effect)
{
	for (size_t i = 0; effect->alone && i < list->len; i++)
		if (!list->items[i].alone && list->items[i].in == effect->in &&
		    beam_function_same(&list->items[i].to, &effect->to))
			return true;
	return false;
}

static void mark_seen_better(struct effect_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		list->items[i].seen_better = is_seen_better(list, &list->items[i]);
}

struct code_effects code_effects(struct code_watch *watch, effect_asked *asked, bool through)
{
	const struct effect_list *list = through ? &watch->all : &watch->own;

	const unsigned steps = watch->steps;

	if (!watch->followed)
		watch->followed = arena_array(watch->arena, watch->code->len, bool);
	follow_those(watch, asked, NULL);
	if (through)
		follow_those(watch, asked, watch->library);
	if (watch->steps != steps) {
		mark_seen_better(&watch->own);
		mark_seen_better(&watch->all);
	}
	return (struct code_effects){ list->items, list->len };
}

/* ---- who calls whom inside ---- */

size_t code_callers(const struct code *code, const struct code_function *function,
		    const struct code_function **out, size_t room)
{
	size_t len = 0;

	for (size_t f = 0; f < code->len && len < room; f++)
		for (size_t i = 0; i < code->functions[f].len; i++)
			if (code_op_local(code, &code->functions[f].ops[i]) == function) {
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
