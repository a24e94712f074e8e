// SPDX-License-Identifier: Apache-2.0
/* relevo term FILE…: what a file of Erlang terms holds. */
#include "base/file.h"
#include "base/json.h"
#include "cmd/output.h"
#include "erlang/term/term_json.h"

enum { EXTERNAL = 131 }; /* the first byte of the external term format */

/* All terms of a file, as a list. */
static int read_terms(const struct term **out, struct arena *arena, const char *file,
		      struct error *err)
{
	owned_str struct str bytes = STR_EMPTY;
	const struct term *term, **items;

	if (file_read(file, TERM_TEXT_MAX, &bytes, err))
		return -1;
	if (bytes.len == 0 || (unsigned char)bytes.ptr[0] != EXTERNAL)
		return term_parse_all(out, arena, str_span(&bytes), file, err);
	if (term_decode(&term, arena, str_span(&bytes), TERM_LIMITS_FILE, NULL, err))
		return error_wrap(err, "%s", file);
	items = arena_array(arena, 1, const struct term *);
	items[0] = term;
	*out = term_list(arena, items, 1);
	return 0;
}

static void show_json(const char *file, const struct term *terms)
{
	json_t *json = json_object(), *list;

	json_object_set_new(json, "file", json_text(file));
	if (terms->seq.len == 1) {
		json_object_set_new(json, "term", term_to_json(terms->seq.items[0]));
	} else {
		list = json_array();
		for (size_t i = 0; i < terms->seq.len; i++)
			json_array_append_new(list, term_to_json(terms->seq.items[i]));
		json_object_set_new(json, "terms", list);
	}
	print_json(json);
}

static void show_text(const char *file, const struct term *terms, bool several)
{
	owned_str struct str text = STR_EMPTY;

	if (several)
		str_addf(&text, "%%%% %s\n", file);
	for (size_t i = 0; i < terms->seq.len; i++) {
		term_print_pretty(&text, terms->seq.items[i]);
		str_adds(&text, ".\n");
	}
	print_lines(stdout, str_span(&text));
}

static int show(const struct call *call, const char *file, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *terms;

	if (read_terms(&terms, &arena, file, err))
		return -1;
	if (call->json)
		show_json(file, terms);
	else
		show_text(file, terms, call->argc > 1);
	return 0;
}

static int term_run(const struct call *call, struct error *err)
{
	for (int i = 0; i < call->argc; i++)
		if (show(call, call->argv[i], err))
			return -1;
	return 0;
}

/* clang-format off */
const struct command cmd_term = {
	.name = "term",
	.args = "FILE...",
	.summary = "Show files of Erlang terms as text or JSON",
	.description =
		"Reads .rel, .app, .appup, .config, relup, RELEASES and any other file of Erlang "
		"terms, and .boot files and whatever else holds a term in the external format (it "
		"begins with the byte 131), and prints them as Erlang text that OTP reads back.\n"
		"\n"
		"With --json each file gives one document, {\"file\": ..., \"term\": ...}, or "
		"\"terms\" with a list when the file holds another number of terms than one. "
		"Nothing is lost in it:\n"
		"\n"
		"  ok                    {\"atom\": \"ok\"}\n"
		"  42                    42, or {\"integer\": \"42...\"} beyond 53 bits\n"
		"  1.0                   1.0\n"
		"  \"text\"                {\"string\": \"text\"}, for lists that Erlang prints so\n"
		"  [a, b]                [{\"atom\": \"a\"}, {\"atom\": \"b\"}]\n"
		"  [a | b]               {\"list\": [{\"atom\": \"a\"}], \"tail\": {\"atom\": \"b\"}}\n"
		"  {a, 1}                {\"tuple\": [{\"atom\": \"a\"}, 1]}\n"
		"  #{a => 1}             {\"map\": [[{\"atom\": \"a\"}, 1]]}\n"
		"  <<\"text\">>            {\"binary\": \"text\"}, for bytes that are UTF-8\n"
		"  <<255>>               {\"base64\": \"/w==\"}\n"
		"  <<5:3>>               {\"base64\": \"oA==\", \"bits\": 3}\n"
		"  pids, funs, ...       {\"external\": \"base64 of the external term format\"}",
	.examples =
		"relevo term releases/1.4.0/start.boot  # a boot file, readable\n"
		"relevo term --json ebin/shop.app  # for a script",
	.group = "Plumbing",
	.args_min = 1,
	.args_max = -1,
	.options = (const struct option[]){ OPT_END },
	.opts_size = 0,
	.run = term_run,
};
/* clang-format on */
