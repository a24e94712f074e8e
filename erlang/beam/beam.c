// SPDX-License-Identifier: Apache-2.0
#include "erlang/beam/beam.h"

#include "base/deflate.h"
#include "base/hash.h"
#include "erlang/beam/beam_atoms.h"

static const char letters[BEAM_CHUNK_COUNT][5] = {
#define X(name, text, use) [BEAM_##name] = text,
	BEAM_CHUNKS(X)
#undef X
};

static const unsigned uses[BEAM_CHUNK_COUNT] = {
#define X(name, text, use) [BEAM_##name] = (use),
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

/* Of chunks with the same letters the first one counts. */
static void note_chunk(struct beam *beam, struct arena *arena, struct beam_other chunk, size_t *cap)
{
	struct beam_other *others;

	for (size_t i = 0; i < BEAM_CHUNK_COUNT; i++)
		if (span_is(chunk.letters, letters[i])) {
			if (!beam->chunks[i].ptr)
				beam->chunks[i] = chunk.data;
			return;
		}
	others = arena_grow(arena, (struct beam_other *)(uintptr_t)beam->others, beam->others_len,
			    cap);
	others[beam->others_len++] = chunk;
	beam->others = others;
}

static int find_chunks(struct beam *beam, struct arena *arena, struct span bytes, struct error *err)
{
	size_t end, size, cap = 0;

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
		note_chunk(beam, arena,
			   (struct beam_other){ { bytes.ptr + at, 4 },
						{ bytes.ptr + at + HEAD, size } },
			   &cap);
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
	if (gunzip(&bytes, arena, err) || find_chunks(&beam, arena, bytes, err) ||
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

static void add_chunks(struct hash *hash, const struct beam *beam, unsigned use)
{
	for (size_t i = 0; i < BEAM_CHUNK_COUNT; i++) {
		if (!(uses[i] & use) || !beam->chunks[i].ptr)
			continue;
		if (i == BEAM_FUNT)
			add_funs(hash, beam->chunks[i]);
		else
			hash_add(hash, beam->chunks[i]);
	}
}

void beam_md5(const struct beam *beam, uint8_t out[static BEAM_DIGEST])
{
	owned_hash struct hash *hash = hash_new(HASH_MD5);
	uint8_t sum[HASH_SIZE_MAX];

	add_chunks(hash, beam, BEAM_IN_MD5);
	hash_end(hash, sum);
	memcpy(out, sum, BEAM_DIGEST);
}

void beam_digest(const struct beam *beam, uint8_t out[static BEAM_DIGEST])
{
	owned_hash struct hash *hash = hash_new(HASH_MD5);
	uint8_t sum[HASH_SIZE_MAX];

	add_chunks(hash, beam, BEAM_EFFECT);
	for (size_t i = 0; i < beam->others_len; i++) {
		hash_add(hash, beam->others[i].letters);
		hash_add(hash, beam->others[i].data);
	}
	hash_end(hash, sum);
	memcpy(out, sum, BEAM_DIGEST);
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

static bool same_others(const struct beam *a, const struct beam *b)
{
	if (a->others_len != b->others_len)
		return false;
	for (size_t i = 0; i < a->others_len; i++)
		if (!span_equal(a->others[i].letters, b->others[i].letters) ||
		    !span_equal(a->others[i].data, b->others[i].data))
			return false;
	return true;
}

bool beam_same(const struct beam *a, const struct beam *b)
{
	for (size_t i = 0; i < BEAM_CHUNK_COUNT; i++)
		if (uses[i] & BEAM_EFFECT &&
		    (i == BEAM_FUNT ? !same_funs(a->chunks[i], b->chunks[i])
				    : !span_equal(a->chunks[i], b->chunks[i])))
			return false;
	return same_others(a, b);
}

const char *beam_path(struct arena *arena, const char *dir, const char *module)
{
	/* Each module of a release needs one, or two: printf would be noticed. */
	const size_t dir_len = strlen(dir), len = strlen(module);
	char *path = arena_alloc(arena, dir_len + len + sizeof("/.beam")), *at;

	at = mempcpy(path, dir, dir_len);
	*at++ = '/';
	at = mempcpy(at, module, len);
	memcpy(at, ".beam", sizeof(".beam"));
	return path;
}

static void add_word(struct str *out, size_t word)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		str_addc(out, (char)(word >> shift));
}

static void add_chunk(struct str *out, struct span id, struct span data)
{
	str_add(out, id);
	add_word(out, data.len);
	str_add(out, data);
	str_add(out, (struct span){ "\0\0\0", padded(data.len) - data.len });
}

int beam_strip(struct str *out, struct span bytes, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str kept = STR_EMPTY;
	struct beam beam;

	if (beam_open(&beam, &arena, bytes, err))
		return -1;
	for (size_t i = 0; i < BEAM_CHUNK_COUNT; i++)
		if (uses[i] & BEAM_KEPT && beam.chunks[i].ptr)
			add_chunk(&kept, (struct span){ letters[i], 4 }, beam.chunks[i]);
	for (size_t i = 0; i < beam.others_len; i++)
		add_chunk(&kept, beam.others[i].letters, beam.others[i].data);
	str_adds(out, "FOR1");
	add_word(out, 4 + kept.len);
	str_adds(out, "BEAM");
	str_add(out, str_span(&kept));
	return 0;
}
