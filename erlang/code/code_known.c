// SPDX-License-Identifier: Apache-2.0
/* Functions of OTP and Elixir whose results are known here: those that are no Erlang code, and
 * those that make child specifications.
 *
 * Facts of Elixir (1.14): Supervisor.init/2 calls child_spec/1 of each child; its options are
 * strategy, max_restarts (3) and max_seconds (5).  Supervisor.child_spec/2 puts overrides into
 * what child_spec/1 gives.
 */
#include "erlang/code/code_eval.h"
#include "erlang/code/code_rows.h"

typedef const struct value *known_fn(struct eval *eval, const struct value *const *args);

/* ---- lists ---- */

/* Appends the elements of a list; answers what is behind those that are known. */
static const struct value *collect(struct values *items, struct eval *eval,
				   const struct value *list)
{
	const struct value *head;

	while (value_uncons(list, eval->arena, &head, &list)) {
		items->items = arena_grow(eval->arena, items->items, items->len, &items->cap);
		items->items[items->len++] = head;
		eval->steps++;
	}
	return list;
}

/* a ++ b; NULL when a is seen to be no list.  Where its end is not known, the elements of b stand
 * in front of those that nothing is said of.
 */
static const struct value *append(struct eval *eval, const struct value *a, const struct value *b)
{
	struct values items = { 0 };
	const struct value *rest = collect(&items, eval, a);

	if (value_is_nil(rest) != YES) {
		if (value_term_kind(rest) < 0 && value_term_kind(b) == TERM_LIST)
			rest = value_of_kind(eval->arena, TERM_LIST);
		if (value_term_kind(rest) != TERM_LIST)
			return NULL;
		b = collect(&items, eval, b);
		b = value_is_nil(b) == YES ? rest : b;
	}
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
	return value_is_nil(rest) == YES ? out : value_of_kind(eval->arena, TERM_LIST);
}

static const struct value *known_reverse1(struct eval *eval, const struct value *const *args)
{
	const struct value *onto[] = { args[0], value_of_term(eval->arena, &term_nil) };

	return known_reverse(eval, onto);
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
	less = empty_map(eval);
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

	out = value_of_term(eval->arena, term_map(eval->arena, NULL, NULL, 0));
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

	map = value_of_term(eval->arena, term_map(eval->arena, NULL, NULL, 0));
	for (; value_uncons(keys, eval->arena, &key, &keys); eval->steps++)
		map = value_map_put(eval->arena, map, key, args[1]);
	return value_is_nil(keys) == YES ? map : value_of_kind(eval->arena, TERM_MAP);
}

static const struct value *known_empty(struct eval *eval, const struct value *const *args)
{
	(void)args;
	return empty_map(eval);
}

/* The keys of a map, with values that are not known, put into another one. */
static const struct value *put_keys(struct eval *eval, const struct value *map,
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

/* A map and all pairs of a list: of those that are not seen each may change what another key has.
 */
static const struct value *put_list(struct eval *eval, const struct value *map,
				    const struct value *list)
{
	const struct value *all = put_pairs(eval, map, list), *head;

	if (all)
		return all;
	all = put_keys(eval, value_of_kind(eval->arena, TERM_MAP), map);
	for (; value_uncons(list, eval->arena, &head, &list); eval->steps++)
		if (value_tuple_size(head) == 2)
			all = put_maybe(eval, all, value_element(head, 0, eval->arena),
					value_element(head, 1, eval->arena));
	return all;
}

static const struct value *known_from_list(struct eval *eval, const struct value *const *args)
{
	return put_list(eval, empty_map(eval), args[0]);
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

/* ---- numbers ---- */

static bool small(const struct value *value, int64_t *out)
{
	return value->kind == VALUE_TERM && term_get_integer(value->constant.term, out) &&
	       *out > -(1 << 30) && *out < 1 << 30;
}

static const struct value *integer(struct eval *eval, int64_t value)
{
	return value_of_term(eval->arena, term_integer(eval->arena, value));
}

static const struct value *number(struct eval *eval, const struct value *a, const struct value *b)
{
	bool real = value_term_kind(a) == TERM_FLOAT || value_term_kind(b) == TERM_FLOAT;

	return value_of_kind(eval->arena, real ? TERM_FLOAT : TERM_INTEGER);
}

static const struct value *known_add(struct eval *eval, const struct value *const *args)
{
	int64_t a, b;

	return small(args[0], &a) && small(args[1], &b) ? integer(eval, a + b)
							: number(eval, args[0], args[1]);
}

static const struct value *known_subtract(struct eval *eval, const struct value *const *args)
{
	int64_t a, b;

	return small(args[0], &a) && small(args[1], &b) ? integer(eval, a - b)
							: number(eval, args[0], args[1]);
}

static const struct value *known_multiply(struct eval *eval, const struct value *const *args)
{
	int64_t a, b;

	return small(args[0], &a) && small(args[1], &b) ? integer(eval, a * b)
							: number(eval, args[0], args[1]);
}

/* erlang:max/2, erlang:min/2: one of both. */
static const struct value *known_either(struct eval *eval, const struct value *const *args)
{
	int a = value_term_kind(args[0]), b = value_term_kind(args[1]);

	return a >= 0 && a == b && a != TERM_TUPLE && a != TERM_MAP
		       ? value_of_kind(eval->arena, (enum term_kind)a)
		       : NULL;
}

static const struct value *known_seq(struct eval *eval, const struct value *const *args)
{
	const struct value *list = value_of_term(eval->arena, &term_nil);
	int64_t from, to;

	if (!small(args[0], &from) || !small(args[1], &to) || to - from > 200)
		return NULL;
	for (; to >= from; to--, eval->steps++)
		list = value_cons(eval->arena, integer(eval, to), list);
	return list;
}

/* ---- tables and processes ---- */

/* ets:new(Name, Options): the name of one that is named, a reference of others. */
static const struct value *known_ets_new(struct eval *eval, const struct value *const *args)
{
	const struct value *option, *rest = args[1];
	bool seen = true;

	for (; value_uncons(rest, eval->arena, &option, &rest); eval->steps++) {
		if (value_is_atom(option, "named_table"))
			return value_atom_name(args[0]) ? args[0]
							: value_of_kind(eval->arena, TERM_ATOM);
		seen = seen && (value_term_kind(option) >= 0 && option->kind != VALUE_UNKNOWN);
	}
	return seen && value_is_nil(rest) == YES ? value_of_kind(eval->arena, TERM_REFERENCE)
						 : NULL;
}

/* A tuple of things of which no more is known than their kind; -1: not even that. */
static const struct value *tuple_of(struct eval *eval, const int *kinds, size_t len)
{
	const struct value *items[4];

	for (size_t i = 0; i < len; i++)
		items[i] = kinds[i] < 0 ? &value_unknown
					: value_of_kind(eval->arena, (enum term_kind)kinds[i]);
	return value_tuple(eval->arena, items, len);
}

static const struct value *known_spawn_monitor(struct eval *eval, const struct value *const *args)
{
	(void)args;
	return tuple_of(eval, (const int[]){ TERM_PID, TERM_REFERENCE }, 2);
}

/* {atomics, Reference} or {write_concurrency, Reference} */
static const struct value *known_counters(struct eval *eval, const struct value *const *args)
{
	(void)args;
	return tuple_of(eval, (const int[]){ TERM_ATOM, TERM_REFERENCE }, 2);
}

/* {MegaSeconds, Seconds, MicroSeconds}; {Year, Month, Day}, {Hour, Minute, Second} */
static const struct value *known_three(struct eval *eval, const struct value *const *args)
{
	(void)args;
	return tuple_of(eval, (const int[]){ TERM_INTEGER, TERM_INTEGER, TERM_INTEGER }, 3);
}

/* {Date, Time} */
static const struct value *known_date_time(struct eval *eval, const struct value *const *args)
{
	const struct value *three = known_three(eval, args);
	const struct value *const items[] = { three, three };

	return value_tuple(eval->arena, items, 2);
}

/* ---- Elixir ---- */

static const struct value *known_elixir_put(struct eval *eval, const struct value *const *args)
{
	return value_map_put(eval->arena, args[0], args[1], args[2]);
}

/* What is enumerated counts as a list where it is not known. */
static const struct value *over_list(struct eval *eval, const char *name,
				     const struct value *const *args, uint32_t arity,
				     const struct value *list)
{
	const struct beam_function function = { "lists", name, arity };
	struct values values;
	bool known;

	if (value_term_kind(list) >= 0 && value_term_kind(list) != TERM_LIST)
		return NULL;
	values = eval_remote(eval, &function, args, &known);
	return known && values.len > 0 ? values.items[values.len > 1] : NULL;
}

/* Enum.map/2 of whatever it is; NULL: it cannot be followed. */
static const struct value *enum_map(struct eval *eval, const struct value *const *args)
{
	const struct beam_function map = { "Elixir.Enum", "map", 2 };
	struct values values;
	bool known;

	values = eval_remote(eval, &map, args, &known);
	return known && values.len > 0 ? values.items[values.len > 1] : NULL;
}

static const struct value *known_enum_map(struct eval *eval, const struct value *const *args)
{
	const struct value *turned[] = { args[1], args[0] };

	return value_term_kind(args[0]) < 0 ? over_list(eval, "map", turned, 2, args[0]) : NULL;
}

static const struct value *known_reduce(struct eval *eval, const struct value *const *args)
{
	const struct value *turned[] = { args[2], args[1], args[0] };

	return value_term_kind(args[0]) < 0 ? over_list(eval, "foldl", turned, 3, args[0]) : NULL;
}

static const struct value *known_each(struct eval *eval, const struct value *const *args)
{
	const struct value *turned[] = { args[1], args[0] };

	over_list(eval, "foreach", turned, 2, args[0]);
	return value_of_atom(eval->arena, "ok");
}

static const struct value *known_into(struct eval *eval, const struct value *const *args)
{
	return value_term_kind(args[1]) == TERM_MAP ? put_list(eval, args[1], args[0]) : NULL;
}

static const struct value *known_into3(struct eval *eval, const struct value *const *args)
{
	const struct value *const over[] = { args[0], args[2] }, *pairs;

	if (value_term_kind(args[1]) != TERM_MAP)
		return NULL;
	pairs = enum_map(eval, over);
	return pairs ? put_list(eval, args[1], pairs) : value_of_kind(eval->arena, TERM_MAP);
}

/* Map.new(enumerable, fun): the pairs that the fun makes. */
static const struct value *known_map_new(struct eval *eval, const struct value *const *args)
{
	const struct value *pairs = enum_map(eval, args);

	return pairs ? put_list(eval, empty_map(eval), pairs)
		     : value_of_kind(eval->arena, TERM_MAP);
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

/* The same, or a struct, whose fields have other values. */
static const struct value *known_struct2(struct eval *eval, const struct value *const *args)
{
	const struct value *base = known_struct(eval, args), *map, *name;

	if (!base && value_term_kind(args[0]) == TERM_MAP)
		base = args[0];
	if (!base)
		return NULL;
	map = put_pairs(eval, base, args[1]);
	if (map)
		return map;
	name = value_map_at(base, "__struct__", eval->arena);
	if (!name)
		return NULL;
	/* Any of them may have been set. */
	return value_map_put(eval->arena, put_keys(eval, base, base),
			     value_of_atom(eval->arena, "__struct__"), name);
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
		value = known_keyword(
			eval, options, value_of_atom(eval->arena, flags[i].option),
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

/* What `map.key` of Elixir 1.20 calls where the key is not there: an atom's function is called, of
 * all else it is {error, Why}, which is raised.
 */
static const struct value *known_no_parens(struct eval *eval, const struct value *const *args)
{
	const struct value *error[] = { value_of_atom(eval->arena, "error"), &value_unknown };
	int kind = value_term_kind(args[0]);

	return kind < 0 || kind == TERM_ATOM ? NULL : value_tuple(eval->arena, error, 2);
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

/* ---- the table ---- */

/* A text of the kind that it is given: string:lowercase/1 and the like. */
static const struct value *known_text(struct eval *eval, const struct value *const *args)
{
	int kind = value_term_kind(args[0]);

	return kind == TERM_LIST || kind == TERM_BINARY
		       ? value_of_kind(eval->arena, (enum term_kind)kind)
		       : NULL;
}

/* clang-format off */
static const struct {
	const char *module, *name;
	uint32_t arity;
	known_fn *call;
} known[] = {
	{ "calendar", "local_time", 0, known_date_time },
	{ "calendar", "universal_time", 0, known_date_time },
	{ "counters", "new", 2, known_counters },
	{ "elixir_erl_pass", "no_parens_remote", 2, known_no_parens },
	{ "erlang", "*", 2, known_multiply },
	{ "erlang", "+", 2, known_add },
	{ "erlang", "++", 2, known_append },
	{ "erlang", "-", 2, known_subtract },
	{ "erlang", "=:=", 2, known_same },
	{ "erlang", "date", 0, known_three },
	{ "erlang", "element", 2, known_element },
	{ "erlang", "hd", 1, known_hd },
	{ "erlang", "is_map_key", 2, known_is_key },
	{ "erlang", "localtime", 0, known_date_time },
	{ "erlang", "map_get", 2, known_map_get },
	{ "erlang", "max", 2, known_either },
	{ "erlang", "min", 2, known_either },
	{ "erlang", "now", 0, known_three },
	{ "erlang", "setelement", 3, known_setelement },
	{ "erlang", "spawn_monitor", 1, known_spawn_monitor },
	{ "erlang", "spawn_monitor", 3, known_spawn_monitor },
	{ "erlang", "time", 0, known_three },
	{ "erlang", "timestamp", 0, known_three },
	{ "erlang", "tl", 1, known_tl },
	{ "erlang", "universaltime", 0, known_date_time },
	{ "ets", "new", 2, known_ets_new },
	{ "lists", "append", 2, known_append },
	{ "lists", "member", 2, known_member },
	{ "lists", "reverse", 1, known_reverse1 },
	{ "lists", "reverse", 2, known_reverse },
	{ "lists", "seq", 2, known_seq },
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
	{ "os", "timestamp", 0, known_three },
	{ "string", "casefold", 1, known_text },
	{ "string", "lowercase", 1, known_text },
	{ "string", "titlecase", 1, known_text },
	{ "string", "trim", 1, known_text },
	{ "string", "trim", 2, known_text },
	{ "string", "trim", 3, known_text },
	{ "string", "uppercase", 1, known_text },
	{ "Elixir.Enum", "each", 2, known_each },
	{ "Elixir.Enum", "into", 2, known_into },
	{ "Elixir.Enum", "into", 3, known_into3 },
	{ "Elixir.Enum", "map", 2, known_enum_map },
	{ "Elixir.Enum", "reduce", 3, known_reduce },
	{ "Elixir.Map", "delete", 2, known_delete },
	{ "Elixir.Map", "has_key?", 2, known_has_key },
	{ "Elixir.Map", "merge", 2, known_merge },
	{ "Elixir.Map", "new", 0, known_empty },
	{ "Elixir.Map", "new", 1, known_from_list },
	{ "Elixir.Map", "new", 2, known_map_new },
	{ "Elixir.Map", "put", 3, known_elixir_put },
	{ "Elixir.Map", "put_new", 3, known_put_new },
	{ "Elixir.Kernel", "put_in", 3, known_put_in },
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
	static struct rows rows = ROWS(known);
	const struct value *value;

	for (size_t i = rows_first(&rows, function); i != ROWS_END; i = rows_next(&rows, i))
		if (known[i].arity == function->arity)
			return known[i].call(eval, args);
	value = known_pairs(eval, function, args);
	return value ? value : known_kind(eval, function);
}

bool known_to_raise(const struct beam_function *function)
{
	static const char *const names[] = { "error", "exit", "throw", "raise", "halt" };

	/* exit/2 is a signal to somebody else. */
	if (*function->module != 'e' || strcmp(function->module, "erlang") != 0 ||
	    (strcmp(function->name, "exit") == 0 && function->arity != 1))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(function->name, names[i]) == 0)
			return true;
	return false;
}

bool known_to_miss(struct eval *eval, const struct beam_function *function,
		   const struct value *const *args)
{
	/* clang-format off */
	static const struct miss {
		const char *module, *name;
		uint32_t arity;
		unsigned map, key; /* which arguments */
	} misses[] = {
		{ "erlang", "map_get", 2, 1, 0 },           { "maps", "get", 2, 1, 0 },
		{ "maps", "update", 3, 2, 0 },              { "maps", "update_with", 3, 2, 0 },
		{ "Elixir.Map", "fetch!", 2, 0, 1 },        { "Elixir.Map", "get_and_update!", 3, 0, 1 },
		{ "Elixir.Map", "pop!", 2, 0, 1 },          { "Elixir.Map", "replace!", 3, 0, 1 },
		{ "Elixir.Map", "update!", 3, 0, 1 },
	};
	/* clang-format on */
	static struct rows rows = ROWS(misses);
	const struct value *value;

	for (size_t i = rows_first(&rows, function); i != ROWS_END; i = rows_next(&rows, i))
		if (misses[i].arity == function->arity)
			return value_map_get(args[misses[i].map], args[misses[i].key], eval->arena,
					     &value) == NO;
	return known_to_lack(eval, function, args);
}

bool known_pure(const char *module)
{
	static const char *const modules[] = {
		"array",      "dict",          "gb_sets",     "gb_trees",       "lists",
		"maps",       "orddict",       "ordsets",     "proplists",      "queue",
		"sets",       "Elixir.Access", "Elixir.Enum", "Elixir.Keyword", "Elixir.List",
		"Elixir.Map", "Elixir.MapSet",
	};

	for (size_t i = 0; i < ARRAY_LEN(modules); i++)
		if (*module == *modules[i] && strcmp(module, modules[i]) == 0)
			return true;
	return false;
}
