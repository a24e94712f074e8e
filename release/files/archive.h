// SPDX-License-Identifier: Apache-2.0
/* archive.h - tarballs, in and out.
 *
 * What is written is the same bytes for the same tree: files only, sorted, owner
 * 0:0, time 0, GNU tar, one gzip member without a name or a time.
 *
 * What is read is of any tar, plain or gzip: libdeflate unpacks all of it, libarchive reads it
 * there.
 */
#pragma once
#include "base/arena.h"
#include "base/error.h"

#include <stdio.h>
#include <sys/types.h>

struct archive_item {
	const char *path; /* relative, without "./" */
	bool is_dir;
	mode_t mode;
	struct span data; /* of a file; borrowed from the tarball */
};

/* The bytes of a tarball, unpacked if they are compressed, appended to *out: `max` at most. */
must_check int archive_load(struct str *out, const char *path, size_t max, struct error *err);
/* Calls take() for every file and folder of such bytes, which it may borrow from, in their
 * order; links inside are refused, so are paths that are absolute, hold ".." or lie deeper
 * than ARCHIVE_DEPTH_MAX, and more than `max` bytes in all, headers and names included.
 * take() returns -1 to stop.
 */
must_check int archive_items(struct span tar, size_t max,
			     int (*take)(void *context, const struct archive_item *item,
					 struct error *err),
			     void *context, struct error *err);
/* Both in one, for a file, or for bytes that may be compressed; nothing stays to borrow from. */
must_check int archive_read(const char *path, size_t max,
			    int (*take)(void *context, const struct archive_item *item,
					struct error *err),
			    void *context, struct error *err);
must_check int archive_read_bytes(struct span bytes, size_t max,
				  int (*take)(void *context, const struct archive_item *item,
					      struct error *err),
				  void *context, struct error *err);

enum { ARCHIVE_DEPTH_MAX = 64 };

/* One entry of a tarball that is no release: a layer of somebody's image. */
struct archive_entry_found {
	const char *path; /* relative, without "./" */
	bool is_file;     /* a regular one, with data */
	const char *link; /* where a link leads, symbolic or hard; NULL: none */
	struct span data; /* borrowed */
};

/* Calls take() for every entry of tar bytes, whatever it is; paths that lead out are left out. Data
 * is only there of entries that want() asks for.
 */
must_check int archive_entries(struct span tar, bool (*want)(const char *path),
			       int (*take)(void *context, const struct archive_entry_found *entry,
					   struct error *err),
			       void *context, struct error *err);

struct archive_source {
	const char *path; /* in the archive */
	const char *file; /* on disk; NULL: data counts */
	struct span data;
	mode_t mode;
	bool is_dir;      /* only images have folders of their own, links and owners */
	const char *link; /* a symbolic link to there; NULL: none */
	unsigned owner;   /* user and group */
};

/* Writes NAME.tar.gz atomically from the items, in the order given, on all cores; what
 * was compressed before is taken from the user's cache (base/cache.h).  `progress`, when
 * wanted, is called with the bytes done so far, by one thread at a time.
 */
must_check int archive_write(const char *path, const struct archive_source *items, size_t len,
			     void (*progress)(void *context, uint64_t done), void *context,
			     struct error *err);

/* The same into a file that is open for writing, whatever becomes of it on failure. */
must_check int archive_write_to(FILE *file, const struct archive_source *items, size_t len,
				void (*progress)(void *context, uint64_t done), void *context,
				struct error *err);

/* Compresses what some items become in any archive that holds them, into the user's cache, as long
 * as go_on() says so.  Of a folder at the top (of lib/: each in there) all files must be among
 * them, or it is in vain.
 */
must_check int archive_ahead(const struct archive_source *items, size_t len,
			     bool (*go_on)(void *context), void *context, struct error *err);

/* Appends what stands before the content of a file of `size` bytes: the tar header, with
 * GNU's long name before it where 100 bytes are not enough.
 */
must_check int archive_header(struct str *out, const struct archive_source *item, uint64_t size,
			      struct error *err);
