// SPDX-License-Identifier: Apache-2.0
/* The external term format, read.  Every byte here may come from an enemy: lengths
 * are held against the bytes that are there before memory is asked for, and all
 * memory is counted.
 */
#include "base/deflate.h"
#include "base/name_table.h"
#include "base/utf8.h"
#include "erlang/term/term.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { VERSION = 131, COMPRESSED = 80 };

struct decoder {
	struct arena *arena;
	const char *start;
	struct span rest;
	size_t memory;     /* bytes that may still be used */
	unsigned depth;    /* levels that may still be entered */
	const char *where; /* for messages: "byte" */
	/* Items of the lists and maps that are being read. */
	const struct term **items;
	size_t len, cap;
};

static int decode_term(struct decoder *d, const struct term **out, struct error *err);

#define decode_fail(d, err, ...) (decode_fail_(d, err, __VA_ARGS__), -1)

static void printf_like(3, 4)
	decode_fail_(const struct decoder *d, struct error *err, const char *format, ...)
{
	char what[128];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	(void)error_set(err, ERROR_INVALID, "%s %zu: %s", d->where,
			(size_t)(d->rest.ptr - d->start), what);
}

static int charge(struct decoder *d, size_t size, struct error *err)
{
	if (size > d->memory)
		return decode_fail(d, err, "the term takes too much memory");
	d->memory -= size;
	return 0;
}

static int new_term(struct decoder *d, enum term_kind kind, struct term **out, struct error *err)
{
	if (charge(d, sizeof(struct term), err))
		return -1;
	*out = arena_new(d->arena, struct term);
	(*out)->kind = kind;
	return 0;
}

static int take(struct decoder *d, size_t len, struct span *out, struct error *err)
{
	if (len > d->rest.len)
		return decode_fail(d, err, "%zu bytes are missing", len - d->rest.len);
	*out = (struct span){ d->rest.ptr, len };
	d->rest = (struct span){ d->rest.ptr + len, d->rest.len - len };
	return 0;
}

/* An unsigned number of `size` bytes, the highest first. */
static int take_number(struct decoder *d, size_t size, uint64_t *out, struct error *err)
{
	struct span bytes;

	if (take(d, size, &bytes, err))
		return -1;
	*out = 0;
	for (size_t i = 0; i < size; i++)
		*out = *out << 8 | (unsigned char)bytes.ptr[i];
	return 0;
}

static int take_u32(struct decoder *d, uint32_t *out, struct error *err)
{
	uint64_t value;

	if (take_number(d, 4, &value, err))
		return -1;
	*out = (uint32_t)value;
	return 0;
}

/* A number of elements, each of which takes `least` bytes or more. */
static int take_count(struct decoder *d, size_t size, size_t least, size_t *out, struct error *err)
{
	uint64_t count;

	if (take_number(d, size, &count, err))
		return -1;
	if (count > d->rest.len / least)
		return decode_fail(d, err, "%llu elements in %zu bytes", (unsigned long long)count,
				   d->rest.len);
	*out = (size_t)count;
	return 0;
}

static int copy(struct decoder *d, struct span bytes, struct span *out, struct error *err)
{
	if (charge(d, bytes.len + 1, err))
		return -1;
	*out = (struct span){ arena_dup(d->arena, bytes), bytes.len };
	return 0;
}

/* ---- atoms ---- */

static int copy_name(struct decoder *d, struct span name, struct span *out, struct error *err)
{
	if (charge(d, name.len + 1, err))
		return -1;
	*out = term_atom_text(d->arena, name);
	return 0;
}

enum { ATOM = 100, SMALL_ATOM = 115, ATOM_UTF8 = 118, SMALL_ATOM_UTF8 = 119 };

static bool is_atom_tag(int tag)
{
	return tag == ATOM || tag == SMALL_ATOM || tag == ATOM_UTF8 || tag == SMALL_ATOM_UTF8;
}

static int atom_from_latin1(struct decoder *d, struct span bytes, struct span *out,
			    struct error *err)
{
	char text[2 * TERM_ATOM_MAX + UTF8_MAX];
	size_t len = 0;

	for (size_t i = 0; i < bytes.len; i++)
		len += utf8_write(text + len, (unsigned char)bytes.ptr[i]);
	return copy_name(d, (struct span){ text, len }, out, err);
}

static int atom_text(struct decoder *d, int tag, struct span *out, struct error *err)
{
	bool utf8 = tag == ATOM_UTF8 || tag == SMALL_ATOM_UTF8;
	bool small = tag == SMALL_ATOM || tag == SMALL_ATOM_UTF8;
	struct span bytes;
	uint64_t len;

	if (take_number(d, small ? 1 : 2, &len, err) || take(d, len, &bytes, err))
		return -1;
	if (utf8 && !utf8_valid(bytes))
		return decode_fail(d, err, "atom that is not UTF-8");
	if ((utf8 ? utf8_len(bytes) : bytes.len) > TERM_ATOM_MAX)
		return decode_fail(d, err, "atom of more than %d characters", TERM_ATOM_MAX);
	return utf8 ? copy_name(d, bytes, out, err) : atom_from_latin1(d, bytes, out, err);
}

static int decode_atom(struct decoder *d, int tag, const struct term **out, struct error *err)
{
	struct term *term;

	if (new_term(d, TERM_ATOM, &term, err) || atom_text(d, tag, &term->text, err))
		return -1;
	*out = term;
	return 0;
}

/* ---- numbers ---- */

static int decode_integer(struct decoder *d, int tag, const struct term **out, struct error *err)
{
	uint64_t value;

	if (take_number(d, tag == 97 ? 1 : 4, &value, err) || charge(d, sizeof(**out), err))
		return -1;
	*out = term_integer(d->arena, tag == 97 ? (int64_t)value : (int32_t)(uint32_t)value);
	return 0;
}

static int decode_big(struct decoder *d, int tag, const struct term **out, struct error *err)
{
	struct span magnitude;
	uint64_t len, sign;

	if (take_number(d, tag == 110 ? 1 : 4, &len, err) || take_number(d, 1, &sign, err))
		return -1;
	if (len > TERM_BIG_MAX)
		return decode_fail(d, err, "integer of more than %d bytes", TERM_BIG_MAX);
	if (take(d, len, &magnitude, err) || charge(d, sizeof(**out) + len + 1, err))
		return -1;
	*out = term_big(d->arena, magnitude, sign != 0);
	return 0;
}

static int float_term(struct decoder *d, double value, const struct term **out, struct error *err)
{
	if (!isfinite(value))
		return decode_fail(d, err, "float that is no number");
	if (charge(d, sizeof(**out), err))
		return -1;
	*out = term_float(d->arena, value);
	return 0;
}

static int decode_float(struct decoder *d, int tag, const struct term **out, struct error *err)
{
	uint64_t bits;
	double value;

	(void)tag;
	if (take_number(d, 8, &bits, err))
		return -1;
	memcpy(&value, &bits, sizeof(value));
	return float_term(d, value, out, err);
}

/* Text of 31 bytes, filled up with NUL. */
static int decode_old_float(struct decoder *d, int tag, const struct term **out, struct error *err)
{
	struct span bytes;
	char text[32], *end;
	double value;

	(void)tag;
	if (take(d, sizeof(text) - 1, &bytes, err))
		return -1;
	memcpy(text, bytes.ptr, bytes.len);
	text[bytes.len] = '\0';
	value = strtod(text, &end);
	if (end == text || *end || strspn(text, "+-.0123456789eE") != strlen(text))
		return decode_fail(d, err, "float that is no number");
	return float_term(d, value, out, err);
}

/* ---- binaries ---- */

static int decode_binary(struct decoder *d, int tag, const struct term **out, struct error *err)
{
	struct span bytes;
	struct term *term;
	uint64_t len;

	(void)tag;
	if (take_number(d, 4, &len, err) || take(d, len, &bytes, err) ||
	    new_term(d, TERM_BINARY, &term, err) || copy(d, bytes, &term->text, err))
		return -1;
	*out = term;
	return 0;
}

static int decode_bitstring(struct decoder *d, int tag, const struct term **out, struct error *err)
{
	uint64_t len, bits;
	struct span bytes;
	struct term *term;
	char *last;

	(void)tag;
	if (take_number(d, 4, &len, err) || take_number(d, 1, &bits, err) ||
	    take(d, len, &bytes, err))
		return -1;
	if (bits > 8 || (bits == 0) != (len == 0))
		return decode_fail(d, err, "bit string with %u bits in its last byte",
				   (unsigned)bits);
	if (new_term(d, TERM_BITSTRING, &term, err) || copy(d, bytes, &bytes, err))
		return -1;
	*out = term;
	if (bits == 0 || bits == 8) {
		term->kind = TERM_BINARY;
		term->text = bytes;
		return 0;
	}
	last = (char *)(uintptr_t)bytes.ptr + len - 1;
	*last = (char)((unsigned char)*last & 0xff << (8 - bits));
	term->bitstring.bytes = bytes;
	term->bitstring.bits = (unsigned)bits;
	return 0;
}

/* ---- lists, tuples, maps ---- */

static void push(struct decoder *d, const struct term *term)
{
	if (d->len == d->cap) {
		d->cap = d->cap ? d->cap * 2 : 64;
		d->items = mem_resize(d->items, d->cap, sizeof(const struct term *));
	}
	d->items[d->len++] = term;
}

static int push_terms(struct decoder *d, size_t count, struct error *err)
{
	const struct term *item;

	if (charge(d, count * sizeof(item), err))
		return -1;
	for (; count > 0; count--) {
		if (decode_term(d, &item, err))
			return -1;
		push(d, item);
	}
	return 0;
}

static const struct term **pop(struct decoder *d, size_t base)
{
	size_t len = d->len - base;
	const struct term **items = arena_array(d->arena, len, const struct term *);

	if (len > 0)
		memcpy(items, d->items + base, len * sizeof(*items));
	d->len = base;
	return items;
}

static int push_bytes(struct decoder *d, struct error *err)
{
	struct span bytes;
	uint64_t len;

	if (take_number(d, 2, &len, err) || take(d, len, &bytes, err) ||
	    charge(d, len * sizeof(void *), err))
		return -1;
	for (size_t i = 0; i < bytes.len; i++)
		push(d, term_integer(d->arena, (unsigned char)bytes.ptr[i]));
	return 0;
}

enum { NIL = 106, STRING = 107, LIST = 108 };

/* One list after the other, as long as each is the tail of the one before. */
static int push_list(struct decoder *d, int tag, const struct term **tail, struct error *err)
{
	size_t count;

	*tail = NULL;
	while (tag == LIST) {
		if (take_count(d, 4, 1, &count, err) || push_terms(d, count, err))
			return -1;
		tag = d->rest.len ? (unsigned char)d->rest.ptr[0] : -1;
		if (tag != NIL && tag != STRING && tag != LIST)
			return decode_term(d, tail, err);
		d->rest = (struct span){ d->rest.ptr + 1, d->rest.len - 1 };
	}
	return tag == STRING ? push_bytes(d, err) : 0;
}

static int decode_list(struct decoder *d, int tag, const struct term **out, struct error *err)
{
	const struct term *tail;
	size_t base = d->len, len;
	struct term *term;

	if (new_term(d, TERM_LIST, &term, err) || push_list(d, tag, &tail, err))
		return -1;
	len = d->len - base;
	term->seq.items = pop(d, base);
	term->seq.len = len;
	term->seq.tail = len ? tail : NULL;
	*out = len == 0 && tail ? tail : term;
	return 0;
}

static int decode_tuple(struct decoder *d, int tag, const struct term **out, struct error *err)
{
	size_t base = d->len, count;
	struct term *term;

	if (new_term(d, TERM_TUPLE, &term, err) ||
	    take_count(d, tag == 104 ? 1 : 4, 1, &count, err) || push_terms(d, count, err))
		return -1;
	term->seq.items = pop(d, base);
	term->seq.len = count;
	*out = term;
	return 0;
}

/* The keys and the values that were pushed in turn, as a map. */
static const struct term *pop_map(struct decoder *d, size_t base)
{
	size_t count = (d->len - base) / 2;
	const struct term **keys = mem_alloc(2 * count * sizeof(*keys)), **values = keys + count;
	const struct term *map;

	for (size_t i = 0; i < count; i++) {
		keys[i] = d->items[base + 2 * i];
		values[i] = d->items[base + 2 * i + 1];
	}
	map = term_map(d->arena, keys, values, count);
	free(keys);
	d->len = base;
	return map;
}

static int decode_map(struct decoder *d, int tag, const struct term **out, struct error *err)
{
	size_t base = d->len, count;
	const struct term *map;

	(void)tag;
	if (take_count(d, 4, 2, &count, err) || charge(d, sizeof(*map), err) ||
	    push_terms(d, 2 * count, err))
		return -1;
	map = pop_map(d, base);
	if (map->map.len != count)
		return decode_fail(d, err, "map with the same key twice");
	*out = map;
	return 0;
}

/* ---- pids, ports, references ---- */

static int decode_node(struct decoder *d, struct span *out, struct error *err)
{
	uint64_t tag;

	if (take_number(d, 1, &tag, err))
		return -1;
	if (!is_atom_tag((int)tag))
		return decode_fail(d, err, "node name that is no atom");
	return atom_text(d, (int)tag, out, err);
}

static int take_creation(struct decoder *d, bool new, uint32_t *out, struct error *err)
{
	uint64_t value;

	if (take_number(d, new ? 4 : 1, &value, err))
		return -1;
	*out = (uint32_t)value;
	return 0;
}

static int decode_pid(struct decoder *d, int tag, const struct term **out, struct error *err)
{
	struct term *term;

	if (new_term(d, TERM_PID, &term, err) || decode_node(d, &term->id.node, err) ||
	    take_u32(d, &term->id.words[0], err) || take_u32(d, &term->id.words[1], err) ||
	    take_creation(d, tag == 88, &term->id.creation, err))
		return -1;
	term->id.len = 2;
	*out = term;
	return 0;
}

static int decode_port(struct decoder *d, int tag, const struct term **out, struct error *err)
{
	struct term *term;

	if (new_term(d, TERM_PORT, &term, err) || decode_node(d, &term->id.node, err) ||
	    (tag == 120 && take_u32(d, &term->id.words[0], err)) ||
	    take_u32(d, &term->id.words[1], err) ||
	    take_creation(d, tag != 102, &term->id.creation, err))
		return -1;
	term->id.len = 2;
	*out = term;
	return 0;
}

static int decode_old_reference(struct decoder *d, int tag, const struct term **out,
				struct error *err)
{
	struct term *term;

	(void)tag;
	if (new_term(d, TERM_REFERENCE, &term, err) || decode_node(d, &term->id.node, err) ||
	    take_u32(d, &term->id.words[0], err) ||
	    take_creation(d, false, &term->id.creation, err))
		return -1;
	term->id.len = 1;
	*out = term;
	return 0;
}

static int decode_reference(struct decoder *d, int tag, const struct term **out, struct error *err)
{
	struct term *term;
	uint64_t len;

	if (new_term(d, TERM_REFERENCE, &term, err) || take_number(d, 2, &len, err))
		return -1;
	if (len < 1 || len > ARRAY_LEN(term->id.words))
		return decode_fail(d, err, "reference of %u words", (unsigned)len);
	if (decode_node(d, &term->id.node, err) ||
	    take_creation(d, tag == 90, &term->id.creation, err))
		return -1;
	term->id.len = (unsigned)len;
	for (size_t i = 0; i < len; i++)
		if (take_u32(d, &term->id.words[i], err))
			return -1;
	*out = term;
	return 0;
}

/* ---- native records ---- */

/* A part of a record or a fun. */
static int decode_kind(struct decoder *d, enum term_kind kind, const struct term **out,
		       struct error *err)
{
	if (decode_term(d, out, err))
		return -1;
	if ((*out)->kind != kind)
		return decode_fail(d, err, "a part of the wrong kind");
	return 0;
}

static int decode_fields(struct decoder *d, size_t count, struct error *err)
{
	const struct term *field;

	for (size_t i = 0; i < count; i++) {
		if (charge(d, sizeof(void *), err) || decode_kind(d, TERM_ATOM, &field, err))
			return -1;
		push(d, field);
	}
	return 0;
}

static bool has_twice(const struct term *const *names, size_t len)
{
	owned_name_table struct name_table *seen = name_table_new();
	bool is_new = true;

	for (size_t i = 0; i < len && is_new; i++)
		name_table_add(seen, term_atom_name(names[i]), &is_new);
	return !is_new;
}

/* How many fields, whether it is exported, module, name, the fields, their values. */
static int decode_record(struct decoder *d, int tag, const struct term **out, struct error *err)
{
	size_t base = d->len, count;
	const struct term **items;
	struct term *term;
	uint64_t exported;

	(void)tag;
	/* A field has an atom of two bytes at least, and a value. */
	if (new_term(d, TERM_RECORD, &term, err) || take_count(d, 4, 3, &count, err) ||
	    take_number(d, 1, &exported, err))
		return -1;
	if (exported > 1)
		return decode_fail(d, err, "no native record");
	if (decode_kind(d, TERM_ATOM, &term->record.module, err) ||
	    decode_kind(d, TERM_ATOM, &term->record.name, err) || decode_fields(d, count, err) ||
	    push_terms(d, count, err))
		return -1;
	items = pop(d, base);
	if (has_twice(items, count))
		return decode_fail(d, err, "native record with the same field twice");
	term->record.fields = items;
	term->record.values = items + count;
	term->record.len = count;
	term->record.exported = exported;
	*out = term;
	return 0;
}

/* ---- funs ---- */

/* Kept with its atoms in UTF-8, whatever they came in, so that equal ones have equal bytes. */
static int decode_export(struct decoder *d, int tag, const struct term **out, struct error *err)
{
	const struct term *module, *function, *arity;
	owned_str struct str bytes = STR_EMPTY;
	struct term *term;

	if (new_term(d, TERM_OPAQUE, &term, err) || decode_kind(d, TERM_ATOM, &module, err) ||
	    decode_kind(d, TERM_ATOM, &function, err) || decode_kind(d, TERM_INTEGER, &arity, err))
		return -1;
	if (arity->integer < 0 || arity->integer > 255)
		return decode_fail(d, err, "fun with an impossible arity");
	str_addc(&bytes, (char)tag);
	term_encode_bare(&bytes, module, TERM_ATOMS_UTF8);
	term_encode_bare(&bytes, function, TERM_ATOMS_UTF8);
	term_encode_bare(&bytes, arity, TERM_ATOMS_UTF8);
	if (copy(d, str_span(&bytes), &term->text, err))
		return -1;
	*out = term;
	return 0;
}

/* What is inside is read only to know that it is sound. */
static int check_fun(struct decoder *d, struct error *err)
{
	const struct term *part;
	struct span unused;
	uint32_t count;

	if (take(d, 1 + 16 + 4, &unused, err) || take_u32(d, &count, err) ||
	    decode_kind(d, TERM_ATOM, &part, err) || decode_kind(d, TERM_INTEGER, &part, err) ||
	    decode_kind(d, TERM_INTEGER, &part, err) || decode_kind(d, TERM_PID, &part, err))
		return -1;
	for (; count > 0; count--)
		if (decode_term(d, &part, err))
			return -1;
	return 0;
}

static int decode_fun(struct decoder *d, int tag, const struct term **out, struct error *err)
{
	struct span whole = { d->rest.ptr - 1, 0 };
	struct term *term;
	uint32_t size;

	(void)tag;
	if (new_term(d, TERM_OPAQUE, &term, err) || take_u32(d, &size, err) || check_fun(d, err))
		return -1;
	whole.len = (size_t)(d->rest.ptr - whole.ptr);
	if (whole.len != (size_t)size + 1)
		return decode_fail(d, err, "fun of another size than it says");
	if (copy(d, whole, &term->text, err))
		return -1;
	*out = term;
	return 0;
}

/* ---- any term ---- */

typedef int decode_fn(struct decoder *d, int tag, const struct term **out, struct error *err);

static const struct {
	decode_fn *fn;
	bool nested;
} decoders[256] = {
	[97] = { decode_integer, false },     [98] = { decode_integer, false },
	[110] = { decode_big, false },        [111] = { decode_big, false },
	[70] = { decode_float, false },       [99] = { decode_old_float, false },
	[ATOM] = { decode_atom, false },      [SMALL_ATOM] = { decode_atom, false },
	[ATOM_UTF8] = { decode_atom, false }, [SMALL_ATOM_UTF8] = { decode_atom, false },
	[109] = { decode_binary, false },     [77] = { decode_bitstring, false },
	[NIL] = { decode_list, false },       [STRING] = { decode_list, false },
	[LIST] = { decode_list, true },       [104] = { decode_tuple, true },
	[105] = { decode_tuple, true },       [116] = { decode_map, true },
	[103] = { decode_pid, false },        [88] = { decode_pid, false },
	[102] = { decode_port, false },       [89] = { decode_port, false },
	[120] = { decode_port, false },       [101] = { decode_old_reference, false },
	[114] = { decode_reference, false },  [90] = { decode_reference, false },
	[67] = { decode_record, true },       [112] = { decode_fun, true },
	[113] = { decode_export, true },
};

static int decode_term(struct decoder *d, const struct term **out, struct error *err)
{
	uint64_t tag;
	int ret;

	if (take_number(d, 1, &tag, err))
		return -1;
	if (!decoders[tag].fn) {
		d->rest = (struct span){ d->rest.ptr - 1, d->rest.len + 1 };
		return decode_fail(d, err, "unknown tag %u", (unsigned)tag);
	}
	if (!decoders[tag].nested)
		return decoders[tag].fn(d, (int)tag, out, err);
	if (d->depth == 0)
		return decode_fail(d, err, "nested too deep");
	d->depth--;
	ret = decoders[tag].fn(d, (int)tag, out, err);
	d->depth++;
	return ret;
}

/* `start` is what the messages count from. */
static int decode(const struct term **out, struct arena *arena, const char *start,
		  struct span bytes, struct term_limits limits, const char *where, size_t *used,
		  struct error *err)
{
	struct decoder d = {
		.arena = arena,
		.start = start,
		.rest = bytes,
		.memory = limits.bytes,
		.depth = limits.depth,
		.where = where,
	};
	const struct term *term;
	int ret = decode_term(&d, &term, err);

	free(d.items);
	if (ret)
		return -1;
	if (!used && d.rest.len > 0)
		return decode_fail(&d, err, "%zu bytes behind the term", d.rest.len);
	if (used)
		*used = (size_t)(d.rest.ptr - bytes.ptr);
	*out = term;
	return 0;
}

static int inflate(struct str *out, struct span bytes, struct term_limits *limits, size_t *taken,
		   struct error *err)
{
	const unsigned char *p = (const unsigned char *)bytes.ptr;
	size_t size;

	if (bytes.len < 4)
		return error_set(err, ERROR_INVALID, "byte 2: the size is missing");
	size = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	if (size > limits->bytes)
		return error_set(err, ERROR_INVALID, "byte 2: %zu bytes are more than allowed",
				 size);
	limits->bytes -= size;
	if (zlib_inflate_some(out, (struct span){ bytes.ptr + 4, bytes.len - 4 }, size, taken, err))
		return error_wrap(err, "byte 6");
	*taken += 4;
	return 0;
}

static int decode_compressed(const struct term **out, struct arena *arena, struct span bytes,
			     struct term_limits limits, size_t *used, struct error *err)
{
	owned_str struct str plain = STR_EMPTY;
	size_t taken;

	bytes = (struct span){ bytes.ptr + 2, bytes.len - 2 };
	if (inflate(&plain, bytes, &limits, &taken, err))
		return -1;
	if (!used && taken != bytes.len)
		return error_set(err, ERROR_INVALID, "byte %zu: %zu bytes behind the term",
				 taken + 2, bytes.len - taken);
	if (decode(out, arena, plain.ptr, str_span(&plain), limits, "decompressed byte", NULL, err))
		return -1;
	if (used)
		*used = taken + 2;
	return 0;
}

int term_decode(const struct term **out, struct arena *arena, struct span bytes,
		struct term_limits limits, size_t *used, struct error *err)
{
	struct span rest;

	if (bytes.len == 0 || (unsigned char)bytes.ptr[0] != VERSION)
		return error_set(err, ERROR_INVALID, "byte 0: not the external term format");
	rest = (struct span){ bytes.ptr + 1, bytes.len - 1 };
	if (rest.len > 0 && (unsigned char)rest.ptr[0] == COMPRESSED)
		return decode_compressed(out, arena, bytes, limits, used, err);
	if (decode(out, arena, bytes.ptr, rest, limits, "byte", used, err))
		return -1;
	if (used)
		++*used;
	return 0;
}

int term_decode_bare(const struct term **out, struct arena *arena, struct span bytes,
		     struct term_limits limits, size_t *used, struct error *err)
{
	return decode(out, arena, bytes.ptr, bytes, limits, "byte", used, err);
}
