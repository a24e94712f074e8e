// SPDX-License-Identifier: Apache-2.0
/* credentials.h - what is said of us with each request: a token, a password, a certificate.
 *
 * Tokens in files, and those that a program gives, change while we run: they are asked for again
 * when they are old, when they run out, and when the server does not take them.
 */
#pragma once
#include "k8s/access.h"

struct kube_credentials; /* opaque: see credentials.c */

/* The access must outlive it; asks nobody yet. */
struct kube_credentials *kube_credentials_new(const struct kube_access *access);
void kube_credentials_free(struct kube_credentials *credentials);
/* Makes what follows current.  `refused`: the server did not take what it was told last.
 *
 * ERROR_USAGE: the token's file, or the program, cannot be had.
 */
must_check int kube_credentials_refresh(struct kube_credentials *credentials, bool refused,
					struct error *err);
/* "Authorization: …"; NULL: none. */
const char *kube_credentials_header(const struct kube_credentials *credentials);
/* Of a program that gives these; else empty. */
struct span kube_credentials_cert(const struct kube_credentials *credentials);
struct span kube_credentials_key(const struct kube_credentials *credentials);

/* What such a program prints; pure, for the fuzzer.  Texts in the arena. */
struct kube_given {
	const char *token; /* NULL: none */
	struct span cert, key;
	int64_t until_ms; /* since 1970; INT64_MAX: nothing is said */
};
must_check int kube_given_read(struct kube_given *out, struct arena *arena, const char *version,
			       struct span text, struct error *err);
/* "2026-01-02T03:04:05Z", with or without digits behind the seconds, as milliseconds since 1970;
 * -1: it is no such time.
 */
int64_t kube_time_ms(const char *text);
