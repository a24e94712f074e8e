// SPDX-License-Identifier: Apache-2.0
#include "release/read/manifest.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/parallel.h"
#include "base/utf8.h"
#include "erlang/beam/beam.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct lister {
	struct arena *arena;
	const char *root;
	struct manifest_file *files;
	size_t len, cap;
};

/* What belongs to one installation, not to the release. */
static bool is_local(const char *path)
{
	return strcmp(path, "releases/COOKIE") == 0 || strcmp(path, "releases/NODE") == 0 ||
	       strcmp(path, "tmp") == 0;
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

/* ---- digests, on all cores ---- */

struct digests {
	uint64_t size;
	char sha256[HASH_HEX_MAX], md5[HASH_HEX_MAX];
	char *module, module_md5[2 * BEAM_DIGEST + 1]; /* of a .beam; module: free() it */
};

struct digester {
	const char *root;
	const struct manifest_file *files;
	struct digests *done; /* one for each file */
	size_t len;
};

static int digest_beam(struct digests *out, const char *path, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str bytes = STR_EMPTY;
	uint8_t digest[BEAM_DIGEST];
	struct beam beam;

	if (file_read(path, BEAM_MAX, &bytes, err))
		return -1;
	if (beam_open(&beam, &arena, str_span(&bytes), err))
		return error_wrap(err, "%s", path);
	hash_hex(HASH_SHA256, str_span(&bytes), out->sha256);
	hash_hex(HASH_MD5, str_span(&bytes), out->md5);
	beam_md5(&beam, digest);
	hash_to_hex(digest, sizeof(digest), out->module_md5);
	out->module = mem_dup(beam.module);
	out->size = bytes.len;
	return 0;
}

/* Of any size: never whole in memory. */
static int digest_plain(struct digests *out, const char *path, struct error *err)
{
	struct stat info;

	if (stat(path, &info))
		return error_sys(err, "cannot look at %s", path);
	out->size = (uint64_t)info.st_size;
	return hash_file_both(path, out->md5, out->sha256, err);
}

static int digest_one(void *context, size_t nr, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct digester *d = context;
	const char *path = path_join(&arena, d->root, d->files[nr].path);

	if (span_ends(span_of(path), ".beam"))
		return digest_beam(&d->done[nr], path, err);
	return digest_plain(&d->done[nr], path, err);
}

static void digester_done(struct digester *d)
{
	for (size_t i = 0; i < d->len; i++)
		free(d->done[i].module);
}

/* Thousands of these are made: what cannot be anything but ASCII is not looked at again. */
static void put_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new_nocheck(object, key, json_string_nocheck(text));
}

static json_t *file_json(const struct manifest_file *file, const struct digests *d)
{
	json_t *object = json_object();
	char mode[8];

	snprintf(mode, sizeof(mode), "%04o", (unsigned)(file->mode & 07777));
	json_object_set_new_nocheck(object, "path", json_string(file->path));
	put_text(object, "mode", mode);
	json_object_set_new_nocheck(object, "size", json_integer((json_int_t)d->size));
	put_text(object, "sha256", d->sha256);
	put_text(object, "md5", d->md5);
	return object;
}

static json_t *module_json(const char *application, const struct digests *d)
{
	json_t *object = json_object();

	json_object_set_new_nocheck(object, "application", json_string(application));
	json_object_set_new_nocheck(object, "module", json_string(d->module));
	put_text(object, "md5", d->module_md5);
	return object;
}

static int add_file(json_t *files, json_t *modules, struct arena *arena,
		    const struct manifest_file *file, const struct digests *d, struct error *err)
{
	if (!utf8_valid(span_of(file->path)) || (d->module && !utf8_valid(span_of(d->module))))
		return error_set(err, ERROR_INVALID,
				 "%s: the path, or the module's name, is not UTF-8", file->path);
	json_array_append_new(files, file_json(file, d));
	if (d->module)
		json_array_append_new(modules, module_json(application_of(arena, file->path), d));
	return 0;
}

const char *manifest_signature(struct arena *arena, const char *manifest)
{
	const char *dot = strrchr(manifest, '.');

	return arena_printf(arena, "%.*s.sig", (int)(dot - manifest), manifest);
}

const char *manifest_cms(struct arena *arena, const char *manifest)
{
	const char *dot = strrchr(manifest, '.');

	return arena_printf(arena, "%.*s.p7s", (int)(dot - manifest), manifest);
}

/* Of "….manifest.json" and "….manifest.sig", or .p7s. */
static bool is_signature(const char *path, const char *manifest)
{
	const char *dot = strrchr(manifest, '.');
	size_t len = (size_t)(dot - manifest);

	return strncmp(path, manifest, len) == 0 &&
	       (strcmp(path + len, ".sig") == 0 || strcmp(path + len, ".p7s") == 0);
}

bool manifest_leaves_out(const char *path, const char *manifest)
{
	return strcmp(path, "releases/start_erl.data") == 0 ||
	       strcmp(path, "releases/RELEASES") == 0 || strcmp(path, "releases/COOKIE") == 0 ||
	       strcmp(path, manifest) == 0 || is_signature(path, manifest);
}

static json_t *applications_of(const struct rel *rel)
{
	json_t *list = json_array();

	for (size_t i = 0; i < rel->len; i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "name", rel->apps[i].name,
						      "version", rel->apps[i].vsn));
	return list;
}

static int list_described(struct digester *d, struct arena *arena, const char *root,
			  const struct rel *rel, struct error *err)
{
	const char *manifest = manifest_path(arena, rel->vsn);
	struct manifest_file *files;
	size_t len;

	if (manifest_list(&files, &len, arena, root, err))
		return -1;
	for (size_t i = 0; i < len; i++)
		if (!manifest_leaves_out(files[i].path, manifest))
			files[d->len++] = files[i];
	d->files = files;
	d->done = arena_array(arena, d->len, struct digests);
	return 0;
}

int manifest_make(json_t **out, struct arena *arena, const char *root, const struct rel *rel,
		  struct error *err)
{
	owned(digester_done) struct digester d = { .root = root };
	json_t *manifest, *files, *modules;

	if (list_described(&d, arena, root, rel, err) || parallel(d.len, digest_one, &d, err))
		return -1;
	manifest = json_pack("{s:i, s:s, s:s, s:s, s:o, s:[], s:[]}", "format", 1, "name",
			     rel->name, "version", rel->vsn, "erts", rel->erts, "applications",
			     applications_of(rel), "files", "modules");
	files = json_object_get(manifest, "files");
	modules = json_object_get(manifest, "modules");
	for (size_t i = 0; i < d.len; i++)
		if (add_file(files, modules, arena, &d.files[i], &d.done[i], err)) {
			json_decref(manifest);
			return -1;
		}
	*out = manifest;
	return 0;
}
