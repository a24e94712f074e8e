// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a relevo.yaml: read, or refused with a message that names the file. */
#include "base/file.h"
#include "release/project/project.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/dev/shm/fuzz-project.XXXXXX";
static char file[64];

static void remove_folder(void)
{
	struct error ignored;

	if (tree_remove(folder, &ignored))
		fputs(ignored.text, stderr);
}

static void make_folder(void)
{
	struct arena arena = ARENA_EMPTY;
	struct error err;

	if (!mkdtemp(folder) || dir_make(path_join(&arena, folder, "_build/prod/lib/a/ebin"), &err))
		abort();
	snprintf(file, sizeof(file), "%s/relevo.yaml", folder);
	arena_done(&arena);
	atexit(remove_folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct project *project;
	struct error err;

	if (!file[0])
		make_folder();
	if (file_put(file, (struct span){ (const char *)data, size }, 0644, &err))
		abort();
	if (project_read(&project, &arena, folder, &err) && !err.text[0])
		abort();
	return 0;
}
