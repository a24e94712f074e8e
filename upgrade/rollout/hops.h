// SPDX-License-Identifier: Apache-2.0
/* hops.h - hot by way of releases between, where the release's own relup does not know the way. */
#pragma once
#include "upgrade/node/bundle.h"

enum { HOPS_MAX = 16 };

/* The version to go to first on the way from `from` with the fewest hops, at most `most`, over the
 * tarballs of a store; in the arena.  NULL: there is none.  A hop is what the relup in a tarball
 * knows, up and down; whether the verdict is hot is not looked at.  A tarball that cannot be read
 * is passed over.
 */
const char *hops_find(struct arena *arena, const char *store, const struct bundle *to,
		      const char *from, int64_t most);
