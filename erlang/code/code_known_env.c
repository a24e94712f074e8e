// SPDX-License-Identifier: Apache-2.0
/* Reads of the environment: the options that a release configures under a key, and of which kind
 * their values are.  Other values are not believed: whoever likes sets them.
 */
#include "erlang/code/code_eval.h"

enum { DEPTH = 4 };

static bool is_option(const struct term *term)
{
	return term_is_tuple(term, 2) && term_atom_name(term_at(term, 0));
}

static bool is_options(const struct term *term)
{
	for (size_t i = 0; i < term->seq.len; i++)
		if (!is_option(term_at(term, i)))
			return false;
	return term->seq.len > 0 && term_is_list(term);
}

static const struct value *kind_of(struct arena *arena, const struct term *term, unsigned depth);

static const struct value *options_of(struct arena *arena, const struct term *term, unsigned depth)
{
	const struct value *list = value_of_term(arena, &term_nil);

	for (size_t i = term->seq.len; i-- > 0;) {
		const struct term *option = term_at(term, i);
		const struct value *items[] = { value_of_term(arena, term_at(option, 0)),
						kind_of(arena, term_at(option, 1), depth) };

		list = value_cons(arena, value_tuple(arena, items, ARRAY_LEN(items)), list);
	}
	return list;
}

static const struct value *tuple_of(struct arena *arena, const struct term *term, unsigned depth)
{
	const struct value **items = arena_array(arena, term->seq.len, const struct value *);

	for (size_t i = 0; i < term->seq.len; i++)
		items[i] = i == 0 && term_atom_name(term_at(term, i))
				   ? value_of_term(arena, term_at(term, i))
				   : kind_of(arena, term_at(term, i), depth);
	return value_tuple(arena, items, term->seq.len);
}

/* Lists of other things may have any length another time; of maps all is left open. */
static const struct value *kind_of(struct arena *arena, const struct term *term, unsigned depth)
{
	if (depth == 0 || term->kind == TERM_MAP)
		return &value_unknown;
	if (term->kind == TERM_TUPLE)
		return tuple_of(arena, term, depth - 1);
	if (term->kind == TERM_LIST && is_options(term))
		return options_of(arena, term, depth - 1);
	return value_of_kind(arena, term->kind);
}

bool known_env_read(const struct beam_function *function)
{
	return function->arity >= 2 &&
	       (strcmp(function->module, "application") == 0 ||
		strcmp(function->module, "Elixir.Application") == 0) &&
	       (strcmp(function->name, "get_env") == 0 ||
		strcmp(function->name, "fetch_env") == 0 ||
		strcmp(function->name, "fetch_env!") == 0);
}

const struct value *known_env_result(struct arena *arena, const struct beam_function *function,
				     const struct value *const *args, const struct value *value)
{
	const bool erlang = strcmp(function->module, "application") == 0;
	const bool pair =
		strcmp(function->name, "fetch_env") == 0 || (erlang && function->arity == 2);
	const struct value *items[] = { value_of_atom(arena, "ok"), value };

	if (value)
		return pair ? value_tuple(arena, items, ARRAY_LEN(items)) : value;
	if (function->arity == 3)
		return args[2];
	if (strcmp(function->name, "fetch_env!") == 0)
		return NULL;
	return value_of_atom(arena, erlang ? "undefined" : pair ? "error" : "nil");
}

const struct value *known_env(struct eval *eval, const struct beam_function *function,
			      const struct value *const *args)
{
	const struct code_library *library = eval->library;
	const char *app = library && library->env && known_env_read(function)
				  ? value_atom_name(args[0])
				  : NULL;
	const char *key = app ? value_atom_name(args[1]) : NULL;
	const struct term *term = key ? library->env(library->ctx, app, key) : NULL;

	return term && term_is_list(term) && is_options(term)
		       ? known_env_result(eval->arena, function, args,
					  kind_of(eval->arena, term, DEPTH))
		       : NULL;
}
