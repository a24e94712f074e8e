// SPDX-License-Identifier: Apache-2.0
/* Functions of OTP and Elixir over one key of a map. */
#include "erlang/code/code_eval.h"
#include "erlang/code/code_rows.h"

enum at { GET, FIND, UPDATE };

/* clang-format off */
static const struct row {
	const char *module, *name;
	uint32_t arity;
	enum at at;
	int map, key, fun, otherwise; /* which arguments; -1: none */
} rows[] = {
	{ "maps", "get", 3, GET, 1, 0, -1, 2 },
	{ "maps", "update_with", 3, UPDATE, 2, 0, 1, -1 },
	{ "maps", "update_with", 4, UPDATE, 3, 0, 1, 2 },
	{ "Elixir.Map", "fetch", 2, FIND, 0, 1, -1, -1 },
	{ "Elixir.Map", "get", 2, GET, 0, 1, -1, -1 },
	{ "Elixir.Map", "get", 3, GET, 0, 1, -1, 2 },
	{ "Elixir.Map", "update", 4, UPDATE, 0, 1, 3, 2 },
	{ "Elixir.Map", "update!", 3, UPDATE, 0, 1, 2, -1 },
};
/* clang-format on */

/* {ok, Value}, or error; Value; the map with what the fun makes of Value. */
static void with_value(struct values *out, struct eval *eval, const struct row *row,
		       const struct value *const *args, const struct value *value)
{
	const struct value *const ok[] = { value_of_atom(eval->arena, "ok"), value };
	struct values made;

	if (row->at != UPDATE) {
		eval_add(eval, out,
			 row->at == GET ? value : value_tuple(eval->arena, ok, ARRAY_LEN(ok)));
		return;
	}
	made = eval_fun(eval, args[row->fun], &value, 1);
	for (size_t i = 0; i < made.len; i++)
		eval_add(eval, out,
			 value_map_put(eval->arena, args[row->map], args[row->key], made.items[i]));
}

static void without_value(struct values *out, struct eval *eval, const struct row *row,
			  const struct value *const *args)
{
	if (row->at == FIND)
		eval_add(eval, out, value_of_atom(eval->arena, "error"));
	else if (row->at == GET)
		eval_add(eval, out,
			 row->otherwise < 0 ? value_of_atom(eval->arena, "nil")
					    : args[row->otherwise]);
	else if (row->otherwise >= 0)
		eval_add(eval, out,
			 value_map_put(eval->arena, args[row->map], args[row->key],
				       args[row->otherwise]));
}

bool known_at_key(struct eval *eval, const struct beam_function *function,
		  const struct value *const *args, struct values *out)
{
	static struct rows by_name = ROWS(rows);

	for (size_t i = rows_first(&by_name, function); i != ROWS_END; i = rows_next(&by_name, i)) {
		const struct row *row = &rows[i];
		const struct value *value = &value_unknown;
		enum answer found;

		if (row->arity != function->arity)
			continue;
		*out = (struct values){ 0 };
		found = value_map_get(args[row->map], args[row->key], eval->arena, &value);
		if (found == MAYBE && row->at != UPDATE)
			return false;
		if (found == MAYBE)
			value = value_map_only(args[row->map], args[row->key]);
		if (!value)
			value = &value_unknown;
		if (found != NO)
			with_value(out, eval, row, args, value);
		if (found != YES)
			without_value(out, eval, row, args);
		return true;
	}
	return false;
}
