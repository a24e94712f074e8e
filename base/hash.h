// SPDX-License-Identifier: Apache-2.0
/* hash.h - MD5 (only because BEAM modules are named by it), SHA-256, and BLAKE2b (only because Mix
 * names sources by it).
 */
#pragma once
#include "base/error.h"
#include "base/str.h"

enum hash_kind { HASH_MD5, HASH_SHA256 };
enum { HASH_SIZE_MAX = 32, HASH_HEX_MAX = 2 * HASH_SIZE_MAX + 1 };

struct hash; /* opaque: see hash.c */

struct hash *hash_new(enum hash_kind kind);
void hash_add(struct hash *hash, struct span data);
/* Writes 16 or 32 bytes; the hash can be used again, from the start, afterwards. */
void hash_end(struct hash *hash, uint8_t out[static HASH_SIZE_MAX]);
void hash_free(struct hash *hash); /* NULL is fine */

/* In one call, as lower-case hexadecimal text. */
void hash_hex(enum hash_kind kind, struct span data, char out[static HASH_HEX_MAX]);
/* HMAC with SHA-256, likewise. */
void hash_hmac_hex(struct span key, struct span data, char out[static HASH_HEX_MAX]);
/* Of a file, read in pieces. */
must_check int hash_file_hex(enum hash_kind kind, const char *path, char out[static HASH_HEX_MAX],
			     struct error *err);
/* Both kinds in one reading. */
must_check int hash_file_both(const char *path, char md5[static HASH_HEX_MAX],
			      char sha256[static HASH_HEX_MAX], struct error *err);
enum { HASH_BLAKE2B_SIZE = 64 };
void hash_blake2b(struct span data, uint8_t out[static HASH_BLAKE2B_SIZE]);
void hash_to_hex(const uint8_t *bytes, size_t len, char *out);

static inline void hash_done(struct hash **hash)
{
	hash_free(*hash);
}
#define owned_hash owned(hash_done)
