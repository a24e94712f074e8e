// SPDX-License-Identifier: Apache-2.0
/* Funs of a changed module that are handed over and kept: in tables, terms, the states of others.
 */
#include "upgrade/verdict/verdict_kept.h"
#include "upgrade/verdict/verdict_messages.h"

static bool has_fun(const struct value *value, const struct code *code, unsigned depth)
{
	const struct value *head;

	if (value->kind == VALUE_FUN)
		return value->fun.code == code;
	if (depth == 0)
		return false;
	if (value->kind == VALUE_TUPLE)
		for (size_t i = 0; i < value->tuple.len; i++)
			if (has_fun(value->tuple.items[i], code, depth - 1))
				return true;
	if (value->kind == VALUE_MAP)
		return has_fun(value->map.value, code, depth - 1) ||
		       has_fun(value->map.base, code, depth - 1);
	for (head = value; value->kind == VALUE_CONS; value = value->cons.tail) {
		head = value->cons.head;
		if (has_fun(head, code, depth - 1))
			return true;
	}
	return false;
}

static bool holds_fun(void *code, const struct value *value)
{
	return has_fun(value, code, 8);
}

/* Where it stays: a table, a term, or the state of who takes the message.  NULL: nowhere. */
static const char *kept_in(struct judge *judge, const struct code *self, const struct code *code,
			   const struct code_effect *effect)
{
	static const char *const places[][2] = {
		{ "ets", "insert" },           { "ets", "insert_new" },
		{ "persistent_term", "put" },  { "application", "set_env" },
		{ "telemetry", "attach" },     { "telemetry", "attach_many" },
		{ "timer", "apply_interval" }, { "timer", "apply_after" },
	};
	const char *state;

	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (effect_is(effect, places[i][0], places[i][1], 0))
			return arena_printf(judge->arena, "by %s:%s", places[i][0], places[i][1]);
	state = kept_by_receiver(judge, SIDE_OLD, self, effect, holds_fun, (void *)(uintptr_t)code);
	return state ? arena_printf(judge->arena, "in %s", state) : NULL;
}

static void tell_kept(struct judge *judge, const struct module_at *module, const char *place)
{
	if (!place || is_told(judge, REASON_fun_kept, module->name))
		return;
	JUDGE(judge, REASON_fun_kept, module->app->name, module->name,
	      "a fun of the old %s is kept %s: it is gone when the old code is purged, and calling "
	      "it fails",
	      module_shown(module->name), place)
		->hint = "keep fun ?MODULE:name/arity or {Module, Function} instead, or keep it "
			 "anew behind the upgrade";
}

struct handing {
	struct judge *judge;
	const struct code *code; /* whose funs */
	struct eval *eval;
	const char *place;
};

/* Another module's function may send it on: registry:add(Fun). */
static void see_handed(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct handing *handing = ctx;
	const struct eval_frame *top = handing->eval->top;
	struct code_effect effect = { .in = top ? top->function : NULL, .to = *to };
	bool any = false;

	if (!top || top->code == handing->code || handing->place)
		return;
	for (size_t i = 0; i < EFFECT_ARGS; i++) {
		effect.args[i] = i < to->arity ? args[i] : &value_unknown;
		any = any || has_fun(effect.args[i], handing->code, 8);
	}
	if (any)
		handing->place = kept_in(handing->judge, top->code, handing->code, &effect);
}

static void judge_handed_on(struct judge *judge, const struct module_at *module,
			    const struct code *code)
{
	for (size_t i = 0; i < code->len; i++) {
		owned_arena struct arena scratch = ARENA_EMPTY;
		struct handing handing = { .judge = judge, .code = code };
		struct eval eval = { .arena = &scratch,
				     .library = &judge->modules->library[SIDE_OLD],
				     .limit = 8000,
				     .on_call = see_handed,
				     .ctx = &handing };

		if (!function_makes_fun(&code->functions[i]))
			continue;
		handing.eval = &eval;
		eval_any(&eval, code, &code->functions[i]);
		tell_kept(judge, module, handing.place);
	}
}

void judge_funs(struct judge *judge, struct module_at *module)
{
	struct code_effects effects = effects_of(judge, SIDE_OLD, module, effect_any);
	const struct code *code = module_code(judge->modules, SIDE_OLD, module);

	if (!code || code->unread)
		return;
	for (size_t i = 0; i < effects.len; i++) {
		const char *place = NULL;

		for (size_t j = 0; j < EFFECT_ARGS && !place; j++)
			if (has_fun(effects.items[i].args[j], code, 8))
				place = kept_in(judge, code, code, &effects.items[i]);
		tell_kept(judge, module, place);
	}
	judge_handed_on(judge, module, code);
}
