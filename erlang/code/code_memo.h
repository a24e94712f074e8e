// SPDX-License-Identifier: Apache-2.0
/* code_memo.h - what functions returned that were followed before: callbacks that are tried with
 * many messages and states make the same calls over and over.
 *
 * A memo is for evals of one arena and library, all begun in one module, and without callbacks of
 * their own (on_call, …), which must see every call.  What is recalled costs as many steps as
 * following it did, so that nothing else is seen than without a memo.
 */
#pragma once
#include "erlang/code/code_eval.h"

struct eval_memo {
	struct recalled *items;
	size_t len, cap;
};

/* What came of a call. */
struct recalled {
	const struct code_function *function;
	const struct value *const *args;
	uint32_t digest; /* of the arguments */
	unsigned steps;
	struct values values;
	bool all; /* those are all values */
	bool cut; /* a recursion was left before its end */
	bool cut_counting;
};

/* NULL: it was not made before, with the same arguments; or nothing is remembered. */
const struct recalled *memo_find(const struct eval *eval, const struct code_function *function,
				 const struct value *const *args);
/* Nothing where it took hardly any steps. */
void memo_add(struct eval *eval, const struct recalled *what);
