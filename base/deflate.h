// SPDX-License-Identifier: Apache-2.0
/* deflate.h - compressed data in and out (libdeflate, and zlib where libdeflate cannot). */
#pragma once
#include "base/error.h"
#include "base/str.h"

/* zlib data whose plain size is known beforehand (and must match); appended to *out. */
must_check int zlib_inflate(struct str *out, struct span data, size_t size, struct error *err);
/* The same when more bytes may follow: *used receives how many were taken. */
must_check int zlib_inflate_some(struct str *out, struct span data, size_t size, size_t *used,
				 struct error *err);
/* The first gzip member, of at most `max` plain bytes; appended to *out. */
must_check int gzip_inflate(struct str *out, struct span data, size_t max, struct error *err);
/* All members, one behind the other. */
must_check int gzip_inflate_all(struct str *out, struct span data, size_t max, struct error *err);

/* ---- compressing in pieces ----
 *
 * Pieces may be compressed apart, in any order and on any thread; put one after the
 * other, with DEFLATE_END behind the last, they are one deflate stream (RFC 1951).
 * The same bytes in give the same bytes out on every machine, as long as libdeflate's
 * version is the same.
 */
enum { DEFLATE_LEVEL = 5 };
/* An empty block with the bit that says "last". */
#define DEFLATE_END SPAN("\3\0")

/* Appends one piece: blocks none of which is the last, ending on a whole byte.  What was
 * made is read back by another library and compared, before it is believed.  At most
 * 1 GiB at a time.
 */
must_check int deflate_piece(struct str *out, struct span data, struct error *err);
/* Tells one compressor from another: what is kept from an earlier run is only right while
 * this number is the same.
 */
uint32_t deflate_fingerprint(void);

uint32_t crc32_of(struct span data);
/* Of a followed by b, from their sums and the length of b. */
uint32_t crc32_join(uint32_t a, uint32_t b, uint64_t b_len);
