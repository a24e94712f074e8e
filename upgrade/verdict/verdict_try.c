// SPDX-License-Identifier: Apache-2.0
/* Whether what fetches a key of a map catches that it is not there: try maps:get(Key, Map) catch …
 * -> Default end, with nothing else in it.
 */
#include "upgrade/verdict/verdict_parts.h"

enum { STEPS_MAX = 64 };

static bool only_moves(const struct code_op *op)
{
	return op->opcode == OP_MOVE || op->opcode == OP_LINE;
}

static size_t place_in(const struct code *code, const struct code_function *function,
		       const struct code_arg *label)
{
	const struct code_place *place = code_place(code, label);

	return place && &code->functions[place->function] == function ? place->op : CODE_NOWHERE;
}

static bool is_x(const struct code_arg *arg, uint64_t number)
{
	return arg->kind == CODE_X && arg->number == number;
}

static bool is_atom(const struct code_arg *arg, const char *name)
{
	const struct term *term = code_term(arg);

	return term && term_is_atom(term, name);
}

/* What is raised: error:{Reason, Key}. */
struct raised {
	const char *reason;
	const struct code_op *ops; /* that fetch it, one of which names Key */
	size_t len;
};

static bool is_named(const struct raised *raised, const char *key)
{
	for (size_t i = 0; key && i < raised->len; i++)
		for (size_t j = 0; j < raised->ops[i].len; j++)
			if (is_atom(&raised->ops[i].args[j], key))
				return true;
	return false;
}

/* A register with an element of {Reason, Key}. */
struct element {
	const struct code_arg *in; /* NULL: none */
	uint64_t nr;
};

static bool is_in(const struct element *element, const struct code_arg *arg)
{
	return element->in && arg->kind == element->in->kind && arg->number == element->in->number;
}

static bool is_asked_for(const struct code_arg *arg, const struct element *element)
{
	return is_in(element, arg) || is_x(arg, 0) || is_x(arg, 1);
}

/* A test of the class, in x0, of the reason, in x1, of error:{Reason, Key}, or of one of those. */
static bool is_test_of_error(const struct code_op *op, const struct element *element)
{
	switch (op->opcode) {
	case OP_IS_EQ_EXACT:
	case OP_IS_TAGGED_TUPLE:
		return is_asked_for(&op->args[1], element);
	case OP_IS_ATOM:
	case OP_IS_BINARY:
	case OP_IS_INTEGER:
	case OP_IS_LIST:
	case OP_IS_MAP:
	case OP_IS_NONEMPTY_LIST:
	case OP_IS_TUPLE:
	case OP_TEST_ARITY:
		return is_x(&op->args[1], 1) && !is_in(element, &op->args[1]);
	case OP_SELECT_VAL:
		return is_asked_for(&op->args[0], element);
	default:
		return false;
	}
}

static bool is_value(const struct code_arg *arg, const struct code_arg *value,
		     const struct element *element, const struct raised *raised)
{
	const struct term *term = code_term(value);
	const char *name = term ? term_atom_name(term) : NULL;

	if (is_in(element, arg))
		return element->nr == 0 ? is_atom(value, raised->reason) : is_named(raised, name);
	if (is_x(arg, 0))
		return is_atom(value, "error");
	return term && term_is_tagged(term, raised->reason, 2) &&
	       is_named(raised, term_atom_name(term_at(term, 1)));
}

/* Where that goes on; NULL: right behind. */
static const struct code_arg *goes_on_at(const struct code_op *op, const struct element *element,
					 const struct raised *raised)
{
	bool is;

	if (op->opcode == OP_SELECT_VAL) {
		for (uint32_t i = 0; i + 1 < op->args[2].len; i += 2)
			if (is_value(&op->args[0], &op->args[2].items[i], element, raised))
				return &op->args[2].items[i + 1];
		return &op->args[1];
	}
	if (op->opcode == OP_IS_EQ_EXACT)
		is = is_value(&op->args[1], &op->args[2], element, raised);
	else if (op->opcode == OP_IS_TAGGED_TUPLE)
		is = is_x(&op->args[1], 1) && op->args[2].number == 2 &&
		     is_atom(&op->args[3], raised->reason);
	else
		is = op->opcode == OP_IS_TUPLE ||
		     (op->opcode == OP_TEST_ARITY && op->args[2].number == 2);
	return is ? NULL : &op->args[0];
}

/* Another error in place of it. */
static bool raises(const struct code *code, const struct code_op *op)
{
	static const struct beam_function ends[] = {
		{ "erlang", "error", 1 }, { "erlang", "error", 2 }, { "erlang", "error", 3 },
		{ "erlang", "exit", 1 },  { "erlang", "raise", 3 },
	};
	const struct beam_function *to = code_op_import(code, op);

	for (size_t i = 0; to && i < ARRAY_LEN(ends); i++)
		if (beam_function_same(to, &ends[i]))
			return true;
	return op->opcode == OP_RAISE || op->opcode == OP_RAW_RAISE;
}

/* Whether the clauses of a try take error:{Reason, Key}, and do not raise it again. */
static bool take_error(const struct code *code, const struct code_function *function, size_t at,
		       const struct raised *raised)
{
	struct element element = { NULL, 0 };
	bool begun = false; /* a clause has taken it */

	for (unsigned steps = 0; steps < STEPS_MAX && at < function->len; steps++) {
		const struct code_op *op = &function->ops[at++];
		const struct code_arg *label;

		if (!begun && is_test_of_error(op, &element)) {
			label = goes_on_at(op, &element, raised);
			at = label ? place_in(code, function, label) : at;
			continue;
		}
		if (raises(code, op))
			return false;
		switch (op->opcode) {
		case OP_JUMP:
			at = place_in(code, function, &op->args[0]);
			break;
		case OP_LABEL:
		case OP_LINE:
		case OP_TRY_CASE:
			break;
		case OP_GET_TUPLE_ELEMENT:
			if (begun || !is_x(&op->args[0], 1))
				return true;
			element = (struct element){ &op->args[2], op->args[1].number };
			break;
		case OP_MOVE:
		case OP_CALL:
		case OP_CALL_EXT: /* also what stands behind `after` */
			begun = true;
			break;
		default:
			return true;
		}
	}
	return true;
}

bool fetch_is_caught(const struct code *code, const struct code_function *function, size_t at,
		     const char *reason)
{
	size_t before = at, behind = at + 1;
	const struct code_op *begin;
	struct raised raised;

	while (before > 0 && only_moves(&function->ops[before - 1]))
		before--;
	while (behind < function->len &&
	       (only_moves(&function->ops[behind]) || function->ops[behind].opcode == OP_LABEL))
		behind++;
	if (before == 0 || behind >= function->len)
		return false;
	begin = &function->ops[before - 1];
	raised = (struct raised){ reason, begin, at - before + 2 };
	return (begin->opcode == OP_CATCH && function->ops[behind].opcode == OP_CATCH_END) ||
	       (begin->opcode == OP_TRY && function->ops[behind].opcode == OP_TRY_END &&
		take_error(code, function, place_in(code, function, &begin->args[1]), &raised));
}
