// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"
#include "erlang/term/term.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	WIDTH = 99,      /* of a line of pretty text */
	INDENT_MAX = 60, /* what is nested deeper stays there, so that text cannot explode */
};

/* ---- text ---- */

static bool is_printable(uint32_t code)
{
	return (code >= ' ' && code <= '~') || (code >= 0xa0 && code <= 0xd7ff) ||
	       (code >= 0xe000 && code <= 0xfffd) || (code >= 0x10000 && code <= 0x10ffff) ||
	       (code >= '\b' && code <= '\r') || code == '\033';
}

static void add_escaped(struct str *out, uint32_t code, char quote)
{
	static const char controls[] = "\n\t\v\b\r\f\033\177", letters[] = "ntvbrfed";
	const char *found = code && code < 0x80 ? strchr(controls, (int)code) : NULL;

	if (code == '\\' || code == (uint32_t)quote)
		str_addf(out, "\\%c", (int)code);
	else if (found)
		str_addf(out, "\\%c", letters[found - controls]);
	else if (!is_printable(code))
		str_addf(out, "\\x{%X}", code);
	else
		utf8_add(out, code);
}

static void add_quoted(struct str *out, struct span text, char quote)
{
	uint32_t code;

	str_addc(out, quote);
	while (utf8_next(&text, &code))
		add_escaped(out, code, quote);
	str_addc(out, quote);
}

static bool is_name(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '@' || (c >= 0xc0 && c <= 0xff && c != 0xd7 && c != 0xf7);
}

static bool is_reserved(struct span name)
{
	/* "maybe" and "else" are words of the language since OTP 27. */
	static const char *const words[] = {
		"after",   "and",  "andalso", "band",  "begin", "bnot", "bor",  "bsl",
		"bsr",     "bxor", "case",    "catch", "cond",  "div",  "else", "end",
		"fun",     "if",   "let",     "maybe", "not",   "of",   "or",   "orelse",
		"receive", "rem",  "try",     "when",  "xor",
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (span_is(name, words[i]))
			return true;
	return false;
}

static bool needs_quotes(struct span name)
{
	struct span rest = name;
	uint32_t code;

	if (!utf8_next(&rest, &code) ||
	    !((code >= 'a' && code <= 'z') || (code >= 0xdf && code <= 0xff && code != 0xf7)))
		return true;
	while (utf8_next(&rest, &code))
		if (!is_name(code))
			return true;
	return rest.len > 0 || is_reserved(name);
}

static void print_atom(struct str *out, struct span name)
{
	if (needs_quotes(name))
		add_quoted(out, name, '\'');
	else
		str_add(out, name);
}

/* ---- numbers ---- */

/* Divides by 10^9 in place, the remainder is returned. */
static uint32_t divide(uint32_t *limbs, size_t *len)
{
	uint64_t rest = 0;

	for (size_t i = *len; i > 0; i--) {
		rest = rest << 32 | limbs[i - 1];
		limbs[i - 1] = (uint32_t)(rest / 1000000000);
		rest %= 1000000000;
	}
	while (*len > 0 && limbs[*len - 1] == 0)
		--*len;
	return (uint32_t)rest;
}

static void print_big(struct str *out, struct span magnitude, bool negative)
{
	size_t len = (magnitude.len + 3) / 4, parts = 0;
	owned_mem uint32_t *limbs = mem_zero(len, sizeof(*limbs));
	/* 32 bits are more than 9 digits, 10 at most. */
	owned_mem uint32_t *digits = mem_zero(len * 10 / 9 + 2, sizeof(*digits));

	for (size_t i = 0; i < magnitude.len; i++)
		limbs[i / 4] |= (uint32_t)(unsigned char)magnitude.ptr[i] << i % 4 * 8;
	while (len > 0)
		digits[parts++] = divide(limbs, &len);
	str_addf(out, "%s%u", negative ? "-" : "", parts ? digits[parts - 1] : 0);
	for (size_t i = parts ? parts - 1 : 0; i > 0; i--)
		str_addf(out, "%09u", digits[i - 1]);
}

/* The shortest digits that read back to the same value, and the power of ten of the first. */
static int shortest(double value, char digits[static 32])
{
	char text[40];
	size_t n = 0;

	for (int precision = 0; precision < 17; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, value);
		if (strtod(text, NULL) == value)
			break;
	}
	for (const char *p = text; *p != 'e'; p++)
		if (*p != '.')
			digits[n++] = *p;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	digits[n] = '\0';
	return (int)strtol(strchr(text, 'e') + 1, NULL, 10);
}

static void add_plain_float(struct str *out, const char *digits, int exponent)
{
	int n = (int)strlen(digits);

	if (exponent < 0) {
		str_adds(out, "0.");
		for (int i = -1; i > exponent; i--)
			str_addc(out, '0');
		str_adds(out, digits);
		return;
	}
	for (int i = 0; i <= exponent; i++)
		str_addc(out, i < n ? digits[i] : '0');
	str_addf(out, ".%s", n > exponent + 1 ? digits + exponent + 1 : "0");
}

/* As OTP: with an exponent where that is shorter, and from 2^53 on. */
static void print_float(struct str *out, double value)
{
	owned_str struct str plain = STR_EMPTY, scientific = STR_EMPTY;
	char digits[32];
	int exponent;

	if (value == 0) {
		str_adds(out, signbit(value) ? "-0.0" : "0.0");
		return;
	}
	exponent = shortest(fabs(value), digits);
	str_addf(&scientific, "%c.%se%d", digits[0], digits[1] ? digits + 1 : "0", exponent);
	if (value < 0)
		str_addc(out, '-');
	if (exponent > -10 && exponent < 20)
		add_plain_float(&plain, digits, exponent);
	if (plain.len > 0 && plain.len <= scientific.len && fabs(value) < 0x1p53)
		str_add(out, str_span(&plain));
	else
		str_add(out, str_span(&scientific));
}

/* ---- strings and binaries ---- */

bool term_is_text(const struct term *list)
{
	if (list->kind != TERM_LIST || list->seq.len == 0 || list->seq.tail)
		return false;
	for (size_t i = 0; i < list->seq.len; i++) {
		const struct term *item = list->seq.items[i];

		if (item->kind != TERM_INTEGER || item->integer < 0 || item->integer > 0x10ffff ||
		    !is_printable((uint32_t)item->integer))
			return false;
	}
	return true;
}

static void print_string(struct str *out, const struct term *list)
{
	str_addc(out, '"');
	for (size_t i = 0; i < list->seq.len; i++)
		add_escaped(out, (uint32_t)list->seq.items[i]->integer, '"');
	str_addc(out, '"');
}

static bool is_printable_text(struct span bytes, bool *ascii)
{
	uint32_t code;

	*ascii = true;
	while (utf8_next(&bytes, &code)) {
		if (!is_printable(code))
			return false;
		*ascii &= code < 0x80;
	}
	return bytes.len == 0;
}

static void print_bytes(struct str *out, struct span bytes, unsigned last_bits, size_t limit)
{
	bool ascii;

	str_adds(out, "<<");
	if (bytes.len > 0 && bytes.len <= limit && !last_bits && is_printable_text(bytes, &ascii)) {
		add_quoted(out, bytes, '"');
		str_adds(out, ascii ? ">>" : "/utf8>>");
		return;
	}
	for (size_t i = 0; i < bytes.len && out->len <= limit; i++) {
		unsigned byte = (unsigned char)bytes.ptr[i];

		if (last_bits && i + 1 == bytes.len)
			str_addf(out, "%s%u:%u", i ? "," : "", byte >> (8 - last_bits), last_bits);
		else
			str_addf(out, "%s%u", i ? "," : "", byte);
	}
	str_adds(out, ">>");
}

/* ---- on one line ---- */

/* Printing stops soon after `limit` bytes: to see whether a term fits on a line. */
static void print(struct str *out, const struct term *term, size_t limit);

static void print_items(struct str *out, const struct term *term, const char *brackets,
			size_t limit)
{
	str_addc(out, brackets[0]);
	for (size_t i = 0; i < term->seq.len && out->len <= limit; i++) {
		if (i > 0)
			str_addc(out, ',');
		print(out, term->seq.items[i], limit);
	}
	if (term->seq.tail) {
		str_addc(out, '|');
		print(out, term->seq.tail, limit);
	}
	str_addc(out, brackets[1]);
}

static void print_map(struct str *out, const struct term *map, size_t limit)
{
	str_adds(out, "#{");
	for (size_t i = 0; i < map->map.len && out->len <= limit; i++) {
		if (i > 0)
			str_addc(out, ',');
		print(out, map->map.keys[i], limit);
		str_adds(out, " => ");
		print(out, map->map.values[i], limit);
	}
	str_addc(out, '}');
}

static void print_record(struct str *out, const struct term *record, size_t limit)
{
	str_addc(out, '#');
	print_atom(out, record->record.module->text);
	str_addc(out, ':');
	print_atom(out, record->record.name->text);
	str_addc(out, '{');
	for (size_t i = 0; i < record->record.len && out->len <= limit; i++) {
		if (i > 0)
			str_addc(out, ',');
		print_atom(out, record->record.fields[i]->text);
		str_adds(out, " = ");
		print(out, record->record.values[i], limit);
	}
	str_addc(out, '}');
}

static void print_id(struct str *out, const struct term *term)
{
	const char *what = term->kind == TERM_PID    ? "Pid"
			   : term->kind == TERM_PORT ? "Port"
						     : "Ref";

	str_addf(out, "#%s<", what);
	str_add(out, term->id.node);
	for (unsigned i = 0; i < term->id.len; i++)
		str_addf(out, ".%u", term->id.words[i]);
	str_addc(out, '>');
}

/* fun m:f/1 where it is that; other funs have no text that could be read. */
static void print_fun(struct str *out, struct span bytes)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *parts[3];
	struct error err;
	size_t used = 1;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (bytes.ptr[0] != 113 && i == 0)
			break;
		bytes = (struct span){ bytes.ptr + used, bytes.len - used };
		if (term_decode_bare(&parts[i], &arena, bytes, TERM_LIMITS_NODE, &used, &err))
			break;
		if (i < 2)
			continue;
		str_adds(out, "fun ");
		print_atom(out, parts[0]->text);
		str_addc(out, ':');
		print_atom(out, parts[1]->text);
		str_addf(out, "/%d", (int)parts[2]->integer);
		return;
	}
	str_adds(out, "#Fun<>");
}

static void print(struct str *out, const struct term *term, size_t limit)
{
	switch (term->kind) {
	case TERM_ATOM:
		print_atom(out, term->text);
		break;
	case TERM_INTEGER:
		str_addf(out, "%lld", (long long)term->integer);
		break;
	case TERM_BIG:
		print_big(out, term->big.bytes, term->big.negative);
		break;
	case TERM_FLOAT:
		print_float(out, term->real);
		break;
	case TERM_BINARY:
		print_bytes(out, term->text, 0, limit);
		break;
	case TERM_BITSTRING:
		print_bytes(out, term->bitstring.bytes, term->bitstring.bits, limit);
		break;
	case TERM_LIST:
		/* One that is too long for the limit need not be looked through. */
		if (term->seq.len <= limit && term_is_text(term))
			print_string(out, term);
		else
			print_items(out, term, "[]", limit);
		break;
	case TERM_TUPLE:
		print_items(out, term, "{}", limit);
		break;
	case TERM_RECORD:
		print_record(out, term, limit);
		break;
	case TERM_MAP:
		print_map(out, term, limit);
		break;
	case TERM_PID:
	case TERM_PORT:
	case TERM_REFERENCE:
		print_id(out, term);
		break;
	case TERM_OPAQUE:
		print_fun(out, term->text);
		break;
	}
}

void term_print(struct str *out, const struct term *term)
{
	print(out, term, SIZE_MAX);
}

/* ---- over several lines ---- */

static void pretty(struct str *out, const struct term *term, size_t indent, size_t behind);

static size_t deeper(size_t indent, size_t by)
{
	return indent + by < INDENT_MAX ? indent + by : INDENT_MAX;
}

static void new_line(struct str *out, size_t indent)
{
	str_addc(out, '\n');
	memset(str_room(out, indent), ' ', indent);
	out->len += indent;
	out->ptr[out->len] = '\0';
}

static size_t column(const struct str *out)
{
	const char *start;

	if (out->len == 0)
		return 0;
	start = memrchr(out->ptr, '\n', out->len);
	start = start ? start + 1 : out->ptr;
	return utf8_len((struct span){ start, (size_t)(out->ptr + out->len - start) });
}

/* Prints on the present line when it, and `behind` more characters, fit there. */
static bool print_here(struct str *out, const struct term *term, size_t behind)
{
	size_t room = column(out) + behind;
	owned_str struct str flat = STR_EMPTY;

	if (room > WIDTH)
		return false;
	print(&flat, term, UTF8_MAX * (WIDTH - room));
	if (utf8_len(str_span(&flat)) > WIDTH - room)
		return false;
	str_add(out, str_span(&flat));
	return true;
}

/* A long string is written as several that follow each other. */
static void pretty_string(struct str *out, const struct term *list, size_t indent, size_t behind)
{
	size_t width = column(out);

	str_addc(out, '"');
	for (size_t i = 0; i < list->seq.len; i++) {
		size_t before = out->len;

		add_escaped(out, (uint32_t)list->seq.items[i]->integer, '"');
		width += utf8_len((struct span){ out->ptr + before, out->len - before });
		if (width + behind + 8 >= WIDTH && i + 1 < list->seq.len && width > indent + 8) {
			str_addc(out, '"');
			new_line(out, indent);
			str_addc(out, '"');
			width = indent;
		}
	}
	str_addc(out, '"');
}

static bool is_flat(const struct term *term)
{
	return term->kind != TERM_LIST && term->kind != TERM_TUPLE && term->kind != TERM_MAP;
}

/* The items of a list or tuple: one a line, but atoms, numbers and binaries that
 * follow each other share lines.
 */
static void pretty_items(struct str *out, const struct term *term, const char *brackets,
			 size_t indent, size_t behind)
{
	const struct term *const *items = term->seq.items;

	str_addc(out, brackets[0]);
	for (size_t i = 0; i < term->seq.len; i++) {
		bool last = i + 1 == term->seq.len && !term->seq.tail;
		size_t more = last ? behind + 1 : 1;

		if (i > 0) {
			str_addc(out, ',');
			if (is_flat(items[i]) && is_flat(items[i - 1]) &&
			    print_here(out, items[i], more))
				continue;
			new_line(out, deeper(indent, 1));
		}
		pretty(out, items[i], deeper(indent, 1), more);
	}
	if (term->seq.tail) {
		str_addc(out, '|');
		new_line(out, deeper(indent, 1));
		pretty(out, term->seq.tail, deeper(indent, 1), behind + 1);
	}
	str_addc(out, brackets[1]);
}

static void pretty_map(struct str *out, const struct term *map, size_t indent, size_t behind)
{
	str_adds(out, "#{");
	for (size_t i = 0; i < map->map.len; i++) {
		bool last = i + 1 == map->map.len;

		if (i > 0) {
			str_addc(out, ',');
			new_line(out, deeper(indent, 2));
		}
		pretty(out, map->map.keys[i], deeper(indent, 2), 3);
		str_adds(out, " => ");
		if (print_here(out, map->map.values[i], last ? behind + 1 : 1))
			continue;
		out->len--;
		new_line(out, deeper(indent, 4));
		pretty(out, map->map.values[i], deeper(indent, 4), last ? behind + 1 : 1);
	}
	str_addc(out, '}');
}

static void pretty(struct str *out, const struct term *term, size_t indent, size_t behind)
{
	if (print_here(out, term, behind))
		return;
	if (term_is_text(term))
		pretty_string(out, term, indent, behind);
	else if (term->kind == TERM_LIST)
		pretty_items(out, term, "[]", indent, behind);
	else if (term->kind == TERM_TUPLE)
		pretty_items(out, term, "{}", indent, behind);
	else if (term->kind == TERM_MAP)
		pretty_map(out, term, indent, behind);
	else
		print(out, term, SIZE_MAX);
}

void term_print_pretty(struct str *out, const struct term *term)
{
	pretty(out, term, deeper(column(out), 0), 0);
}

void term_print_file(struct str *out, const struct term *term)
{
	str_adds(out, "%% coding: utf-8\n");
	pretty(out, term, 0, 1);
	str_adds(out, ".\n");
}
