// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a library, and as the layer of somebody's image. */
#include "base/zstd.h"
#include "docker/libs.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_json json_t *layer = NULL, *libs = json_object();
	owned_str struct str missing = STR_EMPTY, plain = STR_EMPTY;
	struct program program = { .path = "bin/x" };
	struct span bytes = { (const char *)data, size };
	struct error err = { .text = "" };

	if (span_starts(bytes, ZSTD_HEAD)) {
		if (zstd_inflate(&plain, bytes, 1 << 20, &err) && err.text[0] == '\0')
			abort();
		bytes = str_span(&plain);
		err.text[0] = '\0';
	}
	if (libs_of_layer(&layer, bytes, &err) && err.text[0] == '\0')
		abort();
	libs_put(libs, layer);
	if (elf_read(&program.elf, &arena, bytes))
		libs_check(&missing, libs, &program, 1);
	return 0;
}
