// SPDX-License-Identifier: Apache-2.0
#include "release/trust/cms.h"

#include "base/file.h"
#include "base/openssl.h"

enum { PEM_MAX = 4 << 20 };

static void bio_done(BIO **bio)
{
	if (*bio)
		libcrypto.BIO_free_all(*bio);
}
#define owned_bio owned(bio_done)

static void cms_done(CMS_ContentInfo **cms)
{
	if (*cms)
		libcrypto.CMS_ContentInfo_free(*cms);
}
#define owned_cms owned(cms_done)

static void certificates_done(STACK_OF(X509) * *list)
{
	if (*list)
		sk_X509_pop_free(*list, libcrypto.X509_free);
}
#define owned_certificates owned(certificates_done)

static void store_done(X509_STORE **store)
{
	libcrypto.X509_STORE_free(*store);
}
#define owned_store owned(store_done)

static void context_done(X509_STORE_CTX **context)
{
	libcrypto.X509_STORE_CTX_free(*context);
}
#define owned_context owned(context_done)

static BIO *bytes_of(struct span data)
{
	return libcrypto.BIO_new_mem_buf(data.ptr, (int)data.len);
}

/* ---- signing ---- */

/* The first is the signer's; the others follow it. */
static int read_certificates(STACK_OF(X509) * *out, const char *path, struct error *err)
{
	owned_certificates STACK_OF(X509) *list = sk_X509_new_null();
	owned_str struct str pem = STR_EMPTY;
	owned_bio BIO *bio = NULL;
	X509 *certificate;

	if (file_read_given(path, PEM_MAX, &pem, err))
		return -1;
	bio = bytes_of(str_span(&pem));
	while (bio && (certificate = libcrypto.PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		sk_X509_push(list, certificate);
	libcrypto.ERR_clear_error();
	if (sk_X509_num(list) == 0)
		return error_set(err, ERROR_USAGE, "%s: no certificate in PEM", path);
	*out = steal(&list);
	return 0;
}

int cms_sign(struct str *out, const struct key *key, const char *path, struct span data,
	     struct error *err)
{
	const unsigned flags = CMS_DETACHED | CMS_BINARY | CMS_NOSMIMECAP;
	owned_certificates STACK_OF(X509) *chain = NULL;
	owned_cms CMS_ContentInfo *cms = NULL;
	owned_bio BIO *in = NULL, *der = NULL;
	X509 *signer;
	char *bytes;
	long len;

	if (read_certificates(&chain, path, err))
		return -1;
	signer = sk_X509_value(chain, 0);
	if (libcrypto.X509_check_private_key(signer, key_handle(key)) != 1) {
		libcrypto.ERR_clear_error();
		return error_set(err, ERROR_USAGE,
				 "%s: its first certificate is not that of the key", path);
	}
	in = bytes_of(data);
	der = libcrypto.BIO_new(libcrypto.BIO_s_mem());
	sk_X509_shift(chain);
	cms = libcrypto.CMS_sign(signer, key_handle(key), chain, in, flags);
	libcrypto.X509_free(signer);
	if (!cms || libcrypto.i2d_CMS_bio(der, cms) != 1) {
		libcrypto.ERR_clear_error();
		return error_set(err, ERROR_FAILED, "cannot sign with the certificate %s", path);
	}
	len = BIO_get_mem_data(der, &bytes);
	str_add(out, (struct span){ bytes, (size_t)len });
	return 0;
}

/* ---- verifying ---- */

/* Certificates and CRLs of one file; how many CRLs there were is added. */
static int add_authorities(X509_STORE *store, size_t *crls, const char *path, struct error *err)
{
	owned_str struct str pem = STR_EMPTY;
	owned_bio BIO *bio = NULL;
	STACK_OF(X509_INFO) * infos;
	size_t certificates = 0;

	if (file_read_given(path, PEM_MAX, &pem, err))
		return -1;
	bio = bytes_of(str_span(&pem));
	infos = bio ? libcrypto.PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL) : NULL;
	for (int i = 0; infos && i < sk_X509_INFO_num(infos); i++) {
		X509_INFO *info = sk_X509_INFO_value(infos, i);

		if (info->x509)
			certificates += libcrypto.X509_STORE_add_cert(store, info->x509) == 1;
		if (info->crl)
			*crls += libcrypto.X509_STORE_add_crl(store, info->crl) == 1;
	}
	sk_X509_INFO_pop_free(infos, libcrypto.X509_INFO_free);
	libcrypto.ERR_clear_error();
	if (certificates == 0)
		return error_set(err, ERROR_USAGE, "%s: no certificate of an authority in PEM",
				 path);
	return 0;
}

static const char *name_of(struct arena *arena, const X509 *certificate)
{
	owned_bio BIO *bio = libcrypto.BIO_new(libcrypto.BIO_s_mem());
	char *text;
	long len;

	if (!bio || libcrypto.X509_NAME_print_ex(bio, libcrypto.X509_get_subject_name(certificate),
						 0, XN_FLAG_RFC2253) < 0)
		return "(no name)";
	len = BIO_get_mem_data(bio, &text);
	return arena_text(arena, (struct span){ text, (size_t)len });
}

static int check_chain(X509 *signer, X509_STORE *store, STACK_OF(X509) * others, bool crls,
		       const char *name, struct error *err)
{
	owned_context X509_STORE_CTX *context = libcrypto.X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;

	if (!context || libcrypto.X509_STORE_CTX_init(context, store, signer, others) != 1)
		return error_set(err, ERROR_FAILED, "cannot look at certificates");
	param = libcrypto.X509_STORE_CTX_get0_param(context);
	if (crls)
		libcrypto.X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CRL_CHECK |
								     X509_V_FLAG_CRL_CHECK_ALL);
	if (libcrypto.X509_verify_cert(context) != 1)
		return error_set(err, ERROR_REFUSED, "who signed it (%s) is not vouched for: %s",
				 name,
				 libcrypto.X509_verify_cert_error_string(
					 libcrypto.X509_STORE_CTX_get_error(context)));
	/* Not that of a web server, or of a person who signs letters. */
	if (!(libcrypto.X509_get_extension_flags(signer) & EXFLAG_XKUSAGE) ||
	    !(libcrypto.X509_get_extended_key_usage(signer) & XKU_CODE_SIGN))
		return error_set(
			err, ERROR_REFUSED,
			"the certificate of who signed it (%s) is not one to sign code with", name);
	return 0;
}

static int check_signer(const char **subject, struct arena *arena, CMS_ContentInfo *cms,
			struct names authorities, struct error *err)
{
	owned_store X509_STORE *store = libcrypto.X509_STORE_new();
	owned_certificates STACK_OF(X509) *others = libcrypto.CMS_get1_certs(cms);
	STACK_OF(X509) *signers = libcrypto.CMS_get0_signers(cms);
	X509 *signer = signers && sk_X509_num(signers) == 1 ? sk_X509_value(signers, 0) : NULL;
	size_t crls = 0;
	int ret = 0;

	if (!signer)
		ret = error_set(err, ERROR_REFUSED, "it is signed by nobody, or by several");
	for (size_t i = 0; ret == 0 && i < authorities.len; i++)
		ret = add_authorities(store, &crls, authorities.items[i], err);
	if (ret == 0) {
		*subject = name_of(arena, signer);
		ret = check_chain(signer, store, others, crls > 0, *subject, err);
	}
	sk_X509_free(signers);
	libcrypto.ERR_clear_error();
	return ret;
}

/* Behind a filter: of a bare BIO in memory CMS_verify() makes a copy, which it forgets to free
 * where the signature is damaged.
 */
static BIO *content_of(struct span data)
{
	owned_bio BIO *filter = libcrypto.BIO_new(libcrypto.BIO_f_null());
	BIO *bytes = filter ? bytes_of(data) : NULL;

	return bytes ? libcrypto.BIO_push(steal(&filter), bytes) : NULL;
}

int cms_verify(const char **subject, struct arena *arena, struct names authorities,
	       struct span data, struct span signature, struct error *err)
{
	const unsigned flags = CMS_DETACHED | CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY;
	owned_bio BIO *der = NULL, *content = NULL;
	owned_cms CMS_ContentInfo *cms = NULL;
	int good;

	if (openssl_load_crypto(err))
		return -1;
	der = bytes_of(signature);
	content = content_of(data);
	cms = der ? libcrypto.d2i_CMS_bio(der, NULL) : NULL;
	good = cms && content ? libcrypto.CMS_verify(cms, NULL, NULL, content, NULL, flags) : 0;
	libcrypto.ERR_clear_error();
	if (good != 1)
		return error_set(err, ERROR_REFUSED,
				 "its signature is none, or its manifest was changed since");
	return check_signer(subject, arena, cms, authorities, err);
}
