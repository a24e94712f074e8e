// SPDX-License-Identifier: Apache-2.0
#include "erlang/beam/beam_ops.h"

#include <stddef.h>

static const struct {
	const char *name;
	uint8_t arity;
} opcodes[OPCODE_END] = {
#define X(number, name, text, arity) [number] = { text, arity },
	OPCODES(X)
#undef X
};

const char *opcode_name(unsigned opcode)
{
	return opcode < OPCODE_END ? opcodes[opcode].name : NULL;
}

unsigned opcode_arity(unsigned opcode)
{
	return opcodes[opcode].arity;
}
