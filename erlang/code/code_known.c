// SPDX-License-Identifier: Apache-2.0
/* Functions of OTP and Elixir whose results are known here: those that are no Erlang code, and
 * those that make child specifications.
 *
 * Facts of Elixir (1.14): Supervisor.init/2 calls child_spec/1 of each child; its options are
 * strategy, max_restarts (3) and max_seconds (5).  Supervisor.child_spec/2 puts overrides into
 * what child_spec/1 gives.
 */
#include "erlang/code/code_eval.h"

typedef const struct value *known_fn(struct eval *eval, const struct value *const *args);

/* ---- lists ---- */

/* a ++ b; NULL when the end of a is not known. */
static const struct value *append(struct eval *eval, const struct value *a, const struct value *b)
{
	const struct value *head, *rest = a;
	struct values items = { 0 };

	while (value_uncons(rest, eval->arena, &head, &rest)) {
		items.items = arena_grow(eval->arena, items.items, items.len, &items.cap);
		items.items[items.len++] = head;
		eval->steps++;
	}
	if (value_is_nil(rest) != YES)
		return NULL;
	while (items.len > 0)
		b = value_cons(eval->arena, items.items[--items.len], b);
	return b;
}

static const struct value *known_append(struct eval *eval, const struct value *const *args)
{
	/* What stands in front of an unknown rest is known. */
	return append(eval, args[0], args[1]);
}

static const struct value *known_reverse(struct eval *eval, const struct value *const *args)
{
	const struct value *out = args[1], *head, *rest = args[0];

	for (; value_uncons(rest, eval->arena, &head, &rest); eval->steps++)
		out = value_cons(eval->arena, head, out);
	return value_is_nil(rest) == YES ? out : NULL;
}

static const struct value *known_hd(struct eval *eval, const struct value *const *args)
{
	const struct value *head, *tail;

	return value_uncons(args[0], eval->arena, &head, &tail) ? head : NULL;
}

static const struct value *known_tl(struct eval *eval, const struct value *const *args)
{
	const struct value *head, *tail;

	return value_uncons(args[0], eval->arena, &head, &tail) ? tail : NULL;
}

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

static const struct value *boolean(struct eval *eval, enum answer answer)
{
	return answer == MAYBE ? NULL
			       : value_of_atom(eval->arena, answer == YES ? "true" : "false");
}

static const struct value *known_member(struct eval *eval, const struct value *const *args)
{
	const struct value *head, *list = args[1];

	for (; value_uncons(list, eval->arena, &head, &list); eval->steps++) {
		enum answer equal = value_equal(head, args[0]);

		if (equal != NO)
			return boolean(eval, equal);
	}
	return value_is_nil(list) == YES ? boolean(eval, NO) : NULL;
}

static const struct value *known_same(struct eval *eval, const struct value *const *args)
{
	return boolean(eval, value_equal(args[0], args[1]));
}

/* ---- tuples and maps ---- */

static bool position(const struct value *value, struct arena *arena, size_t *out)
{
	const struct term *term = value_term(value, arena);
	int64_t nr;

	if (!term || !term_get_integer(term, &nr) || nr < 1 || nr > 4096)
		return false;
	*out = (size_t)nr - 1;
	return true;
}

static const struct value *known_element(struct eval *eval, const struct value *const *args)
{
	size_t nr;

	if (!position(args[0], eval->arena, &nr) || value_tuple_size(args[1]) <= (int)nr)
		return NULL;
	return value_element(args[1], nr, eval->arena);
}

static const struct value *known_setelement(struct eval *eval, const struct value *const *args)
{
	int size = value_tuple_size(args[1]);
	const struct value **items;
	size_t nr;

	if (!position(args[0], eval->arena, &nr) || size <= (int)nr || size > 4096)
		return NULL;
	items = arena_array(eval->arena, (size_t)size, const struct value *);
	for (size_t i = 0; i < (size_t)size; i++)
		items[i] = i == nr ? args[2] : value_element(args[1], i, eval->arena);
	eval->steps += (unsigned)size / 8;
	return value_tuple(eval->arena, items, (size_t)size);
}

static const struct value *known_map_get(struct eval *eval, const struct value *const *args)
{
	const struct value *value;

	return value_map_get(args[1], args[0], eval->arena, &value) == YES ? value : NULL;
}

static const struct value *known_map_put(struct eval *eval, const struct value *const *args)
{
	return value_map_put(eval->arena, args[2], args[0], args[1]);
}

/* maps:merge/2, where the second is known. */
static const struct value *known_merge(struct eval *eval, const struct value *const *args)
{
	const struct term *term = value_term(args[1], eval->arena);
	const struct value *map = args[0];

	if (!term || term->kind != TERM_MAP)
		return NULL;
	for (size_t i = 0; i < term->map.len; i++, eval->steps++)
		map = value_map_put(eval->arena, map, value_of_term(eval->arena, term->map.keys[i]),
				    value_of_term(eval->arena, term->map.values[i]));
	return map;
}

/* [{Key, Value}, …] put into a map; NULL when not all of them can be seen. */
static const struct value *put_pairs(struct eval *eval, const struct value *map,
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

static const struct value *empty_map(struct eval *eval)
{
	return value_of_term(eval->arena, term_map(eval->arena, NULL, NULL, 0));
}

static const struct value *known_from_list(struct eval *eval, const struct value *const *args)
{
	return put_pairs(eval, empty_map(eval), args[0]);
}

/* ---- Elixir ---- */

/* Keyword.get(list, key, default). */
static const struct value *keyword(struct eval *eval, const struct value *list,
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
	return keyword(eval, args[0], args[1], value_of_atom(eval->arena, "nil"));
}

static const struct value *known_keyword_get3(struct eval *eval, const struct value *const *args)
{
	return keyword(eval, args[0], args[1], args[2]);
}

/* struct(Module, fields): at least the name is known. */
static const struct value *known_struct(struct eval *eval, const struct value *const *args)
{
	const char *module = value_atom_name(args[0]);
	const struct value *base;

	if (!module)
		return NULL;
	base = eval_call(eval, module, "__struct__", NULL, 0);
	if (value_term_kind(base) == TERM_MAP)
		return base;
	return value_map_put(eval->arena, &value_unknown, value_of_atom(eval->arena, "__struct__"),
			     args[0]);
}

/* The same, whose fields have other values. */
static const struct value *known_struct2(struct eval *eval, const struct value *const *args)
{
	const struct value *base = known_struct(eval, args), *map;
	const struct term *term;

	if (!base)
		return NULL;
	map = put_pairs(eval, base, args[1]);
	if (map)
		return map;
	/* Any of them may have been set. */
	term = value_term(base, eval->arena);
	for (size_t i = 0; term && i < term->map.len; i++)
		if (!term_is_atom(term->map.keys[i], "__struct__"))
			base = value_map_put(eval->arena, base,
					     value_of_term(eval->arena, term->map.keys[i]),
					     &value_unknown);
	return base;
}

const struct value *known_child_spec(struct eval *eval, const struct value *child)
{
	const struct value *arg = value_of_term(eval->arena, &term_nil);
	const char *module = value_atom_name(child);

	if (value_term_kind(child) == TERM_MAP || value_tuple_size(child) == 6)
		return child;
	if (value_tuple_size(child) == 2) {
		module = value_atom_name(value_element(child, 0, eval->arena));
		arg = value_element(child, 1, eval->arena);
	}
	if (!module)
		return child->kind == VALUE_UNKNOWN ? child : &value_unknown;
	return eval_call(eval, module, "child_spec", &arg, 1);
}

static const struct value *known_override(struct eval *eval, const struct value *const *args)
{
	const struct value *spec = known_child_spec(eval, args[0]);

	if (value_term_kind(spec) != TERM_MAP)
		return spec;
	return put_pairs(eval, spec, args[1]);
}

static const struct value *child_specs(struct eval *eval, const struct value *children)
{
	const struct value *head, *rest = children, *out;
	struct values specs = { 0 };

	for (; value_uncons(rest, eval->arena, &head, &rest); eval->steps++) {
		specs.items = arena_grow(eval->arena, specs.items, specs.len, &specs.cap);
		specs.items[specs.len++] = known_child_spec(eval, head);
	}
	out = rest;
	while (specs.len > 0)
		out = value_cons(eval->arena, specs.items[--specs.len], out);
	return out;
}

static const struct value *supervisor_flags(struct eval *eval, const struct value *options)
{
	static const struct {
		const char *option, *flag;
		int value;
	} flags[] = { { "strategy", "strategy", -1 },
		      { "max_restarts", "intensity", 3 },
		      { "max_seconds", "period", 5 } };
	const struct value *map = empty_map(eval), *value;

	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		value = keyword(eval, options, value_of_atom(eval->arena, flags[i].option),
				flags[i].value < 0
					? &value_unknown
					: value_of_term(eval->arena,
							term_integer(eval->arena, flags[i].value)));
		map = value_map_put(eval->arena, map, value_of_atom(eval->arena, flags[i].flag),
				    value ? value : &value_unknown);
	}
	return map;
}

static const struct value *known_supervisor_init(struct eval *eval, const struct value *const *args)
{
	const struct value *inner[] = { supervisor_flags(eval, args[1]),
					child_specs(eval, args[0]) };
	const struct value *outer[] = { value_of_atom(eval->arena, "ok"),
					value_tuple(eval->arena, inner, 2) };

	return value_tuple(eval->arena, outer, 2);
}

/* ---- the table ---- */

/* clang-format off */
static const struct {
	const char *module, *name;
	uint32_t arity;
	known_fn *call;
} known[] = {
	{ "erlang", "++", 2, known_append },
	{ "erlang", "=:=", 2, known_same },
	{ "erlang", "element", 2, known_element },
	{ "erlang", "hd", 1, known_hd },
	{ "erlang", "map_get", 2, known_map_get },
	{ "erlang", "setelement", 3, known_setelement },
	{ "erlang", "tl", 1, known_tl },
	{ "lists", "append", 2, known_append },
	{ "lists", "keyfind", 3, known_keyfind },
	{ "lists", "member", 2, known_member },
	{ "lists", "reverse", 2, known_reverse },
	{ "maps", "from_list", 1, known_from_list },
	{ "maps", "get", 2, known_map_get },
	{ "maps", "merge", 2, known_merge },
	{ "maps", "put", 3, known_map_put },
	{ "Elixir.Keyword", "get", 2, known_keyword_get2 },
	{ "Elixir.Keyword", "get", 3, known_keyword_get3 },
	{ "Elixir.Kernel", "struct", 1, known_struct },
	{ "Elixir.Kernel", "struct", 2, known_struct2 },
	{ "Elixir.Kernel", "struct!", 1, known_struct },
	{ "Elixir.Kernel", "struct!", 2, known_struct2 },
	{ "Elixir.Supervisor", "child_spec", 2, known_override },
	{ "Elixir.Supervisor", "init", 2, known_supervisor_init },
};
/* clang-format on */

const struct value *known_call(struct eval *eval, const struct beam_function *function,
			       const struct value *const *args)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i].arity == function->arity &&
		    strcmp(known[i].name, function->name) == 0 &&
		    strcmp(known[i].module, function->module) == 0)
			return known[i].call(eval, args);
	return NULL;
}

bool known_to_raise(const struct beam_function *function)
{
	static const char *const names[] = { "error", "exit", "throw", "raise", "halt" };

	/* exit/2 is a signal to somebody else. */
	if (strcmp(function->module, "erlang") != 0 ||
	    (strcmp(function->name, "exit") == 0 && function->arity != 1))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(function->name, names[i]) == 0)
			return true;
	return false;
}

bool known_pure(const char *module)
{
	static const char *const modules[] = { "lists",          "proplists",    "maps",
					       "Elixir.Keyword", "Elixir.Enum",  "Elixir.List",
					       "Elixir.Map",     "Elixir.Access" };

	for (size_t i = 0; i < ARRAY_LEN(modules); i++)
		if (strcmp(module, modules[i]) == 0)
			return true;
	return false;
}
