// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_value.h"

#include <stdlib.h>

/* Values share their parts, so that a small one may be very large when it is walked through:
 * what is deeper, or takes more steps, is not looked at.
 */
enum { DEPTH = 200, STEPS = 20000 };

struct walk {
	struct arena *arena;
	unsigned depth, steps;
	bool exact; /* comparing: also what is responsible for the unknown ones */
	bool loose; /* comparing: texts that may be the same are */
};

static bool enter(struct walk *walk)
{
	if (walk->depth == 0 || walk->steps == 0)
		return false;
	walk->depth--;
	walk->steps--;
	return true;
}

const struct value value_unknown = { .kind = VALUE_UNKNOWN };
const struct value value_looked_up = { .kind = VALUE_UNKNOWN };

/* ---- making ---- */

static uint32_t mix(uint32_t digest, uint32_t more)
{
	return (digest ^ more) * 0x9e3779b1u + (digest >> 15);
}

/* Of terms that are equal the same. */
static uint32_t term_digest(const struct term *term)
{
	uint32_t digest = mix(1, (uint32_t)term->kind);

	if (term->kind == TERM_ATOM)
		return mix(digest, span_hash(term->text));
	return term->kind == TERM_INTEGER ? mix(digest, (uint32_t)term->integer) : digest;
}

const struct value *value_unseen(struct arena *arena, struct beam_function where)
{
	struct value *value = arena_new(arena, struct value);

	value->where = where;
	return value;
}

bool value_is_unseen(const struct value *value)
{
	return value->kind == VALUE_UNKNOWN && value->of == 0 && value->where.name;
}

const struct value *value_of_kind(struct arena *arena, enum term_kind kind)
{
	struct value *value = arena_new(arena, struct value);

	value->of = (unsigned)kind + 1;
	value->digest = mix(6, value->of);
	return value;
}

static bool is_printable(char byte)
{
	return byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\';
}

const struct value *value_of_text(struct arena *arena, struct span begin)
{
	struct value *value = arena_new(arena, struct value);
	size_t len = 0;

	*value = *value_of_kind(arena, TERM_BINARY);
	while (len < begin.len && len < VALUE_TEXT_MAX && is_printable(begin.ptr[len]))
		len++;
	if (len == 0)
		return value;
	begin.len = len;
	value->begins = arena_dup(arena, begin);
	value->digest = mix(value->digest, span_hash(begin));
	return value;
}

const struct value *value_packed(struct arena *arena, const struct value *inside)
{
	struct value *value = arena_new(arena, struct value);

	*value = *value_of_kind(arena, TERM_BINARY);
	value->packed = inside;
	value->digest = mix(mix(value->digest, 7), inside->digest);
	return value;
}

const struct value *value_unpacked(const struct value *value)
{
	return value->kind == VALUE_UNKNOWN ? value->packed : NULL;
}

static const struct value *constant(struct arena *arena, const struct term *term, size_t from)
{
	struct value *value = arena_new(arena, struct value);

	value->kind = VALUE_TERM;
	value->constant.term = term;
	value->constant.from = from;
	value->digest = mix(term_digest(term), (uint32_t)from);
	return value;
}

const struct value *value_of_term(struct arena *arena, const struct term *term)
{
	return constant(arena, term, 0);
}

const struct value *value_of_atom(struct arena *arena, const char *name)
{
	return constant(arena, term_atom(arena, name), 0);
}

const struct value *value_argument(struct arena *arena, unsigned nr)
{
	struct value *value = arena_new(arena, struct value);

	value->kind = VALUE_ARGUMENT;
	value->nr = nr;
	value->digest = mix(2, nr);
	return value;
}

const struct value *value_caller(struct arena *arena)
{
	const struct value *const parts[] = { value_of_kind(arena, TERM_PID), &value_unknown };

	return value_tuple(arena, parts, ARRAY_LEN(parts));
}

const char value_contents_key[] = "elements";

bool value_tag_of_container(const char *tag)
{
	return strncmp(tag, "a ", 2) == 0 || strncmp(tag, "an ", 3) == 0;
}

const struct value *value_tuple(struct arena *arena, const struct value *const *items, size_t len)
{
	const struct value **copy = arena_array(arena, len, const struct value *);
	struct value *value = arena_new(arena, struct value);

	if (len > 0)
		memcpy(copy, items, len * sizeof(*items));
	value->kind = VALUE_TUPLE;
	value->tuple.items = copy;
	value->tuple.len = len;
	value->digest = mix(3, (uint32_t)len);
	for (size_t i = 0; i < len; i++)
		value->digest = mix(value->digest, items[i]->digest);
	return value;
}

const struct value *value_cons(struct arena *arena, const struct value *head,
			       const struct value *tail)
{
	struct value *value = arena_new(arena, struct value);

	value->kind = VALUE_CONS;
	value->cons.head = head;
	value->cons.tail = tail;
	value->digest = mix(mix(4, head->digest), tail->digest);
	return value;
}

const struct value *value_map_put(struct arena *arena, const struct value *base,
				  const struct value *key, const struct value *item)
{
	struct value *value = arena_new(arena, struct value);

	value->kind = VALUE_MAP;
	value->map.base = base;
	value->map.key = key;
	value->map.value = item;
	value->digest = mix(mix(mix(5, base->digest), key->digest), item->digest);
	return value;
}

/* ---- looking ---- */

int value_term_kind(const struct value *value)
{
	switch (value->kind) {
	case VALUE_TERM:
		return (int)value->constant.term->kind;
	case VALUE_TUPLE:
		return TERM_TUPLE;
	case VALUE_CONS:
		return TERM_LIST;
	case VALUE_MAP:
		return TERM_MAP;
	case VALUE_FUN:
		return TERM_OPAQUE;
	case VALUE_UNKNOWN:
		return (int)value->of - 1;
	case VALUE_ARGUMENT:
		break;
	}
	return -1;
}

bool value_is_atom(const struct value *value, const char *name)
{
	return value->kind == VALUE_TERM && term_is_atom(value->constant.term, name);
}

const char *value_atom_name(const struct value *value)
{
	return value->kind == VALUE_TERM ? term_atom_name(value->constant.term) : NULL;
}

enum answer value_is_nil(const struct value *value)
{
	const struct term *term = value->constant.term;

	if (value->kind == VALUE_TERM)
		return term->kind == TERM_LIST && !term->seq.tail &&
				       value->constant.from >= term->seq.len
			       ? YES
			       : NO;
	if (value->kind == VALUE_UNKNOWN && value->of == TERM_LIST + 1)
		return MAYBE;
	return value_term_kind(value) < 0 ? MAYBE : NO;
}

int value_tuple_size(const struct value *value)
{
	if (value->kind == VALUE_TUPLE)
		return (int)value->tuple.len;
	if (value->kind == VALUE_TERM && value->constant.term->kind == TERM_TUPLE)
		return (int)value->constant.term->seq.len;
	return -1;
}

bool value_is_tagged(const struct value *value, const char *tag, size_t size)
{
	if (value_tuple_size(value) != (int)size || size == 0)
		return false;
	if (value->kind == VALUE_TUPLE)
		return value_is_atom(value->tuple.items[0], tag);
	return term_is_atom(term_at(value->constant.term, 0), tag);
}

const struct value *value_element(const struct value *value, size_t nr, struct arena *arena)
{
	int size = value_tuple_size(value);

	if (size < 0 || nr >= (size_t)size)
		return &value_unknown;
	if (value->kind == VALUE_TUPLE)
		return value->tuple.items[nr];
	return value_of_term(arena, term_at(value->constant.term, nr));
}

bool value_uncons(const struct value *list, struct arena *arena, const struct value **head,
		  const struct value **tail)
{
	const struct term *term;
	size_t from;

	if (list->kind == VALUE_CONS) {
		*head = list->cons.head;
		*tail = list->cons.tail;
		return true;
	}
	if (list->kind != VALUE_TERM || list->constant.term->kind != TERM_LIST)
		return false;
	term = list->constant.term;
	from = list->constant.from;
	if (from >= term->seq.len)
		return false;
	*head = value_of_term(arena, term_at(term, from));
	*tail = from + 1 == term->seq.len && term->seq.tail ? value_of_term(arena, term->seq.tail)
							    : constant(arena, term, from + 1);
	return true;
}

/* A constant, where that takes no work: structures that are built are left alone. */
static const struct term *plain(const struct value *value)
{
	return value->kind == VALUE_TERM && value->constant.from == 0 ? value->constant.term : NULL;
}

bool value_is_empty_map(const struct value *value)
{
	const struct term *term = plain(value);

	return term && term->kind == TERM_MAP && term->map.len == 0;
}

enum answer value_map_get(const struct value *map, const struct value *key, struct arena *arena,
			  const struct value **out)
{
	const struct term *wanted = value_term(key, arena), *term;

	if (value_is_empty_map(map))
		return NO;
	if (!wanted && !(key->kind == VALUE_ARGUMENT && key->nr == VALUE_ANY_KEY))
		return MAYBE;
	for (; map->kind == VALUE_MAP; map = map->map.base) {
		enum answer same = value_equal(map->map.key, key);

		if (same == MAYBE)
			return MAYBE;
		if (same == YES) {
			*out = map->map.value;
			return YES;
		}
	}
	if (map->kind != VALUE_TERM || map->constant.term->kind != TERM_MAP)
		return MAYBE;
	term = map->constant.term;
	if (!wanted)
		return term->map.len > 0 ? MAYBE : NO;
	for (size_t i = 0; i < term->map.len; i++) {
		if (term_equal(term->map.keys[i], wanted)) {
			*out = value_of_term(arena, term->map.values[i]);
			return YES;
		}
	}
	return NO;
}

/* Lists that begin alike: what stands in them is of the same kind. */
static bool begin_alike(const struct value *a, const struct value *b)
{
	return value_same(a, b) ||
	       (a->kind == VALUE_CONS && b->kind == VALUE_CONS &&
		a->cons.head->kind != VALUE_UNKNOWN && value_same(a->cons.head, b->cons.head));
}

const struct value *value_map_only(const struct value *map, const struct value *key)
{
	const struct value *only = NULL;

	for (; map->kind == VALUE_MAP; map = map->map.base) {
		if (value_equal(map->map.key, key) == NO)
			continue;
		if (only && !begin_alike(only, map->map.value))
			return NULL;
		only = only ? only : map->map.value;
	}
	return value_is_empty_map(map) ? only : NULL;
}

const struct value *value_map_at(const struct value *map, const char *key, struct arena *arena)
{
	const struct value *value;

	return value_map_get(map, value_of_atom(arena, key), arena, &value) == YES ? value : NULL;
}

struct span value_text(const struct value *value, bool *whole)
{
	const struct term *term = plain(value);

	*whole = term && term->kind == TERM_BINARY;
	if (*whole)
		return term->text;
	return value->kind == VALUE_UNKNOWN && value->begins ? span_of(value->begins)
							     : (struct span){ "", 0 };
}

/* ---- comparing ---- */

bool value_texts_meet(struct span a, bool a_whole, struct span b, bool b_whole)
{
	const size_t len = a.len < b.len ? a.len : b.len;

	return (!a_whole || a.len >= b.len) && (!b_whole || b.len >= a.len) &&
	       memcmp(a.ptr, b.ptr, len) == 0;
}

static bool may_be_same_text(const struct value *a, const struct value *b)
{
	bool a_whole, b_whole;
	const struct span a_text = value_text(a, &a_whole), b_text = value_text(b, &b_whole);

	return value_texts_meet(a_text, a_whole, b_text, b_whole);
}

enum answer value_equal(const struct value *a, const struct value *b)
{
	int kind = value_term_kind(a), other = value_term_kind(b);
	int size = value_tuple_size(a), other_size = value_tuple_size(b);

	if (a == b && a->kind != VALUE_UNKNOWN)
		return YES;
	if (a->kind == VALUE_ARGUMENT && b->kind == VALUE_ARGUMENT && a->nr == b->nr)
		return YES;
	if (a == &value_looked_up || b == &value_looked_up)
		return plain(a) || plain(b) ? MAYBE : YES;
	if (kind < 0 || other < 0)
		return MAYBE;
	if (plain(a) && plain(b))
		return term_equal(plain(a), plain(b)) ? YES : NO;
	if (kind != other || size != other_size || (kind == TERM_BINARY && !may_be_same_text(a, b)))
		return NO;
	/* A map with a key. */
	if ((value_is_empty_map(a) && b->kind == VALUE_MAP) ||
	    (value_is_empty_map(b) && a->kind == VALUE_MAP))
		return NO;
	if (value_is_nil(a) == MAYBE || value_is_nil(b) == MAYBE)
		return MAYBE;
	return value_is_nil(a) == value_is_nil(b) ? MAYBE : NO;
}

static bool same(struct walk *walk, const struct value *a, const struct value *b);

static bool all_same(struct walk *walk, const struct value *const *a, const struct value *const *b,
		     size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!same(walk, a[i], b[i]))
			return false;
	return true;
}

static bool same_begin(const struct value *a, const struct value *b)
{
	return a->begins == b->begins ||
	       (a->begins && b->begins && strcmp(a->begins, b->begins) == 0);
}

static bool same_packed(struct walk *walk, const struct value *a, const struct value *b)
{
	return a->packed == b->packed ||
	       (a->packed && b->packed && same(walk, a->packed, b->packed));
}

static bool same_kind(struct walk *walk, const struct value *a, const struct value *b)
{
	switch (a->kind) {
	case VALUE_UNKNOWN:
		if (walk->loose)
			return may_be_same_text(a, b);
		return same_begin(a, b) && same_packed(walk, a, b) &&
		       (!walk->exact || beam_function_same(&a->where, &b->where));
	case VALUE_ARGUMENT:
		return a->nr == b->nr;
	case VALUE_TERM:
		return a->constant.from == b->constant.from &&
		       (a->constant.term == b->constant.term ||
			term_equal(a->constant.term, b->constant.term));
	case VALUE_TUPLE:
		return a->tuple.len == b->tuple.len &&
		       all_same(walk, a->tuple.items, b->tuple.items, a->tuple.len);
	case VALUE_FUN:
		return a->fun.function == b->fun.function && a->fun.len == b->fun.len &&
		       all_same(walk, a->fun.env, b->fun.env, a->fun.len);
	case VALUE_CONS:
		return same(walk, a->cons.head, b->cons.head) &&
		       same(walk, a->cons.tail, b->cons.tail);
	case VALUE_MAP:
		return same(walk, a->map.key, b->map.key) &&
		       same(walk, a->map.value, b->map.value) &&
		       same(walk, a->map.base, b->map.base);
	}
	return false;
}

/* A text that is built, and one that is whole, which it may be. */
static bool may_become(const struct value *built, const struct value *whole)
{
	const struct term *term = plain(whole);

	return built->kind == VALUE_UNKNOWN && built->begins && term && term->kind == TERM_BINARY &&
	       may_be_same_text(built, whole);
}

static bool same(struct walk *walk, const struct value *a, const struct value *b)
{
	bool ret;

	if (a == b || (walk->loose && (may_become(a, b) || may_become(b, a))))
		return true;
	if (a->kind != b->kind || (a->digest != b->digest && !walk->loose) || !enter(walk))
		return false;
	ret = same_kind(walk, a, b);
	walk->depth++;
	return ret;
}

bool value_same_(const struct value *a, const struct value *b)
{
	return same(&(struct walk){ .depth = DEPTH, .steps = STEPS }, a, b);
}

bool value_alike(const struct value *a, const struct value *b)
{
	return same(&(struct walk){ .depth = DEPTH, .steps = STEPS, .loose = true }, a, b);
}

bool value_identical(const struct value *a, const struct value *b)
{
	return same(&(struct walk){ .depth = DEPTH, .steps = STEPS, .exact = true }, a, b);
}

/* ---- terms ---- */

static const struct term *to_term(struct walk *walk, const struct value *value);

static const struct term *list_term(struct walk *walk, const struct value *value)
{
	struct arena *arena = walk->arena;
	struct terms terms = { NULL, 0, 0 };
	const struct value *head, *tail;
	const struct term *term;

	while (value_uncons(value, arena, &head, &tail)) {
		term = to_term(walk, head);
		if (!term)
			return NULL;
		terms_add(arena, &terms, term);
		value = tail;
	}
	return value_is_nil(value) == YES ? term_list_of(arena, &terms) : NULL;
}

static const struct term *tuple_term(struct walk *walk, const struct value *value)
{
	struct arena *arena = walk->arena;
	const struct term **items = arena_array(arena, value->tuple.len, const struct term *);

	for (size_t i = 0; i < value->tuple.len; i++) {
		items[i] = to_term(walk, value->tuple.items[i]);
		if (!items[i])
			return NULL;
	}
	return term_tuple_of(arena, items, value->tuple.len);
}

static const struct term *map_term(struct walk *walk, const struct value *value)
{
	struct arena *arena = walk->arena;
	const struct term *base, **keys, **values;
	const struct value *last = value;
	size_t puts = 0, len;

	for (; last->kind == VALUE_MAP; last = last->map.base)
		puts++;
	base = last->kind == VALUE_TERM ? last->constant.term : NULL;
	if (!base || base->kind != TERM_MAP)
		return NULL;
	len = base->map.len + puts;
	keys = arena_array(arena, len, const struct term *);
	values = arena_array(arena, len, const struct term *);
	for (size_t i = 0; i < base->map.len; i++) {
		keys[i] = base->map.keys[i];
		values[i] = base->map.values[i];
	}
	/* The last put is the first here; of equal keys the last counts. */
	for (size_t i = len; value->kind == VALUE_MAP; value = value->map.base) {
		i--;
		keys[i] = to_term(walk, value->map.key);
		values[i] = to_term(walk, value->map.value);
		if (!keys[i] || !values[i])
			return NULL;
	}
	return term_map(arena, keys, values, len);
}

static const struct term *any_term(struct walk *walk, const struct value *value)
{
	switch (value->kind) {
	case VALUE_TERM:
		return value->constant.from == 0 ? value->constant.term : list_term(walk, value);
	case VALUE_TUPLE:
		return tuple_term(walk, value);
	case VALUE_CONS:
		return list_term(walk, value);
	case VALUE_MAP:
		return map_term(walk, value);
	case VALUE_UNKNOWN:
	case VALUE_ARGUMENT:
	case VALUE_FUN:
		break;
	}
	return NULL;
}

static const struct term *to_term(struct walk *walk, const struct value *value)
{
	const struct term *term;

	if (!enter(walk))
		return NULL;
	term = any_term(walk, value);
	walk->depth++;
	return term;
}

const struct term *value_term(const struct value *value, struct arena *arena)
{
	return to_term(&(struct walk){ .arena = arena, .depth = DEPTH, .steps = STEPS }, value);
}

/* ---- text ---- */

static void print(struct walk *walk, struct str *out, const struct value *value);

static void print_list(struct walk *walk, struct str *out, const struct value *value)
{
	const struct value *head, *tail;

	str_addc(out, '[');
	for (const char *comma = ""; value_uncons(value, walk->arena, &head, &tail); comma = ",") {
		str_adds(out, comma);
		print(walk, out, head);
		value = tail;
	}
	if (value_is_nil(value) != YES) {
		str_addc(out, '|');
		print(walk, out, value);
	}
	str_addc(out, ']');
}

/* A key of a map, and what stands under it, as text. */
struct pair {
	const struct value *key;
	const char *text;
};

static int compare_pairs(const void *a, const void *b)
{
	return strcmp(((const struct pair *)a)->text, ((const struct pair *)b)->text);
}

/* puts  how many of them were put; what a constant map has is there once */
static void add_pair(struct walk *walk, struct pair *pairs, size_t *len, size_t puts,
		     const struct value *key, const struct value *value)
{
	owned_str struct str text = STR_EMPTY;

	for (size_t i = 0; i < puts; i++)
		if (value_equal(pairs[i].key, key) == YES)
			return; /* it was put again later */
	print(walk, &text, key);
	str_adds(&text, " => ");
	print(walk, &text, value);
	pairs[(*len)++] = (struct pair){ key, arena_dup(walk->arena, str_span(&text)) };
}

/* In the order of the texts: maps whose keys are put in another order are the same. */
static void print_map(struct walk *walk, struct str *out, const struct value *value)
{
	const struct value *last = value;
	const struct term *base;
	struct pair *pairs;
	size_t len = 0, most = 0, puts;

	for (; last->kind == VALUE_MAP; last = last->map.base)
		most++;
	base = plain(last) && plain(last)->kind == TERM_MAP ? plain(last) : NULL;
	pairs = arena_array(walk->arena, most + (base ? base->map.len : 0), struct pair);
	for (; value != last; value = value->map.base)
		add_pair(walk, pairs, &len, len, value->map.key, value->map.value);
	puts = len;
	for (size_t i = 0; base && i < base->map.len; i++)
		add_pair(walk, pairs, &len, puts, value_of_term(walk->arena, base->map.keys[i]),
			 value_of_term(walk->arena, base->map.values[i]));
	qsort(pairs, len, sizeof(*pairs), compare_pairs);
	if (!base)
		print(walk, out, last);
	str_adds(out, "#{");
	for (size_t i = 0; i < len; i++)
		str_addf(out, "%s%s", i ? "," : "", pairs[i].text);
	str_addc(out, '}');
}

static void print_any(struct walk *walk, struct str *out, const struct value *value)
{
	const struct term *term;

	switch (value->kind) {
	case VALUE_TERM:
		term = value_term(value, walk->arena);
		if (term)
			term_print(out, term);
		else
			str_adds(out, "_");
		break;
	case VALUE_TUPLE:
		str_addc(out, '{');
		for (size_t i = 0; i < value->tuple.len; i++) {
			str_adds(out, i ? "," : "");
			print(walk, out, value->tuple.items[i]);
		}
		str_addc(out, '}');
		break;
	case VALUE_CONS:
		print_list(walk, out, value);
		break;
	case VALUE_MAP:
		print_map(walk, out, value);
		break;
	case VALUE_UNKNOWN:
		if (value->begins)
			str_addf(out, "<<\"%s\",_/binary>>", value->begins);
		else
			str_adds(out, "_");
		break;
	case VALUE_ARGUMENT:
	case VALUE_FUN:
		str_adds(out, "_");
		break;
	}
}

static void print(struct walk *walk, struct str *out, const struct value *value)
{
	if (!enter(walk)) {
		str_adds(out, "_");
		return;
	}
	print_any(walk, out, value);
	walk->depth++;
}

void value_print(struct str *out, const struct value *value)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *term = value_term(value, &arena);

	if (term)
		term_print(out, term);
	else
		print(&(struct walk){ .arena = &arena, .depth = DEPTH, .steps = STEPS }, out,
		      value);
}
