// SPDX-License-Identifier: Apache-2.0
/* Functions of OTP and Elixir over lists of pairs: proplists, Elixir's keywords. */
#include "erlang/code/code_eval.h"
#include "erlang/code/code_rows.h"

/* The first tuple of a list with that element; *found is MAYBE when one before it may have it. */
static const struct value *find_tuple(struct eval *eval, const struct value *key, size_t nr,
				      const struct value *list, enum answer *found)
{
	const struct value *head;

	*found = NO;
	for (; value_uncons(list, eval->arena, &head, &list); eval->steps++) {
		if (value_term_kind(head) < 0)
			*found = MAYBE;
		else if (value_tuple_size(head) > (int)nr)
			*found = value_equal(value_element(head, nr, eval->arena), key);
		if (*found != NO)
			return head;
	}
	if (value_is_nil(list) != YES)
		*found = MAYBE;
	return NULL;
}

static const struct value *known_keyfind(struct eval *eval, const struct value *const *args)
{
	const struct term *nr = value_term(args[1], eval->arena);
	const struct value *tuple;
	enum answer found;
	int64_t at;

	if (!nr || !term_get_integer(nr, &at) || at < 1 || at > 255)
		return NULL;
	tuple = find_tuple(eval, args[0], (size_t)at - 1, args[2], &found);
	return found == MAYBE ? NULL : found == YES ? tuple : value_of_atom(eval->arena, "false");
}

const struct value *known_keyword(struct eval *eval, const struct value *list,
				  const struct value *key, const struct value *otherwise)
{
	enum answer found;
	const struct value *tuple = find_tuple(eval, key, 0, list, &found);

	if (found == NO)
		return otherwise;
	return found == YES && value_tuple_size(tuple) == 2 ? value_element(tuple, 1, eval->arena)
							    : NULL;
}

static const struct value *known_keyword_get2(struct eval *eval, const struct value *const *args)
{
	return known_keyword(eval, args[0], args[1], value_of_atom(eval->arena, "nil"));
}

static const struct value *known_keyword_get3(struct eval *eval, const struct value *const *args)
{
	return known_keyword(eval, args[0], args[1], args[2]);
}

/* The list with another tuple in place of the one that has the key; NULL: not seen.
 * tuple  NULL: none
 * add    behind the last where there is none
 */
static const struct value *with_tuple(struct eval *eval, const struct value *key,
				      const struct value *list, const struct value *tuple, bool add)
{
	const struct value *head, *rest = list, *out;
	struct values items = { 0 };
	bool done = false;

	for (; value_uncons(rest, eval->arena, &head, &rest); eval->steps++) {
		enum answer found = value_term_kind(head) < 0 ? MAYBE : NO;

		if (value_tuple_size(head) > 0 && !done)
			found = value_equal(value_element(head, 0, eval->arena), key);
		if (found == MAYBE)
			return NULL;
		done = done || found == YES;
		if (found == YES && !tuple)
			continue;
		items.items = arena_grow(eval->arena, items.items, items.len, &items.cap);
		items.items[items.len++] = found == YES ? tuple : head;
	}
	if (value_is_nil(rest) != YES)
		return NULL;
	out = add && !done ? value_cons(eval->arena, tuple, rest) : rest;
	while (items.len > 0)
		out = value_cons(eval->arena, items.items[--items.len], out);
	return out;
}

/* Keyword.pop(list, key, default): what Keyword.get/3 gives, and the list without it; NULL: not
 * seen, as there.
 */
static const struct value *popped(struct eval *eval, const struct value *list,
				  const struct value *key, const struct value *otherwise)
{
	const struct value *value = known_keyword(eval, list, key, otherwise);
	const struct value *rest = with_tuple(eval, key, list, NULL, false);
	const struct value *const pair[] = {
		value,
		rest ? rest : value_of_kind(eval->arena, TERM_LIST),
	};

	return value ? value_tuple(eval->arena, pair, ARRAY_LEN(pair)) : NULL;
}

static const struct value *known_keyword_pop2(struct eval *eval, const struct value *const *args)
{
	return popped(eval, args[0], args[1], value_of_atom(eval->arena, "nil"));
}

static const struct value *known_keyword_pop3(struct eval *eval, const struct value *const *args)
{
	return popped(eval, args[0], args[1], args[2]);
}

/* proplists:get_value(Key, List, Default): {Key, Value}, or the bare Key for {Key, true}. */
static const struct value *property(struct eval *eval, const struct value *key,
				    const struct value *list, const struct value *otherwise)
{
	const struct value *head;

	for (; value_uncons(list, eval->arena, &head, &list); eval->steps++) {
		enum answer bare = value_equal(head, key), found = NO;

		if (value_tuple_size(head) > 0)
			found = value_equal(value_element(head, 0, eval->arena), key);
		if (bare == YES)
			return value_of_atom(eval->arena, "true");
		if (bare == MAYBE || found == MAYBE)
			return NULL;
		if (found == YES)
			return value_tuple_size(head) == 2 ? value_element(head, 1, eval->arena)
							   : otherwise;
	}
	return value_is_nil(list) == YES ? otherwise : NULL;
}

static const struct value *known_get_value2(struct eval *eval, const struct value *const *args)
{
	return property(eval, args[0], args[1], value_of_atom(eval->arena, "undefined"));
}

static const struct value *known_get_value3(struct eval *eval, const struct value *const *args)
{
	return property(eval, args[0], args[1], args[2]);
}

/* Keyword.fetch!(list, key): NULL where it raises, too. */
static const struct value *known_fetch(struct eval *eval, const struct value *const *args)
{
	return known_keyword(eval, args[0], args[1], NULL);
}

/* Keyword.fetch(list, key): {:ok, value} or :error */
static const struct value *known_fetch_ok(struct eval *eval, const struct value *const *args)
{
	const struct value *error = value_of_atom(eval->arena, "error");
	const struct value *value = known_keyword(eval, args[0], args[1], error);
	const struct value *const ok[] = { value_of_atom(eval->arena, "ok"), value };

	return !value || value == error ? value : value_tuple(eval->arena, ok, 2);
}

/* list[key]; maps are told from lists first. */
static const struct value *known_access(struct eval *eval, const struct value *const *args)
{
	const struct value *nil = value_of_atom(eval->arena, "nil"), *value;

	if (value_term_kind(args[0]) == TERM_LIST)
		return known_keyword(eval, args[0], args[1], nil);
	if (value_term_kind(args[0]) != TERM_MAP)
		return NULL;
	switch (value_map_get(args[0], args[1], eval->arena, &value)) {
	case YES:
		return value;
	case NO:
		return nil;
	default:
		return NULL;
	}
}

static bool is_first(const struct value *nr)
{
	int64_t at;

	return nr->kind == VALUE_TERM && term_get_integer(nr->constant.term, &at) && at == 1;
}

static const struct value *known_keystore(struct eval *eval, const struct value *const *args)
{
	return is_first(args[1]) ? with_tuple(eval, args[0], args[2], args[3], true) : NULL;
}

static const struct value *known_keyreplace(struct eval *eval, const struct value *const *args)
{
	return is_first(args[1]) ? with_tuple(eval, args[0], args[2], args[3], false) : NULL;
}

static const struct value *known_keydelete(struct eval *eval, const struct value *const *args)
{
	return is_first(args[1]) ? with_tuple(eval, args[0], args[2], NULL, false) : NULL;
}

/* Keyword.put(list, key, value) */
static const struct value *known_keyword_put(struct eval *eval, const struct value *const *args)
{
	const struct value *const pair[] = { args[1], args[2] };

	return with_tuple(eval, args[1], args[0], value_tuple(eval->arena, pair, 2), true);
}

/* Keyword.merge(defaults, over): a key of the first is there, whatever the second is. */
static const struct value *merged(struct eval *eval, const struct value *defaults,
				  const struct value *over)
{
	const struct value *head, *rest = defaults, *out = over;
	struct values items = { 0 };

	for (; value_uncons(rest, eval->arena, &head, &rest); eval->steps++) {
		const struct value *pair[] = { value_element(head, 0, eval->arena),
					       &value_unknown };
		enum answer found;

		/* Keyword.validate!/2 takes names without a default, too. */
		if (value_term_kind(head) == TERM_ATOM)
			continue;
		if (value_tuple_size(head) != 2)
			return NULL;
		find_tuple(eval, pair[0], 0, over, &found);
		if (found == YES)
			continue;
		items.items = arena_grow(eval->arena, items.items, items.len, &items.cap);
		items.items[items.len++] =
			found == NO ? head : value_tuple(eval->arena, pair, ARRAY_LEN(pair));
	}
	if (value_is_nil(rest) != YES)
		return NULL;
	if (value_term_kind(out) < 0)
		out = value_of_kind(eval->arena, TERM_LIST);
	while (items.len > 0)
		out = value_cons(eval->arena, items.items[--items.len], out);
	return out;
}

static const struct value *known_keyword_merge(struct eval *eval, const struct value *const *args)
{
	return merged(eval, args[0], args[1]);
}

static const struct value *known_validate(struct eval *eval, const struct value *const *args)
{
	return merged(eval, args[1], args[0]);
}

/* Keyword.put_new(list, key, value) */
static const struct value *known_keyword_put_new(struct eval *eval, const struct value *const *args)
{
	const struct value *const pair[] = { args[1], args[2] };
	const struct term *nil = term_list(eval->arena, NULL, 0);

	return merged(eval,
		      value_cons(eval->arena, value_tuple(eval->arena, pair, 2),
				 value_of_term(eval->arena, nil)),
		      args[0]);
}

/* clang-format off */
static const struct {
	const char *module, *name;
	uint32_t arity;
	const struct value *(*call)(struct eval *eval, const struct value *const *args);
} known[] = {
	{ "lists", "keydelete", 3, known_keydelete },
	{ "lists", "keyfind", 3, known_keyfind },
	{ "lists", "keyreplace", 4, known_keyreplace },
	{ "lists", "keystore", 4, known_keystore },
	{ "proplists", "get_value", 2, known_get_value2 },
	{ "proplists", "get_value", 3, known_get_value3 },
	{ "Elixir.Access", "get", 2, known_access },
	{ "Elixir.Keyword", "fetch", 2, known_fetch_ok },
	{ "Elixir.Keyword", "fetch!", 2, known_fetch },
	{ "Elixir.Keyword", "get", 2, known_keyword_get2 },
	{ "Elixir.Keyword", "get", 3, known_keyword_get3 },
	{ "Elixir.Keyword", "merge", 2, known_keyword_merge },
	{ "Elixir.Keyword", "pop", 2, known_keyword_pop2 },
	{ "Elixir.Keyword", "pop", 3, known_keyword_pop3 },
	{ "Elixir.Keyword", "put", 3, known_keyword_put },
	{ "Elixir.Keyword", "put_new", 3, known_keyword_put_new },
	{ "Elixir.Keyword", "validate!", 2, known_validate },
};
/* clang-format on */

const struct value *known_pairs(struct eval *eval, const struct beam_function *function,
				const struct value *const *args)
{
	static struct rows rows = ROWS(known);

	for (size_t i = rows_first(&rows, function); i != ROWS_END; i = rows_next(&rows, i))
		if (known[i].arity == function->arity)
			return known[i].call(eval, args);
	return NULL;
}

bool known_to_lack(struct eval *eval, const struct beam_function *function,
		   const struct value *const *args)
{
	enum answer found;

	if (function->arity != 2 || strcmp(function->name, "fetch!") != 0 ||
	    strcmp(function->module, "Elixir.Keyword") != 0)
		return false;
	find_tuple(eval, args[1], 0, args[0], &found);
	return found == NO;
}
