// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_copy.h"

#define uthash_malloc(size) mem_alloc(size)
#include <uthash.h>

struct copied {
	const void *was;
	const void *is;
	UT_hash_handle hh;
};

/* The copy, where there is one; where none is needed, the same. */
static const void *find(const struct copying *copying, const void *was)
{
	struct copied *copied;

	if (!was || !arena_has(copying->from, was))
		return was;
	HASH_FIND_PTR(copying->seen, &was, copied);
	return copied ? copied->is : NULL;
}

static void *note(struct copying *copying, const void *was, size_t size)
{
	struct copied *copied = mem_alloc(sizeof(*copied));
	void *is = arena_alloc(copying->into, size);

	if (size > 0)
		memcpy(is, was, size);
	copied->was = was;
	copied->is = is;
	HASH_ADD_PTR(copying->seen, was, copied);
	return is;
}

void copying_done(struct copying *copying)
{
	struct copied *copied, *next;

	HASH_ITER(hh, copying->seen, copied, next)
	{
		HASH_DEL(copying->seen, copied);
		free(copied);
	}
}

/* With a NUL behind it. */
static void copy_bytes(struct copying *copying, struct span *bytes)
{
	if (bytes->ptr && arena_has(copying->from, bytes->ptr))
		bytes->ptr = arena_dup(copying->into, *bytes);
}

const char *text_copy(struct copying *copying, const char *text)
{
	return text && arena_has(copying->from, text) ? arena_dup(copying->into, span_of(text))
						      : text;
}

/* ---- terms ---- */

static const struct term *term_copy(struct copying *copying, const struct term *term);

static const struct term *const *terms_copy(struct copying *copying,
					    const struct term *const *items, size_t len)
{
	const struct term **copy = arena_array(copying->into, len, const struct term *);

	for (size_t i = 0; i < len; i++)
		copy[i] = term_copy(copying, items[i]);
	return copy;
}

static const struct term *term_copy(struct copying *copying, const struct term *term)
{
	const struct term *found = find(copying, term);
	struct term *copy;

	if (found || !term)
		return found;
	copy = note(copying, term, sizeof(*term));
	switch (term->kind) {
	case TERM_ATOM:
		if (arena_has(copying->from, term->text.ptr))
			copy->text = term_atom_text(copying->into, term->text);
		break;
	case TERM_BINARY:
	case TERM_OPAQUE:
		copy_bytes(copying, &copy->text);
		break;
	case TERM_BIG:
		copy_bytes(copying, &copy->big.bytes);
		break;
	case TERM_BITSTRING:
		copy_bytes(copying, &copy->bitstring.bytes);
		break;
	case TERM_LIST:
	case TERM_TUPLE:
		copy->seq.items = terms_copy(copying, term->seq.items, term->seq.len);
		copy->seq.tail = term_copy(copying, term->seq.tail);
		break;
	case TERM_MAP:
		copy->map.keys = terms_copy(copying, term->map.keys, term->map.len);
		copy->map.values = terms_copy(copying, term->map.values, term->map.len);
		break;
	case TERM_RECORD:
		copy->record.module = term_copy(copying, term->record.module);
		copy->record.name = term_copy(copying, term->record.name);
		copy->record.fields = terms_copy(copying, term->record.fields, term->record.len);
		copy->record.values = terms_copy(copying, term->record.values, term->record.len);
		break;
	case TERM_PID:
	case TERM_PORT:
	case TERM_REFERENCE:
		copy_bytes(copying, &copy->id.node);
		break;
	case TERM_INTEGER:
	case TERM_FLOAT:
		break;
	}
	return copy;
}

/* ---- values ---- */

static const struct value *const *values_copy(struct copying *copying,
					      const struct value *const *items, size_t len)
{
	const struct value **copy = arena_array(copying->into, len, const struct value *);

	for (size_t i = 0; i < len; i++)
		copy[i] = value_copy(copying, items[i]);
	return copy;
}

const struct value *value_copy(struct copying *copying, const struct value *value)
{
	const struct value *found = find(copying, value);
	struct value *copy;

	if (found || !value)
		return found;
	copy = note(copying, value, sizeof(*value));
	switch (value->kind) {
	case VALUE_UNKNOWN:
		copy->where.module = text_copy(copying, value->where.module);
		copy->where.name = text_copy(copying, value->where.name);
		copy->begins = text_copy(copying, value->begins);
		copy->packed = value_copy(copying, value->packed);
		break;
	case VALUE_TERM:
		copy->constant.term = term_copy(copying, value->constant.term);
		break;
	case VALUE_ARGUMENT:
		break;
	case VALUE_TUPLE:
		copy->tuple.items = values_copy(copying, value->tuple.items, value->tuple.len);
		break;
	case VALUE_CONS:
		copy->cons.head = value_copy(copying, value->cons.head);
		copy->cons.tail = value_copy(copying, value->cons.tail);
		break;
	case VALUE_MAP:
		copy->map.base = value_copy(copying, value->map.base);
		copy->map.key = value_copy(copying, value->map.key);
		copy->map.value = value_copy(copying, value->map.value);
		break;
	case VALUE_FUN:
		copy->fun.env = values_copy(copying, value->fun.env, value->fun.len);
		break;
	}
	return copy;
}
