// SPDX-License-Identifier: Apache-2.0
#include "base/name_table.h"
#include "base/arena.h"

#include <assert.h>
#include <stdlib.h>

/* Out of memory aborts, here as everywhere. */
#define uthash_malloc(size) mem_alloc(size)
#define HASH_FUNCTION(key, len, hash) (hash = span_hash((struct span){ key, len }))
#include <uthash.h>

struct entry {
	const char *name;
	size_t id;
	UT_hash_handle hh;
};

struct name_table {
	struct arena arena; /* of the entries */
	struct entry *head;
	const char **names; /* by number */
	size_t len, cap;
};

struct name_table *name_table_new(void)
{
	return mem_zero(1, sizeof(struct name_table));
}

void name_table_free(struct name_table *table)
{
	if (!table)
		return;
	HASH_CLEAR(hh, table->head);
	free(table->names);
	arena_done(&table->arena);
	free(table);
}

static struct entry *find(const struct name_table *table, struct span name)
{
	struct entry *entry;

	HASH_FIND(hh, table->head, name.ptr, name.len, entry);
	return entry;
}

static size_t insert(struct name_table *table, const char *name)
{
	struct entry *entry = arena_new(&table->arena, struct entry);

	if (table->len == table->cap) {
		table->cap = table->cap ? 2 * table->cap : 64;
		table->names = mem_resize(table->names, table->cap, sizeof(table->names[0]));
	}
	entry->name = name;
	entry->id = table->len;
	table->names[table->len++] = name;
	HASH_ADD_KEYPTR(hh, table->head, name, strlen(name), entry);
	return entry->id;
}

size_t name_table_add(struct name_table *table, const char *name, bool *is_new)
{
	const struct entry *entry = find(table, span_of(name));

	if (is_new)
		*is_new = !entry;
	return entry ? entry->id : insert(table, name);
}

size_t name_table_add_copy(struct name_table *table, struct span name)
{
	const struct entry *entry = find(table, name);

	return entry ? entry->id : insert(table, arena_dup(&table->arena, name));
}

size_t name_table_find(const struct name_table *table, struct span name)
{
	const struct entry *entry = find(table, name);

	return entry ? entry->id : NAME_ABSENT;
}

const char *name_table_name(const struct name_table *table, size_t id)
{
	assert(id < table->len);
	return table->names[id];
}

size_t name_table_len(const struct name_table *table)
{
	return table->len;
}
