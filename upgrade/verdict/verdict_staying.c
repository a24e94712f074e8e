// SPDX-License-Identifier: Apache-2.0
/* Processes that stay in the old code of a module, and call functions of others that changed. */
#include "upgrade/diff/stays.h"
#include "upgrade/verdict/verdict_messages.h"
#include "upgrade/verdict/verdict_running.h"

enum { STEPS = 8000, CALLS_MAX = 8 };

/* What a call is seen to be given. */
struct given {
	const struct value *const *args;
	bool caught; /* somebody catches what it raises, each time */
};

/* A call in a function of the old code. */
struct staying {
	struct judge *judge;
	const struct module_diff *module, *called;
	const struct code_function *loop, *function; /* the loop: NULL where none is known */
	const struct beam_function *to;
	struct eval eval; /* of the function */
	struct given given[CALLS_MAX];
	size_t len;
	struct values answers[SIDES];
	bool fails, unseen; /* the new function itself; not all of it is seen */
};

static bool same_args(const struct value *const *a, const struct value *const *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!value_same(a[i], b[i]))
			return false;
	return true;
}

static void see_call(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct staying *staying = ctx;
	const bool caught = staying->eval.caught > 0;
	const struct value **copy;

	if (!beam_function_same(staying->to, to))
		return;
	for (size_t i = 0; i < staying->len; i++)
		if (same_args(staying->given[i].args, args, to->arity)) {
			staying->given[i].caught = staying->given[i].caught && caught;
			return;
		}
	if (staying->len == CALLS_MAX) {
		staying->unseen = true;
		return;
	}
	copy = arena_array(staying->judge->arena, to->arity, const struct value *);
	for (size_t i = 0; i < to->arity; i++)
		copy[i] = args[i];
	staying->given[staying->len++] = (struct given){ copy, caught };
}

/* Who goes round comes to the same calls again. */
static bool see_enter(void *ctx, const struct code_function *function,
		      const struct value *const *args, bool by_name)
{
	const struct staying *staying = ctx;

	(void)args;
	(void)by_name;
	return function == staying->function || function == staying->loop;
}

static void find_calls(struct staying *staying)
{
	staying->eval = (struct eval){ .arena = staying->judge->arena,
				       .library = &staying->judge->modules->library[SIDE_OLD],
				       .limit = STEPS,
				       .on_call = see_call,
				       .on_enter = see_enter,
				       .ctx = staying };
	eval_any(&staying->eval, staying->module->old_code, staying->function);
	staying->unseen = staying->unseen || staying->eval.gave_up;
}

/* What the called function returns in both releases for what it is given. */
static void find_answers(struct staying *staying, const struct given *given)
{
	const struct code *const codes[SIDES] = { staying->called->old_code,
						  staying->called->new_code };
	struct values values[SIDES] = { { 0 } };

	for (enum side side = SIDE_OLD; side < SIDES; side++) {
		const struct code_function *function =
			code_function(codes[side], staying->to->name, staying->to->arity);
		struct eval eval = { .arena = staying->judge->arena,
				     .library = &staying->judge->modules->library[side],
				     .limit = STEPS };

		if (!function ||
		    !eval_follow(&values[side], &eval, codes[side], function, given->args)) {
			staying->unseen = true;
			return;
		}
		for (size_t i = 0; i < values[side].len; i++)
			eval_add(&eval, &staying->answers[side], values[side].items[i]);
		/* What goes on for good, or in native code, does not return either. */
		staying->unseen = staying->unseen || eval.gave_up ||
				  (values[side].len == 0 && (eval.cut || codes[side]->loads_nif));
	}
	staying->fails = staying->fails ||
			 (!given->caught && values[SIDE_OLD].len > 0 && values[SIDE_NEW].len == 0);
}

static bool is_call(const void *ctx, const struct beam_function *to,
		    const struct value *const *args)
{
	(void)args;
	return beam_function_same(ctx, to);
}

static bool tell(struct staying *staying, const struct app_diff *app, const struct value *answer)
{
	const struct code_function *function =
		code_owner(staying->module->old_code, staying->function);
	const struct beam_function *to = staying->to;
	owned_str struct str text = STR_EMPTY;

	if (answer)
		value_print(&text, answer);
	JUDGE(staying->judge, REASON_answer_unknown, app->name, staying->module->name,
	      "processes that stay in the old code of %s call %s:%s/%u in %s/%u, which %s%s now: "
	      "they fail at that",
	      module_shown(staying->module->name), module_shown(to->module), to->name, to->arity,
	      function->name, function->arity,
	      answer ? "gives them " : "does not take what they hand over", str_text(&text))
		->hint = "understand both one release earlier, or start them again right behind "
			 "this upgrade";
	return true;
}

/* staying  nothing of the call has been seen */
static bool judge_call(struct staying staying, const struct app_diff *app)
{
	struct judge *judge = staying.judge;
	const struct beam_function *to = staying.to;
	const struct module_at *called = modules_find(judge->modules, SIDE_NEW, to->module);
	const struct answered call = { judge, SIDE_OLD, is_call, to };
	const struct value *answer;

	if (!called || !called->diff || called->diff == staying.module ||
	    called->diff->change != CHANGE_CHANGED || called->diff->old_code->unread ||
	    called->diff->new_code->unread ||
	    function_stays(judge->modules, to->module, to->name, to->arity))
		return false;
	staying.called = called->diff;
	find_calls(&staying);
	for (size_t i = 0; i < staying.len && !staying.unseen; i++)
		find_answers(&staying, &staying.given[i]);
	if (staying.unseen)
		return false;
	if (staying.fails)
		return tell(&staying, app, NULL);
	answer = answer_that_fails(&call, staying.module->old_code, staying.function,
				   staying.answers[SIDE_OLD], staying.answers[SIDE_NEW]);
	return answer && tell(&staying, app, answer);
}

static bool judge_function(struct staying staying, const struct app_diff *app, bool *judged)
{
	const struct code *code = staying.module->old_code;
	const struct code_function *function = staying.function;

	memset(judged, 0, code->imports.len * sizeof(*judged));
	for (size_t i = 0; i < function->len; i++) {
		const struct beam_function *to = code_op_import(code, &function->ops[i]);

		if (!to || judged[to - code->imports.items])
			continue;
		judged[to - code->imports.items] = true;
		staying.to = to;
		if (judge_call(staying, app))
			return true;
	}
	return false;
}

void judge_staying_calls(struct judge *judge, const struct app_diff *app,
			 const struct module_diff *module, const struct code_function *loop)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct code *code = module->old_code;
	const bool *reached = reached_uncaught(code, loop, &scratch);
	bool *judged = arena_array(&scratch, code->imports.len, bool);
	struct staying staying = { .judge = judge, .module = module, .loop = loop };

	for (size_t i = 0; i < code->len; i++) {
		staying.function = &code->functions[i];
		if (reached[i] && judge_function(staying, app, judged))
			return;
	}
}
