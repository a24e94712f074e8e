// SPDX-License-Identifier: Apache-2.0
/* What a gen_statem answers to calls, by the actions that its callbacks return. */
#include "upgrade/verdict/verdict_messages.h"

enum { CALLER = 900, STEPS = 8000 };

void answers_add(struct answers *answers, const struct value *value)
{
	if (answers_have(answers, value))
		return;
	if (answers->len == ANSWERS_MAX)
		answers->more = true;
	else
		answers->items[answers->len++] = value;
}

bool answers_have(const struct answers *answers, const struct value *value)
{
	for (size_t i = 0; i < answers->len; i++)
		if (value_same(answers->items[i], value))
			return true;
	return false;
}

/* ---- what a callback returns ---- */

/* Where the actions stand; NULL: there are none. */
static const struct value *actions_of(const struct value *returned, struct arena *arena)
{
	static const struct {
		const char *tag;
		int size, at;
	} rows[] = {
		{ "next_state", 4, 3 },
		{ "keep_state", 3, 2 },
		{ "keep_state_and_data", 2, 1 },
		{ "repeat_state", 3, 2 },
		{ "repeat_state_and_data", 2, 1 },
		{ "stop_and_reply", 3, 2 },
		{ "stop_and_reply", 4, 2 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (value_is_tagged(returned, rows[i].tag, (size_t)rows[i].size))
			return value_element(returned, (size_t)rows[i].at, arena);
	return NULL;
}

static bool is_action(const struct value *value)
{
	return value_tuple_size(value) > 0 || value_atom_name(value);
}

/* The first of one action, or a list of them. */
static const struct value *next_action(const struct value **rest, struct arena *arena)
{
	const struct value *first = *rest;

	if (!first || value_is_nil(first) == YES)
		return NULL;
	if (value_uncons(*rest, arena, &first, rest))
		return first;
	*rest = NULL;
	return first;
}

void statem_replies(struct answers *answers, const struct value *actions, const struct value *from,
		    struct arena *arena)
{
	const struct value *action;

	while ((action = next_action(&actions, arena)))
		if (value_is_tagged(action, "reply", 3) &&
		    (!from || value_same(value_element(action, 1, arena), from)))
			answers_add(answers, value_element(action, 2, arena));
}

static bool has_action(const struct value *actions, const char *name, struct arena *arena)
{
	const struct value *action;

	while ((action = next_action(&actions, arena)))
		if (value_is_atom(action, name) || value_is_tagged(action, name, 2))
			return true;
	return false;
}

/* ---- its callbacks ---- */

struct callbacks {
	struct judge *judge;
	enum side side;
	const struct code *code;
	const struct value *type, *content;
	bool replied; /* by a call of reply/2 */
	bool sure;
};

static void see_reply(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct callbacks *callbacks = ctx;

	(void)args;
	if (strcmp(to->name, "reply") == 0)
		callbacks->replied = true;
}

static bool is_callback(const struct code *code, const struct code_function *function)
{
	if (!code_exports(code, function->name, function->arity))
		return false;
	if (code_exports(code, "handle_event", 4))
		return function->arity == 4 && strcmp(function->name, "handle_event") == 0;
	return function->arity == 3 && strcmp(function->name, "terminate") != 0 &&
	       strcmp(function->name, "format_status") != 0;
}

static struct values returned(struct callbacks *callbacks, const struct code_function *function)
{
	const struct value *const args[] = { callbacks->type, callbacks->content, &value_unknown,
					     &value_unknown };
	struct eval eval = { .arena = callbacks->judge->arena,
			     .library = &callbacks->judge->modules->library[callbacks->side],
			     .limit = STEPS,
			     .on_call = see_reply,
			     .ctx = callbacks };
	struct values values = { 0 };

	callbacks->replied = false;
	if (is_callback(callbacks->code, function))
		values = eval_function(&eval, callbacks->code, function, args);
	callbacks->sure = !eval.gave_up && !eval.cut;
	return values;
}

static const struct value *call_type(struct arena *arena)
{
	const struct value *call[] = { value_of_atom(arena, "call"),
				       value_argument(arena, CALLER) };

	return value_tuple(arena, call, 2);
}

enum call_end statem_call(struct judge *judge, enum side side, const struct code *code,
			  const struct value *request, struct answers *answers)
{
	struct arena *arena = judge->arena;
	struct callbacks callbacks = { .judge = judge,
				       .side = side,
				       .code = code,
				       .type = call_type(arena),
				       .content = request };
	const struct value *from = value_argument(arena, CALLER);
	enum call_end end = CALL_ANSWERED;

	for (size_t i = 0; i < code->len; i++) {
		struct values values = returned(&callbacks, &code->functions[i]);

		for (size_t j = 0; j < values.len; j++) {
			const struct value *actions = actions_of(values.items[j], arena);
			struct answers own = { .len = 0 };

			if (actions)
				statem_replies(&own, actions, from, arena);
			for (size_t k = 0; answers && k < own.len; k++)
				answers_add(answers, own.items[k]);
			if (actions && has_action(actions, "postpone", arena))
				end = CALL_POSTPONED;
			else if (end == CALL_ANSWERED && own.len == 0 && !callbacks.replied &&
				 is_action(values.items[j]) &&
				 (!actions || value_term_kind(actions) >= 0))
				end = CALL_LEFT;
		}
		if (answers && !callbacks.sure)
			answers->more = true;
	}
	return end;
}

void statem_late_replies(struct judge *judge, enum side side, const struct module_at *module,
			 struct answers *answers)
{
	static const char *const types[] = { "cast",          "info",    "internal", "enter",
					     "state_timeout", "timeout", NULL };
	const struct code *code =
		side == SIDE_OLD ? module->diff->old_code : module->diff->new_code;
	struct arena *arena = judge->arena;
	struct callbacks callbacks = {
		.judge = judge, .side = side, .code = code, .content = &value_unknown
	};
	const struct value *from = value_argument(arena, CALLER);

	for (size_t i = 0; i < code->len; i++)
		for (size_t t = 0; t < ARRAY_LEN(types); t++) {
			struct values values;

			if (!is_callback(code, &code->functions[i]))
				break;
			callbacks.type =
				types[t] ? value_of_atom(arena, types[t]) : call_type(arena);
			values = returned(&callbacks, &code->functions[i]);
			for (size_t j = 0; j < values.len; j++) {
				const struct value *action,
					*rest = actions_of(values.items[j], arena);

				while (rest && (action = next_action(&rest, arena)))
					if (value_is_tagged(action, "reply", 3) &&
					    !value_same(value_element(action, 1, arena), from))
						answers_add(answers,
							    value_element(action, 2, arena));
			}
		}
}
