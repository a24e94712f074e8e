// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a term: what is decoded must come back the same from what is encoded. */
#include "erlang/term/term.h"
#include "erlang/term/term_json.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct term_limits limits = { .bytes = 16 << 20, .depth = 256 };

static void check(struct arena *arena, const struct term *term, enum term_atoms atoms)
{
	owned_str struct str bytes = STR_EMPTY, again = STR_EMPTY;
	const struct term *copy;
	struct error err;

	term_encode(&bytes, term, atoms);
	if (term_decode(&copy, arena, str_span(&bytes), TERM_LIMITS_FILE, NULL, &err)) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	term_encode(&again, copy, atoms);
	if (!term_equal(term, copy) || !span_equal(str_span(&bytes), str_span(&again)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str text = STR_EMPTY;
	struct span bytes = { (const char *)data, size };
	const struct term *term;
	struct error err;
	size_t used;

	if (term_decode(&term, &arena, bytes, limits, &used, &err)) {
		if (err.kind != ERROR_INVALID)
			abort();
		return 0;
	}
	if (used > size)
		abort();
	check(&arena, term, TERM_ATOMS_LATIN1);
	check(&arena, term, TERM_ATOMS_UTF8);
	term_print_file(&text, term);
	json_decref(term_to_json(term));
	return 0;
}
