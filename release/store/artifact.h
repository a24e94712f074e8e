// SPDX-License-Identifier: Apache-2.0
/* artifact.h - a release as it lies in a store: a manifest of parts (release/files/parts.h), and a
 * configuration that says what they make together.
 *
 *	{ "format": 1, "name": "shop", "version": "1.0.0", "erts": "13.1.5", "revision": "1f2e…",
 *	  "tarball": {"digest": "sha256:…", "size": 12345678} }
 */
#pragma once
#include "release/store/place.h"

#define ARTIFACT_TYPE "application/vnd.relevo.release.v1"
#define ARTIFACT_CONFIG "application/vnd.relevo.release.config.v1+json"

enum { ARTIFACT_CONFIG_MAX = 1 << 20 };

struct artifact {
	const char *name, *vsn, *erts; /* single words */
	const char *revision;          /* the commit; NULL: not known */
	const char *tarball;           /* its digest: "sha256:…" */
	int64_t size;                  /* of the tarball */
};

/* Both documents; the same release gives the same bytes.
 *
 * parts   as they are put together
 * names   of the parts
 */
void artifact_make(struct str *config, struct str *manifest, struct arena *arena,
		   const struct artifact *artifact, const struct descriptor *parts,
		   const char *const *names, size_t len);
/* ERROR_INVALID: no release of relevo's. */
must_check int artifact_read(struct artifact *out, struct arena *arena,
			     const struct image_manifest *manifest, struct span config,
			     struct error *err);
/* The same, and more than a release may have. */
must_check int artifact_check(const struct image_manifest *manifest, struct error *err);
/* A version as a tag: "+" becomes "_", as elsewhere.  ERROR_USAGE: it cannot be one. */
must_check int tag_of_version(const char **out, struct arena *arena, const char *vsn,
			      struct error *err);
bool tag_is_good(const char *tag);
