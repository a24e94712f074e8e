// SPDX-License-Identifier: Apache-2.0
/* Functions that may return one of several things.  Over maps: what is under a key, or that it is
 * not there; a map with what a fun made.  Of sockets: one, or why there is none.
 */
#include "erlang/code/code_eval.h"
#include "erlang/code/code_rows.h"

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

static const struct value *pair_of(struct eval *eval, const struct value *a, const struct value *b)
{
	return value_tuple(eval->arena, (const struct value *[]){ a, b }, 2);
}

/* {Value, Rest}; where it is not there `missing`, or where that is NULL {otherwise, Map}. */
static struct values take(struct eval *eval, const struct value *map, const struct value *key,
			  const struct value *missing, const struct value *otherwise)
{
	const struct beam_function remove = { "maps", "remove", 2 };
	const struct value *args[] = { key, map }, *value;
	struct values out = { 0 };
	enum answer found;

	value = value_below(eval, map, key, NULL, &found);
	if (found != NO)
		eval_add(eval, &out, pair_of(eval, value, known_call(eval, &remove, args)));
	if (found != YES)
		eval_add(eval, &out, missing ? missing : pair_of(eval, otherwise, map));
	return out;
}

/* What a fun makes of a value that is there, or of nil: {Answer, Value} or :pop. */
static void add_updated(struct values *out, struct eval *eval, const struct value *const *args,
			const struct value *value)
{
	struct values made = eval_fun(eval, args[2], &value, 1);

	for (size_t i = 0; i < made.len; i++) {
		const struct value *put = made.items[i], *answer = &value_unknown;
		struct values rest;

		if (value_is_atom(put, "pop")) {
			rest = take(eval, args[0], args[1], NULL, value);
			for (size_t j = 0; j < rest.len; j++)
				eval_add(eval, out, rest.items[j]);
			continue;
		}
		if (value_tuple_size(put) == 2) {
			answer = value_element(put, 0, eval->arena);
			put = value_element(put, 1, eval->arena);
		} else if (value_term_kind(put) >= 0) {
			continue; /* it raises */
		} else {
			put = &value_unknown;
		}
		eval_add(eval, out,
			 pair_of(eval, answer, value_map_put(eval->arena, args[0], args[1], put)));
	}
}

static struct values get_and_update(struct eval *eval, const struct value *const *args, bool there)
{
	const struct value *nil = value_of_atom(eval->arena, "nil"), *value;
	struct values out = { 0 };
	enum answer found;

	value = value_below(eval, args[0], args[1], NULL, &found);
	if (found != NO)
		add_updated(&out, eval, args, value);
	if (found != YES && !there)
		add_updated(&out, eval, args, nil);
	return out;
}

/* A struct answers Access itself. */
static bool is_no_map(struct eval *eval, const struct value *value, bool access)
{
	const struct value *of = NULL;
	int kind = value_term_kind(value);

	return (kind >= 0 && kind != TERM_MAP) ||
	       (access && value_map_get(value, value_of_atom(eval->arena, "__struct__"),
					eval->arena, &of) == YES);
}

/* Elixir's, of the map that is their first argument, and a key. */
static bool known_of_elixir(struct eval *eval, const struct beam_function *function,
			    const struct value *const *args, struct values *out)
{
	const bool access = strcmp(function->module, "Elixir.Access") == 0;
	const bool updates =
		function->arity == 3 && strncmp(function->name, "get_and_update", 14) == 0;

	if (!(access || strcmp(function->module, "Elixir.Map") == 0) ||
	    !(updates || (strcmp(function->name, "pop") == 0 && function->arity >= 2)) ||
	    is_no_map(eval, args[0], access))
		return false;
	*out = updates ? get_and_update(eval, args, function->name[14] == '!')
		       : take(eval, args[0], args[1], NULL,
			      function->arity == 3 ? args[2] : value_of_atom(eval->arena, "nil"));
	return true;
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

/* A socket as gen_tcp, gen_udp, ssl or socket makes it; NULL: no such function does.  What is in it
 * is theirs.
 */
static const struct value *socket_of(struct eval *eval, const struct beam_function *function)
{
	static const struct {
		const char *module, *name;
		const char *tag; /* NULL: a port */
		size_t size;
	} makers[] = {
		{ "gen_tcp", "connect", NULL, 0 },
		{ "gen_tcp", "listen", NULL, 0 },
		{ "gen_tcp", "accept", NULL, 0 },
		{ "gen_udp", "open", NULL, 0 },
		{ "ssl", "connect", "sslsocket", 3 },
		{ "ssl", "listen", "sslsocket", 3 },
		{ "ssl", "transport_accept", "sslsocket", 3 },
		{ "ssl", "handshake", "sslsocket", 3 },
		{ "ssl", "handshake_continue", "sslsocket", 3 },
		{ "socket", "open", "$socket", 2 },
		{ "socket", "accept", "$socket", 2 },
	};
	static struct rows rows = ROWS(makers);
	const struct value *items[] = { NULL, &value_unknown, &value_unknown };
	const size_t row = rows_first(&rows, function);

	if (row == ROWS_END)
		return NULL;
	if (!makers[row].tag)
		return value_of_kind(eval->arena, TERM_PORT);
	items[0] = value_of_atom(eval->arena, makers[row].tag);
	return value_tuple(eval->arena, items, makers[row].size);
}

static void add_pair(struct eval *eval, struct values *out, const char *tag,
		     const struct beam_function *of)
{
	eval_add(eval, out,
		 pair_of(eval, value_of_atom(eval->arena, tag), value_unseen(eval->arena, *of)));
}

/* {ok, Socket} or {error, Reason}.  Of a handshake that waits, be it a client's, {ok, Socket,
 * Extensions}, too; socket:accept(_, nowait) may tell what will come.
 */
static bool socket_or_error(struct eval *eval, const struct beam_function *function,
			    struct values *out)
{
	const bool connects = strcmp(function->name, "connect") == 0;
	const bool accepts = strcmp(function->name, "accept") == 0;
	const struct value *socket = socket_of(eval, function);
	const struct value *ok[] = { NULL, socket, &value_unknown };

	if (!socket)
		return false;
	ok[0] = value_of_atom(eval->arena, "ok");
	eval_add(eval, out, value_tuple(eval->arena, ok, 2));
	add_pair(eval, out, "error", function);
	if (strcmp(function->module, "ssl") == 0 &&
	    (connects || strcmp(function->name, "handshake") == 0))
		eval_add(eval, out, value_tuple(eval->arena, ok, 3));
	if (strcmp(function->module, "ssl") == 0 && connects)
		add_pair(eval, out, "option_not_a_key_value_tuple", function);
	if (strcmp(function->module, "socket") == 0 && accepts && function->arity > 1) {
		add_pair(eval, out, "select", function);
		add_pair(eval, out, "completion", function);
	}
	return true;
}

bool code_compiles_regex(const struct beam_function *function)
{
	return strncmp(function->name, "compile", 7) == 0 &&
	       (strcmp(function->module, "re") == 0 ||
		strcmp(function->module, "Elixir.Regex") == 0);
}

/* {ok, Compiled} or {error, Reason}. */
static struct values compiled_or_error(struct eval *eval, const struct beam_function *function)
{
	const struct value *unseen = value_unseen(eval->arena, *function);
	struct values out = { 0 };

	eval_add(eval, &out, pair_of(eval, value_of_atom(eval->arena, "ok"), unseen));
	eval_add(eval, &out, pair_of(eval, value_of_atom(eval->arena, "error"), unseen));
	return out;
}

bool known_ways(struct eval *eval, const struct beam_function *function,
		const struct value *const *args, struct values *out)
{
	if (function->arity == 2 && strcmp(function->module, "maps") == 0 &&
	    (strcmp(function->name, "find") == 0 || strcmp(function->name, "take") == 0)) {
		*out = *function->name == 'f' ? find(eval, args)
					      : take(eval, args[1], args[0],
						     value_of_atom(eval->arena, "error"), NULL);
		return true;
	}
	if (socket_or_error(eval, function, out) || known_of_elixir(eval, function, args, out))
		return true;
	if (code_compiles_regex(function) && function->name[7] != '!') {
		*out = compiled_or_error(eval, function);
		return true;
	}
	return function->arity == 3 && strcmp(function->name, "update_in") == 0 &&
	       strcmp(function->module, "Elixir.Kernel") == 0 &&
	       update_below(out, eval, args[0], args[1], args[2], PATH);
}
