// SPDX-License-Identifier: Apache-2.0
/* Functions of OTP and Elixir that raise for what is not of the kind they want. */
#include "erlang/code/code_eval.h"
#include "erlang/code/code_rows.h"

#define BIT(kind) (1U << TERM_##kind)
#define NUMBER (BIT(INTEGER) | BIT(BIG) | BIT(FLOAT))
#define WHOLE (BIT(INTEGER) | BIT(BIG))
#define BINARY BIT(BINARY)
#define BITS (BIT(BINARY) | BIT(BITSTRING))
#define LIST BIT(LIST)
#define TUPLE BIT(TUPLE)
#define MAP BIT(MAP)
#define ATOM BIT(ATOM)
#define NAMED (BIT(PID) | BIT(PORT) | BIT(ATOM) | BIT(TUPLE) | BIT(REFERENCE))
#define REF BIT(REFERENCE)
#define ENUMERATED (BIT(LIST) | BIT(MAP) | BIT(OPAQUE))

/* clang-format off */
static const struct {
	const char *module, *name;
	uint32_t arity;            /* 0: any */
	unsigned at;               /* the argument, from 0 */
	unsigned wants;            /* bits of enum term_kind */
} wants[] = {
	{ "erlang", "+", 0, 0, NUMBER },           { "erlang", "+", 2, 1, NUMBER },
	{ "erlang", "-", 0, 0, NUMBER },           { "erlang", "-", 2, 1, NUMBER },
	{ "erlang", "*", 2, 0, NUMBER },           { "erlang", "*", 2, 1, NUMBER },
	{ "erlang", "/", 2, 0, NUMBER },           { "erlang", "/", 2, 1, NUMBER },
	{ "erlang", "div", 2, 0, WHOLE },          { "erlang", "div", 2, 1, WHOLE },
	{ "erlang", "rem", 2, 0, WHOLE },          { "erlang", "rem", 2, 1, WHOLE },
	{ "erlang", "abs", 1, 0, NUMBER },         { "erlang", "round", 1, 0, NUMBER },
	{ "erlang", "trunc", 1, 0, NUMBER },       { "erlang", "float", 1, 0, NUMBER },
	{ "erlang", "++", 2, 0, LIST },            { "erlang", "--", 2, 0, LIST },
	{ "erlang", "--", 2, 1, LIST },            { "erlang", "length", 1, 0, LIST },
	{ "erlang", "hd", 1, 0, LIST },            { "erlang", "tl", 1, 0, LIST },
	{ "erlang", "tuple_size", 1, 0, TUPLE },   { "erlang", "element", 2, 1, TUPLE },
	{ "erlang", "setelement", 3, 1, TUPLE },   { "erlang", "tuple_to_list", 1, 0, TUPLE },
	{ "erlang", "map_size", 1, 0, MAP },       { "erlang", "map_get", 2, 1, MAP },
	{ "erlang", "is_map_key", 2, 1, MAP },     { "erlang", "size", 1, 0, TUPLE | BITS },
	{ "erlang", "byte_size", 1, 0, BITS },     { "erlang", "bit_size", 1, 0, BITS },
	{ "erlang", "atom_to_binary", 0, 0, ATOM }, { "erlang", "atom_to_list", 1, 0, ATOM },
	{ "erlang", "binary_to_list", 0, 0, BINARY }, { "erlang", "binary_to_atom", 0, 0, BINARY },
	{ "erlang", "binary_to_existing_atom", 0, 0, BINARY },
	{ "erlang", "binary_to_integer", 0, 0, BINARY }, { "erlang", "binary_to_term", 0, 0, BINARY },
	{ "erlang", "integer_to_binary", 0, 0, WHOLE }, { "erlang", "integer_to_list", 0, 0, WHOLE },
	{ "erlang", "iolist_to_binary", 1, 0, LIST | BITS },
	{ "erlang", "iolist_size", 1, 0, LIST | BITS },
	{ "erlang", "list_to_atom", 1, 0, LIST },  { "erlang", "list_to_binary", 1, 0, LIST },
	{ "erlang", "list_to_integer", 0, 0, LIST }, { "erlang", "list_to_tuple", 1, 0, LIST },
	{ "erlang", "not", 1, 0, ATOM },           { "erlang", "send", 0, 0, NAMED },
	{ "erlang", "!", 2, 0, NAMED },
	{ "erlang", "cancel_timer", 0, 0, REF },   { "erlang", "read_timer", 0, 0, REF },
	{ "erlang", "send_after", 0, 0, WHOLE },   { "erlang", "start_timer", 0, 0, WHOLE },
	{ "Elixir.Process", "send_after", 0, 2, WHOLE },
	{ "erlang", "demonitor", 0, 0, REF },      { "erlang", "is_process_alive", 1, 0, BIT(PID) },
	{ "erlang", "link", 1, 0, BIT(PID) | BIT(PORT) },
	{ "erlang", "unlink", 1, 0, BIT(PID) | BIT(PORT) },
	{ "erlang", "process_info", 0, 0, BIT(PID) },
	{ "counters", "add", 3, 0, REF | TUPLE },  { "counters", "get", 2, 0, REF | TUPLE },
	{ "atomics", "add", 3, 0, REF },           { "atomics", "get", 2, 0, REF },
	{ "ets", "insert", 2, 0, REF | ATOM },     { "ets", "lookup", 2, 0, REF | ATOM },
	{ "ets", "delete", 0, 0, REF | ATOM },     { "ets", "match_object", 0, 0, REF | ATOM },
	{ "gen_server", "call", 0, 0, NAMED },
	{ "Elixir.GenServer", "call", 0, 0, NAMED },
	{ "lists", "append", 1, 0, LIST },         { "lists", "append", 2, 0, LIST },
	{ "lists", "all", 2, 1, LIST },            { "lists", "any", 2, 1, LIST },
	{ "lists", "delete", 2, 1, LIST },         { "lists", "filter", 2, 1, LIST },
	{ "lists", "foldl", 3, 2, LIST },          { "lists", "foldr", 3, 2, LIST },
	{ "lists", "foreach", 2, 1, LIST },        { "lists", "keydelete", 3, 2, LIST },
	{ "lists", "keyfind", 3, 2, LIST },        { "lists", "keymember", 3, 2, LIST },
	{ "lists", "keyreplace", 4, 2, LIST },     { "lists", "keystore", 4, 2, LIST },
	{ "lists", "keytake", 3, 2, LIST },        { "lists", "last", 1, 0, LIST },
	{ "lists", "map", 2, 1, LIST },            { "lists", "max", 1, 0, LIST },
	{ "lists", "member", 2, 1, LIST },         { "lists", "min", 1, 0, LIST },
	{ "lists", "nth", 2, 1, LIST },            { "lists", "partition", 2, 1, LIST },
	{ "lists", "reverse", 0, 0, LIST },        { "lists", "sort", 1, 0, LIST },
	{ "lists", "sublist", 0, 0, LIST },        { "lists", "sum", 1, 0, LIST },
	{ "lists", "usort", 1, 0, LIST },          { "proplists", "get_value", 0, 1, LIST },
	{ "maps", "find", 2, 1, MAP },             { "maps", "from_list", 1, 0, LIST },
	{ "maps", "get", 0, 1, MAP },
	{ "maps", "is_key", 2, 1, MAP },           { "maps", "keys", 1, 0, MAP },
	{ "maps", "merge", 2, 0, MAP },            { "maps", "merge", 2, 1, MAP },
	{ "maps", "put", 3, 2, MAP },              { "maps", "remove", 2, 1, MAP },
	{ "maps", "size", 1, 0, MAP },             { "maps", "take", 2, 1, MAP },
	{ "maps", "update", 3, 2, MAP },           { "maps", "update_with", 3, 2, MAP },
	{ "maps", "update_with", 4, 3, MAP },      { "maps", "values", 1, 0, MAP },
	{ "maps", "with", 2, 1, MAP },             { "maps", "without", 2, 1, MAP },
	{ "queue", "in", 2, 1, TUPLE },            { "queue", "in_r", 2, 1, TUPLE },
	{ "queue", "is_empty", 1, 0, TUPLE },      { "queue", "len", 1, 0, TUPLE },
	{ "queue", "out", 1, 0, TUPLE },           { "queue", "to_list", 1, 0, TUPLE },
	{ "gb_trees", "insert", 3, 2, TUPLE },     { "gb_trees", "lookup", 2, 1, TUPLE },
	{ "gb_sets", "add_element", 2, 1, TUPLE }, { "dict", "find", 2, 1, TUPLE },
	{ "dict", "store", 3, 2, TUPLE },          { "orddict", "store", 3, 2, LIST },
	{ "orddict", "find", 2, 1, LIST },         { "sets", "add_element", 2, 1, TUPLE | MAP },
	{ "sets", "is_element", 2, 1, TUPLE | MAP },
	{ "Elixir.Map", "delete", 2, 0, MAP },
	{ "Elixir.Map", "fetch", 2, 0, MAP },      { "Elixir.Map", "fetch!", 2, 0, MAP },
	{ "Elixir.Map", "get", 0, 0, MAP },        { "Elixir.Map", "has_key?", 2, 0, MAP },
	{ "Elixir.Map", "keys", 1, 0, MAP },       { "Elixir.Map", "merge", 2, 0, MAP },
	{ "Elixir.Map", "pop", 0, 0, MAP },        { "Elixir.Map", "put", 3, 0, MAP },
	{ "Elixir.Map", "put_new", 3, 0, MAP },    { "Elixir.Map", "update", 4, 0, MAP },
	{ "Elixir.Map", "update!", 3, 0, MAP },    { "Elixir.Map", "values", 1, 0, MAP },
	{ "Elixir.MapSet", "delete", 2, 0, MAP },  { "Elixir.MapSet", "member?", 2, 0, MAP },
	{ "Elixir.MapSet", "put", 2, 0, MAP },     { "Elixir.MapSet", "size", 1, 0, MAP },
	{ "Elixir.Keyword", "delete", 0, 0, LIST }, { "Elixir.Keyword", "drop", 2, 0, LIST },
	{ "Elixir.Keyword", "fetch", 2, 0, LIST }, { "Elixir.Keyword", "fetch!", 2, 0, LIST },
	{ "Elixir.Keyword", "get", 0, 0, LIST },   { "Elixir.Keyword", "has_key?", 2, 0, LIST },
	{ "Elixir.Keyword", "keys", 1, 0, LIST },  { "Elixir.Keyword", "merge", 2, 0, LIST },
	{ "Elixir.Keyword", "merge", 2, 1, LIST }, { "Elixir.Keyword", "pop", 0, 0, LIST },
	{ "Elixir.Keyword", "put", 3, 0, LIST },   { "Elixir.Keyword", "put_new", 3, 0, LIST },
	{ "Elixir.Keyword", "take", 2, 0, LIST },
	{ "Elixir.Process", "cancel_timer", 0, 0, REF },
	{ "Elixir.Process", "demonitor", 0, 0, REF }, { "Elixir.String", "downcase", 0, 0, BINARY },
	{ "Elixir.String", "length", 1, 0, BINARY }, { "Elixir.String", "split", 0, 0, BINARY },
	{ "Elixir.String", "to_atom", 1, 0, BINARY }, { "Elixir.String", "trim", 0, 0, BINARY },
	{ "Elixir.String", "upcase", 0, 0, BINARY },
};
/* clang-format on */

/* What takes a socket first, of its own kind: a tuple with that tag, or else of these kinds. */
/* clang-format off */
static const struct {
	const char *module, *name, *tag;
	unsigned or;
} sockets[] = {
	{ "gen_tcp", "accept", "$inet", BIT(PORT) },
	{ "gen_tcp", "close", "$inet", BIT(PORT) },
	{ "gen_tcp", "controlling_process", "$inet", BIT(PORT) },
	{ "gen_tcp", "recv", "$inet", BIT(PORT) },
	{ "gen_tcp", "send", "$inet", BIT(PORT) },
	{ "gen_tcp", "shutdown", "$inet", BIT(PORT) },
	{ "gen_udp", "close", "$inet", BIT(PORT) },
	{ "gen_udp", "controlling_process", "$inet", BIT(PORT) },
	{ "gen_udp", "recv", "$inet", BIT(PORT) },
	{ "gen_udp", "send", "$inet", BIT(PORT) },
	{ "inet", "getopts", "$inet", BIT(PORT) },
	{ "inet", "peername", "$inet", BIT(PORT) },
	{ "inet", "port", "$inet", BIT(PORT) },
	{ "inet", "setopts", "$inet", BIT(PORT) },
	{ "inet", "sockname", "$inet", BIT(PORT) },
	{ "ssl", "close", "sslsocket", 0 },
	{ "ssl", "connection_information", "sslsocket", 0 },
	{ "ssl", "controlling_process", "sslsocket", 0 },
	{ "ssl", "getopts", "sslsocket", 0 },
	{ "ssl", "peercert", "sslsocket", 0 },
	{ "ssl", "peername", "sslsocket", 0 },
	{ "ssl", "recv", "sslsocket", 0 },
	{ "ssl", "send", "sslsocket", 0 },
	{ "ssl", "setopts", "sslsocket", 0 },
	{ "ssl", "shutdown", "sslsocket", 0 },
	{ "ssl", "sockname", "sslsocket", 0 },
	{ "ssl", "transport_accept", "sslsocket", 0 },
	{ "socket", "accept", "$socket", 0 },
	{ "socket", "close", "$socket", 0 },
	{ "socket", "recv", "$socket", 0 },
	{ "socket", "send", "$socket", 0 },
};
/* clang-format on */

static bool is_other(const struct value *arg, unsigned wanted)
{
	const int kind = arg ? value_term_kind(arg) : -1;

	return kind >= 0 && !(wanted & 1U << kind);
}

/* Of another kind, or wrapped: {tcp, Socket}. */
static bool is_other_socket(const struct beam_function *function, const struct value *socket)
{
	static struct rows rows = ROWS(sockets);
	const size_t row = rows_first(&rows, function);
	const struct value *tag;

	if (row == ROWS_END)
		return false;
	if (socket->kind != VALUE_TUPLE || socket->tuple.len == 0)
		return is_other(socket, TUPLE | sockets[row].or);
	tag = socket->tuple.items[0];
	return value_term_kind(tag) >= 0 && !value_is_atom(tag, sockets[row].tag);
}

/* element/2 and setelement/3 behind the end of a tuple, which is not one that stands for a dict. */
static bool is_beyond(const struct beam_function *function, const struct value *const *args)
{
	const struct value *tuple = function->arity > 1 ? args[1] : NULL;
	const int size = tuple ? value_tuple_size(tuple) : -1;
	const char *tag = size > 0 && tuple->kind == VALUE_TUPLE
				  ? value_atom_name(tuple->tuple.items[0])
				  : NULL;
	int64_t nr;

	return size >= 0 && args[0] && args[0]->kind == VALUE_TERM &&
	       (strcmp(function->name, "element") == 0 ||
		strcmp(function->name, "setelement") == 0) &&
	       strcmp(function->module, "erlang") == 0 && !(tag && value_tag_of_container(tag)) &&
	       term_get_integer(args[0]->constant.term, &nr) && (nr < 1 || nr > size);
}

bool known_to_fail(const struct beam_function *function, const struct value *const *args)
{
	static struct rows rows = ROWS(wants);
	bool any = false;

	for (uint32_t i = 0; i < function->arity && !any; i++)
		any = args[i] && value_term_kind(args[i]) >= 0;
	if (!any)
		return false;
	for (size_t i = rows_first(&rows, function); i != ROWS_END; i = rows_next(&rows, i))
		if (wants[i].at < function->arity &&
		    (!wants[i].arity || wants[i].arity == function->arity) &&
		    is_other(args[wants[i].at], wants[i].wants))
			return true;
	if ((strcmp(function->name, "hd") == 0 || strcmp(function->name, "tl") == 0) &&
	    strcmp(function->module, "erlang") == 0 && value_is_nil(args[0]) == YES)
		return true;
	if (is_beyond(function, args) ||
	    (function->arity > 0 && args[0] && is_other_socket(function, args[0])))
		return true;
	/* All functions of it. */
	return strcmp(function->module, "Elixir.Enum") == 0 && is_other(args[0], ENUMERATED);
}
