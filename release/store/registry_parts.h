// SPDX-License-Identifier: Apache-2.0
/* registry_parts.h - the rooms inside a registry (OCI Distribution Specification 1.1); nothing for
 * other modules.
 */
#pragma once
#include "release/store/credentials.h"
#include "release/store/place.h"
#include "release/store/request.h"

struct registry {
	struct place place;
	struct arena arena;
	struct http *http;
	const char *base; /* "https://registry.example.com:5000" */
	const char *host;
	struct credentials credentials;
	bool looked;              /* for them */
	struct str authorization; /* the header that was good the last time; a secret */
};

static inline struct registry *registry_of(struct place *place)
{
	return (struct registry *)place;
}

/* request_send() with who we are; asked for that (401), it logs in, and asks once more.  More
 * headers than six are not sent.
 */
must_check int registry_send(struct http_answer *out, struct registry *registry,
			     const struct http_call *call, struct error *err);
/* The answer is that of registry_send(), as long as there is one.
 *
 * challenge   what it said with the 401
 */
must_check int registry_login(struct registry *registry, const char *challenge, struct error *err);
/* "https://registry/v2/acme/shop/" and what follows; in the arena. */
const char *registry_url(struct registry *registry, struct arena *arena, const char *repo,
			 const char *rest);
/* place.h: sends a blob. */
int registry_put_blob(struct place *place, const char *repo, const struct descriptor *blob,
		      struct span data, const char *from, bool *sent, struct error *err);
