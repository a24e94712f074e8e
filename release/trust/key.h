// SPDX-License-Identifier: Apache-2.0
/* key.h - keys that sign, and signatures: Ed25519 (RFC 8032) and ECDSA over P-256 (FIPS 186).
 *
 * Private keys are PKCS#8 in PEM, encrypted (AES-256-CBC, PBKDF2) where a passphrase is given;
 * public keys are SubjectPublicKeyInfo in PEM.  A signature is the bare one: 64 bytes of Ed25519,
 * DER of ECDSA with SHA-256; `openssl pkeyutl -verify -rawin` checks both.
 */
#pragma once
#include "base/arena.h"
#include "base/error.h"

enum {
	KEY_FILE_MAX = 64 << 10,
	SIGNATURE_MAX = 256,
	KEY_ID_MAX = 65,
};

struct key; /* opaque: see key.c */

/* kind     "ed25519" or "p256"; else ERROR_USAGE, which names both */
must_check int key_make(struct key **out, const char *kind, struct error *err);
/* The private key is written to `path` (mode 0600), the public one to `path`.pub (0644).
 * ERROR_REFUSED: one of them is there.
 *
 * passphrase   NULL: the private key lies there as it is
 */
must_check int key_write(const struct key *key, const char *path, const char *passphrase,
			 struct error *err);
/* Whether the text of a private key asks for a passphrase. */
bool key_is_encrypted(struct span pem);
/* pem        the text of a private key, from `name`, for messages
 * passphrase NULL: none
 * ERROR_USAGE: no such key, or another passphrase
 */
must_check int key_read_private(struct key **out, struct span pem, const char *name,
				const char *passphrase, struct error *err);
/* The file of a public key. */
must_check int key_read_public(struct key **out, const char *path, struct error *err);
void key_free(struct key *key); /* NULL is fine */

/* For those who speak to OpenSSL themselves; borrowed. */
struct evp_pkey_st *key_handle(const struct key *key);
/* "ed25519" or "p256" */
const char *key_kind(const struct key *key);
/* SHA-256 of the SubjectPublicKeyInfo (DER), in hexadecimal: names the key wherever it lies. */
void key_id(const struct key *key, char out[static KEY_ID_MAX]);

/* Appends the signature of `data` to *out. */
must_check int key_sign(struct str *out, const struct key *key, struct span data,
			struct error *err);
/* False for a signature of something else, by another key, or of no form at all. */
bool key_verifies(const struct key *key, struct span data, struct span signature);

static inline void key_done(struct key **key)
{
	key_free(*key);
}
#define owned_key owned(key_done)
