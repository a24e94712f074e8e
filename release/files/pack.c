// SPDX-License-Identifier: Apache-2.0
#include "release/files/pack.h"

#include "base/deflate.h"

int packer_open(struct packer *out, struct arena *arena, const struct archive_source *items,
		size_t len, struct error *err)
{
	struct packer packer = { .fingerprint = deflate_fingerprint() };

	if (pieces_cut(&packer.pieces, arena, items, len, err))
		return -1;
	packer.cache = cache_open();
	*out = packer;
	return 0;
}

void packer_done(struct packer *packer)
{
	cache_close(packer->cache);
}

int pack_piece(struct packed *out, const struct packer *p, size_t nr, struct error *err)
{
	owned_str struct str plain = STR_EMPTY;
	struct cache_key key;

	if (piece_fill(&plain, &p->pieces, nr, err))
		return -1;
	out->plain = plain.len;
	out->crc = crc32_of(str_span(&plain));
	key = cache_key("piece", p->fingerprint, str_span(&plain));
	if (cache_get(p->cache, &key, &out->deflated))
		return 0;
	if (deflate_piece(&out->deflated, str_span(&plain), err))
		return -1;
	cache_put(p->cache, &key, str_span(&out->deflated));
	return 0;
}

void gzip_add_tail(struct str *out, uint32_t crc, uint64_t plain)
{
	for (int shift = 0; shift < 32; shift += 8)
		str_addc(out, (char)(crc >> shift));
	for (int shift = 0; shift < 32; shift += 8)
		str_addc(out, (char)(plain >> shift));
}
