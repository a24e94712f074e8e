// SPDX-License-Identifier: Apache-2.0
/* Any text as a .app and as a .rel file: read or refused, and a .rel that was read means the same
 * when it is written and read again.
 */
#include "release/model/rel.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void again(struct arena *arena, const struct rel *rel)
{
	const struct term *written = rel_term(arena, rel);
	struct rel *read;
	struct error err;

	if (rel_parse(&read, arena, written, "again.rel", &err) ||
	    !term_equal(written, rel_term(arena, read)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *term;
	struct error err;
	struct app *app;
	struct rel *rel;

	if (term_parse(&term, &arena, (struct span){ (const char *)data, size }, "fuzz.app", &err))
		return 0;
	if (app_parse(&app, &arena, term, "ebin/fuzz.app", &err) && !err.text[0])
		abort();
	if (rel_parse(&rel, &arena, term, "fuzz.rel", &err) == 0)
		again(&arena, rel);
	return 0;
}
