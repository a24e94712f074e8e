// SPDX-License-Identifier: Apache-2.0
/* Calls that make, or use, a thing with a name: a table, a registered process, a group. */
#include "upgrade/verdict/verdict_parts.h"

/* clang-format off */
static const struct {
	const char *module, *name;
	uint32_t arity; /* 0: any */
	enum resource resource;
	unsigned key; /* the argument */
	bool makes;
} acts[] = {
	{ "ets", "new", 2, TABLE, 0, true },
	{ "persistent_term", "put", 2, KEPT_TERM, 0, true },
	{ "persistent_term", "get", 1, KEPT_TERM, 0, false },
	{ "erlang", "register", 2, NAME, 0, true },
	{ "Elixir.Process", "register", 2, NAME, 1, true },
	{ "erlang", "put", 2, DICTIONARY, 0, true },
	{ "erlang", "get", 1, DICTIONARY, 0, false },
	{ "Elixir.Process", "put", 2, DICTIONARY, 0, true },
	{ "Elixir.Process", "get", 1, DICTIONARY, 0, false },
	{ "pg", "join", 2, GROUP, 0, true },
	{ "pg", "join", 3, GROUP, 1, true },
	{ "pg", "get_members", 1, GROUP, 0, false },
	{ "pg", "get_members", 2, GROUP, 1, false },
	{ "pg", "get_local_members", 1, GROUP, 0, false },
	{ "pg", "get_local_members", 2, GROUP, 1, false },
	{ "gproc", "reg", 0, GROUP, 0, true },
	{ "gproc", "lookup_pid", 1, GROUP, 0, false },
	{ "gproc", "lookup_pids", 1, GROUP, 0, false },
	{ "gproc", "send", 2, GROUP, 0, false },
	{ "gproc", "where", 1, GROUP, 0, false },
	{ "Elixir.Registry", "register", 3, GROUP, 1, true },
	{ "Elixir.Registry", "lookup", 2, GROUP, 1, false },
	{ "Elixir.Registry", "dispatch", 0, GROUP, 1, false },
	{ "gen_server", "call", 0, NAME, 0, false },
	{ "gen_server", "cast", 2, NAME, 0, false },
	{ "gen_statem", "call", 0, NAME, 0, false },
	{ "gen_statem", "cast", 2, NAME, 0, false },
	{ "gen_event", "notify", 2, NAME, 0, false },
	{ "gen_event", "sync_notify", 2, NAME, 0, false },
	{ "gen_event", "call", 0, NAME, 0, false },
	{ "erlang", "send", 2, NAME, 0, false },
	{ "supervisor", "start_child", 2, NAME, 0, false },
	{ "supervisor", "which_children", 1, NAME, 0, false },
	{ "Elixir.GenServer", "call", 0, NAME, 0, false },
	{ "Elixir.GenServer", "cast", 2, NAME, 0, false },
	{ "Elixir.Agent", "get", 0, NAME, 0, false },
	{ "Elixir.Agent", "update", 0, NAME, 0, false },
	{ "Elixir.Agent", "get_and_update", 0, NAME, 0, false },
	{ "Elixir.DynamicSupervisor", "start_child", 2, NAME, 0, false },
	{ "Elixir.Supervisor", "start_child", 2, NAME, 0, false },
};
/* clang-format on */

/* All else that takes a table. */
static bool uses_table(const struct beam_function *to)
{
	static const char *const safe[] = { "new",
					    "info",
					    "whereis",
					    "all",
					    "i",
					    "is_compiled_ms",
					    "fun2ms",
					    "file2tab",
					    "tabfile_info",
					    "match_spec_compile" };

	if (strcmp(to->module, "ets") != 0 || to->arity == 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(safe); i++)
		if (strcmp(safe[i], to->name) == 0)
			return false;
	return true;
}

/* {local, N} and {global, N} of start_link; `name: N` among Elixir's options.  NULL: no name. */
static const struct value *started_name(const struct code_effect *effect, struct arena *arena)
{
	const struct value *first = effect->args[0], *last = NULL, *head;

	if (strncmp(effect->to.name, "start", 5) != 0)
		return NULL;
	if (strncmp(effect->to.module, "gen_", 4) == 0 ||
	    strcmp(effect->to.module, "supervisor") == 0) {
		if (value_is_tagged(first, "local", 2))
			return value_element(first, 1, arena);
		return value_tuple_size(first) >= 2 ? first : NULL;
	}
	if (strncmp(effect->to.module, "Elixir.", 7) != 0 || effect->to.arity == 0 ||
	    effect->to.arity > EFFECT_ARGS)
		return NULL;
	last = effect->args[effect->to.arity - 1];
	while (value_uncons(last, arena, &head, &last))
		if (value_is_tagged(head, "name", 2))
			return value_element(head, 1, arena);
	return NULL;
}

/* False when the key cannot be seen. */
static bool key_of(struct act *act, const struct value *value, struct arena *arena)
{
	owned_str struct str text = STR_EMPTY;

	if (value_term_kind(value) < 0 || (value->kind == VALUE_UNKNOWN && !value->begins))
		return false;
	value_print(&text, value);
	act->key = arena_dup(arena, str_span(&text));
	act->value = value;
	return true;
}

/* The key in {via, Registry, {Name, Key}} and {via, gproc, Key}; NULL: another name. */
static const struct value *key_via(const struct value *name, struct arena *arena)
{
	const struct value *key;

	if (!value_is_tagged(name, "via", 3))
		return NULL;
	key = value_element(name, 2, arena);
	if (value_is_atom(value_element(name, 1, arena), "gproc"))
		return key;
	return value_is_atom(value_element(name, 1, arena), "Elixir.Registry") &&
			       value_tuple_size(key) >= 2
		       ? value_element(key, 1, arena)
		       : NULL;
}

static bool read_name(struct act *act, const struct value *name, bool makes, struct arena *arena)
{
	const struct value *key = key_via(name, arena);
	owned_str struct str text = STR_EMPTY;

	*act = (struct act){ .resource = key ? GROUP : NAME, .makes = makes };
	if (!key)
		return key_of(act, name, arena);
	/* One that is not seen is what the process was given: no tuple around it. */
	value_print(&text, key);
	act->key = arena_dup(arena, str_span(&text));
	act->value = key;
	return true;
}

bool act_read(struct act *act, const struct code_effect *effect, struct arena *arena)
{
	const struct value *name = started_name(effect, arena);

	if (name)
		return read_name(act, name, true, arena);
	for (size_t i = 0; i < ARRAY_LEN(acts); i++)
		if (effect_is(effect, acts[i].module, acts[i].name, acts[i].arity)) {
			if (acts[i].resource == NAME)
				return read_name(act, effect->args[acts[i].key], acts[i].makes,
						 arena);
			*act = (struct act){ .resource = acts[i].resource, .makes = acts[i].makes };
			return key_of(act, effect->args[acts[i].key], arena);
		}
	if (!uses_table(&effect->to))
		return false;
	*act = (struct act){ .resource = TABLE };
	return key_of(act, effect->args[0], arena);
}

const char *started_as(const struct code_effect *effect, struct arena *arena)
{
	const struct value *name = started_name(effect, arena);

	if (effect_is(effect, "erlang", "register", 2))
		name = effect->args[0];
	else if (effect_is(effect, "Elixir.Process", "register", 2))
		name = effect->args[1];
	return name ? value_atom_name(name) : NULL;
}

bool act_is_of(const struct act *act, const struct act *other)
{
	return act->resource == other->resource && strcmp(act->key, other->key) == 0;
}

bool act_may_be_of(const struct act *act, const struct act *other)
{
	return act_is_of(act, other) ||
	       (act->resource == other->resource && value_alike(act->value, other->value));
}

static bool looks_whether_there(const struct beam_function *to)
{
	return strcmp(to->name, "whereis") == 0 ||
	       (strcmp(to->module, "ets") == 0 && strcmp(to->name, "info") == 0);
}

bool function_is_careful(const struct code *code, const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		const struct beam_function *to = code_op_import(code, op);

		if (op->opcode == OP_TRY || op->opcode == OP_CATCH ||
		    (to && looks_whether_there(to)))
			return true;
	}
	return false;
}

/* A try or catch that begins before an instruction, and whose handler stands behind it. */
static bool is_inside_try(const struct code *code, const struct code_function *function, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		const struct code_op *op = &function->ops[i];
		const struct code_place *place = op->opcode == OP_TRY || op->opcode == OP_CATCH
							 ? code_place(code, &op->args[1])
							 : NULL;

		if (place && place->op != CODE_NOWHERE && place->op > at)
			return true;
	}
	return false;
}

bool calls_are_careful(const struct code *code, const struct code_function *function,
		       const struct beam_function *to)
{
	bool calls = false, outside = false;

	for (size_t i = 0; i < function->len; i++) {
		const struct beam_function *called = code_op_import(code, &function->ops[i]);

		if (!called)
			continue;
		/* That of a process says nothing of a table. */
		if (looks_whether_there(called) &&
		    (strcmp(to->module, "ets") != 0 || strcmp(called->module, "ets") == 0))
			return true;
		if (beam_function_same(called, to)) {
			calls = true;
			outside = outside || !is_inside_try(code, function, i);
		}
	}
	return calls ? !outside : function_is_careful(code, function);
}

bool call_is_careful(const struct eval_frame *at)
{
	for (; at; at = at->caller)
		if (function_is_careful(at->code, at->function))
			return true;
	return false;
}

bool table_is_named(const struct value *options, struct arena *arena)
{
	const struct value *head;

	while (value_uncons(options, arena, &head, &options))
		if (value_is_atom(head, "named_table"))
			return true;
	return false;
}
