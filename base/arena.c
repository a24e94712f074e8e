// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>

/* The first block is small, since many arenas hold a path or two; each is twice the last one. */
enum { FIRST_SIZE = 2 * 1024, BLOCK_SIZE = 64 * 1024 };

static struct arena_block *block_new(struct arena *arena, size_t size)
{
	size_t last = arena->blocks ? arena->blocks->size : FIRST_SIZE / 2;
	size_t usual = last < BLOCK_SIZE / 2 ? 2 * last : BLOCK_SIZE;
	size_t room = size > usual ? size : usual;
	struct arena_block *block = mem_zero(1, sizeof(*block) + room);

	block->size = room;
	/* A block made for one large piece is full at once: keep filling the
	 * present one.
	 */
	if (size > BLOCK_SIZE && arena->blocks) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		block->next = arena->blocks;
		arena->blocks = block;
	}
	return block;
}

void *arena_alloc_(struct arena *arena, size_t size)
{
	struct arena_block *block;

	if (size > SIZE_MAX / 4)
		abort();
	block = block_new(arena, arena_size_(size));
	block->used = arena_size_(size);
	return block->data;
}

void *arena_alloc_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		abort();
	return arena_alloc(arena, bytes);
}

void *arena_grow_(struct arena *arena, const void *array, size_t len, size_t *cap, size_t size)
{
	size_t more = *cap ? *cap * 2 : 8;
	void *grown;

	grown = arena_alloc_array(arena, more, size);
	if (len > 0)
		memcpy(grown, array, len * size);
	*cap = more;
	return grown;
}

char *arena_dup(struct arena *arena, struct span text)
{
	char *copy = arena_alloc(arena, text.len + 1);

	if (text.len > 0)
		memcpy(copy, text.ptr, text.len);
	return copy;
}

char *arena_text(struct arena *arena, struct span text)
{
	static const char picture[] = "\xe2\x90\x80";
	size_t nuls = 0;
	char *copy, *at;

	for (size_t i = 0; i < text.len; i++)
		nuls += text.ptr[i] == '\0';
	if (nuls == 0)
		return arena_dup(arena, text);
	copy = at = arena_alloc(arena, text.len + 1 + nuls * (sizeof(picture) - 2));
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] != '\0')
			*at++ = text.ptr[i];
		else
			at = mempcpy(at, picture, sizeof(picture) - 1);
	}
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	char *text, mostly[128];
	va_list args, again;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(mostly, sizeof(mostly), format, args);
	va_end(args);
	if (len < 0)
		abort();
	text = arena_alloc(arena, (size_t)len + 1);
	if ((size_t)len < sizeof(mostly))
		memcpy(text, mostly, (size_t)len);
	else
		vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	return text;
}

bool arena_has(const struct arena *arena, const void *pointer)
{
	const uintptr_t at = (uintptr_t)pointer;

	for (const struct arena_block *block = arena->blocks; block; block = block->next)
		if (at >= (uintptr_t)block->data && at < (uintptr_t)block->data + block->size)
			return true;
	return false;
}

void arena_join(struct arena *into, struct arena *from)
{
	struct arena_block **end = &from->blocks;

	while (*end)
		end = &(*end)->next;
	/* Behind the block that is being filled. */
	if (into->blocks) {
		*end = into->blocks->next;
		into->blocks->next = from->blocks;
	} else {
		into->blocks = from->blocks;
	}
	from->blocks = NULL;
}

struct arena_mark arena_mark(const struct arena *arena)
{
	struct arena_block *block = arena->blocks;

	return (struct arena_mark){ block, block ? block->next : NULL, block ? block->used : 0 };
}

/* The blocks from one on, up to another. */
static void free_blocks(struct arena_block *block, const struct arena_block *end)
{
	while (block != end) {
		struct arena_block *next = block->next;

		free(block);
		block = next;
	}
}

void arena_release(struct arena *arena, struct arena_mark mark)
{
	free_blocks(arena->blocks, mark.block);
	arena->blocks = mark.block;
	if (!mark.block)
		return;
	/* Large pieces lie behind the block that is being filled. */
	free_blocks(mark.block->next, mark.behind);
	mark.block->next = mark.behind;
	memset((char *)mark.block->data + mark.used, 0, mark.block->used - mark.used);
	mark.block->used = mark.used;
}

void arena_done(struct arena *arena)
{
	free_blocks(arena->blocks, NULL);
	arena->blocks = NULL;
}
