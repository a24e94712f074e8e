// SPDX-License-Identifier: Apache-2.0
/* A release that needs a restart: the pod is evicted, and comes up on what the ConfigMap says. */
#include "base/clock.h"
#include "base/json.h"
#include "k8s/attempt.h"
#include "k8s/event.h"

enum { AGAIN_MS = 1000, BUDGET_MS = 3000 };

struct eviction {
	struct kube *kube;
	const struct attempt *a;
	const struct work *work;
	const struct agent_reach *reach;
	const struct agent_order_of *order;
	struct deadline until;
	struct arena arena;
};

static bool leads(const struct eviction *e)
{
	return lease_leads(e->a->options->lease);
}

/* What the agent says of the node now; with another release it is not yet what it is to be. */
static json_t *look(const struct eviction *e, const struct pod *pod)
{
	struct work work = *e->work;
	struct agent_order_of order = *e->order;

	work.action.kind = ACTION_look;
	work.action.way = WAY_none;
	order.limit_ms = deadline_left(e->until);
	return agent_do(e->reach, pod->name, pod->ip, &work, &order);
}

static bool runs(const json_t *told, const char *vsn)
{
	return strcmp(json_at(told, "outcome", NULL), outcome_name(OUTCOME_ok)) == 0 &&
	       strcmp(json_at(told, "facts", "runs", NULL), vsn) == 0 &&
	       strcmp(json_at(told, "facts", "boots", NULL), vsn) == 0;
}

static void tell_waits(const struct eviction *e, const char *pod, const char *why)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct event event = {
		.regarding = e->a->object,
		.warning = true,
		.reason = "DisruptionBudget",
		.action = "Upgrade",
		.note = arena_printf(&arena, "%s: waits to be evicted: %s", pod, why),
	};

	event_tell(e->kube, &event);
}

/* A disruption budget that says no is asked again; nothing is ever simply deleted. */
static int evict(struct eviction *e, const struct pod *pod, struct error *err)
{
	owned_json json_t *body =
		json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:{s:s}}}", "apiVersion", "policy/v1beta1",
			  "kind", "Eviction", "metadata", "name", pod->name, "namespace",
			  e->a->options->space, "deleteOptions", "preconditions", "uid", pod->uid);
	struct kube_status status = { 0 };
	struct kube_request request = {
		.method = "POST",
		.path = arena_printf(
			&e->arena, "%s/eviction",
			kube_path(&e->arena, "v1", "pods", e->a->options->space, pod->name)),
		.body = body,
		.status = &status,
		.timeout_ms = BUDGET_MS,
	};

	for (bool told = false;; told = true) {
		if (kube_ask(NULL, e->kube, &request, err) == 0 || status.code == 404 ||
		    status.code == 409)
			return 0;
		if (status.code != 429 && err->kind != ERROR_UNREACHABLE)
			return -1;
		if (deadline_over(e->until) || !leads(e))
			return error_set(
				err, ERROR_FAILED,
				"pod %s was not evicted: a PodDisruptionBudget does not let "
				"it go (%.300s)",
				pod->name, err->text);
		if (!told && status.code == 429)
			tell_waits(e, pod->name, err->text);
		clock_sleep_ms(BUDGET_MS);
	}
}

/* Until one of the same name is ready, and is another than `uid`. */
static int wait_for_next(struct pod *out, struct eviction *e, const char *uid, struct error *err)
{
	const char *name = e->work->node;
	bool there = false;

	while (!deadline_over(e->until) && leads(e)) {
		if (pod_get(out, &there, &e->arena, e->kube, e->a->options->space, name, err) &&
		    err->kind != ERROR_UNREACHABLE)
			return -1;
		if (there && strcmp(out->uid, uid) != 0 && out->ready && !out->ending)
			return 0;
		clock_sleep_ms(AGAIN_MS);
	}
	/* Evicted again it would come up on the same. */
	return error_set(err, leads(e) ? ERROR_STUCK : ERROR_LOCKED,
			 "pod %s was evicted, and %s in time", name,
			 there ? "is not ready" : "did not come back");
}

static int replace(json_t **told, struct eviction *e, struct error *err)
{
	struct pod pod = { 0 };
	bool there;
	const char *uid = "";

	if (pod_get(&pod, &there, &e->arena, e->kube, e->a->options->space, e->work->node, err))
		return -1;
	if (there && !pod.ending) {
		*told = look(e, &pod);
		if (runs(*told, e->work->action.vsn))
			return 0;
		json_decref(*told);
	}
	uid = there ? pod.uid : "";
	if ((there && !pod.ending && evict(e, &pod, err)) || wait_for_next(&pod, e, uid, err))
		return -1;
	*told = look(e, &pod);
	return 0;
}

json_t *attempt_restart(const struct attempt *a, const struct work *work,
			const struct agent_reach *reach, const struct agent_order_of *order)
{
	struct eviction e = { .a = a,
			      .work = work,
			      .reach = reach,
			      .order = order,
			      /* It is told before it is given up. */
			      .until = deadline_in(order->limit_ms - order->limit_ms / 10) };
	owned_kube struct kube *kube = NULL;
	json_t *told = NULL;
	struct error err;
	int ret;

	if (strcmp(a->wish.kind, "StatefulSet") != 0)
		return agent_told(OUTCOME_refused,
				  "it needs a restart, and the pods of a Deployment have no names "
				  "that stay");
	if (kube_open(&kube, &a->options->kube, &err))
		return agent_told(OUTCOME_failed, err.text);
	e.kube = kube;
	ret = replace(&told, &e, &err);
	arena_done(&e.arena);
	return ret ? agent_told(work_outcome(&err), err.text) : told;
}
