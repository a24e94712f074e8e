// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"
#include "erlang/term/term_scan.h"

#include <math.h>

enum {
	SEGMENT_MAX = 8 << 20,          /* bits of one integer or one part of a binary */
	BINARY_MAX = TERM_TEXT_MAX * 2, /* bits of a whole one: 16 MB */
};

/* ---- segment types ---- */

static bool set_type(struct segment *segment, enum bits_type type)
{
	if (segment->type != BITS_DEFAULT && segment->type != type)
		return false;
	segment->type = type;
	return true;
}

static bool set_unit(struct segment *segment, int64_t unit)
{
	if (unit < 1 || unit > 256 || (segment->unit && segment->unit != unit))
		return false;
	segment->unit = (int)unit;
	return true;
}

static bool set_endian(struct segment *segment, int endian)
{
	if (segment->endian != ENDIAN_DEFAULT && (int)segment->endian != endian)
		return false;
	segment->endian = endian;
	return true;
}

static bool set_sign(struct segment *segment, bool is_signed)
{
	segment->is_signed |= is_signed;
	segment->is_unsigned |= !is_signed;
	return !(segment->is_signed && segment->is_unsigned);
}

bool segment_word(struct segment *segment, struct span word, int64_t value)
{
	static const struct {
		const char *name;
		enum bits_type type;
		int unit;
	} types[] = {
		{ "integer", BITS_INTEGER, 0 },  { "float", BITS_FLOAT, 0 },
		{ "binary", BITS_BINARY, 0 },    { "bytes", BITS_BINARY, 8 },
		{ "bitstring", BITS_BINARY, 1 }, { "bits", BITS_BINARY, 1 },
		{ "utf8", BITS_UTF8, 0 },        { "utf16", BITS_UTF16, 0 },
		{ "utf32", BITS_UTF32, 0 },
	};

	if (value)
		return span_is(word, "unit") && set_unit(segment, value);
	if (span_is(word, "big"))
		return set_endian(segment, ENDIAN_BIG);
	if (span_is(word, "little") || span_is(word, "native"))
		return set_endian(segment, ENDIAN_LITTLE);
	if (span_is(word, "signed") || span_is(word, "unsigned"))
		return set_sign(segment, span_is(word, "signed"));
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (span_is(word, types[i].name))
			return set_type(segment, types[i].type) &&
			       (!types[i].unit || set_unit(segment, types[i].unit));
	return false;
}

/* ---- bits ---- */

static void add_bits(struct bits *bits, unsigned value, unsigned count)
{
	unsigned used = bits->len % 8;
	unsigned byte = value << (8 - count) & 0xff;

	if (used == 0)
		str_addc(&bits->bytes, (char)byte);
	else
		bits->bytes.ptr[bits->bytes.len - 1] |= (char)(byte >> used);
	if (used && used + count > 8)
		str_addc(&bits->bytes, (char)(byte << (8 - used) & 0xff));
	bits->len += count;
}

static void add_bytes(struct bits *bits, struct span bytes)
{
	if (bits->len % 8 == 0) {
		str_add(&bits->bytes, bytes);
		bits->len += bytes.len * 8;
		return;
	}
	for (size_t i = 0; i < bytes.len; i++)
		add_bits(bits, (unsigned char)bytes.ptr[i], 8);
}

/* Byte number i of the two's complement form of an integer. */
static unsigned integer_byte(const struct term *value, size_t i, bool *carry)
{
	unsigned byte = 0;

	if (value->kind == TERM_INTEGER)
		return (unsigned)(value->integer >> (i < 8 ? i * 8 : 63) & 0xff);
	if (i < value->big.bytes.len)
		byte = (unsigned char)value->big.bytes.ptr[i];
	if (!value->big.negative)
		return byte;
	byte = (~byte & 0xff) + *carry;
	*carry = byte > 0xff;
	return byte & 0xff;
}

static bool add_integer(struct bits *bits, const struct term *value, size_t size, bool little)
{
	size_t len = (size + 7) / 8;
	owned_mem char *bytes = mem_alloc(len);
	unsigned rest = size % 8;
	bool carry = true;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)integer_byte(value, i, &carry);
	if (!little && rest)
		add_bits(bits, (unsigned char)bytes[len - 1] & ((1u << rest) - 1), rest);
	for (size_t i = 0; i < size / 8; i++)
		add_bits(bits, (unsigned char)bytes[little ? i : size / 8 - 1 - i], 8);
	if (little && rest)
		add_bits(bits, (unsigned char)bytes[len - 1] & ((1u << rest) - 1), rest);
	return true;
}

static bool number_value(const struct term *value, double *out)
{
	if (value->kind == TERM_FLOAT)
		*out = value->real;
	else if (value->kind == TERM_INTEGER)
		*out = (double)value->integer;
	else
		return false;
	return true;
}

/* IEEE half precision, to nearest even; false when it does not fit. */
static bool half_bits(double value, uint64_t *out)
{
	uint64_t sign = signbit(value) ? 0x8000 : 0;
	int exponent;
	double step, steps;

	value = fabs(value);
	frexp(value, &exponent);
	step = ldexp(1, exponent - 11 < -24 ? -24 : exponent - 11);
	steps = nearbyint(value / step);
	value = steps * step;
	if (value > 65504)
		return false;
	frexp(value, &exponent);
	if (value < 0x1p-14)
		*out = sign | (uint64_t)(value * 0x1p24);
	else
		*out = sign | (uint64_t)(exponent + 14) << 10 |
		       ((uint64_t)ldexp(value, 11 - exponent) & 0x3ff);
	return true;
}

static bool float_bits(double value, size_t size, uint64_t *out)
{
	float single = (float)value;
	uint32_t word;

	if (size == 64) {
		memcpy(out, &value, sizeof(*out));
		return true;
	}
	if (size == 16)
		return half_bits(value, out);
	memcpy(&word, &single, sizeof(word));
	*out = word;
	return size == 32 && isfinite(single);
}

static bool add_float(struct bits *bits, const struct term *value, size_t size, bool little)
{
	uint64_t word;
	double real;

	if (!number_value(value, &real) || !float_bits(real, size, &word))
		return false;
	for (size_t i = 0; i < size; i += 8)
		add_bits(bits, (unsigned)(word >> (little ? i : size - 8 - i) & 0xff), 8);
	return true;
}

static bool add_binary(struct bits *bits, const struct term *value, bool sized, size_t size,
		       size_t unit)
{
	size_t have;
	struct span bytes;

	if (value->kind == TERM_BINARY) {
		bytes = value->text;
		have = bytes.len * 8;
	} else if (value->kind == TERM_BITSTRING) {
		bytes = value->bitstring.bytes;
		have = (bytes.len - 1) * 8 + value->bitstring.bits;
	} else {
		return false;
	}
	if (!sized)
		size = have;
	if (size > have || (!sized && have % unit) || bits->len + size > BINARY_MAX)
		return false;
	add_bytes(bits, (struct span){ bytes.ptr, size / 8 });
	if (size % 8)
		add_bits(bits, (unsigned)(unsigned char)bytes.ptr[size / 8] >> (8 - size % 8),
			 size % 8);
	return true;
}

static void add_word(struct bits *bits, uint32_t word, size_t size, bool little)
{
	for (size_t i = 0; i < size; i += 8)
		add_bits(bits, word >> (little ? i : size - 8 - i) & 0xff, 8);
}

static bool add_unicode(struct bits *bits, const struct term *value, enum bits_type type,
			bool little)
{
	uint32_t code;
	char utf8[UTF8_MAX];

	if (value->kind != TERM_INTEGER || value->integer < 0 || value->integer > 0x10ffff ||
	    (value->integer >= 0xd800 && value->integer <= 0xdfff))
		return false;
	code = (uint32_t)value->integer;
	if (type == BITS_UTF8) {
		add_bytes(bits, (struct span){ utf8, utf8_write(utf8, code) });
	} else if (type == BITS_UTF32) {
		add_word(bits, code, 32, little);
	} else if (code < 0x10000) {
		add_word(bits, code, 16, little);
	} else {
		add_word(bits, 0xd800 + ((code - 0x10000) >> 10), 16, little);
		add_word(bits, 0xdc00 + ((code - 0x10000) & 0x3ff), 16, little);
	}
	return true;
}

/* The size in bits that a segment has; `all` when it takes what the value has. */
static bool segment_size(const struct segment *segment, size_t *size, bool *sized)
{
	bool binary = segment->type == BITS_BINARY;
	size_t unit = segment->unit ? (size_t)segment->unit : binary ? 8 : 1;

	*sized = segment->size != NULL;
	*size = segment->type == BITS_FLOAT ? 64 : 8;
	if (!*sized)
		return binary || !segment->unit;
	if (segment->size->kind != TERM_INTEGER || segment->size->integer > SEGMENT_MAX)
		return false;
	*size = (size_t)segment->size->integer * unit;
	return true;
}

bool bits_add(struct bits *bits, const struct term *value, struct segment segment)
{
	bool little = segment.endian == ENDIAN_LITTLE, sized;
	size_t size;

	if (segment.type >= BITS_UTF8)
		return !segment.size && !segment.unit && bits->len < BINARY_MAX &&
		       add_unicode(bits, value, segment.type, little);
	if (!segment_size(&segment, &size, &sized))
		return false;
	if (segment.type == BITS_BINARY)
		return add_binary(bits, value, sized, size,
				  segment.unit ? (size_t)segment.unit : 8);
	if (size > SEGMENT_MAX || bits->len + size > BINARY_MAX)
		return false;
	if (segment.type == BITS_FLOAT)
		return add_float(bits, value, size, little);
	return (value->kind == TERM_INTEGER || value->kind == TERM_BIG) &&
	       add_integer(bits, value, size, little);
}

bool bits_add_string(struct bits *bits, struct span text, struct segment segment)
{
	struct term value = { .kind = TERM_INTEGER };
	struct bits unused = { STR_EMPTY, 0 };
	uint32_t code;
	bool fine = true;

	/* A segment that is wrong is wrong for no characters, too. */
	if (text.len == 0) {
		fine = bits_add(&unused, &value, segment);
		str_done(&unused.bytes);
		return fine;
	}
	while (fine && utf8_next(&text, &code)) {
		value.integer = code;
		fine = bits_add(bits, &value, segment);
	}
	return fine;
}

const struct term *bits_term(struct bits *bits, struct arena *arena)
{
	struct term *term;

	if (bits->len % 8 == 0)
		return term_binary(arena, str_span(&bits->bytes));
	term = arena_new(arena, struct term);
	term->kind = TERM_BITSTRING;
	term->bitstring.bytes =
		(struct span){ arena_dup(arena, str_span(&bits->bytes)), bits->bytes.len };
	term->bitstring.bits = bits->len % 8;
	return term;
}
