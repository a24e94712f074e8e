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

/* A test of the class, in x0, or of the reason, in x1, of error:{Reason, Key}. */
static bool is_test_of_error(const struct code_op *op)
{
	switch (op->opcode) {
	case OP_IS_EQ_EXACT:
	case OP_IS_TAGGED_TUPLE:
		return is_x(&op->args[1], 0) || is_x(&op->args[1], 1);
	case OP_SELECT_VAL:
		return is_x(&op->args[0], 0) || is_x(&op->args[0], 1);
	default:
		return false;
	}
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

static bool is_equal(const struct code_op *op, const struct raised *raised)
{
	const struct term *term = code_term(&op->args[2]);

	if (is_x(&op->args[1], 0))
		return is_atom(&op->args[2], "error");
	return term && term_is_tagged(term, raised->reason, 2) &&
	       is_named(raised, term_atom_name(term_at(term, 1)));
}

/* Where that goes on; NULL: right behind. */
static const struct code_arg *goes_on_at(const struct code_op *op, const struct raised *raised)
{
	switch (op->opcode) {
	case OP_IS_EQ_EXACT:
		return is_equal(op, raised) ? NULL : &op->args[0];
	case OP_IS_TAGGED_TUPLE:
		return is_x(&op->args[1], 1) && op->args[2].number == 2 &&
				       is_atom(&op->args[3], raised->reason)
			       ? NULL
			       : &op->args[0];
	default:
		for (uint32_t i = 0; is_x(&op->args[0], 0) && i + 1 < op->args[2].len; i += 2)
			if (is_atom(&op->args[2].items[i], "error"))
				return &op->args[2].items[i + 1];
		return &op->args[1];
	}
}

/* Whether the clauses of a try take error:{Reason, Key}, and do not raise it again. */
static bool take_error(const struct code *code, const struct code_function *function, size_t at,
		       const struct raised *raised)
{
	bool begun = false; /* a clause has taken it */

	for (unsigned steps = 0; steps < STEPS_MAX && at < function->len; steps++) {
		const struct code_op *op = &function->ops[at++];
		const struct code_arg *label;

		if (!begun && is_test_of_error(op)) {
			label = goes_on_at(op, raised);
			at = label ? place_in(code, function, label) : at;
			continue;
		}
		switch (op->opcode) {
		case OP_RAISE:
		case OP_RAW_RAISE:
			return false;
		case OP_JUMP:
			at = place_in(code, function, &op->args[0]);
			break;
		case OP_LABEL:
		case OP_LINE:
		case OP_TRY_CASE:
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
