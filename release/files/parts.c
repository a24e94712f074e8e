// SPDX-License-Identifier: Apache-2.0
#include "release/files/parts.h"

#include "base/deflate.h"
#include "base/parallel.h"

#include <stdlib.h>

struct parts parts_cut(struct arena *arena, const struct packer *packer)
{
	struct part *items = NULL;
	size_t len = 0, cap = 0;

	for (size_t i = 0; i < packer->pieces.len; i++) {
		struct span name = piece_group(&packer->pieces, i);

		if (len == 0 || !span_equal(items[len - 1].name, name)) {
			items = arena_grow(arena, items, len, &cap);
			items[len++] = (struct part){ name, i, 0 };
		}
		items[len - 1].len++;
	}
	return (struct parts){ items, len };
}

struct packing {
	const struct packer *packer;
	const struct part *part;
	struct packed *packed; /* one for each piece of the part */
};

static void packing_done(struct packing *p)
{
	for (size_t i = 0; i < p->part->len; i++)
		str_done(&p->packed[i].deflated);
	free(p->packed);
}

static int pack_nth(void *context, size_t nr, struct error *err)
{
	struct packing *p = context;

	return pack_piece(&p->packed[nr], p->packer, p->part->first + nr, err);
}

/* Two empty blocks, at the end of a tarball. */
static int add_end(struct str *out, uint32_t *crc, uint64_t *plain, struct error *err)
{
	static const char blocks[2 * 512];
	const struct span zeros = { blocks, sizeof(blocks) };

	*crc = crc32_join(*crc, crc32_of(zeros), zeros.len);
	*plain += zeros.len;
	return deflate_piece(out, zeros, err);
}

int part_pack(struct str *out, const struct packer *packer, const struct part *part, bool whole,
	      struct error *err)
{
	owned(packing_done) struct packing p = { packer, part,
						 mem_zero(part->len, sizeof(struct packed)) };
	uint64_t plain = 0;
	uint32_t crc = 0;

	if (parallel(part->len, pack_nth, &p, err))
		return -1;
	str_add(out, GZIP_HEAD);
	for (size_t i = 0; i < part->len; i++) {
		str_add(out, str_span(&p.packed[i].deflated));
		crc = crc32_join(crc, p.packed[i].crc, p.packed[i].plain);
		plain += p.packed[i].plain;
	}
	if (whole && add_end(out, &crc, &plain, err))
		return -1;
	str_add(out, DEFLATE_END);
	gzip_add_tail(out, crc, plain);
	return 0;
}

/* ---- together ---- */

static int put(struct joining *j, struct span data, struct error *err)
{
	hash_add(j->hash, data);
	j->size += data.len;
	if (j->file && fwrite(data.ptr, 1, data.len, j->file) != data.len)
		return error_sys(err, "cannot write");
	return 0;
}

int join_begin(struct joining *out, FILE *file, struct error *err)
{
	*out = (struct joining){ .file = file, .hash = hash_new(HASH_SHA256) };
	return put(out, GZIP_HEAD, err);
}

static uint32_t number_at(const char *bytes)
{
	uint32_t number = 0;

	for (int i = 3; i >= 0; i--)
		number = number << 8 | (uint8_t)bytes[i];
	return number;
}

int join_add(struct joining *j, struct span part, struct error *err)
{
	const size_t head = GZIP_HEAD.len, end = DEFLATE_END.len;
	const char *tail = part.ptr + part.len - GZIP_TAIL;
	uint32_t plain;

	if (part.len < head + end + GZIP_TAIL || memcmp(part.ptr, GZIP_HEAD.ptr, head) != 0 ||
	    memcmp(tail - end, DEFLATE_END.ptr, end) != 0)
		return error_set(err, ERROR_INVALID, "no part of a release");
	plain = number_at(tail + 4);
	j->crc = crc32_join(j->crc, number_at(tail), plain);
	j->plain += plain;
	return put(j, (struct span){ part.ptr + head, part.len - head - end - GZIP_TAIL }, err);
}

int join_end(struct joining *j, char sha256[static HASH_HEX_MAX], struct error *err)
{
	owned_str struct str tail = STR_EMPTY;
	uint8_t digest[HASH_SIZE_MAX];

	if (add_end(&tail, &j->crc, &j->plain, err))
		return -1;
	str_add(&tail, DEFLATE_END);
	gzip_add_tail(&tail, j->crc, j->plain);
	if (put(j, str_span(&tail), err))
		return -1;
	hash_end(j->hash, digest);
	hash_to_hex(digest, sizeof(digest), sha256);
	return 0;
}

void join_done(struct joining *joining)
{
	hash_free(joining->hash);
}
