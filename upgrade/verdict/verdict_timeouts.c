// SPDX-License-Identifier: Apache-2.0
/* What the old code asked for, and what comes into the new one: time-outs; on the way back, what
 * the new code asked for, where the old one fails with it.
 */
#include "upgrade/verdict/verdict_messages.h"

struct asking asking_of(struct judge *judge, enum side from, const struct app_diff *app,
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

bool asking_is_told(const struct asking *asking)
{
	const char *name = asking->module->name;

	return is_told(asking->judge, REASON_message_unknown, name) ||
	       is_told(asking->judge, asking->reason, name);
}

void tell_asked(const struct asking *asking, const char *what, const char *taker)
{
	const bool back = asking->from == SIDE_NEW;

	JUDGE(asking->judge, asking->reason, asking->app->name, asking->module->name,
	      back ? "the new code of %s %s, with which %s of the old one fails: after the way "
		     "back, one that comes ends its process"
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
	    !asking_is_told(asking) && message_is_lost(&asking->way, MESSAGE_INFO, timeout) &&
	    returns_timeout(asking->way.knew) &&
	    /* Where it did so before, it is no worse than it was. */
	    !(asking->from == SIDE_NEW && returns_timeout(asking->way.code)))
		tell_asked(asking, "returns time-outs, which send `timeout`", "handle_info");
}

/* ---- those of state machines: actions among what callbacks return ---- */

/* {{timeout, Name}, Time, Content}, {state_timeout, Time, Content}, {timeout, Time, Content}; with
 * the time infinity nothing comes.
 */
static bool is_timeout(const struct value *action, struct arena *arena)
{
	const struct value *type = value_element(action, 0, arena);

	return value_tuple_size(action) >= 3 &&
	       !value_is_atom(value_element(action, 1, arena), "infinity") &&
	       (value_is_atom(type, "state_timeout") || value_is_atom(type, "timeout") ||
		value_is_tagged(type, "timeout", 2));
}

/* state: in which it is set */
static void judge_action(const struct asking *asking, const struct value *action,
			 const struct value *state)
{
	struct arena *arena = asking->judge->arena;
	owned_str struct str text = STR_EMPTY;
	/* A number alone is that of {timeout, Time, Time}. */
	const bool bare = value_term_kind(action) == TERM_INTEGER;
	const struct value *type =
		bare ? value_of_atom(arena, "timeout") : value_element(action, 0, arena);

	/* Only those with a name live on in other states. */
	if ((!bare && !is_timeout(action, arena)) || asking_is_told(asking) ||
	    !event_is_lost(&asking->way, type, bare ? action : value_element(action, 2, arena),
			   value_atom_name(type) ? state : &value_unknown))
		return;
	value_print(&text, type);
	tell_asked(asking, arena_printf(arena, "sets the time-out %s", str_text(&text)), "a state");
}

/* Actions are one, or a list, behind the state and the data.  state: in which that is returned */
static void judge_returned(const struct asking *asking, const struct value *value,
			   const struct value *state)
{
	static const struct {
		const char *tag;
		size_t actions; /* where they stand */
		bool names;     /* the state that comes */
	} returned[] = {
		{ "ok", 3, true },
		{ "next_state", 3, true },
		{ "keep_state", 2, false },
		{ "repeat_state", 2, false },
		{ "keep_state_and_data", 1, false },
		{ "repeat_state_and_data", 1, false },
	};
	struct arena *arena = asking->judge->arena;

	for (size_t i = 0; i < ARRAY_LEN(returned); i++) {
		const struct value *actions, *head;

		if (!value_is_tagged(value, returned[i].tag, returned[i].actions + 1))
			continue;
		actions = value_element(value, returned[i].actions, arena);
		if (returned[i].names)
			state = value_element(value, 1, arena);
		judge_action(asking, actions, state);
		while (value_uncons(actions, arena, &head, &actions))
			judge_action(asking, head, state);
	}
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
			judge_returned(asking, values.items[j],
				       function->arity == 3
					       ? value_of_atom(asking->judge->arena, function->name)
					       : &value_unknown);
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
