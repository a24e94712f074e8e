// SPDX-License-Identifier: Apache-2.0
#include "upgrade/verdict/relup_calls.h"

#include "upgrade/verdict/births.h"

enum { SHOWN_MAX = 160 };

struct called {
	const char *module, *function;
};

static const struct called usual[] = {
	{ "application", "load" },           { "application", "unload" },
	{ "application", "start" },          { "application", "stop" },
	{ "supervisor", "start_child" },     { "supervisor", "restart_child" },
	{ "supervisor", "terminate_child" }, { "supervisor", "delete_child" },
};

static const struct called halting[] = {
	{ "init", "stop" },
	{ "init", "restart" },
	{ "init", "reboot" },
	{ "erlang", "halt" },
	{ "heart", "set_cmd" },
	{ "Elixir.System", "halt" },
	{ "Elixir.System", "stop" },
	{ "Elixir.System", "restart" },
	{ "release_handler", "reboot_old_release" },
};

/* {M, F, Args} of a step that calls something; NULL: it does not. */
static const struct term *call_of(const struct term *step)
{
	if (term_is_tagged(step, "apply", 2))
		return term_at(step, 1);
	if (term_is_tagged(step, "sync_nodes", 3) && term_is_tuple(term_at(step, 2), 3))
		return term_at(step, 2);
	return NULL;
}

static bool is_among(const struct term *call, const struct called *list, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (term_is_tagged(call, list[i].module, 3) &&
		    term_is_atom(term_at(call, 1), list[i].function))
			return true;
	return false;
}

enum relup_call relup_call(const struct term *step)
{
	const struct term *call = call_of(step);

	if (!call)
		return RELUP_CALL_NONE;
	if (is_among(call, halting, ARRAY_LEN(halting)))
		return RELUP_CALL_HALTS;
	if (is_among(call, usual, ARRAY_LEN(usual)) || instruction_is_own_protocols(step) ||
	    birth_step_shown(step))
		return RELUP_CALL_USUAL;
	return RELUP_CALL_OTHER;
}

const char *relup_call_shown(struct arena *arena, const struct term *step)
{
	const struct term *call = call_of(step), *args;
	owned_str struct str text = STR_EMPTY;

	if (!term_is_tuple(call, 3) || !term_is_list(term_at(call, 2))) {
		term_print(&text, call);
	} else {
		args = term_at(call, 2);
		term_print(&text, term_at(call, 0));
		str_addc(&text, ':');
		term_print(&text, term_at(call, 1));
		for (size_t i = 0; i < args->seq.len && text.len <= SHOWN_MAX; i++) {
			str_adds(&text, i ? ", " : "(");
			term_print(&text, term_at(args, i));
		}
		str_adds(&text, args->seq.len ? ")" : "()");
	}
	if (text.len > SHOWN_MAX)
		return arena_printf(arena, "%.*s…", SHOWN_MAX, str_text(&text));
	return arena_dup(arena, str_span(&text));
}

const struct term *relup_halts(const struct term *steps)
{
	for (size_t i = 0; i < steps->seq.len; i++)
		if (relup_call(term_at(steps, i)) == RELUP_CALL_HALTS)
			return term_at(steps, i);
	return NULL;
}
