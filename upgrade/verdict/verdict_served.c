// SPDX-License-Identifier: Apache-2.0
/* What a server that is the same keeps for others, in a table or its state: a changed module hands
 * it over by calls and casts, and gets it back by calls, where it may want another shape by then.
 */
#include "erlang/code/code_type.h"
#include "upgrade/verdict/verdict_kept.h"

enum { PLACES_MAX = 8, SERVERS_MAX = 32 };

/* One of the places where the server keeps what it is handed. */
struct kept {
	enum stored stored;
	const char *place;
	const char *put; /* how it is handed over, without what: {put, {user, _} */
	const struct value *message;
	bool many; /* different things are, in that way: for different keys, it may be */
	struct type *type;
};

/* A server, as a module in one of the releases uses it. */
struct served {
	struct judge *judge;
	const char *name;
	enum side side;
	const struct code *code;
	const struct value *message; /* that it gets */
	struct kept kept[PLACES_MAX];
	size_t len;
};

static bool is_cast(const struct code_effect *effect)
{
	return effect_is(effect, "gen_server", "cast", 2) ||
	       effect_is(effect, "Elixir.GenServer", "cast", 2);
}

bool effect_calls_server(const struct beam_function *to)
{
	return strcmp(to->name, "call") == 0 && to->arity >= 2 &&
	       (strcmp(to->module, "gen_server") == 0 ||
		strcmp(to->module, "Elixir.GenServer") == 0);
}

static const char *way_put(const struct value *message, struct arena *arena)
{
	const int size = value_tuple_size(message);
	owned_str struct str text = STR_EMPTY;

	for (int i = 0; i + 1 < size; i++) {
		value_print(&text, value_element(message, (size_t)i, arena));
		str_addf(&text, ", ");
	}
	return arena_dup(arena, str_span(&text));
}

static bool is_place(const struct kept *kept, enum stored stored, const char *place,
		     const char *put)
{
	return kept->stored == stored && strcmp(kept->place, place) == 0 &&
	       strcmp(kept->put, put) == 0;
}

static void keep(struct served *served, enum stored stored, const char *place,
		 const struct value *value)
{
	struct arena *arena = served->judge->arena;
	const char *put = way_put(served->message, arena);
	struct kept *kept = served->kept;

	while (kept < served->kept + served->len && !is_place(kept, stored, place, put))
		kept++;
	if (kept == served->kept + PLACES_MAX)
		return;
	if (kept == served->kept + served->len) {
		*kept = (struct kept){ stored, arena_dup(arena, span_of(place)),
				       put,    served->message,
				       false,  type_new(arena) };
		served->len++;
	}
	kept->many = kept->many || !value_same(kept->message, served->message);
	type_add(kept->type, value, arena);
}

static void see_insert(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct served *served = ctx;
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct value *row, *tail;
	const char *table;

	if (strcmp(to->module, "ets") != 0 || to->arity != 2 ||
	    (strcmp(to->name, "insert") != 0 && strcmp(to->name, "insert_new") != 0))
		return;
	table = value_atom_name(args[0]);
	if (!value_uncons(args[1], &scratch, &row, &tail))
		row = args[1];
	keep(served, STORED_ROWS, table ? table : "", row);
}

static struct values follow(struct served *served, const char *name, uint32_t arity,
			    const struct value *const *args, struct arena *arena)
{
	struct eval eval = { .arena = arena,
			     .library = &served->judge->modules->library[served->side],
			     .limit = 8000,
			     .on_call = see_insert,
			     .ctx = served };
	const struct code_function *function = code_function(served->code, name, arity);

	return function ? eval_function(&eval, served->code, function, args) : (struct values){ 0 };
}

/* The state that a callback goes on with; NULL: none. */
static const struct value *state_in(const struct value *answer, struct arena *arena)
{
	const int size = value_tuple_size(answer);

	if (size < 2)
		return NULL;
	if (value_is_tagged(answer, "reply", (size_t)size))
		return size > 2 ? value_element(answer, 2, arena) : NULL;
	return value_is_tagged(answer, "noreply", (size_t)size) ||
			       value_is_tagged(answer, "ok", (size_t)size)
		       ? value_element(answer, 1, arena)
		       : NULL;
}

/* What is not known of a message, up to an element, may be the key of a map: it is the same one
 * where that is asked for.
 */
static const struct value *with_keys(const struct value *message, int end, struct arena *arena)
{
	const int size = value_tuple_size(message);
	const struct value *items[16];

	if (size < 0 || (size_t)size > ARRAY_LEN(items))
		return message;
	for (int i = 0; i < size; i++) {
		items[i] = value_element(message, (size_t)i, arena);
		if (i < end && !value_term(items[i], arena))
			items[i] = value_argument(arena, VALUE_ANY_KEY);
	}
	return value_tuple(arena, items, (size_t)size);
}

/* What becomes of a message, in a server that has just started. */
static void serve(struct served *served, const struct code_effect *effect)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const bool cast = is_cast(effect);
	const struct value *args[] = { &value_unknown, &value_unknown, &value_unknown };
	struct values starts;

	served->message = effect->args[1];
	starts = follow(served, "init", 1, args, &scratch);
	for (size_t i = 0; i < starts.len; i++) {
		const struct value *start = state_in(starts.items[i], &scratch), *state;
		struct values answers;

		if (!start)
			continue;
		args[0] =
			with_keys(served->message, value_tuple_size(served->message) - 1, &scratch);
		args[cast ? 1 : 2] = start;
		answers = follow(served, cast ? "handle_cast" : "handle_call", cast ? 2 : 3, args,
				 &scratch);
		for (size_t j = 0; j < answers.len; j++)
			if ((state = state_in(answers.items[j], &scratch)) &&
			    state != &value_unknown && !value_same(state, start))
				keep(served, STORED_IN_SERVER, served->name, state);
	}
}

struct values server_answers(struct eval *eval, const struct code *code,
			     const struct value *message, const struct value *state)
{
	const struct code_function *function = code_function(code, "handle_call", 3);
	const struct value *args[] = { with_keys(message, value_tuple_size(message), eval->arena),
				       &value_unknown, state };
	struct values values = { 0 }, replies = { 0 };

	if (function)
		values = eval_function(eval, code, function, args);
	for (size_t i = 0; i < values.len; i++) {
		const int size = value_tuple_size(values.items[i]);
		const bool answers =
			size > 2 && value_is_tagged(values.items[i], "reply", (size_t)size);

		eval_add(eval, &replies,
			 answers ? value_element(values.items[i], 1, eval->arena) : &value_unknown);
	}
	return replies;
}

/* ---- from one release to the other ---- */

/* NULL: it is not to a server that is the same. */
static const char *server_of(struct judge *judge, const struct code_effect *effect)
{
	const char *name = is_cast(effect) || effect_calls_server(&effect->to)
				   ? value_atom_name(effect->args[0])
				   : NULL;
	const struct module_at *module = name ? modules_find(judge->modules, SIDE_NEW, name) : NULL;

	return module && module->same && !module->of_language ? name : NULL;
}

/* All messages that go to it. */
static struct type *messages_to(struct judge *judge, struct code_effects effects, const char *name)
{
	struct type *type = type_new(judge->arena);

	for (size_t i = 0; i < effects.len; i++) {
		const char *server = server_of(judge, &effects.items[i]);

		if (server && strcmp(server, name) == 0)
			type_add(type, effects.items[i].args[1], judge->arena);
	}
	return type;
}

static struct served served_by(struct judge *judge, enum side side, struct code_effects effects,
			       const char *name)
{
	struct served served = { .judge = judge, .name = name, .side = side };

	served.code = modules_code(judge->modules, side, name);
	for (size_t i = 0; served.code && !served.code->unread && i < effects.len; i++) {
		const char *server = server_of(judge, &effects.items[i]);

		if (server && strcmp(server, name) == 0)
			serve(&served, &effects.items[i]);
	}
	return served;
}

static void judge_way(const struct module_at *module, const struct served *there,
		      const struct served *made)
{
	struct judge *judge = made->judge;
	const bool back = made->side == SIDE_OLD;

	for (size_t i = 0; i < made->len; i++)
		for (size_t j = 0; j < there->len; j++) {
			const struct stored_at at = { .stored = made->kept[i].stored,
						      .place = made->kept[i].place,
						      .by = made->name,
						      .to = made->side,
						      .there = there->kept[j].type,
						      .made = made->kept[i].type,
						      .server = made->name };
			const char *failing;

			if (!is_place(&there->kept[j], at.stored, at.place, made->kept[i].put) ||
			    there->kept[j].many || made->kept[i].many ||
			    is_told(judge, REASON_shared_struct_changed, module->name) ||
			    is_told(judge, REASON_not_reversible, module->name) ||
			    !(failing = reader_that_fails(judge, &at)))
				continue;
			JUDGE(judge, back ? REASON_not_reversible : REASON_shared_struct_changed,
			      module->app->name, module->name,
			      "%s hands %s, which keeps it, something else%s: %s fails with it; "
			      "what "
			      "is there stays as it is",
			      module_shown(module->name), module_shown(made->name),
			      back ? " than the old code, on the way back, gets from there" : "",
			      failing)
				->hint = "understand both for one release, or change what is there "
					 "behind the upgrade";
		}
}

void judge_served(struct judge *judge, struct module_at *module)
{
	struct module_at *before = modules_find(judge->modules, SIDE_OLD, module->name);
	const char *names[SERVERS_MAX];
	size_t len = 0;
	struct code_effects effects[SIDES];

	if (!before)
		return;
	effects[SIDE_OLD] = effects_through(judge, SIDE_OLD, before);
	effects[SIDE_NEW] = effects_through(judge, SIDE_NEW, module);
	for (size_t i = 0; i < effects[SIDE_NEW].len; i++) {
		const char *name = server_of(judge, &effects[SIDE_NEW].items[i]);
		size_t nr = 0;

		while (name && nr < len && strcmp(names[nr], name) != 0)
			nr++;
		if (name && nr == len && len < SERVERS_MAX)
			names[len++] = name;
	}
	for (size_t i = 0; i < len; i++) {
		struct served old, new;

		if (type_same(messages_to(judge, effects[SIDE_OLD], names[i]),
			      messages_to(judge, effects[SIDE_NEW], names[i])))
			continue;
		old = served_by(judge, SIDE_OLD, effects[SIDE_OLD], names[i]);
		new = served_by(judge, SIDE_NEW, effects[SIDE_NEW], names[i]);
		judge_way(module, &old, &new);
		judge_way(module, &new, &old);
	}
}
