// SPDX-License-Identifier: Apache-2.0
/* Functions of OTP whose results are known here, since they are no Erlang code: over lists, tuples,
 * numbers, tables and processes.
 */
#include "erlang/code/code_known.h"
#include "erlang/code/code_text.h"

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

/* ---- tuples ---- */

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

static const struct value *known_max(struct eval *eval, const struct value *const *args)
{
	int64_t a, b;

	return small(args[0], &a) && small(args[1], &b) ? integer(eval, a > b ? a : b)
							: known_either(eval, args);
}

static const struct value *known_min(struct eval *eval, const struct value *const *args)
{
	int64_t a, b;

	return small(args[0], &a) && small(args[1], &b) ? integer(eval, a < b ? a : b)
							: known_either(eval, args);
}

/* a * b^times; false: it is larger than what is counted with here, or none of them. */
static bool multiply_often(int64_t *a, int64_t b, int64_t times)
{
	const int64_t most = 1 << 30;

	if (b == -1 && times > 0) /* it never grows */
		times %= 2;
	for (; times > 0 && *a > -most && *a < most && *a != 0 && b != 1; times--)
		*a *= b;
	return times >= 0 && *a > -most && *a < most;
}

static const struct value *known_shift(struct eval *eval, const struct value *const *args)
{
	int64_t a, b;

	return small(args[0], &a) && small(args[1], &b) && multiply_often(&a, 2, b)
		       ? integer(eval, a)
		       : value_of_kind(eval->arena, TERM_INTEGER);
}

static const struct value *known_power(struct eval *eval, const struct value *const *args)
{
	int64_t a, b, power = 1;

	return small(args[0], &a) && small(args[1], &b) && multiply_often(&power, a, b)
		       ? value_of_term(eval->arena, term_float(eval->arena, (double)power))
		       : value_of_kind(eval->arena, TERM_FLOAT);
}

/* Integer.pow/2, and ** */
static const struct value *known_integer_power(struct eval *eval, const struct value *const *args)
{
	int64_t a, b, power = 1;

	return small(args[0], &a) && small(args[1], &b) && multiply_often(&power, a, b)
		       ? integer(eval, power)
		       : NULL;
}

static const struct value *times(struct eval *eval, const struct value *value, int64_t unit)
{
	int64_t number;

	return small(value, &number) ? integer(eval, number * unit)
				     : value_of_kind(eval->arena, TERM_INTEGER);
}

static const struct value *known_seconds(struct eval *eval, const struct value *const *args)
{
	return times(eval, args[0], 1000);
}

static const struct value *known_minutes(struct eval *eval, const struct value *const *args)
{
	return times(eval, args[0], 60000);
}

static const struct value *known_hours(struct eval *eval, const struct value *const *args)
{
	return times(eval, args[0], 3600000);
}

/* Of numbers that are whole: erlang:round/1, erlang:trunc/1. */
static const struct value *known_whole(struct eval *eval, const struct value *const *args)
{
	const struct term *term = args[0]->kind == VALUE_TERM ? args[0]->constant.term : &term_nil;
	int64_t whole;

	if (term->kind == TERM_FLOAT && term->real > -1e9 && term->real < 1e9) {
		whole = (int64_t)term->real;
		if ((double)whole >= term->real && (double)whole <= term->real)
			return integer(eval, whole);
	}
	return small(args[0], &whole) ? args[0] : value_of_kind(eval->arena, TERM_INTEGER);
}

static const struct value *known_seq(struct eval *eval, const struct value *const *args)
{
	const struct value *list = value_of_term(eval->arena, &term_nil);
	int64_t from, to;

	if (!small(args[0], &from) || !small(args[1], &to) || to - from > 200)
		return value_of_kind(eval->arena, TERM_LIST);
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

/* ---- texts ---- */

/* A text of the kind that it is given: string:lowercase/1 and the like. */
static const struct value *known_text(struct eval *eval, const struct value *const *args)
{
	int kind = value_term_kind(args[0]);

	return kind == TERM_LIST || kind == TERM_BINARY
		       ? value_of_kind(eval->arena, (enum term_kind)kind)
		       : NULL;
}

/* ---- terms as binaries ---- */

static const struct value *known_pack(struct eval *eval, const struct value *const *args)
{
	return value_packed(eval->arena, args[0]);
}

static const struct value *known_unpack(struct eval *eval, const struct value *const *args)
{
	(void)eval;
	return value_unpacked(args[0]);
}

/* ---- all of them ---- */

/* clang-format off */
static const struct known_row known[] = {
	{ "Elixir.Integer", "pow", 2, known_integer_power },
	{ "Elixir.Kernel", "**", 2, known_integer_power },
	{ "calendar", "local_time", 0, known_date_time },
	{ "calendar", "universal_time", 0, known_date_time },
	{ "counters", "new", 2, known_counters },
	{ "erlang", "*", 2, known_multiply },
	{ "erlang", "+", 2, known_add },
	{ "erlang", "++", 2, known_append },
	{ "erlang", "-", 2, known_subtract },
	{ "erlang", "=:=", 2, known_same },
	{ "erlang", "binary_to_term", 1, known_unpack },
	{ "erlang", "binary_to_term", 2, known_unpack },
	{ "erlang", "bsl", 2, known_shift },
	{ "erlang", "date", 0, known_three },
	{ "erlang", "element", 2, known_element },
	{ "erlang", "hd", 1, known_hd },
	{ "erlang", "iolist_to_binary", 1, known_iodata },
	{ "erlang", "list_to_binary", 1, known_iodata },
	{ "erlang", "localtime", 0, known_date_time },
	{ "erlang", "max", 2, known_max },
	{ "erlang", "min", 2, known_min },
	{ "erlang", "now", 0, known_three },
	{ "erlang", "round", 1, known_whole },
	{ "erlang", "setelement", 3, known_setelement },
	{ "erlang", "spawn_monitor", 1, known_spawn_monitor },
	{ "erlang", "spawn_monitor", 3, known_spawn_monitor },
	{ "erlang", "term_to_binary", 1, known_pack },
	{ "erlang", "term_to_binary", 2, known_pack },
	{ "erlang", "time", 0, known_three },
	{ "erlang", "timestamp", 0, known_three },
	{ "erlang", "tl", 1, known_tl },
	{ "erlang", "trunc", 1, known_whole },
	{ "erlang", "universaltime", 0, known_date_time },
	{ "ets", "new", 2, known_ets_new },
	{ "lists", "append", 2, known_append },
	{ "lists", "member", 2, known_member },
	{ "lists", "reverse", 1, known_reverse1 },
	{ "lists", "reverse", 2, known_reverse },
	{ "lists", "seq", 2, known_seq },
	{ "math", "pow", 2, known_power },
	{ "os", "timestamp", 0, known_three },
	{ "string", "casefold", 1, known_text },
	{ "string", "lowercase", 1, known_text },
	{ "string", "titlecase", 1, known_text },
	{ "string", "trim", 1, known_text },
	{ "string", "trim", 2, known_text },
	{ "string", "trim", 3, known_text },
	{ "string", "uppercase", 1, known_text },
	{ "timer", "hours", 1, known_hours },
	{ "timer", "minutes", 1, known_minutes },
	{ "timer", "seconds", 1, known_seconds },
};
/* clang-format on */

bool known_by_rows(const struct value **out, struct rows *rows, struct eval *eval,
		   const struct beam_function *function, const struct value *const *args)
{
	const struct known_row *table = rows->items;

	for (size_t i = rows_first(rows, function); i != ROWS_END; i = rows_next(rows, i))
		if (table[i].arity == function->arity) {
			*out = table[i].call(eval, args);
			return true;
		}
	return false;
}

/* A binary that term_to_binary made, in other letters or compressed, and what takes that back. */
static const struct value *known_repacked(const struct beam_function *function,
					  const struct value *const *args)
{
	/* clang-format off */
	static const struct packing { const char *module, *name; } packing[] = {
		{ "base64", "decode" },           { "base64", "encode" },
		{ "binary", "copy" },             { "binary", "decode_hex" },
		{ "binary", "encode_hex" },       { "zlib", "compress" },
		{ "zlib", "gunzip" },             { "zlib", "gzip" },
		{ "zlib", "uncompress" },         { "zlib", "unzip" },
		{ "zlib", "zip" },                { "Elixir.Base", "decode16!" },
		{ "Elixir.Base", "decode64!" },   { "Elixir.Base", "encode16" },
		{ "Elixir.Base", "encode64" },    { "Elixir.Base", "url_decode64!" },
		{ "Elixir.Base", "url_encode64" },
	};
	/* clang-format on */
	static struct rows rows = ROWS(packing);

	if (function->arity == 0 || !value_unpacked(args[0]) ||
	    rows_first(&rows, function) == ROWS_END)
		return NULL;
	return args[0];
}

const struct value *known_call(struct eval *eval, const struct beam_function *function,
			       const struct value *const *args)
{
	static struct rows rows = ROWS(known);
	const struct value *value = known_repacked(function, args);

	if (value)
		return value;
	if (known_by_rows(&value, &rows, eval, function, args) ||
	    known_of_map(&value, eval, function, args) ||
	    known_of_elixir(&value, eval, function, args))
		return value;
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
