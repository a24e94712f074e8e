// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_facts.h"
#include "erlang/code/code_effects.h"

#include "base/name_table.h"

#include <stdlib.h>

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
	shape = code_shape_of(map, arena);
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
			add_literal(records, code_term(&args[i]));
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
	for (size_t i = 0; i < code->len; i++) {
		const struct code_function *function = &code->functions[i];
		owned_arena struct arena scratch = ARENA_EMPTY;
		struct eval eval = { .arena = &scratch };
		struct values values;

		if (!code_exports(code, function->name, function->arity))
			continue;
		values = eval_any(&eval, code, function);
		for (size_t j = 0; j < values.len; j++)
			if (holds_record(values.items[j], name, &scratch))
				return true;
	}
	return false;
}

static bool tests_size(const struct code_op *op, size_t size)
{
	if (op->opcode == OP_TEST_ARITY)
		return op->args[2].kind == CODE_NUMBER && op->args[2].number == size;
	for (size_t i = 0; op->opcode == OP_SELECT_TUPLE_ARITY && op->args[2].kind == CODE_LIST &&
			   i < op->args[2].len;
	     i += 2)
		if (op->args[2].items[i].kind == CODE_NUMBER && op->args[2].items[i].number == size)
			return true;
	return false;
}

static bool mentions(const struct code_arg *args, size_t len, const char *atom)
{
	for (size_t i = 0; i < len; i++) {
		const struct term *term = code_term(&args[i]);

		if ((term && term_is_atom(term, atom)) ||
		    (args[i].kind == CODE_LIST && mentions(args[i].items, args[i].len, atom)))
			return true;
	}
	return false;
}

bool code_matches(const struct code *code, const char *tag, size_t size)
{
	for (size_t f = 0; tag && f < code->len; f++) {
		const struct code_function *function = &code->functions[f];
		bool sized = false, named = false;

		for (size_t i = 0; i < function->len; i++) {
			const struct code_op *op = &function->ops[i];

			if (op->opcode == OP_IS_TAGGED_TUPLE && op->args[2].kind == CODE_NUMBER &&
			    op->args[2].number == size && mentions(&op->args[3], 1, tag))
				return true;
			sized = sized || tests_size(op, size);
			named = named ||
				((op->opcode == OP_IS_EQ_EXACT || op->opcode == OP_SELECT_VAL) &&
				 mentions(op->args, op->len, tag));
		}
		if (sized && named)
			return true;
	}
	return false;
}

bool function_matches_size(const struct code_function *function, size_t size)
{
	for (size_t i = 0; i < function->len; i++)
		if (tests_size(&function->ops[i], size))
			return true;
	return false;
}

bool code_matches_size(const struct code *code, size_t size)
{
	for (size_t f = 0; f < code->len; f++)
		if (function_matches_size(&code->functions[f], size))
			return true;
	return false;
}

static bool calls_tables(const struct code *code, const struct code_op *op)
{
	const struct beam_function *to = code_op_import(code, op);

	return to && (strcmp(to->module, "ets") == 0 || strcmp(to->module, "dets") == 0);
}

static bool has_table_call(const struct code *code, const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++)
		if (calls_tables(code, &function->ops[i]))
			return true;
	return false;
}

/* Where a function first asks a table, or has a helper do it; its length: it does not. */
static size_t first_table(const struct code *code, const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		const struct code_function *helper =
			op->opcode == OP_CALL ? code_local(code, &op->args[1]) : NULL;

		if (calls_tables(code, op) || (helper && has_table_call(code, helper)))
			return i;
	}
	return function->len;
}

static bool uses_tables(const struct code *code, const struct code_function *function)
{
	return first_table(code, function) < function->len;
}

/* Also what stands in it, or is there for it alone: comprehensions, funs, helpers. */
static bool works_on_rows(const struct code *code, const struct code_function *function)
{
	const struct code_function *callers[8], *owner = code_owner(code, function);
	size_t len;

	if (uses_tables(code, function) || uses_tables(code, owner))
		return true;
	if (code_exports(code, owner->name, owner->arity))
		return false;
	len = code_callers(code, owner, callers, ARRAY_LEN(callers));
	for (size_t i = 0; i < len; i++)
		if (uses_tables(code, code_owner(code, callers[i])))
			return true;
	return false;
}

/* What others give a function, as messages, is taken apart before it asks a table. */
static size_t first_row(const struct code *code, const struct code_function *function)
{
	if (!code_exports(code, function->name, function->arity) || !uses_tables(code, function))
		return 0;
	return first_table(code, function);
}

bool code_matches_row(const struct code *code, size_t size)
{
	for (size_t f = 0; f < code->len; f++)
		for (size_t i = first_row(code, &code->functions[f]); i < code->functions[f].len;
		     i++)
			if (tests_size(&code->functions[f].ops[i], size) &&
			    works_on_rows(code, &code->functions[f]))
				return true;
	return false;
}

bool code_hands_row(const struct code *code, const struct code *to, size_t size)
{
	for (size_t f = 0; f < code->len; f++)
		for (size_t i = 0; i < code->functions[f].len; i++) {
			const struct code_op *op = &code->functions[f].ops[i];
			const struct beam_function *import = code_op_import(code, op);
			const struct code_function *taker =
				import && strcmp(import->module, to->module) == 0
					? code_function(to, import->name, import->arity)
					: NULL;

			for (size_t j = 0; taker && j < taker->len; j++)
				if (tests_size(&taker->ops[j], size) &&
				    works_on_rows(code, &code->functions[f]))
					return true;
		}
	return false;
}

/* ---- receive loops ---- */

static bool hands_on(const struct code *code, const struct code_op *op)
{
	const struct beam_function *to = code_op_import(code, op);

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
