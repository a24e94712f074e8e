// SPDX-License-Identifier: Apache-2.0
#include "upgrade/rollout/reach.h"

struct node_options target_reach(const struct target *target, const char *node, const char *cookie)
{
	struct target_via via = target_via_of(target, node);

	return (struct node_options){
		.name = node,
		.cookie = cookie,
		.port = (int)target->port,
		.timeout_ms = target->timeout_ms,
		.tls = { target->tls_ca, target->tls_cert, target->tls_key },
		.via = { via.ssh, via.jump, via.host },
	};
}
