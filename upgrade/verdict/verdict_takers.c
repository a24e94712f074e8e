// SPDX-License-Identifier: Apache-2.0
/* Who takes a message, and whether code takes one that other code did: by callbacks of one name, as
 * an event in the states of a gen_statem, or in a loop of its own.
 */
#include "erlang/code/code_loops.h"
#include "erlang/code/code_type.h"
#include "upgrade/verdict/verdict_messages.h"
#include "upgrade/verdict/verdict_running.h"
#include "upgrade/verdict/verdict_states.h"

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

/* Without callbacks, messages are for its loops. */
static bool is_plain(const struct code *code)
{
	return !code_function(code, "handle_info", 2) && !code_exports(code, "handle_call", 3);
}

const char *message_taker(const struct code *code, enum message_kind kind)
{
	if (kind == MESSAGE_INFO && !is_statem(code) && is_plain(code))
		return "a loop";
	return kind != MESSAGE_EVENT && is_statem(code) ? "a state" : takers[kind].name;
}

bool message_is_for_loops(const struct module_diff *module)
{
	const unsigned roles = module->old_facts->roles | module->new_facts->roles;

	return !(roles & (BEAM_GEN_SERVER | BEAM_GEN_STATEM | BEAM_GEN_EVENT | BEAM_SUPERVISOR)) &&
	       is_plain(module->old_code) && is_plain(module->new_code);
}

static bool is_changed(const struct module_diff *module, const struct code_function *function)
{
	owned_str struct str key = STR_EMPTY;

	str_addf(&key, "%s/%u", function->name, function->arity);
	return names_have(module->functions, str_text(&key));
}

/* It changed, or one that it leads to inside of its module. */
static bool leads_to_change(const struct module_diff *module, const struct code_function *function)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct code *code = module->new_code;
	const struct code_function **todo =
		arena_array(&scratch, code->len, const struct code_function *);
	bool *seen = arena_array(&scratch, code->len, bool);
	size_t len = 0;

	todo[len++] = function;
	seen[function - code->functions] = true;
	while (len > 0) {
		const struct code_function *now = todo[--len], *next;

		if (is_changed(module, now))
			return true;
		for (size_t i = 0; i < now->len; i++)
			if ((next = code_op_local(code, &now->ops[i])) &&
			    !seen[next - code->functions]) {
				seen[next - code->functions] = true;
				todo[len++] = next;
			}
	}
	return false;
}

bool message_takers_changed(const struct module_diff *module, enum message_kind kind)
{
	const struct code_function *taker;

	if (module->functions.len == 0 || (kind != MESSAGE_EVENT && (is_statem(module->new_code) ||
								     message_is_for_loops(module))))
		return module->functions.len > 0;
	taker = code_function(module->new_code, takers[kind].name, takers[kind].arity);
	return taker ? leads_to_change(module, taker)
		     : code_function(module->old_code, takers[kind].name, takers[kind].arity) !=
			       NULL;
}

/* ---- what becomes of it ---- */

struct asked {
	const char *name;
	uint32_t arity;
	const struct value *args[4];
	unsigned message; /* which of them */
};

enum { DOES_MAX = 32 };

/* Functions of other modules that are called meanwhile, for what they do. */
struct does {
	struct beam_function items[DOES_MAX];
	size_t len;
};

/* What is written to a log is for people. */
static bool does_nothing(const struct beam_function *function)
{
	static const char *const modules[] = { "logger", "error_logger", "io", "io_lib",
					       "Elixir.Logger" };

	for (size_t i = 0; i < ARRAY_LEN(modules); i++)
		if (strcmp(modules[i], function->module) == 0)
			return true;
	return known_pure(function->module);
}

static bool does_it(const struct does *does, const struct beam_function *function)
{
	for (size_t i = 0; i < does->len; i++)
		if (does->items[i].arity == function->arity &&
		    strcmp(does->items[i].name, function->name) == 0 &&
		    strcmp(does->items[i].module, function->module) == 0)
			return true;
	return false;
}

static void see_call(void *ctx, const struct beam_function *function,
		     const struct value *const *args)
{
	struct does *does = ctx;

	(void)args;
	if (!does_nothing(function) && !does_it(does, function) && does->len < DOES_MAX)
		does->items[does->len++] = *function;
}

/* What it does with a message. */
struct doing {
	struct values values; /* that it may return */
	struct does does;
	bool sure; /* that is all */
};

static struct doing doing_of(const struct code *code, const struct asked *asked,
			     const struct code_library *library, struct arena *arena)
{
	struct doing doing = { .sure = false };
	struct eval eval = { .arena = arena,
			     .library = library,
			     .limit = 16000,
			     .on_call = see_call,
			     .ctx = &doing.does };
	const struct code_function *function = code_function(code, asked->name, asked->arity);
	const struct value *args[ARRAY_LEN(asked->args)];

	/* The state as it is is not what cannot be seen. */
	for (unsigned i = 0; i < ARRAY_LEN(args); i++)
		args[i] = asked->args[i] == &value_unknown ? value_argument(arena, i + 1)
							   : asked->args[i];
	if (function)
		doing.values = eval_function(&eval, code, function, args);
	doing.sure = function && !eval.gave_up && !eval.cut;
	return doing;
}

struct values message_answers(const struct code *code, enum message_kind kind,
			      const struct value *message, const struct code_library *library,
			      struct arena *arena, bool *sure)
{
	const struct asked asked = { takers[kind].name,
				     takers[kind].arity,
				     { message, &value_unknown, &value_unknown, &value_unknown },
				     0 };

	const struct doing doing = doing_of(code, &asked, library, arena);

	*sure = doing.sure;
	return doing.values;
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

/* An atom that is compared with something is understood, whatever becomes of it; not one that
 * tuples begin with now.
 */
static bool is_named(const struct code *code, const struct asked *asked, struct arena *arena)
{
	const struct value *told[64];
	const char *name = value_atom_name(asked->args[asked->message]);
	const struct code_function *function =
		name ? code_function(code, asked->name, asked->arity) : NULL;
	size_t len = function ? messages_told_apart(told, ARRAY_LEN(told), code, function,
						    asked->message, arena)
			      : 0;
	bool tag = false;

	for (size_t i = 0; i < len; i++) {
		if (value_is_atom(told[i], name))
			return true;
		tag = tag || value_is_atom(value_element(told[i], 0, arena), name);
	}
	return function && !tag && function_names(function, name);
}

/* The state is what it was, and nobody gets an answer. */
static bool is_ignored(struct values values, struct arena *arena)
{
	static const char *const tags[] = { "noreply", "ok", "next_state", "keep_state" };

	for (size_t i = 0; i < values.len; i++) {
		const struct value *value = values.items[i];
		int size = value_tuple_size(value);
		bool is = value_is_atom(value, "keep_state_and_data");
		int kept = size > 0 && value_is_tagged(value, "next_state", (size_t)size) ? 2 : 1;

		for (size_t j = 0; j < ARRAY_LEN(tags) && size > 1; j++)
			is = is || value_is_tagged(value, tags[j], (size_t)size);
		for (int j = 1; j < size; j++) {
			const struct value *item = value_element(value, (size_t)j, arena);

			/* A time-out stands behind the state. */
			is = is && (item->kind == VALUE_ARGUMENT ||
				    (j > kept && (value_term_kind(item) == TERM_INTEGER ||
						  value_is_atom(item, "hibernate"))));
		}
		if (!is)
			return false;
	}
	return true;
}

static bool does_all(const struct does *does, const struct does *of)
{
	for (size_t i = 0; i < of->len; i++)
		if (!does_it(does, &of->items[i]))
			return false;
	return true;
}

/* The second one does all that the first one does. */
static bool is_same(const struct doing *a, const struct doing *b)
{
	return same_values(a->values, b->values) && does_all(&b->does, &a->does);
}

/* The first one does something else.  What is seen of it that it does, it does, also where that is
 * not all.
 */
static bool is_other(const struct doing *a, const struct doing *b)
{
	return a->sure ? !is_same(a, b) : !does_all(&b->does, &a->does);
}

/* As far as is seen, the same kind of things. */
static bool same_types(struct values a, struct values b, struct arena *arena)
{
	struct type *one = type_new(arena), *other = type_new(arena);

	for (size_t i = 0; i < a.len; i++)
		type_add(one, a.items[i], arena);
	for (size_t i = 0; i < b.len; i++)
		type_add(other, b.items[i], arena);
	return type_same(one, other);
}

/* Whether what takes anything does now what a clause of its own did before: `was` by the old code,
 * `is` by the new one; `other` is what the old code did with what no clause of its own takes.
 */
static bool is_merged(const struct doing *was, const struct doing *is, const struct doing *other,
		      struct arena *arena)
{
	if (is_same(is, other))
		return false;
	if (was->does.len > 0)
		return does_all(&is->does, &was->does);
	return same_types(was->values, is->values, arena);
}

/* It raises, or falls through to what takes anything, where it did not before. */
static bool is_lost(const struct message_way *way, const struct asked *asked)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct code_library *library = way->judge->modules->library;
	const struct code *knew = way->knew, *code = way->code;
	const enum side side = way->side;
	struct asked nonsense = *asked;
	struct doing was = doing_of(knew, asked, &library[!side], &scratch);
	struct doing is = doing_of(code, asked, &library[side], &scratch), other;

	if (!is.sure || (was.values.len == 0 && (was.sure || was.does.len == 0)))
		return false;
	if (is.values.len == 0 || way->raises)
		return is.values.len == 0;
	if (was.sure &&
	    (is_same(&was, &is) || (was.does.len == 0 && is_ignored(was.values, &scratch))))
		return false;
	if (is_named(code, asked, &scratch))
		return false;
	nonsense.args[asked->message] = value_of_atom(&scratch, "$none of them");
	other = doing_of(code, &nonsense, &library[side], &scratch);
	if (!is_same(&is, &other))
		return false;
	other = doing_of(knew, &nonsense, &library[!side], &scratch);
	/* Not all of what it did is seen: it is more than it does with what it does not know. */
	if (!was.sure && other.sure && is_same(&is, &other))
		return true;
	return is_other(&was, &is) && is_other(&was, &other) &&
	       !is_merged(&was, &is, &other, &scratch);
}

struct message_way message_way_to(struct judge *judge, enum side side,
				  const struct module_diff *module)
{
	const struct code *const codes[SIDES] = {
		[SIDE_OLD] = module->old_code, [SIDE_NEW] = module->new_code
	};

	return (struct message_way){
		.judge = judge, .side = side, .knew = codes[!side], .code = codes[side]
	};
}

bool event_is_lost(const struct message_way *way, const struct value *type,
		   const struct value *content, const struct value *state)
{
	const struct code *code = way->code, *knew = way->knew;
	struct arena *arena = way->judge->arena;
	struct asked asked = { "handle_event", 4, { type, content, state, &value_unknown }, 1 };

	if (is_lost(way, &asked))
		return true;
	asked.arity = 3;
	asked.args[2] = &value_unknown;
	for (size_t i = 0; i < code->len && !code_function(code, "handle_event", 4); i++) {
		asked.name = code->functions[i].name;
		if (code->functions[i].arity == 3 && code_exports(code, asked.name, 3) &&
		    value_equal(state, value_of_atom(arena, asked.name)) != NO &&
		    strcmp(asked.name, "terminate") != 0 && code_exports(knew, asked.name, 3) &&
		    is_lost(way, &asked))
			return true;
	}
	return false;
}

/* ---- processes without a behaviour ---- */

/* What a process in one of its loops calls by its full name is the other release's; so is what one
 * that was suspended goes on with.
 */
static bool goes_over(const struct code *code, const struct loop_part *parts)
{
	bool named = code_exports(code, "system_continue", 3);

	for (size_t i = 0; i < code->len && !named; i++)
		named = parts[i].named;
	return named;
}

/* What stays in the mailbox is lost, but does not fail. */
static bool is_lost_at(const struct message_way *way, enum loop_does does)
{
	return does == LOOP_FAILS || (does == LOOP_LEAVES && !way->raises);
}

static bool loop_loses(const struct message_way *way, const struct value *message)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct code_library *library = way->judge->modules->library;
	const struct code *knew = way->knew, *code = way->code;
	const struct loop_part *had = code_loop_parts(knew, function_waits, &scratch);
	const struct loop_part *has = code_loop_parts(code, function_waits, &scratch);

	if (!goes_over(knew, had))
		return false;
	for (size_t i = 0; i < code->len; i++) {
		const struct code_function *is = &code->functions[i];
		const struct code_function *was = code_function(knew, is->name, is->arity);

		if (was && has[i].waits && has[i].round && had[was - knew->functions].waits &&
		    code_loop_message(knew, had, &library[!way->side], was, message) ==
			    LOOP_TAKES &&
		    is_lost_at(way, code_loop_message(code, has, &library[way->side], is, message)))
			return true;
	}
	return false;
}

/* {Tag, …} with nothing else known, of which a callback that did not change has a clause: what
 * those do that it calls need not be followed, as all that a request to a socket leads to.
 */
static bool is_taken_as_before(const struct message_way *way, enum message_kind kind,
			       const struct value *message)
{
	const struct module_at *module =
		modules_find(way->judge->modules, SIDE_NEW, way->code->module);
	const struct code_function *taker =
		code_function(way->code, takers[kind].name, takers[kind].arity);
	const int size = value_tuple_size(message);
	const char *tag =
		size > 1 ? value_atom_name(value_element(message, 0, way->judge->arena)) : NULL;
	const struct value *told[64];
	size_t len;

	if (!tag || !taker || !module || !module->diff || is_changed(module->diff, taker))
		return false;
	for (size_t i = 1; i < (size_t)size; i++)
		if (value_element(message, i, way->judge->arena)->kind != VALUE_UNKNOWN)
			return false;
	len = messages_told_apart(told, ARRAY_LEN(told), way->code, taker, 0, way->judge->arena);
	for (size_t i = 0; i < len; i++)
		if (value_is_tagged(told[i], tag, (size_t)size))
			return true;
	return false;
}

bool message_is_lost(const struct message_way *way, enum message_kind kind,
		     const struct value *message)
{
	const struct asked asked = { takers[kind].name,
				     takers[kind].arity,
				     { message, &value_unknown, &value_unknown, &value_unknown },
				     0 };
	struct arena *arena = way->judge->arena;
	const struct value *call[] = { value_of_atom(arena, "call"), &value_unknown };

	if (kind == MESSAGE_INFO && is_plain(way->code) && is_plain(way->knew) &&
	    !is_statem(way->code) && !is_statem(way->knew))
		return loop_loses(way, message);
	if (kind == MESSAGE_EVENT || !is_statem(way->code) || !is_statem(way->knew))
		return !is_taken_as_before(way, kind, message) && is_lost(way, &asked);
	return event_is_lost(way,
			     kind == MESSAGE_CALL
				     ? value_tuple(arena, call, 2)
				     : value_of_atom(arena, kind == MESSAGE_CAST ? "cast" : "info"),
			     message, &value_unknown);
}
