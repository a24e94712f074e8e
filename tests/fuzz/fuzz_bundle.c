// SPDX-License-Identifier: Apache-2.0
/* Any bytes as the tarball that is to be brought to a node, and as a manifest that a node gives. */
#include "upgrade/node/bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_tarball(struct arena *arena, const uint8_t *data, size_t size)
{
	int fd = memfd_create("bundle", MFD_CLOEXEC);
	struct bundle bundle;
	struct error err;
	char path[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (bundle_read(&bundle, arena, path, &err) == 0) {
		bundle_up(&bundle, arena, "1.0.0");
		bundle_down(&bundle, arena, "1.0.0");
		bundle_sources(&bundle, arena);
	} else if (getenv("FUZZ_SAY")) {
		fprintf(stderr, "%s\n", err.text);
	}
	close(fd);
}

static void read_manifest(struct arena *arena, struct span bytes)
{
	const struct term *modules;
	struct bundle bundle;
	struct error err;

	if (bundle_parse_manifest(&bundle, arena, bytes, "manifest", &err) == 0 && !bundle.vsn)
		abort();
	if (term_decode(&modules, arena, bytes, TERM_LIMITS_NODE, NULL, &err) == 0 &&
	    bundle_take_modules(&bundle, arena, modules, &err) == 0 && !bundle.modules)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	read_tarball(&arena, data, size);
	read_manifest(&arena, (struct span){ (const char *)data, size });
	return 0;
}
