// SPDX-License-Identifier: Apache-2.0
/* arena.h - memory that is freed all at once.
 *
 * Whatever one document or one command parses lives in one arena and needs no
 * free of its own.  Pointers stay valid until arena_done().
 */
#pragma once
#include "base/str.h"

/* Only arena.c and arena_alloc() look inside. */
struct arena_block {
	struct arena_block *next;
	size_t used, size;
	max_align_t data[];
};

struct arena {
	struct arena_block *blocks; /* the newest first */
};

#define ARENA_EMPTY  \
	{            \
		NULL \
	}

static inline size_t arena_size_(size_t size)
{
	return (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
}

void *arena_alloc_(struct arena *arena, size_t size); /* in a new block */

/* `size` zeroed bytes, aligned for any type. */
static inline void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_block *block = arena->blocks;
	char *piece;

	if (!block || size > block->size - block->used ||
	    arena_size_(size) > block->size - block->used)
		return arena_alloc_(arena, size);
	piece = (char *)block->data + block->used;
	block->used += arena_size_(size);
	return piece;
}

/* A copy with a NUL behind it. */
char *arena_dup(struct arena *arena, struct span text);
/* The same as C text: what stands for a NUL in it is U+2400, the picture of one. */
char *arena_text(struct arena *arena, struct span text);
char *arena_printf(struct arena *arena, const char *format, ...) printf_like(2, 3);
void arena_done(struct arena *arena);
/* How far it is filled; and back to there: what was taken since is gone.  Not across arena_join().
 */
struct arena_mark {
	struct arena_block *block, *behind;
	size_t used;
};
struct arena_mark arena_mark(const struct arena *arena);
void arena_release(struct arena *arena, struct arena_mark mark);
/* Whether it lies in one of its blocks. */
bool arena_has(const struct arena *arena, const void *pointer);
/* All that `from` holds belongs to `into` from now on; `from` is empty. */
void arena_join(struct arena *into, struct arena *from);

#define arena_new(arena, type) ((type *)arena_alloc(arena, sizeof(type)))
#define arena_array(arena, count, type) ((type *)arena_alloc_array(arena, count, sizeof(type)))
/* Aborts when count * size overflows. */
void *arena_alloc_array(struct arena *arena, size_t count, size_t size);

/* Makes room for one more element in an array that lives in the arena:
 *
 *	names = arena_grow(arena, names, len, &cap);
 *	names[len++] = name;
 *
 * The old array stays where it was, unused.
 */
#define arena_grow(arena, array, len, cap) \
	((len) < *(cap)                    \
		 ? (array)                 \
		 : (__typeof__(array))arena_grow_(arena, array, len, cap, sizeof((array)[0])))
void *arena_grow_(struct arena *arena, const void *array, size_t len, size_t *cap, size_t size);

#define owned_arena owned(arena_done)
