// SPDX-License-Identifier: Apache-2.0
/* sign.h - who vouches for a release: releases/VSN/relevo.manifest.sig, a signature of the
 * manifest beside it, which lists every other file with its digest.
 */
#pragma once
#include "base/hash.h"
#include "release/read/release.h"
#include "release/trust/key.h"

/* Signs a folder or a tarball in place, with the certificates of cms_sign() if they are given
 * (relevo.manifest.p7s), else without (relevo.manifest.sig); a signature that is there is replaced.
 * A tarball is written anew beside the old one, with the same files.
 *
 * ERROR_REFUSED: its files are not those of its manifest, which would be vouched for unseen.
 * ERROR_NOT_FOUND: it has no manifest.
 */
must_check int release_sign(const char *path, const struct key *key, const char *certificate,
			    struct error *err);

/* Which signatures count. */
struct trust {
	struct names
		keys; /* files of public keys; any: a release that none of them signed is refused */
	struct names authorities; /* files: what somebody signed whom one of them vouches for */
	bool required;       /* also without keys: then nothing can be used, and that is said */
	const char *minimum; /* the oldest version that may be used; NULL: any */
};

struct trusted {
	const char *key;     /* the file of the key that signed it; NULL: none of them */
	const char *subject; /* who signed it, by a certificate; NULL: nobody who is vouched for */
	char id[KEY_ID_MAX]; /* of that key */
	bool is_signed;      /* by somebody */
	size_t files;        /* that were compared with the manifest */
	char manifest_sha256[HASH_HEX_MAX]; /* "" without one */
};

/* Whether a release may be used: the signature first, then every file against the manifest that it
 * covers, then the version.  Nothing is written; nothing of the release is used before.
 *
 * ERROR_REFUSED says why, and names the file.  Without keys no signature
 * is asked for, and files are compared where there is a manifest.
 */
must_check int release_trust(struct trusted *out, struct arena *arena,
			     const struct release *release, const struct trust *trust,
			     struct error *err);
