// SPDX-License-Identifier: Apache-2.0
/* known.h - which repository of a place has a blob, as far as this user's cache remembers. */
#pragma once
#include "base/cache.h"

struct known {
	struct cache *cache;
	const char *place; /* its id; borrowed */
};

struct known known_open(const char *place);
void known_put(struct known *known, const char *digest, const char *repo);
/* Appends the repository; nothing when none is known. */
void known_find(struct str *out, struct known *known, const char *digest);

static inline void known_done(struct known *known)
{
	cache_close(known->cache);
}
#define owned_known owned(known_done)
