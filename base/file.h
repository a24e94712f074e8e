// SPDX-License-Identifier: Apache-2.0
/* file.h - files and folders.
 *
 * Paths are C text.  Messages name the path.  Whatever is written is written
 * whole: to a temporary file beside the target, synced, then renamed.
 */
#pragma once
#include "base/arena.h"
#include "base/error.h"

#include <stdio.h>
#include <sys/types.h>

/* Closes what is open, and marks it as closed: for `owned_fd int fd = -1`. */
void fd_close(int *fd);
#define owned_fd owned(fd_close)
void stream_close(FILE **stream);
#define owned_stream owned(stream_close)

/* Opens a regular file for reading; `size` may be NULL.  Folders, named pipes, sockets and devices
 * are refused by name, and never waited for: ERROR_INVALID, here and in all that follows.
 */
must_check int file_open(int *out, const char *path, uint64_t *size, struct error *err);
/* Reads a whole regular file, appended to *out.  Over `max` bytes: ERROR_INVALID. */
must_check int file_read(const char *path, size_t max, struct str *out, struct error *err);
/* The same in a release, which has thousands of them and no devices: none is looked at before it is
 * opened.
 */
must_check int file_read_ours(const char *path, size_t max, struct str *out, struct error *err);
/* The same of a file in an open folder; what it says names the file alone. */
must_check int file_read_in(int folder, const char *name, size_t max, struct str *out,
			    struct error *err);
/* Whether two files of releases hold the same bytes; neither is held whole. */
must_check int file_same_ours(bool *out, const char *a, const char *b, struct error *err);
/* As file_read(), for a path that the user gives: /dev/stdin and the shell's <(…) are read to their
 * end.
 */
must_check int file_read_given(const char *path, size_t max, struct str *out, struct error *err);
/* Before a library opens such a path by itself. */
must_check int file_check_given(const char *path, struct error *err);
/* Exactly `len` bytes from `offset` on, appended to *out. */
must_check int file_read_part(const char *path, uint64_t offset, size_t len, struct str *out,
			      struct error *err);
/* Replaces or makes a file with exactly this content and mode (umask ignored),
 * atomically.  Missing folders are not made.  A signal that ends the program waits until it is
 * done, so that no temporary file is left.
 */
must_check int file_write(const char *path, struct span data, mode_t mode, struct error *err);
/* The same, not synced: after a crash the file may be short, or empty. */
must_check int file_replace(const char *path, struct span data, mode_t mode, struct error *err);
/* Writes a file in place, not synced: for trees that are built as a whole.  Never through a link.
 */
must_check int file_put(const char *path, struct span data, mode_t mode, struct error *err);
/* Copies content; the copy gets `mode`.  Not synced, never through a link at `to`: for trees that
 * are built as a whole and moved into place at the end.
 */
must_check int file_copy(const char *from, const char *to, mode_t mode, struct error *err);

/* Renames, and syncs the folder in which the new name is: it survives a power cut from then on. */
must_check int path_rename(const char *from, const char *to, struct error *err);
/* Makes the names in a folder survive a power cut. */
must_check int dir_sync(const char *path, struct error *err);

bool path_exists(const char *path);
bool path_is_dir(const char *path);
bool path_is_file(const char *path);
bool path_is_link(const char *path); /* wherever it leads */

/* One entry of a folder, "." and ".." left out. */
struct dir_entry {
	const char *name;
	bool is_dir; /* symbolic links are followed */
	bool is_link;
	mode_t mode;
	off_t size;
};

/* The entries of a folder in byte order of their names; in the arena.  Links
 * that lead nowhere are left out.
 */
must_check int dir_list(struct dir_entry **out, size_t *len, struct arena *arena, const char *path,
			struct error *err);
/* The same without modes and sizes (both 0), which is a good deal faster. */
must_check int dir_names(struct dir_entry **out, size_t *len, struct arena *arena, const char *path,
			 struct error *err);
/* Makes a folder and the missing ones above it; fine when it is there. */
must_check int dir_make(const char *path, struct error *err);
/* Makes a new private folder: PREFIX.XXXXXX; its name is put into the arena. */
must_check int dir_make_temp(const char **out, struct arena *arena, const char *prefix,
			     struct error *err);
/* Removes a file or a folder with all in it; links are removed, not followed.
 * Fine when nothing is there.
 */
must_check int tree_remove(const char *path, struct error *err);
/* Asked for every link that is met: -1, and *err, when it must not be followed. */
struct tree_links {
	int (*may)(void *context, const char *path, struct error *err);
	void *context;
};
/* Copies a folder with all in it; links are followed (`links` NULL: all of them), modes are 0755
 * for folders and executables and 0644 for the rest, so that the result does not depend on who
 * builds.  Fails on a link that leads out into a loop (depth 64).
 */
must_check int tree_copy(const char *from, const char *to, const struct tree_links *links,
			 struct error *err);

/* Whether a path is a folder's, or that of something in it; both real paths. */
bool path_is_below(const char *path, const char *folder);
/* "a/b/c": a relative path of plain names, which leads out of nowhere; not "", no ".", no "..". */
bool path_is_inside(const char *path);
/* "a/b"; an absolute b, or an empty a, gives b. */
const char *path_join(struct arena *arena, const char *a, const char *b);
/* What stands behind the last slash; borrowed from path. */
const char *path_base(const char *path);
/* What stands before it: "." when there is none. */
const char *path_dir(struct arena *arena, const char *path);
/* The absolute path with links resolved; ERROR_NOT_FOUND when it does not exist. */
must_check int path_real(const char **out, struct arena *arena, const char *path,
			 struct error *err);
