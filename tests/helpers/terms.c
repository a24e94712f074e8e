// SPDX-License-Identifier: Apache-2.0
/* terms IN OUT - reads terms in bulk, for tests/differential/terms.escript.
 *
 * IN is a row of items: one letter ("t" Erlang text, "b" external term format), the
 * length in four bytes, the highest first, and the bytes.  OUT gets for each item
 * one letter and what it stands for, each with its length before it:
 *
 *	"o"  read: the external form (Latin-1 atoms), one line of text, a whole file
 *	"e"  refused: OTP's name for the error, the message
 */
#include "base/file.h"
#include "erlang/term/term.h"

#include <stdio.h>

static void add_part(struct str *out, struct span part)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		str_addc(out, (char)(part.len >> shift & 0xff));
	str_add(out, part);
}

static void add_result(struct str *out, const struct term *term)
{
	owned_str struct str bytes = STR_EMPTY, line = STR_EMPTY, file = STR_EMPTY;

	term_encode(&bytes, term, TERM_ATOMS_LATIN1);
	term_print(&line, term);
	term_print_file(&file, term);
	str_addc(out, 'o');
	add_part(out, str_span(&bytes));
	add_part(out, str_span(&line));
	add_part(out, str_span(&file));
}

static void answer(struct str *out, char kind, struct span item)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *term;
	struct error err;
	int ret;

	if (kind == 't')
		ret = term_parse(&term, &arena, item, "item", &err);
	else
		ret = term_decode(&term, &arena, item, TERM_LIMITS_FILE, NULL, &err);
	if (!ret) {
		add_result(out, term);
		return;
	}
	str_addc(out, 'e');
	add_part(out, span_of(err.otp));
	add_part(out, span_of(err.text));
}

static bool next_item(struct span *rest, char *kind, struct span *item)
{
	size_t len = 0;

	if (rest->len < 5)
		return false;
	*kind = rest->ptr[0];
	for (int i = 1; i < 5; i++)
		len = len << 8 | (unsigned char)rest->ptr[i];
	*item = (struct span){ rest->ptr + 5, len };
	if (len > rest->len - 5)
		return false;
	*rest = (struct span){ rest->ptr + 5 + len, rest->len - 5 - len };
	return true;
}

int main(int argc, char **argv)
{
	owned_str struct str in = STR_EMPTY, out = STR_EMPTY;
	struct span rest, item;
	struct error err;
	char kind;

	if (argc != 3) {
		fprintf(stderr, "usage: terms IN OUT\n");
		return 2;
	}
	if (file_read(argv[1], (size_t)1 << 30, &in, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	rest = str_span(&in);
	while (next_item(&rest, &kind, &item))
		answer(&out, kind, item);
	if (file_write(argv[2], str_span(&out), 0644, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	return 0;
}
