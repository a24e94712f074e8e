// SPDX-License-Identifier: Apache-2.0
/* verify.h - is what a node has on disk and in memory what the manifest says? */
#pragma once
#include "upgrade/node/bundle.h"
#include "upgrade/node/node.h"

enum verify_when {
	VERIFY_BEFORE, /* unpacking: files in the folders of releases that the node knows */
	VERIFY_AFTER,  /* all that the release has below lib/ and releases/VSN/ */
};

/* Files by their digest.  *fault: NULL when all are right, else what is not, for a
 * message ("lib/x-1.0/ebin/x.beam differs, and 3 more").
 */
must_check int verify_files(const char **fault, struct node *node, struct arena *arena,
			    const struct bundle *bundle, const struct node_releases *releases,
			    enum verify_when when, struct error *err);
/* Loaded modules by their MD5; *compared receives how many were. */
must_check int verify_modules(const char **fault, int64_t *compared, struct node *node,
			      struct arena *arena, const struct bundle *bundle, struct error *err);
