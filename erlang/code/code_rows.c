// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_rows.h"

#include <assert.h>
#include <stdlib.h>

/* A hash table of rows, counted from 1, with room for twice as many, and behind it, by row, the
 * next one of the same function.
 */
struct rows_index {
	/* By how names begin: most that are asked for begin as none in the table does. */
	uint64_t beginnings[8];
	size_t room; /* a power of two */
	uint16_t at[];
};

enum { BEGINNINGS = 8 * 64 };

static unsigned beginning_of(const char *name)
{
	unsigned sum = 0;

	for (size_t i = 0; i < 3 && name[i]; i++)
		sum = sum * 37 + (unsigned char)name[i];
	return sum % BEGINNINGS;
}

static const char *const *names_of(const struct rows *rows, size_t row)
{
	return (const char *const *)(const void *)((const char *)rows->items + row * rows->size);
}

/* Where a function stands in the table, or would. */
static size_t find(const struct rows *rows, const struct rows_index *index, const char *module,
		   const char *name)
{
	/* Few functions of a table have the same name. */
	size_t at = text_hash(name) & (index->room - 1);

	for (; index->at[at]; at = (at + 1) & (index->room - 1)) {
		const char *const *names = names_of(rows, index->at[at] - 1U);

		if (strcmp(names[1], name) == 0 && strcmp(names[0], module) == 0)
			break;
	}
	return at;
}

static const struct rows_index *make_index(const struct rows *rows)
{
	struct rows_index *index;
	size_t room = 16;

	assert(rows->len < UINT16_MAX);
	while (room < 2 * rows->len)
		room *= 2;
	index = mem_zero(1, sizeof(*index) + (room + rows->len) * sizeof(*index->at));
	index->room = room;
	/* The last one first: what is found is the first. */
	for (size_t row = rows->len; row-- > 0;) {
		const char *const *names = names_of(rows, row);
		const unsigned beginning = beginning_of(names[1]);
		size_t at = find(rows, index, names[0], names[1]);

		index->beginnings[beginning / 64] |= UINT64_C(1) << beginning % 64;
		index->at[room + row] = index->at[at];
		index->at[at] = (uint16_t)(row + 1);
	}
	return index;
}

static const struct rows_index *index_of(struct rows *rows)
{
	const struct rows_index *index = atomic_load(&rows->index), *made;

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
	const struct rows_index *index = index_of(rows);
	const unsigned beginning = beginning_of(function->name);
	size_t at;

	if (!(index->beginnings[beginning / 64] >> beginning % 64 & 1))
		return ROWS_END;
	at = find(rows, index, function->module, function->name);
	return index->at[at] ? index->at[at] - 1U : ROWS_END;
}

size_t rows_next(const struct rows *rows, size_t row)
{
	const struct rows_index *index = atomic_load(&rows->index);
	uint16_t next = index->at[index->room + row];

	return next ? next - 1U : ROWS_END;
}
