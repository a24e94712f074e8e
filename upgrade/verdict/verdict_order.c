// SPDX-License-Identifier: Apache-2.0
/* What happens at the wrong moment: while others are suspended, or not yet changed. */
#include "upgrade/verdict/verdict_messages.h"
#include "upgrade/verdict/verdict_running.h"

enum { DEPTH = 6 };

/* Whether one of these functions calls it, also by way of others of the module. */
static bool comes_from(const struct code *code, const struct code_function *function,
		       bool (*is_one)(const struct code_function *function), unsigned depth)
{
	const struct code_function *callers[16];
	size_t len;

	function = code_owner(code, function);
	if (is_one(function))
		return true;
	if (depth == 0)
		return false;
	len = code_callers(code, function, callers, ARRAY_LEN(callers));
	for (size_t i = 0; i < len; i++)
		if (callers[i] != function && comes_from(code, callers[i], is_one, depth - 1))
			return true;
	return false;
}

/* ---- code_change that calls a process ---- */

static bool is_code_change(const struct code_function *function)
{
	return strcmp(function->name, "code_change") == 0 ||
	       strcmp(function->name, "system_code_change") == 0;
}

bool is_of_code_change(const struct code *code, const struct code_function *function)
{
	return comes_from(code, function, is_code_change, DEPTH);
}

static bool is_call(const struct code_effect *effect)
{
	return effect_is(effect, "gen_server", "call", 0) ||
	       effect_is(effect, "gen_statem", "call", 0) ||
	       effect_is(effect, "Elixir.GenServer", "call", 0);
}

static void tell_call(struct judge *judge, const struct module_at *module,
		      const struct value *called)
{
	owned_str struct str name = STR_EMPTY;

	value_print(&name, called);
	JUDGE(judge, REASON_code_change_calls, module->app->name, module->name,
	      "code_change of %s calls the process %s: while that is suspended, or not yet "
	      "changed, it waits in vain, and the node restarts",
	      module_shown(module->name), str_text(&name))
		->hint = "take what is needed from elsewhere, or ask for it behind the upgrade";
}

/* By way of other modules: only who changes as well is not there to answer. */
struct calling {
	struct judge *judge;
	struct eval *eval;
	const struct value *called;
};

static void see_call(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct calling *calling = ctx;
	struct modules *modules = calling->judge->modules;
	const struct code_effect effect = { .to = *to };
	const char *name;
	const struct module_at *process;

	if (calling->called || to->arity == 0 || !is_call(&effect) || !calling->eval->top)
		return;
	name = value_atom_name(args[0]);
	process = name ? modules_find(modules, SIDE_NEW, name) : NULL;
	if (!process)
		process = modules_find(modules, SIDE_NEW, calling->eval->top->code->module);
	if (process && process->diff)
		calling->called = args[0];
}

static void judge_far_calls(struct judge *judge, const struct module_at *module,
			    const struct code *code)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct value *const args[] = { &value_unknown, &value_unknown, &value_unknown,
					     &value_unknown };
	struct calling calling = { .judge = judge };
	struct eval eval = { .arena = &scratch,
			     .library = &judge->modules->library[SIDE_NEW],
			     .limit = 16000,
			     .on_call = see_call,
			     .ctx = &calling };

	calling.eval = &eval;
	for (size_t i = 0; i < code->len && !calling.called; i++)
		if (is_code_change(&code->functions[i]) &&
		    code->functions[i].arity <= ARRAY_LEN(args))
			eval_function(&eval, code, &code->functions[i], args);
	if (calling.called)
		tell_call(judge, module, calling.called);
}

static void judge_code_change(struct judge *judge, struct module_at *module)
{
	struct code_effects effects = effects_of(judge, SIDE_NEW, module, effect_any);
	const struct code *code = module_code(judge->modules, SIDE_NEW, module);

	for (size_t i = 0; code && i < effects.len; i++)
		if (is_call(&effects.items[i]) && is_of_code_change(code, effects.items[i].in)) {
			tell_call(judge, module, effects.items[i].args[0]);
			return;
		}
	if (code && !code->unread)
		judge_far_calls(judge, module, code);
}

/* ---- an application that is started before what it calls is changed ---- */

static bool is_begin(const struct code_function *function)
{
	return (strcmp(function->name, "start") == 0 && function->arity == 2) ||
	       strcmp(function->name, "init") == 0 ||
	       strcmp(function->name, "handle_continue") == 0 ||
	       strncmp(function->name, "start_link", 10) == 0;
}

/* A function of a module that changes, which the old version does not have. */
static bool is_only_new(struct judge *judge, const struct beam_function *to)
{
	struct module_at *module = modules_find(judge->modules, SIDE_OLD, to->module);
	const struct beam_facts *facts =
		module && module->diff ? module_facts(judge->modules, SIDE_OLD, module) : NULL;

	return facts && module->diff->change == CHANGE_CHANGED &&
	       !beam_exports(facts, to->name, to->arity);
}

/* True: a message that it sends as it starts is told of. */
static bool judge_first_words(struct judge *judge, struct module_at *module,
			      const struct code *code)
{
	struct code_effects effects = effects_of(judge, SIDE_NEW, module, effect_any);

	for (size_t i = 0; i < effects.len; i++) {
		owned_str struct str text = STR_EMPTY;
		const struct value *message;
		const char *name = receiver_not_ready(judge, code, &effects.items[i], &message);

		if (!name || !comes_from(code, effects.items[i].in, is_begin, DEPTH))
			continue;
		value_print(&text, message);
		JUDGE(judge, REASON_started_too_early, module->app->name, module->name,
		      "%s is started before the others change, and sends %s as it starts, which "
		      "the old %s does not understand: the node goes down",
		      module->app->name, str_text(&text), module_shown(name))
			->hint =
			"understand the message one release earlier, or send it later than at the "
			"start";
		return true;
	}
	return false;
}

static void judge_added_module(struct judge *judge, struct module_at *module)
{
	const struct code *code = module_code(judge->modules, SIDE_NEW, module);
	struct code_remotes remotes = { NULL, 0 };

	if (!code || judge_first_words(judge, module, code))
		return;
	remotes = code_remote(code, judge->arena);
	for (size_t i = 0; i < remotes.len; i++) {
		const struct beam_function *to = &remotes.items[i].to;

		if (!is_only_new(judge, to) ||
		    !comes_from(code, remotes.items[i].from, is_begin, DEPTH))
			continue;
		JUDGE(judge, REASON_started_too_early, module->app->name, module->name,
		      "%s is started before the others change, and calls %s:%s/%u as it starts, "
		      "which the old version does not have: the node goes down",
		      module->app->name, module_shown(to->module), to->name, to->arity)
			->hint =
			"bring the function one release earlier, or call it later than at the "
			"start";
		return;
	}
}

void judge_order_of_change(struct judge *judge)
{
	struct modules *modules = judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];

		if (module->diff && module->diff->change == CHANGE_CHANGED &&
		    module->diff->new_facts->roles & BEAM_PROCESS &&
		    module->diff->new_facts->code_change)
			judge_code_change(judge, module);
		else if (module->app->change == CHANGE_ADDED &&
			 modules->library[SIDE_NEW].follow(modules->library[SIDE_NEW].ctx,
							   module->name))
			judge_added_module(judge, module);
	}
}
