// SPDX-License-Identifier: Apache-2.0
#include "release/files/archive.h"

#include "base/deflate.h"
#include "base/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <limits.h>
#include <stdlib.h>

static void reader_done(struct archive **reader)
{
	archive_read_free(*reader);
}
#define owned_reader owned(reader_done)

/* "./lib/a" and "lib/a/" become "lib/a"; NULL for what must not be unpacked anywhere. */
static const char *clean_path(struct arena *arena, const char *path)
{
	struct span rest = span_of(path), part;
	owned_str struct str clean = STR_EMPTY;
	int depth = 0;

	if (path[0] == '/' || rest.len > PATH_MAX)
		return NULL;
	while (span_next(&rest, '/', &part)) {
		if (part.len == 0 || span_is(part, "."))
			continue;
		if (++depth > ARCHIVE_DEPTH_MAX)
			return NULL;
		if (clean.len > 0)
			str_addc(&clean, '/');
		str_add(&clean, part);
	}
	return clean.len == 0 || path_is_inside(clean.ptr) ? arena_dup(arena, str_span(&clean))
							   : NULL;
}

/* libarchive gives the bytes where they lie in the tarball, in one piece but for sparse files. */
static int borrow_data(struct span *out, struct archive *reader, size_t size, struct error *err)
{
	const void *bytes = NULL;
	size_t len = 0;
	la_int64_t offset = 0;
	int ret = size > 0 ? archive_read_data_block(reader, &bytes, &len, &offset) : ARCHIVE_OK;

	if (ret != ARCHIVE_OK)
		return error_set(err, ERROR_INVALID, "damaged: %s",
				 ret == ARCHIVE_EOF ? "it is cut off"
						    : archive_error_string(reader));
	if (len != size || offset != 0)
		return error_set(err, ERROR_INVALID, "damaged, or a sparse file");
	*out = (struct span){ bytes, len };
	return 0;
}

static int read_item(struct archive_item *out, struct archive *reader, struct archive_entry *entry,
		     struct arena *arena, struct error *err)
{
	const char *name = archive_entry_pathname(entry);

	if (!name)
		name = archive_entry_pathname_utf8(entry);
	*out = (struct archive_item){
		.path = name ? clean_path(arena, name) : NULL,
		.is_dir = archive_entry_filetype(entry) == AE_IFDIR,
		.mode = archive_entry_perm(entry),
	};
	if (!out->path)
		return error_set(err, ERROR_INVALID,
				 "the path %.200s leads out of the release, or too deep",
				 name ? name : "(none)");
	if (out->is_dir)
		return 0;
	if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
		return error_set(err, ERROR_INVALID, "%s is neither a file nor a folder",
				 out->path);
	if (borrow_data(&out->data, reader, (size_t)archive_entry_size(entry), err))
		return error_wrap(err, "%s", out->path);
	return 0;
}

/* What taking it costs: each folder on the way may be new. */
static size_t cost_of(const struct archive_item *item)
{
	size_t folders = 1;

	for (const char *at = item->path; *at; at++)
		folders += *at == '/';
	return item->data.len + 512 + folders * strlen(item->path);
}

static struct archive *new_reader(void)
{
	struct archive *reader = archive_read_new();

	if (!reader)
		abort();
	archive_read_support_format_tar(reader);
	return reader;
}

int archive_items(struct span tar, size_t max,
		  int (*take)(void *context, const struct archive_item *item, struct error *err),
		  void *context, struct error *err)
{
	owned_reader struct archive *reader = new_reader();
	int ret = archive_read_open_memory(reader, tar.ptr, tar.len);

	for (;;) {
		owned_arena struct arena arena = ARENA_EMPTY;
		struct archive_entry *entry;
		struct archive_item item;

		if (ret == ARCHIVE_OK)
			ret = archive_read_next_header(reader, &entry);
		if (ret == ARCHIVE_EOF)
			return 0;
		/* A warning: a name that the locale has no letters for. */
		if (ret != ARCHIVE_OK && ret != ARCHIVE_WARN)
			return error_set(err, ERROR_INVALID,
					 "not a tarball (.tar.gz), or damaged: %s",
					 archive_error_string(reader));
		ret = ARCHIVE_OK;
		if (read_item(&item, reader, entry, &arena, err))
			return -1;
		if (cost_of(&item) > max)
			return error_set(err, ERROR_INVALID, "unpacks to too much");
		max -= cost_of(&item);
		if (item.path[0] && take(context, &item, err))
			return -1;
	}
}

/* Never more than what the tarball holds: data is borrowed from it. */
static int read_found(struct archive_entry_found *out, struct archive *reader,
		      struct archive_entry *entry, struct arena *arena,
		      bool (*want)(const char *path), struct error *err)
{
	const char *name = archive_entry_pathname(entry);
	const char *hard = archive_entry_hardlink(entry), *soft = archive_entry_symlink(entry);

	*out = (struct archive_entry_found){
		.path = name ? clean_path(arena, name) : NULL,
		.is_file = archive_entry_filetype(entry) == AE_IFREG && !hard,
		.link = hard ? hard : soft,
	};
	if (!out->path || !out->is_file || !want(out->path))
		return 0;
	if (borrow_data(&out->data, reader, (size_t)archive_entry_size(entry), err))
		return error_wrap(err, "%s", out->path);
	return 0;
}

int archive_entries(struct span tar, bool (*want)(const char *path),
		    int (*take)(void *context, const struct archive_entry_found *entry,
				struct error *err),
		    void *context, struct error *err)
{
	owned_reader struct archive *reader = new_reader();
	int ret = archive_read_open_memory(reader, tar.ptr, tar.len);

	for (;;) {
		owned_arena struct arena arena = ARENA_EMPTY;
		struct archive_entry *entry;
		struct archive_entry_found found;

		if (ret == ARCHIVE_OK || ret == ARCHIVE_WARN)
			ret = archive_read_next_header(reader, &entry);
		if (ret == ARCHIVE_EOF)
			return 0;
		if (ret != ARCHIVE_OK && ret != ARCHIVE_WARN)
			return error_set(err, ERROR_INVALID, "not a tarball, or damaged: %s",
					 archive_error_string(reader));
		if (read_found(&found, reader, entry, &arena, want, err) ||
		    (found.path && found.path[0] && take(context, &found, err)))
			return -1;
	}
}

static int unpack(struct str *out, struct span bytes, size_t max, struct error *err)
{
	if (span_starts(bytes, "\x1f\x8b"))
		return gzip_inflate_all(out, bytes, max, err);
	str_add(out, bytes);
	return 0;
}

int archive_load(struct str *out, const char *path, size_t max, struct error *err)
{
	owned_str struct str bytes = STR_EMPTY;

	if (file_read(path, max, &bytes, err))
		return -1;
	if (unpack(out, str_span(&bytes), max, err))
		return error_wrap(err, "%s", path);
	return 0;
}

int archive_read(const char *path, size_t max,
		 int (*take)(void *context, const struct archive_item *item, struct error *err),
		 void *context, struct error *err)
{
	owned_str struct str tar = STR_EMPTY;

	if (archive_load(&tar, path, max, err))
		return -1;
	if (archive_items(str_span(&tar), max, take, context, err))
		return error_wrap(err, "%s", path);
	return 0;
}

int archive_read_bytes(struct span bytes, size_t max,
		       int (*take)(void *context, const struct archive_item *item,
				   struct error *err),
		       void *context, struct error *err)
{
	owned_str struct str tar = STR_EMPTY;

	if (unpack(&tar, bytes, max, err))
		return -1;
	return archive_items(str_span(&tar), max, take, context, err);
}

/* ---- headers ---- */

static void writer_done(struct archive **writer)
{
	archive_write_free(*writer);
}
#define owned_writer owned(writer_done)

static void entry_done(struct archive_entry **entry)
{
	archive_entry_free(*entry);
}
#define owned_entry owned(entry_done)

/* When it is closed, libarchive gives the file zeros for the content that never came: they find
 * no out any more.
 */
static la_ssize_t append(struct archive *writer, void *context, const void *bytes, size_t len)
{
	struct str **out = context;

	(void)writer;
	if (*out)
		str_add(*out, (struct span){ bytes, len });
	return (la_ssize_t)len;
}

static void describe(struct archive_entry *entry, const struct archive_source *item, uint64_t size)
{
	archive_entry_set_pathname(entry, item->path);
	archive_entry_set_filetype(entry, item->is_dir ? AE_IFDIR
					  : item->link ? AE_IFLNK
						       : AE_IFREG);
	if (item->link)
		archive_entry_set_symlink(entry, item->link);
	archive_entry_set_perm(entry, item->mode & 07777);
	archive_entry_set_size(entry, (la_int64_t)size);
	archive_entry_set_mtime(entry, 0, 0);
	archive_entry_set_uid(entry, item->owner);
	archive_entry_set_gid(entry, item->owner);
}

int archive_header(struct str *out, const struct archive_source *item, uint64_t size,
		   struct error *err)
{
	struct str *sink = out;
	owned_writer struct archive *writer = archive_write_new();
	owned_entry struct archive_entry *entry = archive_entry_new();
	bool ok;

	if (!writer || !entry)
		abort();
	describe(entry, item, size);
	/* gnutar, not ustar: names longer than 255 bytes exist, and erl_tar reads both. */
	ok = archive_write_set_format_gnutar(writer) == ARCHIVE_OK &&
	     archive_write_set_bytes_per_block(writer, 0) == ARCHIVE_OK &&
	     archive_write_open(writer, &sink, NULL, append, NULL) == ARCHIVE_OK &&
	     archive_write_header(writer, entry) == ARCHIVE_OK;
	sink = NULL;
	if (!ok)
		return error_set(err, ERROR_FAILED, "%s: %s", item->path,
				 archive_error_string(writer));
	return 0;
}
