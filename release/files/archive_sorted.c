// SPDX-License-Identifier: Apache-2.0
#include "release/files/archive.h"

#include <stdlib.h>

struct sorting {
	struct arena *arena;
	struct archive_source *items;
	size_t len, cap;
};

static int take(void *context, const struct archive_item *item, struct error *err)
{
	struct sorting *s = context;

	(void)err;
	if (item->is_dir)
		return 0;
	s->items = arena_grow(s->arena, s->items, s->len, &s->cap);
	s->items[s->len++] = (struct archive_source){
		.path = arena_dup(s->arena, span_of(item->path)),
		.data = item->data,
		.mode = item->mode,
	};
	return 0;
}

/* Of one path, what came later in the tarball lies later in memory. */
static int by_path(const void *a, const void *b)
{
	const struct archive_source *left = a, *right = b;
	int order = strcmp(left->path, right->path);

	if (order == 0)
		order = (left->data.ptr > right->data.ptr) - (left->data.ptr < right->data.ptr);
	return order;
}

int archive_sorted(struct archive_source **out, size_t *len, struct str *tar, struct arena *arena,
		   const char *path, size_t max, struct error *err)
{
	struct sorting s = { .arena = arena };
	size_t count = 0;

	if (archive_load(tar, path, max, err) || archive_items(str_span(tar), max, take, &s, err))
		return -1;
	if (s.len > 0)
		qsort(s.items, s.len, sizeof(*s.items), by_path);
	for (size_t i = 0; i < s.len; i++) {
		if (count > 0 && strcmp(s.items[count - 1].path, s.items[i].path) == 0)
			count--;
		s.items[count++] = s.items[i];
	}
	*out = s.items;
	*len = count;
	return 0;
}
