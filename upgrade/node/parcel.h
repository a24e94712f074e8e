// SPDX-License-Identifier: Apache-2.0
/* parcel.h - what a node lacks of a release, as a tarball of its own.
 *
 * Left out is what is there and stays: files of applications that the node uses already (they were
 * compared with the manifest before), of its ERTS, and those that stand unchanged in
 * another version of the same application, which the node copies for itself.
 */
#pragma once
#include "base/names.h"
#include "upgrade/node/bundle.h"
#include "upgrade/node/node.h"

#include <stdio.h>

struct parcel {
	FILE *file; /* in memory; has no name, so nothing is left of it */
	int64_t size;
	char sha256[65], md5[33];
	int64_t room;              /* bytes that unpacking and copying take on the node */
	const struct term *copies; /* [{To, From}], below the node's root */
	size_t files, files_all;   /* in it, and in the whole release */
};

/* `same`: folders that the node has as they are in the release, by verify_files() before.
 * The same node and release give the same bytes.  End with parcel_done().
 *
 * ERROR_UNREACHABLE, ERROR_FAILED: as node_run().  ERROR_INVALID: the tarball cannot be read.
 */
must_check int parcel_pack(struct parcel *out, struct node *node, struct arena *arena,
			   const struct bundle *bundle, const struct node_releases *releases,
			   const struct names *same, struct error *err);
void parcel_done(struct parcel *parcel);
#define owned_parcel owned(parcel_done)
