// SPDX-License-Identifier: Apache-2.0
/* Calls that a server answers later: by reply/2, a gen_statem also by an action of a later event,
 * or since it postponed the call.  Who waits goes on in the code that called, and gets what the new
 * server answers.
 */
#include "upgrade/verdict/verdict_kept.h"
#include "upgrade/verdict/verdict_messages.h"

struct waiting {
	struct judge *judge;
	struct module_at *module, *before;
	struct answers later[SIDES];
};

static bool is_server_call(const struct beam_function *to)
{
	return effect_calls_server(to) || (strcmp(to->name, "call") == 0 && to->arity >= 2 &&
					   strcmp(to->module, "gen_statem") == 0);
}

static bool calls_server(const void *ctx, const struct beam_function *to,
			 const struct value *const *args)
{
	(void)ctx;
	(void)args;
	return is_server_call(to);
}

/* ---- what is answered later ---- */

static void take_replies(struct answers *answers, const struct value *list, struct arena *arena)
{
	if (value_is_tagged(list, "reply", 3))
		answers_add(answers, value_element(list, 2, arena));
	else
		statem_replies(answers, list, NULL, arena);
}

/* What reply/2 is given in a module. */
static struct answers answers_of(struct judge *judge, enum side side, struct module_at *module)
{
	struct code_effects effects = effects_of(judge, side, module, effect_any);
	struct answers answers = { .len = 0 };

	for (size_t i = 0; i < effects.len; i++)
		if (effect_is(&effects.items[i], "gen_server", "reply", 2) ||
		    effect_is(&effects.items[i], "gen_statem", "reply", 2) ||
		    effect_is(&effects.items[i], "Elixir.GenServer", "reply", 2))
			answers_add(&answers, effects.items[i].args[1]);
		else if (effect_is(&effects.items[i], "gen_statem", "reply", 1))
			take_replies(&answers, effects.items[i].args[0], judge->arena);
	if (module->diff->old_facts->roles & BEAM_GEN_STATEM)
		statem_late_replies(judge, side, module, &answers);
	return answers;
}

/* Those of the new server that the old one does not give; false: one is not seen. */
static const struct value *first_new(const struct answers *olds, const struct answers *news)
{
	const struct value *first = NULL;

	for (size_t i = 0; i < news->len; i++) {
		if (value_term_kind(news->items[i]) < 0)
			return NULL;
		if (!first && !answers_have(olds, news->items[i]))
			first = news->items[i];
	}
	return news->more ? NULL : first;
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

/* *olds, *news: what may be answered to a request that is left for later, of both releases. */
static bool waits_for(const struct waiting *waiting, const struct value *request,
		      struct answers *olds, struct answers *news)
{
	const struct module_diff *diff = waiting->module->diff;

	*olds = waiting->later[SIDE_OLD];
	*news = waiting->later[SIDE_NEW];
	if (value_term_kind(request) < 0)
		return false;
	if (!(diff->old_facts->roles & BEAM_GEN_STATEM))
		return is_left(waiting->judge, diff->old_code, request);
	switch (statem_call(waiting->judge, SIDE_OLD, diff->old_code, request, NULL)) {
	case CALL_ANSWERED:
		return false;
	case CALL_LEFT:
		return true;
	case CALL_POSTPONED:
		statem_call(waiting->judge, SIDE_OLD, diff->old_code, request, olds);
		statem_call(waiting->judge, SIDE_NEW, diff->new_code, request, news);
		return true;
	}
	return false;
}

/* ---- who waits ---- */

static struct values values_of(struct answers *answers)
{
	return (struct values){ answers->items, answers->len, answers->len };
}

static bool tell(const struct waiting *waiting, const char *app, const char *module,
		 const struct code_function *caller, const struct value *answer)
{
	owned_str struct str text = STR_EMPTY;

	value_print(&text, answer);
	JUDGE(waiting->judge, REASON_message_unknown, app, module,
	      "who waits in the old %s:%s/%u for an answer that %s gives later gets one of "
	      "the new code, like %s, with which it fails",
	      module_shown(module), caller->name, caller->arity,
	      module_shown(waiting->module->name), str_text(&text))
		->hint = "understand both answers one release earlier, or answer all that "
			 "wait in code_change";
	return true;
}

/* What the server's own function hands on to who called that. */
struct handed {
	const char *module;
	const struct code_function *function;
	struct values olds, news;
	const struct value *answer;
};

static bool calls_handed(const void *ctx, const struct beam_function *to,
			 const struct value *const *args)
{
	const struct handed *handed = ctx;

	(void)args;
	return to->arity == handed->function->arity &&
	       strcmp(to->name, handed->function->name) == 0 &&
	       strcmp(to->module, handed->module) == 0;
}

static bool calls_it(const struct code *code, const struct code_function *function,
		     const struct handed *handed)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct beam_function *to = code_op_import(code, &function->ops[i]);

		if (to && calls_handed(handed, to, NULL))
			return true;
	}
	return false;
}

static bool judge_client(const struct waiting *waiting, const struct app_diff *app,
			 const struct module_diff *client, const struct handed *handed)
{
	const struct answered call = { waiting->judge, SIDE_OLD, calls_handed, handed };
	const struct code *code = client->old_code;

	for (size_t i = 0; i < code->len; i++) {
		const struct code_function *function = &code->functions[i];

		if (calls_it(code, function, handed) &&
		    answers_fail(&call, code, function, handed->olds, handed->news))
			return tell(waiting, app->name, client->name, code_owner(code, function),
				    handed->answer);
	}
	return false;
}

/* Changed modules alone: what is the same fails behind the upgrade, too. */
static bool judge_clients(const struct waiting *waiting, const struct handed *handed)
{
	const struct diff *diff = waiting->judge->diff;

	for (size_t i = 0; i < diff->len; i++)
		for (size_t j = 0; j < diff->apps[i].modules.len; j++) {
			const struct module_diff *client = &diff->apps[i].modules.items[j];

			if (client->change == CHANGE_CHANGED && client != waiting->module->diff &&
			    !client->old_code->unread &&
			    beam_imports(client->old_facts, handed->module, handed->function->name,
					 handed->function->arity) &&
			    judge_client(waiting, &diff->apps[i], client, handed))
				return true;
		}
	return false;
}

/* The function that waits, or one of its module that calls it; NULL: none fails. */
static const struct code_function *who_fails(const struct answered *call, const struct code *code,
					     const struct code_function *function,
					     struct values olds, struct values news)
{
	const struct code_function *callers[8];
	size_t len;

	if (answers_fail(call, code, function, olds, news))
		return function;
	len = code_callers(code, function, callers, ARRAY_LEN(callers));
	for (size_t i = 0; i < len; i++)
		if (answers_fail(call, code, code_owner(code, callers[i]), olds, news))
			return code_owner(code, callers[i]);
	return NULL;
}

static bool judge_caller(const struct waiting *waiting, const struct code_effect *effect)
{
	const struct module_at *module = waiting->module;
	const struct code *code = module->diff->old_code;
	const struct answered call = { waiting->judge, SIDE_OLD, calls_server, NULL };
	struct handed handed = { .module = module->name, .function = code_owner(code, effect->in) };
	const struct code_function *failing;
	struct answers olds, news;

	if (!waits_for(waiting, effect->args[1], &olds, &news) ||
	    !(handed.answer = first_new(&olds, &news)))
		return false;
	failing = who_fails(&call, code, handed.function, values_of(&olds), values_of(&news));
	if (failing)
		return tell(waiting, module->app->name, module->name, failing, handed.answer);
	if (!code_exports(code, handed.function->name, handed.function->arity))
		return false;
	handed.olds = answer_handed_on(&call, code, handed.function, values_of(&olds),
				       waiting->judge->arena);
	handed.news = answer_handed_on(&call, code, handed.function, values_of(&news),
				       waiting->judge->arena);
	return judge_clients(waiting, &handed);
}

static void judge_server(struct judge *judge, struct module_at *module)
{
	struct waiting waiting = { .judge = judge, .module = module };
	struct code_effects effects;

	waiting.before = modules_find(judge->modules, SIDE_OLD, module->name);
	effects = effects_of(judge, SIDE_OLD, waiting.before, is_server_call);
	if (effects.len == 0)
		return;
	waiting.later[SIDE_OLD] = answers_of(judge, SIDE_OLD, waiting.before);
	waiting.later[SIDE_NEW] = answers_of(judge, SIDE_NEW, module);
	for (size_t i = 0; i < effects.len; i++)
		if (is_server_call(&effects.items[i].to) &&
		    judge_caller(&waiting, &effects.items[i]))
			return;
}

void judge_waiting(struct judge *judge)
{
	struct modules *modules = judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];
		const struct module_diff *diff = module->diff;

		if (diff && diff->change == CHANGE_CHANGED && !diff->old_code->unread &&
		    !diff->new_code->unread &&
		    diff->old_facts->roles & diff->new_facts->roles &
			    (BEAM_GEN_SERVER | BEAM_GEN_STATEM))
			judge_server(judge, module);
	}
}
