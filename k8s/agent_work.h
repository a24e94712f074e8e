// SPDX-License-Identifier: Apache-2.0
/* agent_work.h - what an agent's child processes do with the node beside it. */
#pragma once
#include "k8s/agent_order.h"

struct agent_setup {
	const char *root, *node, *cookie_file;
	const struct trust *trust;
};

/* An order carried out by work_do(): its answer, a new reference, and in facts.way of a look the
 * way from what runs to the release.
 */
json_t *agent_work(const struct agent_setup *setup, const struct agent_order *order);
/* {"up", "error"?, "serving", "release", "runs", "boots", "born", "releases": [{"version",
 * "status", "digest"}]}; a new reference.
 */
json_t *agent_look(const struct agent_setup *setup);
/* {"text": the node's vitals for Prometheus}; a new reference. */
json_t *agent_measure(const struct agent_setup *setup);
