// SPDX-License-Identifier: Apache-2.0
#include "release/store/known.h"

enum { VERSION = 1 };

struct known known_open(const char *place)
{
	return (struct known){ cache_open(), place };
}

static struct cache_key key_of(const struct known *known, const char *digest)
{
	owned_str struct str what = STR_EMPTY;

	str_addf(&what, "%s %s", known->place, digest);
	return cache_key("where", VERSION, str_span(&what));
}

void known_put(struct known *known, const char *digest, const char *repo)
{
	struct cache_key key = key_of(known, digest);

	cache_put(known->cache, &key, span_of(repo));
}

void known_find(struct str *out, struct known *known, const char *digest)
{
	struct cache_key key = key_of(known, digest);

	(void)cache_get(known->cache, &key, out);
}
