// SPDX-License-Identifier: Apache-2.0
/* str.h - text: a view that borrows (struct span), a buffer that grows (struct str).
 *
 * A span is a pointer and a length into somebody else's bytes; it need not end
 * in NUL.  A str owns its bytes and always ends in NUL.  Out of memory aborts.
 */
#pragma once
#include "base/base.h"

#include <stdarg.h>
#include <string.h>

struct span {
	const char *ptr;
	size_t len;
};

#define SPAN(literal) ((struct span){ literal, sizeof(literal) - 1 })
#define SPAN_FMT "%.*s"
#define SPAN_ARG(span) (int)(span).len, (span).ptr

static inline struct span span_of(const char *text)
{
	return (struct span){ text, strlen(text) };
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Here, so that nothing is called where the text is a short literal. */
static inline bool span_is(struct span a, const char *text)
{
	return span_equal(a, span_of(text));
}

static inline bool span_starts(struct span a, const char *prefix)
{
	size_t len = strlen(prefix);

	return a.len >= len && memcmp(a.ptr, prefix, len) == 0;
}

bool span_ends(struct span a, const char *suffix);
/* -1, 0 or 1: byte order, the shorter first. */
int span_compare(struct span a, struct span b);
/* A number for a text, mostly another one for another text; of no use beyond this process. */
uint32_t span_hash(struct span text);
uint32_t text_hash(const char *text);
/* Without white space at both ends. */
struct span span_trim(struct span a);
/* Cuts the next part off *rest, up to `separator` or the end; false when *rest
 * is used up.  "a,b" gives "a", "b"; "a," gives "a" only.
 */
bool span_next(struct span *rest, char separator, struct span *part);

struct str {
	char *ptr; /* NUL-terminated; never NULL after the first add */
	size_t len;
	size_t cap;
};

#define STR_EMPTY          \
	{                  \
		NULL, 0, 0 \
	}

void str_add(struct str *s, struct span text);
void str_adds(struct str *s, const char *text);
void str_addc(struct str *s, char c);
void str_addf(struct str *s, const char *format, ...) printf_like(2, 3);
void str_addv(struct str *s, const char *format, va_list args) printf_like(2, 0);
/* Room for `more` bytes behind the present end; the caller writes there and
 * then raises len.  Returns the address of the first of them.
 */
char *str_room(struct str *s, size_t more);
/* Empties; keeps the memory. */
void str_clear(struct str *s);
/* Cuts the first n bytes off. */
void str_drop(struct str *s, size_t n);
void str_done(struct str *s);
/* The text so far, "" when nothing was added; borrowed. */
const char *str_text(const struct str *s);

static inline struct span str_span(const struct str *s)
{
	return (struct span){ str_text(s), s->len };
}

#define owned_str owned(str_done)

/* malloc and friends that abort when memory is out; free() with free(). */
void *mem_alloc(size_t size);
void *mem_zero(size_t count, size_t size);
void *mem_resize(void *old, size_t count, size_t size);
char *mem_dup(const char *text);

/* For `owned_mem char *text`: free()s what the pointer holds. */
void mem_done(void *pointer);
#define owned_mem owned(mem_done)
