// SPDX-License-Identifier: Apache-2.0
#include "k8s/seeds.h"

#include "base/json.h"

#include <inttypes.h>
#include <stdlib.h>

enum { TRIES_MAX = 5 };

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

static void take(struct seeds *out, const json_t *map)
{
	*out = (struct seeds){ .stable = parsed(map, "stable"),
			       .pods = parsed(map, "pods"),
			       .token = strtoll(json_at(map, "data", "token", NULL), NULL, 10) };
	snprintf(out->version, sizeof(out->version), "%s", kube_meta(map, "resourceVersion"));
	if (!out->pods)
		out->pods = json_object();
}

int seeds_get(struct seeds *out, struct kube *kube, const struct beam_wish *wish, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct kube_status status = { 0 };
	struct kube_request request = { .path = path_of(&arena, wish), .status = &status };
	owned_json json_t *map = NULL;

	if (kube_ask(&map, kube, &request, err) && status.code != 404)
		return -1;
	take(out, map);
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

/* Over that version and no other; an answer that was lost is asked for as one that came late. */
static int put_over(const char *version, struct kube *kube, const char *path, json_t *map,
		    struct error *err)
{
	json_t *meta = json_object_get(map, "metadata");

	if (version[0])
		json_object_set_new(meta, "resourceVersion", json_string(version));
	else
		json_object_del(meta, "resourceVersion");
	return kube_apply(NULL, kube, path, map, true, err);
}

int seeds_put(struct seeds *seeds, struct kube *kube, const struct beam_wish *wish,
	      const json_t *stable, const json_t *pods, int64_t token, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_json json_t *map = map_of(&arena, wish, stable, pods, token);
	/* They may be those in seeds. */
	owned_json json_t *kept_stable = json_incref((json_t *)(uintptr_t)stable);
	owned_json json_t *kept_pods = json_incref((json_t *)(uintptr_t)pods);

	for (int tries = 0; tries < TRIES_MAX; tries++) {
		bool put = put_over(seeds->version, kube, path_of(&arena, wish), map, err) == 0;
		struct seeds now;

		if (!put && err->kind != ERROR_LOCKED)
			return -1;
		if (seeds_get(&now, kube, wish, err))
			return -1;
		seeds_done(seeds);
		*seeds = now;
		if (now.token > token)
			break;
		if (json_equal(now.stable, kept_stable) && json_equal(now.pods, kept_pods) &&
		    now.token == token)
			return 0;
	}
	return error_set(err, seeds->token > token ? ERROR_LOCKED : ERROR_FAILED,
			 "ConfigMap relevo-%s: somebody else writes it, too", wish->name);
}
