// SPDX-License-Identifier: Apache-2.0
/* The state of processes, as all callbacks of a module leave it: what init/1 makes, and what the
 * others make of that.
 */
#include "erlang/code/code_states.h"

#include "erlang/code/code_effects.h"
#include "erlang/code/code_memo.h"

enum {
	ROUNDS = 2,       /* of all callbacks, each time with what they made before */
	WAYS = 3,         /* variants of a state that are tried */
	ARGS = 4,         /* arguments that processes are seen to be started with */
	CONTINUES = 3,    /* one after the other */
	CALLBACK = 16000, /* steps of one callback */
	SHARED = 100000,  /* of init/1, where its calls share them */
	LOOP = 160000,    /* of what begins a special process, and goes round in its loop */
};

/* A callback and the state that it was followed with. */
struct tried {
	const struct code_function *function;
	const struct value *state;
};

struct states {
	const struct code *code;
	enum beam_role role;
	bool shares;
	const struct code_library *library;
	struct arena *arena;   /* takes the type */
	struct arena *scratch; /* takes values */
	struct type *type;
	bool fsm;                         /* of a behaviour that is not known: like gen_fsm */
	const struct value *starts[ARGS]; /* what init/1 is given */
	size_t starts_len;
	const struct value *given; /* what a start is, as its argument `given_at`; NULL: any */
	unsigned given_at;
	const struct value *(*any)(const struct type *type, size_t nth, struct arena *arena);
	struct tried *tried;
	size_t tried_len, tried_cap;
	struct eval_memo memo;
};

/* ---- what a callback returned ---- */

/* clang-format off */
static const struct {
	enum beam_role role;
	const char *tag;
	size_t size, at; /* of the tuple, and where in it the state is */
} returns[] = {
	{ BEAM_GEN_SERVER, "ok", 2, 1 },      { BEAM_GEN_SERVER, "ok", 3, 1 },
	{ BEAM_GEN_SERVER, "noreply", 2, 1 }, { BEAM_GEN_SERVER, "noreply", 3, 1 },
	{ BEAM_GEN_SERVER, "reply", 3, 2 },   { BEAM_GEN_SERVER, "reply", 4, 2 },
	{ BEAM_GEN_EVENT, "ok", 2, 1 },       { BEAM_GEN_EVENT, "ok", 3, 1 },
	{ 0, "next_state", 3, 2 },            { 0, "next_state", 4, 2 },
	{ 0, "reply", 4, 3 },                 { 0, "reply", 5, 3 },
	{ BEAM_GEN_STATEM, "ok", 3, 2 },      { BEAM_GEN_STATEM, "ok", 4, 2 },
	{ BEAM_GEN_STATEM, "next_state", 3, 2 },   { BEAM_GEN_STATEM, "next_state", 4, 2 },
	{ BEAM_GEN_STATEM, "keep_state", 2, 1 },   { BEAM_GEN_STATEM, "keep_state", 3, 1 },
	{ BEAM_GEN_STATEM, "repeat_state", 2, 1 }, { BEAM_GEN_STATEM, "repeat_state", 3, 1 },
};

static const struct {
	enum beam_role role;
	const char *name;
	uint32_t arity;
	unsigned state; /* which argument */
} callbacks[] = {
	{ BEAM_GEN_SERVER, "handle_continue", 2, 1 }, { BEAM_GEN_SERVER, "handle_call", 3, 2 },
	{ BEAM_GEN_SERVER, "handle_cast", 2, 1 },     { BEAM_GEN_SERVER, "handle_info", 2, 1 },
	{ BEAM_GEN_EVENT, "handle_event", 2, 1 },     { BEAM_GEN_EVENT, "handle_info", 2, 1 },
	{ BEAM_GEN_EVENT, "handle_call", 2, 1 },      { BEAM_GEN_STATEM, "handle_event", 4, 3 },
	{ 0, "handle_event", 3, 2 },                  { 0, "handle_sync_event", 4, 3 },
	{ 0, "handle_info", 3, 2 },
};
/* clang-format on */

/* {ok, StateName, Data}, as of gen_fsm and what was made after it: the data. */
static const struct value *data_of_fsm(const struct code *code, const struct value *value,
				       struct arena *arena)
{
	const char *name =
		value_tuple_size(value) >= 3 && value_is_atom(value_element(value, 0, arena), "ok")
			? value_atom_name(value_element(value, 1, arena))
			: NULL;

	return name && (code_exports(code, name, 2) || code_exports(code, name, 3))
		       ? value_element(value, 2, arena)
		       : NULL;
}

/* Of a behaviour that is not known: {ok, State, …}, or the state itself.  With more arguments than
 * one it is the last, as in {ok, Request, State}.
 */
static void take_any(struct states *states, const struct value *value, uint32_t arity)
{
	const struct value *data =
		arity == 1 ? data_of_fsm(states->code, value, states->scratch) : NULL;
	int size = value_tuple_size(value);
	const char *tag =
		size > 0 ? value_atom_name(value_element(value, 0, states->scratch)) : NULL;

	if (tag && (strcmp(tag, "error") == 0 || strcmp(tag, "stop") == 0))
		return;
	if (data) {
		type_add(states->type, data, states->arena);
		states->fsm = true;
		return;
	}
	if (tag && strcmp(tag, "ok") == 0 && size > 1)
		value = value_element(value, arity > 1 ? (size_t)size - 1 : 1, states->scratch);
	type_add(states->type, value, states->arena);
}

static void take_state(struct states *states, const struct value *value, unsigned continues);

/* {ok, State, {continue, Term}}: what handle_continue/2 makes of it, before any message comes.
 * False: that is not seen.
 */
static bool take_continued(struct states *states, const struct value *state,
			   const struct value *last, unsigned continues)
{
	const struct code_function *go_on = code_function(states->code, "handle_continue", 2);
	struct eval eval = { .arena = states->scratch,
			     .library = states->library,
			     .memo = &states->memo,
			     .limit = CALLBACK,
			     .shares = states->shares };
	const struct value *args[] = { NULL, state };
	struct values values;
	bool seen;

	if (!value_is_tagged(last, "continue", 2) || !go_on || continues == 0)
		return false;
	args[0] = value_element(last, 1, states->scratch);
	values = eval_function(&eval, states->code, go_on, args);
	seen = values.len > 0 && !eval.gave_up && !eval.cut;
	for (size_t i = 0; i < values.len; i++)
		if (values.items[i]->kind == VALUE_UNKNOWN)
			seen = false;
		else
			take_state(states, values.items[i], continues - 1);
	return seen;
}

static void take_state(struct states *states, const struct value *value, unsigned continues)
{
	int size = value_tuple_size(value);

	if (value->kind == VALUE_UNKNOWN && value->of == 0) {
		type_add(states->type, value, states->arena);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(returns); i++)
		if (returns[i].role == states->role && size == (int)returns[i].size &&
		    value_is_tagged(value, returns[i].tag, returns[i].size)) {
			const struct value *state =
				value_element(value, returns[i].at, states->scratch);
			const struct value *last =
				value_element(value, (size_t)size - 1, states->scratch);

			if (!take_continued(states, state, last, continues))
				type_add(states->type, state, states->arena);
			return;
		}
}

/* gen_event's {ok, Reply, State} of handle_call/2. */
static void take_reply(struct states *states, const struct value *value)
{
	if (value_is_tagged(value, "ok", 3))
		type_add(states->type, value_element(value, 2, states->scratch), states->arena);
}

/* ---- how they are started ---- */

static bool starts_servers(const struct beam_function *function)
{
	/* Others were made after these: gen_server2, p1_server. */
	return strncmp(function->name, "start", 5) == 0 && function->arity >= 2 &&
	       (strcmp(function->module, "gen_statem") == 0 ||
		strcmp(function->module, "Elixir.GenServer") == 0 ||
		strstr(function->module, "_server"));
}

/* The arguments of what starts them. */
static void fill_arguments(const struct states *states, const struct value **args, size_t len,
			   unsigned nr)
{
	for (size_t i = 0; i < len; i++)
		args[i] = value_argument(states->scratch, nr);
	if (states->given)
		args[states->given_at] = states->given;
}

/* gen_server:start_link([Name,] Module, Argument, Options) */
static void see_start(void *ctx, const struct beam_function *function,
		      const struct value *const *args)
{
	struct states *states = ctx;
	size_t at = 0;

	if (!starts_servers(function))
		return;
	while (at + 1 < function->arity && !value_is_atom(args[at], states->code->module))
		at++;
	if (at + 1 >= function->arity)
		return;
	for (size_t i = 0; i < states->starts_len; i++)
		if (value_same(states->starts[i], args[at + 1]))
			return;
	if (states->starts_len < ARGS)
		states->starts[states->starts_len++] = args[at + 1];
}

/* False: not all that they do is seen. */
static bool follow_starts(struct states *states, const struct value *const *args, bool shares)
{
	const struct code *code = states->code;
	bool all = true;

	for (size_t i = 0; i < code->len; i++) {
		struct eval eval = { .arena = states->scratch,
				     .library = states->library,
				     .limit = CALLBACK,
				     .shares = shares,
				     .on_call = see_start,
				     .ctx = states };

		if (strncmp(code->functions[i].name, "start", 5) == 0 &&
		    code_exports(code, code->functions[i].name, code->functions[i].arity)) {
			eval_function(&eval, code, &code->functions[i], args);
			all = all && !eval.gave_up;
		}
	}
	return all;
}

static void find_starts(struct states *states)
{
	const struct value *args[256];

	fill_arguments(states, args, ARRAY_LEN(args), 0);
	if (!follow_starts(states, args, states->shares) && states->starts_len == 0)
		follow_starts(states, args, true);
	if (states->starts_len == 0)
		states->starts[states->starts_len++] = args[0];
}

/* ---- one after the other ---- */

static void lose(struct states *states, const struct code_function *function)
{
	const struct beam_function where = { NULL, function->name, function->arity };

	type_add(states->type, value_unseen(states->scratch, where), states->arena);
}

/* Of a behaviour that is not known: whatever it is given to begin with. */
static void run_inits(struct states *states)
{
	const struct value *args[256];

	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = value_argument(states->scratch, 0);
	for (size_t i = 0; i < states->code->len; i++) {
		const struct code_function *init = &states->code->functions[i];
		struct eval eval = { .arena = states->scratch,
				     .library = states->library,
				     .memo = &states->memo };
		struct values values;

		if (strcmp(init->name, "init") != 0 || init->arity == 0 ||
		    !code_exports(states->code, init->name, init->arity))
			continue;
		values = eval_function(&eval, states->code, init, args);
		for (size_t j = 0; j < values.len; j++)
			take_any(states, values.items[j], init->arity);
		if (eval.gave_up)
			lose(states, init);
	}
}

/* What a function of OTP or Elixir said, as it is, beside a start that is seen: why there is none,
 * as from `with {:ok, socket} <- connect(), do: {:ok, socket}`.
 */
static bool is_handed_back(const struct states *states, struct values values,
			   const struct value *value)
{
	const struct code_library *library = states->library;

	if (value->kind != VALUE_UNKNOWN || value->of != 0 || !value->where.module || !library ||
	    library->follow(library->ctx, value->where.module))
		return false;
	for (size_t i = 0; i < values.len; i++)
		if (value_is_tagged(values.items[i], "ok", 2) ||
		    value_is_tagged(values.items[i], "ok", 3))
			return true;
	return false;
}

/* Where one of the functions that it calls takes too much, the others still say what they do. */
static struct values follow_init(struct eval *eval, const struct states *states,
				 const struct code_function *init, const struct value *const *start)
{
	struct eval_memo shared = { 0 };
	struct values values;

	if (!states->shares) {
		values = eval_function(eval, states->code, init, start);
		if (!eval->gave_up)
			return values;
	}
	*eval = (struct eval){ .arena = states->scratch,
			       .library = states->library,
			       .memo = &shared,
			       .limit = SHARED,
			       .shares = true };
	return eval_function(eval, states->code, init, start);
}

static void run_init(struct states *states)
{
	const struct code_function *init = code_function(states->code, "init", 1);

	find_starts(states);
	for (size_t i = 0; init && i < states->starts_len; i++) {
		struct eval eval = { .arena = states->scratch,
				     .library = states->library,
				     .memo = &states->memo };
		struct values values = follow_init(&eval, states, init, &states->starts[i]);

		for (size_t j = 0; j < values.len; j++)
			if (!is_handed_back(states, values, values.items[j]))
				take_state(states, values.items[j], CONTINUES);
		if (eval.gave_up)
			lose(states, init);
	}
}

/* Once more would say the same again: later rounds often have no other states than earlier ones. */
static bool was_tried(struct states *states, const struct code_function *function,
		      const struct value *state)
{
	for (size_t i = 0; i < states->tried_len; i++)
		if (states->tried[i].function == function &&
		    value_same(states->tried[i].state, state))
			return true;
	states->tried =
		arena_grow(states->scratch, states->tried, states->tried_len, &states->tried_cap);
	states->tried[states->tried_len++] = (struct tried){ function, state };
	return false;
}

static void run_callback(struct states *states, const struct code_function *function, unsigned at)
{
	bool asked = strcmp(function->name, "handle_call") == 0;
	bool replies = states->role == BEAM_GEN_EVENT && asked;
	const struct type before = *states->type;
	size_t ways =
		states->any == type_exact_value ? type_exact_ways(&before) : type_ways(&before);

	for (size_t way = 0; way < ways && way < WAYS; way++) {
		struct eval eval = { .arena = states->scratch,
				     .library = states->library,
				     .memo = &states->memo,
				     .limit = CALLBACK,
				     .shares = states->shares };
		const struct value *args[4] = { &value_unknown, &value_unknown, &value_unknown,
						&value_unknown };
		struct values values;

		args[at] = states->any(&before, way, states->scratch);
		if (was_tried(states, function, args[at]))
			continue;
		if (asked && !replies)
			args[1] = value_caller(states->scratch);
		values = eval_function(&eval, states->code, function, args);
		for (size_t i = 0; i < values.len; i++) {
			if (values.items[i]->kind == VALUE_UNKNOWN)
				continue; /* a state that cannot be seen is none that is new */
			if (replies)
				take_reply(states, values.items[i]);
			else
				take_state(states, values.items[i], CONTINUES);
		}
	}
}

static bool is_state_function(const struct states *states, const struct code_function *function)
{
	static const char *const others[] = { "terminate",  "format_status", "code_change", "init",
					      "start_link", "handle_event",  "handle_info" };

	if (!(states->role == BEAM_GEN_STATEM
		      ? function->arity == 3
		      : states->fsm && (function->arity == 2 || function->arity == 3)) ||
	    !code_exports(states->code, function->name, function->arity))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (strcmp(others[i], function->name) == 0)
			return false;
	return true;
}

static void run_callbacks(struct states *states)
{
	for (size_t i = 0; i < ARRAY_LEN(callbacks); i++) {
		const struct code_function *function =
			callbacks[i].role == states->role
				? code_function(states->code, callbacks[i].name, callbacks[i].arity)
				: NULL;

		if (function)
			run_callback(states, function, callbacks[i].state);
	}
	for (size_t i = 0; i < states->code->len; i++)
		if (is_state_function(states, &states->code->functions[i]))
			run_callback(states, &states->code->functions[i],
				     states->code->functions[i].arity - 1);
}

/* ---- special processes ---- */

static void see_system(void *ctx, const struct beam_function *function,
		       const struct value *const *args)
{
	struct states *states = ctx;

	if (strcmp(function->module, "sys") == 0 &&
	    strcmp(function->name, "handle_system_msg") == 0 && function->arity >= 6 &&
	    value_is_atom(args[3], states->code->module))
		type_add(states->type, args[5], states->arena);
}

/* By another function: one that calls itself, for other arguments, is begun from outside, too. */
static bool is_called_inside(const struct code *code, const struct code_function *function)
{
	const struct code_function *callers[2];
	const size_t len = code_callers(code, function, callers, ARRAY_LEN(callers));

	return len > 1 || (len == 1 && callers[0] != function);
}

static bool is_system_callback(const struct code_function *function)
{
	return strncmp(function->name, "system_", strlen("system_")) == 0;
}

/* Returns one that could not be followed to its end, or NULL. */
static const struct code_function *run_exports(struct states *states, bool all)
{
	const struct code_function *lost = NULL;
	const struct value *args[256];

	fill_arguments(states, args, ARRAY_LEN(args), 1);
	for (size_t i = 0; i < states->code->len; i++) {
		const struct code_function *function = &states->code->functions[i];
		struct eval eval = { .arena = states->scratch,
				     .library = states->library,
				     .limit = LOOP,
				     .shares = states->shares,
				     .on_call = see_system,
				     .ctx = states };

		if (!code_exports(states->code, function->name, function->arity) ||
		    (!all &&
		     (is_called_inside(states->code, function) || is_system_callback(function))))
			continue;
		eval_function(&eval, states->code, function, args);
		if (eval.gave_up)
			lost = function;
	}
	return lost;
}

/* What is handed to sys:handle_system_msg/6 comes back to system_code_change/4.  Functions that are
 * given the state say less of it than those that make it.
 */
static void run_loops(struct states *states)
{
	const struct code_function *lost = run_exports(states, false);

	if (lost) {
		states->shares = true;
		lost = run_exports(states, false);
	}
	if (lost)
		lose(states, lost);
	else if (type_is_empty(states->type))
		run_exports(states, true);
}

static void follow(struct states *states)
{
	if (states->code->unread) {
		states->type->unknown = true;
		return;
	}
	if (states->role == BEAM_SPECIAL) {
		run_loops(states);
		return;
	}
	if (!states->role) {
		run_inits(states);
		if (!states->fsm)
			return;
	} else {
		run_init(states);
	}
	states->any = type_value;
	for (int i = 0; i < ROUNDS; i++)
		run_callbacks(states);
	/* Atoms may name the module that goes on with it; of lists an element is looked at, or
	 * none.
	 */
	states->any = type_exact_value;
	run_callbacks(states);
	states->any = type_empty_value;
	run_callbacks(states);
}

struct type *code_state_type(const struct code *code, enum beam_role role,
			     const struct code_library *library, bool shares, struct arena *arena)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct states states = { .code = code,
				 .role = role,
				 .shares = shares,
				 .library = library,
				 .arena = arena,
				 .scratch = &scratch,
				 .type = type_new(arena) };

	follow(&states);
	return states.type;
}

struct type *code_state_given(const struct code *code, enum beam_role role,
			      const struct code_library *library, unsigned at,
			      const struct value *given, struct arena *arena)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct states states = { .code = code,
				 .role = role,
				 .library = library,
				 .arena = arena,
				 .scratch = &scratch,
				 .given = given,
				 .given_at = at,
				 .type = type_new(arena) };

	follow(&states);
	return states.type;
}

bool code_is_fsm(const struct code *code, const struct code_library *library)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct states states = { .code = code,
				 .library = library,
				 .arena = &scratch,
				 .scratch = &scratch,
				 .type = type_new(&scratch) };

	if (!code->unread)
		run_inits(&states);
	return states.fsm;
}
