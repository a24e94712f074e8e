// SPDX-License-Identifier: Apache-2.0
/* agent_order.h - what an agent is told to do: the body of POST /v1/ACTION. */
#pragma once
#include "base/names.h"
#include "k8s/desired.h"
#include "release/project/target.h"
#include "upgrade/rollout/rollout.h"

struct agent_order {
	enum action_kind kind;
	uint64_t token, id;
	const char *attempt; /* of which rollout */
	struct desired release;
	enum way way;
	const char *vsn, *from;     /* NULL: not said */
	int64_t node_ms, answer_ms; /* for the action, for one question */
	struct names allow;
	const struct target_gate *gates; /* what tells that the node is well; NULL: not said */
	size_t gates_len;
	const json_t *baseline; /* NULL: none; borrowed from `json` */
	json_t *json;
};

/* "/v1/look"; ACTION_none: it is no action's path. */
enum action_kind agent_action_of(const char *path);
const char *agent_way_name(enum way way);

/* Texts are in the arena; end with agent_order_done().  ERROR_INVALID: what is wrong in it. */
must_check int agent_order_read(struct agent_order *out, struct arena *arena, enum action_kind kind,
				struct span body, struct error *err);
void agent_order_done(struct agent_order *order);
