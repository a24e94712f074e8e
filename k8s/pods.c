// SPDX-License-Identifier: Apache-2.0
#include "k8s/pods.h"

#include "base/json.h"

#include <stdlib.h>

enum { ORDINAL_MAX = 1000000 };

void pods_done(struct pods *pods)
{
	arena_done(&pods->arena);
	*pods = (struct pods){ 0 };
}

/* ---- one ---- */

static bool has_condition(const json_t *object, const char *type)
{
	const json_t *conditions = json_in(object, "status", "conditions", NULL), *one;
	size_t i;

	json_array_foreach (conditions, i, one)
		if (strcmp(json_at(one, "type", NULL), type) == 0)
			return strcmp(json_at(one, "status", NULL), "True") == 0;
	return false;
}

/* What the kubelet says of a container that was started again. */
static const char *end_of(struct arena *arena, const json_t *container)
{
	const json_t *ended = json_in(container, "lastState", "terminated", NULL);
	const char *reason = json_at(ended, "reason", NULL);

	return arena_printf(arena, "%s: %s, exit code %d", json_at(container, "name", NULL),
			    reason[0] ? reason : "ended",
			    (int)json_integer_value(json_object_get(ended, "exitCode")));
}

static void read_restarts(struct pod *out, const json_t *object, struct arena *arena)
{
	const json_t *one;
	const char *last = "";
	size_t i;

	json_array_foreach (json_in(object, "status", "containerStatuses", NULL), i, one) {
		const char *at = json_at(one, "lastState", "terminated", "finishedAt", NULL);
		json_int_t restarts = json_integer_value(json_object_get(one, "restartCount"));

		out->restarts += restarts > 0 && restarts < INT32_MAX ? restarts : 0;
		if (!json_in(one, "lastState", "terminated", NULL) || strcmp(at, last) < 0)
			continue;
		last = at;
		out->ended = end_of(arena, one);
	}
}

void pod_read(struct pod *out, const json_t *object, struct arena *arena)
{
	*out = (struct pod){
		.name = json_at(object, "metadata", "name", NULL),
		.uid = json_at(object, "metadata", "uid", NULL),
		.ip = json_at(object, "status", "podIP", NULL),
		.host = json_at(object, "spec", "nodeName", NULL),
		.ready = has_condition(object, "Ready"),
		.ending = json_at(object, "metadata", "deletionTimestamp", NULL)[0] != '\0',
		.ended = "",
	};
	if (arena)
		read_restarts(out, object, arena);
}

static void keep(struct pod *pod, struct arena *arena)
{
	pod->name = arena_dup(arena, span_of(pod->name));
	pod->uid = arena_dup(arena, span_of(pod->uid));
	pod->ip = arena_dup(arena, span_of(pod->ip));
	pod->host = arena_dup(arena, span_of(pod->host));
}

int pod_get(struct pod *out, bool *there, struct arena *arena, struct kube *kube, const char *space,
	    const char *name, struct error *err)
{
	struct kube_status status = { 0 };
	struct kube_request request = { .path = kube_path(arena, "v1", "pods", space, name),
					.status = &status };
	owned_json json_t *object = NULL;

	*there = false;
	if (kube_ask(&object, kube, &request, err))
		return status.code == 404 ? 0 : -1;
	pod_read(out, object, arena);
	keep(out, arena);
	*there = true;
	return 0;
}

int64_t pod_ordinal(const char *workload, const char *name)
{
	size_t len = strlen(workload);
	char *end;
	long long ordinal;

	if (strncmp(name, workload, len) != 0 || name[len] != '-' || name[len + 1] < '0' ||
	    name[len + 1] > '9')
		return -1;
	ordinal = strtoll(name + len + 1, &end, 10);
	return *end || ordinal > ORDINAL_MAX ? -1 : ordinal;
}

/* ---- all of a workload ---- */

bool pods_selected(const json_t *workload, const json_t *pod)
{
	const json_t *labels = json_in(workload, "spec", "selector", "matchLabels", NULL);
	const json_t *has = json_in(pod, "metadata", "labels", NULL);
	const char *key;
	json_t *value;

	if (json_object_size(labels) == 0)
		return false;
	json_object_foreach ((json_t *)(uintptr_t)labels, key, value)
		if (!json_equal(json_object_get(has, key), value))
			return false;
	return true;
}

static int selector_of(struct str *out, const json_t *workload, struct error *err)
{
	const json_t *selector = json_in(workload, "spec", "selector", NULL);
	const json_t *labels = json_object_get(selector, "matchLabels");
	const char *key;
	json_t *value;

	if (json_object_size(labels) == 0 ||
	    json_array_size(json_object_get(selector, "matchExpressions")))
		return error_set(err, ERROR_INVALID,
				 "%s selects its pods by something else than matchLabels",
				 json_at(workload, "metadata", "name", NULL));
	json_object_foreach ((json_t *)(uintptr_t)labels, key, value)
		str_addf(out, "%s%s=%s", out->len ? "," : "", key,
			 json_string_value(value) ? json_string_value(value) : "");
	return 0;
}

static int workload_get(json_t **out, struct arena *arena, struct kube *kube,
			const struct beam_wish *wish, struct error *err)
{
	struct kube_request request = {
		.path = kube_path(arena, "apps/v1",
				  strcmp(wish->kind, "Deployment") == 0 ? "deployments"
									: "statefulsets",
				  wish->space, wish->workload),
	};

	return kube_ask(out, kube, &request, err);
}

static const char *ordinal_text(const struct pod *pod)
{
	const char *dash = strrchr(pod->name, '-');

	return dash ? dash + 1 : pod->name;
}

static int last_first(const void *left, const void *right)
{
	const struct pod *a = left, *b = right;
	long long one = strtoll(ordinal_text(a), NULL, 10),
		  two = strtoll(ordinal_text(b), NULL, 10);

	if (one != two)
		return one > two ? -1 : 1;
	return strcmp(a->name, b->name);
}

static bool has_ended(const json_t *pod)
{
	const char *phase = json_at(pod, "status", "phase", NULL);

	return strcmp(phase, "Failed") == 0 || strcmp(phase, "Succeeded") == 0;
}

static void take_pods(struct pods *out, const json_t *list)
{
	const json_t *items = json_object_get(list, "items"), *one;
	size_t i;

	out->items = arena_array(&out->arena, json_array_size(items) + 1, struct pod);
	json_array_foreach (items, i, one) {
		if (has_ended(one))
			continue;
		pod_read(&out->items[out->len], one, &out->arena);
		keep(&out->items[out->len++], &out->arena);
	}
	qsort(out->items, out->len, sizeof(*out->items), last_first);
}

int pods_list(struct pods *out, struct kube *kube, const struct beam_wish *wish, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str selector = STR_EMPTY;
	owned_json json_t *workload = NULL, *list = NULL;
	struct kube_request request = { 0 };

	if (workload_get(&workload, &arena, kube, wish, err) ||
	    selector_of(&selector, workload, err))
		return -1;
	request.path = arena_printf(&arena, "%s?labelSelector=%s",
				    kube_path(&arena, "v1", "pods", wish->space, NULL),
				    kube_encode(&arena, str_text(&selector)));
	if (kube_ask(&list, kube, &request, err))
		return -1;
	*out = (struct pods){ .replicas = json_integer_value(
				      json_in(workload, "spec", "replicas", NULL)) };
	take_pods(out, list);
	return 0;
}

const struct pod *pods_find(const struct pods *pods, const char *name)
{
	for (size_t i = 0; i < pods->len; i++)
		if (strcmp(pods->items[i].name, name) == 0)
			return &pods->items[i];
	return NULL;
}
