// SPDX-License-Identifier: Apache-2.0
/* Callbacks that understand states from before as well: with a clause of their own, or by filling
 * in what is missing.  They are tried, with each message that they tell from others.
 */
#include "erlang/code/code_facts.h"
#include "erlang/code/code_memo.h"
#include "erlang/code/code_type.h"
#include "upgrade/verdict/verdict_states.h"

enum { MESSAGES_MAX = 60, STEPS_MAX = 8000 };

/* clang-format off */
static const struct callback {
	enum beam_role role;
	const char *name;
	uint32_t arity;
	unsigned message, state; /* which arguments */
} callbacks[] = {
	{ BEAM_GEN_SERVER, "handle_call", 3, 0, 2 },  { BEAM_GEN_SERVER, "handle_cast", 2, 0, 1 },
	{ BEAM_GEN_SERVER, "handle_info", 2, 0, 1 },  { BEAM_GEN_SERVER, "handle_continue", 2, 0, 1 },
	{ BEAM_GEN_SERVER, "terminate", 2, 0, 1 },    { BEAM_GEN_EVENT, "terminate", 2, 0, 1 },
	{ BEAM_GEN_EVENT, "handle_event", 2, 0, 1 },  { BEAM_GEN_EVENT, "handle_call", 2, 0, 1 },
	{ BEAM_GEN_EVENT, "handle_info", 2, 0, 1 },   { BEAM_GEN_STATEM, "handle_event", 4, 1, 3 },
	{ BEAM_GEN_STATEM, NULL, 3, 1, 2 }, /* its states */
};
/* clang-format on */

static bool is_callback(const struct code *code, const struct code_function *function,
			const struct callback *callback)
{
	static const char *const others[] = { "terminate", "format_status" };

	if (function->arity != callback->arity ||
	    !code_exports(code, function->name, callback->arity))
		return false;
	if (callback->name)
		return strcmp(function->name, callback->name) == 0;
	if (code_function(code, "handle_event", 4))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (strcmp(function->name, others[i]) == 0)
			return false;
	return true;
}

struct attempt {
	struct arena *arena;
	const struct code *code;
	const struct code_library *library;
	const struct callback *callback;
	const struct code_function *function;
	const struct value *messages[MESSAGES_MAX];
	size_t len;
	struct eval_memo *memo; /* its own */
};

static const struct value *no_message(struct arena *arena)
{
	return value_of_atom(arena, "$none of them");
}

static void find_messages(struct attempt *attempt)
{
	attempt->messages[0] = no_message(attempt->arena);
	attempt->len = 1 + messages_told_apart(attempt->messages + 1, MESSAGES_MAX - 2,
					       attempt->code, attempt->function,
					       attempt->callback->message, attempt->arena);
	attempt->len =
		messages_of_kinds(attempt->messages, attempt->len, MESSAGES_MAX - 1,
				  attempt->function, attempt->callback->message, attempt->arena);
	/* It is the plugin that tells them apart. */
	if (attempt->library->plugin)
		attempt->messages[attempt->len++] = &value_unknown;
}

/* ---- where it ends by an exception ---- */

struct ends {
	struct spots at;
	const struct eval *eval;
	bool missed; /* only those where a key is not there */
};

static void note_end(void *ctx)
{
	struct ends *ends = ctx;

	if (ends->eval->missed || !ends->missed)
		spots_add(&ends->at, spot_of(ends->eval));
}

/* Whether it has some that `than` does not have, where all of those are there. */
static bool has_others(const struct ends *ends, const struct ends *than)
{
	for (size_t i = 0; i < ends->at.len && than->at.len < SPOTS_MAX; i++)
		if (!spots_have(&than->at, ends->at.items[i]))
			return true;
	return false;
}

/* ---- what it answers ---- */

/* What it may return; false: not all of that is seen.
 * ends  takes where it ends otherwise; may be NULL
 */
static bool answers(struct values *out, struct ends *ends, const struct attempt *attempt,
		    const struct value *message, const struct value *state)
{
	struct eval eval = { .arena = attempt->arena,
			     .library = attempt->library,
			     .limit = STEPS_MAX,
			     .memo = attempt->memo,
			     .on_raise = ends ? note_end : NULL,
			     .ctx = ends };
	const struct value *args[] = { &value_unknown, &value_unknown, &value_unknown,
				       &value_unknown };

	args[attempt->callback->message] = message;
	args[attempt->callback->state] = state;
	if (ends)
		ends->eval = &eval;
	return eval_follow(out, &eval, attempt->code, attempt->function, args) && !eval.cut;
}

/* How many different things it may return; -1: not all of them are seen. */
static int outcomes_and_ends(struct ends *ends, const struct attempt *attempt,
			     const struct value *message, const struct value *state)
{
	struct values values;

	return answers(&values, ends, attempt, message, state) ? (int)values.len : -1;
}

static int outcomes(const struct attempt *attempt, const struct value *message,
		    const struct value *state)
{
	return outcomes_and_ends(NULL, attempt, message, state);
}

static bool is_among(const struct values *values, const struct value *value)
{
	for (size_t i = 0; i < values->len; i++)
		if (value_same(values->items[i], value))
			return true;
	return false;
}

/* Whether a message is treated as those are that no clause names. */
static bool is_unknown(const struct attempt *attempt, const struct value *message,
		       const struct value *state)
{
	struct values to_it, to_none;

	if (!answers(&to_it, NULL, attempt, message, state) ||
	    !answers(&to_none, NULL, attempt, no_message(attempt->arena), state))
		return false;
	for (size_t i = 0; i < to_it.len; i++)
		if (!is_among(&to_none, to_it.items[i]))
			return false;
	return to_it.len > 0;
}

static bool is_unknown_with_all(const struct attempt *attempt, const struct value *message,
				const struct type *states)
{
	for (size_t i = 0; i < type_ways(states); i++)
		if (!is_unknown(attempt, message, type_value(states, i, attempt->arena)))
			return false;
	return true;
}

/* Whether a message that was understood is understood with states of the new code only: with those
 * from before it falls to the clause that takes anything.
 */
static bool gets_lost(const struct attempt *attempt, const struct attempt *was,
		      const struct value *message, const struct type *before,
		      const struct type *after)
{
	return was->function && is_unknown_with_all(attempt, message, before) &&
	       !is_unknown_with_all(attempt, message, after) &&
	       !is_unknown_with_all(was, message, before);
}

/* *tried counts the messages that it understands with states of its own.  Whether it understands
 * maps in which a key is not there yet is for callback_that_fails().
 */
static bool copes_with(const struct attempt *attempt, const struct value *message,
		       const struct type *before, const struct type *after, unsigned *tried)
{
	struct ends ends = { 0 }, others = { 0 };
	int most = 0;

	for (size_t i = 0; i < type_ways(after); i++) {
		int now = type_lacks_keys(after, i)
				  ? 0
				  : outcomes_and_ends(&ends, attempt, message,
						      type_value(after, i, attempt->arena));

		if (now < 0)
			return false;
		most = now > most ? now : most;
	}
	if (most == 0)
		return true;
	++*tried;
	for (size_t i = 0; i < type_ways(before); i++)
		if (!type_lacks_keys(before, i) &&
		    outcomes_and_ends(&others, attempt, message,
				      type_value(before, i, attempt->arena)) < most)
			return false;
	return !has_others(&others, &ends);
}

static bool copes(const struct attempt *attempt, const struct attempt *was,
		  const struct type *before, const struct type *after, unsigned *tried)
{
	for (size_t m = 0; m < attempt->len; m++)
		if (!copes_with(attempt, attempt->messages[m], before, after, tried) ||
		    gets_lost(attempt, was, attempt->messages[m], before, after))
			return false;
	return true;
}

static bool is_open(const struct type *type, unsigned depth)
{
	if (!type || depth == 0)
		return false;
	if (is_open(type->item, depth - 1) || is_open(type->packed, depth - 1))
		return true;
	for (size_t i = 0; i < type->len; i++) {
		if (type->variants[i].open)
			return true;
		for (size_t j = 0; j < type->variants[i].len; j++)
			if (is_open(type->variants[i].items[j], depth - 1))
				return true;
	}
	return false;
}

bool callbacks_cope(const struct heir *heir, const struct type *before, const struct type *after)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct code_library *library = heir->judge->modules->library;
	struct eval_memo was_memo = { 0 }, memo = { 0 };
	struct attempt was = { .arena = &scratch,
			       .memo = &was_memo,
			       .code = heir->maker,
			       .library = &library[!heir->side] };
	struct attempt attempt = { .arena = &scratch,
				   .memo = &memo,
				   .code = heir->code,
				   .library = &library[heir->side] };
	unsigned tried = 0;

	if (before->unknown || !after->kinds || type_is_empty(before) ||
	    is_open(before, TYPE_DEPTH) ||
	    !can_be_tried_with(heir->judge, heir->side, heir->code, heir->maker, before, after))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(callbacks); i++) {
		attempt.callback = &callbacks[i];
		attempt.function = callbacks[i].name ? code_function(heir->code, callbacks[i].name,
								     callbacks[i].arity)
						     : NULL;
		if (callbacks[i].role != heir->role || !attempt.function)
			continue;
		/* Of state machines it is not known which of their states goes with which data. */
		if (heir->role == BEAM_GEN_STATEM)
			return false;
		find_messages(&attempt);
		was.callback = &callbacks[i];
		was.function = code_function(heir->maker, callbacks[i].name, callbacks[i].arity);
		if (!copes(&attempt, &was, before, after, &tried))
			return false;
	}
	return tried > 0;
}

/* ---- callbacks that fail ---- */

struct failing {
	struct attempt now, was; /* was.code NULL: nobody went on with it before */
	const struct type *before, *after;
	bool exact; /* atoms are told apart: one of them is made no more */
	bool keys;  /* some map has a key more */
};

static size_t ways_of(const struct failing *failing, const struct type *type)
{
	return failing->exact ? type_exact_ways(type) : type_ways_inside(type);
}

static const struct value *state_of(const struct failing *failing, const struct type *type,
				    size_t nth)
{
	return failing->exact ? type_exact_value(type, nth, failing->now.arena)
			      : type_value(type, nth, failing->now.arena);
}

/* The same kind of state as another, at the top. */
static bool is_alike(const struct value *a, const struct value *b, struct arena *arena)
{
	int size = value_tuple_size(a);
	const struct value *tag, *other;

	if (value_term_kind(a) != value_term_kind(b) || size != value_tuple_size(b))
		return false;
	tag = size > 0 ? value_element(a, 0, arena) : value_map_at(a, "__struct__", arena);
	other = size > 0 ? value_element(b, 0, arena) : value_map_at(b, "__struct__", arena);
	return !tag || !other || value_equal(tag, other) != NO;
}

/* A message that is new: whatever the state, no clause took it before. */
static bool is_new(const struct failing *failing, const struct value *message)
{
	return failing->was.function && outcomes(&failing->was, message, &value_unknown) == 0;
}

/* The old code did not go on with it either: such a message does not come in that state. */
static bool never_went_on(const struct failing *failing, const struct value *message,
			  const struct value *state)
{
	return failing->was.code && failing->was.function &&
	       outcomes(&failing->was, message, state) == 0 && !is_new(failing, message);
}

/* Whether the code goes on with what it makes itself: with all that is like this state, or, where
 * there is none like it, with some.
 */
static bool goes_on_with_own(const struct failing *failing, const struct value *message,
			     const struct value *state)
{
	struct arena *arena = failing->now.arena;
	bool any = false, like = false, of_like = false;

	for (size_t i = 0; i < ways_of(failing, failing->after); i++) {
		const struct value *own = state_of(failing, failing->after, i);
		bool alike = is_alike(own, state, arena);
		int ways = outcomes(&failing->now, message, own);

		if (alike && ways <= 0 && !never_went_on(failing, message, own))
			return false;
		like = like || alike;
		of_like = of_like || (alike && ways > 0);
		any = any || ways > 0;
	}
	return like ? of_like : any;
}

static bool went_on(const struct failing *failing, const struct value *message,
		    const struct value *state)
{
	return !failing->was.code || is_new(failing, message) ||
	       (failing->was.function && outcomes(&failing->was, message, state) != 0);
}

static bool fails(const struct failing *failing, const struct value *message)
{
	for (size_t i = 0; i < ways_of(failing, failing->before); i++) {
		const struct value *state = state_of(failing, failing->before, i);

		if (outcomes(&failing->now, message, state) == 0 &&
		    went_on(failing, message, state) && goes_on_with_own(failing, message, state))
			return true;
	}
	return false;
}

/* Whether one of its ways comes to a place that wants a key which is not there, and none does with
 * a state of its own.
 */
static bool misses(const struct failing *failing, const struct value *message)
{
	struct ends own = { .missed = true };
	int most = 0;

	for (size_t i = 0; i < ways_of(failing, failing->after); i++) {
		int ways = outcomes_and_ends(&own, &failing->now, message,
					     state_of(failing, failing->after, i));

		if (ways < 0)
			return false;
		most = ways > most ? ways : most;
	}
	for (size_t i = 0; most > 0 && i < ways_of(failing, failing->before); i++) {
		const struct value *state = state_of(failing, failing->before, i);
		struct ends ends = { .missed = true }, then = { .missed = true };

		if (outcomes_and_ends(&ends, &failing->now, message, state) < 0 ||
		    !has_others(&ends, &own) || !went_on(failing, message, state))
			continue;
		if (failing->was.function)
			outcomes_and_ends(&then, &failing->was, message, state);
		if (then.at.len == 0)
			return true;
	}
	return false;
}

static bool has_new_key(const struct type *before, const struct type *after, struct arena *arena)
{
	struct type_diffs diffs = type_compare(before, after, arena);

	for (size_t i = 0; i < diffs.len; i++)
		if (diffs.items[i].what == TYPE_KEY && !diffs.items[i].open)
			return true;
	return false;
}

static const char *failure_of(struct failing *failing, struct arena *arena)
{
	struct attempt *now = &failing->now;

	find_messages(now);
	for (size_t i = 0; i < now->len; i++) {
		owned_str struct str text = STR_EMPTY;

		if (!fails(failing, now->messages[i]) &&
		    !(failing->keys && misses(failing, now->messages[i])))
			continue;
		if (i > 0) {
			str_adds(&text, ", given ");
			value_print(&text, now->messages[i]);
		}
		return arena_printf(arena, "%s/%u%s", now->function->name, now->function->arity,
				    str_text(&text));
	}
	return failing->keys && misses(failing, &value_unknown)
		       ? arena_printf(arena, "%s/%u", now->function->name, now->function->arity)
		       : NULL;
}

const char *callback_that_fails(const struct heir *heir, const struct type *before,
				const struct type *after)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct code_library *library = heir->judge->modules->library;
	const struct code *code = heir->code, *maker = heir->maker;
	struct eval_memo now_memo = { 0 }, was_memo = { 0 };
	struct failing failing = {
		.now = { .arena = &scratch,
			 .memo = &now_memo,
			 .code = code,
			 .library = &library[heir->side] },
		.was = { .arena = &scratch,
			 .memo = &was_memo,
			 .code = maker,
			 .library = &library[!heir->side] },
		.before = before,
		.after = after,
		.exact = type_loses_atoms(before, after),
	};
	const char *failure = NULL;

	if (type_is_empty(before) || type_is_empty(after) ||
	    (type_same(before, after) && !failing.exact))
		return NULL;
	failing.keys = has_new_key(before, after, &scratch);
	for (size_t i = 0; i < ARRAY_LEN(callbacks) && !failure; i++)
		for (size_t j = 0; j < code->len && !failure; j++) {
			const struct code_function *function = &code->functions[j];

			if (callbacks[i].role != heir->role ||
			    !is_callback(code, function, &callbacks[i]))
				continue;
			failing.now.callback = failing.was.callback = &callbacks[i];
			failing.now.function = function;
			failing.was.function =
				maker ? code_function(maker, function->name, function->arity)
				      : NULL;
			failure = failure_of(&failing, heir->judge->arena);
		}
	return failure;
}
