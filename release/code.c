// SPDX-License-Identifier: Apache-2.0
#include "release/code.h"

#include "release/beam_atoms.h"

#include <stdlib.h>

enum {
	SMALL = 16,    /* integers that are shared */
	HEAD_MIN = 16, /* instruction set, highest opcode, labels, functions */
	LAMBDA = 24,   /* six words */
};

enum tag { TAG_NUMBER, TAG_INTEGER, TAG_ATOM, TAG_X, TAG_Y, TAG_LABEL, TAG_CHAR, TAG_EXTENDED };

/* What an operand may have inside: lists hold no lists, a type is of a register. */
enum level { PLAIN, IN_LIST, TOP };

enum extended { EXT_FLOAT, EXT_LIST, EXT_FR, EXT_ALLOC, EXT_LITERAL, EXT_TYPED };

struct reader {
	struct arena *arena;
	struct code *code;
	struct span rest;
	const struct term **atoms; /* of each atom of the module */
	const struct term *small[SMALL];
	struct code_place *places;
	struct code_function *functions;
	size_t functions_cap;
	struct code_op *ops; /* of the function that is being read */
	size_t len, cap;
};

/* ---- operands ---- */

static int damaged(struct error *err, const struct reader *reader, const char *what)
{
	return error_set(err, ERROR_INVALID, "code, %zu bytes before its end: %s", reader->rest.len,
			 what);
}

static int take(struct span *out, struct reader *reader, size_t len, struct error *err)
{
	if (len > reader->rest.len)
		return damaged(err, reader, "cut off");
	*out = (struct span){ reader->rest.ptr, len };
	reader->rest = (struct span){ reader->rest.ptr + len, reader->rest.len - len };
	return 0;
}

static int take_byte(uint8_t *out, struct reader *reader, struct error *err)
{
	struct span byte;

	if (take(&byte, reader, 1, err))
		return -1;
	*out = (uint8_t)byte.ptr[0];
	return 0;
}

static int take_count(uint64_t *out, struct reader *reader, unsigned depth, struct error *err);

/* The bytes of a value that does not fit into eleven bits. */
static int take_bytes(struct span *out, struct reader *reader, uint8_t first, unsigned depth,
		      struct error *err)
{
	uint64_t len = (uint64_t)(first >> 5) + 2;

	if (first >> 5 == 7) {
		/* The length itself is never that long. */
		if (depth > 0)
			return damaged(err, reader, "a length of a length");
		if (take_count(&len, reader, depth + 1, err))
			return -1;
		if (len > TERM_BIG_MAX)
			return damaged(err, reader, "a number that is too large");
		len += 9;
	}
	return take(out, reader, (size_t)len, err);
}

static int unsigned_of(uint64_t *out, struct reader *reader, struct span bytes, struct error *err)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		if (value >> 56)
			return damaged(err, reader, "a number that is too large");
		value = value << 8 | (uint8_t)bytes.ptr[i];
	}
	*out = value;
	return 0;
}

/* The value behind a first byte, where it is no signed number. */
static int take_unsigned(uint64_t *out, struct reader *reader, uint8_t first, unsigned depth,
			 struct error *err)
{
	struct span bytes;
	uint8_t second;

	if (!(first & 8)) {
		*out = first >> 4;
		return 0;
	}
	if (!(first & 16)) {
		if (take_byte(&second, reader, err))
			return -1;
		*out = (uint64_t)(first & 0xe0) << 3 | second;
		return 0;
	}
	return take_bytes(&bytes, reader, first, depth, err) || unsigned_of(out, reader, bytes, err)
		       ? -1
		       : 0;
}

static int take_count(uint64_t *out, struct reader *reader, unsigned depth, struct error *err)
{
	uint8_t first;

	if (take_byte(&first, reader, err))
		return -1;
	if ((first & 7) != TAG_NUMBER)
		return damaged(err, reader, "a number was expected");
	return take_unsigned(out, reader, first, depth, err);
}

/* Two's complement, the highest byte first. */
static const struct term *integer_of(struct arena *arena, struct span bytes)
{
	bool negative = (uint8_t)bytes.ptr[0] > 127;
	uint8_t *magnitude = arena_array(arena, bytes.len + 1, uint8_t);
	unsigned carry = negative;

	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t byte = (uint8_t)bytes.ptr[bytes.len - 1 - i];
		unsigned sum = (negative ? (uint8_t)~byte : byte) + carry;

		magnitude[i] = (uint8_t)sum;
		carry = sum >> 8;
	}
	magnitude[bytes.len] = (uint8_t)carry;
	return term_big(arena, (struct span){ (const char *)magnitude, bytes.len + 1 }, negative);
}

static int take_integer(struct code_arg *out, struct reader *reader, uint8_t first,
			struct error *err)
{
	struct span bytes;
	uint64_t value;

	out->kind = CODE_INTEGER;
	if ((first & 0x18) == 0x18) {
		if (take_bytes(&bytes, reader, first, 0, err))
			return -1;
		out->term = integer_of(reader->arena, bytes);
		return 0;
	}
	if (take_unsigned(&value, reader, first, 0, err))
		return -1;
	if (value >= SMALL) {
		out->term = term_integer(reader->arena, (int64_t)value);
		return 0;
	}
	if (!reader->small[value])
		reader->small[value] = term_integer(reader->arena, (int64_t)value);
	out->term = reader->small[value];
	return 0;
}

static int take_atom(struct code_arg *out, struct reader *reader, uint8_t first, struct error *err)
{
	const struct names *names = &reader->code->atoms;
	uint64_t nr;

	if (take_unsigned(&nr, reader, first, 0, err))
		return -1;
	if (nr > names->len)
		return damaged(err, reader, "an atom that is none");
	if (nr == 0) {
		out->kind = CODE_NIL;
		out->term = &term_nil;
		return 0;
	}
	if (!reader->atoms[nr - 1])
		reader->atoms[nr - 1] = term_atom(reader->arena, names->items[nr - 1]);
	out->kind = CODE_ATOM;
	out->term = reader->atoms[nr - 1];
	return 0;
}

static int take_arg(struct code_arg *out, struct reader *reader, enum level level,
		    struct error *err);

static int take_list(struct code_arg *out, struct reader *reader, struct error *err)
{
	struct code_arg *items;
	uint64_t len;

	if (take_count(&len, reader, 0, err))
		return -1;
	/* Each element takes a byte at least. */
	if (len > reader->rest.len)
		return damaged(err, reader, "a list that is too long");
	items = arena_array(reader->arena, (size_t)len, struct code_arg);
	for (uint64_t i = 0; i < len; i++)
		if (take_arg(&items[i], reader, IN_LIST, err))
			return -1;
	out->kind = CODE_LIST;
	out->list.items = items;
	out->list.len = (size_t)len;
	return 0;
}

static int take_alloc(struct code_arg *out, struct reader *reader, struct error *err)
{
	struct code_arg *items;
	uint64_t len;

	if (take_count(&len, reader, 0, err))
		return -1;
	if (len > reader->rest.len / 2)
		return damaged(err, reader, "a list that is too long");
	items = arena_array(reader->arena, (size_t)len * 2, struct code_arg);
	for (uint64_t i = 0; i < 2 * len; i++) {
		items[i].kind = CODE_NUMBER;
		if (take_count(&items[i].number, reader, 0, err))
			return -1;
	}
	out->kind = CODE_ALLOC;
	out->list.items = items;
	out->list.len = (size_t)len * 2;
	return 0;
}

static int take_literal(struct code_arg *out, struct reader *reader, struct error *err)
{
	const struct term *literals = reader->code->literals;
	uint64_t nr;

	if (take_count(&nr, reader, 0, err))
		return -1;
	if (nr >= literals->seq.len)
		return damaged(err, reader, "a literal that is none");
	out->kind = CODE_LITERAL;
	out->term = term_at(literals, (size_t)nr);
	return 0;
}

static int take_typed(struct code_arg *out, struct reader *reader, struct error *err)
{
	uint64_t type;

	if (take_arg(out, reader, PLAIN, err))
		return -1;
	if (out->kind != CODE_X && out->kind != CODE_Y)
		return damaged(err, reader, "a type of what is no register");
	out->typed = true;
	return take_count(&type, reader, 0, err);
}

static int take_float(struct code_arg *out, struct reader *reader, struct error *err)
{
	struct span bytes;
	uint64_t word;
	double value;

	if (take(&bytes, reader, sizeof(word), err))
		return -1;
	word = (uint64_t)beam_word(bytes.ptr) << 32 | beam_word(bytes.ptr + 4);
	memcpy(&value, &word, sizeof(value));
	out->kind = CODE_FLOAT;
	out->term = term_float(reader->arena, value);
	return 0;
}

static int take_extended(struct code_arg *out, struct reader *reader, uint8_t first,
			 struct error *err)
{
	switch (first >> 3) {
	case EXT_FLOAT << 1:
		return take_float(out, reader, err);
	case EXT_LIST << 1:
		return take_list(out, reader, err);
	case EXT_FR << 1:
		out->kind = CODE_FR;
		return take_count(&out->number, reader, 0, err);
	case EXT_ALLOC << 1:
		return take_alloc(out, reader, err);
	case EXT_LITERAL << 1:
		return take_literal(out, reader, err);
	case EXT_TYPED << 1:
		return take_typed(out, reader, err);
	default:
		return damaged(err, reader, "an operand of an unknown kind");
	}
}

static int take_arg(struct code_arg *out, struct reader *reader, enum level level,
		    struct error *err)
{
	static const enum code_kind kinds[] = {
		[TAG_NUMBER] = CODE_NUMBER, [TAG_X] = CODE_X,       [TAG_Y] = CODE_Y,
		[TAG_LABEL] = CODE_LABEL,   [TAG_CHAR] = CODE_CHAR,
	};
	uint8_t first;

	if (take_byte(&first, reader, err))
		return -1;
	switch (first & 7) {
	case TAG_INTEGER:
		return take_integer(out, reader, first, err);
	case TAG_ATOM:
		return take_atom(out, reader, first, err);
	case TAG_EXTENDED:
		if (level == PLAIN || (level == IN_LIST && first >> 3 == EXT_LIST << 1))
			return damaged(err, reader, "an operand inside another");
		return take_extended(out, reader, first, err);
	default:
		out->kind = kinds[first & 7];
		return take_unsigned(&out->number, reader, first, 0, err);
	}
}

/* ---- instructions ---- */

static int check_label(struct reader *reader, const struct code_op *op, struct error *err)
{
	const struct code_arg *arg = &op->args[0];

	if (arg->kind != CODE_NUMBER || arg->number == 0 || arg->number >= reader->code->labels)
		return damaged(err, reader, "a label out of bounds");
	return 0;
}

static void add_op(struct reader *reader, const struct code_op *op)
{
	if (reader->len == reader->cap) {
		reader->cap = reader->cap ? 2 * reader->cap : 256;
		reader->ops = mem_resize(reader->ops, reader->cap, sizeof(*reader->ops));
	}
	reader->ops[reader->len++] = *op;
}

/* Labels right before a func_info belong to the function that begins there. */
static size_t trailing_labels(const struct reader *reader)
{
	size_t len = 0;

	while (len < reader->len && reader->ops[reader->len - 1 - len].opcode == OP_LABEL)
		len++;
	return len;
}

static void place(struct reader *reader, const struct code_op *op, size_t function, uint32_t nr)
{
	reader->places[op->args[0].number] = (struct code_place){ (uint32_t)function, nr };
}

/* Puts the function that was read so far away, all but the last `kept` instructions. */
static void end_function(struct reader *reader, size_t kept)
{
	size_t len = reader->len - kept, nr = reader->code->len;
	struct code_op *ops;

	if (nr == 0)
		return; /* instructions before the first function are of no use */
	ops = arena_array(reader->arena, len, struct code_op);
	if (len > 0)
		memcpy(ops, reader->ops, len * sizeof(*ops));
	for (size_t i = 0; i < len; i++)
		if (ops[i].opcode == OP_LABEL)
			place(reader, &ops[i], nr - 1, (uint32_t)i);
	reader->functions[nr - 1].ops = ops;
	reader->functions[nr - 1].len = len;
}

static int begin_function(struct reader *reader, const struct code_op *op, struct error *err)
{
	const char *name = op->args[1].kind == CODE_ATOM ? term_atom_name(op->args[1].term) : NULL;
	size_t kept = trailing_labels(reader), nr = reader->code->len;

	if (!name || op->args[2].kind != CODE_NUMBER || op->args[2].number > 255)
		return damaged(err, reader, "a function without a name");
	end_function(reader, kept);
	for (size_t i = 0; i < kept; i++)
		place(reader, &reader->ops[reader->len - 1 - i], nr, CODE_NOWHERE);
	reader->functions =
		arena_grow(reader->arena, reader->functions, nr, &reader->functions_cap);
	reader->functions[nr] =
		(struct code_function){ .name = name, .arity = (uint32_t)op->args[2].number };
	reader->code->len = nr + 1;
	reader->len = 0;
	return 0;
}

static bool about_lines(enum opcode opcode)
{
	return opcode == OP_LINE || opcode == OP_EXECUTABLE_LINE || opcode == OP_DEBUG_LINE;
}

static int take_op(struct reader *reader, bool *end, struct error *err)
{
	struct code_op op = { 0 };
	struct code_arg *args;
	uint8_t opcode;

	if (take_byte(&opcode, reader, err))
		return -1;
	if (!opcode_name(opcode)) {
		reader->code->unread = arena_printf(
			reader->arena, "instruction %u is of a later version of OTP", opcode);
		return 0;
	}
	op.opcode = opcode;
	op.len = opcode_arity(opcode);
	op.args = args = arena_array(reader->arena, op.len, struct code_arg);
	for (unsigned i = 0; i < op.len; i++)
		if (take_arg(&args[i], reader, TOP, err))
			return -1;
	if (opcode == OP_LABEL && check_label(reader, &op, err))
		return -1;
	if (opcode == OP_FUNC_INFO)
		return begin_function(reader, &op, err);
	*end = opcode == OP_INT_CODE_END;
	if (!*end && !about_lines(opcode))
		add_op(reader, &op);
	return 0;
}

static int take_ops(struct reader *reader, struct error *err)
{
	bool end = false;

	while (!end && !reader->code->unread)
		if (take_op(reader, &end, err))
			return -1;
	end_function(reader, 0);
	reader->code->functions = reader->functions;
	if (reader->code->unread)
		reader->code->len = 0;
	return 0;
}

/* ---- tables ---- */

static int take_head(struct reader *reader, struct error *err)
{
	struct code *code = reader->code;
	uint32_t size, highest;
	struct span bytes;

	if (take(&bytes, reader, 4, err))
		return -1;
	size = beam_word(bytes.ptr);
	if (take(&bytes, reader, size, err))
		return -1;
	if (bytes.len < HEAD_MIN)
		return damaged(err, reader, "its header is too short");
	highest = beam_word(bytes.ptr + 4);
	code->labels = beam_word(bytes.ptr + 8);
	if (beam_word(bytes.ptr) != 0)
		code->unread = "its instruction set is of a later version of OTP";
	else if (highest >= OPCODE_END)
		code->unread = arena_printf(reader->arena,
					    "instruction %u is of a later version of OTP", highest);
	else if (code->labels > reader->rest.len)
		/* Each label takes two bytes at least, and there is no number 0. */
		return damaged(err, reader, "more labels than bytes");
	return 0;
}

static int read_lambdas(struct code *code, struct arena *arena, struct span chunk,
			struct error *err)
{
	size_t len = chunk.len < 4 ? 0 : beam_word(chunk.ptr);
	struct beam_function *items;

	if (!chunk.ptr)
		return 0;
	if (chunk.len < 4 || len > (chunk.len - 4) / LAMBDA)
		return error_set(err, ERROR_INVALID, "funs: %zu of them in %zu bytes", len,
				 chunk.len);
	items = arena_array(arena, len, struct beam_function);
	for (size_t i = 0; i < len; i++) {
		const char *at = chunk.ptr + 4 + i * LAMBDA;
		uint32_t name = beam_word(at);

		if (name - 1 >= code->atoms.len)
			return error_set(err, ERROR_INVALID, "funs: number %zu has no name", i);
		items[i].name = code->atoms.items[name - 1];
		items[i].arity = beam_word(at + 4);
	}
	code->lambdas = (struct beam_functions){ items, len };
	return 0;
}

static int read_functions(struct code *code, struct arena *arena, struct span chunk,
			  struct error *err)
{
	struct reader reader = { .arena = arena, .code = code, .rest = chunk };
	int ret;

	if (take_head(&reader, err))
		return -1;
	if (code->unread)
		return 0;
	reader.atoms = arena_array(arena, code->atoms.len, const struct term *);
	reader.places = arena_array(arena, code->labels, struct code_place);
	for (size_t i = 0; i < code->labels; i++)
		reader.places[i] = (struct code_place){ CODE_NOWHERE, CODE_NOWHERE };
	code->places = reader.places;
	ret = take_ops(&reader, err);
	free(reader.ops);
	return ret;
}

int code_read(struct code **out, struct arena *arena, const struct beam *beam,
	      const struct beam_facts *facts, struct error *err)
{
	struct code *code = arena_new(arena, struct code);

	*code = (struct code){ .module = facts->module,
			       .exports = facts->exports,
			       .imports = facts->imports,
			       .atoms = facts->atoms,
			       .strings = beam->chunks[BEAM_STRT] };
	if (beam->chunks[BEAM_CODE].len > CODE_MAX) {
		code->unread = "its code is too large";
		code->literals = &term_nil;
	} else if (beam_read_literals(&code->literals, arena, beam, err) ||
		   read_lambdas(code, arena, beam->chunks[BEAM_FUNT], err) ||
		   read_functions(code, arena, beam->chunks[BEAM_CODE], err)) {
		return -1;
	}
	*out = code;
	return 0;
}

int code_open(struct code **out, struct arena *arena, struct span bytes, struct error *err)
{
	struct beam_facts *facts;
	struct beam beam;

	if (beam_open(&beam, arena, bytes, err) || beam_read_facts(&facts, arena, &beam, err) ||
	    code_read(out, arena, &beam, facts, err))
		return -1;
	return 0;
}

/* ---- looking ---- */

const struct code_function *code_function(const struct code *code, const char *name, uint32_t arity)
{
	for (size_t i = 0; i < code->len; i++)
		if (code->functions[i].arity == arity && strcmp(code->functions[i].name, name) == 0)
			return &code->functions[i];
	return NULL;
}

bool code_exports(const struct code *code, const char *name, uint32_t arity)
{
	for (size_t i = 0; i < code->exports.len; i++)
		if (code->exports.items[i].arity == arity &&
		    strcmp(code->exports.items[i].name, name) == 0)
			return true;
	return false;
}

static const struct beam_function *nth(struct beam_functions list, const struct code_arg *arg)
{
	return arg->kind == CODE_NUMBER && arg->number < list.len ? &list.items[arg->number] : NULL;
}

const struct beam_function *code_import(const struct code *code, const struct code_arg *arg)
{
	return nth(code->imports, arg);
}

const struct beam_function *code_lambda(const struct code *code, const struct code_arg *arg)
{
	return nth(code->lambdas, arg);
}

const struct code_place *code_place(const struct code *code, const struct code_arg *arg)
{
	const struct code_place *at;

	if (arg->kind != CODE_LABEL || arg->number == 0 || arg->number >= code->labels)
		return NULL;
	at = &code->places[arg->number];
	return at->function == CODE_NOWHERE ? NULL : at;
}

const struct code_function *code_local(const struct code *code, const struct code_arg *arg)
{
	const struct code_place *at = code_place(code, arg);

	return at ? &code->functions[at->function] : NULL;
}

int code_import_operand(enum opcode opcode)
{
	switch (opcode) {
	case OP_BIF0:
		return 0;
	case OP_CALL_EXT:
	case OP_CALL_EXT_LAST:
	case OP_CALL_EXT_ONLY:
	case OP_BIF1:
	case OP_BIF2:
	case OP_BIF3:
		return 1;
	case OP_GC_BIF1:
	case OP_GC_BIF2:
	case OP_GC_BIF3:
		return 2;
	default:
		return -1;
	}
}
