// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a BEAM file: no crash, no leak, and what opens can also be stripped. */
#include "erlang/beam/beam.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void strip_again(struct span bytes, const struct beam *beam)
{
	owned_str struct str once = STR_EMPTY, twice = STR_EMPTY;
	uint8_t before[BEAM_DIGEST], after[BEAM_DIGEST];
	owned_arena struct arena arena = ARENA_EMPTY;
	struct beam stripped;
	struct error err;

	if (beam_strip(&once, bytes, &err) || beam_strip(&twice, str_span(&once), &err) ||
	    beam_open(&stripped, &arena, str_span(&once), &err))
		abort();
	beam_digest(beam, before);
	beam_digest(&stripped, after);
	if (!span_equal(str_span(&once), str_span(&twice)) || memcmp(before, after, BEAM_DIGEST))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = { (const char *)data, size };
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *literals;
	struct beam_facts *facts;
	struct beam beam;
	struct error err;

	if (beam_open(&beam, &arena, bytes, &err))
		return 0;
	strip_again(bytes, &beam);
	if (beam_read_facts(&facts, &arena, &beam, &err) == 0 && !facts->attributes)
		abort();
	if (beam_read_literals(&literals, &arena, &beam, &err) == 0 && !term_is_list(literals))
		abort();
	return 0;
}
