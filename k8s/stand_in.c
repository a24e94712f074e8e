// SPDX-License-Identifier: Apache-2.0
#include "k8s/stand_in.h"

bool stand_in_wanted(const struct rollout_node *node)
{
	return node->stage != STAGE_gone && node->touched &&
	       (node->way == WAY_restart || node->cold);
}

const char *stand_in_of(const json_t *names, const char *node)
{
	const char *pod = json_string_value(json_object_get(names, node));

	return pod ? pod : node;
}

bool stand_in_is(const json_t *names, const char *pod)
{
	const char *node;
	json_t *name;

	json_object_foreach ((json_t *)(uintptr_t)names, node, name)
		if (strcmp(json_string_value(name), pod) == 0)
			return true;
	return false;
}

static bool is_known(const struct rollout *r, const char *name)
{
	for (size_t i = 0; i < r->len; i++)
		if (r->nodes[i].stage != STAGE_gone && strcmp(r->nodes[i].name, name) == 0)
			return true;
	return false;
}

static const struct pod *find_free(const json_t *names, const struct rollout *r,
				   const struct pods *pods)
{
	for (size_t i = 0; i < pods->len; i++)
		if (!pods->items[i].ending && !is_known(r, pods->items[i].name) &&
		    !stand_in_is(names, pods->items[i].name))
			return &pods->items[i];
	return NULL;
}

bool stand_in_find(json_t *names, const struct rollout *r, const struct pods *pods)
{
	bool all = true;

	for (size_t i = 0; i < r->len; i++) {
		const struct rollout_node *node = &r->nodes[i];
		const struct pod *pod = pods_find(pods, stand_in_of(names, node->name));

		if (!stand_in_wanted(node)) {
			json_object_del(names, node->name);
			continue;
		}
		if (pod && !pod->ending)
			continue;
		pod = find_free(names, r, pods);
		if (pod)
			json_object_set_new(names, node->name, json_string(pod->name));
		else
			all = false;
	}
	return all;
}
