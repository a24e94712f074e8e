// SPDX-License-Identifier: Apache-2.0
/* What the old code asked for, and what comes into the new one: time-outs, and that processes end;
 * on the way back, what the new code asked for, where the old one fails with it.
 */
#include "upgrade/verdict/verdict_parts.h"

/* A module, on one of the ways between the releases. */
struct asking {
	struct judge *judge;
	const struct app_diff *app;
	const struct module_diff *module;
	enum side from; /* of the code that asks; the other one gets it */
	enum reason_code reason;
	struct message_way way;
};

static struct asking asking_of(struct judge *judge, enum side from, const struct app_diff *app,
			       const struct module_diff *module)
{
	const bool back = from == SIDE_NEW;
	struct asking asking = { judge,
				 app,
				 module,
				 from,
				 back ? REASON_not_reversible : REASON_message_unknown,
				 message_way_to(judge, back ? SIDE_OLD : SIDE_NEW, module) };

	asking.way.raises = back;
	return asking;
}

/* One line is enough for one fact: what is understood neither way is told of the way up. */
static bool is_told_of(const struct asking *asking)
{
	const char *name = asking->module->name;

	return is_told(asking->judge, REASON_message_unknown, name) ||
	       is_told(asking->judge, asking->reason, name);
}

/* what: what the code asks for, "returns time-outs"; taker: who fails */
static void tell_asked(const struct asking *asking, const char *what, const char *taker)
{
	const bool back = asking->from == SIDE_NEW;

	JUDGE(asking->judge, asking->reason, asking->app->name, asking->module->name,
	      back ? "the new code of %s %s, with which %s of the old one fails: after the way "
		     "back, "
		     "one that comes ends its process"
		   : "the old code of %s %s, which %s of the new one does not understand: one that "
		     "comes fails, or is lost",
	      module_shown(asking->module->name), what, taker)
		->hint = back ? "understand it one release before it is asked for"
			      : "go on understanding it for one release";
}

static bool returns_timeout(const struct code *code)
{
	for (size_t i = 0; i < code->len; i++) {
		owned_arena struct arena scratch = ARENA_EMPTY;
		struct eval eval = { .arena = &scratch, .limit = 16000 };
		const struct code_function *function = &code->functions[i];
		const struct value *args[] = { &value_unknown, &value_unknown, &value_unknown };
		struct values values;

		if (function->arity > ARRAY_LEN(args) ||
		    (strcmp(function->name, "init") != 0 &&
		     strncmp(function->name, "handle_", 7) != 0))
			continue;
		values = eval_function(&eval, code, function, args);
		for (size_t j = 0; j < values.len; j++) {
			const struct value *value = values.items[j];
			int size = value_tuple_size(value);

			if ((size == 3 && (value_is_tagged(value, "noreply", 3) ||
					   value_is_tagged(value, "ok", 3))) ||
			    (size == 4 && value_is_tagged(value, "reply", 4)))
				if (value_term_kind(value_element(value, (size_t)size - 1,
								  &scratch)) == TERM_INTEGER)
					return true;
		}
	}
	return false;
}

static void judge_timeout(const struct asking *asking)
{
	struct judge *judge = asking->judge;
	const struct module_diff *module = asking->module;
	const struct value *timeout = value_of_atom(judge->arena, "timeout");

	if (module->old_facts->roles & module->new_facts->roles & BEAM_GEN_SERVER &&
	    !is_told_of(asking) && message_is_lost(&asking->way, MESSAGE_INFO, timeout) &&
	    returns_timeout(asking->way.knew))
		tell_asked(asking, "returns time-outs, which send `timeout`", "handle_info");
}

/* ---- those of state machines: actions among what callbacks return ---- */

/* {{timeout, Name}, Time, Content}, {state_timeout, Time, Content}, {timeout, Time, Content} */
static bool is_timeout(const struct value *action, struct arena *arena)
{
	const struct value *type = value_element(action, 0, arena);

	return value_tuple_size(action) >= 3 &&
	       (value_is_atom(type, "state_timeout") || value_is_atom(type, "timeout") ||
		value_is_tagged(type, "timeout", 2));
}

static void judge_action(const struct asking *asking, const struct value *action)
{
	struct arena *arena = asking->judge->arena;
	owned_str struct str text = STR_EMPTY;

	if (!is_timeout(action, arena) || is_told_of(asking) ||
	    !event_is_lost(&asking->way, value_element(action, 0, arena),
			   value_element(action, 2, arena)))
		return;
	value_print(&text, value_element(action, 0, arena));
	tell_asked(asking, arena_printf(arena, "sets the time-out %s", str_text(&text)), "a state");
}

/* Actions are one, or a list, behind the state and the data. */
static void judge_returned(const struct asking *asking, const struct value *value)
{
	struct arena *arena = asking->judge->arena;
	int size = value_tuple_size(value);
	const struct value *last = size > 1 ? value_element(value, (size_t)size - 1, arena) : NULL;
	const struct value *head;

	if (!last)
		return;
	if (value_tuple_size(last) >= 3)
		judge_action(asking, last);
	while (value_uncons(last, arena, &head, &last))
		if (value_tuple_size(head) >= 3)
			judge_action(asking, head);
}

static void judge_event_timeouts(const struct asking *asking)
{
	const struct module_diff *module = asking->module;
	const struct value *args[] = { &value_unknown, &value_unknown, &value_unknown,
				       &value_unknown };
	const struct code *code = asking->way.knew;

	if (!(module->old_facts->roles & module->new_facts->roles & BEAM_GEN_STATEM) ||
	    module->functions.len == 0)
		return;
	for (size_t i = 0; i < code->len; i++) {
		const struct code_function *function = &code->functions[i];
		struct eval eval = { .arena = asking->judge->arena, .limit = 16000 };
		struct values values = { 0 };

		if (function->arity <= ARRAY_LEN(args) &&
		    code_exports(code, function->name, function->arity) &&
		    (function->arity >= 3 || strcmp(function->name, "init") == 0))
			values = eval_function(&eval, code, function, args);
		for (size_t j = 0; j < values.len; j++)
			judge_returned(asking, values.items[j]);
	}
}

/* ---- messages that come by themselves ---- */

/* clang-format off */
static const struct asked {
	const char *module, *name; /* of calls with any number of arguments */
	const char *tag;           /* of the message; NULL: a reference */
	unsigned size;
	const char *first;         /* only where that is the first argument; NULL: any */
} all_asked[] = {
	{ "erlang", "monitor", "DOWN", 5, NULL },
	{ "erlang", "spawn_monitor", "DOWN", 5, NULL },
	{ "Elixir.Process", "monitor", "DOWN", 5, NULL },
	{ "erlang", "process_flag", "EXIT", 3, "trap_exit" },
	{ "erlang", "start_timer", "timeout", 3, NULL },
	{ "net_kernel", "monitor_nodes", "nodedown", 2, NULL },
	{ "Elixir.Task", "async", NULL, 2, NULL },
	{ "Elixir.Task.Supervisor", "async", NULL, 2, NULL },
	{ "Elixir.Task.Supervisor", "async_nolink", NULL, 2, NULL },
};
/* clang-format on */

/* What a task answers, which runs a fun: in the code that asked, whatever becomes of it meanwhile.
 */
static struct values answers_of(const struct asking *asking, const struct code_effect *effect)
{
	struct judge *judge = asking->judge;
	struct values answers = { 0 };

	for (size_t i = 0; i < EFFECT_ARGS && answers.len == 0; i++) {
		struct eval eval = { .arena = judge->arena,
				     .library = &judge->modules->library[asking->from],
				     .limit = 8000 };

		if (effect->args[i]->kind == VALUE_FUN)
			answers = eval_fun(&eval, effect->args[i], NULL, 0);
	}
	if (answers.len == 0)
		eval_add(&(struct eval){ .arena = judge->arena }, &answers, &value_unknown);
	return answers;
}

static const struct value *message_of(const struct asked *asked, const struct code_effect *effect,
				      const struct value *answer, struct arena *arena)
{
	const struct value *items[5];

	for (size_t i = 0; i < ARRAY_LEN(items); i++)
		items[i] = &value_unknown;
	items[0] = asked->tag ? value_of_atom(arena, asked->tag)
			      : value_of_kind(arena, TERM_REFERENCE);
	if (!asked->tag)
		items[1] = answer;
	if (asked->tag && strcmp(asked->tag, "DOWN") == 0)
		items[2] = value_of_atom(arena, "process");
	if (asked->tag && strcmp(asked->tag, "timeout") == 0)
		items[2] = effect->args[2];
	return value_tuple(arena, items, asked->size);
}

static void judge_asked(const struct asking *asking, const struct code_effect *effect,
			const struct asked *asked, const struct value *answer)
{
	struct arena *arena = asking->judge->arena;
	owned_str struct str text = STR_EMPTY;
	const struct value *message = message_of(asked, effect, answer, arena);

	if ((asked->first && !value_is_atom(effect->args[0], asked->first)) || is_told_of(asking) ||
	    !message_is_lost(&asking->way, MESSAGE_INFO, message))
		return;
	value_print(&text, message);
	tell_asked(asking, arena_printf(arena, "asks for %s by %s", str_text(&text), asked->name),
		   "handle_info");
}

static void judge_all_asked(const struct asking *asking)
{
	const struct module_diff *module = asking->module;
	struct judge *judge = asking->judge;
	struct module_at *maker = modules_find(judge->modules, asking->from, module->name);
	struct code_effects effects = { NULL, 0 };

	if (maker && module->old_facts->roles & module->new_facts->roles & BEAM_GEN_SERVER &&
	    names_have(module->functions, "handle_info/2"))
		effects = effects_of(judge, asking->from, maker);
	for (size_t i = 0; i < effects.len; i++)
		for (size_t j = 0; j < ARRAY_LEN(all_asked); j++) {
			struct values answers = { 0 };

			if (effect_is(&effects.items[i], all_asked[j].module, all_asked[j].name, 0))
				answers = answers_of(asking, &effects.items[i]);
			for (size_t k = 0; k < answers.len; k++)
				judge_asked(asking, &effects.items[i], &all_asked[j],
					    answers.items[k]);
		}
}

void judge_timeouts(struct judge *judge, const struct app_diff *app,
		    const struct module_diff *module)
{
	for (enum side from = SIDE_OLD; from < SIDES; from++) {
		const struct asking asking = asking_of(judge, from, app, module);

		judge_timeout(&asking);
		judge_event_timeouts(&asking);
		judge_all_asked(&asking);
	}
}
