// SPDX-License-Identifier: Apache-2.0
/* move.h - one installation on a node, up or down, and what came of it.
 *
 * The node carries it out in one call, which ends by itself whoever goes away meanwhile:
 * configuration, release_handler:install_release, protocols.
 */
#pragma once
#include "upgrade/node/node.h"

struct move_options {
	int64_t code_change_timeout_ms; /* for one process */
	int64_t suspend_timeout_ms;     /* for one process */
	int64_t config_timeout_ms;      /* for evaluating the configuration */
	int64_t timeout_ms;             /* for the whole, and for a node that restarts */
	bool no_trial;                  /* what is restarted into is permanent at once */
	/* Called once when the VM has ended for a restart: it starts it again, where nobody else
	 * does.  NULL: somebody else does.
	 */
	int (*start)(void *context, struct error *err);
	void *start_context;
};

enum move_outcome {
	MOVE_DONE,      /* the release runs */
	MOVE_REFUSED,   /* nothing was changed */
	MOVE_HALF,      /* it runs, but its protocols could not be loaded */
	MOVE_RESTARTED, /* it failed; the node restarted into its permanent release */
};

/* How long the processes of one module (the one that they began in) were suspended. */
struct move_pause {
	const char *module;
	int64_t processes, longest_us;
};

/* None: nothing was suspended, or somebody else traces release_handler. */
struct move_pauses {
	const struct move_pause *items;
	size_t len;
};

/* Has the node install a release that it has unpacked.
 *
 * pauses  what was measured, in the arena; untouched unless MOVE_DONE, and where the answer got
 * lost why     text in the arena, what went wrong; untouched when MOVE_DONE
 *
 * ERROR_UNREACHABLE: the node is gone and did not come back, or did not finish in time;
 * what it will be is not known, node_releases() tells once it can be reached.
 */
must_check int node_move(enum move_outcome *out, struct move_pauses *pauses, const char **why,
			 struct node *node, struct arena *arena, const char *vsn,
			 const struct move_options *options, struct error *err);

/* Has the node restart its VM into a release that it has unpacked: into the permanent one, or
 * into another one on trial (or for good).  MOVE_RESTARTED: it did not come up, the permanent one
 * runs again. Otherwise as node_move().
 */
must_check int node_restart(enum move_outcome *out, const char **why, struct node *node,
			    struct arena *arena, const char *vsn,
			    const struct move_options *options, struct error *err);

/* Waits until no installation runs on the node, and reads its releases.  A connection that
 * is lost is made anew.
 */
must_check int node_settle(struct node_releases *out, struct node *node, struct arena *arena,
			   struct deadline deadline, struct error *err);
