// SPDX-License-Identifier: Apache-2.0
#include "release/archive.h"

#include "base/deflate.h"
#include "base/file.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	BLOCK = 512,
	NAME = 0, NAME_LEN = 100,
	MODE = 100, OWNER = 108, GROUP = 116, ID_LEN = 8,
	SIZE = 124, TIME = 136, NUMBER_LEN = 12,
	SUM = 148, SUM_LEN = 8,
	TYPE = 156,
	LINK = 157,
	MAGIC = 257,
	PREFIX = 345, PREFIX_LEN = 155,
	EXTRA_MAX = 64 << 10, /* bytes of a long name, or of pax records */
};

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
		if (span_is(part, "..") || ++depth > ARCHIVE_DEPTH_MAX)
			return NULL;
		if (clean.len > 0)
			str_addc(&clean, '/');
		str_add(&clean, part);
	}
	return arena_dup(arena, str_span(&clean));
}

/* ---- numbers ---- */

/* Octal digits with spaces or NULs around them; or, with the highest bit of the first byte, all
 * the rest of it, big endian.
 */
static bool read_number(uint64_t *out, const char *field, size_t len)
{
	uint64_t value = 0;
	size_t at = 0;

	if (field[0] & '\x80') {
		for (at = 1; at < len; at++) {
			if (value >> 48)
				return false;
			value = value << 8 | (uint8_t)field[at];
		}
		*out = value;
		return field[0] == '\x80';
	}
	while (at < len && field[at] == ' ')
		at++;
	for (; at < len && field[at] >= '0' && field[at] <= '7'; at++)
		value = value << 3 | (uint64_t)(field[at] - '0');
	*out = value;
	return at == len || field[at] == ' ' || field[at] == '\0';
}

static void write_number(char *field, size_t len, uint64_t value)
{
	bool fits = value >> 3 * (len - 1) == 0;

	for (size_t at = fits ? len - 1 : len; at-- > 0; value >>= fits ? 3 : 8)
		field[at] = fits ? (char)('0' + (value & 7)) : (char)value;
	if (!fits)
		field[0] = '\x80';
}

/* Of all bytes of a header, those of the sum itself taken for spaces. */
static unsigned sum_of(const char *header)
{
	unsigned sum = 0;

	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= SUM && i < SUM + SUM_LEN ? ' ' : (uint8_t)header[i];
	return sum;
}

/* ---- headers, read ---- */

struct reader {
	struct span rest;
	struct arena arena; /* of the present entry */
	/* What entries before it say of the next one. */
	const char *name;
	uint64_t size;
	bool has_size;
};

static void reader_done(struct reader *reader)
{
	arena_done(&reader->arena);
}
#define owned_reader owned(reader_done)

static bool is_zero(const char *header)
{
	for (size_t i = 0; i < BLOCK; i++)
		if (header[i])
			return false;
	return true;
}

static int take_header(const char **out, struct reader *reader, struct error *err)
{
	const char *header = reader->rest.ptr;
	uint64_t sum;

	if (reader->rest.len < BLOCK || !read_number(&sum, header + SUM, SUM_LEN) ||
	    sum != sum_of(header))
		return error_set(err, ERROR_INVALID, "not a tarball, or damaged");
	reader->rest = (struct span){ header + BLOCK, reader->rest.len - BLOCK };
	*out = header;
	return 0;
}

static int take_data(struct span *out, struct reader *reader, uint64_t size, struct error *err)
{
	size_t padded = ((size_t)size + BLOCK - 1) & ~(size_t)(BLOCK - 1);
	struct span rest = reader->rest;

	if (size > rest.len)
		return error_set(err, ERROR_INVALID, "damaged: it is cut off");
	if (padded > rest.len)
		padded = rest.len;
	*out = (struct span){ rest.ptr, (size_t)size };
	reader->rest = (struct span){ rest.ptr + padded, rest.len - padded };
	return 0;
}

static struct span field(const char *text, size_t len)
{
	return (struct span){ text, strnlen(text, len) };
}

static const char *name_of(struct reader *reader, const char *header)
{
	struct span prefix = field(header + PREFIX, PREFIX_LEN);
	struct span name = field(header + NAME, NAME_LEN);

	if (reader->name)
		return reader->name;
	/* GNU's own headers have other things there. */
	if (memcmp(header + MAGIC, "ustar", 6) != 0 || prefix.len == 0)
		return arena_dup(&reader->arena, name);
	return arena_printf(&reader->arena, SPAN_FMT "/" SPAN_FMT, SPAN_ARG(prefix),
			    SPAN_ARG(name));
}

/* ---- what stands before an entry ---- */

/* "LENGTH KEY=VALUE\n", where the length is that of all of it. */
static bool take_record(struct span *rest, struct span *key, struct span *value)
{
	size_t len = 0, at = 0;
	const char *equals;

	while (at < rest->len && at < 6 && rest->ptr[at] >= '0' && rest->ptr[at] <= '9')
		len = 10 * len + (size_t)(rest->ptr[at++] - '0');
	if (at == rest->len || rest->ptr[at++] != ' ' || len <= at || len > rest->len ||
	    rest->ptr[len - 1] != '\n')
		return false;
	equals = memchr(rest->ptr + at, '=', len - at);
	if (!equals)
		return false;
	*key = (struct span){ rest->ptr + at, (size_t)(equals - rest->ptr) - at };
	*value = (struct span){ equals + 1, (size_t)(rest->ptr + len - 1 - equals) - 1 };
	*rest = (struct span){ rest->ptr + len, rest->len - len };
	return true;
}

static bool take_pax_size(struct reader *reader, struct span digits)
{
	uint64_t size = 0;

	for (size_t i = 0; i < digits.len; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9' || size > INT64_MAX / 16)
			return false;
		size = 10 * size + (uint64_t)(digits.ptr[i] - '0');
	}
	reader->size = size;
	reader->has_size = true;
	return digits.len > 0;
}

static int take_pax(struct reader *reader, struct span records, struct error *err)
{
	struct span key, value;

	while (records.len > 0) {
		if (!take_record(&records, &key, &value) ||
		    (span_is(key, "size") && !take_pax_size(reader, value)))
			return error_set(err, ERROR_INVALID, "damaged: pax records");
		if (span_is(key, "path"))
			reader->name = arena_dup(&reader->arena, value);
		if (span_starts(key, "GNU.sparse."))
			return error_set(err, ERROR_INVALID, "sparse files are not read");
	}
	return 0;
}

/* False: an entry of its own. */
static bool is_about_next(char type)
{
	return type == 'L' || type == 'K' || type == 'x' || type == 'g' || type == 'X';
}

/* GNU's long names; pax records of the next entry, or of all of them, which say nothing here. */
static int take_about_next(struct reader *reader, const char *header, struct error *err)
{
	struct span data;
	uint64_t size;

	if (!read_number(&size, header + SIZE, NUMBER_LEN) || size > EXTRA_MAX)
		return error_set(err, ERROR_INVALID, "damaged: a name of more than %d bytes", EXTRA_MAX);
	if (take_data(&data, reader, size, err))
		return -1;
	if (header[TYPE] == 'L')
		reader->name = arena_dup(&reader->arena, field(data.ptr, data.len));
	if (header[TYPE] == 'x' || header[TYPE] == 'X')
		return take_pax(reader, data, err);
	return 0;
}

/* ---- entries ---- */

static int take_item(struct archive_item *out, struct reader *reader, const char *header,
		     struct error *err)
{
	const char *name = name_of(reader, header);
	struct archive_item item = { .path = clean_path(&reader->arena, name) };
	char type = header[TYPE];
	uint64_t mode, size;

	if (!read_number(&mode, header + MODE, ID_LEN) ||
	    !read_number(&size, header + SIZE, NUMBER_LEN))
		return error_set(err, ERROR_INVALID, "damaged: no mode, or no size, of %.200s", name);
	if (!item.path)
		return error_set(err, ERROR_INVALID,
				 "the path %.200s leads out of the release, or too deep", name);
	item.mode = (mode_t)(mode & 07777);
	/* Before there was a type for folders, a slash said it. */
	item.is_dir = type == '5' || (type == '\0' && span_ends(span_of(name), "/"));
	if (!item.is_dir && type != '0' && type != '\0' && type != '7')
		return error_set(err, ERROR_INVALID, "%s is neither a file nor a folder", item.path);
	if (take_data(&item.data, reader, reader->has_size ? reader->size : size, err))
		return error_wrap(err, "%s", item.path);
	if (item.is_dir)
		item.data.len = 0;
	*out = item;
	return 0;
}

static void forget(struct reader *reader)
{
	arena_done(&reader->arena);
	reader->name = NULL;
	reader->has_size = false;
}

/* What taking it costs: each folder on the way may be new. */
static size_t cost_of(const struct archive_item *item)
{
	size_t folders = 1;

	for (const char *at = item->path; *at; at++)
		folders += *at == '/';
	return item->data.len + 512 + folders * strlen(item->path);
}

int archive_items(struct span tar, size_t max,
		  int (*take)(void *context, const struct archive_item *item, struct error *err),
		  void *context, struct error *err)
{
	owned_reader struct reader reader = { .rest = tar };
	struct archive_item item;
	const char *header;

	if (tar.len < BLOCK)
		return error_set(err, ERROR_INVALID, "not a tarball (.tar.gz)");
	while (reader.rest.len > 0 && (reader.rest.len < BLOCK || !is_zero(reader.rest.ptr))) {
		if (take_header(&header, &reader, err))
			return -1;
		if (is_about_next(header[TYPE])) {
			if (take_about_next(&reader, header, err))
				return -1;
			continue;
		}
		if (take_item(&item, &reader, header, err))
			return -1;
		if (cost_of(&item) > max)
			return error_set(err, ERROR_INVALID, "unpacks to too much");
		max -= cost_of(&item);
		if (item.path[0] && take(context, &item, err))
			return -1;
		forget(&reader);
	}
	return 0;
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

/* ---- headers, written ---- */

static void add_header(struct str *out, struct span name, char type, mode_t mode, uint64_t size)
{
	char header[BLOCK + 1] = { 0 };

	memcpy(header + NAME, name.ptr, name.len < NAME_LEN ? name.len : NAME_LEN);
	write_number(header + MODE, ID_LEN, mode & 07777);
	write_number(header + OWNER, ID_LEN, 0);
	write_number(header + GROUP, ID_LEN, 0);
	write_number(header + SIZE, NUMBER_LEN, size);
	write_number(header + TIME, NUMBER_LEN, 0);
	header[TYPE] = type;
	memcpy(header + MAGIC, "ustar  ", 8);
	snprintf(header + SUM, SUM_LEN, "%06o", sum_of(header));
	header[SUM + 7] = ' ';
	str_add(out, (struct span){ header, BLOCK });
}

static void add_padding(struct str *out, size_t len)
{
	static const char zeros[BLOCK];

	str_add(out, (struct span){ zeros, (BLOCK - len % BLOCK) % BLOCK });
}

void archive_header(struct str *out, const struct archive_source *item, uint64_t size)
{
	struct span name = span_of(item->path);

	if (name.len > NAME_LEN) {
		add_header(out, SPAN("././@LongLink"), 'L', 0, name.len + 1);
		str_add(out, (struct span){ name.ptr, name.len + 1 });
		add_padding(out, name.len + 1);
	}
	add_header(out, name, '0', item->mode, size);
}
