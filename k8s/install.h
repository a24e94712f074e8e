// SPDX-License-Identifier: Apache-2.0
/* install.h - what manifests.h makes, told to an API server. */
#pragma once
#include "k8s/api.h"

enum install_change { INSTALL_CREATED, INSTALL_CHANGED, INSTALL_UNCHANGED };
const char *install_change_name(enum install_change change);

enum { INSTALL_OBJECTS_MAX = 16 };

struct install {
	struct {
		const char *kind, *name; /* in the arena */
		enum install_change change;
	} objects[INSTALL_OBJECTS_MAX];
	size_t len;
};

/* For a namespace, which must be there; then waits up to `wait_ms` for the server to know the
 * kinds. Done again, it does what is missing.
 *
 * force: also fields that somebody else has set.  ERROR_LOCKED: there are such, and it is false.
 */
must_check int install_run(struct install *out, struct kube *kube, struct arena *arena,
			   const char *space, bool force, int64_t wait_ms, struct error *err);
