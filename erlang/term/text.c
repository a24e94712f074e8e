// SPDX-License-Identifier: Apache-2.0
#include "erlang/term/text.h"

/* Integers of this size are one machine word in Erlang's VM; at the first larger one
 * unicode:characters_to_list() gives up without looking at the rest.
 */
#define SMALL_MAX (((int64_t)1 << 59) - 1)
#define SMALL_MIN (-((int64_t)1 << 59))

enum scan {
	SCAN_FLAT, /* code points so far */
	SCAN_ODD,  /* iodata, or a number that is no code point */
	SCAN_STOP, /* as SCAN_ODD, and the rest does not matter */
	SCAN_CRASH,
};

static enum scan scan_integer(const struct term *term)
{
	int64_t value;

	if (!term_get_integer(term, &value) || value > SMALL_MAX || value < SMALL_MIN)
		return SCAN_STOP;
	if (value < 0 || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
		return SCAN_ODD;
	return SCAN_FLAT;
}

static enum scan scan_list(const struct term *list, unsigned depth);

static enum scan scan_element(const struct term *term, unsigned depth)
{
	enum scan inner;

	switch (term->kind) {
	case TERM_INTEGER:
	case TERM_BIG:
		return scan_integer(term);
	case TERM_BINARY:
		return SCAN_ODD;
	case TERM_LIST:
		inner = depth ? scan_list(term, depth - 1) : SCAN_CRASH;
		return inner == SCAN_FLAT ? SCAN_ODD : inner;
	default:
		return SCAN_CRASH;
	}
}

static enum scan scan_list(const struct term *list, unsigned depth)
{
	enum scan result = SCAN_FLAT;

	for (size_t i = 0; i < list->seq.len; i++) {
		enum scan element = scan_element(list->seq.items[i], depth);

		if (element >= SCAN_STOP)
			return element;
		if (element == SCAN_ODD)
			result = SCAN_ODD;
	}
	if (!list->seq.tail)
		return result;
	return list->seq.tail->kind == TERM_BINARY ? SCAN_ODD : SCAN_CRASH;
}

enum text_verdict text_judge(const struct term *term)
{
	enum scan scan;

	if (term->kind == TERM_BINARY)
		return TEXT_BAD;
	if (term->kind != TERM_LIST)
		return TEXT_CRASH;
	scan = scan_list(term, TERM_DEPTH_MAX);
	if (scan == SCAN_CRASH)
		return TEXT_CRASH;
	return scan == SCAN_FLAT ? TEXT_GOOD : TEXT_BAD;
}

enum text_verdict text_check(const char **out, struct arena *arena, const struct term *term)
{
	enum text_verdict verdict = text_judge(term);

	if (verdict == TEXT_GOOD && !term_get_string(term, arena, out))
		return TEXT_BAD;
	return verdict;
}

static bool fits_folder(const char *name)
{
	return !strchr(name, '/');
}

bool name_get(const char **out, const struct term *atom)
{
	if (atom->kind != TERM_ATOM || memchr(atom->text.ptr, '\0', atom->text.len))
		return false;
	*out = term_atom_name(atom);
	return true;
}

bool name_get_folder(const char **out, const struct term *atom)
{
	const char *name;

	if (!name_get(&name, atom) || !fits_folder(name))
		return false;
	*out = name;
	return true;
}

enum text_verdict text_check_folder(const char **out, struct arena *arena, const struct term *term)
{
	const char *text = NULL;
	enum text_verdict verdict = text_check(&text, arena, term);

	if (verdict != TEXT_GOOD)
		return verdict;
	if (!fits_folder(text))
		return TEXT_BAD;
	*out = text;
	return TEXT_GOOD;
}

bool names_from_list(struct names *out, struct arena *arena, const struct term *list)
{
	const char **items;

	if (!term_is_list(list))
		return false;
	items = arena_array(arena, list->seq.len, const char *);
	for (size_t i = 0; i < list->seq.len; i++)
		if (!name_get(&items[i], list->seq.items[i]))
			return false;
	*out = (struct names){ items, list->seq.len };
	return true;
}
