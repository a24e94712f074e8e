// SPDX-License-Identifier: Apache-2.0
/* A release that needs a restart: the pod is evicted, and comes up on what the ConfigMap says. */
#include "base/clock.h"
#include "base/json.h"
#include "k8s/attempt.h"
#include "k8s/event.h"
#include "k8s/stand_in.h"

enum { AGAIN_MS = 1000, BUDGET_MS = 3000 };

struct eviction {
	struct kube *kube;
	const struct attempt *a;
	const struct work *work;
	const struct agent_reach *reach;
	const struct agent_order_of *order;
	const char *name;   /* of the pod that is to go */
	struct pods before; /* a Deployment's pods, when it was told to go */
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

/* The one of the same name; of a Deployment one that was not there before.  *there: some are. */
static int find_next(struct pod *out, bool *there, struct eviction *e, struct error *err)
{
	owned_pods struct pods now = { 0 };

	if (attempt_of_set(e->a))
		return pod_get(out, there, &e->arena, e->kube, e->a->options->space, e->name, err);
	*there = false;
	if (pods_list(&now, e->kube, &e->a->wish, err))
		return -1;
	for (size_t i = 0; i < now.len; i++) {
		const struct pod *pod = &now.items[i];

		if (pods_find(&e->before, pod->name) || pod->ending)
			continue;
		return pod_get(out, there, &e->arena, e->kube, e->a->options->space, pod->name,
			       err);
	}
	return 0;
}

/* Until it is ready, and another than `uid`. */
static int wait_for_next(struct pod *out, struct eviction *e, const char *uid, struct error *err)
{
	bool there = false;

	while (!deadline_over(e->until) && leads(e)) {
		if (find_next(out, &there, e, err) && err->kind != ERROR_UNREACHABLE)
			return -1;
		if (there && strcmp(out->uid, uid) != 0 && out->ready && !out->ending)
			return 0;
		clock_sleep_ms(AGAIN_MS);
	}
	/* Evicted again it would come up on the same. */
	return error_set(err, leads(e) ? ERROR_STUCK : ERROR_LOCKED,
			 "pod %s was evicted, and %s in time", e->name,
			 there ? "is not ready" : "did not come back");
}

static int replace(json_t **told, struct eviction *e, struct error *err)
{
	struct pod pod = { 0 };
	bool there;
	const char *uid = "";

	if ((!attempt_of_set(e->a) && pods_list(&e->before, e->kube, &e->a->wish, err)) ||
	    pod_get(&pod, &there, &e->arena, e->kube, e->a->options->space, e->name, err))
		return -1;
	/* Another stands in for it by now, or will. */
	if (!attempt_of_set(e->a) && (!there || pod.ending)) {
		*told = agent_told(OUTCOME_silent, "the pod is not there");
		return 0;
	}
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
			      .name = stand_in_of(a->names, work->node),
			      /* It is told before it is given up. */
			      .until = deadline_in(order->limit_ms - order->limit_ms / 10) };
	owned_kube struct kube *kube = NULL;
	json_t *told = NULL;
	struct error err;
	int ret;

	if (kube_open(&kube, &a->options->kube, &err))
		return agent_told(OUTCOME_failed, err.text);
	e.kube = kube;
	ret = replace(&told, &e, &err);
	pods_done(&e.before);
	arena_done(&e.arena);
	return ret ? agent_told(work_outcome(&err), err.text) : told;
}
