// SPDX-License-Identifier: Apache-2.0
/* plan_via.h - from one release to another by way of releases between them.
 *
 * When there is no hot way from OLD to NEW there may be one in several hops: the fewest, and
 * among those the ones with the fewest warnings.
 */
#pragma once
#include "upgrade/plan/plan.h"

enum { VIA_MAX = 32 }; /* releases between the two; older ones are left out beyond that */

struct plan_path {
	struct plan **hops; /* in order; none: there is no hot way */
	size_t len;
	struct reasons reasons; /* about the hops together: second_purge */
};

/* Opens the releases of a store whose version lies between those of two releases of the same
 * name, in the order in which the way leads through them.  Free each with release_free().
 */
must_check int via_open(struct release ***out, size_t *len, struct arena *arena, const char *store,
			const struct release *old_release, const struct release *new_release,
			struct error *err);
/* releases  OLD, those between, NEW; must outlive the result
 * Every pair that is looked at is planned with the same options.
 */
must_check int plan_path_find(struct plan_path *out, struct arena *arena,
			      struct release *const *releases, size_t len,
			      const struct plan_options *options, struct error *err);
