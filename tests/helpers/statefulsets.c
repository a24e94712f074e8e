// SPDX-License-Identifier: Apache-2.0
/* statefulsets NAMESPACE: gives the StatefulSets of a namespace their pods, as
 * kube-controller-manager does where they say OnDelete: by name, one behind the other when each is
 * ready (unless they say Parallel); too many go from the end.  Deployments get theirs as well, by
 * names that nobody had before, without a ReplicaSet between.  A changed template is for pods that
 * are new.  $KUBECONFIG says where; SIGTERM ends it.
 */
#include "base/clock.h"
#include "base/json.h"
#include "base/process.h"
#include "k8s/api.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { TURN_MS = 300 };

static struct kube *kube;
static const char *space;
static volatile sig_atomic_t told_to_end;

static void end(int number)
{
	(void)number;
	told_to_end = 1;
}

static json_t *in(const json_t *json, const char *path)
{
	struct span rest = span_of(path), key;

	while (json && span_next(&rest, '.', &key))
		json = json_object_getn(json, key.ptr, key.len);
	return (json_t *)(uintptr_t)json;
}

static bool says(const json_t *json, const char *path, const char *text)
{
	const char *found = json_string_value(in(json, path));

	return found && strcmp(found, text) == 0;
}

static bool ask(json_t **out, const char *method, const char *path, json_t *body, const char *type)
{
	const struct kube_request request = { method, path, body, type, 5000, NULL };
	struct error err;
	bool ok = kube_ask(out, kube, &request, &err) == 0;

	json_decref(body);
	if (!ok && err.kind != ERROR_NOT_FOUND && err.kind != ERROR_LOCKED)
		fprintf(stderr, "%s %s: %s\n", method, path, err.text);
	return ok;
}

static json_t *pod_of(const json_t *owner, const char *kind, const char *name)
{
	json_t *metadata = json_deep_copy(in(owner, "spec.template.metadata"));

	json_object_del(metadata, "creationTimestamp");
	json_object_set_new(metadata, "name", json_string(name));
	json_object_set_new(metadata, "ownerReferences",
			    json_pack("[{s:s, s:s, s:O, s:O, s:b, s:b}]", "apiVersion", "apps/v1",
				      "kind", kind, "name", in(owner, "metadata.name"), "uid",
				      in(owner, "metadata.uid"), "controller", true,
				      "blockOwnerDeletion", true));
	return json_pack("{s:s, s:s, s:o, s:o}", "apiVersion", "v1", "kind", "Pod", "metadata",
			 metadata, "spec", json_deep_copy(in(owner, "spec.template.spec")));
}

static json_t *pod_of_set(const json_t *set, const char *name)
{
	json_t *pod = pod_of(set, "StatefulSet", name), *spec = in(pod, "spec");

	json_object_set_new(in(pod, "metadata.labels"), "statefulset.kubernetes.io/pod-name",
			    json_string(name));
	json_object_set_new(spec, "hostname", json_string(name));
	json_object_set(spec, "subdomain", in(set, "spec.serviceName"));
	return pod;
}

static bool is_ready(const json_t *pod)
{
	const json_t *condition;
	size_t i;

	json_array_foreach (in(pod, "status.conditions"), i, condition)
		if (says(condition, "type", "Ready") && says(condition, "status", "True"))
			return !in(pod, "metadata.deletionTimestamp");
	return false;
}

static const json_t *find(const json_t *pods, const char *name)
{
	const json_t *pod;
	size_t i;

	json_array_foreach (in(pods, "items"), i, pod)
		if (says(pod, "metadata.name", name))
			return pod;
	return NULL;
}

/* The first that is too many; they go one by one. */
static void shrink(const json_t *set, const json_t *pods, const char *path, json_int_t wanted)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *set_name = json_string_value(in(set, "metadata.name"));

	for (json_int_t nr = wanted; nr < wanted + 64; nr++) {
		const char *name = arena_printf(&arena, "%s-%d", set_name, (int)nr);
		const json_t *pod = find(pods, name);

		if (pod && !in(pod, "metadata.deletionTimestamp"))
			ask(NULL, "DELETE", arena_printf(&arena, "%s/%s", path, name), NULL, NULL);
	}
}

static void tell(const json_t *set, const char *kinds, json_int_t replicas, json_int_t ready)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	json_t *status =
		json_pack("{s:I, s:I, s:I, s:O}", "replicas", replicas, "readyReplicas", ready,
			  strcmp(kinds, "deployments") == 0 ? "updatedReplicas" : "currentReplicas",
			  replicas, "observedGeneration", in(set, "metadata.generation"));
	const json_t *now = in(set, "status");

	if (json_integer_value(in(now, "replicas")) == replicas &&
	    json_integer_value(in(now, "readyReplicas")) == ready &&
	    json_equal(in(now, "observedGeneration"), in(set, "metadata.generation")))
		json_decref(status);
	else
		ask(NULL, "PATCH",
		    arena_printf(&arena, "/apis/apps/v1/namespaces/%s/%s/%s/status", space, kinds,
				 json_string_value(in(set, "metadata.name"))),
		    json_pack("{s:o}", "status", status), KUBE_MERGE);
}

static void look_after(const json_t *set, const json_t *pods)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *path = arena_printf(&arena, "/api/v1/namespaces/%s/pods", space);
	const char *set_name = json_string_value(in(set, "metadata.name"));
	json_int_t wanted = json_integer_value(in(set, "spec.replicas")), there = 0, ready = 0;
	bool parallel = says(set, "spec.podManagementPolicy", "Parallel"), wait = false;

	for (json_int_t nr = 0; nr < wanted; nr++) {
		const char *name = arena_printf(&arena, "%s-%d", set_name, (int)nr);
		const json_t *pod = find(pods, name);

		if (!pod && !wait)
			ask(NULL, "POST", path, pod_of_set(set, name), NULL);
		there += pod != NULL;
		ready += pod && is_ready(pod);
		wait = wait || (!parallel && !(pod && is_ready(pod)));
	}
	shrink(set, pods, path, wanted);
	tell(set, "statefulsets", there, ready);
}

/* ---- of a Deployment ---- */

static bool is_of(const json_t *pod, const json_t *owner)
{
	return says(json_array_get(in(pod, "metadata.ownerReferences"), 0), "uid",
		    json_string_value(in(owner, "metadata.uid")));
}

/* One that is too many: one that is not ready first. */
static void take_one(const json_t *deployment, const json_t *pods, const char *path)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const json_t *pod, *chosen = NULL;
	size_t i;

	json_array_foreach (in(pods, "items"), i, pod)
		if (is_of(pod, deployment) && !in(pod, "metadata.deletionTimestamp") &&
		    (!chosen || !is_ready(pod)))
			chosen = pod;
	ask(NULL, "DELETE",
	    arena_printf(&arena, "%s/%s", path, json_string_value(in(chosen, "metadata.name"))),
	    NULL, NULL);
}

/* Those that end are replaced at once. */
static void look_after_deployment(const json_t *deployment, const json_t *pods)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *path = arena_printf(&arena, "/api/v1/namespaces/%s/pods", space);
	json_int_t wanted = json_integer_value(in(deployment, "spec.replicas")), there = 0,
		   ready = 0;
	const json_t *pod;
	size_t i;

	json_array_foreach (in(pods, "items"), i, pod) {
		there += is_of(pod, deployment) && !in(pod, "metadata.deletionTimestamp");
		ready += is_of(pod, deployment) && is_ready(pod);
	}
	for (json_int_t more = there; more < wanted; more++) {
		const char *name = arena_printf(
			&arena, "%s-%llx%x", json_string_value(in(deployment, "metadata.name")),
			(unsigned long long)clock_wall_ms() & 0xffffffffff, (unsigned)more);

		ask(NULL, "POST", path, pod_of(deployment, "Deployment", name), NULL);
	}
	if (there > wanted)
		take_one(deployment, pods, path);
	tell(deployment, "deployments", there, ready);
}

static void look_at(const char *kinds, void (*after)(const json_t *owner, const json_t *pods))
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_json json_t *owners = NULL, *pods = NULL;
	const json_t *owner;
	size_t i;

	/* The owners first: a pod that is not seen then is not there. */
	if (!ask(&owners, "GET",
		 arena_printf(&arena, "/apis/apps/v1/namespaces/%s/%s", space, kinds), NULL,
		 NULL) ||
	    !ask(&pods, "GET", arena_printf(&arena, "/api/v1/namespaces/%s/pods", space), NULL,
		 NULL))
		return;
	json_array_foreach (in(owners, "items"), i, owner)
		if (!in(owner, "metadata.deletionTimestamp"))
			after(owner, pods);
}

int main(int argc, char **argv)
{
	const struct kube_options options = { 0 };
	struct error err;

	process_begin();
	if (argc != 2) {
		fprintf(stderr, "usage: statefulsets NAMESPACE\n");
		return 2;
	}
	space = argv[1];
	signal(SIGTERM, end);
	if (kube_open(&kube, &options, &err)) {
		fprintf(stderr, "statefulsets: %s\n", err.text);
		return 1;
	}
	while (!told_to_end) {
		look_at("statefulsets", look_after);
		look_at("deployments", look_after_deployment);
		clock_sleep_ms(TURN_MS);
	}
	kube_close(kube);
	return 0;
}
