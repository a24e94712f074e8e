// SPDX-License-Identifier: Apache-2.0
/* What get/1 answers for a key of the process dictionary that is not there: whether who asks for it
 * looks at that, and goes on.
 */
#include "erlang/code/code_eval.h"
#include "upgrade/verdict/verdict_parts.h"

enum { REGISTERS = 64, STEPS_MAX = 96 };

/* ---- functions that look for an atom ---- */

/* Whether what runs from an instruction on plainly raises: error({badkey, …}), no clause matches.
 */
static bool raises_from(const struct code *code, const struct code_function *function, size_t at)
{
	enum { MOST = 16 };

	for (size_t steps = 0; steps < MOST && at < function->len; steps++, at++) {
		const struct code_op *op = &function->ops[at];
		const struct beam_function *to = code_op_import(code, op);
		const struct code_place *place;

		switch (op->opcode) {
		case OP_BADMATCH:
		case OP_IF_END:
		case OP_CASE_END:
			return true;
		case OP_JUMP:
			if (!(place = code_place(code, &op->args[0])))
				return false;
			if (place->op == CODE_NOWHERE)
				return true;
			at = place->op - 1;
			break;
		case OP_LABEL:
		case OP_DEALLOCATE:
		case OP_INIT_YREGS:
		case OP_MOVE:
		case OP_SWAP:
		case OP_TEST_HEAP:
		case OP_PUT_LIST:
		case OP_PUT_TUPLE2:
		case OP_TRIM:
			break;
		default:
			if (!to)
				return false;
			if (strcmp(to->module, "erlang") == 0)
				return strcmp(to->name, "error") == 0 ||
				       strcmp(to->name, "exit") == 0 ||
				       strcmp(to->name, "throw") == 0;
			if (strcmp(to->name, "exception") != 0)
				return false;
		}
	}
	return false;
}

static bool raises_at(const struct code *code, const struct code_function *function,
		      const struct code_arg *label)
{
	const struct code_place *place = code_place(code, label);

	return !place || place->op == CODE_NOWHERE || raises_from(code, function, place->op);
}

static bool is_atom(const struct code_arg *arg, const char *name)
{
	return arg->kind == CODE_ATOM && value_is_atom(arg->value, name);
}

/* Where it is one of several that are told apart. */
static bool selects(const struct code *code, const struct code_function *function,
		    const struct code_op *op, const char *name)
{
	const struct code_arg *list = &op->args[2];

	for (size_t i = 0; list->kind == CODE_LIST && i + 1 < list->len; i += 2)
		if (is_atom(&list->items[i], name))
			return !raises_at(code, function, &list->items[i + 1]);
	return false;
}

/* X == undefined, as a value. */
static bool compares(const struct code *code, const struct code_op *op, const char *name)
{
	static const char *const bifs[] = { "=:=", "=/=", "==", "/=" };
	const struct beam_function *to = code_op_import(code, op);
	bool is_compare = false, is_named = false;

	for (size_t i = 0; to && i < ARRAY_LEN(bifs); i++)
		is_compare = is_compare || strcmp(to->name, bifs[i]) == 0;
	for (unsigned i = 0; is_compare && i < op->len; i++)
		is_named = is_named || is_atom(&op->args[i], name);
	return is_named;
}

static bool goes_on_for(const struct code *code, const struct code_function *function, size_t at,
			const char *name)
{
	const struct code_op *op = &function->ops[at];

	switch (op->opcode) {
	case OP_SELECT_VAL:
		return selects(code, function, op, name);
	case OP_IS_EQ:
	case OP_IS_EQ_EXACT:
		return (is_atom(&op->args[1], name) || is_atom(&op->args[2], name)) &&
		       !raises_from(code, function, at + 1);
	case OP_IS_NE:
	case OP_IS_NE_EXACT:
		return (is_atom(&op->args[1], name) || is_atom(&op->args[2], name)) &&
		       !raises_at(code, function, &op->args[0]);
	default:
		return compares(code, op, name);
	}
}

static bool function_goes_on_for(const struct code *code, const struct code_function *function,
				 const char *name)
{
	for (size_t i = 0; i < function->len; i++)
		if (goes_on_for(code, function, i, name))
			return true;
	return false;
}

static bool knows_nothing_there(const struct code *code, const struct code_function *function)
{
	return function_goes_on_for(code, function, "undefined") ||
	       function_goes_on_for(code, function, "nil");
}

/* ---- what was fetched, where it was not there ---- */

struct fetched {
	const struct code *code;
	const struct code_function *function;
	const char *nothing; /* the atom that stands for it */
	uint64_t xs, ys;     /* the registers with it */
	bool looked_at;      /* on this way */
};

static uint64_t *marks(struct fetched *fetched, const struct code_arg *arg)
{
	if ((arg->kind != CODE_X && arg->kind != CODE_Y) || arg->number >= REGISTERS)
		return NULL;
	return arg->kind == CODE_X ? &fetched->xs : &fetched->ys;
}

static bool holds(struct fetched *fetched, const struct code_arg *arg)
{
	const uint64_t *bits = marks(fetched, arg);

	return bits && *bits >> arg->number & 1;
}

static void put(struct fetched *fetched, const struct code_arg *to, bool value)
{
	uint64_t *bits = marks(fetched, to);

	if (bits)
		*bits = (*bits & ~(1ULL << to->number)) | (uint64_t)value << to->number;
}

/* Where a test of it leads to; NULL: right behind.  False: it is no such test. */
static bool leads_to(struct fetched *fetched, const struct code_op *op,
		     const struct code_arg **label)
{
	const struct code_arg *list = &op->args[2];

	*label = NULL;
	switch (op->opcode) {
	case OP_IS_EQ:
	case OP_IS_EQ_EXACT:
	case OP_IS_NE:
	case OP_IS_NE_EXACT:
		if (!holds(fetched, &op->args[1]) && !holds(fetched, &op->args[2]))
			return false;
		if ((is_atom(&op->args[1], fetched->nothing) ||
		     is_atom(&op->args[2], fetched->nothing)) !=
		    (op->opcode == OP_IS_EQ || op->opcode == OP_IS_EQ_EXACT))
			*label = &op->args[0];
		return true;
	case OP_SELECT_VAL:
		if (!holds(fetched, &op->args[0]))
			return false;
		*label = &op->args[1];
		for (uint32_t i = 0; list->kind == CODE_LIST && i + 1 < list->len; i += 2)
			if (is_atom(&list->items[i], fetched->nothing))
				*label = &list->items[i + 1];
		return true;
	case OP_IS_ATOM:
		return holds(fetched, &op->args[1]);
	case OP_IS_BINARY:
	case OP_IS_FLOAT:
	case OP_IS_INTEGER:
	case OP_IS_LIST:
	case OP_IS_MAP:
	case OP_IS_NIL:
	case OP_IS_NONEMPTY_LIST:
	case OP_IS_NUMBER:
	case OP_IS_PID:
	case OP_IS_REFERENCE:
	case OP_IS_TAGGED_TUPLE:
	case OP_IS_TUPLE:
		*label = &op->args[0];
		return holds(fetched, &op->args[1]);
	default:
		return false;
	}
}

/* It is given to a function that looks at it: count(get(calls)) + 1; or is a map of nothing:
 * Process.get(:context)[:tenant].
 */
static bool is_taken_with_care(const struct fetched *fetched, const struct code_op *op)
{
	const struct code_function *other = code_op_local(fetched->code, op);
	const struct beam_function *to = code_op_import(fetched->code, op);

	if (other && op->opcode != OP_MAKE_FUN2 && op->opcode != OP_MAKE_FUN3)
		return other->arity < REGISTERS && fetched->xs & ((1ULL << other->arity) - 1) &&
		       knows_nothing_there(fetched->code, other);
	return to && to->arity == 2 && fetched->xs & 1 && strcmp(to->name, "get") == 0 &&
	       strcmp(to->module, "Elixir.Access") == 0;
}

static bool compares_it(struct fetched *fetched, const struct code_op *op)
{
	bool held = false;

	for (size_t i = 0; i < op->len; i++)
		held = held || holds(fetched, &op->args[i]);
	return held && compares(fetched->code, op, fetched->nothing);
}

static void move_on(struct fetched *fetched, const struct code_op *op)
{
	switch (op->opcode) {
	case OP_MOVE:
		put(fetched, &op->args[1], holds(fetched, &op->args[0]));
		break;
	case OP_TRIM:
		fetched->ys =
			op->args[0].number < REGISTERS ? fetched->ys >> op->args[0].number : 0;
		break;
	case OP_CALL:
	case OP_CALL_EXT:
	case OP_CALL_FUN:
	case OP_CALL_FUN2:
		fetched->xs = 0;
		break;
	default:
		break;
	}
}

static bool is_step(enum opcode opcode)
{
	return opcode == OP_LABEL || opcode == OP_LINE || opcode == OP_MOVE;
}

/* Whether code goes on that has fetched it, from behind that. */
static bool goes_on_from(struct fetched *fetched, size_t at)
{
	for (size_t steps = 0; steps < STEPS_MAX && at < fetched->function->len; steps++) {
		const struct code_op *op = &fetched->function->ops[at];
		const struct code_arg *label = NULL;

		if (leads_to(fetched, op, &label)) {
			fetched->looked_at = true;
		} else if (op->opcode == OP_JUMP) {
			label = &op->args[0];
		} else if (!is_step(op->opcode)) {
			if (fetched->looked_at)
				return !raises_from(fetched->code, fetched->function, at);
			if (is_taken_with_care(fetched, op) || compares_it(fetched, op))
				return true;
			if (code_leaves(op->opcode))
				return false;
		}
		move_on(fetched, op);
		at++;
		if (label) {
			const struct code_place *place = code_place(fetched->code, label);

			if (!place || place->op == CODE_NOWHERE)
				return false;
			at = place->op;
		}
	}
	return false;
}

static bool is_fetch(const struct beam_function *to)
{
	return to && to->arity == 1 && strcmp(to->name, "get") == 0 &&
	       (strcmp(to->module, "erlang") == 0 || strcmp(to->module, "Elixir.Process") == 0);
}

/* Of that key, as far as is known. */
static bool fetches(const struct code *code, const struct code_function *function, size_t at,
		    const struct value *key)
{
	const struct code_op *op = &function->ops[at];
	const struct beam_function *to = code_op_import(code, op);
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct term *asked;

	if (!is_fetch(to))
		return false;
	asked = op->opcode == OP_BIF1 ? code_term(&op->args[2]) : argument_at(function, at, 0);
	return !asked || !key || value_equal(value_of_term(&scratch, asked), key) != NO;
}

bool fetch_goes_on(const struct code *code, const struct code_function *function,
		   const struct value *key)
{
	bool found = false;

	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		const struct code_arg x0 = { .kind = CODE_X };
		struct fetched fetched = { .code = code, .function = function };

		if (!fetches(code, function, i, key))
			continue;
		found = true;
		fetched.nothing = *code_op_import(code, op)->module == 'E' ? "nil" : "undefined";
		put(&fetched, op->opcode == OP_BIF1 ? &op->args[3] : &x0, true);
		if (code_leaves(op->opcode) || !goes_on_from(&fetched, i + 1))
			return false;
	}
	return found || knows_nothing_there(code, function);
}
