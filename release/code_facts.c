// SPDX-License-Identifier: Apache-2.0
#include "release/code_facts.h"

#include "release/name_table.h"

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

/* What one way through code_change says of all. */
static enum code_change judge_outcome(const struct value *value, unsigned first, unsigned len,
				      struct arena *arena)
{
	if (!value_is_tagged(value, "ok", 1 + len))
		return CODE_CHANGE_UNKNOWN;
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
	bool keeps = false, unknown = false;

	for (size_t i = 0; i < values.len; i++) {
		if (is_refusal(values.items[i]))
			continue;
		switch (judge_outcome(values.items[i], first, len, arena)) {
		case CODE_CHANGE_CONVERTS:
			return CODE_CHANGE_CONVERTS;
		case CODE_CHANGE_KEEPS:
			keeps = true;
			break;
		default:
			unknown = true;
		}
	}
	return keeps && !unknown ? CODE_CHANGE_KEEPS : CODE_CHANGE_UNKNOWN;
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
					     "unknown" };

	return names[change];
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
		[TERM_ATOM] = "atom",   [TERM_INTEGER] = "integer", [TERM_BIG] = "integer",
		[TERM_FLOAT] = "float", [TERM_BINARY] = "binary",   [TERM_BITSTRING] = "bitstring",
		[TERM_PID] = "pid",     [TERM_PORT] = "port",       [TERM_REFERENCE] = "reference",
		[TERM_OPAQUE] = "fun",
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

static bool keys_equal(struct names a, struct names b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (strcmp(a.items[i], b.items[i]) != 0)
			return false;
	return true;
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
	return keys_equal(a->keys, b->keys);
}

void code_shape_print(struct str *out, const struct code_shape *shape)
{
	switch (shape->kind) {
	case SHAPE_UNKNOWN:
		str_adds(out, "unknown");
		return;
	case SHAPE_STRUCT:
		str_addf(out, "the struct %s", shape->name);
		break;
	case SHAPE_MAP:
		str_adds(out, "a map");
		break;
	case SHAPE_RECORD:
		str_addf(out, "a tuple of %zu, beginning with %s", shape->size, shape->name);
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
		return shape->kind == SHAPE_MAP ? map
						: value_map_put(arena, map,
								value_of_atom(arena, "__struct__"),
								value_of_atom(arena, shape->name));
	default:
		return NULL;
	}
}

/* The arguments of code_change; false: the state is not known well enough. */
static bool change_args(const struct value **args, size_t row, const struct code_shape *state,
			const struct term *vsn, bool down, struct arena *arena)
{
	const struct value *version = vsn ? value_of_term(arena, vsn) : &value_unknown;
	const struct value *back[] = { value_of_atom(arena, "down"), version };

	for (size_t i = 0; i < changes[row].arity; i++)
		args[i] = &value_unknown;
	args[0] = down ? value_tuple(arena, back, ARRAY_LEN(back)) : version;
	/* The last of those that come back: a gen_statem's data are behind its state. */
	args[changes[row].len] = any_of(state, arena);
	return args[changes[row].len] != NULL;
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

	if (row < ARRAY_LEN(changes) && role != BEAM_SPECIAL && !code->unread)
		function = code_function(code, changes[row].name, changes[row].arity);
	if (!function || !change_args(args, row, state, vsn, down, &scratch))
		return changed;
	values = eval_function(&eval, code, function, args);
	for (size_t i = 0; i < values.len; i++) {
		if (is_refusal(values.items[i]))
			continue;
		shape = shape_behind_ok(values.items[i], changes[row].len, &scratch);
		if (shape.kind == SHAPE_UNKNOWN ||
		    (changed.seen && !code_shape_equal(&changed.shape, &shape)))
			return (struct code_changed){ 0 };
		changed = (struct code_changed){ .seen = true, .shape = shape };
	}
	if (eval.gave_up)
		return (struct code_changed){ 0 };
	changed.fails = !changed.seen;
	changed.shape = shape_dup(changed.shape, arena);
	return changed;
}

/* ---- structs ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct code_field *)a)->name, ((const struct code_field *)b)->name);
}

struct code_struct code_struct(const struct code *code, struct arena *arena)
{
	const struct code_function *function = code_function(code, "__struct__", 0);
	struct eval eval = { .arena = arena };
	struct code_shape shape;
	struct code_field *fields;
	const struct value *map;

	if (!function || !code_exports(code, "__struct__", 0))
		return (struct code_struct){ 0 };
	map = eval_one(&eval, code, function, NULL);
	shape = shape_of(map, arena);
	if (shape.kind != SHAPE_STRUCT || !shape.all_keys)
		return (struct code_struct){ 0 };
	fields = arena_array(arena, shape.keys.len, struct code_field);
	for (size_t i = 0; i < shape.keys.len; i++) {
		fields[i].name = shape.keys.items[i];
		fields[i].value = value_term(value_map_at(map, fields[i].name, arena), arena);
	}
	qsort(fields, shape.keys.len, sizeof(*fields), by_name);
	return (struct code_struct){ fields, shape.keys.len, true };
}

/* ---- records ---- */

struct records {
	struct arena *arena;
	struct name_table *tags;
	struct code_record *items;
	size_t cap;
};

static void add_record(struct records *records, const struct term *tag, uint64_t size)
{
	const char *name = tag ? term_atom_name(tag) : NULL;
	bool is_new;
	size_t id;

	if (!name || size == 0 || size > 63)
		return;
	id = name_table_add(records->tags, name, &is_new);
	if (is_new) {
		records->items = arena_grow(records->arena, records->items, id, &records->cap);
		records->items[id] = (struct code_record){ .name = name };
	}
	records->items[id].sizes |= (uint64_t)1 << size;
}

static void add_literal(struct records *records, const struct term *term)
{
	switch (term->kind) {
	case TERM_TUPLE:
		if (term->seq.len > 0)
			add_record(records, term_at(term, 0), term->seq.len);
		__attribute__((fallthrough));
	case TERM_LIST:
		for (size_t i = 0; i < term->seq.len; i++)
			add_literal(records, term_at(term, i));
		break;
	case TERM_MAP:
		for (size_t i = 0; i < term->map.len; i++)
			add_literal(records, term->map.values[i]);
		break;
	default:
		break;
	}
}

static void add_args(struct records *records, const struct code_arg *args, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (args[i].kind == CODE_LITERAL)
			add_literal(records, args[i].term);
		else if (args[i].kind == CODE_LIST)
			add_args(records, args[i].items, args[i].len);
	}
}

static void add_op_records(struct records *records, const struct code_op *op)
{
	const struct code_arg *list = &op->args[op->len > 1 ? 1 : 0];

	if (op->opcode == OP_IS_TAGGED_TUPLE && op->args[2].kind == CODE_NUMBER)
		add_record(records, code_term(&op->args[3]), op->args[2].number);
	if (op->opcode == OP_PUT_TUPLE2 && list->kind == CODE_LIST && list->len > 0)
		add_record(records, code_term(&list->items[0]), list->len);
	add_args(records, op->args, op->len);
}

struct code_records code_records(const struct code *code, struct arena *arena)
{
	owned_name_table struct name_table *tags = name_table_new();
	struct records records = { .arena = arena, .tags = tags };

	for (size_t f = 0; f < code->len; f++)
		for (size_t i = 0; i < code->functions[f].len; i++)
			add_op_records(&records, &code->functions[f].ops[i]);
	return (struct code_records){ records.items, name_table_len(tags) };
}

static bool is_record(const struct value *value, const char *name, struct arena *arena)
{
	return value_tuple_size(value) > 0 && value_is_atom(value_element(value, 0, arena), name);
}

/* As it is, or as in {ok, Record}. */
static bool holds_record(const struct value *value, const char *name, struct arena *arena)
{
	if (is_record(value, name, arena))
		return true;
	for (int i = 0; i < value_tuple_size(value); i++)
		if (is_record(value_element(value, (size_t)i, arena), name, arena))
			return true;
	return false;
}

bool code_gives_record(const struct code *code, const char *name)
{
	const struct value *args[256];

	for (unsigned i = 0; i < ARRAY_LEN(args); i++)
		args[i] = &value_unknown;
	for (size_t i = 0; i < code->len; i++) {
		const struct code_function *function = &code->functions[i];
		owned_arena struct arena scratch = ARENA_EMPTY;
		struct eval eval = { .arena = &scratch };
		struct values values;

		if (!code_exports(code, function->name, function->arity))
			continue;
		values = eval_function(&eval, code, function, args);
		for (size_t j = 0; j < values.len; j++)
			if (holds_record(values.items[j], name, &scratch))
				return true;
	}
	return false;
}

/* ---- receive loops ---- */

static bool hands_on(const struct code *code, const struct code_op *op)
{
	int import = code_import_operand(op->opcode);
	const struct beam_function *to = import < 0 ? NULL : code_import(code, &op->args[import]);

	return to && strcmp(to->module, "sys") == 0 && strcmp(to->name, "handle_system_msg") == 0 &&
	       (to->arity == 6 || to->arity == 7);
}

enum code_loop code_loop(const struct code *code)
{
	enum code_loop loop = CODE_LOOP_NONE;

	if (code->unread)
		return CODE_LOOP_UNKNOWN;
	for (size_t f = 0; f < code->len; f++) {
		for (size_t i = 0; i < code->functions[f].len; i++) {
			const struct code_op *op = &code->functions[f].ops[i];

			if (hands_on(code, op))
				return CODE_LOOP_SYSTEM;
			if (op->opcode == OP_LOOP_REC)
				loop = CODE_LOOP_DEAF;
		}
	}
	return loop;
}
