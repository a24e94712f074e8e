// SPDX-License-Identifier: Apache-2.0
/* Any text: what is read must read back the same from each form it is written in. */
#include "erlang/term/term.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_read(struct arena *arena, const struct str *text, const struct term *want)
{
	const struct term *term;
	struct error err;

	if (term_parse_one(&term, arena, str_span(text), "again", &err)) {
		fprintf(stderr, "%s\n%s\n", err.text, str_text(text));
		abort();
	}
	if (!term_equal(term, want) || term_compare(want, term) != 0) {
		fprintf(stderr, "another term:\n%s\n", str_text(text));
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str line = STR_EMPTY, file = STR_EMPTY, bytes = STR_EMPTY;
	const struct term *term;
	struct error err;

	if (term_parse(&term, &arena, (struct span){ (const char *)data, size }, "fuzz", &err))
		return 0;
	/* As in a file: text inside the term may look like a comment about its coding. */
	str_adds(&line, "%% coding: utf-8\n");
	term_print(&line, term);
	str_addc(&line, '.');
	must_read(&arena, &line, term);
	term_print_file(&file, term);
	must_read(&arena, &file, term);

	term_encode(&bytes, term, TERM_ATOMS_LATIN1);
	if (term_decode(&term, &arena, str_span(&bytes), TERM_LIMITS_FILE, NULL, &err)) {
		fprintf(stderr, "%s\n%s\n", err.text, str_text(&line));
		abort();
	}
	must_read(&arena, &line, term);
	return 0;
}
