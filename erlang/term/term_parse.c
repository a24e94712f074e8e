// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/utf8.h"
#include "erlang/term/term_scan.h"

#include <stdlib.h>

enum { MEMORY_MAX = 1 << 30 };

struct parser {
	struct scanner scanner;
	struct arena *arena;
	struct token token; /* the next one, not yet used */
	/* Items of the lists, tuples and maps that are still open. */
	const struct term **items;
	size_t len, cap;
	size_t memory; /* what the terms so far take, about */
	unsigned depth;
};

static int parse_term(struct parser *p, const struct term **out, struct error *err);

#define parse_fail(p, err, ...) scan_error(&(p)->scanner, err, "parse", (p)->token.at, __VA_ARGS__)

static int advance(struct parser *p, struct error *err)
{
	if (scan_next(&p->scanner, &p->token, err))
		return -1;
	p->memory += sizeof(struct term) + 2 * sizeof(void *) + p->token.source.len;
	if (p->memory > MEMORY_MAX)
		return parse_fail(p, err, "the term takes more than %d bytes", MEMORY_MAX);
	return 0;
}

static int unexpected(struct parser *p, struct error *err)
{
	struct span source = p->token.source;

	switch (p->token.kind) {
	case TOKEN_END:
		return parse_fail(p, err, "the file ends without the final dot");
	case TOKEN_DOT:
		return parse_fail(p, err, "the final dot comes too early");
	case TOKEN_VARIABLE:
		return parse_fail(p, err, "variable " SPAN_FMT " is no term", SPAN_ARG(source));
	case TOKEN_KEYWORD:
		return parse_fail(p, err, "reserved word " SPAN_FMT " needs quotes",
				  SPAN_ARG(source));
	default:
		if (source.len > 40)
			source.len = 40;
		while (!utf8_valid(source))
			source.len--;
		return parse_fail(p, err, "unexpected " SPAN_FMT, SPAN_ARG(source));
	}
}

static int expect(struct parser *p, const char *sign, struct error *err)
{
	return token_is(&p->token, sign) ? advance(p, err) : unexpected(p, err);
}

static void push(struct parser *p, const struct term *term)
{
	if (p->len == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 64;
		p->items = mem_resize(p->items, p->cap, sizeof(const struct term *));
	}
	p->items[p->len++] = term;
}

static struct term *term_here(struct parser *p, enum term_kind kind)
{
	struct term *term = arena_new(p->arena, struct term);

	term->kind = kind;
	term->line = p->token.line;
	return term;
}

/* Takes what was pushed since `base` off as the items of `term`. */
static void pop_items(struct parser *p, size_t base, struct term *term)
{
	size_t len = p->len - base;
	const struct term **items = arena_array(p->arena, len, const struct term *);

	if (len > 0)
		memcpy(items, p->items + base, len * sizeof(*items));
	term->seq.items = items;
	term->seq.len = len;
	p->len = base;
}

/* ---- numbers, atoms, strings ---- */

static const struct term *negated(struct parser *p, const struct term *number)
{
	if (number->kind == TERM_FLOAT)
		return term_float(p->arena, -number->real);
	if (number->kind == TERM_INTEGER)
		return term_integer(p->arena, -number->integer);
	return term_big(p->arena, number->big.bytes, true);
}

/* A number is the only thing that a sign, also with parentheses, may stand before. */
static int parse_signed(struct parser *p, const struct term **out, struct error *err)
{
	bool minus = token_is(&p->token, "-");
	unsigned open = 0;

	if (advance(p, err))
		return -1;
	for (; token_is(&p->token, "("); open++)
		if (advance(p, err))
			return -1;
	if (p->token.kind != TOKEN_INTEGER && p->token.kind != TOKEN_FLOAT)
		return unexpected(p, err);
	*out = minus ? negated(p, p->token.number) : p->token.number;
	if (advance(p, err))
		return -1;
	for (; open > 0; open--)
		if (expect(p, ")", err))
			return -1;
	return 0;
}

static int parse_atom(struct parser *p, const struct term **out, struct error *err)
{
	struct term *term = term_here(p, TERM_ATOM);

	term->text = term_atom_text(p->arena, p->token.text);
	*out = term;
	return advance(p, err);
}

static int push_characters(struct parser *p, struct error *err)
{
	struct span rest = p->token.text;
	uint32_t code;

	p->memory += rest.len * sizeof(void *);
	while (utf8_next(&rest, &code)) {
		if (code > 0xff)
			p->memory += sizeof(struct term);
		push(p, term_integer(p->arena, code));
	}
	return advance(p, err);
}

/* Pushes the characters of a string, and of those that follow at once. */
static int push_strings(struct parser *p, struct error *err)
{
	if (p->token.kind == TOKEN_STRING_ALONE)
		return push_characters(p, err);
	while (p->token.kind == TOKEN_STRING)
		if (push_characters(p, err))
			return -1;
	return 0;
}

static int parse_string(struct parser *p, const struct term **out, struct error *err)
{
	struct term *term = term_here(p, TERM_LIST);
	size_t base = p->len;

	if (push_strings(p, err))
		return -1;
	pop_items(p, base, term);
	*out = term;
	return 0;
}

static int parse_text_binary(struct parser *p, const struct term **out, struct error *err)
{
	struct term *term = term_here(p, TERM_BINARY);

	term->text = (struct span){ arena_dup(p->arena, p->token.text), p->token.text.len };
	p->memory += p->token.text.len;
	*out = term;
	return advance(p, err);
}

/* ---- lists, tuples, maps ---- */

static int append_list(struct parser *p, const struct term *list, struct error *err)
{
	p->memory += list->seq.len * sizeof(void *);
	if (p->memory > MEMORY_MAX)
		return parse_fail(p, err, "the term takes more than %d bytes", MEMORY_MAX);
	for (size_t i = 0; i < list->seq.len; i++)
		push(p, list->seq.items[i]);
	return 0;
}

/* Behind "|".  A list as tail is gone on with as part of this one, so that
 * [a|[b|[c|…]]] needs no depth; *open counts its brackets.
 */
static int parse_tail(struct parser *p, unsigned *open, const struct term **tail, bool *more,
		      struct error *err)
{
	const struct term *term;

	*more = token_is(&p->token, "[");
	if (*more) {
		++*open;
		if (advance(p, err))
			return -1;
		*more = !token_is(&p->token, "]");
		return 0;
	}
	if (parse_term(p, &term, err))
		return -1;
	if (term->kind != TERM_LIST) {
		*tail = term;
		return 0;
	}
	*tail = term->seq.tail;
	return append_list(p, term, err);
}

/* Pushes the items up to the closing bracket, which is left. */
static int push_list(struct parser *p, unsigned *open, const struct term **tail, struct error *err)
{
	const struct term *term;
	bool more = !token_is(&p->token, "]");

	while (more) {
		if (parse_term(p, &term, err))
			return -1;
		push(p, term);
		more = token_is(&p->token, ",");
		if (more && advance(p, err))
			return -1;
		if (token_is(&p->token, "|") && !more &&
		    (advance(p, err) || parse_tail(p, open, tail, &more, err)))
			return -1;
	}
	return 0;
}

static int parse_list(struct parser *p, const struct term **out, struct error *err)
{
	struct term *term = term_here(p, TERM_LIST);
	size_t base = p->len;
	unsigned open = 1;

	if (advance(p, err) || push_list(p, &open, &term->seq.tail, err))
		return -1;
	for (; open > 0; open--)
		if (expect(p, "]", err))
			return -1;
	pop_items(p, base, term);
	*out = term;
	return 0;
}

static int parse_tuple(struct parser *p, const struct term **out, struct error *err)
{
	struct term *term = term_here(p, TERM_TUPLE);
	const struct term *item;
	size_t base = p->len;
	bool more;

	if (advance(p, err))
		return -1;
	for (more = !token_is(&p->token, "}"); more;) {
		if (parse_term(p, &item, err))
			return -1;
		push(p, item);
		more = token_is(&p->token, ",");
		if (more && advance(p, err))
			return -1;
	}
	if (expect(p, "}", err))
		return -1;
	pop_items(p, base, term);
	*out = term;
	return 0;
}

/* The pairs that were pushed since `base`, as a map. */
static const struct term *pop_map(struct parser *p, size_t base, unsigned line)
{
	size_t len = (p->len - base) / 2;
	const struct term **keys = mem_alloc(len * sizeof(*keys));
	const struct term **values = mem_alloc(len * sizeof(*values));
	struct term *map = arena_new(p->arena, struct term);

	for (size_t i = 0; i < len; i++) {
		keys[i] = p->items[base + 2 * i];
		values[i] = p->items[base + 2 * i + 1];
	}
	*map = *term_map(p->arena, keys, values, len);
	map->line = line;
	free(keys);
	free(values);
	p->len = base;
	return map;
}

static int parse_map(struct parser *p, const struct term **out, struct error *err)
{
	unsigned line = p->token.line;
	const struct term *key, *value;
	size_t base = p->len;
	bool more;

	if (advance(p, err) || expect(p, "{", err))
		return -1;
	for (more = !token_is(&p->token, "}"); more;) {
		if (parse_term(p, &key, err) || expect(p, "=>", err) || parse_term(p, &value, err))
			return -1;
		push(p, key);
		push(p, value);
		more = token_is(&p->token, ",");
		if (more && advance(p, err))
			return -1;
	}
	if (expect(p, "}", err))
		return -1;
	*out = pop_map(p, base, line);
	return 0;
}

/* ---- binaries ---- */

static int parse_size(struct parser *p, struct segment *segment, struct error *err)
{
	if (!token_is(&p->token, ":"))
		return 0;
	if (advance(p, err))
		return -1;
	if (p->token.kind != TOKEN_INTEGER)
		return unexpected(p, err);
	segment->size = p->token.number;
	return advance(p, err);
}

static int parse_type(struct parser *p, struct segment *segment, struct error *err)
{
	const struct term *word;
	int64_t value = 0;

	if (p->token.kind != TOKEN_ATOM)
		return unexpected(p, err);
	if (parse_atom(p, &word, err))
		return -1;
	if (token_is(&p->token, ":")) {
		if (advance(p, err))
			return -1;
		if (p->token.kind != TOKEN_INTEGER || !term_get_integer(p->token.number, &value) ||
		    value < 1)
			return unexpected(p, err);
		if (advance(p, err))
			return -1;
	}
	if (!segment_word(segment, word->text, value))
		return parse_fail(p, err, "wrong type of a binary segment before this");
	return 0;
}

static int parse_types(struct parser *p, struct segment *segment, struct error *err)
{
	bool more = token_is(&p->token, "/");

	while (more) {
		if (advance(p, err) || parse_type(p, segment, err))
			return -1;
		more = token_is(&p->token, "-");
	}
	return 0;
}

/* What a segment is made of: a string (its text goes into *text), or another term. */
static int parse_segment_value(struct parser *p, struct str *text, const struct term **value,
			       struct error *err)
{
	unsigned open = 0;

	for (; token_is(&p->token, "("); open++)
		if (advance(p, err))
			return -1;
	if (p->token.kind != TOKEN_STRING && parse_term(p, value, err))
		return -1;
	while (!*value && p->token.kind == TOKEN_STRING) {
		str_add(text, p->token.text);
		if (advance(p, err))
			return -1;
	}
	for (; open > 0; open--)
		if (expect(p, ")", err))
			return -1;
	return 0;
}

static int parse_segment(struct parser *p, struct bits *bits, struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	const struct term *value = NULL;
	struct segment segment = { 0 };
	size_t at = p->token.at, before = bits->bytes.len;
	bool fine;

	if (parse_segment_value(p, &text, &value, err) || parse_size(p, &segment, err) ||
	    parse_types(p, &segment, err))
		return -1;
	fine = value ? bits_add(bits, value, segment)
		     : bits_add_string(bits, str_span(&text), segment);
	if (!fine)
		return scan_error(&p->scanner, err, "parse", at,
				  "this segment of a binary cannot be constructed");
	p->memory += bits->bytes.len - before;
	return 0;
}

static int parse_segments(struct parser *p, struct bits *bits, struct error *err)
{
	bool more;

	if (advance(p, err))
		return -1;
	for (more = !token_is(&p->token, ">>"); more;) {
		if (parse_segment(p, bits, err))
			return -1;
		more = token_is(&p->token, ",");
		if (more && advance(p, err))
			return -1;
	}
	return expect(p, ">>", err);
}

static int parse_binary(struct parser *p, const struct term **out, struct error *err)
{
	struct bits bits = { STR_EMPTY, 0 };
	struct term *term = term_here(p, TERM_BINARY);
	int ret = parse_segments(p, &bits, err);

	if (!ret) {
		unsigned line = term->line;

		*term = *bits_term(&bits, p->arena);
		term->line = line;
		*out = term;
	}
	str_done(&bits.bytes);
	return ret;
}

/* ---- fun Module:Function/Arity ---- */

static int parse_fun(struct parser *p, const struct term **out, struct error *err)
{
	struct term *term = term_here(p, TERM_OPAQUE);
	owned_str struct str bytes = STR_EMPTY;
	const struct term *module, *function;
	int64_t arity;

	if (advance(p, err))
		return -1;
	if (p->token.kind != TOKEN_ATOM)
		return unexpected(p, err);
	if (parse_atom(p, &module, err) || expect(p, ":", err))
		return -1;
	if (p->token.kind != TOKEN_ATOM)
		return unexpected(p, err);
	if (parse_atom(p, &function, err) || expect(p, "/", err))
		return -1;
	if (p->token.kind != TOKEN_INTEGER || !term_get_integer(p->token.number, &arity) ||
	    arity > 255)
		return unexpected(p, err);
	str_addc(&bytes, 113);
	term_encode_bare(&bytes, module, TERM_ATOMS_UTF8);
	term_encode_bare(&bytes, function, TERM_ATOMS_UTF8);
	term_encode_bare(&bytes, term_integer(p->arena, arity), TERM_ATOMS_UTF8);
	term->text = (struct span){ arena_dup(p->arena, str_span(&bytes)), bytes.len };
	*out = term;
	return advance(p, err);
}

/* ---- any term ---- */

static int parse_parentheses(struct parser *p, const struct term **out, struct error *err)
{
	return advance(p, err) || parse_term(p, out, err) || expect(p, ")", err) ? -1 : 0;
}

static int parse_nested(struct parser *p, const struct term **out, struct error *err)
{
	if (p->token.kind == TOKEN_STRING || p->token.kind == TOKEN_STRING_ALONE)
		return parse_string(p, out, err);
	if (token_is(&p->token, "["))
		return parse_list(p, out, err);
	if (token_is(&p->token, "{"))
		return parse_tuple(p, out, err);
	if (token_is(&p->token, "#"))
		return parse_map(p, out, err);
	if (token_is(&p->token, "<<"))
		return parse_binary(p, out, err);
	if (token_is(&p->token, "("))
		return parse_parentheses(p, out, err);
	return unexpected(p, err);
}

static int parse_number(struct parser *p, const struct term **out, struct error *err)
{
	struct term *term = term_here(p, TERM_INTEGER);
	unsigned line = term->line;

	*term = *p->token.number;
	term->line = line;
	*out = term;
	return advance(p, err);
}

static int parse_term(struct parser *p, const struct term **out, struct error *err)
{
	int ret;

	switch (p->token.kind) {
	case TOKEN_ATOM:
		return parse_atom(p, out, err);
	case TOKEN_INTEGER:
	case TOKEN_FLOAT:
		return parse_number(p, out, err);
	case TOKEN_BINARY:
		return parse_text_binary(p, out, err);
	case TOKEN_STRING:
	case TOKEN_STRING_ALONE:
	case TOKEN_SIGN:
		break;
	case TOKEN_KEYWORD:
		if (span_is(p->token.source, "fun"))
			return parse_fun(p, out, err);
		return unexpected(p, err);
	default:
		return unexpected(p, err);
	}
	if (token_is(&p->token, "-") || token_is(&p->token, "+"))
		return parse_signed(p, out, err);
	if (p->depth == TERM_DEPTH_MAX)
		return parse_fail(p, err, "nested more than %d deep", TERM_DEPTH_MAX);
	p->depth++;
	ret = parse_nested(p, out, err);
	p->depth--;
	return ret;
}

/* ---- files ---- */

/* The first token of the next term is there already, and none is needed behind the dot. */
static int parse_to_dot(struct parser *p, const struct term **out, struct error *err)
{
	struct error later;
	int ret = parse_term(p, out, err);

	if (!ret && p->token.kind != TOKEN_DOT)
		ret = unexpected(p, err);
	/* OTP reads all tokens before it looks at their order: what cannot be read wins. */
	while (ret && !p->scanner.failed && p->token.kind != TOKEN_DOT &&
	       p->token.kind != TOKEN_END)
		if (scan_next(&p->scanner, &p->token, &later))
			*err = later;
	return ret;
}

static int parse_first(struct parser *p, const struct term **out, struct error *err)
{
	if (advance(p, err))
		return -1;
	if (p->token.kind == TOKEN_END)
		return scan_error(&p->scanner, err, "read", p->token.at, "there is no term");
	return parse_to_dot(p, out, err);
}

static int parse_only(struct parser *p, const struct term **out, struct error *err)
{
	if (parse_first(p, out, err) || advance(p, err))
		return -1;
	if (p->token.kind != TOKEN_END)
		return parse_fail(p, err, "only one term is expected");
	return 0;
}

static int parse_every(struct parser *p, const struct term **out, struct error *err)
{
	struct terms all = { 0 };
	const struct term *term;

	for (;;) {
		if (advance(p, err))
			return -1;
		if (p->token.kind == TOKEN_END)
			break;
		if (parse_to_dot(p, &term, err))
			return -1;
		terms_add(p->arena, &all, term);
	}
	*out = term_list_of(p->arena, &all);
	return 0;
}

static int parse(const struct term **out, struct arena *arena, struct span text, const char *name,
		 int (*how)(struct parser *p, const struct term **out, struct error *err),
		 struct error *err)
{
	owned_str struct str converted = STR_EMPTY;
	struct parser p = { .arena = arena };
	const struct term *term;
	int ret;

	if (text.len > TERM_TEXT_MAX)
		return error_otp(err, "read", "%s: more than %d bytes", name, TERM_TEXT_MAX);
	p.scanner = (struct scanner){ .arena = arena, .name = name, .line = 1 };
	p.scanner.text = source_text(&converted, text);
	ret = how(&p, &term, err);
	if (!ret)
		*out = term;
	str_done(&p.scanner.scratch);
	free(p.items);
	return ret;
}

int term_parse(const struct term **out, struct arena *arena, struct span text, const char *name,
	       struct error *err)
{
	return parse(out, arena, text, name, parse_first, err);
}

int term_parse_one(const struct term **out, struct arena *arena, struct span text, const char *name,
		   struct error *err)
{
	return parse(out, arena, text, name, parse_only, err);
}

int term_parse_all(const struct term **out, struct arena *arena, struct span text, const char *name,
		   struct error *err)
{
	return parse(out, arena, text, name, parse_every, err);
}

int term_read(const struct term **out, struct arena *arena, const char *path, struct error *err)
{
	owned_str struct str text = STR_EMPTY;

	if (file_read(path, TERM_TEXT_MAX, &text, err))
		return -1;
	return term_parse(out, arena, str_span(&text), path, err);
}
