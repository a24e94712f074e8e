// SPDX-License-Identifier: Apache-2.0
/* The manifest is looked through as text, in the one form that manifest.c gives it: jansson takes
 * longer for it than it takes to read all that it lists.  Where it has another form, nothing is
 * believed.
 */
#include "release/read/sealed.h"

#include "base/name_table.h"

#include <stdlib.h>
#include <sys/stat.h>

enum { MANIFEST_MAX = 256 << 20, DIGEST = 64, SIZE_DIGITS = 15 };

struct listed {
	uint64_t size;
	const char *sha256; /* in the text */
};

struct sealed {
	const struct tree *tree;
	struct timespec written;
	struct str text;
	struct arena arena;
	struct name_table *names; /* paths, by number … */
	struct listed *files;     /* … what is said of them */
	size_t cap;
};

/* ---- the text ---- */

static bool take_text(struct span *rest, const char *text)
{
	if (!span_starts(*rest, text))
		return false;
	*rest = (struct span){ rest->ptr + strlen(text), rest->len - strlen(text) };
	return true;
}

/* Up to a quote; what is escaped is not taken. */
static bool take_quoted(struct span *rest, struct span *out)
{
	return span_next(rest, '"', out) && !memchr(out->ptr, '\\', out->len);
}

static bool take_size(struct span *rest, uint64_t *out)
{
	size_t at = 0;

	for (*out = 0;
	     at < rest->len && at < SIZE_DIGITS && rest->ptr[at] >= '0' && rest->ptr[at] <= '9';
	     at++)
		*out = *out * 10 + (uint64_t)(rest->ptr[at] - '0');
	*rest = (struct span){ rest->ptr + at, rest->len - at };
	return at > 0;
}

/* What stands behind `"path": "`. */
static bool take_file(struct span *rest, struct span *path, struct listed *file)
{
	struct span mode, sha256;

	if (!take_quoted(rest, path) || !take_text(rest, ",\n   \"mode\": \"") ||
	    !take_quoted(rest, &mode) || !take_text(rest, ",\n   \"size\": ") ||
	    !take_size(rest, &file->size) || !take_text(rest, ",\n   \"sha256\": \"") ||
	    !take_quoted(rest, &sha256) || sha256.len != DIGEST)
		return false;
	file->sha256 = sha256.ptr;
	return true;
}

static void add(struct sealed *sealed, struct span path, struct listed file)
{
	bool is_new;
	size_t nr = name_table_add(sealed->names, arena_dup(&sealed->arena, path), &is_new);

	if (!is_new)
		return;
	sealed->files = arena_grow(&sealed->arena, sealed->files, nr, &sealed->cap);
	sealed->files[nr] = file;
}

static void take_files(struct sealed *sealed)
{
	static const char first[] = "\n   \"path\": \"";
	struct span rest = str_span(&sealed->text), path;
	const char *end = rest.ptr + rest.len;
	struct listed file;

	while ((rest.ptr = memmem(rest.ptr, rest.len, first, strlen(first)))) {
		rest.len = (size_t)(end - rest.ptr);
		if (take_text(&rest, first) && take_file(&rest, &path, &file))
			add(sealed, path, file);
	}
}

struct sealed *sealed_open(const struct release *release)
{
	owned_sealed struct sealed *sealed = mem_zero(1, sizeof(*sealed));
	struct error ignored;
	struct stat info;

	if (!release->manifest || !tree_stat(release->tree, release->manifest, &info) ||
	    tree_read(release->tree, release->manifest, MANIFEST_MAX, &sealed->text, &ignored))
		return NULL;
	sealed->tree = release->tree;
	sealed->written = info.st_ctim;
	sealed->names = name_table_new();
	take_files(sealed);
	return steal(&sealed);
}

void sealed_free(struct sealed *sealed)
{
	if (!sealed)
		return;
	name_table_free(sealed->names);
	arena_done(&sealed->arena);
	str_done(&sealed->text);
	free(sealed);
}

/* ---- the files ---- */

/* What has the very same time may have been changed right after: clocks of files are coarse. */
static bool is_before(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

static const struct listed *find(const struct sealed *sealed, const char *path)
{
	size_t nr = sealed ? name_table_find(sealed->names, span_of(path)) : NAME_ABSENT;

	return nr == NAME_ABSENT ? NULL : &sealed->files[nr];
}

static bool is_untouched(const struct sealed *sealed, const char *path, const struct listed *file)
{
	struct stat info;

	return tree_stat(sealed->tree, path, &info) && S_ISREG(info.st_mode) &&
	       (uint64_t)info.st_size == file->size && is_before(info.st_ctim, sealed->written);
}

bool sealed_same(const struct sealed *a, const char *a_path, const struct sealed *b,
		 const char *b_path)
{
	const struct listed *old_file = find(a, a_path), *new_file = find(b, b_path);

	return old_file && new_file && old_file->size == new_file->size &&
	       memcmp(old_file->sha256, new_file->sha256, DIGEST) == 0 &&
	       is_untouched(a, a_path, old_file) && is_untouched(b, b_path, new_file);
}
