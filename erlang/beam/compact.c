// SPDX-License-Identifier: Apache-2.0
#include "erlang/beam/compact.h"

static const char cut_off[] = "cut off";
static const char too_large[] = "a number that is too large";

static bool take_bytes(struct span *out, struct span *rest, size_t len)
{
	if (len > rest->len)
		return false;
	*out = (struct span){ rest->ptr, len };
	*rest = (struct span){ rest->ptr + len, rest->len - len };
	return true;
}

/* The bytes of a value whose length is a number itself. */
static const char *take_long(struct span *out, struct span *rest)
{
	struct compact len;
	const char *fault;

	/* That number is never so long. */
	if (rest->len > 0 && (uint8_t)rest->ptr[0] >> 3 == 0x1f)
		return "a length of a length";
	if ((fault = compact_take(&len, rest)))
		return fault;
	if (len.tag != COMPACT_NUMBER)
		return "a number was expected";
	if (!compact_value(&len.value, &len) || len.value > COMPACT_BYTES_MAX - 9)
		return too_large;
	return take_bytes(out, rest, (size_t)len.value + 9) ? NULL : cut_off;
}

static const char *take(struct compact *out, struct span *rest)
{
	struct span byte;
	uint8_t first;

	if (!take_bytes(&byte, rest, 1))
		return cut_off;
	first = (uint8_t)byte.ptr[0];
	*out = (struct compact){ .tag = first & 7, .value = first >> 4 };
	if (!(first & 8))
		return NULL;
	if (first & 16) {
		if (first >> 5 == 7)
			return take_long(&out->bytes, rest);
		return take_bytes(&out->bytes, rest, (size_t)(first >> 5) + 2) ? NULL : cut_off;
	}
	if (!take_bytes(&byte, rest, 1))
		return cut_off;
	out->value = (uint64_t)(first & 0xe0) << 3 | (uint8_t)byte.ptr[0];
	return NULL;
}

const char *compact_take_(struct compact *out, struct span *rest)
{
	struct span after = *rest;
	const char *fault = take(out, &after);

	if (!fault)
		*rest = after;
	return fault;
}

bool compact_value(uint64_t *out, const struct compact *term)
{
	uint64_t value = term->bytes.ptr ? 0 : term->value;

	for (size_t i = 0; i < term->bytes.len; i++) {
		if (value >> 56)
			return false;
		value = value << 8 | (uint8_t)term->bytes.ptr[i];
	}
	*out = value;
	return true;
}

const char *compact_take_number(uint64_t *out, struct span *rest)
{
	struct span after = *rest;
	struct compact term;
	const char *fault = compact_take(&term, &after);

	if (fault)
		return fault;
	if (term.tag != COMPACT_NUMBER)
		return "a number was expected";
	if (!compact_value(out, &term))
		return too_large;
	*rest = after;
	return NULL;
}

/* ---- stepping over ---- */

/* A plain one: whatever tag, but not extended. */
static const char *skip_plain(struct span *rest)
{
	struct compact term;
	const char *fault = compact_take(&term, rest);

	return fault || term.tag != COMPACT_EXTENDED ? fault : "an operand inside another";
}

static const char *skip_numbers(struct span *rest, uint64_t count)
{
	const char *fault = NULL;
	uint64_t number;

	while (count-- > 0 && !fault)
		fault = compact_take_number(&number, rest);
	return fault;
}

static const char *skip(struct span *rest, bool in_list);

/* A list of terms, or of pairs of numbers. */
static const char *skip_counted(struct span *rest, bool list)
{
	uint64_t count;
	const char *fault = compact_take_number(&count, rest);

	if (fault)
		return fault;
	/* Each takes a byte at least. */
	if (count > rest->len)
		return cut_off;
	if (!list)
		return skip_numbers(rest, 2 * count);
	while (count-- > 0 && !fault)
		fault = skip(rest, true);
	return fault;
}

static const char *skip(struct span *rest, bool in_list)
{
	struct compact term;
	struct span bytes;
	const char *fault = compact_take(&term, rest);

	if (fault || term.tag != COMPACT_EXTENDED)
		return fault;
	switch (term.bytes.ptr ? UINT64_MAX : term.value) {
	case COMPACT_FLOAT:
		return take_bytes(&bytes, rest, 8) ? NULL : cut_off;
	case COMPACT_LIST:
		return in_list ? "a list inside another" : skip_counted(rest, true);
	case COMPACT_ALLOC:
		return skip_counted(rest, false);
	case COMPACT_FR:
	case COMPACT_LITERAL:
		return skip_numbers(rest, 1);
	case COMPACT_TYPED:
		fault = skip_plain(rest);
		return fault ? fault : skip_numbers(rest, 1);
	default:
		return "an operand of an unknown kind";
	}
}

const char *compact_skip(struct span *rest)
{
	return skip(rest, false);
}
