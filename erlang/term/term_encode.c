// SPDX-License-Identifier: Apache-2.0
/* The external term format, written as term_to_binary() does. */
#include "base/utf8.h"
#include "erlang/term/term.h"

enum { STRING_MAX = 0xffff };
enum { EXPORT = 113, ATOM_UTF8 = 118, SMALL_ATOM_UTF8 = 119 };

/* A number of `size` bytes, the highest first. */
static void add_number(struct str *out, uint64_t value, size_t size)
{
	char *room = str_room(out, size);

	for (size_t i = 0; i < size; i++)
		room[i] = (char)(value >> 8 * (size - 1 - i) & 0xff);
	out->len += size;
	out->ptr[out->len] = '\0';
}

static void add_tag(struct str *out, unsigned char tag)
{
	str_addc(out, (char)tag);
}

/* ---- atoms ---- */

/* False, nothing added, when a character has no place in Latin-1. */
static bool add_latin1_atom(struct str *out, struct span name)
{
	size_t start = out->len;
	uint32_t code;

	add_tag(out, 100);
	add_number(out, utf8_len(name), 2);
	while (utf8_next(&name, &code)) {
		if (code > 0xff) {
			out->len = start;
			return false;
		}
		str_addc(out, (char)code);
	}
	return true;
}

static void add_atom(struct str *out, struct span name, enum term_atoms atoms)
{
	if (atoms == TERM_ATOMS_LATIN1 && add_latin1_atom(out, name))
		return;
	add_tag(out, name.len > 255 ? ATOM_UTF8 : SMALL_ATOM_UTF8);
	add_number(out, name.len, name.len > 255 ? 2 : 1);
	str_add(out, name);
}

/* ---- numbers ---- */

static void add_big(struct str *out, struct span magnitude, bool negative)
{
	bool large = magnitude.len > 255;

	add_tag(out, large ? 111 : 110);
	add_number(out, magnitude.len, large ? 4 : 1);
	add_number(out, negative, 1);
	str_add(out, magnitude);
}

static void add_integer(struct str *out, int64_t value)
{
	uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char bytes[8];
	size_t len = 0;

	if (value >= 0 && value <= 255) {
		add_tag(out, 97);
		add_number(out, magnitude, 1);
		return;
	}
	if (value >= INT32_MIN && value <= INT32_MAX) {
		add_tag(out, 98);
		add_number(out, (uint32_t)value, 4);
		return;
	}
	for (; magnitude; magnitude >>= 8)
		bytes[len++] = (char)(magnitude & 0xff);
	add_big(out, (struct span){ bytes, len }, value < 0);
}

static void add_float(struct str *out, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	add_tag(out, 70);
	add_number(out, bits, 8);
}

/* ---- binaries, funs ---- */

static void add_binary(struct str *out, struct span bytes)
{
	add_tag(out, 109);
	add_number(out, bytes.len, 4);
	str_add(out, bytes);
}

static void add_bitstring(struct str *out, const struct term *term)
{
	add_tag(out, 77);
	add_number(out, term->bitstring.bytes.len, 4);
	add_number(out, term->bitstring.bits, 1);
	str_add(out, term->bitstring.bytes);
}

/* The name of the atom in UTF-8 that the bytes begin with; moves behind it. */
static struct span take_atom(struct span *bytes)
{
	const uint8_t *p = (const uint8_t *)bytes->ptr;
	size_t head = p[0] == ATOM_UTF8 ? 3 : 2;
	size_t len = p[0] == ATOM_UTF8 ? (size_t)p[1] << 8 | p[2] : p[1];
	struct span name = { bytes->ptr + head, len };

	*bytes = (struct span){ name.ptr + len, bytes->len - head - len };
	return name;
}

/* An export is kept as it is written here, with its atoms in UTF-8. */
static void add_fun(struct str *out, struct span bytes, enum term_atoms atoms)
{
	struct span rest = { bytes.ptr + 1, bytes.len - 1 };

	if (bytes.ptr[0] != EXPORT || atoms == TERM_ATOMS_UTF8) {
		str_add(out, bytes);
		return;
	}
	add_tag(out, EXPORT);
	add_atom(out, take_atom(&rest), atoms);
	add_atom(out, take_atom(&rest), atoms);
	str_add(out, rest);
}

/* ---- pids, ports, references ---- */

static void add_pid(struct str *out, const struct term *term, enum term_atoms atoms)
{
	add_tag(out, 88);
	add_atom(out, term->id.node, atoms);
	add_number(out, term->id.words[0], 4);
	add_number(out, term->id.words[1], 4);
	add_number(out, term->id.creation, 4);
}

static void add_port(struct str *out, const struct term *term, enum term_atoms atoms)
{
	uint64_t number = (uint64_t)term->id.words[0] << 32 | term->id.words[1];
	bool large = number >= 1 << 28;

	add_tag(out, large ? 120 : 89);
	add_atom(out, term->id.node, atoms);
	add_number(out, number, large ? 8 : 4);
	add_number(out, term->id.creation, 4);
}

static void add_reference(struct str *out, const struct term *term, enum term_atoms atoms)
{
	add_tag(out, 90);
	add_number(out, term->id.len, 2);
	add_atom(out, term->id.node, atoms);
	add_number(out, term->id.creation, 4);
	for (unsigned i = 0; i < term->id.len; i++)
		add_number(out, term->id.words[i], 4);
}

/* ---- lists, tuples, maps ---- */

static bool is_byte_list(const struct term *list)
{
	if (list->seq.tail || list->seq.len > STRING_MAX)
		return false;
	for (size_t i = 0; i < list->seq.len; i++) {
		const struct term *item = list->seq.items[i];

		if (item->kind != TERM_INTEGER || item->integer < 0 || item->integer > 255)
			return false;
	}
	return true;
}

static void add_list(struct str *out, const struct term *list, enum term_atoms atoms)
{
	if (list->seq.len == 0) {
		add_tag(out, 106);
		return;
	}
	if (is_byte_list(list)) {
		add_tag(out, 107);
		add_number(out, list->seq.len, 2);
		for (size_t i = 0; i < list->seq.len; i++)
			str_addc(out, (char)list->seq.items[i]->integer);
		return;
	}
	add_tag(out, 108);
	add_number(out, list->seq.len, 4);
	for (size_t i = 0; i < list->seq.len; i++)
		term_encode_bare(out, list->seq.items[i], atoms);
	term_encode_bare(out, list->seq.tail ? list->seq.tail : &term_nil, atoms);
}

static void add_tuple(struct str *out, const struct term *tuple, enum term_atoms atoms)
{
	bool large = tuple->seq.len > 255;

	add_tag(out, large ? 105 : 104);
	add_number(out, tuple->seq.len, large ? 4 : 1);
	for (size_t i = 0; i < tuple->seq.len; i++)
		term_encode_bare(out, tuple->seq.items[i], atoms);
}

static void add_map(struct str *out, const struct term *map, enum term_atoms atoms)
{
	add_tag(out, 116);
	add_number(out, map->map.len, 4);
	for (size_t i = 0; i < map->map.len; i++) {
		term_encode_bare(out, map->map.keys[i], atoms);
		term_encode_bare(out, map->map.values[i], atoms);
	}
}

static void add_record(struct str *out, const struct term *record, enum term_atoms atoms)
{
	add_tag(out, 67);
	add_number(out, record->record.len, 4);
	add_number(out, record->record.exported, 1);
	term_encode_bare(out, record->record.module, atoms);
	term_encode_bare(out, record->record.name, atoms);
	for (size_t i = 0; i < record->record.len; i++)
		term_encode_bare(out, record->record.fields[i], atoms);
	for (size_t i = 0; i < record->record.len; i++)
		term_encode_bare(out, record->record.values[i], atoms);
}

void term_encode_bare(struct str *out, const struct term *term, enum term_atoms atoms)
{
	switch (term->kind) {
	case TERM_ATOM:
		add_atom(out, term->text, atoms);
		break;
	case TERM_INTEGER:
		add_integer(out, term->integer);
		break;
	case TERM_BIG:
		add_big(out, term->big.bytes, term->big.negative);
		break;
	case TERM_FLOAT:
		add_float(out, term->real);
		break;
	case TERM_BINARY:
		add_binary(out, term->text);
		break;
	case TERM_BITSTRING:
		add_bitstring(out, term);
		break;
	case TERM_LIST:
		add_list(out, term, atoms);
		break;
	case TERM_TUPLE:
		add_tuple(out, term, atoms);
		break;
	case TERM_RECORD:
		add_record(out, term, atoms);
		break;
	case TERM_MAP:
		add_map(out, term, atoms);
		break;
	case TERM_PID:
		add_pid(out, term, atoms);
		break;
	case TERM_PORT:
		add_port(out, term, atoms);
		break;
	case TERM_REFERENCE:
		add_reference(out, term, atoms);
		break;
	case TERM_OPAQUE:
		add_fun(out, term->text, atoms);
		break;
	}
}

void term_encode(struct str *out, const struct term *term, enum term_atoms atoms)
{
	add_tag(out, 131);
	term_encode_bare(out, term, atoms);
}
