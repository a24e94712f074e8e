// SPDX-License-Identifier: Apache-2.0
/* What code_change makes of the state of processes. */
#include "erlang/code/code_memo.h"
#include "erlang/code/code_states.h"

/* Which argument the state is, and where it comes back in {ok, …}. */
static const struct change {
	enum beam_role role;
	const char *name;
	uint32_t arity;
	unsigned state, back;
} changes[] = {
	{ BEAM_GEN_SERVER, "code_change", 3, 1, 1 },
	{ BEAM_GEN_EVENT, "code_change", 3, 1, 1 },
	{ BEAM_GEN_STATEM, "code_change", 4, 2, 2 },
	{ BEAM_SPECIAL, "system_code_change", 4, 0, 1 },
	{ 0, "code_change", 3, 1, 1 },
};

/* How long a list is, as the one that special processes hand to sys, is not known: with one
 * element, and others of which nothing is.
 */
static bool make_longer(const struct value **state, struct arena *arena)
{
	const struct value *head, *tail;

	if (!value_uncons(*state, arena, &head, &tail) || value_is_nil(tail) != YES)
		return false;
	*state = value_cons(arena, head, value_of_kind(arena, TERM_LIST));
	return true;
}

struct type_changed code_change_type(const struct code *code, enum beam_role role,
				     const struct type *state, struct change_given given,
				     const struct code_library *library, struct arena *arena)
{
	struct type_changed changed = { .type = type_new(arena) };
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct change *change = NULL;
	const struct code_function *function;
	struct eval_memo memo = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(changes); i++)
		if (changes[i].role == role)
			change = &changes[i];
	function =
		change && !code->unread ? code_function(code, change->name, change->arity) : NULL;
	if (!function)
		return changed;
	for (size_t way = 0; way < type_exact_ways(state) && way < TYPE_VARIANTS; way++) {
		const struct value *version =
			given.vsn ? value_of_term(&scratch, given.vsn) : &value_unknown;
		const struct value *back[] = { value_of_atom(&scratch, "down"), version };
		struct eval eval = { .arena = &scratch, .library = library, .memo = &memo };
		const struct value *args[4] = { &value_unknown, &value_unknown, &value_unknown,
						&value_unknown };
		struct values values;
		bool any = false;

		args[role == BEAM_SPECIAL ? 2 : 0] =
			given.down ? value_tuple(&scratch, back, ARRAY_LEN(back)) : version;
		if (given.extra)
			args[change->arity - 1] = value_of_term(&scratch, given.extra);
		args[change->state] = type_exact_value(state, way, &scratch);
		values = eval_function(&eval, code, function, args);
		if (values.len == 0 && make_longer(&args[change->state], &scratch))
			values = eval_function(&eval, code, function, args);
		for (size_t i = 0; i < values.len; i++) {
			const struct value *value = values.items[i];

			if (value_is_tagged(value, "error", 2))
				continue;
			any = true;
			if (value_is_tagged(value, "ok", change->back + 1))
				type_add(changed.type, value_element(value, change->back, &scratch),
					 arena);
			else
				changed.type->unknown = true;
		}
		changed.fails = changed.fails || (!any && !eval.gave_up);
		/* Callbacks that are tried with a state of which nothing is known make others of it
		 * than they ever do.
		 */
		changed.fails_all = (way == 0 || changed.fails_all) && !state->unknown && !any &&
				    !eval.gave_up && !eval.cut;
		if (eval.gave_up)
			changed.type->unknown = true;
	}
	return changed;
}
