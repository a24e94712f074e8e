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
	/* What is not well, or of what nothing can be said: [{gate, fails, text}], gate being its
	 * place in the target; owned.
	 */
	json_t *findings;
	/* Numbers by name ("memory", "run_queue", "mailbox", "processes", "ports", "crashes",
	 * "latency", where they were taken), and registered processes with their pids; owned.
	 */
	json_t *measures, *census;
};

/* baseline  what an earlier probe of the node saw, {"measures": …, "census": …}; NULL: this is the
 *           first, and restarts, crashes and growth are not judged
 *
 * ERROR_UNREACHABLE, ERROR_FAILED: of the node, as node_run().
 */
must_check int probe_node(struct probe *out, struct node *node, struct arena *arena,
			  const struct target *target, const json_t *baseline, struct error *err);
/* The same without judging. */
must_check int probe_measure(struct probe *out, struct node *node, struct arena *arena,
			     const struct target *target, struct error *err);
void probe_done(struct probe *probe);
#define owned_probe owned(probe_done)

/* What stands in a gate, for one node: {host}, {name} and {node} filled in; in the arena.  `url`:
 * an IPv6 address is put in brackets.
 */
const char *probe_fill(struct arena *arena, const char *text, const char *node, bool url);
