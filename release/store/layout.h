// SPDX-License-Identifier: Apache-2.0
/* layout.h - an OCI image layout (index.json, blobs/sha256/…), wherever its files are.
 *
 * index.json names each manifest "REPOSITORY:TAG"; other tools read and write it too.
 */
#pragma once
#include "release/store/place.h"

#define INDEX_PATH "index.json"
enum { INDEX_MAX = 64 << 20 };

/* How its files are reached.  Paths are relative to the layout. */
struct layout_files {
	/* Appended; ERROR_NOT_FOUND. */
	int (*read)(struct place *place, const char *path, size_t max, struct str *out,
		    struct error *err);
	int (*has)(struct place *place, const char *path, bool *has, struct error *err);
	/* Whole or not at all.  *changed (of the index alone, not NULL): somebody else was faster
	 * since it was read, and nothing was written.
	 */
	int (*write)(struct place *place, const char *path, struct span data, bool *changed,
		     struct error *err);
	int (*remove)(struct place *place, const char *path, struct error *err);
	/* The names in blobs/sha256; NULL: cannot be told. */
	int (*list)(struct place *place, struct arena *arena, struct names *out, struct error *err);
	/* As in place.h; NULL: there are no locks. */
	int (*lock)(struct place *place, struct error *err);
	/* What was opened beside the layout itself. */
	void (*close)(struct place *place);
};

/* The first member of the struct of each kind of layout. */
struct layout {
	struct place place;
	const struct layout_files *files;
	struct arena arena;
};

/* A place over such files; `layout` was allocated, and is freed when the place is closed.
 *
 * url, id   as in struct place; borrowed: of layout->arena
 */
struct place *layout_begin(struct layout *layout, const struct layout_files *files, const char *url,
			   const char *id);
