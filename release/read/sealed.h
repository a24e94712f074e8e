// SPDX-License-Identifier: Apache-2.0
/* sealed.h - what the manifest of a release says of its files, where it can be believed without
 * reading them.
 *
 * It is believed of a file when the file has the size that is listed, and nothing about it
 * changed since the manifest was written here: no change of content, mode, owner or name leaves
 * the time of the last change (ctime) as it was, and nobody can set that.  Whoever copies a tree in
 * another order, or touches a file later, only loses the gain: that file is read.
 *
 * What was false before the tree was unpacked, copied, or given to another owner stays unseen:
 * whoever puts another module into a tarball and leaves the manifest as it was has a release that
 * `relevo verify` refuses, and so does a node, which compares all that it is sent with the
 * manifest. In a tarball nothing is believed, since all of it is in memory anyhow.
 */
#pragma once
#include "release/read/release.h"

struct sealed; /* opaque: see sealed.c */

/* NULL: nothing can be believed (no manifest, a tarball, another form than manifest.h makes).
 * Borrows the release; free with sealed_free().
 */
struct sealed *sealed_open(const struct release *release);
void sealed_free(struct sealed *sealed); /* NULL is fine */
/* Whether both manifests give two files the same digest, and can be believed; NULL: they cannot. */
bool sealed_same(const struct sealed *a, const char *a_path, const struct sealed *b,
		 const char *b_path);

static inline void sealed_done(struct sealed **sealed)
{
	sealed_free(*sealed);
}
#define owned_sealed owned(sealed_done)
