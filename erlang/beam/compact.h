// SPDX-License-Identifier: Apache-2.0
/* compact.h - compact terms: how numbers and operands lie in a BEAM file.
 *
 * Facts of the format: three bits of tag; then a value of four bits, or of eleven in one byte
 * more, or in the bytes that follow: 2 to 8, or 9 and as many more as a compact number says.
 * Tag 7 is extended: its value says which kind, and how that goes on is up to the kind.
 */
#pragma once
#include "base/str.h"

enum compact_tag {
	COMPACT_NUMBER, /* a count or an index */
	COMPACT_INTEGER,
	COMPACT_ATOM,
	COMPACT_X,
	COMPACT_Y,
	COMPACT_LABEL,
	COMPACT_CHAR,
	COMPACT_EXTENDED,
};

/* The values of tag 7, and what lies behind. */
enum compact_extended {
	COMPACT_FLOAT,   /* eight bytes */
	COMPACT_LIST,    /* a number, and so many terms */
	COMPACT_FR,      /* a number */
	COMPACT_ALLOC,   /* a number, and so many pairs of numbers */
	COMPACT_LITERAL, /* a number */
	COMPACT_TYPED,   /* a term, a number */
};

enum { COMPACT_BYTES_MAX = 8192 + 9 }; /* of one value */

struct compact {
	enum compact_tag tag;
	uint64_t value;    /* of up to eleven bits */
	struct span bytes; /* of a longer one, the highest first; ptr NULL: there are none */
};

/* Takes the first one from `rest`, which stays where it was when it is none.  Returns NULL, or
 * what is wrong with it.
 */
const char *compact_take_(struct compact *out, struct span *rest);
static inline const char *compact_take(struct compact *out, struct span *rest)
{
	/* Most are of one byte. */
	if (rest->len == 0 || rest->ptr[0] & 8)
		return compact_take_(out, rest);
	*out = (struct compact){ .tag = (uint8_t)rest->ptr[0] & 7,
				 .value = (uint8_t)rest->ptr[0] >> 4 };
	*rest = (struct span){ rest->ptr + 1, rest->len - 1 };
	return NULL;
}
/* One that must be a number, of up to 64 bits. */
const char *compact_take_number(uint64_t *out, struct span *rest);
/* The value without a sign; false when it has more than 64 bits. */
bool compact_value(uint64_t *out, const struct compact *term);
/* Steps over one, with all that lies behind when it is extended. */
const char *compact_skip(struct span *rest);
