// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_run.h"
#include "erlang/code/code_type.h"

enum { SHOWN_MAX = 8 }; /* cases that are followed with what each shows */

static enum answer is_kind(const struct value *value, enum term_kind a, enum term_kind b)
{
	int kind = value_term_kind(value);

	return kind < 0 ? MAYBE : kind == (int)a || kind == (int)b ? YES : NO;
}

static enum answer is_boolean(const struct value *value)
{
	if (value_is_atom(value, "true") || value_is_atom(value, "false"))
		return YES;
	if (value->kind == VALUE_UNKNOWN && value->of == TERM_ATOM + 1)
		return MAYBE;
	return value_term_kind(value) < 0 ? MAYBE : NO;
}

static enum answer opposite(enum answer answer)
{
	return answer == MAYBE ? MAYBE : answer == YES ? NO : YES;
}

static enum answer is_cons(const struct value *value)
{
	enum answer list = is_kind(value, TERM_LIST, TERM_LIST);

	return list == YES ? opposite(value_is_nil(value)) : list;
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
	return value_equal(value_element(value, 0, run->arena), run_get(run, &op->args[3]));
}

/* Of one of another module it is not known how many arguments it takes. */
static enum answer is_function(const struct value *value, const struct code_op *op,
			       const struct value *arity)
{
	enum answer fun = is_kind(value, TERM_OPAQUE, TERM_OPAQUE);
	int64_t wanted;

	if (fun != YES || op->opcode == OP_IS_FUNCTION)
		return fun;
	if (value->kind != VALUE_FUN || arity->kind != VALUE_TERM ||
	    !term_get_integer(arity->constant.term, &wanted))
		return MAYBE;
	return (int64_t)value->fun.function->arity - (int64_t)value->fun.len == wanted ? YES : NO;
}

/* == of something that holds no number is =:=. */
static enum answer equals(const struct value *a, const struct value *b)
{
	enum answer answer = value_equal(a, b);

	return answer == YES || value_atom_name(a) || value_atom_name(b) ||
			       value_is_nil(a) == YES || value_is_nil(b) == YES ||
			       value_is_empty_map(a) || value_is_empty_map(b)
		       ? answer
		       : MAYBE;
}

/* < and >= of two integers. */
static enum answer is_less(const struct value *a, const struct value *b)
{
	int64_t x, y;

	if (a->kind != VALUE_TERM || b->kind != VALUE_TERM ||
	    !term_get_integer(a->constant.term, &x) || !term_get_integer(b->constant.term, &y))
		return MAYBE;
	return x < y ? YES : NO;
}

/* Whether the way goes on behind a test, and not at its label. */
static enum answer decide(struct run *run, const struct code_op *op)
{
	const struct value *a = op->len > 1 ? run_get(run, &op->args[1]) : &value_unknown;
	const struct value *b = op->len > 2 ? run_get(run, &op->args[2]) : &value_unknown;

	switch (op->opcode) {
	case OP_IS_EQ_EXACT:
		return value_equal(a, b);
	case OP_IS_NE_EXACT:
		return opposite(value_equal(a, b));
	case OP_IS_EQ:
		return equals(a, b);
	case OP_IS_LT:
		return is_less(a, b);
	case OP_IS_GE:
		return opposite(is_less(a, b));
	case OP_IS_NE:
		return opposite(equals(a, b));
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
		return value_is_native(a, run->arena) == YES ? NO : is_kind(a, TERM_MAP, TERM_MAP);
	case OP_IS_BOOLEAN:
		return is_boolean(a);
	case OP_IS_PID:
		return is_kind(a, TERM_PID, TERM_PID);
	case OP_IS_PORT:
		return is_kind(a, TERM_PORT, TERM_PORT);
	case OP_IS_REFERENCE:
		return is_kind(a, TERM_REFERENCE, TERM_REFERENCE);
	case OP_IS_FUNCTION:
	case OP_IS_FUNCTION2:
		return is_function(a, op, b);
	case OP_TEST_ARITY:
		return has_arity(a, &op->args[2]);
	case OP_IS_TAGGED_TUPLE:
		return is_tagged(run, a, op);
	default:
		return MAYBE;
	}
}

/* A record that comes from where nothing is seen: it has as many elements, and its name. */
static const struct value *shown_record(struct run *run, const struct value *value,
					const struct code_op *op)
{
	const uint64_t len = op->args[2].kind == CODE_NUMBER ? op->args[2].number : 0;
	const struct value **items;

	if (len == 0 || len > TYPE_WIDTH)
		return NULL;
	items = arena_array(run->arena, len, const struct value *);
	items[0] = run_get(run, &op->args[3]);
	for (size_t i = 1; i < len; i++)
		items[i] = value;
	return value_tuple(run->arena, items, len);
}

/* Nothing is known of it, or only that it is an atom. */
static bool may_be_shown(const struct value *value)
{
	return value->kind == VALUE_UNKNOWN && (value->of == 0 || value->of == TERM_ATOM + 1);
}

/* What a test has shown of something of which nothing was known; NULL: no more than it is.  Of a
 * map it is not known then whether it is a struct.
 */
static const struct value *shown(struct run *run, const struct code_op *op)
{
	static const struct {
		unsigned opcode;
		enum term_kind kind;
	} kinds[] = {
		{ OP_IS_INTEGER, TERM_INTEGER }, { OP_IS_FLOAT, TERM_FLOAT },
		{ OP_IS_ATOM, TERM_ATOM },       { OP_IS_BOOLEAN, TERM_ATOM },
		{ OP_IS_BINARY, TERM_BINARY },   { OP_IS_PID, TERM_PID },
		{ OP_IS_PORT, TERM_PORT },       { OP_IS_REFERENCE, TERM_REFERENCE },
		{ OP_IS_LIST, TERM_LIST },
	};
	const struct value *value = run_get(run, &op->args[1]);

	if (op->opcode == OP_IS_EQ_EXACT && may_be_shown(value) &&
	    value_atom_name(run_get(run, &op->args[2])))
		return run_get(run, &op->args[2]);
	/* A clause for [] returns what it was given. */
	if (op->opcode == OP_IS_NIL)
		return value_of_term(run->arena, &term_nil);
	if (value->kind != VALUE_UNKNOWN || value->of != 0)
		return NULL;
	if (op->opcode == OP_IS_TAGGED_TUPLE)
		return shown_record(run, value, op);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].opcode == op->opcode)
			return value_of_kind(run->arena, kinds[i].kind);
	return NULL;
}

static bool same_register(const struct code_arg *a, const struct code_arg *b)
{
	return a->kind == b->kind && a->number == b->number;
}

/* %Job{} = job: something of which nothing was known is such a struct, from here on. */
static void show_struct(struct run *run, const struct code_op *op)
{
	const struct code_op *fetch = op > run->function->ops ? op - 1 : NULL;
	const struct value *of, *map;
	bool fetched = false;

	/* Other tests have one operand less. */
	if (!fetch || fetch->opcode != OP_GET_MAP_ELEMENTS || op->opcode != OP_IS_EQ_EXACT ||
	    fetch->args[2].kind != CODE_LIST)
		return;
	of = run_get(run, &op->args[2]);
	if (!value_atom_name(of))
		return;
	for (size_t i = 0; i + 1 < fetch->args[2].len; i += 2) {
		const struct code_arg *items = &fetch->args[2].items[i];

		if (same_register(&items[1], &fetch->args[1]))
			return;
		fetched = fetched || (same_register(&items[1], &op->args[1]) &&
				      value_is_atom(run_get(run, &items[0]), "__struct__"));
	}
	map = run_get(run, &fetch->args[1]);
	if (fetched && ((map->kind == VALUE_ARGUMENT && map->nr == 0) ||
			(map->kind == VALUE_UNKNOWN && map->of == 0)))
		run_set(run, &fetch->args[1],
			value_map_put(run->arena, map, value_of_atom(run->arena, "__struct__"),
				      of));
}

void run_test(struct run *run, const struct code_op *op)
{
	const struct value *value;

	switch (decide(run, op)) {
	case YES:
		return;
	case NO:
		run_jump(run, &op->args[0]);
		return;
	case MAYBE:
		run_fork(run, &op->args[0]);
		value = shown(run, op);
		if (value)
			run_set(run, &op->args[1], value);
		show_struct(run, op);
		return;
	}
}

/* A way on which something of which nothing was known is what a case says. */
static void fork_as(struct run *run, const struct code_arg *what, const struct value *value,
		    const struct value *shown, const struct code_arg *label)
{
	if (shown)
		run_set(run, what, shown);
	run_fork(run, label);
	if (shown)
		run_set(run, what, value);
}

/* The atom that a case shows an unknown value to be, where there are few: st in [:up, :down]. */
static const struct value *shown_case(const struct code_op *op, const struct value *value,
				      const struct value *item)
{
	return op->opcode == OP_SELECT_VAL && op->args[2].len <= 2 * (size_t)SHOWN_MAX &&
			       may_be_shown(value) && value_atom_name(item)
		       ? item
		       : NULL;
}

/* select_val, select_tuple_arity: value, label, [case, label, …]. */
void run_select(struct run *run, const struct code_op *op)
{
	const struct code_arg *list = &op->args[2];
	const struct value *value = run_get(run, &op->args[0]);

	run->stop = true;
	for (size_t i = 0; list->kind == CODE_LIST && i + 1 < list->len; i += 2) {
		const struct code_arg *item = &list->items[i];
		enum answer same = op->opcode == OP_SELECT_VAL
					   ? value_equal(value, run_get(run, item))
					   : has_arity(value, item);

		if (same != NO)
			fork_as(run, &op->args[0], value, shown_case(op, value, run_get(run, item)),
				item + 1);
		if (same == YES)
			return;
	}
	run_fork(run, &op->args[1]);
}
