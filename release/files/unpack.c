// SPDX-License-Identifier: Apache-2.0
#include "release/files/unpack.h"

#include "base/file.h"
#include "release/files/archive.h"
#include "release/files/tree.h"

static int put_item(void *context, const struct archive_item *item, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *path = path_join(&arena, context, item->path);

	if (item->is_dir)
		return dir_make(path, err);
	if (dir_make(path_dir(&arena, path), err))
		return -1;
	return file_put(path, item->data, item->mode & 0777, err);
}

int archive_unpack(const char *tarball, const char *folder, struct error *err)
{
	return archive_read(tarball, TREE_MAX, put_item, (void *)(uintptr_t)folder, err);
}
