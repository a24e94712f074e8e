// SPDX-License-Identifier: Apache-2.0
/* foresee.h - what an installation would meet on a node, without changing anything there. */
#pragma once
#include "upgrade/node/bundle.h"
#include "upgrade/node/install.h"

/* A list of texts. */
struct foreseen_texts {
	const char *const *items;
	size_t len;
};

struct foreseen {
	const char *name, *from, *vsn;
	bool already;                   /* it runs */
	struct foreseen_texts refusals; /* why it would not be installed; none: it would */
	/* Processes in code that is loaded over once more: they die. */
	struct foreseen_texts lingering;
	/* Processes that would be suspended but do not answer system messages. */
	struct foreseen_texts silent;
	int64_t suspends; /* how many processes would be suspended, by the supervision trees now */
	/* "App key", without values; what providers (runtime.exs) give is found out by the
	 * installation.
	 */
	struct foreseen_texts config;
	int64_t lacked_bytes, release_bytes; /* what would be sent; the whole tarball */
	int64_t needed_bytes, free_bytes;    /* on the node's disk; free -1: not known */
};

/* A fault of the release or the node is a refusal, not an error.
 *
 * ERROR_UNREACHABLE, ERROR_FAILED: as node_run().  ERROR_REFUSED: sasl does not run there.
 */
must_check int node_foresee(struct foreseen *out, struct node *node, struct arena *arena,
			    const struct bundle *bundle, const struct install_options *options,
			    struct error *err);
