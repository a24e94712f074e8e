// SPDX-License-Identifier: Apache-2.0
#include "release/trust/key.h"

#include "base/file.h"
#include "base/hash.h"
#include "base/openssl.h"

#include <stdlib.h>

struct key {
	EVP_PKEY *pkey;
};

static const struct {
	const char *name, *algorithm, *group;
} kinds[] = {
	{ "ed25519", "ED25519", NULL },
	{ "p256", "EC", "P-256" },
};

static void bio_done(BIO **bio)
{
	if (*bio)
		libcrypto.BIO_free_all(*bio);
}
#define owned_bio owned(bio_done)

static void state_done(EVP_MD_CTX **state)
{
	libcrypto.EVP_MD_CTX_free(*state);
}
#define owned_state owned(state_done)

/* What OpenSSL says, at the end of the text that is there. */
#define ssl_error(err, kind, ...) (ssl_error_(err, kind, __VA_ARGS__), -1)
static void printf_like(3, 4)
	ssl_error_(struct error *err, enum error_kind kind, const char *format, ...)
{
	owned_str struct str text = STR_EMPTY;
	const char *why = libcrypto.ERR_reason_error_string(libcrypto.ERR_peek_last_error());
	va_list args;

	va_start(args, format);
	str_addv(&text, format, args);
	va_end(args);
	error_set_(err, kind, "%s%s%s", str_text(&text), why ? ": " : "", why ? why : "");
	libcrypto.ERR_clear_error();
}

static const char *kind_of(EVP_PKEY *pkey)
{
	char group[32] = "";

	if (libcrypto.EVP_PKEY_is_a(pkey, "ED25519"))
		return "ed25519";
	if (libcrypto.EVP_PKEY_is_a(pkey, "EC") &&
	    libcrypto.EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) &&
	    strcmp(group, "prime256v1") == 0)
		return "p256";
	return NULL;
}

/* Takes the key, also where it is refused. */
static int take(struct key **out, EVP_PKEY *pkey, const char *name, struct error *err)
{
	if (!kind_of(pkey)) {
		libcrypto.EVP_PKEY_free(pkey);
		return error_set(err, ERROR_USAGE,
				 "%s: a key of another kind; Ed25519 and ECDSA P-256 are known",
				 name);
	}
	*out = mem_zero(1, sizeof(**out));
	(*out)->pkey = pkey;
	return 0;
}

int key_make(struct key **out, const char *kind, struct error *err)
{
	EVP_PKEY *pkey = NULL;

	if (openssl_load_crypto(err))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strcmp(kinds[i].name, kind) != 0)
			continue;
		pkey = kinds[i].group ? libcrypto.EVP_PKEY_Q_keygen(NULL, NULL, kinds[i].algorithm,
								    kinds[i].group)
				      : libcrypto.EVP_PKEY_Q_keygen(NULL, NULL, kinds[i].algorithm);
		if (!pkey)
			return ssl_error(err, ERROR_FAILED, "cannot make a key");
		return take(out, pkey, kind, err);
	}
	return error_set(err, ERROR_USAGE, "\"%s\" is no kind of key: ed25519 or p256", kind);
}

void key_free(struct key *key)
{
	if (!key)
		return;
	libcrypto.EVP_PKEY_free(key->pkey);
	free(key);
}

struct evp_pkey_st *key_handle(const struct key *key)
{
	return key->pkey;
}

const char *key_kind(const struct key *key)
{
	return kind_of(key->pkey);
}

void key_id(const struct key *key, char out[static KEY_ID_MAX])
{
	unsigned char *der = NULL;
	int len = libcrypto.i2d_PUBKEY(key->pkey, &der);

	out[0] = '\0';
	if (len > 0)
		hash_hex(HASH_SHA256, (struct span){ (const char *)der, (size_t)len }, out);
	OPENSSL_free(der);
}

/* ---- files ---- */

static struct span bytes_of(BIO *bio)
{
	char *bytes;
	long len = BIO_get_mem_data(bio, &bytes);

	return (struct span){ bytes, len > 0 ? (size_t)len : 0 };
}

static int write_private(const struct key *key, const char *path, const char *passphrase,
			 struct error *err)
{
	owned_bio BIO *bio = libcrypto.BIO_new(libcrypto.BIO_s_secmem());
	const EVP_CIPHER *cipher = passphrase ? libcrypto.EVP_aes_256_cbc() : NULL;

	if (!bio || !libcrypto.PEM_write_bio_PKCS8PrivateKey(
			    bio, key->pkey, cipher, passphrase,
			    passphrase ? (int)strlen(passphrase) : 0, NULL, NULL))
		return ssl_error(err, ERROR_FAILED, "%s: cannot write the key", path);
	return file_write(path, bytes_of(bio), 0600, err);
}

static int write_public(const struct key *key, const char *path, struct error *err)
{
	owned_bio BIO *bio = libcrypto.BIO_new(libcrypto.BIO_s_mem());

	if (!bio || !libcrypto.PEM_write_bio_PUBKEY(bio, key->pkey))
		return ssl_error(err, ERROR_FAILED, "%s: cannot write the key", path);
	return file_write(path, bytes_of(bio), 0644, err);
}

int key_write(const struct key *key, const char *path, const char *passphrase, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *pub = arena_printf(&arena, "%s.pub", path);

	if (path_exists(path) || path_exists(pub))
		return error_set(err, ERROR_REFUSED, "%s is there already; nothing was changed",
				 path_exists(path) ? path : pub);
	return write_private(key, path, passphrase, err) || write_public(key, pub, err) ? -1 : 0;
}

bool key_is_encrypted(struct span pem)
{
	return memmem(pem.ptr, pem.len, "ENCRYPTED", 9) != NULL;
}

/* Asked when a key is encrypted; -1: there is no passphrase. */
static int give_passphrase(char *buffer, int size, int writing, void *passphrase)
{
	size_t len = passphrase ? strlen(passphrase) : 0;

	(void)writing;
	if (!passphrase || len > (size_t)size)
		return -1;
	memcpy(buffer, passphrase, len);
	return (int)len;
}

int key_read_private(struct key **out, struct span pem, const char *name, const char *passphrase,
		     struct error *err)
{
	owned_bio BIO *bio = NULL;
	EVP_PKEY *pkey;

	if (openssl_load_crypto(err))
		return -1;
	bio = libcrypto.BIO_new_mem_buf(pem.ptr, (int)pem.len);
	pkey = bio ? libcrypto.PEM_read_bio_PrivateKey(bio, NULL, give_passphrase,
						       (void *)(uintptr_t)passphrase)
		   : NULL;
	if (pkey)
		return take(out, pkey, name, err);
	if (key_is_encrypted(pem))
		return ssl_error(err, ERROR_USAGE,
				 passphrase
					 ? "%s: the passphrase does not open the key"
					 : "%s: the key is encrypted, and no passphrase is given",
				 name);
	return ssl_error(err, ERROR_USAGE, "%s: no private key in PEM", name);
}

/* First it is seen to be one: PEM_read_bio_PUBKEY() gets all decoders ready before it looks. */
static EVP_PKEY *read_public(BIO *bio)
{
	unsigned char *der = NULL;
	const unsigned char *at;
	EVP_PKEY *pkey;
	long len;

	if (libcrypto.PEM_bytes_read_bio(&der, &len, NULL, PEM_STRING_PUBLIC, bio, NULL, NULL) != 1)
		return NULL;
	at = der;
	pkey = libcrypto.d2i_PUBKEY(NULL, &at, len);
	OPENSSL_free(der);
	return pkey;
}

int key_read_public(struct key **out, const char *path, struct error *err)
{
	owned_str struct str pem = STR_EMPTY;
	owned_bio BIO *bio = NULL;
	EVP_PKEY *pkey;

	if (openssl_load_crypto(err) || file_read_given(path, KEY_FILE_MAX, &pem, err))
		return -1;
	bio = libcrypto.BIO_new_mem_buf(str_text(&pem), (int)pem.len);
	pkey = bio ? read_public(bio) : NULL;
	if (pkey)
		return take(out, pkey, path, err);
	return ssl_error(err, ERROR_USAGE, "%s: no public key in PEM", path);
}

/* ---- signatures ---- */

static const char *digest_of(const struct key *key)
{
	return strcmp(key_kind(key), "p256") == 0 ? "SHA256" : NULL;
}

int key_sign(struct str *out, const struct key *key, struct span data, struct error *err)
{
	owned_state EVP_MD_CTX *state = libcrypto.EVP_MD_CTX_new();
	unsigned char signature[SIGNATURE_MAX];
	size_t len = sizeof(signature);

	if (!state ||
	    libcrypto.EVP_DigestSignInit_ex(state, NULL, digest_of(key), NULL, NULL, key->pkey,
					    NULL) != 1 ||
	    libcrypto.EVP_DigestSign(state, signature, &len, (const unsigned char *)data.ptr,
				     data.len) != 1)
		return ssl_error(err, ERROR_FAILED, "cannot sign");
	str_add(out, (struct span){ (const char *)signature, len });
	return 0;
}

bool key_verifies(const struct key *key, struct span data, struct span signature)
{
	owned_state EVP_MD_CTX *state = libcrypto.EVP_MD_CTX_new();
	bool good;

	good = state &&
	       libcrypto.EVP_DigestVerifyInit_ex(state, NULL, digest_of(key), NULL, NULL, key->pkey,
						 NULL) == 1 &&
	       libcrypto.EVP_DigestVerify(state, (const unsigned char *)signature.ptr,
					  signature.len, (const unsigned char *)data.ptr,
					  data.len) == 1;
	libcrypto.ERR_clear_error();
	return good;
}
