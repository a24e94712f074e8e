// SPDX-License-Identifier: Apache-2.0
/* gates.h - one gate asked; between the files of this room.
 *
 * Each returns how the node is by that gate; *text, in the arena, says why it is not well or why
 * nothing can be said, and is left alone when it is well.
 */
#pragma once
#include "upgrade/health/probe.h"

struct probing {
	struct node *node;
	struct arena *arena;
	const struct target *target;
	const json_t *baseline;
	struct probe *probe;
	struct node_vitals vitals;
	int64_t crashes; /* since they are counted; -1: they are not */
};

void probe_note(struct probing *probing, const char *name, int64_t value);

enum probe_verdict gate_http(const char **text, struct probing *p, const struct target_gate *gate);
enum probe_verdict gate_tcp(const char **text, struct probing *p, const struct target_gate *gate);
enum probe_verdict gate_exec(const char **text, struct probing *p, const struct target_gate *gate);
enum probe_verdict gate_prometheus(const char **text, struct probing *p,
				   const struct target_gate *gate);
enum probe_verdict gate_vitals(const char **text, struct probing *p,
			       const struct target_gate *gate);
/* PROBE_none with *err filled, *text NULL: the node is gone. */
enum probe_verdict gate_rpc(const char **text, struct probing *p, const struct target_gate *gate,
			    struct error *err);

/* What Prometheus answered to a query, judged by the limits of the gate.  `where` begins the text.
 */
enum probe_verdict prometheus_judge(const char **text, struct arena *arena, const char *answer,
				    size_t len, const struct target_gate *gate, const char *where);
