// SPDX-License-Identifier: Apache-2.0
#include "release/read/verify.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/name_table.h"
#include "release/files/archive.h"
#include "release/read/manifest.h"
#include "release/read/manifest_read.h"

#include <stdlib.h>

enum { FILES_MAX = 1000000, FOLDERS_DEPTH = ARCHIVE_DEPTH_MAX, RIGHTS_OF_OWNER = 07000 };

struct verify {
	struct arena *arena;
	const struct release *release;
	struct name_table *listed;
	struct verified *result;
	struct difference *items;
	size_t cap, seen;
	/* The folder looked into last. */
	const char *dir;
	struct dir_entry *entries;
	size_t len;
};

const char *difference_name(enum difference_kind kind)
{
	static const char *const names[] = { "missing", "changed", "other mode",
					     "not in the manifest" };

	return names[kind];
}

static void add(struct verify *v, enum difference_kind kind, const char *path)
{
	v->items = arena_grow(v->arena, v->items, v->result->len, &v->cap);
	v->items[v->result->len++] = (struct difference){ kind, path };
}

/* ---- what is listed ---- */

static int check_content(struct verify *v, const char *path, const char *sha256, struct error *err)
{
	owned_str struct str bytes = STR_EMPTY;
	char found[HASH_HEX_MAX];

	if (tree_read(v->release->tree, path, TREE_MAX, &bytes, err))
		return -1;
	hash_hex(HASH_SHA256, str_span(&bytes), found);
	if (strcmp(found, sha256) != 0)
		add(v, DIFFERENCE_CONTENT, path);
	return 0;
}

static int by_name(const void *name, const void *entry)
{
	return strcmp(name, ((const struct dir_entry *)entry)->name);
}

/* The manifest is sorted by path: the folder is nearly always that of the file before. */
static int find_file(const struct dir_entry **out, struct verify *v, const char *path,
		     struct error *err)
{
	const char *dir = strchr(path, '/') ? path_dir(v->arena, path) : "";

	if (!v->dir || strcmp(v->dir, dir) != 0) {
		if (tree_list(&v->entries, &v->len, v->arena, v->release->tree, dir, err))
			return -1;
		v->dir = dir;
	}
	*out = v->len ? bsearch(path_base(path), v->entries, v->len, sizeof(*v->entries), by_name)
		      : NULL;
	if (*out && (*out)->is_dir)
		*out = NULL;
	return 0;
}

static int check_file(struct verify *v, const struct manifest_entry *file, struct error *err)
{
	const struct dir_entry *found;

	name_table_add(v->listed, file->path, NULL);
	if (find_file(&found, v, file->path, err))
		return -1;
	if (!found) {
		add(v, DIFFERENCE_MISSING, file->path);
		return 0;
	}
	if (!(found->mode & 0111) != !(file->mode & 0111) || found->mode & RIGHTS_OF_OWNER)
		add(v, DIFFERENCE_MODE, file->path);
	return check_content(v, file->path, file->sha256, err);
}

static int check_files(struct verify *v, const struct manifest *manifest, struct error *err)
{
	for (size_t i = 0; i < manifest->files_len; i++)
		if (check_file(v, &manifest->files[i], err))
			return -1;
	v->result->files = manifest->files_len;
	return 0;
}

/* ---- what is not ---- */

static int check_folder(struct verify *v, const char *dir, unsigned depth, struct error *err)
{
	struct dir_entry *entries;
	size_t len;

	if (depth > FOLDERS_DEPTH || v->seen > FILES_MAX)
		return error_set(err, ERROR_INVALID, "%s: too many files and folders", dir);
	if (tree_list(&entries, &len, v->arena, v->release->tree, dir, err))
		return -1;
	v->seen += len;
	for (size_t i = 0; i < len; i++) {
		const char *path = path_join(v->arena, dir, entries[i].name);

		if (entries[i].is_dir && check_folder(v, path, depth + 1, err))
			return -1;
		if (!entries[i].is_dir && !manifest_leaves_out(path, v->release->manifest) &&
		    name_table_find(v->listed, span_of(path)) == NAME_ABSENT)
			add(v, DIFFERENCE_EXTRA, path);
	}
	return 0;
}

static int check_folders(struct verify *v, struct error *err)
{
	const struct resolved *resolved = v->release->resolved;

	if (!tree_is_dir(v->release->tree))
		return check_folder(v, "", 0, err);
	for (size_t i = 0; i < resolved->len; i++)
		if (check_folder(v, path_dir(v->arena, resolved->apps[i].app->dir), 0, err))
			return -1;
	return check_folder(v, arena_printf(v->arena, "erts-%s", v->release->erts), 0, err) ||
			       check_folder(v, v->release->dir, 0, err)
		       ? -1
		       : 0;
}

int release_verify(struct verified **out, struct arena *arena, const struct release *release,
		   struct error *err)
{
	owned_name_table struct name_table *listed = name_table_new();
	struct verified *result = arena_new(arena, struct verified);
	struct verify v = {
		.arena = arena, .release = release, .listed = listed, .result = result
	};
	struct manifest manifest;

	if (!release->manifest) {
		error_set_(err, ERROR_NOT_FOUND, "%s has no manifest to compare it with",
			   release->path);
		return error_hint(err, "Only releases that relevo built have one.");
	}
	if (manifest_read(&manifest, arena, release->tree, release->manifest, err) ||
	    check_files(&v, &manifest, err) || check_folders(&v, err))
		return -1;
	result->items = v.items;
	*out = result;
	return 0;
}
