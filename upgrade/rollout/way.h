// SPDX-License-Identifier: Apache-2.0
/* way.h - which way leads from what a node really runs to the release that it is to get. */
#pragma once
#include "release/project/target.h"
#include "upgrade/node/bundle.h"
#include "upgrade/rollout/rollout.h"

struct ways; /* opaque: see way.c; each pair of releases is planned once */

struct ways_options {
	const char *store;  /* folder where the releases are that nodes may run; NULL: none */
	const char *appups; /* folder of hand-written appups; NULL: none */
	struct names allow; /* codes of reasons that a hot upgrade may carry */
	enum rollout_mode mode;
	const char *release;         /* path of the release that nodes are to get */
	const struct bundle *bundle; /* the same; borrowed */
};

/* Free with ways_free().  ERROR_USAGE: no such code. */
must_check int ways_open(struct ways **out, const struct ways_options *options, struct error *err);
void ways_free(struct ways *ways); /* NULL is fine */
static inline void ways_done(struct ways **ways)
{
	ways_free(*ways);
}
#define owned_ways owned(ways_done)

struct way_found {
	enum way way;
	const char *verdict; /* of the plan; "": there is none, as one of the two is not at hand */
	const char *text;    /* why it is no hot one; "" where it is */
	bool reversible;
};

/* From a version, of which the node has the manifest with this SHA-256 ("": it has none).
 * Never fails: what cannot be found out is no way, or one by a restart, and says why.  The result
 * lives as long as `ways`.
 */
const struct way_found *ways_find(struct ways *ways, const char *from, const char *manifest);
