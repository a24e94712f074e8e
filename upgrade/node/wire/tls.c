// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/wire/tls.h"

#include "base/file.h"
#include "base/openssl.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

enum { READ_SIZE = 16 * 1024 };

struct tls {
	SSL_CTX *context;
	SSL *ssl;
	BIO *in, *out; /* owned by ssl */
	char who[300], host[300];
};

/* ---- setting up ---- */

static const char *last_reason(void)
{
	const char *text = libcrypto.ERR_reason_error_string(libcrypto.ERR_peek_last_error());

	return text ? text : "no reason given";
}

static int bad_file(const char *what, const char *file, struct error *err)
{
	return error_set(err, ERROR_USAGE, "%s %s: %s", what, file, last_reason());
}

/* Nobody is there to be asked for a passphrase. */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
	(void)buffer, (void)size, (void)writing, (void)context;
	return -1;
}

static int load_ours(SSL_CTX *context, const struct tls_files *files, struct error *err)
{
	if (!files->cert && !files->key)
		return 0;
	if (!files->cert || !files->key)
		return error_set(err, ERROR_USAGE,
				 "a certificate needs its key, and a key its "
				 "certificate");
	if (file_check_given(files->cert, err) || file_check_given(files->key, err))
		return -1;
	if (libssl.SSL_CTX_use_certificate_chain_file(context, files->cert) != 1)
		return bad_file("certificate", files->cert, err);
	if (libssl.SSL_CTX_use_PrivateKey_file(context, files->key, SSL_FILETYPE_PEM) != 1)
		return bad_file("key", files->key, err);
	return 0; /* OpenSSL has compared the two */
}

/* An authority that says which certificates it has taken back is listened to: every certificate
 * on the way then needs such a list of its issuer, and one that is not out of date.
 */
static void heed_revocations(SSL_CTX *context)
{
	STACK_OF(X509_OBJECT) *objects =
		libcrypto.X509_STORE_get0_objects(libssl.SSL_CTX_get_cert_store(context));

	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++)
		if (libcrypto.X509_OBJECT_get_type(sk_X509_OBJECT_value(objects, i)) == X509_LU_CRL)
			libcrypto.X509_VERIFY_PARAM_set_flags(libssl.SSL_CTX_get0_param(context),
							      X509_V_FLAG_CRL_CHECK |
								      X509_V_FLAG_CRL_CHECK_ALL);
}

static int set_up_context(SSL_CTX *context, const struct tls_files *files, struct error *err)
{
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	libssl.SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	libssl.SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	libssl.SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	if (!files->ca)
		return error_set(err, ERROR_USAGE,
				 "TLS needs the certificate of the authority "
				 "that vouches for the node");
	if (file_check_given(files->ca, err))
		return -1;
	if (libssl.SSL_CTX_load_verify_file(context, files->ca) != 1)
		return bad_file("authority", files->ca, err);
	heed_revocations(context);
	return load_ours(context, files, err);
}

static bool is_address(const char *host)
{
	uint8_t address[16];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* An address is looked for among the certificate's addresses, a name among its names; what its
 * subject is called counts for nothing.
 */
static bool expect_host(SSL *ssl, const char *host)
{
	libssl.SSL_set_hostflags(ssl, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
					      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (is_address(host))
		return libcrypto.X509_VERIFY_PARAM_set1_ip_asc(libssl.SSL_get0_param(ssl), host) ==
		       1;
	return libssl.SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

int tls_new(struct tls **out, const struct tls_files *files, const char *host, const char *who,
	    struct error *err)
{
	owned_tls struct tls *tls = NULL;

	if (openssl_load_ssl(err))
		return -1;
	tls = mem_zero(1, sizeof(*tls));
	libcrypto.ERR_clear_error();
	snprintf(tls->who, sizeof(tls->who), "%s", who);
	snprintf(tls->host, sizeof(tls->host), "%s", host);
	tls->context = libssl.SSL_CTX_new(libssl.TLS_client_method());
	if (!tls->context)
		return error_set(err, ERROR_FAILED, "OpenSSL: %s", last_reason());
	if (set_up_context(tls->context, files, err))
		return -1;
	tls->ssl = libssl.SSL_new(tls->context);
	tls->in = libcrypto.BIO_new(libcrypto.BIO_s_mem());
	tls->out = libcrypto.BIO_new(libcrypto.BIO_s_mem());
	if (!tls->ssl || !tls->in || !tls->out || !expect_host(tls->ssl, host)) {
		if (!tls->ssl) {
			libcrypto.BIO_free(tls->in);
			libcrypto.BIO_free(tls->out);
		}
		return error_set(err, ERROR_FAILED, "OpenSSL: %s", last_reason());
	}
	libssl.SSL_set_bio(tls->ssl, tls->in, tls->out);
	libssl.SSL_set_connect_state(tls->ssl);
	*out = steal(&tls);
	return 0;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	libssl.SSL_free(tls->ssl);
	libssl.SSL_CTX_free(tls->context);
	free(tls);
}

/* ---- bytes ---- */

void tls_put(struct tls *tls, struct span sealed)
{
	while (sealed.len > 0) {
		int len = sealed.len < 1 << 20 ? (int)sealed.len : 1 << 20;

		if (libcrypto.BIO_write(tls->in, sealed.ptr, len) != len)
			abort(); /* out of memory */
		sealed.ptr += len;
		sealed.len -= (size_t)len;
	}
}

void tls_take(struct tls *tls, struct str *sealed)
{
	for (;;) {
		int got = libcrypto.BIO_read(tls->out, str_room(sealed, READ_SIZE), READ_SIZE);

		if (got <= 0)
			break;
		sealed->len += (size_t)got;
	}
	if (sealed->ptr)
		sealed->ptr[sealed->len] = '\0';
}

/* ---- faults ---- */

/* Alerts that speak of our certificate, by their numbers in the TLS registry. */
static bool is_about_us(int alert)
{
	return (alert >= 42 && alert <= 46) || alert == 48 || alert == 116;
}

static int alerted(const struct tls *tls, int alert, struct error *err)
{
	bool have_one = libssl.SSL_get_certificate(tls->ssl) != NULL;

	if (is_about_us(alert) || (alert == 40 && !have_one)) {
		error_set_(err, ERROR_REFUSED, "%s: the node does not take %s: %s", tls->who,
			   have_one ? "our certificate" : "us without a certificate",
			   libssl.SSL_alert_desc_string_long(alert));
		return error_hint(err, "--tls-cert and --tls-key want a pair that the node's own "
				       "authority has signed.");
	}
	return error_set(err, ERROR_REFUSED, "%s: the node ends the TLS connection: %s", tls->who,
			 libssl.SSL_alert_desc_string_long(alert));
}

static bool is_about_revocation(long result)
{
	return result == X509_V_ERR_UNABLE_TO_GET_CRL || result == X509_V_ERR_CRL_HAS_EXPIRED ||
	       result == X509_V_ERR_CRL_NOT_YET_VALID || result == X509_V_ERR_CRL_SIGNATURE_FAILURE;
}

static int unverified(const struct tls *tls, long result, struct error *err)
{
	bool name =
		result == X509_V_ERR_HOSTNAME_MISMATCH || result == X509_V_ERR_IP_ADDRESS_MISMATCH;

	error_set_(err, ERROR_REFUSED, "%s: the node's certificate is not good: %s", tls->who,
		   libcrypto.X509_verify_cert_error_string(result));
	if (name)
		return error_hint(err,
				  "It is not made out to %s, which is the host in the "
				  "node's name: want it in subjectAltName.",
				  tls->host);
	if (is_about_revocation(result))
		return error_hint(err, "--tls-ca holds a list of revoked certificates (CRL): every "
				       "authority on the way needs one there, and a valid one.");
	return error_hint(err, "--tls-ca names the authority that has signed the node's "
			       "certificate.");
}

static int fault(const struct tls *tls, struct error *err)
{
	unsigned long code = libcrypto.ERR_peek_error();
	int reason = ERR_GET_REASON(code);
	long result = libssl.SSL_get_verify_result(tls->ssl);

	if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET &&
	    reason < SSL_AD_REASON_OFFSET + 256)
		alerted(tls, reason - SSL_AD_REASON_OFFSET, err);
	else if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && result != X509_V_OK)
		unverified(tls, result, err);
	else if (reason == SSL_R_UNSUPPORTED_PROTOCOL) /* we end it, since OpenSSL 3.5 */
		error_set_(err, ERROR_REFUSED,
			   "%s: the node speaks no version of TLS from 1.2 on: %s", tls->who,
			   last_reason());
	else if (!libssl.SSL_get0_peer_certificate(tls->ssl))
		error_set_(err, ERROR_NOT_FOUND, "%s: what answers there does not speak TLS: %s",
			   tls->who, last_reason());
	else
		error_set_(err, ERROR_INVALID, "%s: TLS: %s", tls->who, last_reason());
	libcrypto.ERR_clear_error();
	return -1;
}

/* ---- the connection ---- */

static bool wants_more(const struct tls *tls, int ret)
{
	int why = libssl.SSL_get_error(tls->ssl, ret);

	return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
}

int tls_shake(struct tls *tls, bool *done, struct error *err)
{
	int ret;

	libcrypto.ERR_clear_error();
	ret = libssl.SSL_do_handshake(tls->ssl);
	if (ret != 1 && !wants_more(tls, ret))
		return fault(tls, err);
	*done = ret == 1;
	return 0;
}

int tls_read(struct tls *tls, struct str *plain, bool *open, struct error *err)
{
	int got;

	libcrypto.ERR_clear_error();
	while ((got = libssl.SSL_read(tls->ssl, str_room(plain, READ_SIZE), READ_SIZE)) > 0) {
		plain->len += (size_t)got;
		plain->ptr[plain->len] = '\0';
	}
	plain->ptr[plain->len] = '\0';
	if (libssl.SSL_get_error(tls->ssl, got) == SSL_ERROR_ZERO_RETURN)
		*open = false;
	else if (!wants_more(tls, got))
		return fault(tls, err);
	return 0;
}

int tls_write(struct tls *tls, struct span plain, struct error *err)
{
	size_t put;

	libcrypto.ERR_clear_error();
	/* Into memory, which is never full. */
	if (plain.len > 0 && libssl.SSL_write_ex(tls->ssl, plain.ptr, plain.len, &put) != 1)
		return fault(tls, err);
	return 0;
}
