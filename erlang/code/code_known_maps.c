// SPDX-License-Identifier: Apache-2.0
/* Functions over all pairs of a map, which OTP writes over an iterator that only the VM knows. */
#include "erlang/code/code_eval.h"

enum {
	PAIRS = 64,
	SHOWN = 3,  /* of them that each are seen in a list of all */
	FOLDED = 6, /* things that a fold may have made so far */
};

struct pairs {
	const struct value *keys[PAIRS], *values[PAIRS];
	size_t len;
	const struct value *rest; /* there may be other keys; NULL: all are seen */
};

static void add_pair(struct pairs *pairs, const struct value *key, const struct value *value)
{
	for (size_t i = 0; i < pairs->len; i++)
		if (value_same(pairs->keys[i], key))
			return;
	if (pairs->len == PAIRS)
		return;
	pairs->keys[pairs->len] = key;
	pairs->values[pairs->len++] = value;
}

/* The last that was put under a key counts. */
static void find_pairs(struct pairs *pairs, struct eval *eval, const struct value *map)
{
	const struct term *term;

	*pairs = (struct pairs){ .len = 0 };
	for (; map->kind == VALUE_MAP; map = map->map.base, eval->steps++)
		add_pair(pairs, map->map.key, map->map.value);
	term = map->kind == VALUE_TERM && map->constant.term->kind == TERM_MAP ? map->constant.term
									       : NULL;
	for (size_t i = 0; term && i < term->map.len && pairs->len < PAIRS; i++, eval->steps++)
		add_pair(pairs, value_of_term(eval->arena, term->map.keys[i]),
			 value_of_term(eval->arena, term->map.values[i]));
	if (!term || term->map.len > PAIRS)
		pairs->rest = map;
}

/* What a fun makes of each pair; an empty one: it never returns. */
static void apply_all(struct values *made, struct eval *eval, const struct value *fun,
		      const struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->len; i++) {
		const struct value *args[] = { pairs->keys[i], pairs->values[i] };

		made[i] = eval_fun(eval, fun, args, 2);
	}
}

static struct values map_with(struct eval *eval, const struct value *fun, const struct value *map)
{
	struct values made[PAIRS], out = { 0 };
	struct pairs pairs;
	size_t ways = 1;

	find_pairs(&pairs, eval, map);
	apply_all(made, eval, fun, &pairs);
	for (size_t i = 0; i < pairs.len; i++) {
		if (made[i].len == 0)
			return out;
		ways = made[i].len > ways ? made[i].len : ways;
	}
	/* Not each with each: every value stands somewhere. */
	for (size_t way = 0; way < ways; way++) {
		const struct value *to =
			pairs.rest
				? value_of_kind(eval->arena, TERM_MAP)
				: value_of_term(eval->arena, term_map(eval->arena, NULL, NULL, 0));

		for (size_t i = pairs.len; i-- > 0;)
			to = value_map_put(eval->arena, to, pairs.keys[i],
					   made[i].items[way % made[i].len]);
		eval_add(eval, &out, to);
	}
	return out;
}

/* Those pairs of which a fun does not always say no.
 * away   what it says of those that are left away
 * pairs  it is given {Key, Value}
 */
static struct values filter_with(struct eval *eval, const struct value *fun,
				 const struct value *map, const char *away, bool pairs)
{
	const struct value *to;
	struct values out = { 0 };
	struct pairs all;

	find_pairs(&all, eval, map);
	to = all.rest ? value_of_kind(eval->arena, TERM_MAP)
		      : value_of_term(eval->arena, term_map(eval->arena, NULL, NULL, 0));
	for (size_t i = all.len; i-- > 0;) {
		const struct value *args[] = { all.keys[i], all.values[i] };
		const struct value *pair = value_tuple(eval->arena, args, 2);
		struct values made = eval_fun(eval, fun, pairs ? &pair : args, pairs ? 1 : 2);

		if (made.len == 0)
			return out;
		if (made.len > 1 || !value_is_atom(made.items[0], away))
			to = value_map_put(eval->arena, to, all.keys[i], all.values[i]);
	}
	eval_add(eval, &out, to);
	return out;
}

/* maps:values/1, maps:to_list/1: which of them is the first is not known. */
static struct values list_of(struct eval *eval, const struct value *map, bool keys)
{
	const struct value *any = value_of_kind(eval->arena, TERM_LIST);
	const struct value *nil = value_of_term(eval->arena, &term_nil);
	struct values out = { 0 };
	struct pairs pairs;
	bool one;

	find_pairs(&pairs, eval, map);
	one = pairs.len == 1 && !pairs.rest;
	for (size_t i = 0; i < pairs.len && i < SHOWN; i++) {
		const struct value *pair[] = { pairs.keys[i], pairs.values[i] };

		eval_add(eval, &out,
			 value_cons(eval->arena,
				    keys ? value_tuple(eval->arena, pair, 2) : pairs.values[i],
				    one ? nil : any));
	}
	if (pairs.rest || pairs.len == 0)
		eval_add(eval, &out, pairs.rest ? any : nil);
	return out;
}

static bool is_iterator(const struct value *value)
{
	int kind = value_term_kind(value);

	return kind == TERM_LIST || value_tuple_size(value) == 3 || value_is_atom(value, "none");
}

/* maps:foreach/2 calls a fun with each pair. */
static struct values each_with(struct eval *eval, const struct value *fun, const struct value *map)
{
	struct values out = { 0 };
	struct pairs pairs;

	find_pairs(&pairs, eval, map);
	for (size_t i = 0; i < pairs.len; i++) {
		const struct value *args[] = { pairs.keys[i], pairs.values[i] };

		if (eval_fun(eval, fun, args, 2).len == 0)
			return out;
	}
	eval_add(eval, &out, value_of_atom(eval->arena, "ok"));
	return out;
}

/* What a fun makes of one pair, and of each thing that it made so far. */
static struct values fold_pair(struct eval *eval, const struct value *fun, const struct value *key,
			       const struct value *value, struct values before)
{
	struct values out = { 0 }, made;

	for (size_t i = 0; i < before.len && i < FOLDED; i++) {
		const struct value *args[] = { key, value, before.items[i] };

		made = eval_fun(eval, fun, args, 3);
		for (size_t j = 0; j < made.len; j++)
			eval_add(eval, &out, made.items[j]);
	}
	if (before.len > FOLDED)
		eval_add(eval, &out, &value_unknown);
	return out;
}

/* maps:fold/3: with each pair and what the fun returned for the one before.  Of pairs that are not
 * seen there may be none, or some.
 */
static struct values fold_with(struct eval *eval, const struct value *fun, const struct value *map,
			       const struct value *from)
{
	struct values out = { 0 }, more;
	struct pairs pairs;

	eval_add(eval, &out, from);
	find_pairs(&pairs, eval, map);
	for (size_t i = pairs.len; i-- > 0;)
		out = fold_pair(eval, fun, pairs.keys[i], pairs.values[i], out);
	if (pairs.rest) {
		more = fold_pair(eval, fun, &value_unknown, &value_unknown, out);
		for (size_t i = 0; i < more.len; i++)
			eval_add(eval, &out, more.items[i]);
	}
	return out;
}

/* What a fun makes of both values of a key, and the second where the first has none. */
static const struct value *merge_pair(struct eval *eval, const struct value *fun,
				      const struct value *map, const struct value *key,
				      const struct value *value)
{
	const struct value *args[] = { key, NULL, value }, *there = NULL, *to = map;
	enum answer found = value_map_get(map, key, eval->arena, &there);
	struct values made;

	if (found == MAYBE)
		there = value_map_only(map, key);
	if (found != YES)
		to = value_map_put(eval->arena, to, key, value);
	if (found == NO)
		return to;
	args[1] = there ? there : &value_unknown;
	made = eval_fun(eval, fun, args, 3);
	for (size_t i = 0; i < made.len; i++)
		to = value_map_put(eval->arena, to, key, made.items[i]);
	return made.len > 0 || found != YES ? to : NULL;
}

/* maps:merge_with/3 */
static struct values merge_with(struct eval *eval, const struct value *fun, const struct value *map,
				const struct value *over)
{
	struct values out = { 0 };
	struct pairs pairs;

	find_pairs(&pairs, eval, over);
	for (size_t i = pairs.len; map && i-- > 0;)
		map = merge_pair(eval, fun, map, pairs.keys[i], pairs.values[i]);
	if (map && pairs.rest)
		map = merge_pair(eval, fun, map, &value_unknown, &value_unknown);
	if (map)
		eval_add(eval, &out, map);
	return out;
}

enum over { FILTER, FOLD, EACH, MAP, LIST, VALUES, MERGE };

static struct values over_map(enum over what, struct eval *eval, const struct value *const *args,
			      const struct value *map)
{
	switch (what) {
	case FILTER:
		return filter_with(eval, args[0], map, "false", false);
	case MAP:
		return map_with(eval, args[0], map);
	case LIST:
	case VALUES:
		return list_of(eval, map, what == LIST);
	case MERGE:
		return merge_with(eval, args[0], args[1], map);
	case FOLD:
		return fold_with(eval, args[0], map, args[1]);
	default:
		return each_with(eval, args[0], map);
	}
}

bool known_over_map(struct eval *eval, const struct beam_function *function,
		    const struct value *const *args, struct values *out)
{
	static const struct {
		const char *name;
		uint32_t arity;
	} over[] = {
		[FILTER] = { "filter", 2 },   [FOLD] = { "fold", 3 },    [EACH] = { "foreach", 2 },
		[MAP] = { "map", 2 },         [LIST] = { "to_list", 1 }, [VALUES] = { "values", 1 },
		[MERGE] = { "merge_with", 3 }
	};
	static const struct beam_function merge = { "maps", "merge_with", 3 };
	const bool elixir = strcmp(function->module, "Elixir.Map") == 0;
	const struct value *map = function->arity > 0 ? args[function->arity - 1] : NULL;
	size_t at = 0;

	if (elixir && function->arity == 3 && strcmp(function->name, "merge") == 0)
		return known_over_map(eval, &merge,
				      (const struct value *[]){ args[2], args[0], args[1] }, out);
	if (elixir && function->arity == 2 &&
	    (strcmp(function->name, "filter") == 0 || strcmp(function->name, "reject") == 0)) {
		*out = filter_with(eval, args[1],
				   value_term_kind(args[0]) < 0
					   ? value_of_kind(eval->arena, TERM_MAP)
					   : args[0],
				   *function->name == 'f' ? "false" : "true", true);
		return true;
	}
	if (strcmp(function->module, "maps") != 0)
		return false;
	while (at < ARRAY_LEN(over) &&
	       (function->arity != over[at].arity || strcmp(function->name, over[at].name) != 0))
		at++;
	if (at == ARRAY_LEN(over) || is_iterator(map))
		return false;
	if (value_term_kind(map) < 0)
		map = value_of_kind(eval->arena, TERM_MAP);
	*out = value_term_kind(map) == TERM_MAP ? over_map((enum over)at, eval, args, map)
						: (struct values){ 0 };
	return true;
}
