// SPDX-License-Identifier: Apache-2.0
#include "docker/layer.h"

#include "base/cache.h"
#include "base/file.h"
#include "base/names.h"
#include "release/files/parts.h"

#include <dirent.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ITEMS_MAX = 1000000, DEPTH_MAX = 100, LAYER_VERSION = 1 };

static int hash_pieces(const char **diff_id, struct arena *arena, const struct packer *packer,
		       struct error *err)
{
	static const char end[2 * 512]; /* of a tarball */
	owned_hash struct hash *hash = hash_new(HASH_SHA256);
	owned_str struct str plain = STR_EMPTY;
	uint8_t digest[HASH_SIZE_MAX];
	char hex[HASH_HEX_MAX];

	for (size_t i = 0; i < packer->pieces.len; i++) {
		str_clear(&plain);
		if (piece_fill(&plain, &packer->pieces, i, err))
			return -1;
		hash_add(hash, str_span(&plain));
	}
	hash_add(hash, (struct span){ end, sizeof(end) });
	hash_end(hash, digest);
	hash_to_hex(digest, sizeof(digest), hex);
	*diff_id = arena_printf(arena, "sha256:%s", hex);
	return 0;
}

static int pack(struct str *out, const struct packer *packer, struct error *err)
{
	const struct part all = { SPAN(""), 0, packer->pieces.len };

	return part_pack(out, packer, &all, true, err);
}

/* "DIGEST SIZE" of a layer that was packed before. */
static bool read_known(struct layer *layer, struct arena *arena, struct span text)
{
	struct span digest;

	if (!span_next(&text, ' ', &digest))
		return false;
	layer->blob = (struct descriptor){
		.type = OCI_LAYER_GZIP,
		.digest = arena_dup(arena, digest),
		.size = strtoll(arena_dup(arena, text), NULL, 10),
	};
	return digest_is_good(layer->blob.digest) && layer->blob.size > 0;
}

static int describe(struct layer *layer, struct arena *arena, const struct packer *packer,
		    struct error *err)
{
	struct cache_key key =
		cache_key("layer", packer->fingerprint + LAYER_VERSION, span_of(layer->diff_id));
	owned_str struct str bytes = STR_EMPTY, known = STR_EMPTY;

	if (cache_get(packer->cache, &key, &known) && read_known(layer, arena, str_span(&known)))
		return 0;
	if (pack(&bytes, packer, err))
		return -1;
	layer->blob = (struct descriptor){
		.type = OCI_LAYER_GZIP,
		.digest = digest_make(arena, str_span(&bytes)),
		.size = (int64_t)bytes.len,
	};
	str_clear(&known);
	str_addf(&known, "%s %" PRId64, layer->blob.digest, layer->blob.size);
	cache_put(packer->cache, &key, str_span(&known));
	return 0;
}

int layer_describe(struct layer *layer, struct arena *arena, struct error *err)
{
	owned_packer struct packer packer = { 0 };

	return packer_open(&packer, arena, layer->items, layer->len, err) ||
			       hash_pieces(&layer->diff_id, arena, &packer, err) ||
			       describe(layer, arena, &packer, err)
		       ? -1
		       : 0;
}

int layer_pack(struct str *out, const struct layer *layer, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_packer struct packer packer = { 0 };
	size_t start = out->len;

	if (packer_open(&packer, &arena, layer->items, layer->len, err) || pack(out, &packer, err))
		return -1;
	if (!digest_fits(layer->blob.digest, (struct span){ out->ptr + start, out->len - start }))
		return error_set(err, ERROR_FAILED,
				 "the layer \"%s\" is another one than a moment ago", layer->title);
	return 0;
}

/* ---- a folder ---- */

struct collect {
	struct arena *arena;
	const char *root;
	struct archive_source *items;
	size_t len, cap;
};

static void add(struct collect *c, struct archive_source item)
{
	c->items = arena_grow(c->arena, c->items, c->len, &c->cap);
	c->items[c->len++] = item;
}

static int collect(struct collect *c, const char *dir, int depth, struct error *err);

static int collect_entry(struct collect *c, const char *path, int depth, struct error *err)
{
	const char *file = path_join(c->arena, c->root, path);
	char target[PATH_MAX];
	struct stat info;
	ssize_t len;

	if (lstat(file, &info))
		return error_sys(err, "cannot look at %s", file);
	if (S_ISDIR(info.st_mode)) {
		add(c, (struct archive_source){ .path = arena_printf(c->arena, "%s/", path),
						.is_dir = true,
						.mode = info.st_mode & 07777 });
		return collect(c, path, depth + 1, err);
	}
	if (S_ISREG(info.st_mode))
		add(c, (struct archive_source){
			       .path = path, .file = file, .mode = info.st_mode & 07777 });
	if (!S_ISLNK(info.st_mode))
		return 0;
	len = readlink(file, target, sizeof(target));
	if (len < 0 || len == sizeof(target))
		return error_sys(err, "cannot read the link %s", file);
	add(c, (struct archive_source){
		       .path = path,
		       .link = arena_dup(c->arena, (struct span){ target, (size_t)len }),
		       .mode = 0777 });
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Links that lead nowhere here may be good inside. */
static int list_names(struct names *out, struct arena *arena, const char *folder, struct error *err)
{
	DIR *dir = opendir(folder);
	const char **names = NULL;
	size_t len = 0, cap = 0;

	if (!dir)
		return error_sys(err, "cannot open the folder %s", folder);
	for (const struct dirent *next; (next = readdir(dir));) {
		if (strcmp(next->d_name, ".") == 0 || strcmp(next->d_name, "..") == 0)
			continue;
		names = arena_grow(arena, names, len, &cap);
		names[len++] = arena_dup(arena, span_of(next->d_name));
	}
	closedir(dir);
	if (len > 0)
		qsort(names, len, sizeof(*names), by_name);
	*out = (struct names){ names, len };
	return 0;
}

static int collect(struct collect *c, const char *dir, int depth, struct error *err)
{
	const char *folder = dir[0] ? path_join(c->arena, c->root, dir) : c->root;
	struct names names;

	if (depth > DEPTH_MAX || c->len > ITEMS_MAX)
		return error_set(err, ERROR_INVALID, "%s: too many files, or too deep", folder);
	if (list_names(&names, c->arena, folder, err))
		return -1;
	for (size_t i = 0; i < names.len; i++)
		if (collect_entry(c, path_join(c->arena, dir, names.items[i]), depth, err))
			return -1;
	return 0;
}

int layer_of_folder(struct layer *out, struct arena *arena, const char *root, struct error *err)
{
	struct collect c = { .arena = arena, .root = root };

	if (collect(&c, "", 0, err))
		return -1;
	*out = (struct layer){ .title = "base", .items = c.items, .len = c.len };
	return 0;
}
