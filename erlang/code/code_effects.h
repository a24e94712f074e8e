// SPDX-License-Identifier: Apache-2.0
/* code_effects.h - what functions of a module do to the world beside returning something: which
 * calls of which other functions they are seen to make, with which arguments.
 *
 * Every function from which a call that is asked for can be reached inside the module is followed,
 * with arguments of which nothing is known.  Work is bounded; what is beyond is not among the
 * results.
 */
#pragma once
#include "erlang/code/code_eval.h"

enum {
	EFFECT_ARGS = 6,
	EFFECTS_MAX = 500, /* of one module */
};

struct code_effect {
	const struct code_function *in; /* where the call stands */
	bool through;                   /* it is another module's, which `in` calls */
	bool waited;                    /* `in` has received a message before it, always */
	/* Only come by where a function that is not exported is followed by itself … */
	bool alone;
	bool seen_better;        /* … though others call it there with more to be seen */
	struct beam_function to; /* of erlang:send/2, for Pid ! Message, too */
	const struct value *args[EFFECT_ARGS];
};

struct code_effects {
	const struct code_effect *items;
	size_t len;
};

typedef bool effect_asked(const struct beam_function *function);

struct effect_list {
	struct code_effect *items;
	size_t len, cap;
};

/* A module that is asked about more than once: no function is followed twice.  What is not said
 * here is zero at first.
 */
struct code_watch {
	const struct code *code;
	const struct code_library *library;
	effect_asked *kept;  /* the calls that are kept of those that are come by */
	bool through;        /* also those that other modules make, where this one calls them */
	struct arena *arena; /* takes the values */
	bool *followed;      /* of code->functions */
	struct effect_list own, all;
	unsigned steps;
};

/* The calls that are seen so far, each once with the same arguments: all that are asked for, of
 * those that are kept, and others.
 *
 * through  not only its own; only where watch->through is
 */
struct code_effects code_effects(struct code_watch *watch, effect_asked *asked, bool through);

/* Marks what leads to a function that is marked, by calls inside the module and funs that are made:
 * a mark for each of code->functions.
 */
void code_mark_callers(const struct code *code, bool *marked);
/* Which functions of a module are called by which, funs that are made included: who calls one.
 * Appends the functions that call `function`, each once; at most `room`.
 */
size_t code_callers(const struct code *code, const struct code_function *function,
		    const struct code_function **out, size_t room);
/* The function that a fun like "-add/2-fun-0-" stands in, else itself. */
const struct code_function *code_owner(const struct code *code,
				       const struct code_function *function);
