// SPDX-License-Identifier: Apache-2.0
/* Any files in a release (fuzz_trees.h): it is opened, inspected, and compared with its manifest.
 */
#include "release/read/inspect.h"
#include "release/read/verify.h"
#include "tests/fuzz/fuzz_trees.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct release *release)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct error err = { .text = "" };
	struct inspection *in;
	struct verified *verified;

	if (inspect(&in, &arena, release, &err) && err.text[0] == '\0')
		abort();
	err.text[0] = '\0';
	if (release_verify(&verified, &arena, release, &err) && err.text[0] == '\0')
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned_release struct release *old = NULL, *new = NULL;

	fuzz_releases(&old, &new, (struct span){ (const char *)data, size });
	if (new)
		look(new);
	return 0;
}
