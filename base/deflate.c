// SPDX-License-Identifier: Apache-2.0
#include "base/deflate.h"

#include <libdeflate.h>
#include <stdlib.h>

/* No byte of deflate gives more than this many: what claims more is refused before
 * memory is asked for.
 */
enum { RATIO_MAX = 1032 };

static void free_inflater(struct libdeflate_decompressor **inflater)
{
	libdeflate_free_decompressor(*inflater);
}
#define owned_inflater owned(free_inflater)

static struct libdeflate_decompressor *new_inflater(void)
{
	struct libdeflate_decompressor *inflater = libdeflate_alloc_decompressor();

	if (!inflater)
		abort();
	return inflater;
}

static bool too_good(struct span data, size_t size)
{
	return size / RATIO_MAX > data.len;
}

int zlib_inflate_some(struct str *out, struct span data, size_t size, size_t *used,
		      struct error *err)
{
	owned_inflater struct libdeflate_decompressor *inflater = new_inflater();
	size_t taken;

	if (too_good(data, size))
		return error_set(err, ERROR_INVALID, "compressed data: %zu bytes cannot hold %zu",
				 data.len, size);
	if (libdeflate_zlib_decompress_ex(inflater, data.ptr, data.len, str_room(out, size), size,
					  &taken, NULL) != LIBDEFLATE_SUCCESS)
		return error_set(err, ERROR_INVALID,
				 "compressed data: damaged, or not the %zu bytes it claims", size);
	out->len += size;
	out->ptr[out->len] = '\0';
	*used = taken;
	return 0;
}

int zlib_inflate(struct str *out, struct span data, size_t size, struct error *err)
{
	size_t len = out->len, used;

	if (zlib_inflate_some(out, data, size, &used, err))
		return -1;
	if (used == data.len)
		return 0;
	out->len = len;
	return error_set(err, ERROR_INVALID, "compressed data: %zu bytes too many",
			 data.len - used);
}

/* The size that stands in the last four bytes; it is a hint, since it may lie. */
static size_t gzip_hint(struct span data)
{
	const uint8_t *end = (const uint8_t *)data.ptr + data.len;

	if (data.len < 18)
		return 0;
	return end[-4] | (size_t)end[-3] << 8 | (size_t)end[-2] << 16 | (size_t)end[-1] << 24;
}

int gzip_inflate(struct str *out, struct span data, size_t max, struct error *err)
{
	owned_inflater struct libdeflate_decompressor *inflater = new_inflater();
	size_t room = gzip_hint(data), size;
	enum libdeflate_result result;

	if (too_good(data, room))
		room = data.len;
	if (room > max)
		room = max;
	for (;;) {
		result = libdeflate_gzip_decompress(inflater, data.ptr, data.len,
						    str_room(out, room), room, &size);
		if (result != LIBDEFLATE_INSUFFICIENT_SPACE || room == max)
			break;
		room = room < max / 4 ? room * 4 + 64 : max;
	}
	if (result == LIBDEFLATE_INSUFFICIENT_SPACE)
		return error_set(err, ERROR_INVALID, "gzip data: more than %zu bytes inside", max);
	if (result != LIBDEFLATE_SUCCESS)
		return error_set(err, ERROR_INVALID, "gzip data: damaged");
	out->len += size;
	out->ptr[out->len] = '\0';
	return 0;
}
