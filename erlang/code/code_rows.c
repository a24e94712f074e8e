// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_rows.h"

#include <assert.h>
#include <stdlib.h>

/* An index is a hash table of rows, counted from 1, with room for twice as many, and behind it, by
 * row, the next one of the same function.
 */
static size_t places(const struct rows *rows)
{
	size_t room = 16;

	while (room < 2 * rows->len)
		room *= 2;
	return room;
}

static const char *const *names_of(const struct rows *rows, size_t row)
{
	return (const char *const *)(const void *)((const char *)rows->items + row * rows->size);
}

/* Where a function stands in the table, or would. */
static size_t find(const struct rows *rows, const uint16_t *index, size_t room, const char *module,
		   const char *name)
{
	/* Few functions of a table have the same name. */
	size_t at = text_hash(name) & (room - 1);

	for (; index[at]; at = (at + 1) & (room - 1)) {
		const char *const *names = names_of(rows, index[at] - 1U);

		if (strcmp(names[1], name) == 0 && strcmp(names[0], module) == 0)
			break;
	}
	return at;
}

static const uint16_t *make_index(const struct rows *rows)
{
	const size_t room = places(rows);
	uint16_t *index = mem_zero(room + rows->len, sizeof(*index));

	assert(rows->len < UINT16_MAX);
	/* The last one first: what is found is the first. */
	for (size_t row = rows->len; row-- > 0;) {
		const char *const *names = names_of(rows, row);
		size_t at = find(rows, index, room, names[0], names[1]);

		index[room + row] = index[at];
		index[at] = (uint16_t)(row + 1);
	}
	return index;
}

static const uint16_t *index_of(struct rows *rows)
{
	const uint16_t *index = atomic_load(&rows->index), *made;

	if (index)
		return index;
	made = make_index(rows);
	if (atomic_compare_exchange_strong(&rows->index, &index, made))
		return made;
	free((void *)(uintptr_t)made);
	return index;
}

size_t rows_first(struct rows *rows, const struct beam_function *function)
{
	const uint16_t *index = index_of(rows);
	size_t at = find(rows, index, places(rows), function->module, function->name);

	return index[at] ? index[at] - 1U : ROWS_END;
}

size_t rows_next(const struct rows *rows, size_t row)
{
	uint16_t next = atomic_load(&rows->index)[places(rows) + row];

	return next ? next - 1U : ROWS_END;
}
