// SPDX-License-Identifier: Apache-2.0
/* zstd.h - what others compressed with zstd (RFC 8878): layers of their images. */
#pragma once
#include "base/error.h"
#include "base/str.h"

#define ZSTD_HEAD "\x28\xb5\x2f\xfd"

/* All frames, one behind the other, of at most `max` plain bytes; appended to *out, which is
 * untouched on failure.  ERROR_INVALID: damaged, cut off, more than that, or a window of more than
 * 128 MB.  ERROR_FAILED: libzstd is not installed.
 */
must_check int zstd_inflate(struct str *out, struct span data, size_t max, struct error *err);
