// SPDX-License-Identifier: Apache-2.0
/* code_facts.h - what the code of a module says about the state of its processes.
 *
 * Each is worked out anew from the code; results live in the arena.  "Unknown" means that it
 * cannot be seen, and is always the answer for code that was not read (code->unread).
 */
#pragma once
#include "erlang/code/code.h"
#include "erlang/code/code_eval.h"

/* ---- code_change ---- */

enum code_change {
	CODE_CHANGE_ABSENT,   /* not exported */
	CODE_CHANGE_KEEPS,    /* in all its ways returns the very state it was given, whatever else
				 it does: the default of Elixir's GenServer, and by hand */
	CODE_CHANGE_CONVERTS, /* returns something else, at least in some way */
	CODE_CHANGE_FUTILE, /* never {ok, State}, but the bare state, say: an upgrade that calls it
			       ends there, and the node restarts */
	CODE_CHANGE_UNKNOWN,
};

/* role  of which behaviour the callback is: BEAM_GEN_SERVER, BEAM_GEN_EVENT, BEAM_GEN_STATEM (both
 *       state and data must be kept), BEAM_SPECIAL (system_code_change/4); anything else is
 *       unknown
 */
enum code_change code_change(const struct code *code, enum beam_role role);
const char *code_change_name(enum code_change change);
/* Whether processes have the state that they had, by a generated appup, which does not call what is
 * futile.
 */
bool code_change_keeps(enum code_change change);

/* ---- the state of a process ---- */

enum shape_kind {
	SHAPE_UNKNOWN,
	SHAPE_STRUCT, /* an Elixir struct: name */
	SHAPE_MAP,
	SHAPE_RECORD, /* a tuple that begins with an atom: name, size */
	SHAPE_TUPLE,
	SHAPE_LIST,
	SHAPE_OTHER, /* an atom, a number, a binary: what */
};

struct code_shape {
	enum shape_kind kind;
	const char *name;  /* of the struct's module, or the record's tag */
	size_t size;       /* elements of a tuple or record, with its tag */
	struct names keys; /* atoms that are keys of the map or struct, sorted; as far as known */
	bool all_keys;     /* there are no others */
	const char *what;  /* "atom", "integer", … */
	bool fun; /* it is seen to hold one of this module; also when all else is unknown */
};

/* What init/1 returns as state: the same in all its ways, or unknown.  For gen_statem it is the
 * data.  Ways that end in ignore, stop or error do not count.
 */
struct code_shape code_init_shape(const struct code *code, enum beam_role role,
				  const struct code_library *library, struct arena *arena);
struct code_shape code_shape_of(const struct value *value, struct arena *arena);
bool code_shape_equal(const struct code_shape *a, const struct code_shape *b);
/* "the struct A with a, b", "a tuple of 3", "unknown". */
void code_shape_print(struct str *out, const struct code_shape *shape);

/* What code_change makes of a state. */
struct code_changed {
	bool seen; /* always one of this shape, unless it raises or refuses */
	struct code_shape shape;
	bool fails; /* it always raises or refuses */
};

/* Of any state of a shape: a tuple, or a map whose keys are all known.  Neither seen nor failing:
 * that cannot be told.
 *
 * vsn   of the old module, both ways; NULL: not known
 * down  on the way back
 */
struct code_changed code_changed(const struct code *code, enum beam_role role,
				 const struct code_shape *state, const struct term *vsn, bool down,
				 const struct code_library *library, struct arena *arena);

/* ---- definitions ---- */

/* A struct that the module defines (Elixir), without __struct__; sorted by name. */
struct code_struct {
	const struct code_field *fields;
	size_t len;
	bool defined; /* false: none, or it cannot be seen */
};

struct code_struct code_struct(const struct code *code, struct arena *arena);

struct code_record {
	const char *name;
	uint64_t sizes; /* bit n: there is a tuple of n elements; n up to 63 */
};

struct code_records {
	const struct code_record *items;
	size_t len;
};

/* Tuples beginning with an atom that are made or matched anywhere, literals too: by first
 * appearance.  Among them are plain answers as {ok, …}.
 */
struct code_records code_records(const struct code *code, struct arena *arena);

/* Whether an exported function is seen to return such a record, as it is or in a tuple: others may
 * hold it.
 */
bool code_gives_record(const struct code *code, const char *name);

/* Whether some function tells tuples that begin with that atom and have that size from others, so
 * that it understands them.
 */
bool code_matches(const struct code *code, const char *tag, size_t size);
/* The same of tuples of that size, whatever they begin with. */
bool code_matches_size(const struct code *code, size_t size);
/* … in one function. */
bool function_matches_size(const struct code_function *function, size_t size);
/* The same of rows of tables, whatever they begin with. */
bool code_matches_row(const struct code *code, size_t size);
/* The same where it hands such rows to functions of another module. */
bool code_hands_row(const struct code *code, const struct code *to, size_t size);

/* ---- receive loops ---- */

enum code_loop {
	CODE_LOOP_NONE,   /* receives nothing by itself */
	CODE_LOOP_DEAF,   /* receives, and hands no system message on: cannot be suspended */
	CODE_LOOP_SYSTEM, /* calls sys:handle_system_msg/6, /7 */
	CODE_LOOP_UNKNOWN,
};

enum code_loop code_loop(const struct code *code);
