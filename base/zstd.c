// SPDX-License-Identifier: Apache-2.0
#include "base/zstd.h"

#include "base/library.h"

#include <stdlib.h>
#include <zstd.h>

/* clang-format off */
#define FUNCTIONS(X) \
	X(createDStream) X(freeDStream) X(DStreamOutSize) X(decompressStream) X(isError) X(getErrorName)
/* clang-format on */

#define X(name) __typeof__(&ZSTD_##name) name;
static struct {
	FUNCTIONS(X)
} zstd;
#undef X

#define X(name) LIBRARY_FUNCTION(ZSTD_##name, zstd.name),
static const struct library_function functions[] = { FUNCTIONS(X) };
#undef X

static struct library library =
	LIBRARY("libzstd.so.1", functions, "Zstandard is read with libzstd: install libzstd1.");

static void stream_done(ZSTD_DStream **stream)
{
	if (*stream)
		zstd.freeDStream(*stream);
}
#define owned_stream owned(stream_done)

static int inflate_some(struct str *out, ZSTD_DStream *stream, ZSTD_inBuffer *in, size_t *left,
			struct error *err)
{
	size_t room = zstd.DStreamOutSize();
	ZSTD_outBuffer to = { str_room(out, room), room, 0 };

	*left = zstd.decompressStream(stream, &to, in);
	if (zstd.isError(*left))
		return error_set(err, ERROR_INVALID, "damaged: zstd: %s", zstd.getErrorName(*left));
	out->len += to.pos;
	if (*left > 0 && in->pos == in->size && to.pos < room)
		return error_set(err, ERROR_INVALID, "damaged: zstd: it is cut off");
	return 0;
}

static int inflate(struct str *out, ZSTD_DStream *stream, struct span data, size_t max,
		   struct error *err)
{
	ZSTD_inBuffer in = { data.ptr, data.len, 0 };
	size_t start = out->len, left;

	do {
		if (inflate_some(out, stream, &in, &left, err))
			return -1;
		if (out->len - start > max)
			return error_set(err, ERROR_INVALID, "unpacks to more than %zu bytes", max);
	} while (left > 0 || in.pos < in.size);
	return 0;
}

int zstd_inflate(struct str *out, struct span data, size_t max, struct error *err)
{
	owned_stream ZSTD_DStream *stream = NULL;
	size_t start = out->len;

	if (library_load(&library, err))
		return -1;
	stream = zstd.createDStream();
	if (!stream)
		abort();
	if (inflate(out, stream, data, max, err)) {
		out->len = start;
		return -1;
	}
	return 0;
}
