// SPDX-License-Identifier: Apache-2.0
#include "release/manifest.h"

#include "base/file.h"
#include "base/hash.h"
#include "release/beam.h"

#include <stdlib.h>

struct lister {
	struct arena *arena;
	const char *root;
	struct manifest_file *files;
	size_t len, cap;
};

/* What belongs to one installation, not to the release. */
static bool is_local(const char *path)
{
	return strcmp(path, "releases/COOKIE") == 0 || strcmp(path, "tmp") == 0;
}

static int list_dir(struct lister *l, const char *dir, struct error *err)
{
	struct dir_entry *entries;
	size_t len;

	if (dir_list(&entries, &len, l->arena, path_join(l->arena, l->root, dir), err))
		return -1;
	for (size_t i = 0; i < len; i++) {
		const char *path = path_join(l->arena, dir, entries[i].name);

		if (is_local(path))
			continue;
		if (entries[i].is_dir) {
			if (list_dir(l, path, err))
				return -1;
			continue;
		}
		l->files = arena_grow(l->arena, l->files, l->len, &l->cap);
		l->files[l->len++] = (struct manifest_file){ path, entries[i].mode };
	}
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct manifest_file *)a)->path,
		      ((const struct manifest_file *)b)->path);
}

int manifest_list(struct manifest_file **out, size_t *len, struct arena *arena, const char *root,
		  struct error *err)
{
	struct lister l = { .arena = arena, .root = root };

	if (list_dir(&l, "", err))
		return -1;
	if (l.len > 0)
		qsort(l.files, l.len, sizeof(*l.files), by_path);
	*out = l.files;
	*len = l.len;
	return 0;
}

const char *manifest_path(struct arena *arena, const char *vsn)
{
	return arena_printf(arena, "releases/%s/relevo.manifest.json", vsn);
}

/* "lib/shop-1.0.0/ebin/Elixir.Shop.beam" belongs to "shop"; anything else to "". */
static const char *application_of(struct arena *arena, const char *path)
{
	struct span rest = span_of(path), part;
	const char *dash;

	if (!span_next(&rest, '/', &part) || !span_is(part, "lib") || !span_next(&rest, '/', &part))
		return "";
	dash = memchr(part.ptr, '-', part.len);
	if (dash)
		part.len = (size_t)(dash - part.ptr);
	return arena_dup(arena, part);
}

static int add_module(json_t *modules, struct arena *arena, const char *path, struct span bytes,
		      struct error *err)
{
	uint8_t digest[BEAM_DIGEST];
	char hex[2 * BEAM_DIGEST + 1];
	struct beam beam;

	if (beam_open(&beam, arena, bytes, err))
		return error_wrap(err, "%s", path);
	beam_md5(&beam, digest);
	hash_to_hex(digest, sizeof(digest), hex);
	json_array_append_new(modules, json_pack("{s:s, s:s, s:s}", "application",
						 application_of(arena, path), "module",
						 beam.module, "md5", hex));
	return 0;
}

static int add_file(json_t *manifest, struct arena *arena, const char *root,
		    const struct manifest_file *file, struct error *err)
{
	owned_str struct str content = STR_EMPTY;
	char sha256[HASH_HEX_MAX], md5[HASH_HEX_MAX], mode[8];

	if (file_read(path_join(arena, root, file->path), INT32_MAX, &content, err))
		return -1;
	hash_hex(HASH_SHA256, str_span(&content), sha256);
	hash_hex(HASH_MD5, str_span(&content), md5);
	snprintf(mode, sizeof(mode), "%04o", (unsigned)(file->mode & 07777));
	json_array_append_new(json_object_get(manifest, "files"),
			      json_pack("{s:s, s:s, s:I, s:s, s:s}", "path", file->path, "mode", mode,
					"size", (json_int_t)content.len, "sha256", sha256, "md5", md5));
	if (!span_ends(span_of(file->path), ".beam"))
		return 0;
	return add_module(json_object_get(manifest, "modules"), arena, file->path,
			  str_span(&content), err);
}

static bool is_rewritten(const char *path, const char *manifest)
{
	return strcmp(path, "releases/start_erl.data") == 0 ||
	       strcmp(path, "releases/RELEASES") == 0 || strcmp(path, manifest) == 0;
}

static json_t *applications_of(const struct rel *rel)
{
	json_t *list = json_array();

	for (size_t i = 0; i < rel->len; i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "name", rel->apps[i].name,
						      "version", rel->apps[i].vsn));
	return list;
}

int manifest_make(json_t **out, struct arena *arena, const char *root, const struct rel *rel,
		  struct error *err)
{
	json_t *manifest = json_pack("{s:i, s:s, s:s, s:s, s:o, s:[], s:[]}", "format", 1, "name",
				     rel->name, "version", rel->vsn, "erts", rel->erts,
				     "applications", applications_of(rel), "files", "modules");
	struct manifest_file *files;
	size_t len;
	int ret = manifest_list(&files, &len, arena, root, err);

	for (size_t i = 0; ret == 0 && i < len; i++)
		if (!is_rewritten(files[i].path, manifest_path(arena, rel->vsn)))
			ret = add_file(manifest, arena, root, &files[i], err);
	if (ret) {
		json_decref(manifest);
		return -1;
	}
	*out = manifest;
	return 0;
}
