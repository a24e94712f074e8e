// SPDX-License-Identifier: Apache-2.0
#include "release/beam_code.h"

#include "release/beam_atoms.h"

/* Operands of instruction 1, 2, …; 181 to 184 came with OTP 26 to 28. */
static const uint8_t arities[] = {
	1, 3, 0, 2, 3, 2, 2, 3, 2, 4, 5, 2, 3, 2, 3, 2, 1, 1, 0, 0, 0, 0, 2, 1, 1, 2, 4, 4, 4, 4, 4,
	4, 4, 4, 4, 4, 4, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 1, 2,
	1, 2, 3, 3, 3, 3, 3, 2, 1, 1, 0, 1, 1, 3, 2, 2, 2, 5, 5, 5, 4, 2, 1, 1, 2, 2, 5, 5, 5, 2, 1,
	0, 1, 2, 2, 4, 4, 4, 4, 3, 1, 2, 1, 1, 1, 2, 6, 3, 5, 1, 2, 2, 3, 5, 7, 7, 7, 5, 3, 2, 2, 5,
	6, 2, 2, 2, 2, 1, 3, 4, 0, 8, 6, 2, 6, 5, 4, 5, 4, 5, 4, 3, 3, 3, 3, 3, 0, 1, 1, 7, 1, 5, 5,
	2, 3, 3, 4, 0, 0, 2, 2, 2, 3, 4, 3, 2, 2, 4, 3, 1, 2, 1, 1, 1, 6, 3, 0, 1, 5, 3, 2, 4,
};

enum extended { EXT_LIST = 1, EXT_FLOAT_REGISTER, EXT_ALLOC_LIST, EXT_LITERAL, EXT_TYPED };

bool beam_code_begin(struct beam_code *code, struct span chunk)
{
	size_t head;

	if (chunk.len < 4)
		return false;
	head = beam_word(chunk.ptr);
	if (head > chunk.len - 4)
		return false;
	code->rest = (struct span){ chunk.ptr + 4 + head, chunk.len - 4 - head };
	return true;
}

static bool take_byte(struct beam_code *code, uint8_t *out)
{
	if (code->rest.len == 0)
		return false;
	*out = (uint8_t)code->rest.ptr[0];
	code->rest = (struct span){ code->rest.ptr + 1, code->rest.len - 1 };
	return true;
}

static bool skip(struct beam_code *code, size_t len)
{
	if (len > code->rest.len)
		return false;
	code->rest = (struct span){ code->rest.ptr + len, code->rest.len - len };
	return true;
}

/* Numbers of more than eleven bits concern nobody here: their value is all ones. */
static bool take_compact(struct beam_code *code, enum beam_tag *tag, uint64_t *value)
{
	enum beam_tag size_tag;
	uint8_t first, second;
	uint64_t size;

	if (!take_byte(code, &first))
		return false;
	*tag = (enum beam_tag)(first & 7);
	*value = first >> 4;
	if (!(first & 8))
		return true;
	if (!(first & 16)) {
		*value = (uint64_t)(first & 0xe0) << 3;
		if (!take_byte(code, &second))
			return false;
		*value |= second;
		return true;
	}
	*value = UINT64_MAX;
	if (first >> 5 < 7)
		return skip(code, (size_t)(first >> 5) + 2);
	return take_compact(code, &size_tag, &size) && size < SIZE_MAX - 9 && skip(code, size + 9);
}

static void note(struct beam_op *op, enum beam_tag tag, uint64_t value)
{
	if (op->len == BEAM_OPERANDS_MAX)
		return;
	op->operands[op->len].tag = tag;
	op->operands[op->len++].value = value;
}

static bool take_operand(struct beam_code *code, struct beam_op *op, unsigned depth);

static bool take_extended(struct beam_code *code, struct beam_op *op, uint64_t kind, unsigned depth)
{
	enum beam_tag tag;
	uint64_t count;

	if (kind == EXT_TYPED)
		return take_operand(code, op, depth) && take_compact(code, &tag, &count);
	if (kind < EXT_LIST || kind > EXT_LITERAL || !take_compact(code, &tag, &count))
		return false;
	if (kind == EXT_ALLOC_LIST)
		count *= 2;
	note(op, BEAM_EXTENDED, count);
	if (kind == EXT_FLOAT_REGISTER || kind == EXT_LITERAL)
		return true;
	/* Each element takes a byte at least. */
	if (count > code->rest.len)
		return false;
	for (uint64_t i = 0; i < count; i++)
		if (!take_operand(code, op, depth))
			return false;
	return true;
}

static bool take_operand(struct beam_code *code, struct beam_op *op, unsigned depth)
{
	enum beam_tag tag;
	uint64_t value;

	if (depth > 4 || !take_compact(code, &tag, &value))
		return false;
	if (tag == BEAM_EXTENDED)
		return take_extended(code, op, value, depth + 1);
	note(op, tag, value);
	return true;
}

bool beam_code_next(struct beam_code *code, struct beam_op *op)
{
	uint8_t opcode;

	if (!take_byte(code, &opcode) || opcode == 0 || opcode > ARRAY_LEN(arities))
		return false;
	*op = (struct beam_op){ .code = opcode };
	for (unsigned i = 0; i < arities[opcode - 1]; i++)
		if (!take_operand(code, op, 0))
			return false;
	return true;
}
