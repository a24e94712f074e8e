// SPDX-License-Identifier: Apache-2.0
/* What the old code asked for, and what comes into the new one: time-outs, and that processes end.
 */
#include "base/name_table.h"
#include "upgrade/verdict/verdict_parts.h"

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

static void judge_timeout(struct judge *judge, const struct app_diff *app,
			  const struct module_diff *module)
{
	const struct value *timeout = value_of_atom(judge->arena, "timeout");

	if (!(module->old_facts->roles & module->new_facts->roles & BEAM_GEN_SERVER) ||
	    is_told(judge, REASON_message_unknown, module->name) ||
	    !info_is_lost(judge, module->old_code, module->new_code, SIDE_NEW, timeout) ||
	    !returns_timeout(module->old_code))
		return;
	JUDGE(judge, REASON_message_unknown, app->name, module->name,
	      "the old code of %s returns time-outs, and handle_info of the new one does not "
	      "understand `timeout`: one that runs fails, or is lost",
	      module_shown(module->name))
		->hint = "go on understanding it for one release";
}

/* The time-outs of a state machine are events with names of their own. */
static void judge_event_types(struct judge *judge, const struct app_diff *app,
			      const struct module_diff *module)
{
	owned_name_table struct name_table *olds = atoms_of(module->old_code);
	owned_name_table struct name_table *news = atoms_of(module->new_code);

	if (module->old_facts->roles & module->new_facts->roles & BEAM_GEN_STATEM &&
	    name_table_find(olds, span_of("state_timeout")) != NAME_ABSENT &&
	    name_table_find(news, span_of("state_timeout")) == NAME_ABSENT &&
	    !is_told(judge, REASON_message_unknown, module->name))
		JUDGE(judge, REASON_message_unknown, app->name, module->name,
		      "the old code of %s sets state_timeout, of which the new code knows nothing: "
		      "one that runs fails, or is lost",
		      module_shown(module->name))
			->hint = "go on understanding it for one release";
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

static const struct value *message_of(const struct asked *asked, const struct code_effect *effect,
				      struct arena *arena)
{
	const struct value *items[5];

	for (size_t i = 0; i < ARRAY_LEN(items); i++)
		items[i] = &value_unknown;
	items[0] = asked->tag ? value_of_atom(arena, asked->tag)
			      : value_of_kind(arena, TERM_REFERENCE);
	if (asked->tag && strcmp(asked->tag, "DOWN") == 0)
		items[2] = value_of_atom(arena, "process");
	if (asked->tag && strcmp(asked->tag, "timeout") == 0)
		items[2] = effect->args[2];
	return value_tuple(arena, items, asked->size);
}

static void judge_asked(struct judge *judge, const struct app_diff *app,
			const struct module_diff *module, const struct code_effect *effect,
			const struct asked *asked)
{
	owned_str struct str text = STR_EMPTY;
	const struct value *message = message_of(asked, effect, judge->arena);

	if ((asked->first && !value_is_atom(effect->args[0], asked->first)) ||
	    is_told(judge, REASON_message_unknown, module->name) ||
	    !info_is_lost(judge, module->old_code, module->new_code, SIDE_NEW, message))
		return;
	value_print(&text, message);
	JUDGE(judge, REASON_message_unknown, app->name, module->name,
	      "the old code of %s asked for %s by %s, which handle_info of the new one does not "
	      "understand: one that comes fails, or is lost",
	      module_shown(module->name), str_text(&text), asked->name)
		->hint = "go on understanding it for one release";
}

static void judge_all_asked(struct judge *judge, const struct app_diff *app,
			    const struct module_diff *module)
{
	struct module_at *before = modules_find(judge->modules, SIDE_OLD, module->name);
	struct code_effects effects = { NULL, 0 };

	if (before && module->old_facts->roles & module->new_facts->roles & BEAM_GEN_SERVER &&
	    names_have(module->functions, "handle_info/2"))
		effects = effects_of(judge, SIDE_OLD, before);
	for (size_t i = 0; i < effects.len; i++)
		for (size_t j = 0; j < ARRAY_LEN(all_asked); j++)
			if (effect_is(&effects.items[i], all_asked[j].module, all_asked[j].name, 0))
				judge_asked(judge, app, module, &effects.items[i], &all_asked[j]);
}

void judge_timeouts(struct judge *judge, const struct app_diff *app,
		    const struct module_diff *module)
{
	judge_timeout(judge, app, module);
	judge_event_types(judge, app, module);
	judge_all_asked(judge, app, module);
}
