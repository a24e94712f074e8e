// SPDX-License-Identifier: Apache-2.0
/* Which messages a callback tells from others. */
#include "upgrade/verdict/verdict_states.h"

struct told {
	struct arena *arena;
	const struct value **items;
	size_t len, max;
};

static void add_message(struct told *told, const struct value *message)
{
	for (size_t i = 0; i < told->len; i++)
		if (value_same(told->items[i], message))
			return;
	if (told->len < told->max)
		told->items[told->len++] = message;
}

/* {First, …} */
static void add_tuple_with(struct told *told, const struct value *first, size_t size)
{
	const struct value *items[64];

	if (size == 0 || size > ARRAY_LEN(items))
		return;
	items[0] = first;
	for (size_t i = 1; i < size; i++)
		items[i] = &value_unknown;
	add_message(told, value_tuple(told->arena, items, size));
}

static void add_tagged(struct told *told, const struct term *tag, size_t size)
{
	add_tuple_with(told, value_of_term(told->arena, tag), size);
}

/* sizes  of tuples that begin with one of the atoms, a bit for each; 0: they are messages
 * themselves */
static void add_atoms(struct told *told, const struct code_arg *args, size_t len, uint64_t sizes)
{
	for (size_t i = 0; i < len; i++) {
		const struct term *term = code_term(&args[i]);

		if (term && term_atom_name(term) && sizes == 0)
			add_message(told, value_of_term(told->arena, term));
		for (size_t size = 1; term && term_atom_name(term) && size < 64; size++)
			if (sizes & UINT64_C(1) << size)
				add_tagged(told, term, size);
		if (args[i].kind == CODE_LIST)
			add_atoms(told, args[i].items, args[i].len, sizes);
	}
}

static void add_tuple(struct told *told, const struct code_op *op)
{
	const struct term *tag = code_term(&op->args[3]);

	if (tag && term_atom_name(tag) && op->args[2].kind == CODE_NUMBER)
		add_tagged(told, tag, (size_t)op->args[2].number);
}

static bool is_x(const struct code_arg *arg, uint64_t nr)
{
	return arg->kind == CODE_X && arg->number == nr;
}

static bool has_register(const struct code_op *op, const struct code_arg *reg)
{
	for (unsigned i = 0; i < op->len; i++)
		if (op->args[i].kind == reg->kind && op->args[i].number == reg->number)
			return true;
	return false;
}

/* The sizes of tuples that it tells a register from. */
static uint64_t sizes_of(const struct code_function *function, uint64_t nr)
{
	uint64_t sizes = 0;

	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		const struct code_arg *args = op->args;

		if (op->opcode == OP_TEST_ARITY && is_x(&args[1], nr) && args[2].number < 64)
			sizes |= UINT64_C(1) << args[2].number;
		if (op->opcode != OP_SELECT_TUPLE_ARITY || !is_x(&args[0], nr))
			continue;
		for (uint32_t j = 0; args[2].kind == CODE_LIST && j < args[2].len; j++)
			if (args[2].items[j].kind == CODE_NUMBER && args[2].items[j].number < 64)
				sizes |= UINT64_C(1) << args[2].items[j].number;
	}
	return sizes;
}

static void add_compared(struct told *told, const struct code_function *function, unsigned message)
{
	const uint64_t sizes = sizes_of(function, message);
	const struct code_arg *tag = NULL; /* where what a tuple begins with is */

	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];

		if (op->opcode == OP_IS_TAGGED_TUPLE)
			add_tuple(told, op);
		else if (op->opcode == OP_GET_TUPLE_ELEMENT && is_x(&op->args[0], message) &&
			 op->args[1].number == 0)
			tag = &op->args[2];
		else if (op->opcode == OP_IS_EQ_EXACT || op->opcode == OP_SELECT_VAL)
			add_atoms(told, op->args, op->len,
				  tag && has_register(op, tag) ? sizes : 0);
	}
}

size_t messages_told_apart(const struct value **out, size_t max, const struct code *code,
			   const struct code_function *function, unsigned message,
			   struct arena *arena)
{
	struct told told = { arena, out, 0, max };

	add_compared(&told, function, message);
	for (size_t i = 0; i < function->len && told.len == 0; i++) {
		const struct code_op *op = &function->ops[i];
		const struct code_function *callee = op->opcode == OP_CALL ||
								     op->opcode == OP_CALL_LAST ||
								     op->opcode == OP_CALL_ONLY
							     ? code_local(code, &op->args[1])
							     : NULL;

		if (callee && callee->arity >= function->arity)
			add_compared(&told, callee, message);
	}
	return told.len;
}

/* ---- those that are told by their kind ---- */

static const struct {
	unsigned test;
	enum term_kind kind;
} kinds[] = {
	{ OP_IS_MAP, TERM_MAP },
	{ OP_IS_NONEMPTY_LIST, TERM_LIST },
	{ OP_IS_LIST, TERM_LIST },
	{ OP_IS_BINARY, TERM_BINARY },
	{ OP_IS_BITSTR, TERM_BINARY },
	{ OP_IS_INTEGER, TERM_INTEGER },
	{ OP_IS_NUMBER, TERM_INTEGER },
	{ OP_IS_FLOAT, TERM_FLOAT },
	{ OP_IS_PID, TERM_PID },
	{ OP_IS_PORT, TERM_PORT },
	{ OP_IS_REFERENCE, TERM_REFERENCE },
};

/* "ping", 42 */
static void add_literals(struct told *told, const struct code_op *op, unsigned message)
{
	const struct term *term;

	for (unsigned i = 0; i < op->len; i++)
		if ((op->opcode == OP_IS_EQ_EXACT || op->opcode == OP_SELECT_VAL) &&
		    has_register(op, &(struct code_arg){ .kind = CODE_X, .number = message }) &&
		    (term = code_term(&op->args[i])) && !term_atom_name(term))
			add_message(told, value_of_term(told->arena, term));
}

static bool has_tagged(const struct value *const *messages, size_t len, size_t size)
{
	for (size_t i = 0; i < len; i++)
		if (value_tuple_size(messages[i]) == (int)size)
			return true;
	return false;
}

/* {Id, …}; beside: others of that size begin with a tag. */
static void add_untagged(struct told *told, size_t size, bool beside)
{
	static const enum term_kind firsts[] = { TERM_BINARY, TERM_INTEGER, TERM_PID,
						 TERM_REFERENCE };

	if (!beside) {
		add_tuple_with(told, &value_unknown, size);
		return;
	}
	add_tuple_with(told, value_of_atom(told->arena, "$none of them"), size);
	for (size_t i = 0; i < ARRAY_LEN(firsts); i++)
		add_tuple_with(told, value_of_kind(told->arena, firsts[i]), size);
}

size_t messages_of_kinds(const struct value **out, size_t len, size_t max,
			 const struct code_function *function, unsigned message,
			 struct arena *arena)
{
	const uint64_t sizes = sizes_of(function, message);
	struct told told = { arena, out, len, max };

	for (size_t size = 1; size < 64; size++)
		if (sizes & UINT64_C(1) << size)
			add_untagged(&told, size, has_tagged(out, len, size));
	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];

		add_literals(&told, op, message);
		for (size_t j = 0; j < ARRAY_LEN(kinds); j++)
			if (op->opcode == kinds[j].test && is_x(&op->args[1], message))
				add_message(&told, value_of_kind(arena, kinds[j].kind));
	}
	return told.len;
}
