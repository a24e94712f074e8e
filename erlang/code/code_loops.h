// SPDX-License-Identifier: Apache-2.0
/* code_loops.h - what processes without a behaviour take with them when they call their own module
 * by its full name, as ?MODULE:loop(State): such a call enters the newest code.
 */
#pragma once
#include "erlang/code/code_eval.h"
#include "erlang/code/code_type.h"

enum { LOOP_ARITY = 32 /* of a loop that is followed */ };

/* What a function has to do with loops that wait for something. */
struct loop_part {
	bool inside; /* it can be reached from one that waits, and comes back to it */
	bool round;  /* … and leads back to it */
	bool waits;
	bool named; /* called by its full name from inside */
};

/* Whether anything in a module can be called by its full name from inside at all. */
bool code_names_itself(const struct code *code);

/* By function.
 * waits  of a function, whether it waits in its own body
 */
struct loop_part *code_loop_parts(const struct code *code,
				  bool (*waits)(const struct code *code,
						const struct code_function *function),
				  struct arena *arena);

/* How another module lets a process begin: {Module, Name, Arguments}. */
struct loop_start {
	const char *name;
	const struct value *args; /* a list, as far as it is known */
};

struct loop_entry {
	const struct code_function *function;
	struct type **taken;   /* by argument: all that it is seen to be given; NULL: nothing is */
	struct type **carried; /* … by calls by its full name inside a loop; NULL: there are none */
};

/* Those that are seen to be entered: by function, others have no `taken`. */
struct loop_entry *code_loop_entries(const struct code *code, const struct loop_part *parts,
				     const struct code_library *library,
				     const struct loop_start *starts, size_t starts_len,
				     struct arena *arena);

/* Whether a function does with arguments of the types `before` as much as with those of `after`:
 * it comes by the same calls.
 */
bool code_loop_copes(const struct code *code, const struct loop_part *parts,
		     const struct code_library *library, const struct code_function *function,
		     struct type *const *before, struct type *const *after);
/* Whether it is seen to end, where it goes round with all of `after`: for some message, with some
 * of `before`.
 */
bool code_loop_fails(const struct code *code, const struct loop_part *parts,
		     const struct code_library *library, const struct code_function *function,
		     struct type *const *before, struct type *const *after);

enum loop_does {
	LOOP_UNSEEN, /* not all of its ways are followed */
	LOOP_TAKES,  /* it goes round with it */
	LOOP_ENDS,   /* it returns: the process ends */
	LOOP_LEAVES, /* it stays in the mailbox */
	LOOP_FAILS,
};

/* What a function that waits does with a message, whatever its state is. */
enum loop_does code_loop_message(const struct code *code, const struct loop_part *parts,
				 const struct code_library *library,
				 const struct code_function *function, const struct value *message);

/* For those that try: how many variants arguments of such types have, and the nth; types NULL: of
 * which nothing is said.
 */
size_t loop_ways(struct type *const *types, size_t arity);
void loop_args(const struct value **args, struct type *const *types, size_t arity, size_t way,
	       struct arena *arena);
