// SPDX-License-Identifier: Apache-2.0
/* agent_ask.h - the agent beside a node in a pod, asked over HTTPS.
 *
 * Its certificate must be for POD.NAMESPACE.pod; it is reached by the pod's address.
 */
#pragma once
#include "base/http.h"
#include "upgrade/rollout/work.h"

struct agent_reach {
	struct http_tls tls;
	const char *space;
	int64_t port;
};

struct agent_order_of {
	const char *attempt;  /* the name of the BeamUpgrade */
	json_t *release;      /* the document that pods are given; borrowed */
	const json_t *health; /* gates; NULL: the agent's own */
	int64_t limit_ms;     /* for all of it */
	int64_t node_ms;      /* what the node has for it */
};

/* Does an action there, and waits for what came of it: as work_do().  Repeated it is one action. */
json_t *agent_do(const struct agent_reach *reach, const char *pod, const char *ip,
		 const struct work *work, const struct agent_order_of *order);
/* GET /v1/state; a new reference.  ERROR_UNREACHABLE, ERROR_INVALID. */
must_check int agent_ask_state(json_t **out, const struct agent_reach *reach, const char *pod,
			       const char *ip, struct error *err);
/* What work_do() would tell, of nothing but an outcome and why. */
json_t *agent_told(enum outcome outcome, const char *text);
