// SPDX-License-Identifier: Apache-2.0
/* openssl.h - OpenSSL, loaded when it is first wanted: libcrypto.EVP_MD_fetch() is its
 * EVP_MD_fetch().
 *
 * For the files that are its adapters, one for each use: base/hash.c, release/trust/key.c,
 * release/trust/cms.c, upgrade/node/wire/tls.c.  Nothing is linked with it: a call that does not go
 * through the tables, or whose function is not in the lists, is a fault of the linker or the
 * compiler.
 */
#pragma once
#include "base/error.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* clang-format off */
#define CRYPTO_FUNCTIONS(X) \
	X(BIO_ctrl) X(BIO_f_null) X(BIO_free) X(BIO_free_all) X(BIO_new) X(BIO_new_mem_buf) \
	X(BIO_push) X(BIO_read) X(BIO_s_mem) X(BIO_s_secmem) X(BIO_write) X(CMS_ContentInfo_free) \
	X(CMS_get0_signers) X(CMS_get1_certs) X(CMS_sign) X(CMS_verify) X(CRYPTO_free) \
	X(ERR_clear_error) X(ERR_peek_error) X(ERR_peek_last_error) X(ERR_reason_error_string) \
	X(EVP_DigestFinal_ex) X(EVP_DigestInit_ex2) X(EVP_DigestSign) X(EVP_DigestSignInit_ex) \
	X(EVP_DigestUpdate) X(EVP_DigestVerify) X(EVP_DigestVerifyInit_ex) X(EVP_MD_CTX_free) \
	X(EVP_MD_CTX_new) X(EVP_MD_fetch) X(EVP_MD_free) X(EVP_MD_get_size) X(EVP_PKEY_Q_keygen) \
	X(EVP_PKEY_free) X(EVP_PKEY_get_group_name) X(EVP_PKEY_is_a) X(EVP_Q_digest) X(EVP_Q_mac) \
	X(EVP_aes_256_cbc) X(OPENSSL_sk_free) X(OPENSSL_sk_new_null) X(OPENSSL_sk_num) \
	X(OPENSSL_sk_pop_free) X(OPENSSL_sk_push) X(OPENSSL_sk_shift) X(OPENSSL_sk_value) \
	X(PEM_X509_INFO_read_bio) X(PEM_bytes_read_bio) X(PEM_read_bio_PrivateKey) \
	X(PEM_read_bio_X509) X(PEM_write_bio_PKCS8PrivateKey) X(PEM_write_bio_PUBKEY) \
	X(X509_INFO_free) X(X509_NAME_print_ex) X(X509_OBJECT_get_type) X(X509_STORE_CTX_free) \
	X(X509_STORE_CTX_get0_param) X(X509_STORE_CTX_get_error) X(X509_STORE_CTX_init) \
	X(X509_STORE_CTX_new) X(X509_STORE_add_cert) X(X509_STORE_add_crl) X(X509_STORE_free) \
	X(X509_STORE_get0_objects) X(X509_STORE_new) X(X509_VERIFY_PARAM_set1_ip_asc) \
	X(X509_VERIFY_PARAM_set_flags) X(X509_check_private_key) X(X509_free) \
	X(X509_get_extended_key_usage) X(X509_get_extension_flags) X(X509_get_subject_name) \
	X(X509_verify_cert) X(X509_verify_cert_error_string) X(d2i_CMS_bio) X(d2i_PUBKEY) \
	X(i2d_CMS_bio) X(i2d_PUBKEY)
#define SSL_FUNCTIONS(X) \
	X(SSL_CTX_ctrl) X(SSL_CTX_free) X(SSL_CTX_get0_param) X(SSL_CTX_get_cert_store) \
	X(SSL_CTX_load_verify_file) X(SSL_CTX_new) X(SSL_CTX_set_default_passwd_cb) \
	X(SSL_CTX_set_options) X(SSL_CTX_set_verify) X(SSL_CTX_use_PrivateKey_file) \
	X(SSL_CTX_use_certificate_chain_file) X(SSL_alert_desc_string_long) X(SSL_ctrl) \
	X(SSL_do_handshake) X(SSL_free) X(SSL_get0_param) X(SSL_get0_peer_certificate) \
	X(SSL_get_certificate) X(SSL_get_error) X(SSL_get_verify_result) X(SSL_new) X(SSL_read) \
	X(SSL_set1_host) X(SSL_set_bio) X(SSL_set_connect_state) X(SSL_set_hostflags) \
	X(SSL_write_ex) X(TLS_client_method)
/* clang-format on */

#define X(name) __typeof__(&name) name;
extern struct libcrypto {
	CRYPTO_FUNCTIONS(X)
} libcrypto;
extern struct libssl {
	SSL_FUNCTIONS(X)
} libssl;
#undef X

/* What OpenSSL's own macros call, such as BIO_get_mem_data() and sk_X509_num(). */
#define BIO_ctrl(...) libcrypto.BIO_ctrl(__VA_ARGS__)
#define CRYPTO_free(...) libcrypto.CRYPTO_free(__VA_ARGS__)
#define OPENSSL_sk_free(...) libcrypto.OPENSSL_sk_free(__VA_ARGS__)
#define OPENSSL_sk_new_null(...) libcrypto.OPENSSL_sk_new_null(__VA_ARGS__)
#define OPENSSL_sk_num(...) libcrypto.OPENSSL_sk_num(__VA_ARGS__)
#define OPENSSL_sk_pop_free(...) libcrypto.OPENSSL_sk_pop_free(__VA_ARGS__)
#define OPENSSL_sk_push(...) libcrypto.OPENSSL_sk_push(__VA_ARGS__)
#define OPENSSL_sk_shift(...) libcrypto.OPENSSL_sk_shift(__VA_ARGS__)
#define OPENSSL_sk_value(...) libcrypto.OPENSSL_sk_value(__VA_ARGS__)
#define SSL_CTX_ctrl(...) libssl.SSL_CTX_ctrl(__VA_ARGS__)
#define SSL_ctrl(...) libssl.SSL_ctrl(__VA_ARGS__)

/* Before the first call of a function of libcrypto, or of libssl (then of both). */
must_check int openssl_load_crypto(struct error *err);
must_check int openssl_load_ssl(struct error *err);
