// SPDX-License-Identifier: Apache-2.0
/* code_run.h - one function that is being followed; for code_eval.c and the files it is made of:
 * code_run.c (registers and ways), code_share.c, code_calls.c, code_tests.c, code_data.c,
 * code_records.c; and code_remote.c.
 */
#pragma once
#include "erlang/code/code_eval.h"

enum {
	REGISTERS_MAX = 1024, /* of each kind, as the BEAM has them */
	SEEN_MAX = 64,        /* ways to come by one label */
};

/* The registers at one place of a function: x first, then y; NULL: unknown. */
struct state {
	size_t at;
	const struct value **regs;
	bool waited;     /* a message was received on the way there */
	bool looks;      /* at eval->message, which is not taken out yet */
	unsigned caught; /* how many `try` and `catch` it is inside of */
	bool fresh;      /* goes on with what that call gave to none before */
};

/* The states in which a label was reached. */
struct seen {
	const struct value ***items;
	size_t len, cap;
};

struct run {
	struct eval *eval;
	struct arena *arena;   /* of the eval: takes values */
	struct arena *scratch; /* takes what is forgotten when the function was followed */
	const struct code *code;
	const struct code_function *function;
	size_t xs, ys;
	struct state now;
	bool stop; /* this way ends here */
	struct state *todo;
	size_t todo_len, todo_cap;
	struct seen *seen; /* of the labels of the function */
	struct values outcomes;
	unsigned *covered; /* the way that came by each instruction first, from 1; NULL: its calls
			      do not share (code_share.c) */
	unsigned way;      /* how many came to their end */
	struct values *given; /* by the call in front of each instruction */
};

/* Steps that it may take. */
unsigned eval_limit(const struct eval *eval);
/* False: the function wants more registers than there are. */
bool run_measure(struct run *run);
size_t run_regs_len(const struct run *run);
/* What an operand is now: a constant, or what a register holds; unknown for anything else. */
const struct value *run_get(const struct run *run, const struct code_arg *arg);
const struct value *run_get_x(const struct run *run, uint64_t nr);
/* Into a register; nothing for other operands.  NULL: unknown. */
void run_set(struct run *run, const struct code_arg *arg, const struct value *value);
/* After a call nothing is left in x but what it returned. */
void run_returned(struct run *run, const struct value *value);
void run_forget(struct run *run);
void run_clear_ys(struct run *run);
/* y registers move down when the stack is trimmed. */
void run_trim(struct run *run, const struct code_arg *count);
const struct value **run_copy_regs(struct run *run);
/* Counts work that is not an instruction. */
void run_charge(struct run *run, size_t work);

/* Follows a label of this function later, as things are now. */
void run_fork(struct run *run, const struct code_arg *label);
/* The same, and this way ends here. */
void run_jump(struct run *run, const struct code_arg *label);
/* What is seen to fail: goes to the label, or ends by an exception where there is none; since a key
 * is not there, or otherwise.
 */
void run_fail(struct run *run, const struct code_arg *label, bool missed);
/* This way ends by an exception. */
void run_raise(struct run *run);
/* This way returns. */
void run_outcome(struct run *run, const struct value *value);
/* A label that was come by like this before leads nowhere new. */
void run_pass_label(struct run *run, const struct code_arg *label);

/* Steps of a call of one whose calls share: half of those that are left, or few where nobody looks
 * at what it returns; what was eval->limit before comes back behind it.
 */
void share_steps(struct eval *eval);
void share_little(struct run *run);
/* Whether the call in front of an instruction gave such a value to no way before: one that goes on
 * with it sees something else, though by code that others came by.
 */
bool share_is_new(struct run *run, size_t at, const struct value *value);
/* Before the first way; and on to the next one of those that are left. */
void share_begin(struct run *run);
void share_next(struct run *run);
/* Steps were too few for all ways: whether those that came to their end have seen all of the code
 * that the others lead to.
 */
bool share_all_seen(const struct run *run);

/* Instructions by kind. */
void run_call(struct run *run, const struct code_op *op);
void run_test(struct run *run, const struct code_op *op);
void run_select(struct run *run, const struct code_op *op);
void run_data(struct run *run, const struct code_op *op);
void run_bif(struct run *run, const struct code_op *op);
/* Those of native records; code_records.c. */
void run_native(struct run *run, const struct code_op *op);
/* Whether a value is a native record; MAYBE: not known. */
enum answer value_is_native(const struct value *value, struct arena *arena);
