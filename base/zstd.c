// SPDX-License-Identifier: Apache-2.0
#include "base/zstd.h"

#include <stdlib.h>
#include <zstd.h>

static void stream_done(ZSTD_DStream **stream)
{
	ZSTD_freeDStream(*stream);
}
#define owned_stream owned(stream_done)

static int inflate_some(struct str *out, ZSTD_DStream *stream, ZSTD_inBuffer *in, size_t *left,
			struct error *err)
{
	size_t room = ZSTD_DStreamOutSize();
	ZSTD_outBuffer to = { str_room(out, room), room, 0 };

	*left = ZSTD_decompressStream(stream, &to, in);
	if (ZSTD_isError(*left))
		return error_set(err, ERROR_INVALID, "damaged: zstd: %s", ZSTD_getErrorName(*left));
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
	owned_stream ZSTD_DStream *stream = ZSTD_createDStream();
	size_t start = out->len;

	if (!stream)
		abort();
	if (inflate(out, stream, data, max, err)) {
		out->len = start;
		return -1;
	}
	return 0;
}
