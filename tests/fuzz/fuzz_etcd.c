// SPDX-License-Identifier: Apache-2.0
/* Any bytes as what a journal holds: an answer of etcd's gateway, whose values are heads and nodes
 * of rollouts, or such a document itself.  What can be read can be gone on with.
 */
#include "upgrade/rollout/etcd.h"
#include "upgrade/rollout/journal_kind.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A few steps, each a second later; every action is answered in one of the ways there are. */
static void go_on(struct rollout *r, uint8_t how)
{
	const struct node_facts facts = { .runs = how & 1 ? r->to : "1.0.0",
					  .boots = how & 2 ? r->to : "1.0.0",
					  .has = how & 4,
					  .serving = how & 8,
					  .health = (enum health)(how % 3),
					  .way = (enum way)(how % 3) };
	json_t *json;

	rollout_resume(r, 9);
	for (int64_t step = 0; step < 8; step++) {
		struct rollout_actions actions = { 0 };
		struct sight sight = { .kind = SIGHT_answer,
				       .outcome = (enum outcome)(how % OUTCOMES),
				       .facts = how & 16 ? &facts : NULL };

		rollout_step(r, NULL, 0, 1000 * step, &actions);
		for (size_t i = 0; i < actions.len && i < 8; i++) {
			struct rollout_actions more = { 0 };

			sight.id = actions.items[i].id;
			rollout_step(r, &sight, 1, 1000 * step, &more);
			rollout_actions_done(&more);
		}
		rollout_actions_done(&actions);
	}
	json = rollout_head_json(r);
	json_decref(json);
	rollout_free(rollout_back(r, "1.0.0", 10));
}

/* {"head": …, "nodes": […]}: a rollout as etcd has it, with its nodes beside it. */
static void read_state(const json_t *json, uint8_t how)
{
	owned_rollout struct rollout *r = NULL;
	const json_t *node;
	struct error err;
	size_t i;

	if (rollout_read_head(&r, json_object_get(json, "head"), &err))
		return;
	json_array_foreach (json_object_get(json, "nodes"), i, node)
		if (rollout_read_node(r, node, &err))
			return;
	go_on(r, how);
	json_decref(journal_told(1, 2, 3, "", json_object_get(json, "head"), json_array()));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct etcd_kvs kvs;
	struct error err;
	json_t *json;

	if (size == 0)
		return 0;
	json = journal_parse((struct span){ (const char *)data + 1, size - 1 });
	read_state(json, data[0]);
	if (etcd_read_kvs(&kvs, &arena, json, &err) == 0) {
		for (size_t i = 0; i < kvs.len; i++) {
			json_t *value = journal_parse(kvs.items[i].value);

			read_state(value, data[0]);
			json_decref(value);
		}
	}
	json_decref(json);
	return 0;
}
