// SPDX-License-Identifier: Apache-2.0
/* name_table.h - names as small numbers: 0, 1, … in the order in which they are first seen.
 *
 * Serves as a set (is it there?), as a check for duplicates (is it new?) and as the
 * index of arrays that belong to names.  Names are borrowed and must outlive the table.
 */
#pragma once
#include "base/str.h"

struct name_table; /* opaque: see name_table.c */

#define NAME_ABSENT SIZE_MAX

struct name_table *name_table_new(void);
void name_table_free(struct name_table *table); /* NULL is fine */

/* The number of a name, which is put into the table when it is not there yet.
 * *is_new, when wanted, tells that.
 */
size_t name_table_add(struct name_table *table, const char *name, bool *is_new);
/* The same of a name that need not outlive the table, which keeps a copy. */
size_t name_table_add_copy(struct name_table *table, struct span name);
/* NAME_ABSENT when it is not there. */
size_t name_table_find(const struct name_table *table, struct span name);
/* The name of a number that was given out. */
const char *name_table_name(const struct name_table *table, size_t id);
size_t name_table_len(const struct name_table *table);

static inline void name_table_done(struct name_table **table)
{
	name_table_free(*table);
}
#define owned_name_table owned(name_table_done)
