// SPDX-License-Identifier: Apache-2.0
/* provenance.h - from what a release was built, and by whom: an in-toto statement with a predicate
 * of SLSA 1.0, in a signed envelope (DSSE).
 */
#pragma once
#include "release/read/release.h"
#include "release/trust/key.h"
#include "release/trust/locked.h"

#include <jansson.h>

#define PROVENANCE_TYPE "application/vnd.in-toto+json"

struct provenance {
	const char *file, *sha256; /* the tarball it is about */
	const char *builder;       /* a URI: who built it */
	const char *source;        /* where the project lies, "https://…"; NULL: not told */
};

/* ERROR_NOT_FOUND: the release has no manifest, which tells the commit. */
must_check int provenance_make(json_t **out, struct arena *arena, const struct release *release,
			       const struct lock *lock, const struct provenance *what,
			       struct error *err);
/* What a signature of an envelope covers. */
void dsse_add(struct str *out, const char *type, struct span payload);
must_check int dsse_make(json_t **out, const char *type, struct span payload, const struct key *key,
			 struct error *err);
