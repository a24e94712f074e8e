// SPDX-License-Identifier: Apache-2.0
/* Functions of OTP and Elixir that return one kind of term, whatever they are given, or raise. */
#include "erlang/code/code_eval.h"

/* clang-format off */
static const struct kind {
	const char *module, *name;
	enum term_kind kind;
} kinds[] = {
	{ "atomics", "new", TERM_REFERENCE },
	{ "base64", "decode", TERM_BINARY },
	{ "base64", "encode", TERM_BINARY },
	{ "binary", "copy", TERM_BINARY },
	{ "binary", "part", TERM_BINARY },
	{ "binary", "replace", TERM_BINARY },
	{ "binary", "split", TERM_LIST },
	{ "crypto", "hash", TERM_BINARY },
	{ "crypto", "mac", TERM_BINARY },
	{ "crypto", "strong_rand_bytes", TERM_BINARY },
	{ "erlang", "--", TERM_LIST },
	{ "erlang", "/", TERM_FLOAT },
	{ "erlang", "abs", TERM_INTEGER },
	{ "erlang", "alias", TERM_REFERENCE },
	{ "erlang", "atom_to_binary", TERM_BINARY },
	{ "erlang", "atom_to_list", TERM_LIST },
	{ "erlang", "band", TERM_INTEGER },
	{ "erlang", "binary_part", TERM_BINARY },
	{ "erlang", "binary_to_atom", TERM_ATOM },
	{ "erlang", "binary_to_existing_atom", TERM_ATOM },
	{ "erlang", "binary_to_float", TERM_FLOAT },
	{ "erlang", "binary_to_integer", TERM_INTEGER },
	{ "erlang", "binary_to_list", TERM_LIST },
	{ "erlang", "bit_size", TERM_INTEGER },
	{ "erlang", "bnot", TERM_INTEGER },
	{ "erlang", "bor", TERM_INTEGER },
	{ "erlang", "bsl", TERM_INTEGER },
	{ "erlang", "bsr", TERM_INTEGER },
	{ "erlang", "bxor", TERM_INTEGER },
	{ "erlang", "byte_size", TERM_INTEGER },
	{ "erlang", "ceil", TERM_INTEGER },
	{ "erlang", "convert_time_unit", TERM_INTEGER },
	{ "erlang", "div", TERM_INTEGER },
	{ "erlang", "float", TERM_FLOAT },
	{ "erlang", "float_to_binary", TERM_BINARY },
	{ "erlang", "float_to_list", TERM_LIST },
	{ "erlang", "floor", TERM_INTEGER },
	{ "erlang", "get_cookie", TERM_ATOM },
	{ "erlang", "group_leader", TERM_PID },
	{ "erlang", "integer_to_binary", TERM_BINARY },
	{ "erlang", "integer_to_list", TERM_LIST },
	{ "erlang", "iolist_size", TERM_INTEGER },
	{ "erlang", "iolist_to_binary", TERM_BINARY },
	{ "erlang", "is_process_alive", TERM_ATOM },
	{ "erlang", "length", TERM_INTEGER },
	{ "erlang", "list_to_atom", TERM_ATOM },
	{ "erlang", "list_to_binary", TERM_BINARY },
	{ "erlang", "list_to_existing_atom", TERM_ATOM },
	{ "erlang", "list_to_float", TERM_FLOAT },
	{ "erlang", "list_to_integer", TERM_INTEGER },
	{ "erlang", "list_to_pid", TERM_PID },
	{ "erlang", "make_ref", TERM_REFERENCE },
	{ "erlang", "map_size", TERM_INTEGER },
	{ "erlang", "monitor", TERM_REFERENCE },
	{ "erlang", "monitor_node", TERM_ATOM },
	{ "erlang", "monotonic_time", TERM_INTEGER },
	{ "erlang", "node", TERM_ATOM },
	{ "erlang", "nodes", TERM_LIST },
	{ "erlang", "open_port", TERM_PORT },
	{ "erlang", "phash2", TERM_INTEGER },
	{ "erlang", "pid_to_list", TERM_LIST },
	{ "erlang", "processes", TERM_LIST },
	{ "erlang", "ref_to_list", TERM_LIST },
	{ "erlang", "register", TERM_ATOM },
	{ "erlang", "registered", TERM_LIST },
	{ "erlang", "rem", TERM_INTEGER },
	{ "erlang", "round", TERM_INTEGER },
	{ "erlang", "self", TERM_PID },
	{ "erlang", "send_after", TERM_REFERENCE },
	{ "erlang", "spawn", TERM_PID },
	{ "erlang", "spawn_link", TERM_PID },
	{ "erlang", "spawn_request", TERM_REFERENCE },
	{ "erlang", "start_timer", TERM_REFERENCE },
	{ "erlang", "system_time", TERM_INTEGER },
	{ "erlang", "term_to_binary", TERM_BINARY },
	{ "erlang", "trunc", TERM_INTEGER },
	{ "erlang", "tuple_size", TERM_INTEGER },
	{ "erlang", "tuple_to_list", TERM_LIST },
	{ "erlang", "unique_integer", TERM_INTEGER },
	{ "erlang", "unregister", TERM_ATOM },
	{ "ets", "lookup", TERM_LIST },
	{ "ets", "tab2list", TERM_LIST },
	{ "io_lib", "format", TERM_LIST },
	{ "lists", "sum", TERM_INTEGER },
	{ "maps", "filter", TERM_MAP },
	{ "maps", "keys", TERM_LIST },
	{ "maps", "size", TERM_INTEGER },
	{ "maps", "to_list", TERM_LIST },
	{ "maps", "values", TERM_LIST },
	{ "os", "system_time", TERM_INTEGER },
	{ "pg", "get_local_members", TERM_LIST },
	{ "pg", "get_members", TERM_LIST },
	{ "string", "lexemes", TERM_LIST },
	{ "string", "split", TERM_LIST },
	{ "string", "tokens", TERM_LIST },
	{ "supervisor", "which_children", TERM_LIST },
	{ "timer", "hms", TERM_INTEGER },
	{ "timer", "hours", TERM_INTEGER },
	{ "timer", "minutes", TERM_INTEGER },
	{ "timer", "now_diff", TERM_INTEGER },
	{ "timer", "seconds", TERM_INTEGER },
	{ "Elixir.Application", "app_dir", TERM_BINARY },
	{ "Elixir.Application", "get_all_env", TERM_LIST },
	{ "Elixir.Base", "decode16!", TERM_BINARY },
	{ "Elixir.Base", "decode64!", TERM_BINARY },
	{ "Elixir.Base", "encode16", TERM_BINARY },
	{ "Elixir.Base", "encode32", TERM_BINARY },
	{ "Elixir.Base", "encode64", TERM_BINARY },
	{ "Elixir.Base", "url_decode64!", TERM_BINARY },
	{ "Elixir.Base", "url_encode64", TERM_BINARY },
	{ "Elixir.Calendar", "strftime", TERM_BINARY },
	{ "Elixir.DateTime", "to_iso8601", TERM_BINARY },
	{ "Elixir.DateTime", "to_unix", TERM_INTEGER },
	{ "Elixir.File", "cwd!", TERM_BINARY },
	{ "Elixir.File", "exists?", TERM_ATOM },
	{ "Elixir.File", "read!", TERM_BINARY },
	{ "Elixir.Float", "round", TERM_FLOAT },
	{ "Elixir.IO", "iodata_to_binary", TERM_BINARY },
	{ "Elixir.Integer", "to_string", TERM_BINARY },
	{ "Elixir.Kernel", "inspect", TERM_BINARY },
	{ "Elixir.List", "to_charlist", TERM_LIST },
	{ "Elixir.Path", "expand", TERM_BINARY },
	{ "Elixir.Path", "join", TERM_BINARY },
	{ "Elixir.Process", "monitor", TERM_REFERENCE },
	{ "Elixir.Process", "send_after", TERM_REFERENCE },
	{ "Elixir.Registry", "keys", TERM_LIST },
	{ "Elixir.Registry", "lookup", TERM_LIST },
	{ "Elixir.String", "downcase", TERM_BINARY },
	{ "Elixir.String", "duplicate", TERM_BINARY },
	{ "Elixir.String", "length", TERM_INTEGER },
	{ "Elixir.String", "replace", TERM_BINARY },
	{ "Elixir.String", "split", TERM_LIST },
	{ "Elixir.String", "starts_with?", TERM_ATOM },
	{ "Elixir.String", "to_charlist", TERM_LIST },
	{ "Elixir.String", "trim", TERM_BINARY },
	{ "Elixir.String", "upcase", TERM_BINARY },
	{ "Elixir.String.Chars", "to_string", TERM_BINARY },
	{ "Elixir.System", "fetch_env!", TERM_BINARY },
	{ "Elixir.System", "monotonic_time", TERM_INTEGER },
	{ "Elixir.System", "os_time", TERM_INTEGER },
	{ "Elixir.System", "schedulers_online", TERM_INTEGER },
	{ "Elixir.System", "system_time", TERM_INTEGER },
	{ "Elixir.System", "unique_integer", TERM_INTEGER },
	{ "rand", "uniform", TERM_INTEGER },
};

/* Those whose code is followed where it can be: this is said where it cannot. */
static const struct kind followed[] = {
	{ "lists", "delete", TERM_LIST },
	{ "lists", "filter", TERM_LIST },
	{ "lists", "flatten", TERM_LIST },
	{ "lists", "keysort", TERM_LIST },
	{ "lists", "map", TERM_LIST },
	{ "lists", "member", TERM_ATOM },
	{ "lists", "reverse", TERM_LIST },
	{ "lists", "sort", TERM_LIST },
	{ "lists", "ukeysort", TERM_LIST },
	{ "lists", "usort", TERM_LIST },
	{ "lists", "concat", TERM_LIST },
	{ "lists", "sublist", TERM_LIST },
	{ "ordsets", "from_list", TERM_LIST },
	{ "Elixir.Enum", "concat", TERM_LIST },
	{ "Elixir.Enum", "drop", TERM_LIST },
	{ "Elixir.Enum", "filter", TERM_LIST },
	{ "Elixir.Enum", "map", TERM_LIST },
	{ "Elixir.Enum", "member?", TERM_ATOM },
	{ "Elixir.Enum", "reject", TERM_LIST },
	{ "Elixir.Enum", "take", TERM_LIST },
	{ "Elixir.Enum", "scan", TERM_LIST },
	{ "Elixir.Enum", "sort", TERM_LIST },
	{ "Elixir.Enum", "sort_by", TERM_LIST },
	{ "Elixir.Enum", "uniq", TERM_LIST },
	{ "Elixir.Enum", "shuffle", TERM_LIST },
	{ "Elixir.Enum", "to_list", TERM_LIST },
	{ "Elixir.Enum", "reverse", TERM_LIST },
	{ "Elixir.Enum", "with_index", TERM_LIST },
	{ "Elixir.Enum", "chunk_every", TERM_LIST },
	{ "Elixir.Enum", "group_by", TERM_MAP },
	{ "Elixir.Enum", "flat_map", TERM_LIST },
	{ "Elixir.Enum", "zip", TERM_LIST },
	{ "Elixir.Enum", "map_join", TERM_BINARY },
	{ "Elixir.Keyword", "has_key?", TERM_ATOM },
	{ "Elixir.Keyword", "take", TERM_LIST },
	{ "Elixir.Map", "filter", TERM_MAP },
	{ "Elixir.Map", "keys", TERM_LIST },
	{ "Elixir.Map", "reject", TERM_MAP },
	{ "Elixir.Map", "values", TERM_LIST },
};

/* Structs of Elixir that are of the module that makes them. */
static const struct {
	const char *module, *name;
} structs[] = {
	{ "Elixir.DateTime", "utc_now" },
	{ "Elixir.DateTime", "from_unix!" },
	{ "Elixir.DateTime", "add" },
	{ "Elixir.NaiveDateTime", "utc_now" },
	{ "Elixir.NaiveDateTime", "add" },
	{ "Elixir.Date", "utc_today" },
	{ "Elixir.Date", "add" },
	{ "Elixir.Time", "utc_now" },
	{ "Elixir.URI", "parse" },
	{ "Elixir.Regex", "compile!" },
	{ "Elixir.Version", "parse!" },
	{ "Elixir.Range", "new" },
	{ "Elixir.MapSet", "new" },
};
/* clang-format on */

static const struct value *kind_in(const struct kind *table, size_t len, struct arena *arena,
				   const struct beam_function *function)
{
	struct last_row last = { 0 };

	for (size_t i = 0; i < len; i++)
		if (row_is(&last, table[i].module, table[i].name, function))
			return value_of_kind(arena, table[i].kind);
	return NULL;
}

const struct value *known_kind(struct eval *eval, const struct beam_function *function)
{
	/* rand:uniform/0 is a float. */
	if (strcmp(function->module, "rand") == 0 && function->arity == 0)
		return value_of_kind(eval->arena, TERM_FLOAT);
	return kind_in(kinds, ARRAY_LEN(kinds), eval->arena, function);
}

const struct value *known_kind_unfollowed(struct eval *eval, const struct beam_function *function)
{
	struct last_row last = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(structs); i++)
		if (row_is(&last, structs[i].module, structs[i].name, function))
			return value_map_put(eval->arena, value_of_kind(eval->arena, TERM_MAP),
					     value_of_atom(eval->arena, "__struct__"),
					     value_of_atom(eval->arena, function->module));
	return kind_in(followed, ARRAY_LEN(followed), eval->arena, function);
}
