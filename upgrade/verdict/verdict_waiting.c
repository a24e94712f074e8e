// SPDX-License-Identifier: Apache-2.0
/* Calls that a server answers later, by reply/2: who waits goes on in the code that called, and
 * gets what the new server answers.
 */
#include "upgrade/verdict/verdict_parts.h"

enum { ANSWERS = 16 };

struct answers {
	const struct value *items[ANSWERS];
	size_t len;
};

/* What reply/2 is given in a module. */
static struct answers answers_of(struct judge *judge, enum side side, struct module_at *module)
{
	struct code_effects effects = effects_of(judge, side, module, effect_any);
	struct answers answers = { .len = 0 };

	for (size_t i = 0; i < effects.len && answers.len < ANSWERS; i++)
		if (effect_is(&effects.items[i], "gen_server", "reply", 2) ||
		    effect_is(&effects.items[i], "Elixir.GenServer", "reply", 2))
			answers.items[answers.len++] = effects.items[i].args[1];
	return answers;
}

static bool is_any(const struct answers *answers, const struct value *value)
{
	for (size_t i = 0; i < answers->len; i++)
		if (value_same(answers->items[i], value))
			return true;
	return false;
}

/* Those of the new server that the old one does not give; false: one is not seen. */
static bool only_new(struct answers *out, const struct answers *olds, const struct answers *news)
{
	for (size_t i = 0; i < news->len; i++) {
		if (value_term_kind(news->items[i]) < 0)
			return false;
		if (!is_any(olds, news->items[i]))
			out->items[out->len++] = news->items[i];
	}
	return true;
}

/* Whether handle_call/3 may leave a request for later. */
static bool is_left(struct judge *judge, const struct code *code, const struct value *request)
{
	const struct code_function *function = code_function(code, "handle_call", 3);
	const struct value *const args[] = { request, &value_unknown, &value_unknown };
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct eval eval = { .arena = &scratch,
			     .library = &judge->modules->library[SIDE_OLD],
			     .limit = 8000 };
	struct values values = { 0 };

	if (function)
		values = eval_function(&eval, code, function, args);
	for (size_t i = 0; i < values.len; i++)
		if (value_tuple_size(values.items[i]) >= 2 &&
		    value_is_atom(value_element(values.items[i], 0, &scratch), "noreply"))
			return true;
	return false;
}

/* ---- who waits ---- */

struct waiting {
	struct eval eval;
	const struct value *answer;
};

static bool answer_call(void *ctx, const struct beam_function *function,
			const struct value *const *args, struct values *out)
{
	struct waiting *waiting = ctx;

	(void)args;
	if (!effect_calls_server(function))
		return false;
	eval_add(&waiting->eval, out, waiting->answer);
	return true;
}

/* Whether a function that calls never returns when it gets that. */
static bool fails_with(struct judge *judge, const struct code *code,
		       const struct code_function *function, const struct value *answer)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct waiting waiting = { .answer = answer };
	const struct value *args[16];

	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = &value_unknown;
	waiting.eval = (struct eval){ .arena = &scratch,
				      .library = &judge->modules->library[SIDE_OLD],
				      .limit = 8000,
				      .answer = answer_call,
				      .ctx = &waiting };
	return function->arity <= ARRAY_LEN(args) &&
	       eval_function(&waiting.eval, code, function, args).len == 0 &&
	       !waiting.eval.gave_up && !waiting.eval.cut;
}

/* It copes with some answer of its own release, and with none of these. */
static bool is_lost(struct judge *judge, const struct code *code,
		    const struct code_function *function, const struct answers *olds,
		    const struct answers *news)
{
	bool copes = false;

	for (size_t i = 0; i < olds->len && !copes; i++)
		copes = !fails_with(judge, code, function, olds->items[i]);
	for (size_t i = 0; i < news->len && copes; i++)
		copes = fails_with(judge, code, function, news->items[i]);
	return copes;
}

static void judge_server(struct judge *judge, struct module_at *module)
{
	struct module_at *before = modules_find(judge->modules, SIDE_OLD, module->name);
	struct answers olds = answers_of(judge, SIDE_OLD, before);
	struct answers all = answers_of(judge, SIDE_NEW, module), news = { .len = 0 };
	const struct code *code = module->diff->old_code;
	struct code_effects effects;

	if (olds.len == 0 || !only_new(&news, &olds, &all) || news.len == 0 || news.len < all.len)
		return;
	effects = effects_of(judge, SIDE_OLD, before, effect_any);
	for (size_t i = 0; i < effects.len; i++) {
		const struct code_effect *effect = &effects.items[i];
		const struct code_function *caller = code_owner(code, effect->in);
		owned_str struct str text = STR_EMPTY;

		if (!effect_calls_server(&effect->to) || value_term_kind(effect->args[1]) < 0 ||
		    !is_left(judge, code, effect->args[1]) ||
		    !is_lost(judge, code, caller, &olds, &news))
			continue;
		value_print(&text, news.items[0]);
		JUDGE(judge, REASON_message_unknown, module->app->name, module->name,
		      "who waits in the old %s:%s/%u for an answer that %s gives later gets one of "
		      "the new code, like %s, with which it fails",
		      module_shown(module->name), caller->name, caller->arity,
		      module_shown(module->name), str_text(&text))
			->hint = "understand both answers one release earlier, or answer all that "
				 "wait in code_change";
		return;
	}
}

void judge_waiting(struct judge *judge)
{
	struct modules *modules = judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];
		const struct module_diff *diff = module->diff;

		if (diff && diff->change == CHANGE_CHANGED && !diff->old_code->unread &&
		    !diff->new_code->unread &&
		    diff->old_facts->roles & diff->new_facts->roles & BEAM_GEN_SERVER)
			judge_server(judge, module);
	}
}
