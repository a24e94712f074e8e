// SPDX-License-Identifier: Apache-2.0
/* credentials.h - who we are for a registry: what `docker login`, `podman login` and their like
 * have left behind.
 *
 * Looked for in $REGISTRY_AUTH_FILE, $DOCKER_CONFIG/config.json, ~/.docker/config.json and
 * $XDG_RUNTIME_DIR/containers/auth.json; a helper that is named there is asked
 * (docker-credential-NAME).
 */
#pragma once
#include "base/error.h"
#include "base/str.h"

struct credentials {
	struct str user, password;
	struct str token; /* an identity token in place of a password */
};

/* Nothing is filled in where nobody knows of that registry.  ERROR_INVALID: a file that is no such;
 * ERROR_FAILED: a helper that does not work.
 *
 * host    "registry.example.com:5000"
 */
must_check int credentials_find(struct credentials *out, const char *host, struct error *err);
/* The same from the text of one such file; *found tells whether the registry is in it. */
must_check int credentials_read(struct credentials *out, bool *found, struct span json,
				const char *host, const char *name, struct error *err);
bool credentials_given(const struct credentials *credentials);
/* Nothing of them stays in memory. */
void credentials_done(struct credentials *credentials);
#define owned_credentials owned(credentials_done)

/* A str with a secret: room for all of it first, so that no copy is left behind. */
void secret_set(struct str *out, struct span secret);
void secret_done(struct str *secret);
#define owned_secret owned(secret_done)
