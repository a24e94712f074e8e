// SPDX-License-Identifier: Apache-2.0
/* utf8.h - code points in and out of UTF-8. */
#pragma once
#include "base/str.h"

enum { UTF8_MAX = 4 }; /* bytes of one code point */

/* Takes the next code point off *rest.  False, nothing taken, at the end and on
 * bytes that are not UTF-8 (overlong forms, surrogates and cut ones are not).
 */
bool utf8_next(struct span *rest, uint32_t *code);
/* Writes a code point (0..0x10ffff, no surrogate); the number of bytes. */
size_t utf8_write(char out[static UTF8_MAX], uint32_t code);
void utf8_add(struct str *out, uint32_t code);
bool utf8_valid(struct span text);
/* Code points of a valid text. */
size_t utf8_len(struct span text);
