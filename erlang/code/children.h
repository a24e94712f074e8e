// SPDX-License-Identifier: Apache-2.0
/* children.h - the children of a supervisor, seen in its code.
 *
 * From what init/1 returns, in the forms of Erlang (maps, tuples of six) and Elixir
 * (Supervisor.init/2, with modules, {Module, Argument}, maps and Supervisor.child_spec/2); from
 * what start/2 of an application hands to Elixir's Supervisor.start_link/2.  Where Elixir asks
 * child_spec/1 of another module, that module is opened through the library.
 *
 * What a specification leaves out has OTP's default: restart permanent, type worker, shutdown 5000
 * (supervisor: infinity), modules [Module of start].
 */
#pragma once
#include "erlang/code/code_eval.h"

struct child {
	const struct term *id; /* NULL: not seen */
	/* Where it is started; NULL: not seen. */
	const char *module, *function;
	const struct term *args;   /* a list; NULL: not constant, or not seen */
	const struct value *given; /* the same, as far as it is seen; NULL: in more than one way */
	const struct term *restart, *shutdown, *type, *modules; /* NULL: not seen */
	const char *opaque; /* NULL: nothing but `args` is missing; else what is responsible */
};

struct children {
	const struct child *items;
	size_t len;
	/* NULL: these are all.  Else what is responsible for that there may be others, or that
	 * nothing is known: "Elixir.Shop.Extra:children/0", "init/1 has several lists".
	 */
	const char *opaque;
	const char *strategy;     /* "one_for_one" …; NULL: not seen */
	const struct term *flags; /* as returned; NULL: not constant */
	bool dynamic;             /* a DynamicSupervisor: children are started by calls only */
};

/* What init/1 returns for that argument; NULL: for any. */
struct children code_children(const struct code *code, const struct value *arg,
			      const struct code_library *library, struct arena *arena);
/* What the module's own start functions give to its init/1; NULL: not seen, or not always the same.
 */
const struct value *code_start_argument(const struct code *code, const struct code_library *library,
					struct arena *arena);
/* What name/arity (start/2, start_link/1, …) hands to Supervisor.start_link/2 of Elixir.  *found is
 * false when it calls no such function.
 */
struct children code_started_children(const struct code *code, const char *name, uint32_t arity,
				      const struct code_library *library, struct arena *arena,
				      bool *found);
/* Whether two are the same in all that is seen of both. */
bool child_equal(const struct child *a, const struct child *b);
bool children_equal(const struct children *a, const struct children *b);
/* By id; NULL: none. */
const struct child *children_find(const struct children *children, const struct term *id);
/* "id: module:function(args) permanent worker 5000", for people. */
void child_print(struct str *out, const struct child *child);
