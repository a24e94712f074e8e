// SPDX-License-Identifier: Apache-2.0
#include "release/files/pieces.h"

#include "base/file.h"

#include <sys/stat.h>

enum { BLOCK = 512 }; /* of a tarball */

struct cutter {
	struct arena *arena;
	struct piece *pieces;
	size_t len, cap;
	uint64_t full; /* bytes in the last piece */
};

/* "lib/shop-1.0.0" of a file in there; else what stands before the first slash. */
static struct span group_of(const char *path)
{
	struct span rest = span_of(path), part;

	if (!span_next(&rest, '/', &part) || rest.len == 0)
		return SPAN("");
	if (!span_is(part, "lib") || !span_next(&rest, '/', &part))
		return part;
	return (struct span){ path, (size_t)(part.ptr + part.len - path) };
}

static void cut_here(struct cutter *c, size_t file, uint64_t at)
{
	c->pieces = arena_grow(c->arena, c->pieces, c->len, &c->cap);
	c->pieces[c->len++] = (struct piece){ file, file, at, at };
	c->full = 0;
}

static void cut_file(struct cutter *c, size_t nr, uint64_t size)
{
	uint64_t done = 0;

	c->full += BLOCK;
	for (;;) {
		uint64_t room = PIECE_SIZE - c->full;
		uint64_t part = size - done < room ? size - done : room;

		c->full += part;
		done += part;
		c->pieces[c->len - 1].last = nr;
		c->pieces[c->len - 1].to = done;
		if (done == size)
			return;
		cut_here(c, nr, done);
	}
}

static int file_size(uint64_t *out, const struct archive_source *item, struct error *err)
{
	struct stat info;

	if (!item->file) {
		*out = item->data.len;
		return 0;
	}
	if (stat(item->file, &info))
		return error_sys(err, "cannot look at %s", item->file);
	if (!S_ISREG(info.st_mode))
		return error_set(err, ERROR_INVALID, "%s: not a regular file", item->file);
	*out = (uint64_t)info.st_size;
	return 0;
}

int pieces_cut(struct pieces *out, struct arena *arena, const struct archive_source *items,
	       size_t len, struct error *err)
{
	struct piece_file *files = arena_array(arena, len, struct piece_file);
	struct cutter c = { .arena = arena };
	struct span group = SPAN("");

	for (size_t i = 0; i < len; i++) {
		struct span own = group_of(items[i].path);

		files[i].item = &items[i];
		if (file_size(&files[i].size, &items[i], err))
			return -1;
		if (i == 0 || !span_equal(group, own) || c.full + BLOCK >= PIECE_SIZE)
			cut_here(&c, i, 0);
		group = own;
		cut_file(&c, i, files[i].size);
	}
	*out = (struct pieces){ files, c.pieces, c.len };
	return 0;
}

static int add_content(struct str *out, const struct archive_source *item, uint64_t from,
		       uint64_t to, struct error *err)
{
	if (item->file)
		return file_read_part(item->file, from, (size_t)(to - from), out, err);
	if (to > from)
		str_add(out, (struct span){ item->data.ptr + from, (size_t)(to - from) });
	return 0;
}

static void add_padding(struct str *out, uint64_t size)
{
	static const char zeros[BLOCK];

	if (size % BLOCK > 0)
		str_add(out, (struct span){ zeros, BLOCK - size % BLOCK });
}

int piece_fill(struct str *out, const struct pieces *pieces, size_t nr, struct error *err)
{
	const struct piece *piece = &pieces->items[nr];

	str_room(out, PIECE_SIZE + 64 * BLOCK);
	for (size_t i = piece->first; i <= piece->last; i++) {
		const struct piece_file *file = &pieces->files[i];
		uint64_t from = i == piece->first ? piece->from : 0;
		uint64_t to = i == piece->last ? piece->to : file->size;

		if ((from == 0 && archive_header(out, file->item, file->size, err)) ||
		    add_content(out, file->item, from, to, err))
			return -1;
		if (to == file->size)
			add_padding(out, file->size);
	}
	return 0;
}

struct span piece_group(const struct pieces *pieces, size_t nr)
{
	return group_of(pieces->files[pieces->items[nr].first].item->path);
}
