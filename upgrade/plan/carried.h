// SPDX-License-Identifier: Apache-2.0
/* carried.h - the plans that a release carries, releases/VSN/relevo.plans.json: what was found of
 *the way from each release it has a relup from, so that whoever installs it can obey.
 *
 *	{"plans": [{"from": "1.0.0", "digest": "…", "verdict": "hot", "reversible": true,
 *	            "reasons": [as in relevo plan --json]}]}
 */
#pragma once
#include "release/read/release.h"
#include "upgrade/reason.h"

#include <jansson.h>

struct plan;

#define CARRIED_FILE "relevo.plans.json"

struct carried_plan {
	const char *from;   /* version */
	const char *digest; /* SHA-256 of the manifest of that release; "": it has none */
	bool reversible;
	struct reasons reasons;
};

struct carried {
	const struct carried_plan *items;
	size_t len;
};

/* One plan as it is carried; a new reference. */
json_t *carried_json(const struct plan *plan, const char *digest);
/* SHA-256 of the manifest, in the arena; "": the release has none. */
must_check int carried_digest(const char **out, struct arena *arena, const struct release *release,
			      struct error *err);
/* ERROR_INVALID: not of that shape, or with a reason that is not known here. */
must_check int carried_parse(struct carried *out, struct arena *arena, struct span json,
			     const char *name, struct error *err);
/* NULL: none from there. */
const struct carried_plan *carried_from(const struct carried *carried, const char *vsn);
