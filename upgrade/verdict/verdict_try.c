// SPDX-License-Identifier: Apache-2.0
/* Whether what fetches a key of a map catches that it is not there: try maps:get(Key, Map) catch …
 * -> Default end, with nothing else in it.
 */
#include "upgrade/verdict/verdict_parts.h"

enum { STEPS_MAX = 256, REGISTERS = 64 };

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

enum what { OTHER, CLASS, REASON, TAG, KEY }; /* of error:{Tag, Key} */

/* What is in the registers where the clauses of a try look at what was raised. */
struct held {
	enum what xs[REGISTERS], ys[REGISTERS];
};

static enum what *held_in(struct held *held, const struct code_arg *arg)
{
	if ((arg->kind != CODE_X && arg->kind != CODE_Y) || arg->number >= REGISTERS)
		return NULL;
	return arg->kind == CODE_X ? &held->xs[arg->number] : &held->ys[arg->number];
}

static enum what what_in(struct held *held, const struct code_arg *arg)
{
	const enum what *what = held_in(held, arg);

	return what ? *what : OTHER;
}

static void put(struct held *held, const struct code_arg *to, enum what what)
{
	enum what *there = held_in(held, to);

	if (there)
		*there = what;
}

static bool is_value(enum what what, const struct code_arg *value, const struct raised *raised)
{
	const struct term *term = code_term(value);
	const char *name = term ? term_atom_name(term) : NULL;

	switch (what) {
	case CLASS:
		return is_atom(value, "error");
	case TAG:
		return is_atom(value, raised->reason);
	case KEY:
		return is_named(raised, name);
	default:
		return term && term_is_tagged(term, raised->reason, 2) &&
		       is_named(raised, term_atom_name(term_at(term, 1)));
	}
}

/* Of a test of something that is held; false: it is none. */
static bool decide(const struct code *code, const struct code_op *op, struct held *held,
		   const struct raised *raised, bool *is)
{
	enum what what = op->len > 1 ? what_in(held, &op->args[1]) : OTHER;
	const struct beam_function *bif = code_op_import(code, op);

	if (bif && strcmp(bif->name, "map_get") == 0) /* no part of it is a map */
		what = op->args[0].kind == CODE_LABEL ? what_in(held, &op->args[3]) : OTHER;
	*is = false;
	if (what == OTHER)
		return false;
	switch (op->opcode) {
	case OP_IS_EQ_EXACT:
	case OP_IS_NE_EXACT:
		*is = is_value(what, &op->args[2], raised) == (op->opcode == OP_IS_EQ_EXACT);
		return true;
	case OP_IS_TAGGED_TUPLE:
		*is = what == REASON && op->args[2].number == 2 &&
		      is_atom(&op->args[3], raised->reason);
		return true;
	case OP_IS_TUPLE:
		*is = what == REASON;
		return true;
	case OP_TEST_ARITY:
		*is = op->args[2].number == 2;
		return true;
	case OP_IS_ATOM:
		*is = what != REASON;
		return true;
	case OP_IS_BINARY:
	case OP_IS_INTEGER:
	case OP_IS_LIST:
	case OP_IS_MAP:
	case OP_IS_NONEMPTY_LIST:
		return true;
	default:
		return bif != NULL;
	}
}

static const struct code_arg *chosen(const struct code_op *op, enum what what,
				     const struct raised *raised)
{
	for (uint32_t i = 0; i + 1 < op->args[2].len; i += 2)
		if (is_value(what, &op->args[2].items[i], raised))
			return &op->args[2].items[i + 1];
	return &op->args[1];
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
	switch (op->opcode) {
	case OP_RAISE:
	case OP_RAW_RAISE:
	case OP_BADMATCH:
	case OP_IF_END:
	case OP_CASE_END:
	case OP_TRY_CASE_END:
		return true;
	default:
		return false;
	}
}

/* ---- what a clause does ---- */

struct ways {
	const struct code *code;
	const struct code_function *function;
	bool *seen;
	size_t *todo, len;
};

static void come_to(struct ways *ways, size_t at)
{
	if (at < ways->function->len && !ways->seen[at]) {
		ways->seen[at] = true;
		ways->todo[ways->len++] = at;
	}
}

static void come_to_labels(struct ways *ways, const struct code_arg *args, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (args[i].kind == CODE_LIST)
			come_to_labels(ways, args[i].items, args[i].len);
		else if (args[i].kind == CODE_LABEL)
			come_to(ways, place_in(ways->code, ways->function, &args[i]));
}

/* From there on each way raises. */
static bool all_raise(const struct code *code, const struct code_function *function, size_t at)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct ways ways = { code, function, arena_array(&scratch, function->len, bool),
			     arena_array(&scratch, function->len, size_t), 0 };

	come_to(&ways, at);
	while (ways.len > 0) {
		const size_t now = ways.todo[--ways.len];
		const struct code_op *op = &function->ops[now];

		if (raises(code, op))
			continue;
		if (!code_op_local(code, op))
			come_to_labels(&ways, op->args, op->len);
		if (!code_leaves(op->opcode))
			come_to(&ways, now + 1);
		else if (op->opcode != OP_JUMP && op->opcode != OP_SELECT_VAL &&
			 op->opcode != OP_SELECT_TUPLE_ARITY)
			return false;
	}
	return true;
}

/* Whether the clauses of a try take error:{Reason, Key}, and do not raise it again. */
static bool take_error(const struct code *code, const struct code_function *function, size_t at,
		       const struct raised *raised)
{
	struct held held = { .xs = { CLASS, REASON } };
	bool is;

	for (unsigned steps = 0; steps < STEPS_MAX && at < function->len; steps++) {
		const struct code_op *op = &function->ops[at++];
		enum what what;

		switch (op->opcode) {
		case OP_JUMP:
			at = place_in(code, function, &op->args[0]);
			break;
		case OP_LABEL:
		case OP_LINE:
		case OP_TRY_CASE:
			break;
		case OP_MOVE:
			put(&held, &op->args[1], what_in(&held, &op->args[0]));
			break;
		case OP_GET_TUPLE_ELEMENT:
			what = what_in(&held, &op->args[0]);
			put(&held, &op->args[2],
			    what != REASON            ? OTHER
			    : op->args[1].number == 0 ? TAG
						      : KEY);
			break;
		case OP_SELECT_VAL:
			what = what_in(&held, &op->args[0]);
			if (what == OTHER)
				return !all_raise(code, function, at - 1);
			at = place_in(code, function, chosen(op, what, raised));
			break;
		default:
			if (!decide(code, op, &held, raised, &is))
				return !all_raise(code, function, at - 1);
			at = is ? at : place_in(code, function, &op->args[0]);
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
