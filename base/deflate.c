// SPDX-License-Identifier: Apache-2.0
#include "base/deflate.h"

#include <assert.h>
#include <libdeflate.h>
#include <stdlib.h>
#include <zlib.h>

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

/* Takes one member from the beginning of the data. */
static int take_member(struct str *out, struct span *data, size_t max, struct error *err)
{
	owned_inflater struct libdeflate_decompressor *inflater = new_inflater();
	size_t room = gzip_hint(*data), used, size;
	enum libdeflate_result result;

	if (too_good(*data, room))
		room = data->len;
	if (room > max)
		room = max;
	for (;;) {
		result = libdeflate_gzip_decompress_ex(inflater, data->ptr, data->len,
						       str_room(out, room), room, &used, &size);
		if (result != LIBDEFLATE_INSUFFICIENT_SPACE || room == max)
			break;
		room = room < max / 4 ? room * 4 + 64 : max;
	}
	if (result == LIBDEFLATE_INSUFFICIENT_SPACE)
		return error_set(err, ERROR_INVALID, "gzip data: unpacks to more than %zu bytes",
				 max);
	if (result != LIBDEFLATE_SUCCESS)
		return error_set(err, ERROR_INVALID, "gzip data: damaged");
	out->len += size;
	out->ptr[out->len] = '\0';
	*data = (struct span){ data->ptr + used, data->len - used };
	return 0;
}

int gzip_inflate(struct str *out, struct span data, size_t max, struct error *err)
{
	return take_member(out, &data, max, err);
}

int gzip_inflate_all(struct str *out, struct span data, size_t max, struct error *err)
{
	size_t start = out->len;

	do {
		if (take_member(out, &data, max - (out->len - start), err)) {
			out->len = start;
			return -1;
		}
	} while (span_starts(data, "\x1f\x8b"));
	return 0;
}

/* ---- compressing ---- */

static void free_deflater(struct libdeflate_compressor **deflater)
{
	libdeflate_free_compressor(*deflater);
}
#define owned_deflater owned(free_deflater)

static void free_stream(z_stream *stream)
{
	inflateEnd(stream);
}
#define owned_stream owned(free_stream)

/* Where things are in a stream, in bits from its start. */
struct ends {
	size_t last_block; /* the header of the last block */
	size_t end;        /* behind its last bit */
};

/* Only by decoding can it be known where a block begins; zlib stops at each.  That the
 * plain bytes come out of it is worth knowing, too.
 */
static bool find_ends(struct ends *out, struct span deflated, struct span plain)
{
	owned_mem char *room = mem_alloc(plain.len + 1);
	owned_stream z_stream z = { .next_in = (Bytef *)(uintptr_t)deflated.ptr,
				    .avail_in = (uInt)deflated.len,
				    .next_out = (Bytef *)room,
				    .avail_out = (uInt)plain.len + 1 };
	struct ends ends = { 0, 0 };

	if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
		abort();
	for (;;) {
		if (inflate(&z, Z_BLOCK) != Z_OK)
			return false;
		if (!(z.data_type & 128))
			continue;
		ends.end = 8 * z.total_in - (z.data_type & 7);
		if (z.data_type & 64)
			break;
		ends.last_block = ends.end;
	}
	*out = ends;
	return z.total_in == deflated.len && z.total_out == plain.len &&
	       memcmp(room, plain.ptr, plain.len) == 0;
}

/* The last block becomes one like the others, and an empty stored block (three zero bits, zeros
 * up to the next byte, its length and the complement of that) brings the stream to a
 * whole byte.
 */
static void open_end(struct str *out, size_t start, const struct ends *ends)
{
	out->ptr[start + ends->last_block / 8] &= (char)~(1u << ends->last_block % 8);
	if (ends->end % 8 == 0 || ends->end % 8 > 5)
		str_addc(out, '\0');
	str_add(out, SPAN("\0\0\xff\xff"));
}

static void deflate_all(struct str *out, struct span data)
{
	owned_deflater struct libdeflate_compressor *deflater =
		libdeflate_alloc_compressor(DEFLATE_LEVEL);
	size_t bound;

	if (!deflater)
		abort();
	bound = libdeflate_deflate_compress_bound(deflater, data.len);
	out->len += libdeflate_deflate_compress(deflater, data.ptr, data.len, str_room(out, bound),
						bound);
}

int deflate_piece(struct str *out, struct span data, struct error *err)
{
	size_t start = out->len;
	struct ends ends;

	assert(data.len < 1u << 30);
	if (data.len == 0)
		return 0;
	deflate_all(out, data);
	if (!find_ends(&ends, (struct span){ out->ptr + start, out->len - start }, data)) {
		out->len = start;
		return error_set(err, ERROR_FAILED,
				 "libdeflate compressed %zu bytes to what zlib does not read back",
				 data.len);
	}
	open_end(out, start, &ends);
	return 0;
}

uint32_t deflate_fingerprint(void)
{
	owned_str struct str out = STR_EMPTY;
	char sample[1 << 14];
	uint32_t state = 1;

	/* Some bytes are new, most repeat what came before: there is more than one way to say it.
	 */
	for (uint32_t i = 0; i < sizeof(sample); i++) {
		state = state * 1664525 + 1013904223;
		sample[i] = (char)(state >> 24);
		if (i > 0 && state >> 30)
			sample[i] = sample[i - 1 - (state >> 16) % (i < 40 ? i : 40)];
	}
	deflate_all(&out, (struct span){ sample, sizeof(sample) });
	return crc32_of(str_span(&out)) ^ DEFLATE_LEVEL;
}

uint32_t crc32_of(struct span data)
{
	return libdeflate_crc32(0, data.ptr, data.len);
}

uint32_t crc32_join(uint32_t a, uint32_t b, uint64_t b_len)
{
	return (uint32_t)crc32_combine(a, b, (z_off_t)b_len);
}
