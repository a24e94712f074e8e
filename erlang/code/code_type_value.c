// SPDX-License-Identifier: Apache-2.0
/* Values of a type, to try code with. */
#include "erlang/code/code_type_parts.h"

/* Kinds beside tuples and maps, of which single values are made: funs are not. */
static unsigned plain_kinds(const struct type *type)
{
	return type->kinds &
	       ~(type_kind_bit(TERM_TUPLE) | type_kind_bit(TERM_MAP) | type_kind_bit(TERM_OPAQUE));
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
	if (depth > 0 && type->packed) {
		ways = ways_inside(type->packed, depth - 1, exact);
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

static const struct value *key_value(const struct type_variant *variant, const char *name,
				     size_t nth, enum fill fill, struct arena *arena)
{
	const struct type *others = strcmp(name, "*") == 0 ? variant->others : NULL;

	return others && others->kinds && !others->unknown && !others->argument
		       ? value_of_type(others, nth, fill, arena)
		       : type_key_value(name, arena);
}

static const struct value *map_value(const struct type_variant *variant, size_t way, size_t nth,
				     enum fill fill, struct arena *arena)
{
	const uint64_t set = keys_in(variant, way);
	const struct value *map = way == 0 && variant->open
					  ? value_of_kind(arena, TERM_MAP)
					  : value_of_term(arena, term_map(arena, NULL, NULL, 0));

	for (size_t i = 0; i < variant->len; i++)
		if (set & (uint64_t)1 << i)
			map = value_map_put(arena, map,
					    key_value(variant, variant->keys[i], nth, fill, arena),
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
	value->where.name = type->any_atom ? NULL : type_same_again;
	return value;
}

/* [{Key, Value}, …] with all keys that were seen, in front of others where some had those; NULL:
 * lists are not such ones.
 */
static const struct value *pairs_value(const struct type *type, size_t nth, enum fill fill,
				       struct arena *arena)
{
	const struct value *list = type->open_pairs ? value_of_kind(arena, TERM_LIST)
						    : value_of_term(arena, &term_nil);

	if (type->pairs_len == 0 || type->other_list)
		return NULL;
	for (size_t i = type->pairs_len; i-- > 0;) {
		const struct type_variant like = { .tag = type->pairs[i], .len = 2 };
		const struct type_variant *pair = type_find(type->item, &like, false);

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
	const struct value *list = value_of_term(arena, &term_nil), *item;
	const size_t length = type_list_length(type);

	if (fill == FILL_EMPTY)
		return list;
	if (pairs)
		return pairs;
	/* Of several things which one stands where is not known. */
	item = length > 1 && plain_kinds(type->item) && ways_of(type->item, false) > 1
		       ? hole(arena)
		       : value_of_type(type->item, nth, fill, arena);
	for (size_t i = 0; i < (length > 0 ? length : 1); i++)
		list = value_cons(arena, item, list);
	return list;
}

/* One that is built begins as it was seen to; of constants any may stand there. */
static const struct value *binary_of(const struct type *type, size_t nth, enum fill fill,
				     struct arena *arena)
{
	const struct type_text *text =
		type->texts_len > 0 && !type->any_text ? &type->texts[nth % type->texts_len] : NULL;

	if (type->packed)
		return value_packed(arena, value_of_type(type->packed, nth, fill, arena));
	return text && !text->whole ? value_of_text(arena, span_of(text->text))
				    : value_of_kind(arena, TERM_BINARY);
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
	if (kinds & type_kind_bit(TERM_ATOM) && way <= atoms)
		return atom_of(type, way, fill, arena);
	if (kinds & type_kind_bit(TERM_ATOM)) {
		kinds &= ~type_kind_bit(TERM_ATOM);
		way -= atoms + 1;
	}
	for (; way > 0; way--)
		kinds &= kinds - 1;
	if (__builtin_ctz(kinds) == TERM_LIST && type->item)
		return list_value(type, nth, fill, arena);
	if (__builtin_ctz(kinds) == TERM_LIST && !type->other_list)
		return value_of_term(arena, &term_nil);
	if (__builtin_ctz(kinds) == TERM_BINARY)
		return binary_of(type, nth, fill, arena);
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
