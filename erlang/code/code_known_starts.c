// SPDX-License-Identifier: Apache-2.0
/* Functions that start a process, or a timer. */
#include "erlang/code/code_eval.h"
#include "erlang/code/code_rows.h"

/* ---- what always starts ---- */

static const struct start {
	const char *module, *name;
	enum term_kind kind; /* TERM_TUPLE: {How, Reference} of a timer */
} starts[] = {
	{ "timer", "send_after", TERM_TUPLE },  { "timer", "send_interval", TERM_TUPLE },
	{ "timer", "apply_after", TERM_TUPLE }, { "timer", "apply_interval", TERM_TUPLE },
	{ "timer", "exit_after", TERM_TUPLE },  { "timer", "kill_after", TERM_TUPLE },
	{ "Elixir.Task", "start", TERM_PID },   { "Elixir.Task", "start_link", TERM_PID },
};
static struct rows rows = ROWS(starts);

/* {ok, Pid}, or {ok, {How, Reference}}. */
static const struct value *started(struct arena *arena, const struct start *start)
{
	const struct value *timer[] = { value_of_kind(arena, TERM_ATOM),
					value_of_kind(arena, TERM_REFERENCE) };
	const struct value *pair[] = { value_of_atom(arena, "ok"),
				       start->kind == TERM_TUPLE
					       ? value_tuple(arena, timer, ARRAY_LEN(timer))
					       : value_of_kind(arena, start->kind) };

	return value_tuple(arena, pair, ARRAY_LEN(pair));
}

/* ---- a behaviour's process, whose init/1 fails ---- */

/* Where the module stands among the arguments, and behind it what init/1 is given; -1: another
 * call.
 */
static int module_at_argument(const struct beam_function *function)
{
	static const char *const erlangs[] = { "gen_server", "gen_statem" };
	int at = -1;

	if (strncmp(function->name, "start", 5) != 0)
		return -1;
	if (strcmp(function->module, "Elixir.GenServer") == 0)
		return function->arity == 2 || function->arity == 3 ? 0 : -1;
	for (size_t i = 0; i < ARRAY_LEN(erlangs); i++)
		if (strcmp(function->module, erlangs[i]) == 0 &&
		    (function->arity == 3 || function->arity == 4))
			at = (int)function->arity - 3;
	return at;
}

/* It raises, or returns {stop, Reason}, whatever else becomes of it.  What it calls is done by
 * another process: nobody who watches this one is told.
 */
static bool never_begins(struct eval *eval, const char *module, const struct value *arg)
{
	enum { STEPS = 4000 };
	const struct code_library *library = eval->library;
	const struct code *code = library->open(library->ctx, module);
	const struct code_function *init = code ? code_function(code, "init", 1) : NULL;
	struct eval inner = {
		.arena = eval->arena, .library = library, .limit = STEPS, .starting = true
	};
	struct values values;

	if (!init || !init->exported)
		return false;
	values = eval_function(&inner, code, init, &arg);
	eval->steps += inner.steps;
	for (size_t i = 0; i < values.len; i++)
		if (!value_is_tagged(values.items[i], "stop", 2))
			return false;
	return !inner.gave_up && !inner.cut;
}

/* ---- what becomes a behaviour's process ---- */

/* enter_loop(Module, Options, State, …): never returns, and begins with what init/1 would say.
 * False: another call.
 */
static bool enters_loop(struct eval *eval, const struct beam_function *function,
			const struct value *const *args, struct values *out)
{
	const bool statem = strcmp(function->module, "gen_statem") == 0;
	const struct value *begins[3];

	if (strcmp(function->name, "enter_loop") != 0 || function->arity < (statem ? 4 : 3) ||
	    (!statem && strncmp(function->module, "gen_server", strlen("gen_server")) != 0))
		return false;
	begins[0] = value_of_atom(eval->arena, "ok");
	begins[1] = args[2];
	begins[2] = statem ? args[3] : NULL;
	eval_add(eval, out, value_tuple(eval->arena, begins, statem ? 3 : 2));
	return true;
}

bool known_start(struct eval *eval, const struct beam_function *function,
		 const struct value *const *args, struct values *out)
{
	const size_t row = rows_first(&rows, function);
	int at = module_at_argument(function);
	const char *module = at < 0 ? NULL : value_atom_name(args[at]);
	const struct value *pair[] = { NULL, &value_unknown };

	if (row != ROWS_END) {
		eval_add(eval, out, started(eval->arena, &starts[row]));
		return true;
	}
	if (enters_loop(eval, function, args, out))
		return true;
	if (!module || eval->starting || args[at + 1]->kind == VALUE_UNKNOWN || !eval->library ||
	    !eval->library->follow || !eval->library->follow(eval->library->ctx, module) ||
	    !never_begins(eval, module, args[at + 1]))
		return false;
	pair[0] = value_of_atom(eval->arena, "error");
	eval_add(eval, out, value_tuple(eval->arena, pair, ARRAY_LEN(pair)));
	return true;
}
