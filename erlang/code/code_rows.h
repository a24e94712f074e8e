// SPDX-License-Identifier: Apache-2.0
/* code_rows.h - tables of functions that something is known of, by their names: asked at each call
 * that is followed, so that no table is gone through from its begin.
 *
 *	static struct rows rows = ROWS(table);
 *
 *	for (size_t i = rows_first(&rows, function); i != ROWS_END; i = rows_next(&rows, i))
 *		... table[i] ...
 */
#pragma once
#include "erlang/beam/beam.h"

#include <stdatomic.h>

#define ROWS_END SIZE_MAX

struct rows_index;

/* Each row begins with two texts, the names of a module and of a function. */
struct rows {
	const void *items;
	size_t len, size;
	_Atomic(const struct rows_index *) index; /* made when first asked for, by any thread */
};

#define ROWS(table)                                                 \
	{                                                           \
		(table), ARRAY_LEN(table), sizeof((table)[0]), NULL \
	}

/* The first row, in the order of the table, of a function of any arity; ROWS_END: there is none. */
size_t rows_first(struct rows *rows, const struct beam_function *function);
/* The next one of the same function. */
size_t rows_next(const struct rows *rows, size_t row);
