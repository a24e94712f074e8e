// SPDX-License-Identifier: Apache-2.0
/* pack.h - the pieces of a tarball (pieces.h), compressed: taken from the user's cache where they
 * were compressed before.
 */
#pragma once
#include "base/cache.h"
#include "release/files/pieces.h"

struct packed {
	struct str deflated;
	uint32_t crc; /* of what it was made from */
	size_t plain; /* how long that is */
	bool ready;   /* for whoever waits for it */
};

struct packer {
	struct pieces pieces;
	struct cache *cache;
	uint32_t fingerprint;
};

/* Opens the cache; the pieces are in the arena and borrow the items. */
must_check int packer_open(struct packer *out, struct arena *arena,
			   const struct archive_source *items, size_t len, struct error *err);
void packer_done(struct packer *packer);
/* May be called by several threads at once. */
must_check int pack_piece(struct packed *out, const struct packer *packer, size_t nr,
			  struct error *err);

/* No name and no time in it, and no operating system. */
#define GZIP_HEAD SPAN("\x1f\x8b\x08\0\0\0\0\0\0\xff")
enum { GZIP_TAIL = 8 }; /* bytes */

/* The sum and the length, as they stand behind the data. */
void gzip_add_tail(struct str *out, uint32_t crc, uint64_t plain);
#define owned_packer owned(packer_done)
