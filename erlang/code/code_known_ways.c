// SPDX-License-Identifier: Apache-2.0
/* Functions over maps that may return one of several things: what is under a key, or that it is not
 * there; a map with what a fun made.
 */
#include "erlang/code/code_eval.h"

enum { PATH = 8 }; /* keys, one below the other */

/* What is there under a key if it is; `otherwise` where it is not. */
static const struct value *value_below(struct eval *eval, const struct value *map,
				       const struct value *key, const struct value *otherwise,
				       enum answer *found)
{
	const struct value *value = otherwise;

	*found = value_map_get(map, key, eval->arena, &value);
	if (*found == MAYBE)
		value = value_map_only(map, key);
	return value ? value : &value_unknown;
}

/* maps:find(Key, Map): {ok, Value} or error */
static struct values find(struct eval *eval, const struct value *const *args)
{
	const struct value *ok[] = { value_of_atom(eval->arena, "ok"), NULL };
	struct values out = { 0 };
	enum answer found;

	ok[1] = value_below(eval, args[1], args[0], NULL, &found);
	if (found != NO)
		eval_add(eval, &out, value_tuple(eval->arena, ok, ARRAY_LEN(ok)));
	if (found != YES)
		eval_add(eval, &out, value_of_atom(eval->arena, "error"));
	return out;
}

/* False: not all of that is a map with keys, not functions, below each other. */
static bool update_below(struct values *out, struct eval *eval, const struct value *map,
			 const struct value *path, const struct value *fun, unsigned depth)
{
	const struct value *key, *inner;
	struct values made;
	enum answer found;

	*out = (struct values){ 0 };
	if (value_is_nil(path) == YES) {
		*out = eval_fun(eval, fun, &map, 1);
		return true;
	}
	if (depth == 0 || !value_uncons(path, eval->arena, &key, &path) || key->kind == VALUE_FUN ||
	    (value_term_kind(map) >= 0 && value_term_kind(map) != TERM_MAP))
		return false;
	inner = value_below(eval, map, key, value_of_atom(eval->arena, "nil"), &found);
	if (!update_below(&made, eval, inner, path, fun, depth - 1))
		return false;
	for (size_t i = 0; i < made.len; i++)
		eval_add(eval, out, value_map_put(eval->arena, map, key, made.items[i]));
	return true;
}

bool known_ways(struct eval *eval, const struct beam_function *function,
		const struct value *const *args, struct values *out)
{
	if (function->arity == 2 && strcmp(function->name, "find") == 0 &&
	    strcmp(function->module, "maps") == 0) {
		*out = find(eval, args);
		return true;
	}
	return function->arity == 3 && strcmp(function->name, "update_in") == 0 &&
	       strcmp(function->module, "Elixir.Kernel") == 0 &&
	       update_below(out, eval, args[0], args[1], args[2], PATH);
}
