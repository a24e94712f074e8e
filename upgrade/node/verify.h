// SPDX-License-Identifier: Apache-2.0
/* verify.h - is what a node has on disk and in memory what the manifest says? */
#pragma once
#include "base/names.h"
#include "upgrade/node/bundle.h"
#include "upgrade/node/node.h"

enum verify_when {
	VERIFY_BEFORE, /* unpacking: files in the folders of releases that the node knows */
	VERIFY_AFTER,  /* all that the release has below lib/, releases/VSN/ and an ERTS that is new
			*/
};

/* Files by their digest; *same receives the folders that are the same as a whole (digests.h).
 * *fault: NULL when all are right, else what is not, for a message ("lib/x-1.0/ebin/x.beam differs,
 * and 3 more").
 */
must_check int verify_files(const char **fault, struct names *same, struct node *node,
			    struct arena *arena, const struct bundle *bundle,
			    const struct node_releases *releases, enum verify_when when,
			    struct error *err);
struct verify_modules {
	int64_t compared;
	const char *fault;   /* NULL: all are right; else as above */
	const char *strange; /* likewise, of modules that are the same in `other` */
};

/* Loaded modules by their MD5.  Some systems make or patch modules while they run: a
 * module that is the same in the release before and after, `other` being the one of the two
 * that is not `bundle`, is none of an upgrade's business.  NULL: every module is.
 */
must_check int verify_modules(struct verify_modules *out, struct node *node, struct arena *arena,
			      const struct bundle *bundle, const struct bundle *other,
			      struct error *err);
