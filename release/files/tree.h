// SPDX-License-Identifier: Apache-2.0
/* tree.h - reading the files of a release, whether it is a folder or a tarball.
 *
 * Paths inside a tree are relative to its root ("lib/kernel-8.5.3/ebin/kernel.app"),
 * without "./" in front.  tree_system() is the whole file system: there, paths are
 * used as they are, so that code which reads through a tree also serves the
 * commands that take paths.
 */
#pragma once
#include "base/arena.h"
#include "base/error.h"
#include "base/file.h"

struct archive_source; /* archive.h */
struct stat;
struct tree; /* opaque: see tree.c */

/* A folder, or a tarball (.tar, .tar.gz), which is read into memory at once (at most
 * TREE_MAX bytes; names that are absolute or hold ".." are refused).  Free with
 * tree_free().
 */
must_check int tree_open(struct tree **out, const char *path, struct error *err);
/* The file system; never fails, needs no free (tree_free() accepts it). */
const struct tree *tree_system(void);
void tree_free(struct tree *tree); /* NULL is fine */

/* What the tree was opened by, for messages. */
const char *tree_name(const struct tree *tree);
/* A folder, no tarball. */
bool tree_is_dir(const struct tree *tree);
bool tree_has(const struct tree *tree, const char *path);
/* The whole file, appended to *out.  ERROR_NOT_FOUND, ERROR_INVALID (over max). */
must_check int tree_read(const struct tree *tree, const char *path, size_t max, struct str *out,
			 struct error *err);
/* A folder of which many files are read: kept open where it is one of a disk, so that each file is
 * looked up by its name alone.
 */
struct tree_folder {
	const struct tree *tree;
	const char *path; /* borrowed */
	int fd;           /* -1: none, and files are read by their paths */
};
#define TREE_FOLDER_NONE ((struct tree_folder){ .fd = -1 })
struct tree_folder tree_folder_open(const struct tree *tree, const char *path);
void tree_folder_close(struct tree_folder *folder);
#define owned_tree_folder owned(tree_folder_close)
/* As tree_read(); the path is the file's, in the tree, and just below the folder. */
must_check int tree_folder_read(const struct tree_folder *folder, const char *path, size_t max,
				struct str *out, struct error *err);
/* Whether a file of one and a file of the other hold the same bytes; errors as of tree_read(),
 * which is given 512 MB where one is a tarball.
 */
must_check int tree_same(bool *out, const struct tree *a, const char *a_path, const struct tree *b,
			 const char *b_path, struct error *err);
/* The entries of one folder ("" is the root) by name; an absent folder has none. */
must_check int tree_list(struct dir_entry **out, size_t *len, struct arena *arena,
			 const struct tree *tree, const char *path, struct error *err);

/* The same without modes and sizes, as dir_names() is to dir_list(). */
must_check int tree_names(struct dir_entry **out, size_t *len, struct arena *arena,
			  const struct tree *tree, const char *path, struct error *err);

/* The files of a tarball by their paths, as it would be unpacked; they borrow from the tree. */
void tree_sources(struct archive_source **out, size_t *len, struct arena *arena,
		  const struct tree *tree);

enum { TREE_MAX = 1 << 30 };

static inline void tree_done(struct tree **tree)
{
	tree_free(*tree);
}
#define owned_tree owned(tree_done)
