// SPDX-License-Identifier: Apache-2.0
/* Functions of Elixir whose results are known here: those over whatever can be enumerated, which
 * are protocols, structs, and those that make child specifications.
 *
 * Facts of Elixir (1.14): Supervisor.init/2 calls child_spec/1 of each child; its options are
 * strategy, max_restarts (3) and max_seconds (5).  Supervisor.child_spec/2 puts overrides into
 * what child_spec/1 gives.
 */
#include "erlang/code/code_known.h"
#include "erlang/code/code_text.h"

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
	return value_term_kind(args[1]) == TERM_MAP ? map_put_list(eval, args[1], args[0]) : NULL;
}

static const struct value *known_into3(struct eval *eval, const struct value *const *args)
{
	const struct value *const over[] = { args[0], args[2] }, *pairs;

	if (value_term_kind(args[1]) != TERM_MAP)
		return NULL;
	pairs = enum_map(eval, over);
	return pairs ? map_put_list(eval, args[1], pairs) : value_of_kind(eval->arena, TERM_MAP);
}

/* Map.new(enumerable, fun): the pairs that the fun makes. */
static const struct value *known_map_new(struct eval *eval, const struct value *const *args)
{
	const struct value *pairs = enum_map(eval, args);

	return pairs ? map_put_list(eval, map_empty(eval), pairs)
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
	map = map_put_pairs(eval, base, args[1]);
	if (map)
		return map;
	name = value_map_at(base, "__struct__", eval->arena);
	if (!name)
		return NULL;
	/* Any of them may have been set. */
	return value_map_put(eval->arena, map_put_keys(eval, base, base),
			     value_of_atom(eval->arena, "__struct__"), name);
}

/* ---- supervisors ---- */

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
	return map_put_pairs(eval, spec, args[1]);
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
	const struct value *map = map_empty(eval), *value;

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

/* ---- all of them ---- */

/* What `map.key` of Elixir 1.20 calls where the key is not there: an atom's function is called, of
 * all else it is {error, Why}, which is raised.
 */
static const struct value *known_no_parens(struct eval *eval, const struct value *const *args)
{
	const struct value *error[] = { value_of_atom(eval->arena, "error"), &value_unknown };
	int kind = value_term_kind(args[0]);

	return kind < 0 || kind == TERM_ATOM ? NULL : value_tuple(eval->arena, error, 2);
}

/* clang-format off */
static const struct known_row known[] = {
	{ "elixir_erl_pass", "no_parens_remote", 2, known_no_parens },
	{ "Elixir.Enum", "each", 2, known_each },
	{ "Elixir.Enum", "join", 2, known_join },
	{ "Elixir.Enum", "into", 2, known_into },
	{ "Elixir.Enum", "into", 3, known_into3 },
	{ "Elixir.Enum", "map", 2, known_enum_map },
	{ "Elixir.Enum", "reduce", 3, known_reduce },
	{ "Elixir.IO", "iodata_to_binary", 1, known_iodata },
	{ "Elixir.Map", "new", 2, known_map_new },
	{ "Elixir.Kernel", "struct", 1, known_struct },
	{ "Elixir.Kernel", "struct", 2, known_struct2 },
	{ "Elixir.Kernel", "struct!", 1, known_struct },
	{ "Elixir.Kernel", "struct!", 2, known_struct2 },
	{ "Elixir.String.Chars", "to_string", 1, known_shown },
	{ "Elixir.Supervisor", "child_spec", 2, known_override },
	{ "Elixir.Supervisor", "init", 2, known_supervisor_init },
};
/* clang-format on */

bool known_of_elixir(const struct value **out, struct eval *eval,
		     const struct beam_function *function, const struct value *const *args)
{
	static struct rows rows = ROWS(known);

	return known_by_rows(out, &rows, eval, function, args);
}
