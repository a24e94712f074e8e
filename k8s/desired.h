// SPDX-License-Identifier: Apache-2.0
/* desired.h - a release as the operator names it, by its digest, and how it comes onto the volume
 * of a pod.
 *
 * The volume is the folder of the release, ROOT: bin/, lib/, releases/ as a tarball has them, and
 * ROOT/.relevo, which is ours: store/NAME-VSN.tar.gz, and what is known of each beside it,
 * store/NAME-VSN.json: {"digest", "manifest"}, the digest in the store that it came from, and
 * SHA-256 of releases/VSN/relevo.manifest.json.
 */
#pragma once
#include "base/arena.h"
#include "base/error.h"
#include "release/trust/sign.h"

#include <jansson.h>

#define VOLUME_OURS ".relevo"

struct desired {
	const char *name, *vsn;
	const char *digest; /* "sha256:…", as relevo push tells it */
	const char *source; /* a store, as relevo pull takes it */
};

/* {"release", "version", "digest", "source"}; the texts are copied.  ERROR_INVALID: not that. */
must_check int desired_read(struct desired *out, struct arena *arena, const json_t *json,
			    struct error *err);

/* ROOT/.relevo/store. */
const char *volume_store(struct arena *arena, const char *root);
/* Of a release that was fetched, and whose manifest lies in ROOT/releases as it came: its digest in
 * the store; NULL: it did not come that way.
 */
const char *volume_digest(struct arena *arena, const char *root, const char *name, const char *vsn);

/* Its tarball, in volume_store(): pulled by its digest and verified before it takes its place,
 * unless it is there.
 *
 * ERROR_REFUSED: it is not what was asked for, or not to be trusted.  Others: as remote_pull().
 */
must_check int desired_fetch(const char **path, struct arena *arena, const char *root,
			     const struct desired *desired, const struct trust *trust,
			     struct error *err);
/* The same by its version, for one that is only compared with; and whatever lies there stays. */
must_check int desired_fetch_version(struct arena *arena, const char *root, const char *source,
				     const char *name, const char *vsn, const struct trust *trust,
				     struct error *err);
/* Removes the tarballs of a release but those of these versions; what cannot be removed stays. */
void volume_prune(const char *root, const char *name, struct names keep);

/* The keys in a folder, a secret as it is mounted; NULL: none. */
must_check int keys_in(struct trust *out, struct arena *arena, const char *folder,
		       struct error *err);
