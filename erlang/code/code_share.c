// SPDX-License-Identifier: Apache-2.0
/* Functions whose calls share the steps: what takes too much is not known, and leaves enough for
 * the others; and of too many ways those are followed first that come by code which none has seen.
 */
#include "erlang/code/code_run.h"

enum { LEAST = 400 }; /* steps: of what is cheap all is seen, even if its caller has none left */

void share_steps(struct eval *eval)
{
	const unsigned limit = eval_limit(eval);
	const unsigned half = eval->steps < limit ? (limit - eval->steps) / 2 : 0;

	if (eval->shares && eval->top)
		eval->limit = eval->steps + (half > LEAST ? half : LEAST);
}

/* ---- what nobody looks at ---- */

static bool is_result(const struct code_arg *arg)
{
	return arg->kind == CODE_X && arg->number == 0;
}

static bool has_result(const struct code_arg *list)
{
	for (size_t i = 0; list->kind == CODE_LIST && i < list->len; i++)
		if (is_result(&list->items[i]))
			return true;
	return false;
}

/* Whether something else takes the place of what a call returned before it is looked at. */
static bool is_unused(const struct run *run)
{
	for (size_t at = run->now.at; at < run->function->len; at++) {
		const struct code_op *op = &run->function->ops[at];

		switch (op->opcode) {
		case OP_MOVE:
			if (is_result(&op->args[0]) || is_result(&op->args[1]))
				return !is_result(&op->args[0]);
			break;
		case OP_PUT_TUPLE2:
			if (has_result(&op->args[1]) || is_result(&op->args[0]))
				return !has_result(&op->args[1]);
			break;
		case OP_INIT_YREGS:
		case OP_TRIM:
		case OP_TEST_HEAP:
			break;
		case OP_CALL:
		case OP_CALL_EXT:
			return op->args[0].kind == CODE_NUMBER && op->args[0].number == 0;
		default:
			return false;
		}
	}
	return false;
}

void share_little(struct run *run)
{
	struct eval *eval = run->eval;

	if (!eval->shares || eval->aside || eval->on_call || !is_unused(run))
		return;
	/* Enough to see that it always raises. */
	eval->aside = true;
	if (eval_limit(eval) > eval->steps + LEAST)
		eval->limit = eval->steps + LEAST;
}

/* ---- what was seen of it ---- */

void share_begin(struct run *run)
{
	if (run->eval->shares) {
		run->covered = arena_array(run->scratch, run->function->len, unsigned);
		run->given = arena_array(run->scratch, run->function->len + 1, struct values);
	}
}

bool share_is_new(struct run *run, size_t at, const struct value *value)
{
	struct values *given = run->given && at <= run->function->len ? &run->given[at] : NULL;

	if (!given)
		return false;
	for (size_t i = 0; i < given->len; i++)
		if (value_same(given->items[i], value))
			return false;
	given->items = arena_grow(run->scratch, given->items, given->len, &given->cap);
	given->items[given->len++] = value;
	return true;
}

void share_next(struct run *run)
{
	size_t at = run->todo_len - 1;
	struct state next;

	for (size_t i = run->todo_len; run->covered && i-- > 0;)
		if (run->todo[i].fresh ||
		    (run->todo[i].at < run->function->len && !run->covered[run->todo[i].at])) {
			at = i;
			break;
		}
	next = run->todo[at];
	run->todo[at] = run->todo[--run->todo_len];
	run->now = next;
	run->way++;
}

struct search {
	const struct run *run;
	bool *marked;
	size_t *todo, len;
};

static void look_at(struct search *search, size_t at)
{
	if (at >= search->run->function->len || search->marked[at])
		return;
	search->marked[at] = true;
	search->todo[search->len++] = at;
}

static void look_behind(struct search *search, const struct code_arg *args, size_t len)
{
	const struct code *code = search->run->code;

	for (size_t i = 0; i < len; i++) {
		const struct code_place *place =
			args[i].kind == CODE_LABEL ? code_place(code, &args[i]) : NULL;

		if (place && &code->functions[place->function] == search->run->function)
			look_at(search, place->op);
		else if (args[i].kind == CODE_LIST)
			look_behind(search, args[i].items, args[i].len);
	}
}

/* The way that was broken off has come to no end. */
bool share_all_seen(const struct run *run)
{
	struct search search = { .run = run };

	if (!run->covered || run->now.fresh)
		return false;
	search.marked = arena_array(run->scratch, run->function->len, bool);
	search.todo = arena_array(run->scratch, run->function->len, size_t);
	for (size_t i = 0; i < run->function->len; i++)
		if (run->covered[i] == run->way + 1)
			look_at(&search, i);
	for (size_t i = 0; i < run->todo_len; i++) {
		if (run->todo[i].fresh)
			return false;
		look_at(&search, run->todo[i].at);
	}
	look_at(&search, run->now.at);
	while (search.len > 0) {
		size_t at = search.todo[--search.len];
		const struct code_op *op = &run->function->ops[at];

		if (run->covered[at] == 0 || run->covered[at] == run->way + 1)
			return false;
		look_behind(&search, op->args, op->len);
		if (!code_leaves(op->opcode))
			look_at(&search, at + 1);
	}
	return true;
}
