// SPDX-License-Identifier: Apache-2.0
/* beam_code.h - the instructions of a module one by one; for beam_shape.c only.
 *
 * Facts of the format (OTP 25, genop): each instruction is a byte and a fixed number of
 * operands.  An operand is a compact term: three bits of tag, then a value of 4, 11 or
 * more bits; lists have their size and elements behind them.
 */
#pragma once
#include "release/beam.h"

enum beam_tag {
	BEAM_NUMBER,
	BEAM_INTEGER,
	BEAM_ATOM_NR,
	BEAM_X,
	BEAM_Y,
	BEAM_LABEL,
	BEAM_CHAR,
	BEAM_EXTENDED
};

enum beam_opcode {
	OP_LABEL = 1,
	OP_FUNC_INFO = 2,
	OP_INT_CODE_END = 3,
	OP_TEST_HEAP = 16,
	OP_RETURN = 19,
	OP_LINE = 153,
	OP_IS_TAGGED_TUPLE = 159,
	OP_PUT_TUPLE2 = 164,
};

enum { BEAM_OPERANDS_MAX = 16 }; /* more, of long lists, are stepped over */

struct beam_op {
	unsigned code;
	size_t len;
	struct {
		enum beam_tag tag; /* EXTENDED: a list, value is its length; its elements follow */
		uint64_t value;
	} operands[BEAM_OPERANDS_MAX];
};

struct beam_code {
	struct span rest;
};

/* false: the chunk is none. */
bool beam_code_begin(struct beam_code *code, struct span chunk);
/* false at the end, and at what is not understood. */
bool beam_code_next(struct beam_code *code, struct beam_op *op);
