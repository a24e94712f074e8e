// SPDX-License-Identifier: Apache-2.0
/* The engine, with pods as its nodes. */
#include "base/clock.h"
#include "base/json.h"
#include "k8s/attempt.h"
#include "k8s/event.h"
#include "k8s/stand_in.h"
#include "upgrade/rollout/fleet.h"

enum { PODS_MS = 1000, PROBE_LIMIT_MS = 60000 };

/* ---- which pods there are ---- */

/* Those of a StatefulSet are known by its number, also while one is replaced. */
static bool has_ordinal(const struct attempt *a, const char *name)
{
	int64_t ordinal = pod_ordinal(a->wish.workload, name);

	return ordinal >= 0 && ordinal < a->pods.replicas;
}

static bool is_full(const struct attempt *a)
{
	int64_t living = 0;

	for (size_t i = 0; i < a->pods.len; i++)
		living += !a->pods.items[i].ending;
	return living >= a->pods.replicas;
}

/* One whose pod is replaced is waited for, unless fewer are wanted. */
static bool is_node(const struct attempt *a, const struct rollout_node *node)
{
	if (attempt_of_set(a))
		return has_ordinal(a, node->name);
	return pods_find(&a->pods, stand_in_of(a->names, node->name)) ||
	       (stand_in_wanted(node) && !is_full(a));
}

static bool is_new(const struct attempt *a, const struct rollout *r, const struct pod *pod)
{
	const struct rollout_node *node = rollout_find(r, pod->name);

	if ((node && node->stage != STAGE_gone) || pod->ending)
		return false;
	return attempt_of_set(a) ? has_ordinal(a, pod->name)
				 : a->all_stood_for && !stand_in_is(a->names, pod->name);
}

/* The rollout finds out that a VM is another one, and not why. */
static void tell_restarts(const struct attempt *a, const struct pods *now)
{
	for (size_t i = 0; i < now->len; i++) {
		const struct pod *pod = &now->items[i], *before = pods_find(&a->pods, pod->name);

		if (before && strcmp(before->uid, pod->uid) == 0 &&
		    pod->restarts > before->restarts)
			attempt_tell(a, true, "ContainerRestarted", pod->name, pod->ended);
	}
}

static void look_at_pods(struct attempt *a, const struct rollout *r)
{
	struct pods now = { 0 };
	struct error ignored;

	if (a->pods_at && clock_mono_ms() - a->pods_at < PODS_MS)
		return;
	a->pods_at = clock_mono_ms();
	/* What cannot be asked is as it was. */
	if (pods_list(&now, a->kube, &a->wish, &ignored))
		return;
	tell_restarts(a, &now);
	pods_done(&a->pods);
	a->pods = now;
	a->next_pod = a->next_node = 0;
	a->all_stood_for = attempt_of_set(a) || stand_in_find(a->names, r, &a->pods);
}

static bool saw(struct attempt *a, const struct rollout *r, struct sight *out)
{
	while (a->next_pod < a->pods.len) {
		const struct pod *pod = &a->pods.items[a->next_pod++];

		if (!is_new(a, r, pod))
			continue;
		*out = (struct sight){ .kind = SIGHT_new, .node = pod->name, .zone = pod->host };
		/* It replaces one that died by itself, or is one more, and got the release. */
		if (json_object_get(a->seeds.pods, "*"))
			out->vsn = json_at(a->seeds.stable, "version", NULL);
		return true;
	}
	while (a->next_node < r->len) {
		const struct rollout_node *node = &r->nodes[a->next_node++];

		if (node->stage == STAGE_gone || is_node(a, node))
			continue;
		*out = (struct sight){ .kind = SIGHT_gone, .node = node->name };
		return true;
	}
	return false;
}

/* Each wave has its own times. */
static void set_policy(const struct attempt *a, struct rollout *r)
{
	const struct beam_wave *wave = &a->wish.waves[beam_wave_nr(&a->wish, r)];

	/* Whose stands in for whom is not to be asked where only one can. */
	for (size_t i = 0; i < r->len && !attempt_of_set(a); i++)
		if (r->nodes[i].way == WAY_restart || r->nodes[i].cold)
			r->policy.max_unavailable = (struct rollout_amount){ 1, false };
	if (a->first || r->last_id == 0)
		return;
	r->policy.bake_ms = wave->bake_ms;
	r->policy.pause_ms = wave->pause_ms;
	r->policy.pause = wave->pause;
}

static bool seen(void *context, struct rollout *r, struct sight *out)
{
	struct attempt *a = context;

	set_policy(a, r);
	look_at_pods(a, r);
	return saw(a, r, out);
}

/* ---- what is done ---- */

static int64_t limit_of(const struct rollout *r, const struct work *work)
{
	const struct rollout_node *node = &r->nodes[work->action.node];
	int64_t left = node->doing.deadline - r->clock;

	return left > 0 ? left : PROBE_LIMIT_MS;
}

static int64_t node_time(const struct attempt *a, enum action_kind kind)
{
	return kind == ACTION_stage ? a->wish.stage_ms : a->wish.install_ms;
}

struct driven {
	struct attempt *a;
	struct rollout *r;
};

/* What a pod is that was evicted for the release and does not come up: nobody in it can tell, but
 * it was given the release and no other.  It is taken back once; what it is after that is asked.
 */
static bool is_given_up(const struct driven *driven, const struct pod *pod, const struct work *work,
			const json_t *told)
{
	const struct rollout_node *node = &driven->r->nodes[work->action.node];
	const char *outcome = json_at(told, "outcome", NULL);

	return driven->r->phase == PHASE_back && work->action.kind == ACTION_look &&
	       node->touched && node->way == WAY_restart && node->tries == 0 && !pod->ready &&
	       (strcmp(outcome, outcome_name(OUTCOME_down)) == 0 ||
		strcmp(outcome, outcome_name(OUTCOME_silent)) == 0);
}

static json_t *as_given(const struct driven *driven)
{
	return json_pack("{s:s, s:s, s:{s:s, s:s, s:b, s:b, s:s}}", "outcome",
			 outcome_name(OUTCOME_ok), "text", "the pod is not ready", "facts", "runs",
			 driven->r->to, "boots", driven->r->to, "has", true, "serving", false,
			 "way", "restart");
}

/* What comes with another pod need not lie in this one: its look has shown that it can be had. */
static json_t *ask(const struct driven *driven, const struct pod *pod, const struct work *work,
		   const struct agent_reach *reach, const struct agent_order_of *order)
{
	bool restart = driven->r->nodes[work->action.node].way == WAY_restart;
	struct work asked = *work;
	json_t *told;

	if (restart && work->action.kind == ACTION_stage)
		asked.action.kind = ACTION_look;
	told = agent_do(reach, pod->name, pod->ip, &asked, order);
	if (is_given_up(driven, pod, work, told)) {
		json_decref(told);
		return as_given(driven);
	}
	if (restart || strcmp(json_at(told, "facts", "way", NULL), "restart") == 0)
		json_object_set_new(json_object_get(told, "facts"), "has", json_true());
	return told;
}

static json_t *work_at(void *context, const struct work *work)
{
	const struct driven *driven = context;
	const struct attempt *a = driven->a;
	const struct pod *pod =
		work->node ? pods_find(&a->pods, stand_in_of(a->names, work->node)) : NULL;
	const struct agent_reach reach = { a->options->agents, a->options->space, a->wish.port };
	struct agent_order_of order = { .attempt = journal_kube_name(a->journal),
					.release = a->document,
					.health = a->wish.health };

	if (!work->node) /* nothing is run once */
		return agent_told(OUTCOME_ok, NULL);
	order.limit_ms = limit_of(driven->r, work);
	order.node_ms = node_time(a, work->action.kind);
	if (!lease_leads(a->options->lease))
		return agent_told(OUTCOME_fenced, "the lease is lost");
	if (work->action.way == WAY_restart &&
	    (work->action.kind == ACTION_install || work->action.kind == ACTION_revert))
		return attempt_restart(a, work, &reach, &order);
	if (!pod)
		return agent_told(OUTCOME_silent, "the pod is not there");
	return ask(driven, pod, work, &reach, &order);
}

static bool seen_by(void *context, struct rollout *r, struct sight *out)
{
	return seen(((struct driven *)context)->a, r, out);
}

/* ---- what is told ---- */

static void began(void *context, const struct rollout *r, const struct rollout_action *action)
{
	const struct driven *driven = context;

	if (action->node == SIZE_MAX || action->kind == ACTION_look ||
	    action->kind == ACTION_probe || action->kind == ACTION_stage)
		return;
	attempt_tell(driven->a, false,
		     action->kind == ACTION_revert   ? "Reverting"
		     : action->kind == ACTION_commit ? "Committing"
		     : action->way == WAY_restart    ? "Restarting"
						     : "Installing",
		     r->nodes[action->node].name, action->vsn ? action->vsn : "");
}

static void ended(void *context, const struct rollout *r, const struct rollout_action *action,
		  enum outcome outcome, const char *text, const json_t *answer)
{
	const struct driven *driven = context;

	(void)answer;
	if (outcome == OUTCOME_ok || action->node == SIZE_MAX || action->kind == ACTION_look ||
	    action->kind == ACTION_probe)
		return;
	attempt_tell(driven->a, true, "ActionFailed", r->nodes[action->node].name,
		     text ? text : outcome_name(outcome));
}

int attempt_drive(struct attempt *a, struct rollout *r, struct error *err)
{
	const struct target target = { .name = a->wish.name };
	const struct bundle bundle = { .name = r->release, .vsn = r->to, .file = "" };
	struct driven driven = { a, r };
	const struct fleet fleet = {
		.target = &target,
		.bundle = &bundle,
		.journal = journal_kube(a->journal),
		.work = work_at,
		.seen = seen_by,
		.began = began,
		.ended = ended,
		.context = &driven,
	};

	return fleet_drive(&fleet, r, err);
}
