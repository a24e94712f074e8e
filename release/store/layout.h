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
};

/* Begins the struct of each kind of layout. */
struct layout {
	struct place place;
	const struct layout_files *files;
	struct arena arena;
};

/* The operations of place.h; lock and close are the own ones of each. */
int layout_get_manifest(struct place *place, const char *repo, const char *ref, struct str *out,
			struct error *err);
int layout_put_manifest(struct place *place, const char *repo, const char *ref, const char *type,
			struct span manifest, struct error *err);
int layout_has_blob(struct place *place, const char *repo, const struct descriptor *blob, bool *has,
		    struct error *err);
int layout_get_blob(struct place *place, const char *repo, const struct descriptor *blob,
		    struct str *out, struct error *err);
int layout_put_blob(struct place *place, const char *repo, const struct descriptor *blob,
		    struct span data, const char *from, bool *sent, struct error *err);
int layout_list(struct place *place, struct arena *arena, const char *repo, struct names *out,
		struct error *err);
int layout_remove(struct place *place, const char *repo, struct names tags, struct error *err);
