// SPDX-License-Identifier: Apache-2.0
/* deflate.h - decompression of what beams and terms carry (libdeflate). */
#pragma once
#include "base/error.h"
#include "base/str.h"

/* zlib data whose plain size is known beforehand (and must match); appended to *out. */
must_check int zlib_inflate(struct str *out, struct span data, size_t size, struct error *err);
/* The same when more bytes may follow: *used receives how many were taken. */
must_check int zlib_inflate_some(struct str *out, struct span data, size_t size, size_t *used,
				 struct error *err);
/* One gzip member of at most `max` plain bytes; appended to *out. */
must_check int gzip_inflate(struct str *out, struct span data, size_t max, struct error *err);
