// SPDX-License-Identifier: Apache-2.0
/* mix.exs as relevo init skims it: any bytes give names of applications, or none. */
#include "release/project/discover_parts.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct discoverer d = { .arena = &arena,
				.dir = "/nowhere",
				.found = arena_new(&arena, struct discovered) };
	owned_mem char *text = mem_alloc(size ? size : 1);
	struct error err;

	/* Without a byte behind it that could be read by mistake. */
	memcpy(text, data, size);
	if (discover_mix_text(&d, (struct span){ text, size }, &err))
		return 0;
	for (size_t i = 0; i < d.listed.len; i++)
		if (!d.listed.items[i].name[0])
			abort();
	return 0;
}
