// SPDX-License-Identifier: Apache-2.0
/* config_cache.h - what Elixir answered when it was asked for the configuration before.
 *
 * To start Elixir takes longer than all the rest of a build.  An answer is kept only when
 * template/reads.exs saw that nothing but the project's own files can have led to it:
 * it then begins with the line "%% pure" and a line "%% read PATH" for each of them.
 * It is given again while the question is the same (the input, the environment that
 * Elixir heeds, the versions of Elixir and OTP, the project's folder) and each of those
 * files holds the same bytes.
 */
#pragma once
#include "base/cache.h"
#include "release/project/project.h"

struct config_cache {
	struct cache *cache;
	struct cache_key key;
	int64_t asked; /* when, in milliseconds since 1970 */
};

/* question: all that Elixir is told on its standard input. */
void config_cache_open(struct config_cache *out, const struct project *project,
		       struct span question);
/* Appends the answer; false when there is none that is certainly still right. */
bool config_cache_get(struct config_cache *cache, struct str *answer);
/* Keeps it, if it may be kept. */
void config_cache_put(struct config_cache *cache, struct span answer);
void config_cache_done(struct config_cache *cache);

#define owned_config_cache owned(config_cache_done)
