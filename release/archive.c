// SPDX-License-Identifier: Apache-2.0
#include "release/archive.h"

#include "base/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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

	if (path[0] == '/' || strlen(path) > PATH_MAX)
		return NULL;
	while (span_next(&rest, '/', &part)) {
		if (part.len == 0 || span_is(part, "."))
			continue;
		if (span_is(part, ".."))
			return NULL;
		if (clean.len > 0)
			str_addc(&clean, '/');
		str_add(&clean, part);
	}
	return arena_dup(arena, str_span(&clean));
}

static int read_data(struct archive *reader, size_t max, struct str *data, struct error *err)
{
	for (;;) {
		char *room = str_room(data, 64 * 1024);
		la_ssize_t got = archive_read_data(reader, room, 64 * 1024);

		if (got < 0)
			return error_set(err, ERROR_INVALID, "damaged: %s",
					 archive_error_string(reader));
		if (got == 0)
			return 0;
		data->len += (size_t)got;
		if (data->len > max)
			return error_set(err, ERROR_INVALID, "unpacks to more than %zu bytes", max);
	}
}

static int read_item(struct archive *reader, struct archive_entry *entry, size_t max,
		     struct archive_item *item, struct arena *arena, struct str *data,
		     struct error *err)
{
	const char *name = archive_entry_pathname(entry);

	*item = (struct archive_item){
		.path = name ? clean_path(arena, name) : NULL,
		.is_dir = archive_entry_filetype(entry) == AE_IFDIR,
		.mode = archive_entry_perm(entry),
	};
	if (!item->path)
		return error_set(err, ERROR_INVALID, "the path %s leads out of the release",
				 name ? name : "(none)");
	if (item->is_dir)
		return 0;
	if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
		return error_set(err, ERROR_INVALID, "%s is neither a file nor a folder", item->path);
	str_clear(data);
	if (read_data(reader, max, data, err))
		return -1;
	item->data = str_span(data);
	return 0;
}

static int read_items(struct archive *reader, size_t max,
		      int (*take)(void *, const struct archive_item *, struct error *),
		      void *context, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str data = STR_EMPTY;

	for (;;) {
		struct archive_entry *entry;
		struct archive_item item;
		int ret = archive_read_next_header(reader, &entry);

		if (ret == ARCHIVE_EOF)
			return 0;
		if (ret != ARCHIVE_OK)
			return error_set(err, ERROR_INVALID, "not a tarball, or damaged: %s",
					 archive_error_string(reader));
		if (read_item(reader, entry, max, &item, &arena, &data, err))
			return -1;
		if (item.path[0] && take(context, &item, err))
			return -1;
		max -= item.data.len;
	}
}

int archive_read(const char *path, size_t max,
		 int (*take)(void *context, const struct archive_item *item, struct error *err),
		 void *context, struct error *err)
{
	owned_reader struct archive *reader = archive_read_new();

	if (!reader)
		abort();
	archive_read_support_format_tar(reader);
	archive_read_support_filter_gzip(reader);
	if (archive_read_open_filename(reader, path, 256 * 1024) != ARCHIVE_OK)
		return error_set(err, ERROR_INVALID, "%s: not a tarball (.tar.gz): %s", path,
				 archive_error_string(reader));
	if (read_items(reader, max, take, context, err))
		return error_wrap(err, "%s", path);
	return 0;
}

/* ---- writing ---- */

struct writer {
	struct archive *archive;
	struct archive_entry *entry;
	uint64_t done;
};

static int write_item(struct writer *writer, const struct archive_source *item, struct error *err)
{
	owned_str struct str content = STR_EMPTY;
	struct span data = item->data;

	if (item->file) {
		if (file_read(item->file, INT32_MAX, &content, err))
			return -1;
		data = str_span(&content);
	}
	archive_entry_clear(writer->entry);
	archive_entry_set_pathname(writer->entry, item->path);
	archive_entry_set_filetype(writer->entry, AE_IFREG);
	archive_entry_set_perm(writer->entry, item->mode);
	archive_entry_set_size(writer->entry, (la_int64_t)data.len);
	archive_entry_set_mtime(writer->entry, 0, 0);
	archive_entry_set_uid(writer->entry, 0);
	archive_entry_set_gid(writer->entry, 0);
	if (archive_write_header(writer->archive, writer->entry) != ARCHIVE_OK ||
	    archive_write_data(writer->archive, data.ptr, data.len) != (la_ssize_t)data.len)
		return error_set(err, ERROR_FAILED, "%s: %s", item->path,
				 archive_error_string(writer->archive));
	writer->done += data.len;
	return 0;
}

static void writer_done(struct writer *writer)
{
	archive_entry_free(writer->entry);
	archive_write_free(writer->archive);
}

static int write_items(int fd, const struct archive_source *items, size_t len,
		       void (*progress)(void *context, uint64_t done), void *context,
		       struct error *err)
{
	owned(writer_done) struct writer writer = { archive_write_new(), archive_entry_new(), 0 };

	if (!writer.archive || !writer.entry)
		abort();
	/* gnutar, not ustar: names longer than 255 bytes exist, and erl_tar reads both. */
	archive_write_set_format_gnutar(writer.archive);
	archive_write_add_filter_gzip(writer.archive);
	archive_write_set_filter_option(writer.archive, "gzip", "timestamp", NULL);
	if (archive_write_open_fd(writer.archive, fd) != ARCHIVE_OK)
		return error_set(err, ERROR_FAILED, "%s", archive_error_string(writer.archive));
	for (size_t i = 0; i < len; i++) {
		if (write_item(&writer, &items[i], err))
			return -1;
		if (progress)
			progress(context, writer.done);
	}
	if (archive_write_close(writer.archive) != ARCHIVE_OK || fsync(fd))
		return error_set(err, ERROR_FAILED, "%s", archive_error_string(writer.archive));
	return 0;
}

int archive_write(const char *path, const struct archive_source *items, size_t len,
		  void (*progress)(void *context, uint64_t done), void *context, struct error *err)
{
	owned_str struct str temp = STR_EMPTY;
	int fd, ret;

	str_addf(&temp, "%s.XXXXXX", path);
	fd = mkostemp(temp.ptr, O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, "cannot write %s", path);
	ret = write_items(fd, items, len, progress, context, err);
	if (ret == 0 && (fchmod(fd, 0644) || rename(temp.ptr, path)))
		ret = error_sys(err, "cannot rename %s to %s", temp.ptr, path);
	close(fd);
	if (ret) {
		unlink(temp.ptr);
		return error_wrap(err, "cannot write %s", path);
	}
	return 0;
}
