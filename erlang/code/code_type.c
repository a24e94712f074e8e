// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_type.h"

/* ---- keys ---- */

static bool is_text(const struct term *term)
{
	if (term->kind != TERM_BINARY || term->text.len > KEY_MAX)
		return false;
	for (size_t i = 0; i < term->text.len; i++) {
		char byte = term->text.ptr[i];

		if (byte < ' ' || byte > '~' || byte == '"' || byte == '\\')
			return false;
	}
	return true;
}

const char *type_key(const struct term *key, struct arena *arena)
{
	if (term_atom_name(key))
		return term_atom_name(key);
	return is_text(key) ? arena_printf(arena, "<<\"%.*s\">>", (int)key->text.len, key->text.ptr)
			    : NULL;
}

static bool is_binary_key(const char *name)
{
	return strncmp(name, "<<\"", 3) == 0;
}

/* What stands between <<" and ">>. */
static struct span binary_of(const char *name)
{
	return (struct span){ name + 3, strlen(name) - 6 };
}

bool type_key_is(const struct term *key, const char *name)
{
	struct span text;

	if (!is_binary_key(name))
		return term_is_atom(key, name);
	text = binary_of(name);
	return is_text(key) && key->text.len == text.len &&
	       memcmp(key->text.ptr, text.ptr, text.len) == 0;
}

static const struct value *key_value(const char *name, struct arena *arena)
{
	if (strcmp(name, "*") == 0)
		return value_of_kind(arena, TERM_BINARY);
	return is_binary_key(name) ? value_of_term(arena, term_binary(arena, binary_of(name)))
				   : value_of_atom(arena, name);
}

/* ---- one ---- */

struct type *type_new(struct arena *arena)
{
	struct type *type = arena_new(arena, struct type);

	*type = (struct type){ 0 };
	return type;
}

bool type_is_empty(const struct type *type)
{
	return !type->kinds && !type->unknown && !type->argument;
}

/* ---- putting values in ---- */

struct adder {
	struct arena *arena;
	unsigned depth, left;
};

static void add(struct adder *adder, struct type *type, const struct value *value);

static const char *dup(struct adder *adder, const char *name)
{
	return name ? arena_dup(adder->arena, span_of(name)) : NULL;
}

static bool same_tag(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Numbers and binaries of both kinds are one. */
static unsigned kind_bit(int kind)
{
	return 1u << (kind == TERM_BIG         ? TERM_INTEGER
		      : kind == TERM_BITSTRING ? TERM_BINARY
					       : kind);
}

static struct type_variant *variant_of(struct adder *adder, struct type *type, bool map,
				       const char *tag, size_t len)
{
	struct type_variant *v;

	for (size_t i = 0; i < type->len; i++) {
		v = &type->variants[i];
		if (v->map == map && same_tag(v->tag, tag) && (map || v->len == len))
			return v;
	}
	if (type->len == TYPE_VARIANTS) {
		type->unknown = true;
		return NULL;
	}
	if (!type->variants)
		type->variants = arena_array(adder->arena, TYPE_VARIANTS, struct type_variant);
	v = &type->variants[type->len++];
	*v = (struct type_variant){ .map = map, .tag = dup(adder, tag), .len = map ? 0 : len };
	v->items = arena_array(adder->arena, map ? TYPE_WIDTH : len, struct type *);
	v->keys = map ? arena_array(adder->arena, TYPE_WIDTH, const char *) : NULL;
	for (size_t i = 0; i < v->len; i++)
		v->items[i] = type_new(adder->arena);
	return v;
}

static void add_tuple(struct adder *adder, struct type *type, const struct value *value)
{
	size_t size = (size_t)value_tuple_size(value);
	const char *tag = size > 0 ? value_atom_name(value_element(value, 0, adder->arena)) : NULL;
	struct type_variant *variant;

	if (size > TYPE_WIDTH) {
		type->unknown = true;
		return;
	}
	variant = variant_of(adder, type, false, tag, size);
	for (size_t i = 0; variant && i < size; i++)
		add(adder, variant->items[i], value_element(value, i, adder->arena));
}

/* The bit of the key. */
static uint64_t add_key(struct adder *adder, struct type_variant *variant, const char *key,
			const struct value *value)
{
	size_t at = 0;

	while (at < variant->len && strcmp(variant->keys[at], key) != 0)
		at++;
	if (at == TYPE_WIDTH) {
		variant->open = true;
		return 0;
	}
	if (at == variant->len) {
		variant->keys[at] = dup(adder, key);
		variant->items[at] = type_new(adder->arena);
		variant->len++;
	}
	add(adder, variant->items[at], value);
	return (uint64_t)1 << at;
}

static uint64_t add_pair(struct adder *adder, struct type_variant *variant, const struct value *key,
			 const struct value *value)
{
	const struct term *term =
		key->kind == VALUE_TERM && key->constant.from == 0 ? key->constant.term : NULL;
	const char *name = term ? type_key(term, adder->arena) : NULL;

	if (name && strcmp(name, "__struct__") == 0)
		return 0;
	return add_key(adder, variant, name ? name : "*", value);
}

/* The last that was put under a key counts. */
static bool put_again(const struct value *last, const struct value *put)
{
	for (; last != put; last = last->map.base)
		if (value_equal(last->map.key, put->map.key) == YES)
			return true;
	return false;
}

/* Those with the most keys come first. */
static void add_set(struct type_variant *variant, uint64_t set)
{
	size_t at = variant->sets_len;

	for (size_t i = 0; i < variant->sets_len; i++)
		if (variant->sets[i] == set)
			return;
	if (variant->sets_len == TYPE_SETS) {
		variant->more_sets = true;
		return;
	}
	variant->sets_len++;
	for (; at > 0 && __builtin_popcountll(variant->sets[at - 1]) < __builtin_popcountll(set);
	     at--)
		variant->sets[at] = variant->sets[at - 1];
	variant->sets[at] = set;
}

static void add_map(struct adder *adder, struct type *type, const struct value *value)
{
	const struct value *name = value_map_at(value, "__struct__", adder->arena), *map = value;
	struct type_variant *variant =
		variant_of(adder, type, true, name ? value_atom_name(name) : NULL, 0);
	const struct term *term;
	unsigned puts = 0;
	uint64_t set = 0;

	for (; variant && map->kind == VALUE_MAP; map = map->map.base)
		if (++puts < TYPE_WIDTH && !put_again(value, map))
			set |= add_pair(adder, variant, map->map.key, map->map.value);
	if (!variant)
		return;
	term = map->kind == VALUE_TERM ? map->constant.term : NULL;
	if (!term || term->kind != TERM_MAP || puts >= TYPE_WIDTH) {
		variant->open = true;
		return;
	}
	for (size_t i = 0; i < term->map.len && i < TYPE_WIDTH; i++) {
		const char *key = term_atom_name(term->map.keys[i]);
		const struct value *now = key ? value_map_at(value, key, adder->arena) : NULL;

		set |= add_pair(adder, variant, value_of_term(adder->arena, term->map.keys[i]),
				now ? now : value_of_term(adder->arena, term->map.values[i]));
	}
	add_set(variant, set);
}

static void add_pair_key(struct adder *adder, struct type *type, const char *key)
{
	for (size_t i = 0; i < type->pairs_len; i++)
		if (strcmp(type->pairs[i], key) == 0)
			return;
	if (type->pairs_len == TYPE_WIDTH) {
		type->other_list = true;
		return;
	}
	if (!type->pairs)
		type->pairs = arena_array(adder->arena, TYPE_WIDTH, const char *);
	type->pairs[type->pairs_len++] = dup(adder, key);
}

/* [{Key, Value}, …]: each key an atom that is there once. */
static void add_pairs(struct adder *adder, struct type *type, const struct value *value)
{
	const char *keys[TYPE_WIDTH];
	const struct value *head;
	size_t len = 0;
	bool pairs = true;

	for (; pairs && value_uncons(value, adder->arena, &head, &value); len++) {
		pairs = len < TYPE_WIDTH && value_tuple_size(head) == 2 &&
			(keys[len] = value_atom_name(value_element(head, 0, adder->arena)));
		for (size_t i = 0; pairs && i < len; i++)
			pairs = strcmp(keys[i], keys[len]) != 0;
	}
	if (!pairs || value_is_nil(value) != YES)
		type->other_list = true;
	for (size_t i = 0; i < len && !type->other_list; i++)
		add_pair_key(adder, type, keys[i]);
}

static void add_list(struct adder *adder, struct type *type, const struct value *value)
{
	const struct value *head;

	add_pairs(adder, type, value);
	for (unsigned i = 0; i < TYPE_WIDTH && value_uncons(value, adder->arena, &head, &value);
	     i++) {
		if (!type->item)
			type->item = type_new(adder->arena);
		add(adder, type->item, head);
	}
	if (value->kind == VALUE_UNKNOWN && value->of == 0) {
		if (!type->item)
			type->item = type_new(adder->arena);
		type->item->unknown = true;
	}
}

static void add_unknown(struct adder *adder, struct type *type, const struct value *value)
{
	if (value->kind == VALUE_ARGUMENT) {
		type->argument = type->argument || value->nr == 0;
		return;
	}
	if (!type->lost.name && value->where.name)
		type->lost =
			(struct beam_function){ dup(adder, value->where.module),
						dup(adder, value->where.name), value->where.arity };
	type->unknown = true;
}

/* An atom that a type was asked for: it is among those already. */
static const char same_again[] = "an atom of the state";

static void add_atom(struct adder *adder, struct type *type, const struct value *value)
{
	const char *name = value_atom_name(value);

	if (!name) {
		type->any_atom = type->any_atom || value->where.name != same_again;
		return;
	}
	for (size_t i = 0; i < type->atoms_len; i++)
		if (strcmp(type->atoms[i], name) == 0)
			return;
	if (type->atoms_len == TYPE_ATOMS) {
		type->any_atom = true;
		return;
	}
	if (!type->atoms)
		type->atoms = arena_array(adder->arena, TYPE_ATOMS, const char *);
	type->atoms[type->atoms_len++] = dup(adder, name);
}

static void add(struct adder *adder, struct type *type, const struct value *value)
{
	int kind = value_term_kind(value);

	if (kind < 0) {
		add_unknown(adder, type, value);
		return;
	}
	if (adder->depth == 0 || adder->left == 0) {
		type->unknown = true;
		return;
	}
	adder->depth--;
	adder->left--;
	type->kinds |= kind_bit(kind);
	if (value->kind == VALUE_FUN)
		type->fun = value->fun.code;
	if (kind == TERM_ATOM)
		add_atom(adder, type, value);
	if (kind == TERM_TUPLE)
		add_tuple(adder, type, value);
	else if (kind == TERM_MAP)
		add_map(adder, type, value);
	else if (kind == TERM_LIST)
		add_list(adder, type, value);
	adder->depth++;
}

void type_add(struct type *type, const struct value *value, struct arena *arena)
{
	add(&(struct adder){ arena, TYPE_DEPTH, 4000 }, type, value);
}

static const struct type_variant *find(const struct type *type, const struct type_variant *like,
				       bool any_size)
{
	for (size_t i = 0; i < type->len; i++) {
		const struct type_variant *v = &type->variants[i];

		if (v->map == like->map && same_tag(v->tag, like->tag) &&
		    (v->map || any_size || v->len == like->len))
			return v;
	}
	return NULL;
}

/* ---- a value of it ---- */

/* Kinds beside tuples and maps, of which single values are made: funs are not. */
static unsigned plain_kinds(const struct type *type)
{
	return type->kinds & ~(kind_bit(TERM_TUPLE) | kind_bit(TERM_MAP) | kind_bit(TERM_OPAQUE));
}

/* Atoms beyond the first, which is of a kind. */
static size_t more_atoms(const struct type *type)
{
	return type->atoms_len > 0 && !type->any_atom ? type->atoms_len - 1 : 0;
}

/* A map of which not all is seen, or that may have any of the keys. */
static bool has_open_way(const struct type_variant *variant)
{
	return variant->open || variant->more_sets || variant->sets_len == 0;
}

static size_t variant_ways(const struct type_variant *variant)
{
	return variant->map ? variant->sets_len + has_open_way(variant) : 1;
}

static size_t ways_of(const struct type *type, bool exact)
{
	size_t ways =
		(size_t)__builtin_popcount(plain_kinds(type)) + (exact ? more_atoms(type) : 0);

	for (size_t i = 0; i < type->len; i++)
		ways += variant_ways(&type->variants[i]);
	return ways > 0 ? ways : 1;
}

size_t type_ways(const struct type *type)
{
	return ways_of(type, false);
}

static size_t ways_inside(const struct type *type, unsigned depth, bool exact)
{
	size_t most = ways_of(type, exact), ways;

	for (size_t i = 0; depth > 0 && i < type->len; i++)
		for (size_t j = 0; j < type->variants[i].len; j++) {
			ways = ways_inside(type->variants[i].items[j], depth - 1, exact);
			most = ways > most ? ways : most;
		}
	if (depth > 0 && type->item) {
		ways = ways_inside(type->item, depth - 1, exact);
		most = ways > most ? ways : most;
	}
	return most;
}

size_t type_ways_inside(const struct type *type)
{
	return ways_inside(type, TYPE_DEPTH, false);
}

size_t type_exact_ways(const struct type *type)
{
	return ways_inside(type, TYPE_DEPTH, true);
}

/* Of which nothing is said. */
static const struct value *hole(struct arena *arena)
{
	return value_argument(arena, 1);
}

/* What stands for the atoms that were seen, and for lists. */
enum fill { FILL_ANY, FILL_EXACT, FILL_EMPTY };

static const struct value *value_of_type(const struct type *type, size_t nth, enum fill fill,
					 struct arena *arena);

/* The keys that it has in one of its ways, the first of which may be that with any of them. */
static uint64_t keys_in(const struct type_variant *variant, size_t way)
{
	const uint64_t all = variant->len < 64 ? ((uint64_t)1 << variant->len) - 1 : UINT64_MAX;

	if (!has_open_way(variant))
		return variant->sets[way];
	return way > 0 ? variant->sets[way - 1] : all;
}

static const struct value *map_value(const struct type_variant *variant, size_t way, size_t nth,
				     enum fill fill, struct arena *arena)
{
	const uint64_t set = keys_in(variant, way);
	const struct value *map = way == 0 && variant->open
					  ? hole(arena)
					  : value_of_term(arena, term_map(arena, NULL, NULL, 0));

	for (size_t i = 0; i < variant->len; i++)
		if (set & (uint64_t)1 << i)
			map = value_map_put(arena, map, key_value(variant->keys[i], arena),
					    value_of_type(variant->items[i], nth, fill, arena));
	return variant->tag ? value_map_put(arena, map, value_of_atom(arena, "__struct__"),
					    value_of_atom(arena, variant->tag))
			    : map;
}

static const struct value *variant_value(const struct type_variant *variant, size_t way, size_t nth,
					 enum fill fill, struct arena *arena)
{
	const struct value *items[TYPE_WIDTH];

	if (variant->map)
		return map_value(variant, way, nth, fill, arena);
	for (size_t i = 0; i < variant->len; i++)
		items[i] = i == 0 && variant->tag
				   ? value_of_atom(arena, variant->tag)
				   : value_of_type(variant->items[i], nth, fill, arena);
	return value_tuple(arena, items, variant->len);
}

static const struct value *atom_of(const struct type *type, size_t nth, enum fill fill,
				   struct arena *arena)
{
	struct value *value;

	if (fill == FILL_EXACT && type->atoms_len > 0 && !type->any_atom)
		return value_of_atom(arena, type->atoms[nth]);
	value = arena_new(arena, struct value);
	*value = *value_of_kind(arena, TERM_ATOM);
	value->where.name = type->any_atom ? NULL : same_again;
	return value;
}

/* [{Key, Value}, …] with all keys that were seen; NULL: lists are not such ones. */
static const struct value *pairs_value(const struct type *type, size_t nth, enum fill fill,
				       struct arena *arena)
{
	const struct value *list = value_of_term(arena, &term_nil);

	if (type->pairs_len == 0 || type->other_list)
		return NULL;
	for (size_t i = type->pairs_len; i-- > 0;) {
		const struct type_variant like = { .tag = type->pairs[i], .len = 2 };
		const struct type_variant *pair = find(type->item, &like, false);

		if (!pair)
			return NULL;
		list = value_cons(arena, variant_value(pair, 0, nth, fill, arena), list);
	}
	return list;
}

static const struct value *list_value(const struct type *type, size_t nth, enum fill fill,
				      struct arena *arena)
{
	const struct value *pairs = pairs_value(type, nth, fill, arena);

	if (fill == FILL_EMPTY)
		return value_of_term(arena, &term_nil);
	return pairs ? pairs
		     : value_cons(arena, value_of_type(type->item, nth, fill, arena),
				  value_of_term(arena, &term_nil));
}

static const struct value *value_of_type(const struct type *type, size_t nth, enum fill fill,
					 struct arena *arena)
{
	size_t way = nth % ways_of(type, fill == FILL_EXACT);
	size_t atoms = fill == FILL_EXACT ? more_atoms(type) : 0;
	unsigned kinds = plain_kinds(type);

	for (size_t i = 0; i < type->len; i++) {
		size_t ways = variant_ways(&type->variants[i]);

		if (way < ways)
			return variant_value(&type->variants[i], way, nth, fill, arena);
		way -= ways;
	}
	if (!kinds || (type->len == 0 && (type->unknown || type->argument || type->fun)))
		return hole(arena);
	if (kinds & kind_bit(TERM_ATOM) && way <= atoms)
		return atom_of(type, way, fill, arena);
	if (kinds & kind_bit(TERM_ATOM)) {
		kinds &= ~kind_bit(TERM_ATOM);
		way -= atoms + 1;
	}
	for (; way > 0; way--)
		kinds &= kinds - 1;
	if (__builtin_ctz(kinds) == TERM_LIST && type->item)
		return list_value(type, nth, fill, arena);
	return value_of_kind(arena, (enum term_kind)__builtin_ctz(kinds));
}

/* Others had all of its keys, and more. */
static bool is_part(const struct type_variant *variant, size_t way)
{
	const uint64_t keys = keys_in(variant, way);

	for (size_t i = 0; i < variant_ways(variant); i++)
		if ((keys_in(variant, i) & keys) == keys && keys_in(variant, i) != keys)
			return true;
	return false;
}

bool type_lacks_keys(const struct type *type, size_t nth)
{
	size_t way = nth % type_ways(type);

	for (size_t i = 0; i < type->len; i++) {
		size_t ways = variant_ways(&type->variants[i]);

		if (way < ways)
			return type->variants[i].map && is_part(&type->variants[i], way);
		way -= ways;
	}
	return false;
}

const struct value *type_value(const struct type *type, size_t nth, struct arena *arena)
{
	return value_of_type(type, nth, FILL_ANY, arena);
}

const struct value *type_exact_value(const struct type *type, size_t nth, struct arena *arena)
{
	return value_of_type(type, nth, FILL_EXACT, arena);
}

const struct value *type_empty_value(const struct type *type, size_t nth, struct arena *arena)
{
	return value_of_type(type, nth, FILL_EMPTY, arena);
}

/* ---- text ---- */

const char *struct_kind(const char *tag)
{
	return strchr(tag, ':') ? "native record" : "struct";
}

void type_print(struct str *out, const struct type *type)
{
	static const char *const names[] = {
		[TERM_ATOM] = "an atom",    [TERM_INTEGER] = "an integer",
		[TERM_BIG] = "an integer",  [TERM_FLOAT] = "a float",
		[TERM_BINARY] = "a binary", [TERM_BITSTRING] = "a bitstring",
		[TERM_LIST] = "a list",     [TERM_TUPLE] = "a tuple",
		[TERM_MAP] = "a map",       [TERM_PID] = "a pid",
		[TERM_PORT] = "a port",     [TERM_REFERENCE] = "a reference",
		[TERM_OPAQUE] = "a fun",    [TERM_RECORD] = "a native record",
	};
	const char * or = "";

	for (size_t i = 0; i < type->len; i++, or = " or ") {
		const struct type_variant *v = &type->variants[i];

		str_adds(out, or);
		if (v->map && v->tag)
			str_addf(out, "the %s %s", struct_kind(v->tag), v->tag);
		else if (v->map)
			str_adds(out, "a map");
		else if (v->tag && value_tag_of_container(v->tag))
			str_adds(out, v->tag);
		else if (v->tag)
			str_addf(out, "a tuple of %zu, beginning with %s", v->len, v->tag);
		else
			str_addf(out, "a tuple of %zu", v->len);
	}
	for (unsigned kind = 0; kind < ARRAY_LEN(names); kind++) {
		if (!(type->kinds & 1u << kind) || kind == TERM_TUPLE || kind == TERM_MAP)
			continue;
		str_addf(out, "%s%s", or, names[kind]);
		or = " or ";
	}
	if (!* or)
		str_adds(out, "not seen");
}

static const struct code *fun_in(const struct type *type, unsigned depth)
{
	const struct code *found;

	if (!type || depth == 0)
		return NULL;
	if (type->fun)
		return type->fun;
	found = fun_in(type->item, depth - 1);
	for (size_t i = 0; i < type->len && !found; i++)
		for (size_t j = 0; j < type->variants[i].len && !found; j++)
			found = fun_in(type->variants[i].items[j], depth - 1);
	return found;
}

const struct code *type_fun(const struct type *type)
{
	return fun_in(type, TYPE_DEPTH);
}

/* ---- comparing ---- */

struct comparer {
	struct arena *arena;
	struct type_diffs diffs;
	unsigned depth;
};

static struct type_diff *note(struct comparer *comparer, enum type_difference what,
			      const char *path, const struct type *before, const struct type *after)
{
	struct type_diffs *diffs = &comparer->diffs;

	diffs->items = arena_grow(comparer->arena, diffs->items, diffs->len, &diffs->cap);
	diffs->items[diffs->len] =
		(struct type_diff){ .what = what, .path = path, .before = before, .after = after };
	return &diffs->items[diffs->len++];
}

static void compare(struct comparer *comparer, const char *path, const struct type *before,
		    const struct type *after);

static const char *inside(struct comparer *comparer, const char *path, const char *step)
{
	return *path ? arena_printf(comparer->arena, "%s, %s", path, step)
		     : arena_dup(comparer->arena, span_of(step));
}

static const struct type *value_at(const struct type_variant *variant, const char *key)
{
	for (size_t i = 0; i < variant->len; i++)
		if (strcmp(variant->keys[i], key) == 0)
			return variant->items[i];
	return NULL;
}

static void compare_maps(struct comparer *comparer, const char *path, const struct type *before,
			 const struct type *after, const struct type_variant *a,
			 const struct type_variant *b)
{
	for (size_t i = 0; i < b->len; i++) {
		const struct type *was = value_at(a, b->keys[i]);
		struct type_diff *diff;

		if (was) {
			compare(comparer,
				inside(comparer, path,
				       arena_printf(comparer->arena, "under %s", b->keys[i])),
				was, b->items[i]);
		} else if (strcmp(b->keys[i], "*") != 0) {
			diff = note(comparer, TYPE_KEY, path, before, after);
			diff->tag = b->keys[i];
			diff->of = b->tag;
			diff->open = a->open || value_at(a, "*");
		}
	}
	for (size_t i = 0; i < a->len && !b->open; i++)
		if (!value_at(b, a->keys[i]) && strcmp(a->keys[i], "*") != 0) {
			struct type_diff *diff = note(comparer, TYPE_KEY_GONE, path, before, after);

			diff->tag = a->keys[i];
			diff->of = a->tag;
		}
}

static bool is_seen(const struct type *type)
{
	return type->kinds && !type->unknown && !type->argument;
}

/* What a field was given is not seen as often as not: that it moved is, where another one moved to
 * its place.
 */
static void note_swaps(struct comparer *comparer, const char *path, const struct type_variant *a,
		       const struct type_variant *b)
{
	for (size_t i = 0; i < a->len; i++)
		for (size_t j = 0; j < a->len; j++) {
			const struct type *was = a->items[i], *is = b->items[j];
			struct type_diff *diff;

			if (i == j || !is_seen(was) || !is_seen(is) || was->kinds != is->kinds ||
			    a->items[j]->kinds || b->items[i]->kinds)
				continue;
			diff = note(comparer, TYPE_SWAP, path, was, is);
			diff->tag = a->tag;
			diff->size = i < j ? i + 1 : j + 1;
			diff->new_size = i < j ? j + 1 : i + 1;
			return;
		}
}

static void compare_tuples(struct comparer *comparer, const char *path,
			   const struct type_variant *a, const struct type_variant *b)
{
	for (size_t i = 0; i < a->len; i++) {
		const char *at = a->tag && value_tag_of_container(a->tag)
					 ? arena_printf(comparer->arena, "in %s", a->tag)
					 : arena_printf(comparer->arena, "element %zu", i + 1);

		compare(comparer, inside(comparer, path, at), a->items[i], b->items[i]);
	}
	note_swaps(comparer, path, a, b);
}

/* Only in one of them: of two that are in neither, the size changed. */
static bool only_size(const struct type *before, const struct type *after,
		      const struct type_variant *b, size_t *size)
{
	size_t sizes = 0;

	for (size_t i = 0; i < before->len; i++) {
		const struct type_variant *a = &before->variants[i];

		if (a->map || !same_tag(a->tag, b->tag) || find(after, a, false))
			continue;
		*size = a->len;
		sizes++;
	}
	return sizes > 0;
}

/* Tuples of one size, one of which begins with an atom that is not known. */
static bool may_be_tagged(const struct type *plain, const struct type *tagged)
{
	for (size_t i = 0; i < plain->len; i++) {
		const struct type_variant *a = &plain->variants[i];

		if (a->map || a->tag || a->len == 0 ||
		    !(a->items[0]->unknown || a->items[0]->argument ||
		      a->items[0]->kinds & kind_bit(TERM_ATOM)))
			continue;
		for (size_t j = 0; j < tagged->len; j++)
			if (!tagged->variants[j].map && tagged->variants[j].tag &&
			    tagged->variants[j].len == a->len)
				return true;
	}
	return false;
}

/* Whether something may be the same in both. */
static bool overlap(const struct type *before, const struct type *after)
{
	const unsigned inner = kind_bit(TERM_TUPLE) | kind_bit(TERM_MAP);

	if (before->kinds & after->kinds & ~inner)
		return true;
	for (size_t i = 0; i < before->len; i++)
		if (find(after, &before->variants[i], true))
			return true;
	return may_be_tagged(before, after) || may_be_tagged(after, before);
}

static void compare_variants(struct comparer *comparer, const char *path, const struct type *before,
			     const struct type *after)
{
	for (size_t i = 0; i < after->len; i++) {
		const struct type_variant *b = &after->variants[i], *a = find(before, b, false);
		struct type_diff *diff;
		size_t size = 0;

		if (a && b->map) {
			compare_maps(comparer, path, before, after, a, b);
		} else if (a) {
			compare_tuples(comparer, path, a, b);
		} else if (!b->map && only_size(before, after, b, &size)) {
			diff = note(comparer, TYPE_SIZE, path, before, after);
			diff->tag = b->tag;
			diff->size = size;
			diff->new_size = b->len;
		}
	}
}

/* Whether all kinds of one, and its variants, are in the other. */
static bool has_all(const struct type *type, const struct type *of)
{
	for (size_t i = 0; i < of->len; i++)
		if (!find(type, &of->variants[i], false))
			return false;
	return !(of->kinds & ~type->kinds);
}

static bool same_function(const struct beam_function *a, const struct beam_function *b)
{
	return a->arity == b->arity && same_tag(a->name, b->name) && same_tag(a->module, b->module);
}

static void compare(struct comparer *comparer, const char *path, const struct type *before,
		    const struct type *after)
{
	if (comparer->depth == 0)
		return;
	comparer->depth--;
	compare_variants(comparer, path, before, after);
	if (before->item && after->item)
		compare(comparer, inside(comparer, path, "in its list"), before->item, after->item);
	if (before->kinds && after->kinds && !before->unknown && !after->unknown &&
	    !before->argument && !after->argument && !overlap(before, after))
		note(comparer, TYPE_OTHER, path, before, after);
	else if (before->unknown || after->unknown ||
		 (before->argument != after->argument && !type_is_empty(before) &&
		  !type_is_empty(after)))
		note(comparer, TYPE_LOST, path, before, after);
	else if (before->kinds && after->kinds && !has_all(after, before))
		note(comparer, TYPE_MORE, path, before, after);
	comparer->depth++;
}

struct type_diffs type_compare(const struct type *before, const struct type *after,
			       struct arena *arena)
{
	struct comparer comparer = { .arena = arena, .depth = TYPE_DEPTH };

	compare(&comparer, "", before, after);
	return comparer.diffs;
}

/* By the names of its keys, which may have other numbers there. */
static bool has_set(const struct type_variant *variant, const struct type_variant *of, uint64_t set)
{
	uint64_t same = 0;

	for (size_t i = 0; i < of->len; i++)
		for (size_t j = 0; set & (uint64_t)1 << i && j < variant->len; j++)
			if (strcmp(of->keys[i], variant->keys[j]) == 0)
				same |= (uint64_t)1 << j;
	for (size_t i = 0; i < variant->sets_len; i++)
		if (variant->sets[i] == same)
			return true;
	return false;
}

static bool same_sets(const struct type_variant *a, const struct type_variant *b)
{
	if (a->sets_len != b->sets_len || a->more_sets != b->more_sets)
		return false;
	for (size_t i = 0; i < a->sets_len; i++)
		if (!has_set(b, a, a->sets[i]))
			return false;
	return true;
}

static bool same_types(const struct type *a, const struct type *b, unsigned depth)
{
	if (depth == 0 || a->kinds != b->kinds || a->unknown != b->unknown ||
	    a->argument != b->argument || a->len != b->len || !a->item != !b->item || a->fun ||
	    b->fun || !same_function(&a->lost, &b->lost))
		return false;
	if (a->item && !same_types(a->item, b->item, depth - 1))
		return false;
	for (size_t i = 0; i < a->len; i++) {
		const struct type_variant *v = &a->variants[i], *w = find(b, v, false);

		if (!w || v->len != w->len || v->open != w->open || !same_sets(v, w))
			return false;
		for (size_t j = 0; j < v->len; j++) {
			const struct type *other = v->map ? value_at(w, v->keys[j]) : w->items[j];

			if (!other || !same_types(v->items[j], other, depth - 1))
				return false;
		}
	}
	return true;
}

static bool loses_atom(const struct type *a, const struct type *b)
{
	if (a->any_atom || b->any_atom || b->unknown || b->argument || b->atoms_len == 0)
		return false;
	for (size_t i = 0; i < a->atoms_len; i++) {
		size_t at = 0;

		while (at < b->atoms_len && strcmp(a->atoms[i], b->atoms[at]) != 0)
			at++;
		if (at == b->atoms_len)
			return true;
	}
	return false;
}

static bool loses_atoms(const struct type *a, const struct type *b, unsigned depth)
{
	if (depth == 0)
		return false;
	if (loses_atom(a, b) || (a->item && b->item && loses_atoms(a->item, b->item, depth - 1)))
		return true;
	for (size_t i = 0; i < a->len; i++) {
		const struct type_variant *v = &a->variants[i], *w = find(b, v, false);

		for (size_t j = 0; w && j < v->len; j++) {
			const struct type *other = v->map ? value_at(w, v->keys[j]) : w->items[j];

			if (other && loses_atoms(v->items[j], other, depth - 1))
				return true;
		}
	}
	return false;
}

bool type_loses_atoms(const struct type *before, const struct type *after)
{
	return loses_atoms(before, after, TYPE_DEPTH);
}

bool type_same(const struct type *before, const struct type *after)
{
	return same_types(before, after, TYPE_DEPTH + 1);
}
