// SPDX-License-Identifier: Apache-2.0
#include "erlang/term/term.h"

#include "base/utf8.h"

#include <stdlib.h>

const struct term term_nil = { .kind = TERM_LIST };

#define I1(n)                                        \
	{                                            \
		.kind = TERM_INTEGER, .integer = (n) \
	}
#define I4(n) I1(n), I1((n) + 1), I1((n) + 2), I1((n) + 3)
#define I16(n) I4(n), I4((n) + 4), I4((n) + 8), I4((n) + 12)
#define I64(n) I16(n), I16((n) + 16), I16((n) + 32), I16((n) + 48)

/* Shared, because text is a list of these. */
static const struct term bytes[256] = { I64(0), I64(64), I64(128), I64(192) };

static struct term *term_new(struct arena *arena, enum term_kind kind)
{
	struct term *term = arena_new(arena, struct term);

	term->kind = kind;
	return term;
}

static struct span copy(struct arena *arena, struct span text)
{
	return (struct span){ arena_dup(arena, text), text.len };
}

void terms_add(struct arena *arena, struct terms *terms, const struct term *term)
{
	terms->items = arena_grow(arena, terms->items, terms->len, &terms->cap);
	terms->items[terms->len++] = term;
}

static bool has_nul(struct span text)
{
	return text.len > 0 && memchr(text.ptr, '\0', text.len);
}

struct span term_atom_text(struct arena *arena, struct span name)
{
	struct span picture;
	char *text;

	if (!has_nul(name))
		return copy(arena, name);
	picture = span_of(arena_text(arena, name));
	text = arena_alloc(arena, name.len + 1 + picture.len + 1);
	memcpy(text, name.ptr, name.len);
	memcpy(text + name.len + 1, picture.ptr, picture.len);
	return (struct span){ text, name.len };
}

const struct term *term_atom(struct arena *arena, const char *name)
{
	return term_atom_span(arena, span_of(name));
}

const struct term *term_atom_span(struct arena *arena, struct span name)
{
	struct term *term = term_new(arena, TERM_ATOM);

	term->text = term_atom_text(arena, name);
	return term;
}

const struct term *term_bool(bool value)
{
	static const struct term atoms[] = {
		{ .kind = TERM_ATOM, .text = { "false", 5 } },
		{ .kind = TERM_ATOM, .text = { "true", 4 } },
	};

	return &atoms[value];
}

const struct term *term_integer(struct arena *arena, int64_t value)
{
	struct term *term;

	if (value >= 0 && value < (int64_t)ARRAY_LEN(bytes))
		return &bytes[value];
	term = term_new(arena, TERM_INTEGER);
	term->integer = value;
	return term;
}

const struct term *term_float(struct arena *arena, double value)
{
	struct term *term = term_new(arena, TERM_FLOAT);

	term->real = value;
	return term;
}

static bool fits(struct span magnitude, bool negative, int64_t *out)
{
	uint64_t value = 0;

	if (magnitude.len > sizeof(value))
		return false;
	for (size_t i = magnitude.len; i > 0; i--)
		value = value << 8 | (unsigned char)magnitude.ptr[i - 1];
	if (value > (uint64_t)INT64_MAX + negative)
		return false;
	*out = negative ? (int64_t)(0 - value) : (int64_t)value;
	return true;
}

const struct term *term_big(struct arena *arena, struct span magnitude, bool negative)
{
	struct term *term;
	int64_t value;

	while (magnitude.len > 0 && magnitude.ptr[magnitude.len - 1] == 0)
		magnitude.len--;
	if (fits(magnitude, negative, &value))
		return term_integer(arena, value);
	term = term_new(arena, TERM_BIG);
	term->big.bytes = copy(arena, magnitude);
	term->big.negative = negative;
	return term;
}

const struct term *term_string(struct arena *arena, const char *text)
{
	struct span rest = span_of(text);
	const struct term **items = arena_array(arena, rest.len, const struct term *);
	size_t len = 0;
	uint32_t code;

	while (rest.len > 0) {
		if (!utf8_next(&rest, &code)) {
			code = (unsigned char)rest.ptr[0];
			rest = (struct span){ rest.ptr + 1, rest.len - 1 };
		}
		items[len++] = term_integer(arena, code);
	}
	return term_list(arena, items, len);
}

const struct term *term_binary(struct arena *arena, struct span content)
{
	struct term *term = term_new(arena, TERM_BINARY);

	term->text = copy(arena, content);
	return term;
}

const struct term *term_list(struct arena *arena, const struct term *const *items, size_t len)
{
	return term_list_with_tail(arena, items, len, NULL);
}

const struct term *term_list_with_tail(struct arena *arena, const struct term *const *items,
				       size_t len, const struct term *tail)
{
	struct term *term;

	if (len == 0)
		return &term_nil;
	term = term_new(arena, TERM_LIST);
	term->seq.items = items;
	term->seq.len = len;
	term->seq.tail = tail;
	return term;
}

const struct term *term_list_of(struct arena *arena, const struct terms *terms)
{
	return term_list(arena, terms->items, terms->len);
}

const struct term *term_tuple_of(struct arena *arena, const struct term *const *items, size_t len)
{
	struct term *term = term_new(arena, TERM_TUPLE);
	const struct term **own = arena_array(arena, len, const struct term *);

	if (len > 0)
		memcpy(own, items, len * sizeof(*own));
	term->seq.items = own;
	term->seq.len = len;
	return term;
}

struct pair {
	const struct term *key, *value;
	size_t at;
};

static int pair_order(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int order = term_compare_keys(x->key, y->key);

	return order ? order : (x->at > y->at) - (x->at < y->at);
}

const struct term *term_map(struct arena *arena, const struct term *const *keys,
			    const struct term *const *values, size_t len)
{
	struct term *term = term_new(arena, TERM_MAP);
	struct pair *pairs = mem_zero(len, sizeof(*pairs));
	const struct term **k = arena_array(arena, len, const struct term *);
	const struct term **v = arena_array(arena, len, const struct term *);
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		pairs[i] = (struct pair){ keys[i], values[i], i };
	if (len > 1)
		qsort(pairs, len, sizeof(*pairs), pair_order);
	for (size_t i = 0; i < len; i++) {
		if (i + 1 < len && term_equal(pairs[i].key, pairs[i + 1].key))
			continue;
		k[n] = pairs[i].key;
		v[n++] = pairs[i].value;
	}
	free(pairs);
	term->map.keys = k;
	term->map.values = v;
	term->map.len = n;
	return term;
}

bool term_is_atom(const struct term *term, const char *name)
{
	return term->kind == TERM_ATOM && span_is(term->text, name);
}

bool term_is_nil(const struct term *term)
{
	return term->kind == TERM_LIST && term->seq.len == 0;
}

bool term_is_list(const struct term *term)
{
	return term->kind == TERM_LIST && !term->seq.tail;
}

bool term_is_tuple(const struct term *term, size_t arity)
{
	return term->kind == TERM_TUPLE && term->seq.len == arity;
}

bool term_is_tagged(const struct term *term, const char *tag, size_t arity)
{
	return arity > 0 && term_is_tuple(term, arity) && term_is_atom(term->seq.items[0], tag);
}

const struct term *term_at(const struct term *term, size_t n)
{
	return term->seq.items[n];
}

const char *term_atom_name(const struct term *term)
{
	if (term->kind != TERM_ATOM)
		return NULL;
	return has_nul(term->text) ? term->text.ptr + term->text.len + 1 : term->text.ptr;
}

static bool is_code_point(const struct term *term)
{
	return term->kind == TERM_INTEGER && term->integer > 0 && term->integer <= 0x10ffff &&
	       !(term->integer >= 0xd800 && term->integer <= 0xdfff);
}

bool term_get_string(const struct term *term, struct arena *arena, const char **out)
{
	size_t size = 0;
	char *text;

	if (!term_is_list(term))
		return false;
	for (size_t i = 0; i < term->seq.len; i++) {
		char unused[UTF8_MAX];

		if (!is_code_point(term->seq.items[i]))
			return false;
		size += utf8_write(unused, (uint32_t)term->seq.items[i]->integer);
	}
	text = arena_alloc(arena, size + UTF8_MAX);
	*out = text;
	for (size_t i = 0; i < term->seq.len; i++)
		text += utf8_write(text, (uint32_t)term->seq.items[i]->integer);
	return true;
}

bool term_get_text(const struct term *term, struct arena *arena, const char **out)
{
	if (term->kind != TERM_BINARY)
		return term_get_string(term, arena, out);
	if (has_nul(term->text))
		return false;
	*out = arena_dup(arena, term->text);
	return true;
}

bool term_get_integer(const struct term *term, int64_t *out)
{
	if (term->kind != TERM_INTEGER)
		return false;
	*out = term->integer;
	return true;
}

const struct term *term_proplist_get(const struct term *list, const char *key)
{
	if (list->kind != TERM_LIST)
		return NULL;
	for (size_t i = 0; i < list->seq.len; i++)
		if (term_is_tagged(list->seq.items[i], key, 2))
			return list->seq.items[i]->seq.items[1];
	return NULL;
}

const struct term *term_map_get(const struct term *map, const char *key)
{
	if (map->kind != TERM_MAP)
		return NULL;
	for (size_t i = 0; i < map->map.len; i++)
		if (term_is_atom(map->map.keys[i], key))
			return map->map.values[i];
	return NULL;
}
