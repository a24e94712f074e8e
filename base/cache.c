// SPDX-License-Identifier: Apache-2.0
#include "base/cache.h"

#include "base/file.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	DIGEST = 32,      /* SHA-256 */
	FILE_COST = 4096, /* of a small file, on the disk */
};

struct cache {
	struct arena arena; /* only while it is opened */
	const char *dir;
	atomic_bool crowded; /* it is time to see how much there is */
};

static const char *find_dir(struct arena *arena)
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	/* A path that is not absolute is to be ignored, says the XDG specification. */
	if (base && base[0] == '/')
		return path_join(arena, base, "relevo");
	if (home && home[0] == '/')
		return path_join(arena, home, ".cache/relevo");
	return NULL;
}

struct cache *cache_open(void)
{
	struct cache *cache = mem_zero(1, sizeof(*cache));
	struct error ignored;

	cache->dir = find_dir(&cache->arena);
	if (cache->dir && dir_make(cache->dir, &ignored) == 0)
		return cache;
	arena_done(&cache->arena);
	free(cache);
	return NULL;
}

struct cache_key cache_key(const char *kind, uint32_t version, struct span content)
{
	owned_hash struct hash *hash = hash_new(HASH_SHA256);
	uint8_t digest[HASH_SIZE_MAX];
	char hex[HASH_HEX_MAX], number[16];
	struct cache_key key;

	snprintf(number, sizeof(number), "%08x\n", (unsigned)version);
	hash_add(hash, span_of(number));
	hash_add(hash, content);
	hash_end(hash, digest);
	hash_to_hex(digest, DIGEST, hex);
	snprintf(key.name, sizeof(key.name), "%.15s-%s", kind, hex);
	return key;
}

/* A value is believed by its own digest, which stands behind it, and in which its name takes
 * part, so that a file under another's name is not believed.
 */
static void digest_of(const struct cache_key *key, struct span value,
		      uint8_t out[static HASH_SIZE_MAX])
{
	owned_hash struct hash *hash = hash_new(HASH_SHA256);

	hash_add(hash, span_of(key->name));
	hash_add(hash, value);
	hash_end(hash, out);
}

static void path_of(struct str *out, const struct cache *cache, const struct cache_key *key)
{
	str_addf(out, "%s/%s", cache->dir, key->name);
}

bool cache_get(struct cache *cache, const struct cache_key *key, struct str *out)
{
	owned_str struct str path = STR_EMPTY;
	uint8_t digest[HASH_SIZE_MAX];
	size_t start = out->len;
	struct error ignored;

	if (!cache)
		return false;
	path_of(&path, cache, key);
	if (file_read(path.ptr, CACHE_VALUE_MAX + DIGEST, out, &ignored))
		return false;
	if (out->len - start >= DIGEST) {
		out->len -= DIGEST;
		digest_of(key, (struct span){ out->ptr + start, out->len - start }, digest);
		if (memcmp(digest, out->ptr + out->len, DIGEST) == 0) {
			out->ptr[out->len] = '\0';
			utimensat(AT_FDCWD, path.ptr, NULL, 0);
			return true;
		}
	}
	out->len = start;
	out->ptr[start] = '\0';
	return false;
}

/* Every so many bytes all files are counted, by chance, which the key's digest has enough of; so
 * nothing has to be written down, and no process waits for another.
 */
static bool is_time(const struct cache_key *key, size_t len)
{
	uint64_t chance = strtoull(key->name + strlen(key->name) - 16, NULL, 16);

	return chance % (CACHE_SIZE_MAX / 16) < len + FILE_COST;
}

void cache_put(struct cache *cache, const struct cache_key *key, struct span value)
{
	owned_str struct str path = STR_EMPTY, whole = STR_EMPTY;
	uint8_t digest[HASH_SIZE_MAX];
	struct error ignored;

	if (!cache || value.len > CACHE_VALUE_MAX)
		return;
	path_of(&path, cache, key);
	digest_of(key, value, digest);
	str_room(&whole, value.len + DIGEST);
	str_add(&whole, value);
	str_add(&whole, (struct span){ (char *)digest, DIGEST });
	/* Not synced: a file that a crash cut short is not believed. */
	if (file_replace(path.ptr, str_span(&whole), 0600, &ignored) == 0 &&
	    is_time(key, value.len))
		cache->crowded = true;
}

/* ---- not too much of it ---- */

struct kept {
	const char *path;
	struct timespec used;
	uint64_t size;
};

static int longest_unused_first(const void *a, const void *b)
{
	const struct kept *left = a, *right = b;

	if (left->used.tv_sec != right->used.tv_sec)
		return left->used.tv_sec < right->used.tv_sec ? -1 : 1;
	if (left->used.tv_nsec != right->used.tv_nsec)
		return left->used.tv_nsec < right->used.tv_nsec ? -1 : 1;
	return strcmp(left->path, right->path);
}

static struct kept *list_kept(const struct cache *cache, struct arena *arena, size_t *count)
{
	struct dir_entry *entries;
	struct error ignored;
	struct kept *kept;
	size_t len;

	*count = 0;
	if (dir_list(&entries, &len, arena, cache->dir, &ignored))
		return NULL;
	kept = arena_array(arena, len, struct kept);
	for (size_t i = 0; i < len; i++) {
		const char *path = path_join(arena, cache->dir, entries[i].name);
		struct stat info;

		if (lstat(path, &info) == 0 && S_ISREG(info.st_mode))
			kept[(*count)++] =
				(struct kept){ path, info.st_mtim, (uint64_t)info.st_size };
	}
	return kept;
}

/* A good part goes at once, so that not every build has to look for more. */
void cache_prune(struct cache *cache, uint64_t max)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	uint64_t total = 0;
	struct kept *kept;
	size_t len;

	kept = list_kept(cache, &arena, &len);
	for (size_t i = 0; i < len; i++)
		total += kept[i].size;
	if (total <= max)
		return;
	qsort(kept, len, sizeof(*kept), longest_unused_first);
	for (size_t i = 0; i < len && total > max / 4 * 3; i++)
		if (unlink(kept[i].path) == 0)
			total -= kept[i].size;
}

void cache_close(struct cache *cache)
{
	if (!cache)
		return;
	if (cache->crowded)
		cache_prune(cache, CACHE_SIZE_MAX);
	arena_done(&cache->arena);
	free(cache);
}
