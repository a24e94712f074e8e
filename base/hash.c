// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include "base/file.h"
#include "base/openssl.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct hash {
	EVP_MD *kind;
	EVP_MD_CTX *state;
};

/* Without digests the program cannot do anything it is asked for. */
static void want_openssl(void)
{
	struct error err;

	if (openssl_load_crypto(&err) == 0)
		return;
	fprintf(stderr, "relevo: %s\n", err.text);
	_exit(error_exit_status(err.kind));
}

static void want(bool ok)
{
	if (ok)
		return;
	fputs("relevo: OpenSSL refuses a digest (MD5, SHA-256 or BLAKE2b)\n", stderr);
	abort();
}

struct hash *hash_new(enum hash_kind kind)
{
	struct hash *hash = mem_zero(1, sizeof(*hash));

	want_openssl();
	hash->kind = libcrypto.EVP_MD_fetch(NULL, kind == HASH_MD5 ? "MD5" : "SHA2-256", NULL);
	hash->state = libcrypto.EVP_MD_CTX_new();
	want(hash->kind && hash->state &&
	     libcrypto.EVP_DigestInit_ex2(hash->state, hash->kind, NULL));
	return hash;
}

void hash_add(struct hash *hash, struct span data)
{
	want(libcrypto.EVP_DigestUpdate(hash->state, data.ptr, data.len));
}

void hash_end(struct hash *hash, uint8_t out[static HASH_SIZE_MAX])
{
	want(libcrypto.EVP_DigestFinal_ex(hash->state, out, NULL) &&
	     libcrypto.EVP_DigestInit_ex2(hash->state, hash->kind, NULL));
}

void hash_free(struct hash *hash)
{
	if (!hash)
		return;
	libcrypto.EVP_MD_CTX_free(hash->state);
	libcrypto.EVP_MD_free(hash->kind);
	free(hash);
}

void hash_blake2b(struct span data, uint8_t out[static HASH_BLAKE2B_SIZE])
{
	want_openssl();
	want(libcrypto.EVP_Q_digest(NULL, "BLAKE2B-512", NULL, data.ptr, data.len, out, NULL));
}

void hash_to_hex(const uint8_t *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * len] = '\0';
}

static void end_hex(struct hash *hash, char out[static HASH_HEX_MAX])
{
	uint8_t bytes[HASH_SIZE_MAX];

	hash_end(hash, bytes);
	hash_to_hex(bytes, (size_t)libcrypto.EVP_MD_get_size(hash->kind), out);
}

void hash_hex(enum hash_kind kind, struct span data, char out[static HASH_HEX_MAX])
{
	owned_hash struct hash *hash = hash_new(kind);

	hash_add(hash, data);
	end_hex(hash, out);
}

static int add_file(const char *path, struct hash *one, struct hash *other, struct error *err)
{
	owned_fd int fd = -1;
	char piece[1 << 16];
	ssize_t len;

	if (file_open(&fd, path, NULL, err))
		return -1;
	while ((len = read(fd, piece, sizeof(piece))) != 0) {
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return error_sys(err, "cannot read %s", path);
		hash_add(one, (struct span){ piece, (size_t)len });
		if (other)
			hash_add(other, (struct span){ piece, (size_t)len });
	}
	return 0;
}

void hash_hmac_hex(struct span key, struct span data, char out[static HASH_HEX_MAX])
{
	uint8_t bytes[HASH_SIZE_MAX];
	size_t len = 0;

	want_openssl();
	want(libcrypto.EVP_Q_mac(NULL, "HMAC", NULL, "SHA2-256", NULL, key.ptr, key.len,
				 (const uint8_t *)data.ptr, data.len, bytes, sizeof(bytes),
				 &len) != NULL);
	hash_to_hex(bytes, len, out);
}

int hash_file_hex(enum hash_kind kind, const char *path, char out[static HASH_HEX_MAX],
		  struct error *err)
{
	owned_hash struct hash *hash = hash_new(kind);

	if (add_file(path, hash, NULL, err))
		return -1;
	end_hex(hash, out);
	return 0;
}

int hash_file_both(const char *path, char md5[static HASH_HEX_MAX],
		   char sha256[static HASH_HEX_MAX], struct error *err)
{
	owned_hash struct hash *one = hash_new(HASH_MD5), *other = hash_new(HASH_SHA256);

	if (add_file(path, one, other, err))
		return -1;
	end_hex(one, md5);
	end_hex(other, sha256);
	return 0;
}
