// SPDX-License-Identifier: Apache-2.0
/* Maps whose computed keys are of another kind than before: what is there stays there, and nobody
 * finds it.
 */
#include "erlang/code/code_type.h"
#include "upgrade/verdict/verdict_states.h"

enum { STEPS = 16000, TOLD_MAX = 40, SIZES = 6, MESSAGES_MAX = 100 };

struct lookups {
	struct arena *arena;
	const struct type *before; /* the keys that are there */
	bool any, found;
	bool unseen; /* not all ways were followed */
};

/* What looks a key up, and which argument that is. */
static int key_argument(const struct beam_function *to)
{
	static const char *const names[] = {
		"find",     "fetch",    "fetch!", "get",    "get_and_update", "get_and_update!",
		"get_lazy", "has_key?", "is_key", "pop",    "pop!",           "pop_lazy",
		"replace",  "put_new",  "update", "remove", "replace!",       "update_with",
		"delete",   "update!",
	};
	int at = strcmp(to->module, "maps") == 0 ? 0
		 : strcmp(to->module, "Elixir.Map") == 0 || strcmp(to->module, "Elixir.Access") == 0
			 ? 1
			 : -1;

	for (size_t i = 0; at >= 0 && i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], to->name) == 0)
			return at;
	return -1;
}

/* Of which it is not looked what they are: it may find all that is there. */
static bool looks_up_many(const struct beam_function *to)
{
	static const char *const names[] = { "with", "without", "take", "drop", "split" };

	if (strcmp(to->module, "maps") != 0 && strcmp(to->module, "Elixir.Map") != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], to->name) == 0)
			return to->arity == 2;
	return false;
}

static void see_key(void *ctx, const struct value *key)
{
	struct lookups *lookups = ctx;
	struct type *asked = type_new(lookups->arena);
	const struct term *term = value_term(key, lookups->arena);

	if (term && type_key(term, lookups->arena))
		return;
	type_add(asked, key, lookups->arena);
	lookups->any = true;
	lookups->found = lookups->found || type_meets(asked, lookups->before);
}

static void see_lookup(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct lookups *lookups = ctx;
	int at = key_argument(to);

	if (looks_up_many(to))
		lookups->any = lookups->found = true;
	if (at >= 0 && to->arity >= 2)
		see_key(ctx, args[at]);
}

/* #{Key := Value}, with a key of which the code does not say what it is. */
static bool matches_any_key(const struct code *code)
{
	for (size_t i = 0; i < code->len; i++)
		for (size_t j = 0; j < code->functions[i].len; j++) {
			const struct code_op *op = &code->functions[i].ops[j];
			const struct code_arg *list;

			if (op->opcode != OP_GET_MAP_ELEMENTS && op->opcode != OP_HAS_MAP_FIELDS)
				continue;
			list = &op->args[op->len - 1];
			for (size_t k = 0; list->kind == CODE_LIST && k < list->len;
			     k += op->opcode == OP_GET_MAP_ELEMENTS ? 2 : 1)
				if (!code_term(&list->items[k]))
					return true;
		}
	return false;
}

/* {'DOWN', Ref, process, Pid, Reason} and {'EXIT', Pid, Reason}, as they mostly are: processes are
 * monitored by name, and ports linked, more rarely.
 */
static const struct value *sent_by_system(struct arena *arena, const struct value *message)
{
	const struct value *parts[] = { &value_unknown, &value_unknown, &value_unknown,
					&value_unknown, &value_unknown };

	if (value_is_tagged(message, "DOWN", 5)) {
		parts[1] = value_of_kind(arena, TERM_REFERENCE);
		parts[3] = value_of_kind(arena, TERM_PID);
	} else if (value_is_tagged(message, "EXIT", 3)) {
		parts[1] = value_of_kind(arena, TERM_PID);
	} else {
		return message;
	}
	parts[0] = value_element(message, 0, arena);
	return value_tuple(arena, parts, (size_t)value_tuple_size(message));
}

/* Whatever else may come: {Ref, Answer}, {Tag, Socket, Data}, a reference by itself, … */
static size_t add_others(const struct value **messages, size_t len, struct arena *arena)
{
	static const enum term_kind kinds[] = { TERM_REFERENCE, TERM_PID,     TERM_PORT,
						TERM_BINARY,    TERM_INTEGER, TERM_MAP };
	const struct value *parts[SIZES] = { NULL,           &value_unknown, &value_unknown,
					     &value_unknown, &value_unknown, &value_unknown };

	for (size_t i = 0; i <= ARRAY_LEN(kinds); i++) {
		parts[0] = i < ARRAY_LEN(kinds) ? value_of_kind(arena, kinds[i])
						: value_of_atom(arena, "$none of them");
		messages[len++] = parts[0];
		for (size_t size = 2; size <= SIZES; size++)
			messages[len++] = value_tuple(arena, parts, size);
	}
	return len;
}

/* The messages of handle_info/2, of whose elements the kinds are known; none: there are too many.
 */
static size_t messages_sent(const struct value **messages, const struct code *code,
			    const struct code_function *function, struct arena *arena)
{
	size_t len = messages_told_apart(messages, TOLD_MAX, code, function, 0, arena);

	if (len == TOLD_MAX)
		return 0;
	for (size_t i = 0; i < len; i++)
		messages[i] = sent_by_system(arena, messages[i]);
	return add_others(messages, len, arena);
}

/* With whatever a callback is given: for some of that is known of which kind it is. */
static void look_up(struct lookups *lookups, const struct code_library *library,
		    const struct code *code, const struct code_function *function)
{
	const struct value *messages[MESSAGES_MAX];
	const struct value *args[] = { NULL, &value_unknown, &value_unknown };
	size_t len = 0;

	if (strcmp(function->name, "handle_info") == 0 && function->arity == 2)
		len = messages_sent(messages, code, function, lookups->arena);
	else if (strcmp(function->name, "handle_call") == 0 && function->arity == 3)
		args[1] = value_caller(lookups->arena);
	if (len == 0)
		messages[len++] = &value_unknown;
	for (size_t i = 0; i < len; i++) {
		struct eval eval = { .arena = lookups->arena,
				     .library = library,
				     .limit = STEPS,
				     .on_call = see_lookup,
				     .on_match = see_key,
				     .ctx = lookups };

		args[0] = messages[i];
		if (function->arity == 2 || function->arity == 3)
			eval_function(&eval, code, function, args);
		else
			eval_any(&eval, code, function);
		lookups->unseen = lookups->unseen || eval.gave_up;
	}
}

static bool finds(struct judge *judge, enum side side, const struct code *code,
		  const struct type *before)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct lookups lookups = { .arena = &scratch, .before = before };

	for (size_t i = 0; i < code->len && !lookups.found; i++) {
		const struct code_function *function = &code->functions[i];

		if (code_exports(code, function->name, function->arity))
			look_up(&lookups, &judge->modules->library[side], code, function);
	}
	return lookups.found || !lookups.any || (lookups.unseen && matches_any_key(code));
}

bool keys_found(struct judge *judge, enum side side, const struct code *code,
		const struct type_diff *diff)
{
	return finds(judge, side, code, diff->before);
}
