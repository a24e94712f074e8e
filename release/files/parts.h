// SPDX-License-Identifier: Apache-2.0
/* parts.h - a tarball in parts: one for each application, one for each other folder at the top.
 *
 * Each part is a gzipped tarball of its own, without the two empty blocks at the end, which readers
 * do not miss.  What did not change from one release to the next gives the same part.  Put together
 * again, parts are the very bytes that archive_write() makes of the same items, and nothing has to
 * be compressed for that.
 */
#pragma once
#include "base/hash.h"
#include "release/files/pack.h"

struct part {
	struct span name;  /* of the folder: "lib/shop-1.0.0"; "": files at the top */
	size_t first, len; /* its pieces */
};

struct parts {
	const struct part *items;
	size_t len;
};

/* In the order of the items; files of one folder must stand together. */
struct parts parts_cut(struct arena *arena, const struct packer *packer);
/* Appends the part, compressed on all cores, or taken from the cache.
 *
 * whole   with the two empty blocks
 */
must_check int part_pack(struct str *out, const struct packer *packer, const struct part *part,
			 bool whole, struct error *err);

/* ---- and together again ---- */

struct joining {
	FILE *file; /* NULL: only the digest is wanted */
	struct hash *hash;
	uint64_t size; /* of the tarball so far */
	uint32_t crc;
	uint64_t plain;
};

must_check int join_begin(struct joining *out, FILE *file, struct error *err);
/* ERROR_INVALID: no part. */
must_check int join_add(struct joining *joining, struct span part, struct error *err);
/* sha256   of the whole */
must_check int join_end(struct joining *joining, char sha256[static HASH_HEX_MAX],
			struct error *err);
void join_done(struct joining *joining);
#define owned_joining owned(join_done)
