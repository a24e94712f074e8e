// SPDX-License-Identifier: Apache-2.0
/* Processes that stay in the old code of a module, and call functions of others that changed. */
#include "upgrade/diff/stays.h"
#include "upgrade/verdict/verdict_parts.h"

enum { STEPS = 8000, CALLS_MAX = 8 };

/* A call in a function of the old code, with all that it is seen to be given. */
struct staying {
	struct judge *judge;
	const struct module_diff *module, *called;
	const struct code_function *function;
	const struct beam_function *to;
	const struct value *const *args[CALLS_MAX];
	size_t len;
	struct values answers[SIDES];
	bool fails, unseen; /* the new function itself; not all of it is seen */
};

static void see_call(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct staying *staying = ctx;
	const struct value **copy;

	if (!beam_function_same(staying->to, to))
		return;
	if (staying->len == CALLS_MAX) {
		staying->unseen = true;
		return;
	}
	copy = arena_array(staying->judge->arena, to->arity, const struct value *);
	for (size_t i = 0; i < to->arity; i++)
		copy[i] = args[i];
	staying->args[staying->len++] = copy;
}

static void find_calls(struct staying *staying)
{
	struct eval eval = { .arena = staying->judge->arena,
			     .library = &staying->judge->modules->library[SIDE_OLD],
			     .limit = STEPS,
			     .on_call = see_call,
			     .ctx = staying };

	eval_any(&eval, staying->module->old_code, staying->function);
	staying->unseen = staying->unseen || eval.gave_up;
}

/* What the called function returns in both releases for what it is given. */
static void find_answers(struct staying *staying, const struct value *const *args)
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

		if (!function || !eval_follow(&values[side], &eval, codes[side], function, args)) {
			staying->unseen = true;
			return;
		}
		for (size_t i = 0; i < values[side].len; i++)
			eval_add(&eval, &staying->answers[side], values[side].items[i]);
		staying->unseen = staying->unseen || eval.gave_up;
	}
	staying->fails = staying->fails || (values[SIDE_OLD].len > 0 && values[SIDE_NEW].len == 0);
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

static bool judge_call(struct judge *judge, const struct app_diff *app,
		       const struct module_diff *module, const struct code_function *function,
		       const struct beam_function *to)
{
	const struct module_at *called = modules_find(judge->modules, SIDE_NEW, to->module);
	const struct answered call = { judge, SIDE_OLD, is_call, to };
	struct staying staying = {
		.judge = judge, .module = module, .function = function, .to = to
	};
	const struct value *answer;

	if (!called || !called->diff || called->diff == module ||
	    called->diff->change != CHANGE_CHANGED || called->diff->old_code->unread ||
	    called->diff->new_code->unread ||
	    function_stays(judge->modules, to->module, to->name, to->arity))
		return false;
	staying.called = called->diff;
	find_calls(&staying);
	for (size_t i = 0; i < staying.len && !staying.unseen; i++)
		find_answers(&staying, staying.args[i]);
	if (staying.unseen)
		return false;
	if (staying.fails)
		return tell(&staying, app, NULL);
	answer = answer_that_fails(&call, module->old_code, function, staying.answers[SIDE_OLD],
				   staying.answers[SIDE_NEW]);
	return answer && tell(&staying, app, answer);
}

void judge_staying_calls(struct judge *judge, const struct app_diff *app,
			 const struct module_diff *module, const struct code_function *loop)
{
	const struct code *code = module->old_code;
	const bool *reached = loop ? loop_reach(code, loop, judge->arena) : NULL;

	for (size_t i = 0; i < code->len; i++)
		for (size_t j = 0; (!reached || reached[i]) && j < code->functions[i].len; j++) {
			const struct beam_function *to =
				code_op_import(code, &code->functions[i].ops[j]);

			if (to && judge_call(judge, app, module, &code->functions[i], to))
				return;
		}
}
