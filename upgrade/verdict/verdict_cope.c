// SPDX-License-Identifier: Apache-2.0
/* Callbacks that understand states from before as well: with a clause of their own, or by filling
 * in what is missing.  They are tried, with each message that they tell from others.
 */
#include "erlang/code/code_facts.h"
#include "erlang/code/code_type.h"
#include "upgrade/verdict/verdict_parts.h"

enum { MESSAGES_MAX = 40, STEPS_MAX = 8000 };

/* clang-format off */
static const struct callback {
	enum beam_role role;
	const char *name;
	uint32_t arity;
	unsigned message, state; /* which arguments */
} callbacks[] = {
	{ BEAM_GEN_SERVER, "handle_call", 3, 0, 2 },  { BEAM_GEN_SERVER, "handle_cast", 2, 0, 1 },
	{ BEAM_GEN_SERVER, "handle_info", 2, 0, 1 },  { BEAM_GEN_SERVER, "handle_continue", 2, 0, 1 },
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
};

static void add_message(struct attempt *attempt, const struct value *message)
{
	for (size_t i = 0; i < attempt->len; i++)
		if (value_same(attempt->messages[i], message))
			return;
	if (attempt->len < MESSAGES_MAX)
		attempt->messages[attempt->len++] = message;
}

static void add_atoms(struct attempt *attempt, const struct code_arg *args, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const struct term *term = code_term(&args[i]);

		if (term && term_atom_name(term))
			add_message(attempt, value_of_term(attempt->arena, term));
		if (args[i].kind == CODE_LIST)
			add_atoms(attempt, args[i].items, args[i].len);
	}
}

static void add_tuple(struct attempt *attempt, const struct code_op *op)
{
	const struct value *items[64];
	const struct term *tag = code_term(&op->args[3]);
	size_t size = op->args[2].kind == CODE_NUMBER ? (size_t)op->args[2].number : 0;

	if (!tag || size == 0 || size > ARRAY_LEN(items))
		return;
	items[0] = value_of_term(attempt->arena, tag);
	for (size_t i = 1; i < size; i++)
		items[i] = &value_unknown;
	add_message(attempt, value_tuple(attempt->arena, items, size));
}

/* Atoms and tuples that the callback compares something with: some of them are messages. */
static void find_messages(struct attempt *attempt)
{
	const struct code_function *function = attempt->function;

	attempt->len = 0;
	add_message(attempt, value_of_atom(attempt->arena, "$none of them"));
	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];

		if (op->opcode == OP_IS_TAGGED_TUPLE)
			add_tuple(attempt, op);
		else if (op->opcode == OP_IS_EQ_EXACT || op->opcode == OP_SELECT_VAL)
			add_atoms(attempt, op->args, op->len);
	}
}

/* How many different things it may return; -1: not all of them are seen. */
static int outcomes(const struct attempt *attempt, const struct value *message,
		    const struct value *state)
{
	struct eval eval = { .arena = attempt->arena,
			     .library = attempt->library,
			     .limit = STEPS_MAX };
	const struct value *args[] = { &value_unknown, &value_unknown, &value_unknown,
				       &value_unknown };
	struct values values;

	args[attempt->callback->message] = message;
	args[attempt->callback->state] = state;
	values = eval_function(&eval, attempt->code, attempt->function, args);
	return eval.gave_up || eval.cut ? -1 : (int)values.len;
}

/* *tried counts the messages that it understands with states of its own. */
static bool copes(const struct attempt *attempt, const struct type *before,
		  const struct type *after, unsigned *tried)
{
	for (size_t m = 0; m < attempt->len; m++) {
		int most = 0;

		for (size_t i = 0; i < type_ways(after); i++) {
			int now = outcomes(attempt, attempt->messages[m],
					   type_value(after, i, attempt->arena));

			if (now < 0)
				return false;
			most = now > most ? now : most;
		}
		if (most == 0)
			continue;
		++*tried;
		for (size_t i = 0; i < type_ways(before); i++)
			if (outcomes(attempt, attempt->messages[m],
				     type_value(before, i, attempt->arena)) < most)
				return false;
	}
	return true;
}

static bool is_open(const struct type *type, unsigned depth)
{
	if (!type || depth == 0)
		return false;
	if (is_open(type->item, depth - 1))
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

/* Trying shows whether a key, or another size, is understood; not what becomes of other values. */
static bool can_be_tried(struct judge *judge, const struct code *code, const struct type *before,
			 const struct type *after)
{
	struct type_diffs diffs = type_compare(before, after, judge->arena);

	for (size_t i = 0; i < diffs.len; i++) {
		const struct type_diff *diff = &diffs.items[i];

		if (diff->what == TYPE_MORE || (diff->what == TYPE_LOST && !*diff->path))
			continue;
		if (!(diff->what == TYPE_KEY && !diff->of && !fetches_key(code, diff->tag)) &&
		    !(diff->what == TYPE_KEY_GONE && !diff->of) &&
		    !(diff->what == TYPE_SIZE && code_matches(code, diff->tag, diff->size)))
			return false;
	}
	return true;
}

bool callbacks_cope(struct judge *judge, enum side side, const struct code *code,
		    enum beam_role role, const struct type *before, const struct type *after)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct attempt attempt = { .arena = &scratch,
				   .code = code,
				   .library = &judge->modules->library[side] };
	unsigned tried = 0;

	if (before->unknown || !after->kinds || type_is_empty(before) ||
	    is_open(before, TYPE_DEPTH) || !can_be_tried(judge, code, before, after))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(callbacks); i++) {
		attempt.callback = &callbacks[i];
		attempt.function = callbacks[i].name ? code_function(code, callbacks[i].name,
								     callbacks[i].arity)
						     : NULL;
		if (callbacks[i].role != role || !attempt.function)
			continue;
		/* Of state machines it is not known which of their states goes with which data. */
		if (role == BEAM_GEN_STATEM)
			return false;
		find_messages(&attempt);
		if (!copes(&attempt, before, after, &tried))
			return false;
	}
	return tried > 0;
}

/* ---- callbacks that fail ---- */

/* With each of those states, as they are seen to be. */
static bool takes_all(const struct attempt *attempt, const struct value *message,
		      const struct type *states)
{
	for (size_t i = 0; i < type_ways_inside(states); i++)
		if (outcomes(attempt, message, type_value(states, i, attempt->arena)) <= 0)
			return false;
	return true;
}

static bool fails(const struct attempt *attempt, const struct value *message,
		  const struct type *before, const struct type *after)
{
	for (size_t i = 0; i < type_ways_inside(before); i++)
		if (outcomes(attempt, message, type_value(before, i, attempt->arena)) == 0)
			return takes_all(attempt, message, after);
	return false;
}

static const char *failure_of(struct attempt *attempt, const struct type *before,
			      const struct type *after, struct arena *arena)
{
	find_messages(attempt);
	for (size_t i = 0; i < attempt->len; i++) {
		owned_str struct str text = STR_EMPTY;

		if (!fails(attempt, attempt->messages[i], before, after))
			continue;
		if (i > 0) {
			str_adds(&text, ", given ");
			value_print(&text, attempt->messages[i]);
		}
		return arena_printf(arena, "%s/%u%s", attempt->function->name,
				    attempt->function->arity, str_text(&text));
	}
	return NULL;
}

const char *callback_that_fails(struct judge *judge, enum side side, const struct code *code,
				enum beam_role role, const struct type *before,
				const struct type *after)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct attempt attempt = { .arena = &scratch,
				   .code = code,
				   .library = &judge->modules->library[side] };
	const char *failure = NULL;

	if (type_is_empty(before) || type_is_empty(after) || type_same(before, after))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(callbacks) && !failure; i++)
		for (size_t j = 0; j < code->len && !failure; j++) {
			if (callbacks[i].role != role ||
			    !is_callback(code, &code->functions[j], &callbacks[i]))
				continue;
			attempt.callback = &callbacks[i];
			attempt.function = &code->functions[j];
			failure = failure_of(&attempt, before, after, judge->arena);
		}
	return failure;
}
