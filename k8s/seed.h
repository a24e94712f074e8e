// SPDX-License-Identifier: Apache-2.0
/* seed.h - before a pod's node starts: the release that it is to boot, on its volume. */
#pragma once
#include "k8s/desired.h"

struct seed_options {
	const char *root; /* the volume */
	const char *
		desired; /* folder: "stable", and perhaps "pods" and "token" (docs/kubernetes.md) */
	const char *pod; /* its name; NULL: what "pods" says is of no matter */
	const struct trust *trust;
};

struct seeded {
	struct desired desired;
	bool was_there; /* nothing had to be done */
};

/* The volume boots that release afterwards.  All that is brought is verified, and unpacked beside
 * what is there, before it takes its place; killed at any moment, it is done by the next call.  The
 * node must not run.
 *
 * ERROR_INVALID: what the folder says is no release.  ERROR_REFUSED and others: desired_fetch().
 */
must_check int seed_run(struct seeded *out, struct arena *arena, const struct seed_options *options,
			struct error *err);
