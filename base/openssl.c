// SPDX-License-Identifier: Apache-2.0
#include "base/openssl.h"

#include "base/library.h"

struct libcrypto libcrypto;
struct libssl libssl;

#define X(name) LIBRARY_FUNCTION(name, libcrypto.name),
static const struct library_function crypto_functions[] = { CRYPTO_FUNCTIONS(X) };
#undef X

#define X(name) LIBRARY_FUNCTION(name, libssl.name),
static const struct library_function ssl_functions[] = { SSL_FUNCTIONS(X) };
#undef X

#define TEXT_(number) #number
#define TEXT(number) TEXT_(number)
#define VERSION TEXT(OPENSSL_SHLIB_VERSION)
static struct library crypto_library =
	LIBRARY("libcrypto.so." VERSION, crypto_functions,
		"Digests and signatures are made with OpenSSL: install libssl" VERSION ".");
static struct library ssl_library =
	LIBRARY("libssl.so." VERSION, ssl_functions,
		"TLS is spoken with OpenSSL: install libssl" VERSION ".");

int openssl_load_crypto(struct error *err)
{
	return library_load(&crypto_library, err);
}

int openssl_load_ssl(struct error *err)
{
	return openssl_load_crypto(err) || library_load(&ssl_library, err) ? -1 : 0;
}
