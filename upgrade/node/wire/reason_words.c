// SPDX-License-Identifier: Apache-2.0
/* What Erlang gives as a reason, in words: exceptions, files, release_handler. */
#include "upgrade/node/wire/rpc.h"

#include <ctype.h>
#include <string.h>

/* An atom (size 0), or a tuple of `size` that begins with it; element `shown` of the tuple stands
 * behind the words, 0: none does.
 */
/* clang-format off */
static const struct {
	const char *tag;
	size_t size, shown;
	const char *words;
} known[] = {
	{ "undef", 0, 0, "a function that does not exist was called" },
	{ "badarg", 0, 0, "an argument is wrong" },
	{ "badarith", 0, 0, "something was calculated that cannot be" },
	{ "function_clause", 0, 0, "no clause of a function takes its arguments" },
	{ "if_clause", 0, 0, "no branch of an if is true" },
	{ "case_clause", 2, 0, "no clause of a case takes a value" },
	{ "try_clause", 2, 0, "no clause of a try takes a value" },
	{ "badmatch", 2, 0, "a value is another than the code wants" },
	{ "badkey", 2, 0, "a map has no such key" },
	{ "badmap", 2, 0, "something that should be a map is none" },
	{ "badfun", 2, 0, "something that should be a fun is none" },
	{ "badarity", 2, 0, "a fun was called with another number of arguments" },
	{ "noproc", 0, 0, "the process is not there" },
	{ "noproc", 2, 0, "the process is not there" },
	{ "timeout", 0, 0, "no answer in time" },
	{ "timeout", 2, 0, "no answer in time" },
	{ "nodedown", 0, 0, "the node is down" },
	{ "nodedown", 2, 1, "a node is down:" },
	{ "killed", 0, 0, "the process was killed" },
	{ "system_limit", 0, 0, "a limit of the VM is reached" },
	{ "enoent", 0, 0, "no such file or folder" },
	{ "eacces", 0, 0, "the node's user may not" },
	{ "eperm", 0, 0, "the node's user may not" },
	{ "eexist", 0, 0, "it is there already" },
	{ "enotdir", 0, 0, "it is no folder" },
	{ "eisdir", 0, 0, "it is a folder" },
	{ "enospc", 0, 0, "the disk is full" },
	{ "edquot", 0, 0, "the user's share of the disk is full" },
	{ "erofs", 0, 0, "the file system can only be read" },
	{ "emfile", 0, 0, "too many files are open" },
	{ "eio", 0, 0, "the disk fails" },
	{ "no_such_release", 2, 1, "release_handler knows no release" },
	{ "existing_release", 2, 1, "release_handler has that release already:" },
	{ "no_such_file", 2, 1, "a file is not there:" },
	{ "no_such_directory", 2, 1, "a folder is not there:" },
	{ "bad_relup_file", 2, 1, "release_handler cannot read the relup" },
	{ "no_rel_file", 2, 1, "there is no .rel file of" },
	{ "bad_rel_file", 2, 1, "release_handler cannot read" },
	{ "no_matching_relup", 3, 0, "the relup knows no way between the two releases" },
	{ "illegal_instruction", 2, 0, "release_handler does not know an instruction of the relup" },
	{ "old_processes", 2, 1, "processes still run old code of" },
	{ "code_change_failed", 4, 2, "a process could not change its state in" },
};
/* clang-format on */

static bool is_known(size_t i, const struct term *reason)
{
	return known[i].size == 0 ? term_is_atom(reason, known[i].tag)
				  : term_is_tagged(reason, known[i].tag, known[i].size);
}

/* ---- without values ---- */

enum { DEPTH_MAX = 8 };

static bool is_path(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!isalnum((unsigned char)text.ptr[i]) && !strchr("/._-+~", text.ptr[i]))
			return false;
	return span_starts(text, "/");
}

static void outline_text(struct str *out, const struct term *term)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *text;

	if (term_get_text(term, &arena, &text) && is_path(span_of(text)))
		term_print(out, term);
	else
		str_adds(out, "...");
}

/* A list of numbers alone may be a text. */
static bool is_text(const struct term *list)
{
	for (size_t i = 0; i < list->seq.len; i++)
		if (term_at(list, i)->kind != TERM_INTEGER)
			return false;
	return list->seq.len > 0;
}

static void outline(struct str *out, const struct term *term, unsigned depth);

static void outline_items(struct str *out, const struct term *term, unsigned depth)
{
	bool list = term->kind == TERM_LIST;

	str_addc(out, list ? '[' : '{');
	for (size_t i = 0; i < term->seq.len; i++) {
		if (i > 0)
			str_addc(out, ',');
		/* It may be a letter. */
		if (list && term_at(term, i)->kind == TERM_INTEGER)
			str_adds(out, "...");
		else
			outline(out, term_at(term, i), depth + 1);
	}
	if (list && term->seq.tail) {
		str_addc(out, '|');
		outline(out, term->seq.tail, depth + 1);
	}
	str_addc(out, list ? ']' : '}');
}

static void outline(struct str *out, const struct term *term, unsigned depth)
{
	bool atomic = term->kind == TERM_ATOM || term->kind == TERM_INTEGER ||
		      term->kind == TERM_PID || term->kind == TERM_PORT ||
		      term->kind == TERM_REFERENCE;

	if (atomic)
		term_print(out, term);
	else if (term->kind == TERM_BINARY || (term->kind == TERM_LIST && is_text(term)))
		outline_text(out, term);
	else if ((term->kind == TERM_LIST || term->kind == TERM_TUPLE) && depth < DEPTH_MAX)
		outline_items(out, term, depth);
	else
		str_adds(out, "...");
}

void reason_outline(struct str *out, const struct term *reason)
{
	outline(out, reason, 0);
}

bool reason_words(struct str *out, const struct term *reason)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (!is_known(i, reason))
			continue;
		str_adds(out, known[i].words);
		if (known[i].shown) {
			str_addc(out, ' ');
			term_print(out, term_at(reason, known[i].shown));
		}
		return true;
	}
	return false;
}
