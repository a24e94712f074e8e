// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>

bool span_ends(struct span a, const char *suffix)
{
	size_t len = strlen(suffix);

	return a.len >= len && memcmp(a.ptr + a.len - len, suffix, len) == 0;
}

int span_compare(struct span a, struct span b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len ? memcmp(a.ptr, b.ptr, len) : 0;

	if (order == 0)
		order = (a.len > b.len) - (a.len < b.len);
	return (order > 0) - (order < 0);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
	return hash ^ hash >> 29;
}

/* Eight bytes at a time: many texts are hashed at each call that is followed in code. */
uint32_t span_hash(struct span text)
{
	uint64_t hash = text.len, word;

	for (; text.len >= sizeof(word); text.ptr += sizeof(word), text.len -= sizeof(word)) {
		memcpy(&word, text.ptr, sizeof(word));
		hash = mix(hash, word);
	}
	for (word = 0; text.len > 0; text.len--)
		word = word << 8 | (unsigned char)text.ptr[text.len - 1];
	return (uint32_t)mix(hash, word);
}

uint32_t text_hash(const char *text)
{
	return span_hash(span_of(text));
}

struct span span_trim(struct span a)
{
	while (a.len > 0 && is_space(a.ptr[0]))
		a = (struct span){ a.ptr + 1, a.len - 1 };
	while (a.len > 0 && is_space(a.ptr[a.len - 1]))
		a.len--;
	return a;
}

bool span_next(struct span *rest, char separator, struct span *part)
{
	const char *end;

	if (rest->len == 0)
		return false;
	end = memchr(rest->ptr, separator, rest->len);
	if (!end) {
		*part = *rest;
		rest->ptr += rest->len;
		rest->len = 0;
		return true;
	}
	part->ptr = rest->ptr;
	part->len = (size_t)(end - rest->ptr);
	rest->len -= part->len + 1;
	rest->ptr = end + 1;
	return true;
}

void *mem_alloc(size_t size)
{
	void *memory = malloc(size ? size : 1);

	if (!memory)
		abort();
	return memory;
}

void *mem_zero(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size ? size : 1);

	if (!memory)
		abort();
	return memory;
}

void *mem_resize(void *old, size_t count, size_t size)
{
	void *memory = reallocarray(old, count ? count : 1, size ? size : 1);

	if (!memory)
		abort();
	return memory;
}

char *mem_dup(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(mem_alloc(size), text, size);
}

void mem_done(void *pointer)
{
	free(*(void **)pointer);
}

char *str_room(struct str *s, size_t more)
{
	if (more >= SIZE_MAX / 2 - s->len)
		abort();
	if (s->len + more + 1 > s->cap) {
		size_t cap = s->cap ? s->cap : 32;

		while (cap < s->len + more + 1)
			cap *= 2;
		s->ptr = mem_resize(s->ptr, cap, 1);
		s->cap = cap;
	}
	s->ptr[s->len] = '\0';
	return s->ptr + s->len;
}

void str_add(struct str *s, struct span text)
{
	char *room = str_room(s, text.len);

	if (text.len > 0)
		memcpy(room, text.ptr, text.len);
	s->len += text.len;
	s->ptr[s->len] = '\0';
}

void str_adds(struct str *s, const char *text)
{
	str_add(s, span_of(text));
}

void str_addc(struct str *s, char c)
{
	str_add(s, (struct span){ &c, 1 });
}

void str_addv(struct str *s, const char *format, va_list args)
{
	size_t left = s->cap - s->len;
	va_list again;
	int len;

	va_copy(again, args);
	len = vsnprintf(s->ptr ? s->ptr + s->len : NULL, left, format, args);
	if (len < 0)
		abort();
	/* Mostly there was room. */
	if ((size_t)len >= left)
		vsnprintf(str_room(s, (size_t)len), (size_t)len + 1, format, again);
	va_end(again);
	s->len += (size_t)len;
}

void str_addf(struct str *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	str_addv(s, format, args);
	va_end(args);
}

void str_clear(struct str *s)
{
	s->len = 0;
	if (s->ptr)
		s->ptr[0] = '\0';
}

void str_drop(struct str *s, size_t n)
{
	if (n == 0)
		return;
	memmove(s->ptr, s->ptr + n, s->len - n);
	s->len -= n;
	s->ptr[s->len] = '\0';
}

void str_done(struct str *s)
{
	free(s->ptr);
	*s = (struct str)STR_EMPTY;
}

const char *str_text(const struct str *s)
{
	return s->ptr ? s->ptr : "";
}
