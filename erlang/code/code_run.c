// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_run.h"

size_t run_regs_len(const struct run *run)
{
	return run->xs + run->ys;
}

const struct value *run_get(const struct run *run, const struct code_arg *arg)
{
	const struct value *value = NULL;

	if (code_constant(arg))
		return code_constant(arg);
	if (arg->kind == CODE_X && arg->number < run->xs)
		value = run->now.regs[arg->number];
	else if (arg->kind == CODE_Y && arg->number < run->ys)
		value = run->now.regs[run->xs + arg->number];
	return value ? value : &value_unknown;
}

void run_set(struct run *run, const struct code_arg *arg, const struct value *value)
{
	if (arg->kind == CODE_X && arg->number < run->xs)
		run->now.regs[arg->number] = value;
	else if (arg->kind == CODE_Y && arg->number < run->ys)
		run->now.regs[run->xs + arg->number] = value;
}

const struct value *run_get_x(const struct run *run, uint64_t nr)
{
	return run_get(run, &(struct code_arg){ .kind = CODE_X, .number = nr });
}

void run_returned(struct run *run, const struct value *value)
{
	memset(run->now.regs, 0, run->xs * sizeof(*run->now.regs));
	if (run->xs > 0)
		run->now.regs[0] = value;
}

void run_forget(struct run *run)
{
	memset(run->now.regs, 0, run_regs_len(run) * sizeof(*run->now.regs));
}

void run_clear_ys(struct run *run)
{
	memset(run->now.regs + run->xs, 0, run->ys * sizeof(*run->now.regs));
}

bool run_measure(struct run *run)
{
	run->xs = (size_t)run->function->xs;
	run->ys = (size_t)run->function->ys;
	return run->xs <= REGISTERS_MAX && run->ys <= REGISTERS_MAX;
}

void run_trim(struct run *run, const struct code_arg *count)
{
	const struct value **ys = run->now.regs + run->xs;
	size_t by = count->kind == CODE_NUMBER && count->number < run->ys ? (size_t)count->number
									  : run->ys;

	memmove(ys, ys + by, (run->ys - by) * sizeof(*ys));
	memset(ys + run->ys - by, 0, by * sizeof(*ys));
}

/* ---- ways ---- */

void run_charge(struct run *run, size_t work)
{
	run->eval->steps += (unsigned)(work / 8 < EVAL_STEPS ? work / 8 : EVAL_STEPS);
}

const struct value **run_copy_regs(struct run *run)
{
	const struct value **regs =
		arena_array(run->scratch, run_regs_len(run), const struct value *);

	memcpy(regs, run->now.regs, run_regs_len(run) * sizeof(*regs));
	/* Copies are work, too. */
	run->eval->steps += (unsigned)(run_regs_len(run) / 8);
	return regs;
}

static void tell_raise(const struct run *run)
{
	run->eval->at = run->now.at;
	if (run->eval->on_raise && run->eval->caught + run->now.caught == 0)
		run->eval->on_raise(run->eval->ctx);
}

void run_raise(struct run *run)
{
	tell_raise(run);
	run->stop = true;
}

void run_fork(struct run *run, const struct code_arg *label)
{
	const struct code_place *place = code_place(run->code, label);
	struct state *next;

	if (label->kind == CODE_LABEL && label->number == 0)
		return; /* an exception */
	if (!place || &run->code->functions[place->function] != run->function) {
		run->eval->gave_up = true;
		return;
	}
	if (place->op == CODE_NOWHERE) {
		tell_raise(run); /* no clause matches: another one */
		return;
	}
	run->todo = arena_grow(run->scratch, run->todo, run->todo_len, &run->todo_cap);
	next = &run->todo[run->todo_len++];
	*next = run->now;
	next->at = place->op;
	next->regs = run_copy_regs(run);
	next->fresh = false;
}

void run_jump(struct run *run, const struct code_arg *label)
{
	run_fork(run, label);
	run->stop = true;
}

void run_fail(struct run *run, const struct code_arg *label, bool missed)
{
	run->eval->missed = missed;
	if (label->kind == CODE_LABEL && label->number == 0)
		run_raise(run);
	else
		run_jump(run, label);
	run->eval->missed = false;
}

/* Of a function whose calls share: there is time for all that comes of it. */
static bool is_asked_for(const struct eval *eval)
{
	return eval->shares && eval->top && !eval->top->caller;
}

void eval_add(struct eval *eval, struct values *values, const struct value *value)
{
	for (size_t i = 0; i < values->len; i++)
		if (value_same(values->items[i], value))
			return;
	if (values->len == (is_asked_for(eval) ? EVAL_RESULTS : EVAL_OUTCOMES)) {
		eval->gave_up = true;
		return;
	}
	values->items = arena_grow(eval->arena, values->items, values->len, &values->cap);
	values->items[values->len++] = value;
}

void run_outcome(struct run *run, const struct value *value)
{
	eval_add(run->eval, &run->outcomes, value);
	run->stop = true;
}

static bool same_regs(const struct run *run, const struct value **a, const struct value **b)
{
	for (size_t i = 0; i < run_regs_len(run); i++)
		if (!value_same(a[i] ? a[i] : &value_unknown, b[i] ? b[i] : &value_unknown))
			return false;
	return true;
}

void run_pass_label(struct run *run, const struct code_arg *label)
{
	const struct code_place *place = &run->code->places[label->number];
	struct seen *seen;

	/* Damaged code may have a label twice. */
	if (&run->code->functions[place->function] != run->function) {
		run->eval->gave_up = run->stop = true;
		return;
	}
	seen = &run->seen[place->nr];
	for (size_t i = 0; i < seen->len; i++) {
		run->eval->steps += (unsigned)(run_regs_len(run) / 8);
		if (same_regs(run, seen->items[i], run->now.regs)) {
			run->stop = true;
			return;
		}
	}
	if (seen->len == (is_asked_for(run->eval) ? EVAL_RESULTS : SEEN_MAX)) {
		run->eval->gave_up = run->stop = true;
		return;
	}
	seen->items = arena_grow(run->scratch, seen->items, seen->len, &seen->cap);
	seen->items[seen->len++] = run_copy_regs(run);
}
