// SPDX-License-Identifier: Apache-2.0
/* An OCI layout in a folder. */
#include "base/file.h"
#include "release/store/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
	struct layout layout;
	const char *dir;
	int lock; /* -1: not held */
};

static const char *path_of(struct place *place, struct arena *arena, const char *path)
{
	return path_join(arena, ((struct folder *)place)->dir, path);
}

static int folder_read(struct place *place, const char *path, size_t max, struct str *out,
		       struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	return file_read(path_of(place, &arena, path), max, out, err);
}

static int folder_has(struct place *place, const char *path, bool *has, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	(void)err;
	*has = path_is_file(path_of(place, &arena, path));
	return 0;
}

static int folder_write(struct place *place, const char *path, struct span data, bool *changed,
			struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *file = path_of(place, &arena, path);

	(void)changed; /* it is locked */
	return dir_make(path_dir(&arena, file), err) || file_write(file, data, 0644, err) ? -1 : 0;
}

static int folder_remove(struct place *place, const char *path, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *file = path_of(place, &arena, path);

	if (unlink(file) && errno != ENOENT)
		return error_sys(err, "cannot remove %s", file);
	return 0;
}

static int folder_list(struct place *place, struct arena *arena, struct names *out,
		       struct error *err)
{
	const char *dir = path_of(place, arena, "blobs/sha256"), **items;
	struct dir_entry *entries = NULL;
	size_t len = 0;

	if (path_is_dir(dir) && dir_names(&entries, &len, arena, dir, err))
		return -1;
	items = arena_array(arena, len, const char *);
	for (size_t i = 0; i < len; i++)
		items[i] = entries[i].name;
	*out = (struct names){ items, len };
	return 0;
}

/* Until the place is closed, or the program ends. */
static int folder_lock(struct place *place, struct error *err)
{
	struct folder *folder = (struct folder *)place;

	if (dir_make(folder->dir, err))
		return -1;
	folder->lock = open(folder->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder->lock < 0)
		return error_sys(err, "cannot open %s", folder->dir);
	while (flock(folder->lock, LOCK_EX))
		if (errno != EINTR)
			return error_sys(err, "cannot lock %s", folder->dir);
	return 0;
}

static void folder_close(struct place *place)
{
	fd_close(&((struct folder *)place)->lock);
}

static const struct layout_files files = {
	.read = folder_read,
	.has = folder_has,
	.write = folder_write,
	.remove = folder_remove,
	.list = folder_list,
	.lock = folder_lock,
	.close = folder_close,
};

int folder_open(struct place **out, const char *url, struct error *err)
{
	const char *dir = span_starts(span_of(url), "file://") ? url + strlen("file://") : url;
	struct folder *folder;

	if (!dir[0])
		return error_set(err, ERROR_USAGE, "%s: no path of a folder", url);
	if (path_exists(dir) && !path_is_dir(dir))
		return error_set(err, ERROR_USAGE, "%s: no folder", dir);
	folder = mem_zero(1, sizeof(*folder));
	folder->lock = -1;
	folder->dir = arena_dup(&folder->layout.arena, span_of(dir));
	*out = layout_begin(&folder->layout, &files, arena_dup(&folder->layout.arena, span_of(url)),
			    folder->dir);
	return 0;
}
