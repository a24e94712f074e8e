// SPDX-License-Identifier: Apache-2.0
/* States of a gen_statem in which its processes are, and that the new code does not know. */
#include "upgrade/verdict/verdict_states.h"

/* Whether a gen_statem is seen to go there, or goes to states that cannot be seen. */
static bool is_state(const struct code *code, const char *name)
{
	const struct value *const args[] = { &value_unknown, &value_unknown, &value_unknown,
					     &value_unknown };

	for (size_t i = 0; i < code->len; i++) {
		owned_arena struct arena scratch = ARENA_EMPTY;
		struct eval eval = { .arena = &scratch };
		const struct code_function *function = &code->functions[i];
		struct values values;

		if ((function->arity != 3 && strcmp(function->name, "init") != 0) ||
		    !code_exports(code, function->name, function->arity) ||
		    function->arity > ARRAY_LEN(args))
			continue;
		values = eval_function(&eval, code, function, args);
		for (size_t j = 0; j < values.len; j++) {
			const struct value *value = values.items[j], *to;
			int size = value_tuple_size(value);

			if (size < 3 || !(value_is_tagged(value, "ok", (size_t)size) ||
					  value_is_tagged(value, "next_state", (size_t)size)))
				continue;
			to = value_element(value, 1, &scratch);
			if (!value_atom_name(to) || strcmp(value_atom_name(to), name) == 0)
				return true;
		}
		if (eval.gave_up)
			return true;
	}
	return false;
}

const char *state_gone(const struct module_diff *module)
{
	static const char *const no_states[] = { "terminate", "format_status" };
	const struct beam_functions exports = module->old_facts->exports;

	if (beam_exports(module->old_facts, "handle_event", 4))
		return NULL;
	for (size_t i = 0; i < exports.len; i++) {
		bool is_one = exports.items[i].arity == 3;

		for (size_t j = 0; j < ARRAY_LEN(no_states); j++)
			is_one = is_one && strcmp(exports.items[i].name, no_states[j]) != 0;
		if (is_one && !beam_exports(module->new_facts, exports.items[i].name, 3) &&
		    is_state(module->old_code, exports.items[i].name))
			return exports.items[i].name;
	}
	return NULL;
}

/* All that handle_event/4 may return in a state; -1: not all of that is seen. */
static int outcomes_in(struct judge *judge, enum side side, const struct code *code,
		       const struct value *state)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct eval eval = { .arena = &scratch,
			     .library = &judge->modules->library[side],
			     .limit = 16000 };
	const struct value *const args[] = { &value_unknown, &value_unknown, state,
					     &value_unknown };
	struct values values =
		eval_function(&eval, code, code_function(code, "handle_event", 4), args);

	return eval.gave_up || eval.cut ? -1 : (int)values.len;
}

/* An atom, or {Name, …}, whatever else is in it; NULL: another state. */
static const struct value *any_like(struct judge *judge, const struct value *state)
{
	const struct value *items[8];
	int size = value_tuple_size(state);

	if (value_atom_name(state))
		return state;
	if (size < 1 || size > (int)ARRAY_LEN(items))
		return NULL;
	items[0] = value_element(state, 0, judge->arena);
	for (int i = 1; i < size; i++)
		items[i] = &value_unknown;
	return value_atom_name(items[0]) ? value_tuple(judge->arena, items, (size_t)size) : NULL;
}

/* The first state like that to which a function goes, for which no clause of the new code is. */
static const struct value *not_taken_of(struct judge *judge, const struct module_diff *module,
					const struct code_function *function)
{
	const struct value *const args[] = { &value_unknown, &value_unknown, &value_unknown,
					     &value_unknown };
	struct eval eval = { .arena = judge->arena,
			     .library = &judge->modules->library[SIDE_OLD],
			     .limit = 16000 };
	struct values values = { 0 };

	if (function)
		values = eval_function(&eval, module->old_code, function, args);
	for (size_t i = 0; i < values.len; i++) {
		const struct value *value = values.items[i], *state;
		int size = value_tuple_size(value);

		if (size < 3 || !(value_is_tagged(value, "ok", (size_t)size) ||
				  value_is_tagged(value, "next_state", (size_t)size)))
			continue;
		state = any_like(judge, value_element(value, 1, judge->arena));
		if (state && outcomes_in(judge, SIDE_NEW, module->new_code, state) == 0 &&
		    outcomes_in(judge, SIDE_OLD, module->old_code, state) != 0)
			return state;
	}
	return NULL;
}

const char *state_not_taken(struct judge *judge, const struct module_diff *module)
{
	const struct code *code = module->old_code;
	const struct value *state;
	owned_str struct str text = STR_EMPTY;

	if (!code_function(code, "handle_event", 4) ||
	    !code_function(module->new_code, "handle_event", 4))
		return state_gone(module);
	state = not_taken_of(judge, module, code_function(code, "init", 1));
	if (!state)
		state = not_taken_of(judge, module, code_function(code, "handle_event", 4));
	if (!state)
		return NULL;
	value_print(&text, state);
	return arena_dup(judge->arena, str_span(&text));
}
