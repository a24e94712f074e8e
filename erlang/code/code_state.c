// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_facts.h"
#include "erlang/code/code_type.h"

#include "base/name_table.h"

#include <stdlib.h>

/* ---- code_change ---- */

/* clang-format off */
static const struct {
	enum beam_role role;
	const char *name;
	uint32_t arity;
	unsigned first, len; /* arguments that are the state, and come back behind ok */
} changes[] = {
	{ BEAM_GEN_SERVER, "code_change", 3, 1, 1 },
	{ BEAM_GEN_EVENT, "code_change", 3, 1, 1 },
	{ BEAM_GEN_STATEM, "code_change", 4, 1, 2 },
	{ BEAM_SPECIAL, "system_code_change", 4, 0, 1 },
};
/* clang-format on */

static bool is_argument(const struct value *value, unsigned nr)
{
	return value->kind == VALUE_ARGUMENT && value->nr == nr;
}

/* Seen to be no {ok, …}: the behaviour takes it for an error. */
static bool is_futile(const struct value *value, unsigned first, unsigned len, struct arena *arena)
{
	int kind = value_term_kind(value), size = value_tuple_size(value);
	const char *tag;

	for (unsigned i = 0; i < len; i++)
		if (is_argument(value, first + i))
			return true;
	if (kind >= 0 && kind != TERM_TUPLE)
		return true;
	if (size < 0)
		return false;
	tag = size > 0 ? value_atom_name(value_element(value, 0, arena)) : NULL;
	return size != (int)(1 + len) || (tag && strcmp(tag, "ok") != 0);
}

/* What one way through code_change says of all. */
static enum code_change judge_outcome(const struct value *value, unsigned first, unsigned len,
				      struct arena *arena)
{
	if (!value_is_tagged(value, "ok", 1 + len))
		return is_futile(value, first, len, arena) ? CODE_CHANGE_FUTILE
							   : CODE_CHANGE_UNKNOWN;
	for (unsigned i = 0; i < len; i++)
		if (!is_argument(value_element(value, 1 + i, arena), first + i))
			return CODE_CHANGE_CONVERTS;
	return CODE_CHANGE_KEEPS;
}

/* {error, Reason}: nothing was returned as state. */
static bool is_refusal(const struct value *value)
{
	return value_is_tagged(value, "error", 2);
}

static enum code_change judge_outcomes(struct values values, unsigned first, unsigned len,
				       struct arena *arena)
{
	bool keeps = false, futile = false, unknown = false;

	for (size_t i = 0; i < values.len; i++) {
		if (is_refusal(values.items[i]))
			continue;
		switch (judge_outcome(values.items[i], first, len, arena)) {
		case CODE_CHANGE_CONVERTS:
			return CODE_CHANGE_CONVERTS;
		case CODE_CHANGE_KEEPS:
			keeps = true;
			break;
		case CODE_CHANGE_FUTILE:
			futile = true;
			break;
		default:
			unknown = true;
		}
	}
	if (unknown || keeps == futile)
		return CODE_CHANGE_UNKNOWN;
	return keeps ? CODE_CHANGE_KEEPS : CODE_CHANGE_FUTILE;
}

static size_t change_row(enum beam_role role)
{
	size_t row = 0;

	while (row < ARRAY_LEN(changes) && changes[row].role != role)
		row++;
	return row;
}

enum code_change code_change(const struct code *code, enum beam_role role)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct eval eval = { .arena = &scratch };
	const struct value *args[4];
	const struct code_function *function;
	enum code_change change;
	struct values values;
	size_t row = change_row(role);

	if (row == ARRAY_LEN(changes) || code->unread)
		return CODE_CHANGE_UNKNOWN;
	if (!code_exports(code, changes[row].name, changes[row].arity))
		return CODE_CHANGE_ABSENT;
	function = code_function(code, changes[row].name, changes[row].arity);
	if (!function)
		return CODE_CHANGE_UNKNOWN;
	for (unsigned i = 0; i < changes[row].arity; i++)
		args[i] = value_argument(&scratch, i);
	values = eval_function(&eval, code, function, args);
	change = judge_outcomes(values, changes[row].first, changes[row].len, &scratch);
	/* One way that converts is enough to know; that all keep is not. */
	return eval.gave_up && change != CODE_CHANGE_CONVERTS ? CODE_CHANGE_UNKNOWN : change;
}

const char *code_change_name(enum code_change change)
{
	static const char *const names[] = { "absent", "keeps the state", "converts the state",
					     "returns no {ok, State}", "unknown" };

	return names[change];
}

bool code_change_keeps(enum code_change change)
{
	return change == CODE_CHANGE_KEEPS || change == CODE_CHANGE_ABSENT ||
	       change == CODE_CHANGE_FUTILE;
}

/* ---- shapes ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_key(struct name_table *keys, const char *name)
{
	if (name && strcmp(name, "__struct__") != 0)
		name_table_add(keys, name, NULL);
}

static void map_keys(struct code_shape *shape, const struct value *map, struct arena *arena)
{
	owned_name_table struct name_table *keys = name_table_new();
	const char **names;

	for (; map->kind == VALUE_MAP; map = map->map.base)
		add_key(keys, value_atom_name(map->map.key));
	shape->all_keys = map->kind == VALUE_TERM && map->constant.term->kind == TERM_MAP;
	for (size_t i = 0; shape->all_keys && i < map->constant.term->map.len; i++)
		add_key(keys, term_atom_name(map->constant.term->map.keys[i]));
	names = arena_array(arena, name_table_len(keys), const char *);
	for (size_t i = 0; i < name_table_len(keys); i++)
		names[i] = name_table_name(keys, i);
	qsort(names, name_table_len(keys), sizeof(*names), by_text);
	shape->keys = (struct names){ names, name_table_len(keys) };
}

static struct code_shape map_shape(const struct value *map, struct arena *arena)
{
	struct code_shape shape = { .kind = SHAPE_MAP };
	const struct value *name = value_map_at(map, "__struct__", arena);

	if (name && value_atom_name(name)) {
		shape.kind = SHAPE_STRUCT;
		shape.name = value_atom_name(name);
	}
	map_keys(&shape, map, arena);
	return shape;
}

static struct code_shape tuple_shape(const struct value *tuple, struct arena *arena)
{
	struct code_shape shape = { .kind = SHAPE_TUPLE, .size = (size_t)value_tuple_size(tuple) };

	if (shape.size > 0)
		shape.name = value_atom_name(value_element(tuple, 0, arena));
	if (shape.name)
		shape.kind = SHAPE_RECORD;
	return shape;
}

static struct code_shape shape_of(const struct value *value, struct arena *arena)
{
	static const char *const names[] = {
		[TERM_ATOM] = "atom",
		[TERM_INTEGER] = "integer",
		[TERM_BIG] = "integer",
		[TERM_FLOAT] = "float",
		[TERM_BINARY] = "binary",
		[TERM_BITSTRING] = "bitstring",
		[TERM_PID] = "pid",
		[TERM_PORT] = "port",
		[TERM_REFERENCE] = "reference",
		[TERM_OPAQUE] = "fun",
		[TERM_RECORD] = "native record",
	};
	int kind = value_term_kind(value);

	switch (kind) {
	case -1:
		return (struct code_shape){ .kind = SHAPE_UNKNOWN };
	case TERM_MAP:
		return map_shape(value, arena);
	case TERM_TUPLE:
		return tuple_shape(value, arena);
	case TERM_LIST:
		return (struct code_shape){ .kind = SHAPE_LIST };
	default:
		return (struct code_shape){ .kind = SHAPE_OTHER, .what = names[kind] };
	}
}

bool code_shape_equal(const struct code_shape *a, const struct code_shape *b)
{
	if (a->kind != b->kind || a->size != b->size || a->all_keys != b->all_keys ||
	    !a->name != !b->name || !a->what != !b->what)
		return false;
	if (a->name && strcmp(a->name, b->name) != 0)
		return false;
	if (a->what && strcmp(a->what, b->what) != 0)
		return false;
	return names_equal(a->keys, b->keys);
}

void code_shape_print(struct str *out, const struct code_shape *shape)
{
	switch (shape->kind) {
	case SHAPE_UNKNOWN:
		str_adds(out, "unknown");
		return;
	case SHAPE_STRUCT:
		str_addf(out, "the %s %s", struct_kind(shape->name), shape->name);
		break;
	case SHAPE_MAP:
		str_adds(out, "a map");
		break;
	case SHAPE_RECORD:
		if (strcmp(shape->name, "sslsocket") == 0)
			str_adds(out, "a socket of ssl");
		else
			str_addf(out, "a tuple of %zu, beginning with %s", shape->size,
				 shape->name);
		return;
	case SHAPE_TUPLE:
		str_addf(out, "a tuple of %zu", shape->size);
		return;
	case SHAPE_LIST:
		str_adds(out, "a list");
		return;
	case SHAPE_OTHER:
		str_adds(out, shape->what);
		return;
	}
	for (size_t i = 0; i < shape->keys.len; i++)
		str_addf(out, "%s%s", i ? ", " : " with ", shape->keys.items[i]);
	if (!shape->all_keys)
		str_adds(out, shape->keys.len ? ", …" : " with …");
}

/* ---- init/1 ---- */

/* The state in what init/1 returned; NULL: it did not start. */
static const struct value *state_of(const struct value *value, bool statem, struct arena *arena)
{
	int size = value_tuple_size(value), at = statem ? 2 : 1;

	if (value_term_kind(value) >= 0 && size < 0)
		return NULL; /* ignore */
	if (size > at && size <= at + 2 && value_is_tagged(value, "ok", (size_t)size))
		return value_element(value, (size_t)at, arena);
	if (size >= 1 && value_atom_name(value_element(value, 0, arena)))
		return NULL; /* {stop, …}, {error, …} */
	return &value_unknown;
}

static struct code_shape shape_dup(struct code_shape shape, struct arena *arena)
{
	const char **names = arena_array(arena, shape.keys.len, const char *);

	for (size_t i = 0; i < shape.keys.len; i++)
		names[i] = arena_dup(arena, span_of(shape.keys.items[i]));
	shape.keys.items = names;
	if (shape.name)
		shape.name = arena_dup(arena, span_of(shape.name));
	return shape;
}

/* Values share their parts: *left bounds the walk. */
static bool holds_fun(const struct value *value, const struct code *code, unsigned *left)
{
	bool holds = false;

	if (*left == 0)
		return false;
	--*left;
	switch (value->kind) {
	case VALUE_FUN:
		return value->fun.code == code;
	case VALUE_TUPLE:
		for (size_t i = 0; i < value->tuple.len && !holds; i++)
			holds = holds_fun(value->tuple.items[i], code, left);
		return holds;
	case VALUE_CONS:
		return holds_fun(value->cons.head, code, left) ||
		       holds_fun(value->cons.tail, code, left);
	case VALUE_MAP:
		return holds_fun(value->map.value, code, left) ||
		       holds_fun(value->map.base, code, left);
	default:
		return false;
	}
}

struct code_shape code_init_shape(const struct code *code, enum beam_role role,
				  const struct code_library *library, struct arena *arena)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct code_function *init = code_function(code, "init", 1);
	struct eval eval = { .arena = &scratch, .library = library };
	const struct value *arg = value_argument(&scratch, 0), *state;
	struct code_shape unknown = { .kind = SHAPE_UNKNOWN }, shape = unknown, next;
	unsigned left = EVAL_STEPS;
	bool is_known = true;
	struct values values;

	if (!(role & (BEAM_GEN_SERVER | BEAM_GEN_STATEM | BEAM_GEN_EVENT)) || !init)
		return unknown;
	values = eval_function(&eval, code, init, &arg);
	for (size_t i = 0; i < values.len; i++) {
		state = state_of(values.items[i], role == BEAM_GEN_STATEM, &scratch);
		if (!state)
			continue;
		next = shape_of(state, &scratch);
		unknown.fun = unknown.fun || holds_fun(state, code, &left);
		is_known = is_known && next.kind != SHAPE_UNKNOWN &&
			   (shape.kind == SHAPE_UNKNOWN || code_shape_equal(&shape, &next));
		shape = next;
	}
	if (!is_known || eval.gave_up)
		return unknown;
	shape.fun = unknown.fun;
	return shape_dup(shape, arena);
}

struct code_shape code_shape_of(const struct value *value, struct arena *arena)
{
	return shape_dup(shape_of(value, arena), arena);
}

/* ---- what code_change makes of a state ---- */

/* Any state of that shape; NULL: it is not known well enough. */
static const struct value *any_of(const struct code_shape *shape, struct arena *arena)
{
	const struct value **items, *map;

	switch (shape->kind) {
	case SHAPE_RECORD:
	case SHAPE_TUPLE:
		items = arena_array(arena, shape->size, const struct value *);
		for (size_t i = 0; i < shape->size; i++)
			items[i] = i == 0 && shape->name ? value_of_atom(arena, shape->name)
							 : &value_unknown;
		return value_tuple(arena, items, shape->size);
	case SHAPE_MAP:
	case SHAPE_STRUCT:
		if (!shape->all_keys)
			return NULL;
		map = value_of_term(arena, term_map(arena, NULL, NULL, 0));
		for (size_t i = 0; i < shape->keys.len; i++)
			map = value_map_put(arena, map, value_of_atom(arena, shape->keys.items[i]),
					    &value_unknown);
		return shape->kind == SHAPE_MAP
			       ? map
			       : value_map_put(arena, map, value_of_atom(arena, "__struct__"),
					       value_of_atom(arena, shape->name));
	default:
		return NULL;
	}
}

/* The arguments of code_change; false: the state is not known well enough, and may be any. */
static bool change_args(const struct value **args, size_t row, const struct code_shape *state,
			const struct term *vsn, bool down, struct arena *arena)
{
	const struct value *version = vsn ? value_of_term(arena, vsn) : &value_unknown;
	const struct value *back[] = { value_of_atom(arena, "down"), version };
	const struct value *known;

	for (size_t i = 0; i < changes[row].arity; i++)
		args[i] = &value_unknown;
	args[0] = down ? value_tuple(arena, back, ARRAY_LEN(back)) : version;
	/* The last of those that come back: a gen_statem's data are behind its state. */
	known = any_of(state, arena);
	args[changes[row].len] = known ? known : &value_unknown;
	return known != NULL;
}

static struct code_shape shape_behind_ok(const struct value *value, unsigned at,
					 struct arena *arena)
{
	return value_is_tagged(value, "ok", 1 + at)
		       ? shape_of(value_element(value, at, arena), arena)
		       : (struct code_shape){ .kind = SHAPE_UNKNOWN };
}

struct code_changed code_changed(const struct code *code, enum beam_role role,
				 const struct code_shape *state, const struct term *vsn, bool down,
				 const struct code_library *library, struct arena *arena)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct eval eval = { .arena = &scratch, .library = library };
	const struct code_function *function = NULL;
	struct code_changed changed = { 0 };
	const struct value *args[4];
	struct code_shape shape;
	struct values values;
	size_t row = change_row(role);
	bool known;

	if (row < ARRAY_LEN(changes) && role != BEAM_SPECIAL && !code->unread)
		function = code_function(code, changes[row].name, changes[row].arity);
	if (!function)
		return changed;
	known = change_args(args, row, state, vsn, down, &scratch);
	values = eval_function(&eval, code, function, args);
	for (size_t i = 0; i < values.len; i++) {
		if (is_refusal(values.items[i]))
			continue;
		shape = shape_behind_ok(values.items[i], changes[row].len, &scratch);
		if (!known || shape.kind == SHAPE_UNKNOWN ||
		    (changed.seen && !code_shape_equal(&changed.shape, &shape)))
			return (struct code_changed){ 0 };
		changed = (struct code_changed){ .seen = true, .shape = shape };
	}
	if (eval.gave_up || (eval.cut && !changed.seen))
		return (struct code_changed){ 0 };
	changed.fails = !changed.seen;
	changed.shape = shape_dup(changed.shape, arena);
	return changed;
}
