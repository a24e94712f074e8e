// SPDX-License-Identifier: Apache-2.0
#include "erlang/beam/beam.h"

#include "base/deflate.h"
#include "base/hash.h"
#include "erlang/beam/beam_atoms.h"

static const char letters[BEAM_CHUNK_COUNT][5] = {
#define X(name, text) [BEAM_##name] = text,
	BEAM_CHUNKS(X)
#undef X
};

enum {
	FORM = 12,      /* "FOR1", size, "BEAM" */
	HEAD = 8,       /* letters and size of a chunk */
	FUN_HEAD = 4,   /* FunT: the number of entries … */
	FUN_ENTRY = 24, /* … of six words each, … */
	FUN_UNIQ = 20,  /* … the last of which counts as 0 in the md5 */
};

static size_t padded(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

static void note_chunk(struct beam *beam, struct span id, struct span data)
{
	for (size_t i = 0; i < BEAM_CHUNK_COUNT; i++)
		if (span_is(id, letters[i]) && !beam->chunks[i].ptr)
			beam->chunks[i] = data;
}

static int find_chunks(struct beam *beam, struct span bytes, struct error *err)
{
	size_t end, size;

	if (bytes.len < FORM || memcmp(bytes.ptr, "FOR1", 4) || memcmp(bytes.ptr + 8, "BEAM", 4))
		return error_set(err, ERROR_INVALID, "not a BEAM file");
	end = (size_t)beam_word(bytes.ptr + 4) + HEAD;
	if (end > bytes.len)
		return error_set(err, ERROR_INVALID, "cut off: %zu bytes of %zu", bytes.len, end);
	for (size_t at = FORM; at + HEAD <= end; at += HEAD + padded(size)) {
		size = beam_word(bytes.ptr + at + 4);
		if (size > end - at - HEAD)
			return error_set(err, ERROR_INVALID,
					 "byte %zu: a chunk of %zu bytes reaches beyond the end",
					 at, size);
		note_chunk(beam, (struct span){ bytes.ptr + at, 4 },
			   (struct span){ bytes.ptr + at + HEAD, size });
	}
	return 0;
}

static int want_chunks(const struct beam *beam, struct error *err)
{
	static const enum beam_chunk wanted[] = { BEAM_CODE, BEAM_EXPT, BEAM_IMPT, BEAM_STRT };

	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		if (!beam->chunks[wanted[i]].ptr)
			return error_set(err, ERROR_INVALID, "chunk %s is missing",
					 letters[wanted[i]]);
	if (!beam->chunks[BEAM_ATU8].ptr && !beam->chunks[BEAM_ATOM].ptr)
		return error_set(err, ERROR_INVALID, "chunk AtU8 is missing");
	return 0;
}

static int gunzip(struct span *bytes, struct arena *arena, struct error *err)
{
	owned_str struct str plain = STR_EMPTY;

	if (bytes->len < 2 || memcmp(bytes->ptr, "\x1f\x8b", 2))
		return 0;
	if (gzip_inflate(&plain, *bytes, BEAM_MAX, err))
		return -1;
	*bytes = (struct span){ arena_dup(arena, str_span(&plain)), plain.len };
	return 0;
}

int beam_open(struct beam *out, struct arena *arena, struct span bytes, struct error *err)
{
	struct beam beam = { 0 };

	if (bytes.len > BEAM_MAX)
		return error_set(err, ERROR_INVALID, "larger than %d bytes", BEAM_MAX);
	if (gunzip(&bytes, arena, err) || find_chunks(&beam, bytes, err) ||
	    want_chunks(&beam, err) || beam_first_atom(&beam.module, arena, &beam, err))
		return -1;
	*out = beam;
	return 0;
}

/* The old-style index of each fun depends on nothing but the compiler's mood, so
 * beam_lib leaves it out.
 */
static void add_funs(struct hash *hash, struct span data)
{
	size_t at = FUN_HEAD;

	if (data.len < FUN_HEAD) {
		hash_add(hash, data);
		return;
	}
	hash_add(hash, (struct span){ data.ptr, FUN_HEAD });
	for (; data.len - at >= FUN_ENTRY; at += FUN_ENTRY) {
		hash_add(hash, (struct span){ data.ptr + at, FUN_UNIQ });
		hash_add(hash, SPAN("\0\0\0\0"));
	}
	hash_add(hash, (struct span){ data.ptr + at, data.len - at });
}

static void digest(const struct beam *beam, enum beam_chunk last, uint8_t out[static BEAM_DIGEST])
{
	owned_hash struct hash *hash = hash_new(HASH_MD5);
	uint8_t sum[HASH_SIZE_MAX];

	for (size_t i = 0; i <= last; i++) {
		if (i == BEAM_FUNT && beam->chunks[i].ptr)
			add_funs(hash, beam->chunks[i]);
		else if (beam->chunks[i].ptr)
			hash_add(hash, beam->chunks[i]);
	}
	hash_end(hash, sum);
	memcpy(out, sum, BEAM_DIGEST);
}

void beam_md5(const struct beam *beam, uint8_t out[static BEAM_DIGEST])
{
	digest(beam, BEAM_META, out);
}

void beam_digest(const struct beam *beam, uint8_t out[static BEAM_DIGEST])
{
	digest(beam, BEAM_LITT, out);
}

static bool same_funs(struct span a, struct span b)
{
	size_t at = FUN_HEAD;

	if (a.len != b.len || a.len < FUN_HEAD)
		return span_equal(a, b);
	for (; a.len - at >= FUN_ENTRY; at += FUN_ENTRY)
		if (memcmp(a.ptr + at, b.ptr + at, FUN_UNIQ) != 0)
			return false;
	return memcmp(a.ptr, b.ptr, FUN_HEAD) == 0 &&
	       memcmp(a.ptr + at, b.ptr + at, a.len - at) == 0;
}

bool beam_same(const struct beam *a, const struct beam *b)
{
	for (size_t i = 0; i <= BEAM_LITT; i++)
		if (i == BEAM_FUNT ? !same_funs(a->chunks[i], b->chunks[i])
				   : !span_equal(a->chunks[i], b->chunks[i]))
			return false;
	return true;
}

const char *beam_path(struct arena *arena, const char *dir, const char *module)
{
	return arena_printf(arena, "%s/%s.beam", dir, module);
}

static void add_word(struct str *out, size_t word)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		str_addc(out, (char)(word >> shift));
}

static void add_chunk(struct str *out, const char *id, struct span data)
{
	str_adds(out, id);
	add_word(out, data.len);
	str_add(out, data);
	str_add(out, (struct span){ "\0\0\0", padded(data.len) - data.len });
}

int beam_strip(struct str *out, struct span bytes, struct error *err)
{
	static const enum beam_chunk kept[] = { BEAM_ATTR, BEAM_LINE, BEAM_TYPE, BEAM_ATOM,
						BEAM_ATU8, BEAM_CODE, BEAM_STRT, BEAM_IMPT,
						BEAM_EXPT, BEAM_FUNT, BEAM_LITT, BEAM_META };
	owned_arena struct arena arena = ARENA_EMPTY;
	size_t size = 4;
	struct beam beam;

	if (beam_open(&beam, &arena, bytes, err))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		if (beam.chunks[kept[i]].ptr)
			size += HEAD + padded(beam.chunks[kept[i]].len);
	str_adds(out, "FOR1");
	add_word(out, size);
	str_adds(out, "BEAM");
	for (size_t i = 0; i < ARRAY_LEN(kept); i++)
		if (beam.chunks[kept[i]].ptr)
			add_chunk(out, letters[kept[i]], beam.chunks[kept[i]]);
	return 0;
}
