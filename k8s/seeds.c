// SPDX-License-Identifier: Apache-2.0
#include "k8s/seeds.h"

#include "base/json.h"

#include <inttypes.h>

void seeds_done(struct seeds *seeds)
{
	json_decref(seeds->stable);
	json_decref(seeds->pods);
	*seeds = (struct seeds){ 0 };
}

static const char *path_of(struct arena *arena, const struct beam_wish *wish)
{
	return kube_path(arena, "v1", "configmaps", wish->space,
			 arena_printf(arena, "relevo-%s", wish->name));
}

static json_t *parsed(const json_t *map, const char *key)
{
	const char *text = json_at(map, "data", key, NULL);
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(json))
		return json;
	json_decref(json);
	return NULL;
}

int seeds_get(struct seeds *out, struct kube *kube, const struct beam_wish *wish, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct kube_status status = { 0 };
	struct kube_request request = { .path = path_of(&arena, wish), .status = &status };
	owned_json json_t *map = NULL;

	if (kube_ask(&map, kube, &request, err) && status.code != 404)
		return -1;
	*out = (struct seeds){ .stable = parsed(map, "stable"),
			       .pods = parsed(map, "pods"),
			       .there = map != NULL };
	if (!out->pods)
		out->pods = json_object();
	return 0;
}

static json_t *map_of(struct arena *arena, const struct beam_wish *wish, const json_t *stable,
		      const json_t *pods, int64_t token)
{
	owned_mem char *stable_text = json_dumps(stable, JSON_COMPACT | JSON_SORT_KEYS);
	owned_mem char *pods_text = json_dumps(pods, JSON_COMPACT | JSON_SORT_KEYS);

	return json_pack("{s:s, s:s, s:{s:s, s:s, s:{s:s}, s:[{s:s, s:s, s:s, s:s, s:b}]},"
			 " s:{s:s, s:s, s:s}}",
			 "apiVersion", "v1", "kind", "ConfigMap", "metadata", "name",
			 arena_printf(arena, "relevo-%s", wish->name), "namespace", wish->space,
			 "labels", "relevo.dev/deployment", wish->name, "ownerReferences",
			 "apiVersion", BEAM_GROUP, "kind", "BeamDeployment", "name", wish->name,
			 "uid", wish->uid, "controller", 1, "data", "stable", stable_text, "pods",
			 pods_text, "token", arena_printf(arena, "%" PRId64, token));
}

int seeds_put(struct kube *kube, const struct beam_wish *wish, const json_t *stable,
	      const json_t *pods, int64_t token, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_json json_t *map = map_of(&arena, wish, stable, pods, token);
	owned_seeds struct seeds now = { 0 };

	if (kube_apply(NULL, kube, path_of(&arena, wish), map, true, err) ||
	    seeds_get(&now, kube, wish, err))
		return -1;
	if (!json_equal(now.stable, stable) || !json_equal(now.pods, pods))
		return error_set(err, ERROR_LOCKED,
				 "ConfigMap relevo-%s: somebody else writes it, too", wish->name);
	return 0;
}
