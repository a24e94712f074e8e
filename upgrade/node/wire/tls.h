// SPDX-License-Identifier: Apache-2.0
/* tls.h - TLS 1.2 and later, as the side that connects.
 *
 * It only turns bytes into other bytes: whoever owns the socket brings what came
 * (tls_put) and sends what must go out (tls_take).
 *
 * The peer proves that it is `host` by a certificate of the given authority; a peer that
 * wants to know who we are is shown ours.
 */
#pragma once
#include "base/error.h"
#include "base/str.h"

/* Files in PEM form.  The key must not be encrypted. */
struct tls_files {
	const char *ca;         /* who vouches for the node; a CRL among it counts */
	const char *cert, *key; /* ours, with the chain above it; both NULL: none to show */
};

struct tls; /* opaque: see tls.c */

/* host  the name or address that the peer's certificate must be for
 * who   the peer, for messages
 *
 * ERROR_USAGE: a file is missing, is no PEM, is encrypted, or key and certificate are no pair.
 * Free with tls_free().
 */
must_check int tls_new(struct tls **out, const struct tls_files *files, const char *host,
		       const char *who, struct error *err);
void tls_free(struct tls *tls); /* NULL is fine */

/* Bytes that came from the peer. */
void tls_put(struct tls *tls, struct span sealed);
/* Moves what must be sent to the peer behind *sealed; also after a failure, so that the
 * peer learns why.
 */
void tls_take(struct tls *tls, struct str *sealed);

/* The handshake, as far as it goes with what came.
 *
 * ERROR_REFUSED: the peer's certificate is not good, or it does not take ours.
 * ERROR_NOT_FOUND: what answers there does not speak TLS.
 */
must_check int tls_shake(struct tls *tls, bool *done, struct error *err);
/* Appends what can be read to *plain; *open is false when the peer has said its last word.
 * Fails as tls_shake() does: by TLS 1.3 a peer tells late that it does not take our certificate.
 */
must_check int tls_read(struct tls *tls, struct str *plain, bool *open, struct error *err);
must_check int tls_write(struct tls *tls, struct span plain, struct error *err);

static inline void tls_done(struct tls **tls)
{
	tls_free(*tls);
}
#define owned_tls owned(tls_done)
