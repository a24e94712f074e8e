// SPDX-License-Identifier: Apache-2.0
/* cache.h - what was worked out before, by what it was worked out from.
 *
 * Files below $XDG_CACHE_HOME/relevo (~/.cache/relevo).  A key stands for everything that
 * the value depends on, so a value is right for ever; the folder may be deleted at any
 * time.  Whatever goes wrong with a cache only means that things are worked out again:
 * nothing here fails.  Threads may share one.
 */
#pragma once
#include "base/hash.h"
#include "base/str.h"

enum {
	CACHE_VALUE_MAX = 64 << 20,
	CACHE_SIZE_MAX = 512 << 20, /* of all files; the longest unused ones go first */
};

struct cache; /* opaque: see cache.c */

/* A key is the name of a kind of value, then all that counts; see cache_key(). */
struct cache_key {
	char name[16 + HASH_HEX_MAX];
};

/* NULL when there is no place for a cache: then it is empty, and stays so. */
struct cache *cache_open(void);
/* Before it is closed, what is too much is removed; that is looked for once in 32 MB or so. */
void cache_close(struct cache *cache); /* NULL is fine */

/* kind      at most 15 letters: the first half of the file's name
 * version   counts up when values of this kind come to be made in another way
 */
struct cache_key cache_key(const char *kind, uint32_t version, struct span content);
/* Appends the value; false when there is none, or it is damaged. */
bool cache_get(struct cache *cache, const struct cache_key *key, struct str *out);
void cache_put(struct cache *cache, const struct cache_key *key, struct span value);
/* Removes the longest unused values when all are more than `max` bytes; cache_close() does it. */
void cache_prune(struct cache *cache, uint64_t max);

static inline void cache_done(struct cache **cache)
{
	cache_close(*cache);
}
#define owned_cache owned(cache_done)
