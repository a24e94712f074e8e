// SPDX-License-Identifier: Apache-2.0
/* Erlang's order of terms, and with it equality. */
#include "erlang/term/term.h"

#include <math.h>

static int compare(const struct term *a, const struct term *b, bool keys);

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

enum rank {
	RANK_NUMBER,
	RANK_ATOM,
	RANK_REFERENCE,
	RANK_FUN,
	RANK_PORT,
	RANK_PID,
	RANK_TUPLE,
	RANK_RECORD,
	RANK_MAP,
	RANK_NIL,
	RANK_LIST,
	RANK_BITS,
};

static enum rank rank_of(const struct term *term)
{
	static const enum rank ranks[] = {
		[TERM_ATOM] = RANK_ATOM,   [TERM_INTEGER] = RANK_NUMBER,
		[TERM_BIG] = RANK_NUMBER,  [TERM_FLOAT] = RANK_NUMBER,
		[TERM_BINARY] = RANK_BITS, [TERM_BITSTRING] = RANK_BITS,
		[TERM_LIST] = RANK_LIST,   [TERM_TUPLE] = RANK_TUPLE,
		[TERM_MAP] = RANK_MAP,     [TERM_PID] = RANK_PID,
		[TERM_PORT] = RANK_PORT,   [TERM_REFERENCE] = RANK_REFERENCE,
		[TERM_OPAQUE] = RANK_FUN,  [TERM_RECORD] = RANK_RECORD,
	};

	return term_is_nil(term) ? RANK_NIL : ranks[term->kind];
}

static int compare_magnitude(struct span a, struct span b)
{
	if (a.len != b.len)
		return ORDER(a.len, b.len);
	for (size_t i = a.len; i > 0; i--)
		if (a.ptr[i - 1] != b.ptr[i - 1])
			return ORDER((unsigned char)a.ptr[i - 1], (unsigned char)b.ptr[i - 1]);
	return 0;
}

static int compare_integers(const struct term *a, const struct term *b)
{
	if (a->kind == TERM_INTEGER && b->kind == TERM_INTEGER)
		return ORDER(a->integer, b->integer);
	if (a->kind == TERM_INTEGER)
		return b->big.negative ? 1 : -1;
	if (b->kind == TERM_INTEGER)
		return a->big.negative ? -1 : 1;
	if (a->big.negative != b->big.negative)
		return a->big.negative ? -1 : 1;
	return a->big.negative ? compare_magnitude(b->big.bytes, a->big.bytes)
			       : compare_magnitude(a->big.bytes, b->big.bytes);
}

/* What stands before the point, as a magnitude; up to 1024 bits. */
static struct span whole_part(double value, char out[static 128])
{
	size_t len = 0;

	for (value = floor(fabs(value)); value > 0; value = floor(value / 256))
		out[len++] = (char)(unsigned char)fmod(value, 256);
	return (struct span){ out, len };
}

static int compare_to_float(const struct term *a, double real)
{
	char space[128];
	int order;

	if (a->kind == TERM_INTEGER && real >= -0x1p63 && real < 0x1p63) {
		double whole = trunc(real);

		if (a->integer != (int64_t)whole)
			return ORDER(a->integer, (int64_t)whole);
		return ORDER(whole, real);
	}
	if (a->kind == TERM_INTEGER)
		return real < 0 ? 1 : -1;
	if (a->big.negative != (real < 0))
		return a->big.negative ? -1 : 1;
	/* From 2^53 on a float has nothing behind its point. */
	order = compare_magnitude(a->big.bytes, whole_part(real, space));
	return a->big.negative ? -order : order;
}

static int compare_numbers(const struct term *a, const struct term *b, bool keys)
{
	bool af = a->kind == TERM_FLOAT, bf = b->kind == TERM_FLOAT;
	int order;

	if (af && bf) {
		order = ORDER(a->real, b->real);
		return order ? order : !!signbit(b->real) - !!signbit(a->real);
	}
	if (!af && !bf)
		return compare_integers(a, b);
	if (keys)
		return af ? 1 : -1;
	order = bf ? compare_to_float(a, b->real) : -compare_to_float(b, a->real);
	return order ? order : (af ? 1 : -1);
}

/* The end of a list; NULL means []. */
static int compare_tails(const struct term *a, const struct term *b, bool keys)
{
	return compare(a ? a : &term_nil, b ? b : &term_nil, keys);
}

static int compare_lists(const struct term *a, const struct term *b, bool keys)
{
	size_t len = a->seq.len < b->seq.len ? a->seq.len : b->seq.len;

	for (size_t i = 0; i < len; i++) {
		int order = compare(a->seq.items[i], b->seq.items[i], keys);

		if (order)
			return order;
	}
	if (a->seq.len == b->seq.len)
		return compare_tails(a->seq.tail, b->seq.tail, keys);
	/* One goes on as a list where the other has its tail, which is none. */
	if (a->seq.len > len)
		return b->seq.tail && rank_of(b->seq.tail) > RANK_LIST ? -1 : 1;
	return a->seq.tail && rank_of(a->seq.tail) > RANK_LIST ? 1 : -1;
}

static int compare_tuples(const struct term *a, const struct term *b, bool keys)
{
	if (a->seq.len != b->seq.len)
		return ORDER(a->seq.len, b->seq.len);
	for (size_t i = 0; i < a->seq.len; i++) {
		int order = compare(a->seq.items[i], b->seq.items[i], keys);

		if (order)
			return order;
	}
	return 0;
}

static int compare_maps(const struct term *a, const struct term *b, bool keys)
{
	int order = ORDER(a->map.len, b->map.len);

	for (size_t i = 0; !order && i < a->map.len; i++)
		order = compare(a->map.keys[i], b->map.keys[i], true);
	for (size_t i = 0; !order && i < a->map.len; i++)
		order = compare(a->map.values[i], b->map.values[i], keys);
	return order;
}

/* Of one definition by their values; the same name may have had another one before. */
static int compare_records(const struct term *a, const struct term *b, bool keys)
{
	int order = compare(a->record.module, b->record.module, keys);

	if (!order)
		order = compare(a->record.name, b->record.name, keys);
	if (!order)
		order = ORDER(a->record.len, b->record.len);
	for (size_t i = 0; !order && i < a->record.len; i++)
		order = compare(a->record.fields[i], b->record.fields[i], keys);
	for (size_t i = 0; !order && i < a->record.len; i++)
		order = compare(a->record.values[i], b->record.values[i], keys);
	return order ? order : ORDER(a->record.exported, b->record.exported);
}

static struct span bits_of(const struct term *term, size_t *bits)
{
	if (term->kind == TERM_BINARY) {
		*bits = term->text.len * 8;
		return term->text;
	}
	*bits = (term->bitstring.bytes.len - 1) * 8 + term->bitstring.bits;
	return term->bitstring.bytes;
}

static int compare_bits(const struct term *a, const struct term *b)
{
	size_t abits, bbits, common;
	struct span x = bits_of(a, &abits), y = bits_of(b, &bbits);
	int order;

	common = abits < bbits ? abits : bbits;
	order = span_compare((struct span){ x.ptr, common / 8 },
			     (struct span){ y.ptr, common / 8 });
	if (!order && common % 8) {
		unsigned shift = 8 - common % 8;

		order = ORDER((unsigned char)x.ptr[common / 8] >> shift,
			      (unsigned char)y.ptr[common / 8] >> shift);
	}
	return order ? order : ORDER(abits, bbits);
}

static int compare_ids(const struct term *a, const struct term *b)
{
	int order = 0;

	if (a->kind == TERM_REFERENCE || a->kind == TERM_PORT)
		order = span_compare(a->id.node, b->id.node);
	if (!order)
		order = ORDER(a->id.len, b->id.len);
	/* A pid is ordered by its serial before its number, a reference by its last word. */
	for (unsigned i = a->id.len; !order && i > 0 && a->kind != TERM_PORT; i--)
		order = ORDER(a->id.words[i - 1], b->id.words[i - 1]);
	for (unsigned i = 0; !order && i < a->id.len; i++)
		order = ORDER(a->id.words[i], b->id.words[i]);
	if (!order)
		order = span_compare(a->id.node, b->id.node);
	return order ? order : ORDER(a->id.creation, b->id.creation);
}

/* Cuts an atom in UTF-8 off the external form of a fun. */
static struct span next_atom(struct span *rest)
{
	const unsigned char *p = (const unsigned char *)rest->ptr;
	bool small = p[0] == 119;
	size_t head = small ? 2 : 3, len = small ? p[1] : (size_t)p[1] << 8 | p[2];
	struct span name = { rest->ptr + head, len };

	*rest = (struct span){ name.ptr + len, rest->len - head - len };
	return name;
}

/* fun m:f/1 by module, function, arity; other funs by their bytes. */
static int compare_funs(struct span a, struct span b)
{
	int order;

	if (a.ptr[0] != 113 || b.ptr[0] != 113)
		return span_compare(a, b);
	a = (struct span){ a.ptr + 1, a.len - 1 };
	b = (struct span){ b.ptr + 1, b.len - 1 };
	order = span_compare(next_atom(&a), next_atom(&b));
	if (!order)
		order = span_compare(next_atom(&a), next_atom(&b));
	return order ? order : span_compare(a, b);
}

static int compare(const struct term *a, const struct term *b, bool keys)
{
	enum rank rank = rank_of(a);

	if (a == b)
		return 0;
	if (rank != rank_of(b))
		return ORDER(rank, rank_of(b));
	switch (rank) {
	case RANK_NUMBER:
		return compare_numbers(a, b, keys);
	case RANK_ATOM:
		return span_compare(a->text, b->text);
	case RANK_FUN:
		return compare_funs(a->text, b->text);
	case RANK_REFERENCE:
	case RANK_PORT:
	case RANK_PID:
		return compare_ids(a, b);
	case RANK_TUPLE:
		return compare_tuples(a, b, keys);
	case RANK_RECORD:
		return compare_records(a, b, keys);
	case RANK_MAP:
		return compare_maps(a, b, keys);
	case RANK_NIL:
		return 0;
	case RANK_LIST:
		return compare_lists(a, b, keys);
	case RANK_BITS:
		return compare_bits(a, b);
	}
	return 0;
}

int term_compare(const struct term *a, const struct term *b)
{
	return compare(a, b, false);
}

int term_compare_keys(const struct term *a, const struct term *b)
{
	return compare(a, b, true);
}

bool term_equal(const struct term *a, const struct term *b)
{
	return compare(a, b, true) == 0;
}
