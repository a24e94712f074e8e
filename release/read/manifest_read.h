// SPDX-License-Identifier: Apache-2.0
/* manifest_read.h - what a manifest (manifest.h) says. */
#pragma once
#include "release/files/tree.h"

struct manifest_entry {
	const char *path; /* below the root: path_is_inside() */
	const char *sha256, *md5;
	int64_t size;
	mode_t mode;
};

struct manifest_module {
	const char *application, *module, *md5;
};

struct manifest {
	const char *name, *vsn, *erts;
	const struct manifest_entry *files; /* in their order, which is that of the paths */
	size_t files_len;
	const struct manifest_module *modules; /* of one that is there twice the later counts */
	size_t modules_len;
	const char *commit, *branch, *describe; /* NULL: not known */
	bool dirty;
};

/* All of it in the arena.  ERROR_INVALID: not JSON, or not of the form that manifest.h tells.
 *
 * name   of the file, for messages
 */
must_check int manifest_parse(struct manifest *out, struct arena *arena, struct span json,
			      const char *name, struct error *err);
/* The same from a file of a tree. */
must_check int manifest_read(struct manifest *out, struct arena *arena, const struct tree *tree,
			     const char *path, struct error *err);
/* Of which commit of the project the release was built, without a look at its files; NULL: that is
 * not known.
 */
const char *manifest_commit(struct arena *arena, const struct tree *tree, const char *path);
