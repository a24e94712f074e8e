// SPDX-License-Identifier: Apache-2.0
#include "release/code_eval.h"

#include <stdlib.h>

enum {
	REGISTERS_MAX = 1024, /* of each kind, as the BEAM has them */
	SEEN_MAX = 64,        /* ways to come by one label */
};

/* The registers at one place of a function: x first, then y; NULL: unknown. */
struct state {
	size_t at;
	const struct value **regs;
};

/* The states in which a label was reached. */
struct seen {
	const struct value ***items;
	size_t len, cap;
};

struct run {
	struct eval *eval;
	struct arena *arena;
	const struct code *code;
	const struct code_function *function;
	size_t xs, ys;
	struct state now;
	bool stop; /* this way ends here */
	struct state *todo;
	size_t todo_len, todo_cap;
	struct seen *seen; /* of the instructions that are labels */
	struct values outcomes;
};

void eval_add(struct eval *eval, struct values *values, const struct value *value)
{
	for (size_t i = 0; i < values->len; i++)
		if (value_same(values->items[i], value))
			return;
	if (values->len == EVAL_OUTCOMES) {
		eval->gave_up = true;
		return;
	}
	values->items = arena_grow(eval->arena, values->items, values->len, &values->cap);
	values->items[values->len++] = value;
}

/* ---- registers ---- */

static size_t regs_len(const struct run *run)
{
	return run->xs + run->ys;
}

static const struct value *get(const struct run *run, const struct code_arg *arg)
{
	const struct value *value = NULL;

	if (code_term(arg))
		return value_of_term(run->arena, arg->term);
	if (arg->kind == CODE_X && arg->number < run->xs)
		value = run->now.regs[arg->number];
	else if (arg->kind == CODE_Y && arg->number < run->ys)
		value = run->now.regs[run->xs + arg->number];
	return value ? value : &value_unknown;
}

static void set(struct run *run, const struct code_arg *arg, const struct value *value)
{
	if (arg->kind == CODE_X && arg->number < run->xs)
		run->now.regs[arg->number] = value;
	else if (arg->kind == CODE_Y && arg->number < run->ys)
		run->now.regs[run->xs + arg->number] = value;
}

static const struct value *get_x(const struct run *run, uint64_t nr)
{
	return get(run, &(struct code_arg){ .kind = CODE_X, .number = nr });
}

/* After a call nothing is left in x but what it returned. */
static void returned(struct run *run, const struct value *value)
{
	memset(run->now.regs, 0, run->xs * sizeof(*run->now.regs));
	if (run->xs > 0)
		run->now.regs[0] = value;
}

static void forget(struct run *run)
{
	memset(run->now.regs, 0, regs_len(run) * sizeof(*run->now.regs));
}

static void clear_ys(struct run *run)
{
	memset(run->now.regs + run->xs, 0, run->ys * sizeof(*run->now.regs));
}

static size_t widest(const struct code_arg *args, size_t len, enum code_kind kind, size_t most)
{
	for (size_t i = 0; i < len; i++) {
		if (args[i].kind == kind && args[i].number >= most)
			most = args[i].number < REGISTERS_MAX ? (size_t)args[i].number + 1
							      : REGISTERS_MAX + 1;
		else if (args[i].kind == CODE_LIST)
			most = widest(args[i].list.items, args[i].list.len, kind, most);
	}
	return most;
}

/* False: more registers than there are. */
static bool measure(struct run *run)
{
	run->xs = run->function->arity > 0 ? run->function->arity : 1;
	for (size_t i = 0; i < run->function->len; i++) {
		const struct code_op *op = &run->function->ops[i];

		run->xs = widest(op->args, op->len, CODE_X, run->xs);
		run->ys = widest(op->args, op->len, CODE_Y, run->ys);
		/* call N has N arguments; a fun, or a module and a function, stand behind them. */
		if (op->len > 0 && op->args[0].kind == CODE_NUMBER && op->opcode != OP_LABEL &&
		    op->args[0].number + 2 > run->xs && op->args[0].number < 256)
			run->xs = (size_t)op->args[0].number + 2;
	}
	return run->xs <= REGISTERS_MAX && run->ys <= REGISTERS_MAX;
}

/* ---- ways ---- */

static const struct value **copy_regs(struct run *run)
{
	const struct value **regs = arena_array(run->arena, regs_len(run), const struct value *);

	memcpy(regs, run->now.regs, regs_len(run) * sizeof(*regs));
	/* Copies are work, too. */
	run->eval->steps += (unsigned)(regs_len(run) / 8);
	return regs;
}

/* Follows a label of this function later, as things are now. */
static void fork_to(struct run *run, const struct code_arg *label)
{
	const struct code_place *place = code_place(run->code, label);

	if (!place || &run->code->functions[place->function] != run->function ||
	    place->op == CODE_NOWHERE)
		return; /* no clause matches: an exception */
	run->todo = arena_grow(run->arena, run->todo, run->todo_len, &run->todo_cap);
	run->todo[run->todo_len++] = (struct state){ place->op, copy_regs(run) };
}

static void jump(struct run *run, const struct code_arg *label)
{
	fork_to(run, label);
	run->stop = true;
}

static void outcome(struct run *run, const struct value *value)
{
	eval_add(run->eval, &run->outcomes, value);
	run->stop = true;
}

static bool same_regs(const struct run *run, const struct value **a, const struct value **b)
{
	for (size_t i = 0; i < regs_len(run); i++)
		if (!value_same(a[i] ? a[i] : &value_unknown, b[i] ? b[i] : &value_unknown))
			return false;
	return true;
}

/* A label that was come by like this before leads nowhere new. */
static void pass_label(struct run *run, size_t at)
{
	struct seen *seen = &run->seen[at];

	for (size_t i = 0; i < seen->len; i++) {
		run->eval->steps += (unsigned)(regs_len(run) / 8);
		if (same_regs(run, seen->items[i], run->now.regs)) {
			run->stop = true;
			return;
		}
	}
	if (seen->len == SEEN_MAX) {
		run->eval->gave_up = run->stop = true;
		return;
	}
	seen->items = arena_grow(run->arena, seen->items, seen->len, &seen->cap);
	seen->items[seen->len++] = copy_regs(run);
}

/* ---- calls ---- */

static void charge(struct run *run, size_t work)
{
	run->eval->steps += (unsigned)(work / 8 < EVAL_STEPS ? work / 8 : EVAL_STEPS);
}

/* False: it could not be followed to its end, so that what it returns is not known. */
static bool follow_call(struct values *out, struct eval *eval, const struct code *code,
			const struct code_function *function, const struct value *const *args)
{
	bool before = eval->gave_up, all;

	eval->gave_up = false;
	*out = eval_function(eval, code, function, args);
	all = !eval->gave_up;
	eval->gave_up = before;
	return all;
}

/* Goes on once for each value that a call may have returned. */
static void go_on_with(struct run *run, struct values values, bool tail)
{
	if (values.len == 0 || tail) {
		for (size_t i = 0; i < values.len; i++)
			eval_add(run->eval, &run->outcomes, values.items[i]);
		run->stop = true;
		return;
	}
	for (size_t i = 1; i < values.len; i++) {
		struct state *next;

		run->todo = arena_grow(run->arena, run->todo, run->todo_len, &run->todo_cap);
		next = &run->todo[run->todo_len++];
		*next = (struct state){ run->now.at, copy_regs(run) };
		memset(next->regs, 0, run->xs * sizeof(*next->regs));
		next->regs[0] = values.items[i];
	}
	returned(run, values.items[0]);
}

static void go_on_with_one(struct run *run, const struct value *value, bool tail)
{
	if (tail)
		outcome(run, value);
	else
		returned(run, value);
}

/* Registers without a value are unknown as arguments, too. */
static const struct value *const *args_of(struct run *run, uint32_t arity)
{
	for (size_t i = 0; i < arity; i++)
		if (!run->now.regs[i])
			run->now.regs[i] = &value_unknown;
	return run->now.regs;
}

/* Functions of a NIF library have a body that never returns. */
static bool may_be_nif(const struct code *code)
{
	for (size_t i = 0; i < code->imports.len; i++)
		if (strcmp(code->imports.items[i].module, "erlang") == 0 &&
		    strcmp(code->imports.items[i].name, "load_nif") == 0)
			return true;
	return false;
}

static void call_local(struct run *run, const struct code_function *callee, bool tail)
{
	struct values values;

	if (!callee || callee->arity > run->xs)
		go_on_with_one(run, &value_unknown, tail);
	else if (follow_call(&values, run->eval, run->code, callee, args_of(run, callee->arity)) &&
		 (values.len > 0 || !may_be_nif(run->code)))
		go_on_with(run, values, tail);
	else
		go_on_with_one(run,
			       value_unseen(run->arena, arena_printf(run->arena, "%s/%u",
								     callee->name, callee->arity)),
			       tail);
}

static const struct value *unseen_call(struct run *run, const struct beam_function *function)
{
	return value_unseen(run->arena, arena_printf(run->arena, "%s:%s/%u", function->module,
						     function->name, function->arity));
}

static void call_remote(struct run *run, const struct beam_function *function, bool tail)
{
	const struct value *const *args;
	struct values values;
	bool known;

	if (!function || function->arity > run->xs) {
		go_on_with_one(run, &value_unknown, tail);
		return;
	}
	if (strcmp(function->module, run->code->module) == 0 &&
	    code_function(run->code, function->name, function->arity)) {
		call_local(run, code_function(run->code, function->name, function->arity), tail);
		return;
	}
	if (known_to_raise(function)) {
		run->stop = true;
		return;
	}
	args = args_of(run, function->arity);
	if (run->eval->on_call)
		run->eval->on_call(run->eval->ctx, function, args);
	values = eval_remote(run->eval, function, args, &known);
	if (known)
		go_on_with(run, values, tail);
	else
		go_on_with_one(run, unseen_call(run, function), tail);
}

static void call_fun(struct run *run, const struct value *fun, uint64_t arity, bool tail)
{
	const struct value *args[256] = { NULL };
	struct values values;
	size_t env = fun->kind == VALUE_FUN ? fun->fun.len : 0;

	if (fun->kind != VALUE_FUN || arity + env > ARRAY_LEN(args) || arity > run->xs ||
	    arity + env != fun->fun.function->arity) {
		go_on_with_one(run, &value_unknown, tail);
		return;
	}
	for (size_t i = 0; i < arity; i++)
		args[i] = get_x(run, i);
	for (size_t i = 0; i < env; i++)
		args[arity + i] = fun->fun.env[i];
	if (follow_call(&values, run->eval, fun->fun.code, fun->fun.function, args))
		go_on_with(run, values, tail);
	else
		go_on_with_one(run, &value_unknown, tail);
}

/* apply/1, /2: the module and the function stand behind the arguments. */
static void apply(struct run *run, const struct code_arg *arity, bool tail)
{
	struct beam_function function;

	if (arity->kind != CODE_NUMBER || arity->number + 2 > run->xs) {
		go_on_with_one(run, &value_unknown, tail);
		return;
	}
	function.module = value_atom_name(get_x(run, arity->number));
	function.name = value_atom_name(get_x(run, arity->number + 1));
	function.arity = (uint32_t)arity->number;
	if (function.module && function.name)
		call_remote(run, &function, tail);
	else
		go_on_with_one(run, &value_unknown, tail);
}

static void make_fun(struct run *run, const struct code_op *op)
{
	const struct beam_function *lambda = code_lambda(run->code, &op->args[0]);
	const struct code_function *function =
		lambda ? code_function(run->code, lambda->name, lambda->arity) : NULL;
	const struct code_arg *env = &op->args[2];
	const struct value **items;
	struct value *value;

	if (!function || env->kind != CODE_LIST || env->list.len > function->arity) {
		set(run, &op->args[1], &value_unknown);
		return;
	}
	items = arena_array(run->arena, env->list.len, const struct value *);
	for (size_t i = 0; i < env->list.len; i++)
		items[i] = get(run, &env->list.items[i]);
	value = arena_new(run->arena, struct value);
	value->kind = VALUE_FUN;
	value->fun.code = run->code;
	value->fun.function = function;
	value->fun.env = items;
	value->fun.len = env->list.len;
	set(run, &op->args[1], value);
}

/* ---- tests ---- */

static enum answer is_kind(const struct value *value, enum term_kind a, enum term_kind b)
{
	int kind = value_term_kind(value);

	return kind < 0 ? MAYBE : kind == (int)a || kind == (int)b ? YES : NO;
}

static enum answer is_boolean(const struct value *value)
{
	if (value_is_atom(value, "true") || value_is_atom(value, "false"))
		return YES;
	return value_term_kind(value) < 0 ? MAYBE : NO;
}

static enum answer not(enum answer answer) {
	return answer == MAYBE ? MAYBE
	       : answer == YES ? NO
			       : YES;
}

static enum answer is_cons(const struct value *value)
{
	enum answer list = is_kind(value, TERM_LIST, TERM_LIST);

	return list == YES ? not(value_is_nil(value)) : list;
}

static enum answer has_arity(const struct value *value, const struct code_arg *arity)
{
	int size = value_tuple_size(value);

	if (arity->kind != CODE_NUMBER || value_term_kind(value) < 0)
		return MAYBE;
	return size >= 0 && (uint64_t)size == arity->number ? YES : NO;
}

static enum answer is_tagged(struct run *run, const struct value *value, const struct code_op *op)
{
	enum answer arity = has_arity(value, &op->args[2]);

	if (arity != YES)
		return arity;
	return value_equal(value_element(value, 0, run->arena), get(run, &op->args[3]));
}

/* Whether the way goes on behind a test, and not at its label. */
static enum answer decide(struct run *run, const struct code_op *op)
{
	const struct value *a = op->len > 1 ? get(run, &op->args[1]) : &value_unknown;
	const struct value *b = op->len > 2 ? get(run, &op->args[2]) : &value_unknown;

	switch (op->opcode) {
	case OP_IS_EQ_EXACT:
		return value_equal(a, b);
	case OP_IS_NE_EXACT:
		return not(value_equal(a, b));
	case OP_IS_INTEGER:
		return is_kind(a, TERM_INTEGER, TERM_BIG);
	case OP_IS_FLOAT:
		return is_kind(a, TERM_FLOAT, TERM_FLOAT);
	case OP_IS_ATOM:
		return is_kind(a, TERM_ATOM, TERM_ATOM);
	case OP_IS_NIL:
		return value_is_nil(a);
	case OP_IS_BINARY:
		return is_kind(a, TERM_BINARY, TERM_BINARY);
	case OP_IS_BITSTR:
		return is_kind(a, TERM_BINARY, TERM_BITSTRING);
	case OP_IS_LIST:
		return is_kind(a, TERM_LIST, TERM_LIST);
	case OP_IS_NONEMPTY_LIST:
		return is_cons(a);
	case OP_IS_TUPLE:
		return is_kind(a, TERM_TUPLE, TERM_TUPLE);
	case OP_IS_MAP:
		return is_kind(a, TERM_MAP, TERM_MAP);
	case OP_IS_BOOLEAN:
		return is_boolean(a);
	case OP_IS_PID:
	case OP_IS_PORT:
	case OP_IS_REFERENCE:
		return value_term_kind(a) < 0 ? MAYBE : NO;
	case OP_TEST_ARITY:
		return has_arity(a, &op->args[2]);
	case OP_IS_TAGGED_TUPLE:
		return is_tagged(run, a, op);
	default:
		return MAYBE;
	}
}

static void test(struct run *run, const struct code_op *op)
{
	switch (decide(run, op)) {
	case YES:
		return;
	case NO:
		jump(run, &op->args[0]);
		return;
	case MAYBE:
		fork_to(run, &op->args[0]);
		return;
	}
}

/* select_val, select_tuple_arity: value, label, [case, label, …]. */
static void select_label(struct run *run, const struct code_op *op)
{
	const struct code_arg *list = &op->args[2];
	const struct value *value = get(run, &op->args[0]);

	run->stop = true;
	for (size_t i = 0; list->kind == CODE_LIST && i + 1 < list->list.len; i += 2) {
		const struct code_arg *item = &list->list.items[i];
		enum answer same = op->opcode == OP_SELECT_VAL ? value_equal(value, get(run, item))
							       : has_arity(value, item);

		if (same != NO)
			fork_to(run, item + 1);
		if (same == YES)
			return;
	}
	fork_to(run, &op->args[1]);
}

/* ---- data ---- */

static void put_tuple2(struct run *run, const struct code_op *op)
{
	const struct code_arg *list = &op->args[1];
	const struct value **items;

	if (list->kind != CODE_LIST) {
		set(run, &op->args[0], &value_unknown);
		return;
	}
	charge(run, list->list.len);
	items = arena_array(run->arena, list->list.len, const struct value *);
	for (size_t i = 0; i < list->list.len; i++)
		items[i] = get(run, &list->list.items[i]);
	set(run, &op->args[0], value_tuple(run->arena, items, list->list.len));
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
		items[i] = ops[i].opcode == OP_PUT ? get(run, &ops[i].args[0]) : &value_unknown;
	run->now.at += len;
	set(run, &op->args[1], value_tuple(run->arena, items, len));
}

static const struct value *with_element(struct run *run, const struct value *tuple, uint64_t nr,
					const struct value *item)
{
	int size = value_tuple_size(tuple);
	const struct value **items;

	if (size < 0 || nr >= (uint64_t)size)
		return &value_unknown;
	charge(run, (size_t)size);
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
	const struct value *tuple = get(run, &op->args[2]);

	if (value_tuple_size(tuple) < 0)
		tuple = blank_tuple(run, &op->args[1]);
	for (size_t i = 0; list->kind == CODE_LIST && i + 1 < list->list.len; i += 2) {
		const struct code_arg *nr = &list->list.items[i];

		tuple = nr->kind == CODE_NUMBER && nr->number > 0
				? with_element(run, tuple, nr->number - 1, get(run, nr + 1))
				: &value_unknown;
	}
	set(run, &op->args[3], tuple);
}

/* put_map_assoc, put_map_exact: label, source, destination, live, [key, value, …]. */
static void put_map(struct run *run, const struct code_op *op)
{
	const struct code_arg *list = &op->args[4];
	const struct value *map = get(run, &op->args[1]);

	for (size_t i = 0; list->kind == CODE_LIST && i + 1 < list->list.len; i += 2)
		map = value_map_put(run->arena, map, get(run, &list->list.items[i]),
				    get(run, &list->list.items[i + 1]));
	set(run, &op->args[2], map);
}

/* get_map_elements: label, source, [key, destination, …]; has_map_fields: keys alone. */
static void get_map(struct run *run, const struct code_op *op)
{
	const struct code_arg *list = &op->args[2];
	const struct value *map = get(run, &op->args[1]), *value;
	size_t step = op->opcode == OP_HAS_MAP_FIELDS ? 1 : 2;
	enum answer all = YES, found;

	if (list->kind != CODE_LIST)
		return;
	if (map->kind == VALUE_TERM && map->constant.term->kind == TERM_MAP)
		charge(run, map->constant.term->map.len * list->list.len);
	for (size_t i = 0; i + step <= list->list.len; i += step) {
		found = value_map_get(map, get(run, &list->list.items[i]), run->arena, &value);
		if (found == NO) {
			jump(run, &op->args[0]);
			return;
		}
		if (found == MAYBE)
			all = MAYBE;
	}
	if (all == MAYBE)
		fork_to(run, &op->args[0]);
	for (size_t i = 0; step == 2 && i + 1 < list->list.len; i += 2) {
		found = value_map_get(map, get(run, &list->list.items[i]), run->arena, &value);
		set(run, &list->list.items[i + 1], found == YES ? value : &value_unknown);
	}
}

static void get_list(struct run *run, const struct code_op *op)
{
	const struct value *head = &value_unknown, *tail = &value_unknown;
	const struct code_arg *dst = &op->args[1];

	value_uncons(get(run, &op->args[0]), run->arena, &head, &tail);
	if (op->opcode != OP_GET_TL)
		set(run, dst, head);
	if (op->opcode != OP_GET_HD)
		set(run, op->opcode == OP_GET_LIST ? &op->args[2] : dst, tail);
}

static void swap(struct run *run, const struct code_op *op)
{
	const struct value *a = get(run, &op->args[0]), *b = get(run, &op->args[1]);

	set(run, &op->args[0], b);
	set(run, &op->args[1], a);
}

/* y registers move down when the stack is trimmed. */
static void trim(struct run *run, const struct code_arg *count)
{
	const struct value **ys = run->now.regs + run->xs;
	size_t by = count->kind == CODE_NUMBER && count->number < run->ys ? (size_t)count->number
									  : run->ys;

	memmove(ys, ys + by, (run->ys - by) * sizeof(*ys));
	memset(ys + run->ys - by, 0, by * sizeof(*ys));
}

/* bif and gc_bif: a label (bif0: none), the function, arguments, the destination. */
static void bif(struct run *run, const struct code_op *op)
{
	int import = code_import_operand(op->opcode);
	const struct beam_function *function = code_import(run->code, &op->args[import]);
	const struct value *args[3] = { NULL }, *value = NULL;
	unsigned len = op->len - (unsigned)import - 2;

	for (unsigned i = 0; i < len; i++)
		args[i] = get(run, &op->args[(unsigned)import + 1 + i]);
	if (function && function->arity == len)
		value = known_call(run->eval, function, args);
	if (!value && op->opcode != OP_BIF0)
		fork_to(run, &op->args[0]);
	set(run, &op->args[op->len - 1], value ? value : &value_unknown);
}

/* ---- instructions ---- */

/* How the plain instructions change registers: by the operand that they write, plus one. */
/* clang-format off */
static const uint8_t writes[OPCODE_END] = {
	[OP_BS_START_MATCH2] = 5, [OP_BS_START_MATCH3] = 4, [OP_BS_START_MATCH4] = 4,
	[OP_BS_GET_INTEGER2] = 7, [OP_BS_GET_FLOAT2] = 7,   [OP_BS_GET_BINARY2] = 7,
	[OP_BS_GET_UTF8] = 5,     [OP_BS_GET_UTF16] = 5,    [OP_BS_GET_UTF32] = 5,
	[OP_BS_GET_TAIL] = 2,     [OP_BS_GET_POSITION] = 2, [OP_BS_CREATE_BIN] = 5,
	[OP_BS_INIT2] = 6,        [OP_BS_INIT_BITS] = 6,    [OP_BS_APPEND] = 8,
	[OP_BS_PRIVATE_APPEND] = 6, [OP_BS_ADD] = 5,        [OP_BS_UTF8_SIZE] = 3,
	[OP_BS_UTF16_SIZE] = 3,   [OP_FMOVE] = 2,           [OP_RECV_MARKER_RESERVE] = 1,
	[OP_INIT] = 1,            [OP_LOOP_REC] = 2,
};
/* clang-format on */

/* Those that write no register; a label comes first, if there is one. */
static bool writes_nothing(enum opcode opcode)
{
	switch (opcode) {
	case OP_TEST_HEAP:
	case OP_TRY_END:
	case OP_CATCH_END:
	case OP_ON_LOAD:
	case OP_NIF_START:
	case OP_TIMEOUT:
	case OP_REMOVE_MESSAGE:
	case OP_WAIT_TIMEOUT:
	case OP_RECV_MARK:
	case OP_RECV_SET:
	case OP_RECV_MARKER_BIND:
	case OP_RECV_MARKER_CLEAR:
	case OP_RECV_MARKER_USE:
	case OP_FCLEARERROR:
	case OP_FCHECKERROR:
	case OP_FCONV:
	case OP_FADD:
	case OP_FSUB:
	case OP_FMUL:
	case OP_FDIV:
	case OP_FNEGATE:
	case OP_BS_SET_POSITION:
	case OP_BS_TEST_TAIL2:
	case OP_BS_TEST_UNIT:
	case OP_BS_MATCH_STRING:
	case OP_BS_SKIP_BITS2:
	case OP_BS_SKIP_UTF8:
	case OP_BS_SKIP_UTF16:
	case OP_BS_SKIP_UTF32:
	case OP_BS_PUT_INTEGER:
	case OP_BS_PUT_BINARY:
	case OP_BS_PUT_FLOAT:
	case OP_BS_PUT_STRING:
	case OP_BS_PUT_UTF8:
	case OP_BS_PUT_UTF16:
	case OP_BS_PUT_UTF32:
		return true;
	default:
		return false;
	}
}

static void fork_to_all(struct run *run, const struct code_arg *args, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (args[i].kind == CODE_LABEL)
			fork_to(run, &args[i]);
		else if (args[i].kind == CODE_LIST)
			fork_to_all(run, args[i].list.items, args[i].list.len);
	}
}

/* An instruction of which nothing is said here may change any register, and go anywhere. */
static void plain_op(struct run *run, const struct code_op *op)
{
	if (writes[op->opcode] > 0) {
		if (op->args[0].kind == CODE_LABEL)
			fork_to(run, &op->args[0]);
		set(run, &op->args[writes[op->opcode] - 1], &value_unknown);
	} else if (writes_nothing(op->opcode)) {
		if (op->len > 0 && op->args[0].kind == CODE_LABEL)
			fork_to(run, &op->args[0]);
	} else {
		forget(run);
		fork_to_all(run, op->args, op->len);
	}
}

/* An exception may come from anywhere behind `try` and `catch`; what is needed then is in y
 * registers that stay as they are.
 */
static void guard(struct run *run, const struct code_op *op)
{
	const struct value **regs = run->now.regs;

	run->now.regs = copy_regs(run);
	memset(run->now.regs, 0, run->xs * sizeof(*run->now.regs));
	fork_to(run, &op->args[1]);
	run->now.regs = regs;
}

static void call_op(struct run *run, const struct code_op *op)
{
	switch (op->opcode) {
	case OP_CALL:
		call_local(run, code_local(run->code, &op->args[1]), false);
		break;
	case OP_CALL_LAST:
	case OP_CALL_ONLY:
		call_local(run, code_local(run->code, &op->args[1]), true);
		break;
	case OP_CALL_EXT:
		call_remote(run, code_import(run->code, &op->args[1]), false);
		break;
	case OP_CALL_EXT_LAST:
	case OP_CALL_EXT_ONLY:
		call_remote(run, code_import(run->code, &op->args[1]), true);
		break;
	case OP_CALL_FUN:
		call_fun(run, get_x(run, op->args[0].number), op->args[0].number, false);
		break;
	case OP_CALL_FUN2:
		call_fun(run, get(run, &op->args[2]), op->args[1].number, false);
		break;
	case OP_APPLY:
		apply(run, &op->args[0], false);
		break;
	default:
		apply(run, &op->args[0], true);
		break;
	}
}

static void data_op(struct run *run, const struct code_op *op)
{
	const struct code_arg *args = op->args;

	switch (op->opcode) {
	case OP_MOVE:
		set(run, &args[1], get(run, &args[0]));
		break;
	case OP_SWAP:
		swap(run, op);
		break;
	case OP_PUT_LIST:
		set(run, &args[2], value_cons(run->arena, get(run, &args[0]), get(run, &args[1])));
		break;
	case OP_PUT_TUPLE2:
		put_tuple2(run, op);
		break;
	case OP_PUT_TUPLE:
		put_tuple(run, op);
		break;
	case OP_GET_TUPLE_ELEMENT:
		set(run, &args[2],
		    args[1].kind == CODE_NUMBER
			    ? value_element(get(run, &args[0]), (size_t)args[1].number, run->arena)
			    : &value_unknown);
		break;
	case OP_SET_TUPLE_ELEMENT:
		set(run, &args[1],
		    with_element(run, get(run, &args[1]), args[2].number, get(run, &args[0])));
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

static void other_op(struct run *run, const struct code_op *op)
{
	switch (op->opcode) {
	case OP_ALLOCATE:
	case OP_ALLOCATE_HEAP:
	case OP_ALLOCATE_ZERO:
	case OP_ALLOCATE_HEAP_ZERO:
	case OP_DEALLOCATE:
		clear_ys(run);
		break;
	case OP_INIT_YREGS:
		for (size_t i = 0; op->args[0].kind == CODE_LIST && i < op->args[0].list.len; i++)
			set(run, &op->args[0].list.items[i], NULL);
		break;
	case OP_TRIM:
		trim(run, &op->args[0]);
		break;
	case OP_TRY:
	case OP_CATCH:
		guard(run, op);
		break;
	case OP_BS_MATCH:
		/* Registers among its commands are written. */
		fork_to(run, &op->args[0]);
		for (size_t i = 0; op->args[2].kind == CODE_LIST && i < op->args[2].list.len; i++)
			set(run, &op->args[2].list.items[i], &value_unknown);
		break;
	case OP_SEND:
		returned(run, get_x(run, 1));
		break;
	case OP_TRY_CASE:
	case OP_RAW_RAISE:
	case OP_BUILD_STACKTRACE:
	case OP_BS_INIT_WRITABLE:
		returned(run, NULL);
		break;
	case OP_LOOP_REC_END:
	case OP_WAIT:
	case OP_JUMP:
		jump(run, &op->args[0]);
		break;
	default:
		plain_op(run, op);
		break;
	}
}

static void do_op(struct run *run, const struct code_op *op)
{
	switch (op->opcode) {
	case OP_LABEL:
		pass_label(run, run->now.at - 1);
		break;
	case OP_RETURN:
		outcome(run, get_x(run, 0));
		break;
	case OP_CALL:
	case OP_CALL_LAST:
	case OP_CALL_ONLY:
	case OP_CALL_EXT:
	case OP_CALL_EXT_LAST:
	case OP_CALL_EXT_ONLY:
	case OP_CALL_FUN:
	case OP_CALL_FUN2:
	case OP_APPLY:
	case OP_APPLY_LAST:
		call_op(run, op);
		break;
	case OP_MOVE:
	case OP_SWAP:
	case OP_PUT_LIST:
	case OP_PUT_TUPLE2:
	case OP_PUT_TUPLE:
	case OP_GET_TUPLE_ELEMENT:
	case OP_SET_TUPLE_ELEMENT:
	case OP_UPDATE_RECORD:
	case OP_PUT_MAP_ASSOC:
	case OP_PUT_MAP_EXACT:
	case OP_GET_MAP_ELEMENTS:
	case OP_HAS_MAP_FIELDS:
	case OP_MAKE_FUN3:
	case OP_GET_LIST:
	case OP_GET_HD:
	case OP_GET_TL:
		data_op(run, op);
		break;
	case OP_BIF0:
	case OP_BIF1:
	case OP_BIF2:
	case OP_BIF3:
	case OP_GC_BIF1:
	case OP_GC_BIF2:
	case OP_GC_BIF3:
		bif(run, op);
		break;
	case OP_SELECT_VAL:
	case OP_SELECT_TUPLE_ARITY:
		select_label(run, op);
		break;
	case OP_BADMATCH:
	case OP_IF_END:
	case OP_CASE_END:
	case OP_TRY_CASE_END:
	case OP_RAISE:
	case OP_BADRECORD:
		run->stop = true;
		break;
	default:
		if ((op->opcode >= OP_IS_LT && op->opcode <= OP_TEST_ARITY) ||
		    op->opcode == OP_IS_FUNCTION || op->opcode == OP_IS_FUNCTION2 ||
		    op->opcode == OP_IS_BOOLEAN || op->opcode == OP_IS_MAP ||
		    op->opcode == OP_IS_BITSTR || op->opcode == OP_IS_TAGGED_TUPLE)
			test(run, op);
		else
			other_op(run, op);
	}
}

/* Follows one way to its end. */
static void follow(struct run *run)
{
	run->stop = false;
	while (!run->stop && run->now.at < run->function->len) {
		if (++run->eval->steps > EVAL_STEPS) {
			run->eval->gave_up = true;
			return;
		}
		do_op(run, &run->function->ops[run->now.at++]);
	}
}

struct values eval_function(struct eval *eval, const struct code *code,
			    const struct code_function *function, const struct value *const *args)
{
	struct run run = { .eval = eval, .arena = eval->arena, .code = code, .function = function };

	if (eval->depth == EVAL_DEPTH || eval->steps > EVAL_STEPS || !measure(&run)) {
		eval->gave_up = true;
		return run.outcomes;
	}
	eval->depth++;
	eval->steps += (unsigned)(function->len / 8);
	run.seen = arena_array(eval->arena, function->len, struct seen);
	run.now.regs = arena_array(eval->arena, regs_len(&run), const struct value *);
	for (size_t i = 0; i < function->arity; i++)
		run.now.regs[i] = args[i];
	for (;;) {
		follow(&run);
		if (run.todo_len == 0 || eval->steps > EVAL_STEPS)
			break;
		run.now = run.todo[--run.todo_len];
	}
	eval->depth--;
	return run.outcomes;
}

const struct value *eval_one(struct eval *eval, const struct code *code,
			     const struct code_function *function, const struct value *const *args)
{
	struct values values;

	if (follow_call(&values, eval, code, function, args) && values.len == 1)
		return values.items[0];
	return value_unseen(eval->arena, arena_printf(eval->arena, "%s:%s/%u", code->module,
						      function->name, function->arity));
}

/* NULL: no such module, or function. */
static const struct code_function *find_function(struct eval *eval, const char *module,
						 const char *name, uint32_t arity,
						 const struct code **code)
{
	if (!eval->library)
		return NULL;
	*code = eval->library->open(eval->library->ctx, module);
	return *code && code_exports(*code, name, arity) ? code_function(*code, name, arity) : NULL;
}

struct values eval_remote(struct eval *eval, const struct beam_function *function,
			  const struct value *const *args, bool *known)
{
	const struct value *value = known_call(eval, function, args);
	const struct code_function *found;
	struct values values = { 0 };
	const struct code *code;

	*known = true;
	if (value) {
		eval_add(eval, &values, value);
		return values;
	}
	found = known_pure(function->module) ? find_function(eval, function->module, function->name,
							     function->arity, &code)
					     : NULL;
	/* What never returns may be there for the VM to replace, as lists:keyfind/3 is. */
	*known = found && follow_call(&values, eval, code, found, args) && values.len > 0;
	return values;
}

const struct value *eval_call(struct eval *eval, const char *module, const char *name,
			      const struct value *const *args, uint32_t arity)
{
	const struct code *code;
	const struct code_function *found = find_function(eval, module, name, arity, &code);

	if (found)
		return eval_one(eval, code, found, args);
	return value_unseen(eval->arena,
			    arena_printf(eval->arena, "%s:%s/%u", module, name, arity));
}
