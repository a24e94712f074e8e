// SPDX-License-Identifier: Apache-2.0
/* code.h - what the functions of a compiled module are made of, without a VM.
 *
 * code_read() decodes the Code chunk into functions, instructions and operands, with all
 * tables of the module looked up.  code_print_op() shows an instruction as text,
 * code_say() tells which functions differ, code_remote() who calls whom.  What
 * functions compute is worked out in code_eval.h and asked for in code_facts.h and children.h.
 *
 * Everything is in the arena, and never changed once made.
 *
 * Facts of the format: a header (size of the rest of it, instruction set 0, highest
 * opcode, labels, functions), then instructions: one byte, and a fixed number of operands
 * (erlang/beam/beam_ops.h).  An operand is a compact term: three bits of tag, then a value of 4
 * bits, of 11, or in up to eight bytes or more; tag 7 is extended: lists, literals, registers with
 * a type, floating point registers.
 */
#pragma once
#include "erlang/beam/beam.h"
#include "erlang/beam/beam_ops.h"

enum { CODE_MAX = 16 << 20 }; /* bytes of one Code chunk that are looked at */

enum code_kind {
	CODE_NUMBER, /* a count or an index; what it means depends on the instruction */
	CODE_NIL,    /* with `value`, as the next four have it */
	CODE_ATOM,
	CODE_INTEGER,
	CODE_FLOAT,   /* in the instruction itself, as before OTP 17; later a literal */
	CODE_LITERAL, /* from the table of literals */
	CODE_X,       /* registers */
	CODE_Y,
	CODE_FR,
	CODE_LABEL, /* 0: no label */
	CODE_CHAR,
	CODE_LIST,
	CODE_ALLOC, /* a list of numbers: 0 words, 1 floats, 2 funs; how many; … */
};

struct value; /* code_value.h */

struct code_arg {
	enum code_kind kind;
	uint32_t len; /* of a LIST or ALLOC */
	union {
		uint64_t number;              /* NUMBER, X, Y, FR, LABEL, CHAR */
		const struct value *value;    /* NIL, ATOM, INTEGER, FLOAT, LITERAL; code_term() */
		const struct code_arg *items; /* LIST, ALLOC */
	};
};

struct code_op {
	enum opcode opcode;
	unsigned len;
	const struct code_arg *args;
};

struct code_function {
	const char *name;
	uint32_t arity;
	/* From the entry label on, without instructions about lines. */
	const struct code_op *ops;
	size_t len;
	/* Registers that are used: x0, x1, … and y0, y1, …  */
	uint64_t xs, ys;
	uint32_t labels; /* how many there are among the instructions */
	bool exported;
};

/* Where a label is. */
struct code_place {
	uint32_t function; /* CODE_NOWHERE: the label was never put anywhere */
	uint32_t op;       /* CODE_NOWHERE: before the entry, where no clause matches */
	uint32_t nr;       /* among the labels of the function */
};

#define CODE_NOWHERE UINT32_MAX

/* A field of a struct or a record. */
struct code_field {
	const char *name;
	const struct term *value; /* the default; NULL: none, or not seen */
};

/* The definition of a native record; fields in their order. */
struct code_native {
	const char *name;
	const struct code_field *fields;
	size_t len;
	bool exported;
};

struct code {
	const char *module;
	/* Why nothing is known, or NULL: the module is of a later OTP, or too large.  Then
	 * there are no functions here, and whatever is asked of it is "cannot tell".
	 */
	const char *unread;
	const struct code_function *functions;
	size_t len;
	const uint32_t *by_name; /* for code_function(): a hash table of them, counted from 1 */
	size_t by_name_room;     /* a power of two */
	struct beam_functions exports, imports;
	struct beam_functions lambdas; /* local functions that funs are made of */
	bool pure;                     /* known_pure() */
	bool loads_nif; /* its functions may be native: what stands here never returns */
	bool on_load;   /* leaves no attribute behind, only an instruction */
	struct names atoms;
	const struct term *literals;
	const struct code_native *natives;
	size_t natives_len;
	struct span strings;             /* of binaries in the code, at offsets */
	const struct code_place *places; /* of label 0, 1, … */
	size_t labels;
};

/* facts   of the same beam, for its tables
 * arena   takes the result, which borrows from beam and facts
 *
 * Fails with ERROR_INVALID on damaged code.
 */
must_check int code_read(struct code **out, struct arena *arena, const struct beam *beam,
			 const struct beam_facts *facts, struct error *err);
/* All of the above from the bytes of a file. */
must_check int code_open(struct code **out, struct arena *arena, struct span bytes,
			 struct error *err);

/* NULL: there is none. */
const struct code_function *code_function(const struct code *code, const char *name,
					  uint32_t arity);
bool code_exports(const struct code *code, const char *name, uint32_t arity);
/* The function that an operand names by number: an import, a lambda; the one a label belongs
 * to.  NULL when the number is out of bounds, or the operand none.
 */
const struct beam_function *code_import(const struct code *code, const struct code_arg *arg);
const struct beam_function *code_lambda(const struct code *code, const struct code_arg *arg);
const struct code_function *code_local(const struct code *code, const struct code_arg *arg);
/* No instruction follows it as the next one. */
bool code_leaves(enum opcode opcode);
/* Where a label is; NULL for label 0, for one that is nowhere, and for other operands. */
static inline const struct code_place *code_place(const struct code *code,
						  const struct code_arg *arg)
{
	if (arg->kind != CODE_LABEL || arg->number == 0 || arg->number >= code->labels ||
	    code->places[arg->number].function == CODE_NOWHERE)
		return NULL;
	return &code->places[arg->number];
}
/* The constant an operand is, or NULL. */
const struct term *code_term(const struct code_arg *arg);
/* The same as what code_value.h makes of it. */
static inline const struct value *code_constant(const struct code_arg *arg)
{
	return arg->kind >= CODE_NIL && arg->kind <= CODE_LITERAL ? arg->value : NULL;
}

/* Which operand is an import: of remote calls, and of guard bifs; -1 for other instructions. */
int code_import_operand(enum opcode opcode);
/* The function that an instruction calls by its full name, also a guard bif; NULL: none. */
const struct beam_function *code_op_import(const struct code *code, const struct code_op *op);
/* The function of this module that an instruction calls without a module, or makes a fun of;
 * NULL: none.
 */
const struct code_function *code_op_local(const struct code *code, const struct code_op *op);

/* Appends one line: the name and the operands, with tables looked up, in the form "move
 * {literal,…} x0", "call_ext lists:map/2", "call f/1".  Terms are written by `term`, which
 * may be NULL: term_print().
 *
 * labels   numbers to write for labels, or NULL: as they are
 */
typedef void code_term_fn(struct str *out, const struct term *term);
void code_print_op(struct str *out, const struct code *code, const struct code_op *op,
		   const uint32_t *labels, code_term_fn *term);

/* ---- what changed ---- */

/* Appends a text of function `nr`: equal when the functions do the same in the same way.
 * Numbers of labels, lines, places in tables, and what the compiler noted about types play no
 * part.  Not for code that was not read.
 *
 * labels   what code_labels() gives for this code
 */
void code_say(struct str *out, const struct code *code, size_t nr, const uint32_t *labels);
/* A number for each label, inside its function, as they come. */
const uint32_t *code_labels(const struct code *code, struct arena *arena);
/* A digest of that text for each function, in the order of code->functions.  NULL when the code is
 * not known.
 */
struct code_digest {
	uint8_t sum[BEAM_DIGEST];
};
const struct code_digest *code_digests(const struct code *code, struct arena *arena);

/* ---- who calls whom ---- */

struct code_remote {
	const struct code_function *from;
	struct beam_function to;
	bool capture; /* fun M:F/A, not a call */
};

struct code_remotes {
	const struct code_remote *items;
	size_t len;
};

/* Calls and captures of functions of other modules (or of this one, by its full name), in the
 * order of the code, each once a function; guard bifs too, which are functions of erlang.
 */
struct code_remotes code_remote(const struct code *code, struct arena *arena);
/* The captures alone, of one function. */
struct code_remotes code_captures(const struct code_function *function, struct arena *arena);
/* What a term fun M:F/A is of; names in the arena.  False: it is none. */
bool code_capture(struct beam_function *out, struct arena *arena, const struct term *term);
