// SPDX-License-Identifier: Apache-2.0
/* pieces.h - the bytes of a tarball, cut into pieces that are compressed apart.
 *
 * Where is cut follows from the names and sizes of the files alone, never from the
 * machine: a piece begins with each application (lib/APP-VSN), with each other folder at
 * the top, and wherever PIECE_SIZE is full, be it inside of a file.  So an application
 * that did not change gives the same pieces, whatever stands before it.
 */
#pragma once
#include "base/arena.h"
#include "release/files/archive.h"

enum { PIECE_SIZE = 512 << 10 };

/* From byte `from` of the file items[first] (0: with its header) up to byte `to` of the file
 * items[last] (its end: with the padding).
 */
struct piece {
	size_t first, last;
	uint64_t from, to;
};

/* One file of the archive, as it was when the pieces were cut. */
struct piece_file {
	const struct archive_source *item;
	uint64_t size;
};

struct pieces {
	const struct piece_file *files;
	const struct piece *items;
	size_t len;
};

/* The items are borrowed, the rest is in the arena.  Fails when a file is not there. */
must_check int pieces_cut(struct pieces *out, struct arena *arena,
			  const struct archive_source *items, size_t len, struct error *err);
/* Appends the tar bytes of one piece.  A file that is shorter by now fails. */
must_check int piece_fill(struct str *out, const struct pieces *pieces, size_t nr,
			  struct error *err);
/* What it was cut for: "lib/shop-1.0.0", "erts-13.1", "releases", "" for files at the top. Borrowed
 * from the items.
 */
struct span piece_group(const struct pieces *pieces, size_t nr);
