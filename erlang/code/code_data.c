// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_run.h"

static void put_tuple2(struct run *run, const struct code_op *op)
{
	const struct code_arg *list = &op->args[1];
	const struct value **items;

	if (list->kind != CODE_LIST) {
		run_set(run, &op->args[0], &value_unknown);
		return;
	}
	run_charge(run, list->len);
	items = arena_array(run->arena, list->len, const struct value *);
	for (size_t i = 0; i < list->len; i++)
		items[i] = run_get(run, &list->items[i]);
	run_set(run, &op->args[0], value_tuple(run->arena, items, list->len));
}

/* put_tuple, before OTP 22: the elements are instructions of their own. */
static void put_tuple(struct run *run, const struct code_op *op)
{
	const struct code_op *ops = run->function->ops + run->now.at;
	size_t left = run->function->len - run->now.at;
	const struct value **items;
	size_t len;

	if (op->args[0].kind != CODE_NUMBER || op->args[0].number > left) {
		run->eval->gave_up = run->stop = true;
		return;
	}
	len = (size_t)op->args[0].number;
	items = arena_array(run->arena, len, const struct value *);
	for (size_t i = 0; i < len; i++)
		items[i] = ops[i].opcode == OP_PUT ? run_get(run, &ops[i].args[0]) : &value_unknown;
	run->now.at += len;
	run_set(run, &op->args[1], value_tuple(run->arena, items, len));
}

static const struct value *with_element(struct run *run, const struct value *tuple, uint64_t nr,
					const struct value *item)
{
	int size = value_tuple_size(tuple);
	const struct value **items;

	if (size < 0 || nr >= (uint64_t)size)
		return &value_unknown;
	run_charge(run, (size_t)size);
	items = arena_array(run->arena, (size_t)size, const struct value *);
	for (size_t i = 0; i < (size_t)size; i++)
		items[i] = i == nr ? item : value_element(tuple, i, run->arena);
	return value_tuple(run->arena, items, (size_t)size);
}

/* A tuple of that many elements of which nothing is known. */
static const struct value *blank_tuple(struct run *run, const struct code_arg *size)
{
	const struct value **items;

	if (size->kind != CODE_NUMBER || size->number > REGISTERS_MAX)
		return &value_unknown;
	items = arena_array(run->arena, (size_t)size->number, const struct value *);
	for (size_t i = 0; i < size->number; i++)
		items[i] = &value_unknown;
	return value_tuple(run->arena, items, (size_t)size->number);
}

/* update_record: hint, size, source, destination, [position, value, …]. */
static void update_record(struct run *run, const struct code_op *op)
{
	const struct code_arg *list = &op->args[4];
	const struct value *tuple = run_get(run, &op->args[2]);

	if (value_tuple_size(tuple) < 0)
		tuple = blank_tuple(run, &op->args[1]);
	for (size_t i = 0; list->kind == CODE_LIST && i + 1 < list->len; i += 2) {
		const struct code_arg *nr = &list->items[i];

		tuple = nr->kind == CODE_NUMBER && nr->number > 0
				? with_element(run, tuple, nr->number - 1, run_get(run, nr + 1))
				: &value_unknown;
	}
	run_set(run, &op->args[3], tuple);
}

/* put_map_assoc, put_map_exact: label, source, destination, live, [key, value, …]. */
static void put_map(struct run *run, const struct code_op *op)
{
	const struct code_arg *list = &op->args[4];
	const struct value *map = run_get(run, &op->args[1]);

	if (value_term_kind(map) >= 0 && value_term_kind(map) != TERM_MAP) {
		run_fail(run, &op->args[0], false); /* badmap */
		return;
	}
	for (size_t i = 0; list->kind == CODE_LIST && i + 1 < list->len; i += 2) {
		const struct value *before;

		if (op->opcode == OP_PUT_MAP_EXACT &&
		    value_map_get(map, run_get(run, &list->items[i]), run->arena, &before) == NO) {
			run_fail(run, &op->args[0], true);
			return;
		}
		map = value_map_put(run->arena, map, run_get(run, &list->items[i]),
				    run_get(run, &list->items[i + 1]));
	}
	run_set(run, &op->args[2], map);
}

/* get_map_elements: label, source, [key, destination, …]; has_map_fields: keys alone. */
static void get_map(struct run *run, const struct code_op *op)
{
	const struct code_arg *list = &op->args[2];
	const struct value *map = run_get(run, &op->args[1]), *value;
	size_t step = op->opcode == OP_HAS_MAP_FIELDS ? 1 : 2;
	enum answer all = YES, found;

	if (list->kind != CODE_LIST)
		return;
	if (map->kind == VALUE_TERM && map->constant.term->kind == TERM_MAP)
		run_charge(run, map->constant.term->map.len * list->len);
	for (size_t i = 0; i + step <= list->len; i += step) {
		const struct value *key = run_get(run, &list->items[i]);

		if (run->eval->on_match && !code_constant(&list->items[i]))
			run->eval->on_match(run->eval->ctx, key);
		found = value_map_get(map, key, run->arena, &value);
		if (found == NO) {
			run_jump(run, &op->args[0]);
			return;
		}
		if (found == MAYBE)
			all = MAYBE;
	}
	if (all == MAYBE)
		run_fork(run, &op->args[0]);
	for (size_t i = 0; step == 2 && i + 1 < list->len; i += 2) {
		found = value_map_get(map, run_get(run, &list->items[i]), run->arena, &value);
		if (found != YES)
			value = value_map_only(map, run_get(run, &list->items[i]));
		run_set(run, &list->items[i + 1],
			value                  ? value
			: value_is_unseen(map) ? map
					       : &value_unknown);
	}
}

static void get_list(struct run *run, const struct code_op *op)
{
	const struct value *head = &value_unknown, *tail = &value_unknown;
	const struct code_arg *dst = &op->args[1];

	value_uncons(run_get(run, &op->args[0]), run->arena, &head, &tail);
	if (op->opcode != OP_GET_TL)
		run_set(run, dst, head);
	if (op->opcode != OP_GET_HD)
		run_set(run, op->opcode == OP_GET_LIST ? &op->args[2] : dst, tail);
}

static void swap(struct run *run, const struct code_op *op)
{
	const struct value *a = run_get(run, &op->args[0]), *b = run_get(run, &op->args[1]);

	run_set(run, &op->args[0], b);
	run_set(run, &op->args[1], a);
}

/* bif and gc_bif: a label (bif0: none), the function, arguments, the destination. */
void run_bif(struct run *run, const struct code_op *op)
{
	int import = code_import_operand(op->opcode);
	const struct beam_function *function = code_import(run->code, &op->args[import]);
	const struct value *args[3] = { NULL }, *value = NULL;
	struct values values = { 0 };
	unsigned len = op->len - (unsigned)import - 2;
	bool missed;

	for (unsigned i = 0; i < len; i++)
		args[i] = run_get(run, &op->args[(unsigned)import + 1 + i]);
	if (function && run->eval->on_fetch && len == 2 && op->args[0].number == 0 &&
	    strcmp(function->name, "map_get") == 0)
		run->eval->on_fetch(run->eval->ctx, args[0]);
	missed = function && function->arity == len && known_to_miss(run->eval, function, args);
	if (missed || (function && function->arity == len && known_to_fail(function, args))) {
		run_fail(run, &op->args[0], missed);
		return;
	}
	if (function && function->arity == len)
		value = known_call(run->eval, function, args);
	/* The process dictionary is the only one that is more than a guard. */
	if (function && run->eval->on_call && len == 1 && strcmp(function->name, "get") == 0)
		run->eval->on_call(run->eval->ctx, function, args);
	if (function && run->eval->answer && len == 1 && strcmp(function->name, "get") == 0 &&
	    run->eval->answer(run->eval->ctx, function, args, &values) && values.len == 1)
		value = values.items[0];
	/* In a guard it may fail as well. */
	if ((!value || value->kind == VALUE_UNKNOWN) && op->opcode != OP_BIF0)
		run_fork(run, &op->args[0]);
	run_set(run, &op->args[op->len - 1], value ? value : &value_unknown);
}

static void make_fun(struct run *run, const struct code_op *op)
{
	const struct beam_function *lambda = code_lambda(run->code, &op->args[0]);
	const struct code_function *function =
		lambda ? code_function(run->code, lambda->name, lambda->arity) : NULL;
	const struct code_arg *env = &op->args[2];
	const struct value **items;
	struct value *value;

	if (!function || env->kind != CODE_LIST || env->len > function->arity) {
		run_set(run, &op->args[1], &value_unknown);
		return;
	}
	items = arena_array(run->arena, env->len, const struct value *);
	for (size_t i = 0; i < env->len; i++)
		items[i] = run_get(run, &env->items[i]);
	value = arena_new(run->arena, struct value);
	value->kind = VALUE_FUN;
	value->fun.code = run->code;
	value->fun.function = function;
	value->fun.env = items;
	value->fun.len = env->len;
	run_set(run, &op->args[1], value);
}

void run_data(struct run *run, const struct code_op *op)
{
	const struct code_arg *args = op->args;

	switch (op->opcode) {
	case OP_MOVE:
		run_set(run, &args[1], run_get(run, &args[0]));
		break;
	case OP_SWAP:
		swap(run, op);
		break;
	case OP_PUT_LIST:
		run_set(run, &args[2],
			value_cons(run->arena, run_get(run, &args[0]), run_get(run, &args[1])));
		break;
	case OP_PUT_TUPLE2:
		put_tuple2(run, op);
		break;
	case OP_PUT_TUPLE:
		put_tuple(run, op);
		break;
	case OP_GET_TUPLE_ELEMENT:
		run_set(run, &args[2],
			args[1].kind == CODE_NUMBER
				? value_element(run_get(run, &args[0]), (size_t)args[1].number,
						run->arena)
				: &value_unknown);
		break;
	case OP_SET_TUPLE_ELEMENT:
		run_set(run, &args[1],
			with_element(run, run_get(run, &args[1]), args[2].number,
				     run_get(run, &args[0])));
		break;
	case OP_UPDATE_RECORD:
		update_record(run, op);
		break;
	case OP_PUT_MAP_ASSOC:
	case OP_PUT_MAP_EXACT:
		put_map(run, op);
		break;
	case OP_GET_MAP_ELEMENTS:
	case OP_HAS_MAP_FIELDS:
		get_map(run, op);
		break;
	case OP_MAKE_FUN3:
		make_fun(run, op);
		break;
	default:
		get_list(run, op);
		break;
	}
}
