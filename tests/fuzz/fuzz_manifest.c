// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a manifest: refused, or a list of files that all lie inside of the release. */
#include "base/file.h"
#include "release/read/manifest_read.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct manifest manifest;
	struct error err = { .text = "" };

	if (manifest_parse(&manifest, &arena, (struct span){ (const char *)data, size }, "fuzz",
			   &err)) {
		if (err.text[0] == '\0')
			abort();
		return 0;
	}
	for (size_t i = 0; i < manifest.files_len; i++)
		if (!path_is_inside(manifest.files[i].path) || manifest.files[i].size < 0)
			abort();
	for (size_t i = 0; i < manifest.modules_len; i++)
		if (!manifest.modules[i].module)
			abort();
	return 0;
}
