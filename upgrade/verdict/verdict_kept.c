// SPDX-License-Identifier: Apache-2.0
/* What processes have from old code beside their state: timers that are set, the name of a
 * gen_statem's state.
 */
#include "upgrade/verdict/verdict_kept.h"
#include "base/name_table.h"
#include "erlang/code/code_facts.h"
#include "upgrade/verdict/verdict_running.h"

/* ---- atoms that the new code does not know ---- */

static bool is_lost(const struct name_table *news, const char *name)
{
	return name_table_find(news, span_of(name)) == NAME_ABSENT;
}

/* ---- timers ---- */

/* Functions that set one, and which argument is the message, or the function to be called. */
static const struct timer {
	const char *module, *name;
	uint32_t arity;
	unsigned what;
} timers[] = {
	{ "erlang", "send_after", 3, 2 },         { "erlang", "send_after", 4, 2 },
	{ "erlang", "start_timer", 3, 2 },        { "erlang", "start_timer", 4, 2 },
	{ "timer", "send_after", 2, 1 },          { "timer", "send_after", 3, 2 },
	{ "timer", "send_interval", 2, 1 },       { "timer", "send_interval", 3, 2 },
	{ "timer", "apply_after", 4, 2 },         { "timer", "apply_interval", 4, 2 },
	{ "Elixir.Process", "send_after", 3, 1 }, { "Elixir.Process", "send_after", 4, 1 },
};

static const struct timer *timer_of(const struct beam_function *function)
{
	for (size_t i = 0; i < ARRAY_LEN(timers); i++)
		if (timers[i].arity == function->arity &&
		    strcmp(timers[i].name, function->name) == 0 &&
		    strcmp(timers[i].module, function->module) == 0)
			return &timers[i];
	return NULL;
}

struct messages {
	const struct name_table *news; /* atoms of the new code */
	struct arena *arena;           /* takes names of … */
	struct name_table *lost;       /* messages that it does not know */
	struct arena *scratch;
};

static void see_call(void *ctx, const struct beam_function *function,
		     const struct value *const *args)
{
	const struct timer *timer = timer_of(function);
	struct messages *messages = ctx;
	const struct value *message = timer ? args[timer->what] : NULL;
	const char *tag;

	if (message && value_tuple_size(message) > 0)
		message = value_element(message, 0, messages->scratch);
	tag = message ? value_atom_name(message) : NULL;
	if (tag && is_lost(messages->news, tag))
		name_table_add(messages->lost, arena_dup(messages->arena, span_of(tag)), NULL);
}

static bool sets_timers(const struct beam_facts *facts)
{
	for (size_t i = 0; i < facts->imports.len; i++)
		if (timer_of(&facts->imports.items[i]))
			return true;
	return false;
}

/* Most versions know all that the one before knew: there is nothing to look for. */
static bool forgets(const struct name_table *news, const struct code *olds)
{
	owned_name_table struct name_table *atoms = atoms_of(olds);

	for (size_t i = 0; i < name_table_len(atoms); i++)
		if (is_lost(news, name_table_name(atoms, i)))
			return true;
	return false;
}

static void find_lost(struct messages *messages, const struct code *code)
{
	for (size_t i = 0; i < code->len; i++) {
		owned_arena struct arena scratch = ARENA_EMPTY;
		struct eval eval = { .arena = &scratch, .on_call = see_call, .ctx = messages };

		messages->scratch = &scratch;
		eval_any(&eval, code, &code->functions[i]);
	}
}

/* A module that gets messages itself: others set timers for who calls them, which is looked at
 * there.
 */
static bool gets_messages(const struct module_diff *module)
{
	bool waits = module->old_facts->roles & BEAM_PROCESS;

	for (size_t i = 0; i < module->old_code->len && !waits; i++)
		waits = function_waits(module->old_code, &module->old_code->functions[i]);
	return waits;
}

static void judge_timers(struct judge *judge, const struct app_diff *app,
			 const struct module_diff *module, const struct name_table *news)
{
	owned_name_table struct name_table *lost = name_table_new();
	struct messages messages = { news, judge->arena, lost, NULL };

	if (!sets_timers(module->old_facts) || !gets_messages(module) ||
	    !forgets(news, module->old_code))
		return;
	find_lost(&messages, module->old_code);
	for (size_t i = 0; i < name_table_len(lost); i++)
		JUDGE(judge, REASON_message_unknown, app->name, module->name,
		      "%s sets timers with %s, of which the new code knows nothing: one that is "
		      "set "
		      "fails, or is lost",
		      module_shown(module->name), name_table_name(lost, i))
			->hint = "go on understanding it for one release, or set the timer anew in "
				 "code_change";
}

/* ---- the states of a gen_statem ---- */

static const char *next_state(const struct value *value, struct arena *arena)
{
	if (value_tuple_size(value) < 3 ||
	    !value_is_atom(value_element(value, 0, arena), "next_state"))
		return NULL;
	return value_atom_name(value_element(value, 1, arena));
}

/* A state that a function may go to, and that the new code does not even name; in the arena. */
static const char *lost_state(const struct code *code, const struct code_function *function,
			      const struct name_table *news, struct arena *arena)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct eval eval = { .arena = &scratch };
	const struct value *const args[] = { &value_unknown, &value_unknown, &value_unknown,
					     &value_unknown };
	struct values values = eval_function(&eval, code, function, args);

	for (size_t i = 0; i < values.len; i++) {
		const char *name = next_state(values.items[i], &scratch);

		if (name && is_lost(news, name))
			return arena_dup(arena, span_of(name));
	}
	return NULL;
}

static void judge_next_states(struct judge *judge, const struct app_diff *app,
			      const struct module_diff *module, const struct name_table *news)
{
	const struct code *code = module->old_code;

	if (!forgets(news, code) || is_told(judge, REASON_state_shape_changed, module->name))
		return;
	for (size_t i = 0; i < code->len; i++) {
		const struct code_function *function = &code->functions[i];
		const char *lost;

		if ((function->arity != 3 && function->arity != 4) ||
		    !code_exports(code, function->name, function->arity))
			continue;
		lost = lost_state(code, function, news, judge->arena);
		/* One that is a function is looked at in verdict_state.c. */
		if (!lost || beam_exports(module->old_facts, lost, 3))
			continue;
		JUDGE(judge, REASON_state_shape_changed, app->name, module->name,
		      "processes of %s may be in the state %s, of which the new code knows nothing",
		      module_shown(module->name), lost)
			->hint = "map it in code_change, both ways, or restart";
		return;
	}
}

/* ---- all of it ---- */

void judge_kept_things(struct judge *judge, const struct app_diff *app,
		       const struct module_diff *module)
{
	owned_name_table struct name_table *news = atoms_of(module->new_code);

	if (module->new_code->unread)
		return;
	if (module->old_facts->roles & module->new_facts->roles & BEAM_GEN_STATEM)
		judge_next_states(judge, app, module, news);
	judge_timers(judge, app, module, news);
}
