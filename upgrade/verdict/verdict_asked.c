// SPDX-License-Identifier: Apache-2.0
/* What the old code asked for, and what comes into the new one: that processes end, answers, what a
 * socket receives; on the way back, what the new code asked for, where the old one fails with it.
 */
#include "erlang/code/code_loops.h"
#include "upgrade/verdict/verdict_messages.h"
#include "upgrade/verdict/verdict_running.h"

/* ---- messages that come by themselves ---- */

#define DOWN "{'DOWN', '_', process, '_', '_'}."
#define TAGGED "{'$tag', '_', '$0', '_', '_'}."
#define ALIAS "{[alias | '_'], '_'}."
#define TCP "{tcp, '_', '_'}."
#define UDP "{udp, '_', '_', '_', '_'}."
#define TLS "{ssl, '_', '_'}."

/* clang-format off */
static const struct asked {
	const char *module, *name;
	const char *message;       /* as message_part() reads it */
	/* Which has to be there, also in a list, and not false; "!sync": and false.  Or NULL. */
	const char *option;
	bool by_default; /* it is there where it is not seen */
	uint32_t arity;  /* 0: any */
} all_asked[] = {
	{ "erlang", "monitor", TAGGED, NULL, false, 0 },
	{ "erlang", "spawn_monitor", DOWN, NULL, false, 0 },
	{ "erlang", "spawn_opt", DOWN, "monitor", false, 0 },
	{ "Elixir.Process", "monitor", DOWN, NULL, false, 0 },
	{ "erlang", "process_flag", "{'EXIT', '_', '_'}.", "trap_exit", false, 0 },
	{ "erlang", "start_timer", "{timeout, '_', '$2'}.", NULL, false, 0 },
	{ "erlang", "monitor_node", "{nodedown, '_'}.", "true", true, 0 },
	{ "Elixir.Node", "monitor", "{nodedown, '_'}.", "true", true, 0 },
	{ "net_kernel", "monitor_nodes", "{nodedown, '_'}.", "true", true, 1 },
	{ "net_kernel", "monitor_nodes", "{nodeup, '_'}.", "true", true, 1 },
	{ "net_kernel", "monitor_nodes", "{nodedown, '_', '_'}.", "true", true, 2 },
	{ "net_kernel", "monitor_nodes", "{nodeup, '_', '_'}.", "true", true, 2 },
	{ "pg", "monitor", "{'$reference', join, '_', '_'}.", NULL, false, 0 },
	{ "pg", "monitor", "{'$reference', leave, '_', '_'}.", NULL, false, 0 },
	{ "pg", "monitor_scope", "{'$reference', join, '_', '_'}.", NULL, false, 0 },
	{ "pg", "monitor_scope", "{'$reference', leave, '_', '_'}.", NULL, false, 0 },
	{ "erlang", "open_port", "{'$port', {data, '_'}}.", NULL, false, 0 },
	{ "erlang", "open_port", "{'$port', {exit_status, '_'}}.", "exit_status", false, 0 },
	{ "inet", "setopts", TCP, "active", false, 0 },
	{ "inet", "setopts", "{tcp_closed, '_'}.", "active", false, 0 },
	{ "inet", "setopts", UDP, "active", false, 0 },
	{ "gen_tcp", "connect", TCP, "active", true, 0 },
	{ "gen_tcp", "connect", "{tcp_closed, '_'}.", "active", true, 0 },
	{ "gen_udp", "open", UDP, "active", true, 0 },
	{ "ssl", "setopts", TLS, "active", false, 0 },
	{ "ssl", "setopts", "{ssl_closed, '_'}.", "active", false, 0 },
	{ "ssl", "connect", TLS, "active", true, 0 },
	{ "ssl", "connect", "{ssl_closed, '_'}.", "active", true, 0 },
	{ "gen_server", "send_request", ALIAS, NULL, false, 0 },
	{ "gen_server", "send_request", DOWN, NULL, false, 0 },
	{ "gen_statem", "send_request", ALIAS, NULL, false, 0 },
	{ "gen_statem", "send_request", DOWN, NULL, false, 0 },
	{ "erpc", "send_request", DOWN, NULL, false, 0 },
	{ "httpc", "request", "{http, {'$reference', '_'}}.", "!sync", false, 0 },
	{ "Elixir.Task", "async", "{'$reference', '$answer'}.", NULL, false, 0 },
	{ "Elixir.Task.Supervisor", "async", "{'$reference', '$answer'}.", NULL, false, 0 },
	{ "Elixir.Task.Supervisor", "async_nolink", "{'$reference', '$answer'}.", NULL, false, 0 },
	{ "Elixir.Task.Supervisor", "async_nolink", DOWN, NULL, false, 0 },
};
/* clang-format on */

/* NO: switched off; MAYBE: it is not there, or not all is seen. */
static enum answer option_of(const struct value *arg, const char *option, struct arena *arena)
{
	const struct value *head;

	if (*option == '!') {
		const enum answer answer = option_of(arg, option + 1, arena);

		return answer == MAYBE ? MAYBE : answer == YES ? NO : YES;
	}
	if (value_is_atom(arg, option) || value_is_atom(arg, "false"))
		return value_is_atom(arg, option) ? YES : NO;
	while (value_uncons(arg, arena, &head, &arg)) {
		if (value_is_atom(head, option))
			return YES;
		if (value_is_tagged(head, option, 2))
			return value_is_atom(value_element(head, 1, arena), "false") ? NO : YES;
	}
	return MAYBE;
}

static bool asks_for(const struct code_effect *effect, const struct asked *asked,
		     struct arena *arena)
{
	bool is = !asked->option || asked->by_default;

	if (!effect_is(effect, asked->module, asked->name, asked->arity))
		return false;
	for (size_t i = 0; i < EFFECT_ARGS && asked->option; i++) {
		const enum answer answer = option_of(effect->args[i], asked->option, arena);

		if (answer == NO)
			return false;
		is = is || answer == YES;
	}
	return is;
}

/* … {Module, Function, Arguments} that begin at an argument of the call. */
static struct values answers_by_name(struct judge *judge, enum side side,
				     const struct code_effect *effect, size_t at)
{
	const char *name = value_atom_name(effect->args[at]);
	const char *function = value_atom_name(effect->args[at + 1]);
	struct module_at *module =
		name && function ? modules_find(judge->modules, side, name) : NULL;
	const struct code *code = module ? module_code(judge->modules, side, module) : NULL;
	const struct value *args[8], *rest = effect->args[at + 2];
	struct eval eval = { .arena = judge->arena,
			     .library = &judge->modules->library[side],
			     .limit = 8000 };
	uint32_t arity = 0;

	while (arity < ARRAY_LEN(args) && value_uncons(rest, judge->arena, &args[arity], &rest))
		arity++;
	return code && !code->unread && value_is_nil(rest) == YES &&
			       code_exports(code, function, arity)
		       ? eval_function(&eval, code, code_function(code, function, arity), args)
		       : (struct values){ 0 };
}

/* What a task answers, which runs a fun, or a function by its name: in the code that asked,
 * whatever becomes of it meanwhile.
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
		else if (i + 2 < EFFECT_ARGS)
			answers = answers_by_name(judge, asking->from, effect, i);
	}
	if (answers.len == 0)
		eval_add(&(struct eval){ .arena = judge->arena }, &answers, &value_unknown);
	return answers;
}

/* Of a monitor: {tag, Term} among its options, or 'DOWN'. */
static const struct value *tag_of(const struct code_effect *effect, struct arena *arena)
{
	const struct value *options = effect->args[2], *head;

	if (effect->to.arity < 3)
		return value_of_atom(arena, "DOWN");
	while (value_uncons(options, arena, &head, &options))
		if (value_is_tagged(head, "tag", 2))
			return value_element(head, 1, arena);
	return value_is_nil(options) == YES ? value_of_atom(arena, "DOWN") : &value_unknown;
}

/* A message as it is written in the table: '_' is anything, '$0' and '$2' are arguments of the
 * call.
 */
static const struct value *message_part(const struct term *term, const struct code_effect *effect,
					const struct value *answer, struct arena *arena)
{
	const struct value *items[8], *list;
	const char *name = term_atom_name(term);

	if (name && strcmp(name, "_") == 0)
		return &value_unknown;
	if (name && strcmp(name, "$0") == 0)
		return effect->args[0];
	if (name && strcmp(name, "$2") == 0)
		return effect->args[2];
	if (name && strcmp(name, "$tag") == 0)
		return tag_of(effect, arena);
	if (name && strcmp(name, "$answer") == 0)
		return answer;
	if (name && strcmp(name, "$port") == 0)
		return value_of_kind(arena, TERM_PORT);
	if (name && strcmp(name, "$reference") == 0)
		return value_of_kind(arena, TERM_REFERENCE);
	if (name)
		return value_of_term(arena, term);
	for (size_t i = 0; i < term->seq.len; i++)
		items[i] = message_part(term->seq.items[i], effect, answer, arena);
	if (term->kind == TERM_TUPLE)
		return value_tuple(arena, items, term->seq.len);
	list = message_part(term->seq.tail, effect, answer, arena);
	return value_cons(arena, items[0], list);
}

static const struct value *message_of(const struct asked *asked, const struct code_effect *effect,
				      const struct value *answer, struct arena *arena)
{
	const struct term *term;
	struct error err;

	if (term_parse_one(&term, arena, span_of(asked->message), asked->name, &err))
		return &value_unknown;
	return message_part(term, effect, answer, arena);
}

/* ---- who waits for it at once ---- */

static bool is_awaiting(const struct beam_function *to)
{
	static const char *const modules[] = { "Elixir.Task", "gen_server", "gen_statem", "erpc" };
	static const char *const names[] = { "await",        "await_many", "yield",
					     "yield_many",   "shutdown",   "receive_response",
					     "wait_response" };
	bool is = false;

	for (size_t i = 0; i < ARRAY_LEN(modules); i++)
		is = is || strcmp(modules[i], to->module) == 0;
	for (size_t i = 0; i < ARRAY_LEN(names) && is; i++)
		if (strcmp(names[i], to->name) == 0)
			return true;
	return false;
}

static bool calls(const struct code *code, const struct code_function *owner,
		  const struct code_function *function)
{
	const struct code_function *callers[16];
	const size_t len = code_callers(code, function, callers, ARRAY_LEN(callers));

	for (size_t i = 0; i < len; i++)
		if (code_owner(code, callers[i]) == owner)
			return true;
	return code_owner(code, function) == owner;
}

/* How often. */
static size_t receives(const struct code_function *function)
{
	size_t times = 0;

	for (size_t i = 0; i < function->len; i++)
		times += function->ops[i].opcode == OP_LOOP_REC;
	return times;
}

/* Whether a function takes messages itself, or one that it calls does: those that it asks for. */
static bool waits(const struct code *code, const struct code_function *function,
		  struct code_remotes remotes)
{
	const struct code_function *owner = code_owner(code, function);

	for (size_t i = 0; i < code->len; i++)
		if (receives(&code->functions[i]) > 0 && calls(code, owner, &code->functions[i]))
			return true;
	for (size_t i = 0; i < remotes.len; i++)
		if (is_awaiting(&remotes.items[i].to) && calls(code, owner, remotes.items[i].from))
			return true;
	return false;
}

/* A changed module that makes such a call, and waits there. */
static bool waits_elsewhere(const struct asking *asking, const struct beam_function *to)
{
	struct judge *judge = asking->judge;
	struct modules *modules = judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[asking->from]); i++) {
		owned_arena struct arena scratch = ARENA_EMPTY;
		struct module_at *module = &modules->items[asking->from][i];
		const struct code *code =
			module->diff ? module_code(modules, asking->from, module) : NULL;
		struct code_remotes remotes = { NULL, 0 };

		if (code && !code->unread)
			remotes = code_remote(code, &scratch);
		for (size_t j = 0; j < remotes.len; j++)
			if (strcmp(remotes.items[j].to.name, to->name) == 0 &&
			    strcmp(remotes.items[j].to.module, to->module) == 0 &&
			    waits(code, remotes.items[j].from, remotes))
				return true;
	}
	return false;
}

/* A loop takes what it asks for when it goes round; where it looks into the mailbox once more, that
 * may be for it.
 */
static bool goes_round_for_it(const struct asking *asking, const struct code_effect *effect)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct code *code = asking->way.knew;
	const struct loop_part *parts = code_loop_parts(code, function_waits, &scratch);
	const struct code_function *owner = code_owner(code, effect->in);
	size_t looks = 0;

	if (!message_is_for_loops(asking->module))
		return false;
	for (size_t i = 0; i < code->len; i++) {
		const struct code_function *function = &code->functions[i];

		if (parts[i].round && calls(code, owner, function))
			looks = looks > receives(function) ? looks : receives(function);
		else if (receives(function) > 0 && calls(code, owner, function))
			return false;
	}
	return looks == 1;
}

static bool is_awaited(const struct asking *asking, const struct code_effect *effect)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct code *code = asking->way.knew;

	if (goes_round_for_it(asking, effect))
		return false;
	return waits(code, effect->in, code_remote(code, &scratch)) ||
	       (effect->through && waits_elsewhere(asking, &effect->to));
}

/* ---- all of them ---- */

static struct code_effects effects_at(const struct asking *asking, enum side side)
{
	struct judge *judge = asking->judge;
	struct module_at *module = modules_find(judge->modules, side, asking->module->name);

	return module ? effects_through(judge, side, module) : (struct code_effects){ NULL, 0 };
}

/* Whether the code that fails with it asked for the same: then it is no worse than it was. */
static bool was_asked_for(const struct asking *asking, const struct asked *asked,
			  const struct value *message)
{
	struct arena *arena = asking->judge->arena;
	const struct code_effects before = effects_at(asking, SIDE_OLD);
	const struct asking other = asking_of(asking->judge, SIDE_OLD, asking->app, asking->module);

	for (size_t i = 0; i < before.len && asking->from == SIDE_NEW; i++)
		if (asks_for(&before.items[i], asked, arena) &&
		    value_same(message_of(asked, &before.items[i], &value_unknown, arena),
			       message) &&
		    !is_awaited(&other, &before.items[i]))
			return true;
	return false;
}

static void judge_asked(const struct asking *asking, const struct code_effect *effect,
			const struct asked *asked, const struct value *answer)
{
	struct arena *arena = asking->judge->arena;
	owned_str struct str text = STR_EMPTY;
	const struct value *message = message_of(asked, effect, answer, arena);

	if (asking_is_told(asking) || !message_is_lost(&asking->way, MESSAGE_INFO, message) ||
	    is_awaited(asking, effect) || was_asked_for(asking, asked, message))
		return;
	value_print(&text, message);
	tell_asked(asking, arena_printf(arena, "asks for %s by %s", str_text(&text), asked->name),
		   message_taker(asking->way.code, MESSAGE_INFO));
}

void judge_all_asked(const struct asking *asking)
{
	const struct module_diff *module = asking->module;
	struct code_effects effects = { NULL, 0 };

	if ((module->old_facts->roles & module->new_facts->roles &
		     (BEAM_GEN_SERVER | BEAM_GEN_STATEM | BEAM_GEN_EVENT) ||
	     message_is_for_loops(module)) &&
	    message_takers_changed(module, MESSAGE_INFO))
		effects = effects_at(asking, asking->from);
	for (size_t i = 0; i < effects.len; i++)
		for (size_t j = 0; j < ARRAY_LEN(all_asked); j++) {
			struct values answers = { 0 };

			if (asks_for(&effects.items[i], &all_asked[j], asking->judge->arena))
				answers = answers_of(asking, &effects.items[i]);
			for (size_t k = 0; k < answers.len; k++)
				judge_asked(asking, &effects.items[i], &all_asked[j],
					    answers.items[k]);
		}
}
