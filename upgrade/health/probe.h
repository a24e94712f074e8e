// SPDX-License-Identifier: Apache-2.0
/* probe.h - one look at how a node feels, judged by the gates of its target.
 *
 * Three verdicts: well, not well, and no verdict, where what is to be judged could not be had from
 * a node that answers.  A gate that fails says which value, against what, and where.
 */
#pragma once
#include "release/project/target.h"
#include "upgrade/node/node.h"

enum probe_verdict { PROBE_none, PROBE_pass, PROBE_fail };

struct probe {
	enum probe_verdict verdict;
	const char *text; /* why it is not well, or why nothing can be said; "" when it is well */
	/* Numbers by name ("memory", "run_queue", "mailbox", "processes", "latency", where they
	 * were taken), and registered processes with their pids; owned.
	 */
	json_t *measures, *census;
};

/* baseline  what an earlier probe of the node saw, {"measures": …, "census": …}; NULL: this is the
 *           first, and restarts and growth are not judged
 *
 * Texts in the arena.  ERROR_UNREACHABLE, ERROR_FAILED: of the node, as node_run().
 */
must_check int probe_node(struct probe *out, struct node *node, struct arena *arena,
			  const struct target *target, const json_t *baseline, struct error *err);
void probe_done(struct probe *probe);
#define owned_probe owned(probe_done)

/* The url of a gate for one node: {host} and {name} filled in; in the arena. */
const char *probe_url(struct arena *arena, const char *url, const char *node);
