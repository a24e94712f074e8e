// SPDX-License-Identifier: Apache-2.0
/* code LIST [FUNCTION]: the functions of compiled modules, for tests/differential/code.escript.
 *
 * LIST is a file with one path per line.  Prints "MODULE:NAME/ARITY INSTRUCTIONS MD5", where
 * the MD5 is that of the instructions as code_print_op() has them, with the MD5 of its external
 * form for each term.  With FUNCTION, NAME/ARITY, prints the instructions of that one instead.
 */
#include "erlang/code/code.h"
#include "base/file.h"
#include "base/hash.h"

#include <stdio.h>

static void term_sum(struct str *out, const struct term *term)
{
	owned_str struct str bytes = STR_EMPTY;
	char hex[HASH_HEX_MAX];

	term_encode(&bytes, term, TERM_ATOMS_LATIN1);
	hash_hex(HASH_MD5, str_span(&bytes), hex);
	str_adds(out, hex);
}

static void print_function(const struct code *code, const struct code_function *function,
			   const char *wanted)
{
	owned_str struct str name = STR_EMPTY, text = STR_EMPTY;
	char hex[HASH_HEX_MAX];

	str_addf(&name, "%s/%u", function->name, function->arity);
	for (size_t i = 0; i < function->len; i++)
		code_print_op(&text, code, &function->ops[i], NULL, term_sum);
	hash_hex(HASH_MD5, str_span(&text), hex);
	if (!wanted)
		printf("%s:%s %zu %s\n", code->module, str_text(&name), function->len, hex);
	else if (strcmp(wanted, str_text(&name)) == 0)
		fputs(str_text(&text), stdout);
}

static int print_file(const char *path, const char *wanted, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str bytes = STR_EMPTY;
	struct code *code;

	if (file_read(path, BEAM_MAX, &bytes, err))
		return -1;
	if (code_open(&code, &arena, str_span(&bytes), err))
		return error_wrap(err, "%s", path);
	if (code->unread)
		printf("%s: %s\n", code->module, code->unread);
	for (size_t i = 0; i < code->len; i++)
		print_function(code, &code->functions[i], wanted);
	return 0;
}

int main(int argc, char **argv)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str list = STR_EMPTY;
	struct error err;
	struct span rest, line;

	if (argc < 2 || argc > 3)
		return 2;
	if (file_read(argv[1], 1 << 24, &list, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	rest = str_span(&list);
	while (span_next(&rest, '\n', &line)) {
		if (print_file(arena_dup(&arena, line), argv[2], &err)) {
			fprintf(stderr, "%s\n", err.text);
			return 1;
		}
	}
	return 0;
}
