// SPDX-License-Identifier: Apache-2.0
/* Functions of OTP and Elixir that put something into a map, take it out, or look for it. */
#include "erlang/code/code_known.h"

static const struct value *known_map_get(struct eval *eval, const struct value *const *args)
{
	const struct value *value;

	if (value_map_get(args[1], args[0], eval->arena, &value) == YES)
		return value;
	return value_is_unseen(args[1]) ? args[1] : NULL;
}

static const struct value *known_map_put(struct eval *eval, const struct value *const *args)
{
	return value_map_put(eval->arena, args[2], args[0], args[1]);
}

static const struct value *known_elixir_put(struct eval *eval, const struct value *const *args)
{
	return value_map_put(eval->arena, args[0], args[1], args[2]);
}

/* Under a key there is this value, or another one: of a key that is not known nobody can be sure
 * which one it has.
 */
static const struct value *put_maybe(struct eval *eval, const struct value *map,
				     const struct value *key, const struct value *value)
{
	return value_map_put(eval->arena, map, key,
			     value_term(key, eval->arena) ? &value_unknown : value);
}

/* Map.put_new(map, key, value): the key is there afterwards. */
static const struct value *known_put_new(struct eval *eval, const struct value *const *args)
{
	const struct value *at;

	switch (value_map_get(args[0], args[1], eval->arena, &at)) {
	case YES:
		return args[0];
	case NO:
		return value_map_put(eval->arena, args[0], args[1], args[2]);
	default:
		return put_maybe(eval, args[0], args[1], args[2]);
	}
}

const struct value *map_put_pairs(struct eval *eval, const struct value *map,
				  const struct value *list)
{
	const struct value *head;

	for (; value_uncons(list, eval->arena, &head, &list); eval->steps++) {
		if (value_tuple_size(head) != 2)
			return NULL;
		map = value_map_put(eval->arena, map, value_element(head, 0, eval->arena),
				    value_element(head, 1, eval->arena));
	}
	return value_is_nil(list) == YES ? map : NULL;
}

const struct value *map_empty(struct eval *eval)
{
	return value_of_term(eval->arena, term_map(eval->arena, NULL, NULL, 0));
}

/* The map without a key; only of maps that are seen as a whole.  Of two keys that are not known the
 * other one stays: what it has may be there still.
 */
static const struct value *without(struct eval *eval, const struct value *map,
				   const struct value *key)
{
	const struct value *less;

	if (map->kind == VALUE_MAP) {
		enum answer same = value_equal(map->map.key, key);

		if (same == MAYBE && !value_term(map->map.key, eval->arena))
			same = NO;
		less = same == MAYBE || ++eval->steps > EVAL_STEPS
			       ? NULL
			       : without(eval, map->map.base, key);
		return !less || same == YES
			       ? less
			       : value_map_put(eval->arena, less, map->map.key, map->map.value);
	}
	if (map->kind != VALUE_TERM || map->constant.term->kind != TERM_MAP)
		return NULL;
	less = map_empty(eval);
	for (size_t i = 0; i < map->constant.term->map.len; i++, eval->steps++) {
		const struct value *at =
			value_of_term(eval->arena, map->constant.term->map.keys[i]);
		enum answer same = value_equal(at, key);

		if (same == MAYBE)
			return NULL;
		if (same == NO)
			less = value_map_put(
				eval->arena, less, at,
				value_of_term(eval->arena, map->constant.term->map.values[i]));
	}
	return less;
}

static const struct value *known_remove(struct eval *eval, const struct value *const *args)
{
	const struct value *less = without(eval, args[1], args[0]);

	return less ? less : value_of_kind(eval->arena, TERM_MAP);
}

static const struct value *known_delete(struct eval *eval, const struct value *const *args)
{
	const struct value *turned[] = { args[1], args[0] };

	return known_remove(eval, turned);
}

/* Map.pop(map, key[, default]), Map.pop!(map, key): {Value, Map}. */
static const struct value *known_pop(struct eval *eval, const struct value *const *args)
{
	const struct value *parts[] = { &value_unknown, known_delete(eval, args) };

	if (value_map_get(args[0], args[1], eval->arena, &parts[0]) == NO)
		return NULL;
	return value_tuple(eval->arena, parts, ARRAY_LEN(parts));
}

/* maps:without/2, Map.drop/2. */
static const struct value *drop(struct eval *eval, const struct value *map,
				const struct value *keys)
{
	const struct value *key;

	for (; map && value_uncons(keys, eval->arena, &key, &keys); eval->steps++)
		map = without(eval, map, key);
	return map && value_is_nil(keys) == YES ? map : value_of_kind(eval->arena, TERM_MAP);
}

static const struct value *known_without(struct eval *eval, const struct value *const *args)
{
	return drop(eval, args[1], args[0]);
}

/* maps:with/2 */
static const struct value *known_with(struct eval *eval, const struct value *const *args)
{
	const struct value *out, *key, *value, *keys = args[0];

	out = map_empty(eval);
	for (; value_uncons(keys, eval->arena, &key, &keys); eval->steps++)
		switch (value_map_get(args[1], key, eval->arena, &value)) {
		case YES:
			out = value_map_put(eval->arena, out, key, value);
			break;
		case MAYBE:
			return value_of_kind(eval->arena, TERM_MAP);
		case NO:
			break;
		}
	return value_is_nil(keys) == YES ? out : value_of_kind(eval->arena, TERM_MAP);
}

/* maps:from_keys/2 */
static const struct value *known_from_keys(struct eval *eval, const struct value *const *args)
{
	const struct value *map, *key, *keys = args[0];

	map = map_empty(eval);
	for (; value_uncons(keys, eval->arena, &key, &keys); eval->steps++)
		map = value_map_put(eval->arena, map, key, args[1]);
	return value_is_nil(keys) == YES ? map : value_of_kind(eval->arena, TERM_MAP);
}

static const struct value *known_empty(struct eval *eval, const struct value *const *args)
{
	(void)args;
	return map_empty(eval);
}

const struct value *map_put_keys(struct eval *eval, const struct value *map,
				 const struct value *from)
{
	const struct term *term;

	for (; from->kind == VALUE_MAP; from = from->map.base, eval->steps++)
		map = value_map_put(eval->arena, map, from->map.key, &value_unknown);
	term = from->kind == VALUE_TERM ? from->constant.term : NULL;
	for (size_t i = 0; term && term->kind == TERM_MAP && i < term->map.len; i++, eval->steps++)
		map = value_map_put(eval->arena, map, value_of_term(eval->arena, term->map.keys[i]),
				    &value_unknown);
	return map;
}

const struct value *map_put_list(struct eval *eval, const struct value *map,
				 const struct value *list)
{
	const struct value *all = map_put_pairs(eval, map, list), *head;

	if (all)
		return all;
	all = map_put_keys(eval, value_of_kind(eval->arena, TERM_MAP), map);
	for (; value_uncons(list, eval->arena, &head, &list); eval->steps++)
		if (value_tuple_size(head) == 2)
			all = put_maybe(eval, all, value_element(head, 0, eval->arena),
					value_element(head, 1, eval->arena));
	return all;
}

static const struct value *known_from_list(struct eval *eval, const struct value *const *args)
{
	return map_put_list(eval, map_empty(eval), args[0]);
}

/* maps:merge/2 and Elixir's Map.merge/2, of maps of which not all is known: what the second is seen
 * to set.
 */
static const struct value *merge_seen(struct eval *eval, const struct value *map,
				      const struct value *over)
{
	const struct value *puts[EVAL_OUTCOMES];
	const struct term *term;
	size_t len = 0;

	for (; over->kind == VALUE_MAP; over = over->map.base) {
		if (len == ARRAY_LEN(puts))
			return NULL;
		puts[len++] = over;
	}
	term = over->kind == VALUE_TERM ? over->constant.term : NULL;
	if (term && term->kind == TERM_MAP)
		for (size_t i = 0; i < term->map.len; i++, eval->steps++)
			map = value_map_put(eval->arena, map,
					    value_of_term(eval->arena, term->map.keys[i]),
					    value_of_term(eval->arena, term->map.values[i]));
	else if (term)
		return NULL;
	else if (value_term_kind(map) != TERM_MAP)
		map = value_of_kind(eval->arena, TERM_MAP);
	while (len-- > 0)
		map = value_map_put(eval->arena, map, puts[len]->map.key, puts[len]->map.value);
	return map;
}

static const struct value *known_merge(struct eval *eval, const struct value *const *args)
{
	return merge_seen(eval, args[0], args[1]);
}

/* put_in(map, [key, …], value) with keys, not functions, of maps. */
static const struct value *put_below(struct eval *eval, const struct value *map,
				     const struct value *path, const struct value *put,
				     unsigned depth)
{
	const struct value *key, *inner;

	if (!value_uncons(path, eval->arena, &key, &path))
		return value_is_nil(path) == YES ? put : NULL;
	if (depth == 0 || key->kind == VALUE_FUN ||
	    (value_term_kind(map) >= 0 && value_term_kind(map) != TERM_MAP))
		return NULL;
	if (value_map_get(map, key, eval->arena, &inner) != YES)
		inner = &value_unknown;
	put = put_below(eval, inner, path, put, depth - 1);
	return put ? value_map_put(eval->arena, map, key, put) : NULL;
}

static const struct value *known_put_in(struct eval *eval, const struct value *const *args)
{
	return put_below(eval, args[0], args[1], args[2], 8);
}

static const struct value *is_key(struct eval *eval, const struct value *map,
				  const struct value *key)
{
	const struct value *value;
	enum answer found = value_map_get(map, key, eval->arena, &value);

	return found == MAYBE || value_term_kind(map) != TERM_MAP
		       ? NULL
		       : value_of_atom(eval->arena, found == YES ? "true" : "false");
}

static const struct value *known_is_key(struct eval *eval, const struct value *const *args)
{
	return is_key(eval, args[1], args[0]);
}

static const struct value *known_has_key(struct eval *eval, const struct value *const *args)
{
	return is_key(eval, args[0], args[1]);
}

/* clang-format off */
static const struct known_row known[] = {
	{ "erlang", "is_map_key", 2, known_is_key },
	{ "erlang", "map_get", 2, known_map_get },
	{ "maps", "from_keys", 2, known_from_keys },
	{ "maps", "from_list", 1, known_from_list },
	{ "maps", "get", 2, known_map_get },
	{ "maps", "is_key", 2, known_is_key },
	{ "maps", "merge", 2, known_merge },
	{ "maps", "new", 0, known_empty },
	{ "maps", "put", 3, known_map_put },
	{ "maps", "remove", 2, known_remove },
	{ "maps", "update", 3, known_map_put },
	{ "maps", "with", 2, known_with },
	{ "maps", "without", 2, known_without },
	{ "Elixir.Map", "delete", 2, known_delete },
	{ "Elixir.Map", "has_key?", 2, known_has_key },
	{ "Elixir.Map", "merge", 2, known_merge },
	{ "Elixir.Map", "new", 0, known_empty },
	{ "Elixir.Map", "new", 1, known_from_list },
	{ "Elixir.Map", "pop", 2, known_pop },
	{ "Elixir.Map", "pop", 3, known_pop },
	{ "Elixir.Map", "pop!", 2, known_pop },
	{ "Elixir.Map", "put", 3, known_elixir_put },
	{ "Elixir.Map", "put_new", 3, known_put_new },
	{ "Elixir.Kernel", "put_in", 3, known_put_in },
};
/* clang-format on */

bool known_of_map(const struct value **out, struct eval *eval, const struct beam_function *function,
		  const struct value *const *args)
{
	static struct rows rows = ROWS(known);

	return known_by_rows(out, &rows, eval, function, args);
}
