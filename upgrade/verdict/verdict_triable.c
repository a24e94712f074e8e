// SPDX-License-Identifier: Apache-2.0
/* Which differences trying shows: whether a key, or another size, is understood; not what becomes
 * of other values.
 */
#include "erlang/code/code_facts.h"
#include "erlang/code/code_type.h"
#include "upgrade/verdict/verdict_states.h"

bool can_be_seen_in_use(const struct type_diff *diff)
{
	return !strstr(diff->path, "list") && !strchr(diff->path, '*');
}

/* A map became a tuple that begins with an atom: no clause for one takes the other. */
static bool is_tagged_anew(const struct type_diff *diff)
{
	const struct type *was = diff->before, *is = diff->after;

	return diff->what == TYPE_OTHER && !*diff->path && was->len == 1 && is->len == 1 &&
	       was->variants[0].map && !was->variants[0].tag && !is->variants[0].map &&
	       is->variants[0].tag && !(was->kinds & (was->kinds - 1)) &&
	       !(is->kinds & (is->kinds - 1));
}

static bool has_op(const struct code *code, const void *opcode)
{
	for (size_t i = 0; i < code->len; i++)
		for (size_t j = 0; j < code->functions[i].len; j++)
			if (code->functions[i].ops[j].opcode == *(const unsigned *)opcode)
				return true;
	return false;
}

/* A port, a pid or a reference is a tuple now, or was one, and something asks whether it is such a
 * one.
 */
static bool is_told_apart(struct judge *judge, enum side side, const struct code *code,
			  const struct type_diff *diff)
{
	static const struct {
		enum term_kind kind;
		unsigned test;
	} tests[] = {
		{ TERM_PORT, OP_IS_PORT },
		{ TERM_PID, OP_IS_PID },
		{ TERM_REFERENCE, OP_IS_REFERENCE },
	};
	const unsigned tuple = 1U << TERM_TUPLE;
	const unsigned was = diff->before->kinds, is = diff->after->kinds;

	if (diff->what != TYPE_OTHER || (was != tuple && is != tuple) || !can_be_seen_in_use(diff))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(tests); i++)
		if ((was | is) == (tuple | 1U << tests[i].kind))
			return code_or_library(judge, side, code, has_op, &tests[i].test);
	return false;
}

static bool is_of_ssl(const struct type *type)
{
	return type->kinds == 1U << TERM_TUPLE && type->len == 1 && type->variants[0].tag &&
	       strcmp(type->variants[0].tag, "sslsocket") == 0;
}

static bool is_port(const struct type *type)
{
	return type->kinds == 1U << TERM_PORT;
}

/* A socket is of ssl now, or no more, and functions of a module that is kept beside it are called:
 * Transport:send(Socket, Data).
 */
static bool goes_with_module(struct judge *judge, enum side side, const struct code *code,
			     const struct type_diff *diff)
{
	static const unsigned calls[] = { OP_APPLY, OP_APPLY_LAST };
	const struct type *was = diff->before, *is = diff->after;

	return diff->what == TYPE_OTHER && *diff->path && can_be_seen_in_use(diff) &&
	       ((is_port(was) && is_of_ssl(is)) || (is_of_ssl(was) && is_port(is))) &&
	       (code_or_library(judge, side, code, has_op, &calls[0]) ||
		code_or_library(judge, side, code, has_op, &calls[1]));
}

/* Takes binaries and lists of them alike. */
static bool takes_iodata(const struct code *code, const void *nothing)
{
	static const struct {
		const char *module, *name;
	} takers[] = {
		{ "erlang", "iolist_to_binary" },
		{ "erlang", "iolist_size" },
		{ "erlang", "iolist_to_iovec" },
		{ "erlang", "port_command" },
		{ "gen_tcp", "send" },
		{ "ssl", "send" },
		{ "file", "write" },
		{ "Elixir.IO", "iodata_to_binary" },
		{ "Elixir.IO", "iodata_length" },
		{ "Elixir.IO", "binwrite" },
	};

	(void)nothing;
	for (size_t i = 0; i < code->imports.len; i++)
		for (size_t j = 0; j < ARRAY_LEN(takers); j++)
			if (strcmp(code->imports.items[i].name, takers[j].name) == 0 &&
			    strcmp(code->imports.items[i].module, takers[j].module) == 0)
				return true;
	return false;
}

/* A binary is a list of binaries now, or the other way round, where something takes both: what
 * takes lists alone, as lists:reverse/1, is seen to fail with the other one.
 */
static bool is_iodata(struct judge *judge, enum side side, const struct code *code,
		      const struct type_diff *diff)
{
	const unsigned binary = 1U << TERM_BINARY, list = 1U << TERM_LIST;
	const unsigned was = diff->before->kinds, is = diff->after->kinds;

	return diff->what == TYPE_OTHER && can_be_seen_in_use(diff) &&
	       ((was == binary && is == list) || (was == list && is == binary)) &&
	       code_or_library(judge, side, code, takes_iodata, NULL);
}

static bool is_forever(const struct type *type)
{
	return type->kinds == 1U << TERM_ATOM && !type->any_atom && type->atoms_len == 1 &&
	       strcmp(type->atoms[0], "infinity") == 0;
}

/* `infinity`, or a whole number: who waits as long takes both, who counts with it is seen to fail.
 */
static bool is_time(const struct type_diff *diff)
{
	const unsigned whole = 1U << TERM_INTEGER;

	return diff->what == TYPE_OTHER && can_be_seen_in_use(diff) &&
	       ((is_forever(diff->before) && diff->after->kinds == whole) ||
		(is_forever(diff->after) && diff->before->kinds == whole));
}

/* How often code asks whether something is of a kind: a list, also by its pattern. */
static size_t asks_for_kind(const struct code *code, enum term_kind kind)
{
	static const struct {
		enum term_kind kind;
		unsigned opcode;
	} tests[] = {
		{ TERM_LIST, OP_IS_LIST },       { TERM_LIST, OP_IS_NONEMPTY_LIST },
		{ TERM_INTEGER, OP_IS_INTEGER }, { TERM_MAP, OP_IS_MAP },
		{ TERM_TUPLE, OP_IS_TUPLE },     { TERM_ATOM, OP_IS_ATOM },
		{ TERM_BINARY, OP_IS_BINARY },   { TERM_PID, OP_IS_PID },
	};
	size_t found = 0;

	for (size_t i = 0; i < code->len; i++)
		for (size_t j = 0; j < code->functions[i].len; j++)
			for (size_t k = 0; k < ARRAY_LEN(tests); k++)
				found += tests[k].kind == kind &&
					 code->functions[i].ops[j].opcode == tests[k].opcode;
	return found;
}

bool asks_newly_for(const struct code *code, const struct code *maker, unsigned kinds)
{
	for (unsigned kind = 0; kind < 31; kind++)
		if (kinds == 1U << kind)
			return asks_for_kind(code, kind) > asks_for_kind(maker, kind);
	return false;
}

/* The whole state is of another kind now, and the code may make one of the other. */
static bool is_asked_newly(const struct code *code, const struct code *maker,
			   const struct type_diff *diff)
{
	return diff->what == TYPE_OTHER && !*diff->path && maker &&
	       diff->before->kinds != diff->after->kinds &&
	       asks_newly_for(code, maker, diff->before->kinds);
}

bool can_be_tried_with(struct judge *judge, enum side side, const struct code *code,
		       const struct code *maker, const struct type *before,
		       const struct type *after)
{
	struct type_diffs diffs = type_compare(before, after, judge->arena);

	for (size_t i = 0; i < diffs.len; i++) {
		const struct type_diff *diff = &diffs.items[i];

		if (diff->what == TYPE_MORE || (diff->what == TYPE_LOST && !*diff->path) ||
		    is_tagged_anew(diff) || is_asked_newly(code, maker, diff) ||
		    is_told_apart(judge, side, code, diff) ||
		    goes_with_module(judge, side, code, diff) ||
		    is_iodata(judge, side, code, diff) || is_time(diff))
			continue;
		if (!(diff->what == TYPE_KEY && !diff->of &&
		      (!*diff->path || !fetches_key(code, diff->tag))) &&
		    !(diff->what == TYPE_KEY_GONE && !diff->of) &&
		    !(diff->what == TYPE_SIZE &&
		      (diff->tag
			       ? code_matches(code, diff->tag, diff->size)
			       : can_be_seen_in_use(diff) && code_matches_size(code, diff->size))))
			return false;
	}
	return true;
}
