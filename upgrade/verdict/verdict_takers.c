// SPDX-License-Identifier: Apache-2.0
/* Who takes a message, and whether code takes one that other code did: by callbacks of one name, or
 * as an event in the states of a gen_statem.
 */
#include "upgrade/verdict/verdict_parts.h"

static const struct {
	const char *name;
	uint32_t arity;
} takers[] = {
	[MESSAGE_INFO] = { "handle_info", 2 },
	[MESSAGE_CAST] = { "handle_cast", 2 },
	[MESSAGE_CALL] = { "handle_call", 3 },
	[MESSAGE_EVENT] = { "handle_event", 2 },
};

static bool is_statem(const struct code *code)
{
	return code_exports(code, "callback_mode", 0);
}

const char *message_taker(const struct code *code, enum message_kind kind)
{
	return kind != MESSAGE_EVENT && is_statem(code) ? "a state" : takers[kind].name;
}

bool message_takers_changed(const struct module_diff *module, enum message_kind kind)
{
	owned_str struct str key = STR_EMPTY;

	if (kind != MESSAGE_EVENT && is_statem(module->new_code))
		return module->functions.len > 0;
	str_addf(&key, "%s/%u", takers[kind].name, takers[kind].arity);
	return names_have(module->functions, str_text(&key));
}

/* ---- what becomes of it ---- */

struct asked {
	const char *name;
	uint32_t arity;
	const struct value *args[4];
	unsigned message; /* which of them */
};

static struct values answers(const struct code *code, const struct asked *asked,
			     const struct code_library *library, struct arena *arena, bool *sure)
{
	struct eval eval = { .arena = arena, .library = library, .limit = 16000 };
	const struct code_function *function = code_function(code, asked->name, asked->arity);
	const struct value *args[ARRAY_LEN(asked->args)];
	struct values values = { 0 };

	/* The state as it is is not what cannot be seen. */
	for (unsigned i = 0; i < ARRAY_LEN(args); i++)
		args[i] = asked->args[i] == &value_unknown ? value_argument(arena, i + 1)
							   : asked->args[i];
	if (function)
		values = eval_function(&eval, code, function, args);
	*sure = function && !eval.gave_up && !eval.cut;
	return values;
}

struct values message_answers(const struct code *code, enum message_kind kind,
			      const struct value *message, const struct code_library *library,
			      struct arena *arena, bool *sure)
{
	const struct asked asked = { takers[kind].name,
				     takers[kind].arity,
				     { message, &value_unknown, &value_unknown, &value_unknown },
				     0 };

	return answers(code, &asked, library, arena, sure);
}

static bool same_values(struct values a, struct values b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (!value_same(a.items[i], b.items[i]))
			return false;
	return true;
}

/* An atom that is compared with something is understood, whatever becomes of it. */
static bool is_named(const struct code *code, const struct asked *asked)
{
	const char *name = value_atom_name(asked->args[asked->message]);

	return name && function_names(code_function(code, asked->name, asked->arity), name);
}

/* It raises, or falls through to what takes anything, where it did not before. */
static bool is_lost(struct judge *judge, const struct code *knew, const struct code *code,
		    enum side side, const struct asked *asked)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct code_library *library = judge->modules->library;
	struct asked nonsense = *asked;
	bool sure, also;
	struct values was = answers(knew, asked, &library[!side], &scratch, &sure);
	struct values is = answers(code, asked, &library[side], &scratch, &also);

	nonsense.args[asked->message] = value_of_atom(&scratch, "$none of them");
	if (!sure || !also || was.len == 0 || same_values(was, is))
		return false;
	if (is.len == 0)
		return true;
	return !is_named(code, asked) &&
	       same_values(is, answers(code, &nonsense, &library[side], &scratch, &also)) &&
	       !same_values(was, answers(knew, &nonsense, &library[!side], &scratch, &sure));
}

bool event_is_lost(struct judge *judge, const struct code *knew, const struct code *code,
		   enum side side, const struct value *type, const struct value *content)
{
	struct asked asked = {
		"handle_event", 4, { type, content, &value_unknown, &value_unknown }, 1
	};

	if (is_lost(judge, knew, code, side, &asked))
		return true;
	asked.arity = 3;
	for (size_t i = 0; i < code->len && !code_function(code, "handle_event", 4); i++) {
		asked.name = code->functions[i].name;
		if (code->functions[i].arity == 3 && code_exports(code, asked.name, 3) &&
		    strcmp(asked.name, "terminate") != 0 && code_exports(knew, asked.name, 3) &&
		    is_lost(judge, knew, code, side, &asked))
			return true;
	}
	return false;
}

bool message_is_lost(struct judge *judge, const struct code *knew, const struct code *code,
		     enum side side, enum message_kind kind, const struct value *message)
{
	const struct asked asked = { takers[kind].name,
				     takers[kind].arity,
				     { message, &value_unknown, &value_unknown, &value_unknown },
				     0 };
	const struct value *call[] = { value_of_atom(judge->arena, "call"), &value_unknown };

	if (kind == MESSAGE_EVENT || !is_statem(code) || !is_statem(knew))
		return is_lost(judge, knew, code, side, &asked);
	return event_is_lost(
		judge, knew, code, side,
		kind == MESSAGE_CALL
			? value_tuple(judge->arena, call, 2)
			: value_of_atom(judge->arena, kind == MESSAGE_CAST ? "cast" : "info"),
		message);
}
