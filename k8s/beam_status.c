// SPDX-License-Identifier: Apache-2.0
#include "k8s/beam_status.h"

#include "base/json.h"
#include "k8s/api.h"

#include <stdio.h>

enum { FAILED_PODS_MAX = 10 };

struct build {
	const struct beam_view *view;
	json_t *conditions;
};

/* ---- conditions ---- */

static json_t *text(const char *message)
{
	json_t *json = json_string(message);

	return json ? json : json_string("(not to be printed)");
}

/* No text of it is empty: servers of 1.20 take that for null, and refuse it.  The time is that of
 * the last change of the status, not of what is said of it. */
static void say(struct build *b, const char *type, const char *status, const char *reason,
		const char *message)
{
	const json_t *before = beam_condition(b->view->object, type);
	const char *since = strcmp(json_at(before, "status", NULL), status) == 0
				    ? json_at(before, "lastTransitionTime", NULL)
				    : b->view->now;

	json_array_append_new(
		b->conditions,
		json_pack("{s:s, s:s, s:I, s:s, s:s, s:o}", "type", type, "status", status,
			  "observedGeneration",
			  (json_int_t)json_integer_value(
				  json_in(b->view->object, "metadata", "generation", NULL)),
			  "lastTransitionTime", since[0] ? since : b->view->now, "reason", reason,
			  "message", text(message[0] ? message : reason)));
}

static const char *yes(bool is)
{
	return is ? "True" : "False";
}

/* ---- what is so ---- */

static bool is_running(const struct beam_view *v)
{
	return v->rollout && strcmp(json_at(v->upgrade, "status", "result", NULL), "Running") == 0;
}

static bool is_rejected(const struct beam_view *v)
{
	return v->target[0] && beam_is_rejected(v->wish, v->target);
}

static bool is_stable(const struct beam_view *v)
{
	return v->target[0] && strcmp(v->wish->stable, v->target) == 0;
}

struct said {
	const char *status, *reason, *message;
};

static const char *why_of(const struct beam_view *v)
{
	const char *reason = "";
	const json_t *one;
	size_t i;

	json_array_foreach (v->wish->rejected, i, one)
		if (strcmp(json_at(one, "revision", NULL), v->target) == 0)
			reason = json_at(one, "reason", NULL);
	return reason;
}

static struct said paused(const struct beam_view *v)
{
	const struct rollout *r = v->rollout;

	if (v->wish->paused)
		return (struct said){ "True", "Paused", "spec.paused says so" };
	if (!is_running(v) || r->paused == PAUSED_no)
		return (struct said){ "False", "NotPaused", "" };
	switch (r->paused) {
	case PAUSED_wave:
		return (struct said){ "True", "WaitingForPromotion", r->why };
	case PAUSED_failure:
		return (struct said){ "True", "WaitingAfterFailure", r->why };
	case PAUSED_no_data:
		return (struct said){ "True", "NoData", r->why };
	default:
		return (struct said){ "True", "Interrupted", r->why };
	}
}

static struct said running(const struct beam_view *v)
{
	static const char *const reasons[PHASES] = {
		[PHASE_look] = "Looking",      [PHASE_stage] = "Staging",
		[PHASE_before] = "Preparing",  [PHASE_waves] = "Installing",
		[PHASE_commit] = "Committing", [PHASE_after] = "Committing",
		[PHASE_back] = "RollingBack",  [PHASE_end] = "Ending",
	};
	const struct rollout *r = v->rollout;
	bool soaks = r->phase == PHASE_waves && r->bake_until >= 0;

	return (struct said){ "True", soaks ? "WaveSoaking" : reasons[r->phase], r->why };
}

/* In vain, and it may be otherwise the next time: agents that could not be asked. */
static bool was_tried(const struct beam_view *v)
{
	return strcmp(json_at(v->upgrade, "status", "result", NULL), "RolledBack") == 0 &&
	       strcmp(json_at(v->upgrade, "spec", "toRevision", NULL), v->target) == 0;
}

static struct said progressing(const struct beam_view *v)
{
	struct said said = paused(v);

	if (is_running(v) && strcmp(said.status, "True") == 0)
		return (struct said){ "False", said.reason, said.message };
	if (is_running(v))
		return running(v);
	if (!v->target[0])
		return (struct said){ "False", "ReleaseMissing", "there is no such BeamRelease" };
	if (is_stable(v))
		return (struct said){ "False", "Complete", "" };
	if (is_rejected(v))
		return (struct said){ "False", "Rejected", why_of(v) };
	if (strcmp(v->wish->aborted, v->target) == 0)
		return (struct said){ "False", "Aborted", "spec.abortedRevision says so" };
	if (v->failed[0])
		return (struct said){ "True", "AttemptFailed", v->failed };
	if (v->rolling[0])
		return (struct said){ "False", "WorkloadRolling", v->rolling };
	if (v->ready < v->replicas)
		return (struct said){ "True", "WaitingForPods", "not all pods are ready" };
	if (was_tried(v))
		return (struct said){ "True", "WaitingToRetry",
				      json_at(v->upgrade, "status", "reason", NULL) };
	return (struct said){ "True", "Beginning", "" };
}

static struct said degraded(const struct beam_view *v)
{
	const char *result = json_at(v->upgrade, "status", "result", NULL);

	if (!v->target[0])
		return (struct said){ "True", "ReleaseMissing", "there is no such BeamRelease" };
	if (is_rejected(v))
		return (struct said){ "True",
				      strcmp(result, "Stuck") == 0 ? "NeedsPerson" : "RolledBack",
				      why_of(v) };
	if (is_running(v) && v->rollout->failed)
		return (struct said){ "True", "UpgradeFailed", v->rollout->why };
	if (v->failed[0])
		return (struct said){ "True", "AttemptFailed", v->failed };
	return (struct said){ "False", "AsExpected", "" };
}

static struct said in_sync(const struct beam_view *v)
{
	static const char *const reasons[] = {
		[SYNC_behind] = "Behind",
		[SYNC_uncommitted] = "Uncommitted",
		[SYNC_silent] = "Unreachable",
	};

	if (is_running(v))
		return (struct said){ "False", "Upgrading", "" };
	if (!v->checked.asked || v->checked.sync == SYNC_unknown || !v->wish->stable[0])
		return (struct said){ "Unknown", "NotChecked", "" };
	if (v->checked.sync == SYNC_in)
		return (struct said){ "True", "InSync", "" };
	return (struct said){ v->checked.sync == SYNC_silent ? "Unknown" : "False",
			      reasons[v->checked.sync], v->checked.why };
}

/* What was too long once is, whoever leads now, and has seen less of it. */
static struct said mixed(const struct beam_view *v)
{
	const json_t *before = beam_condition(v->object, "MixedVersions");

	if (!is_running(v) || !beam_is_mixed(v->rollout))
		return (struct said){ "False", "OneVersion", "" };
	if (v->wish->mixed_ms &&
	    (v->mixed_ms > v->wish->mixed_ms ||
	     strcmp(json_at(before, "reason", NULL), BEAM_MIXED_TOO_LONG) == 0))
		return (struct said){ "True", BEAM_MIXED_TOO_LONG,
				      "pods have run two releases for longer than "
				      "strategy.maxMixedVersionSeconds" };
	return (struct said){ "True", "Upgrading", "" };
}

static struct said ready(const struct beam_view *v)
{
	struct said bad = degraded(v), going = progressing(v), sync = in_sync(v);

	if (strcmp(bad.status, "True") == 0)
		return (struct said){ "False", bad.reason, bad.message };
	if (is_running(v) || !is_stable(v))
		return (struct said){ "False", going.reason, going.message };
	if (strcmp(sync.status, "True") != 0)
		return (struct said){ "False", sync.reason, sync.message };
	return (struct said){ "True", "Committed", "all pods run it, and will after a restart" };
}

static void say_all(struct build *b)
{
	const struct beam_view *v = b->view;
	static const struct {
		const char *type;
		struct said (*of)(const struct beam_view *v);
	} all[] = {
		{ "Ready", ready },    { "Progressing", progressing },
		{ "Paused", paused },  { "Degraded", degraded },
		{ "InSync", in_sync }, { "MixedVersions", mixed },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct said said = all[i].of(v);

		say(b, all[i].type, said.status, said.reason, said.message);
	}
	say(b, "Available", yes(v->ready >= v->replicas && v->replicas >= 0),
	    v->ready >= v->replicas ? "PodsReady" : "PodsNotReady", "");
}

/* ---- counts ---- */

struct counts {
	int64_t staged, updated, hot, committed;
};

static struct counts count(const struct beam_view *v)
{
	struct counts c = { 0 };

	if (!is_running(v) && v->checked.asked)
		return (struct counts){ v->checked.in_sync, v->checked.in_sync, 0,
					v->checked.in_sync };
	for (size_t i = 0; v->rollout && i < v->rollout->len; i++) {
		const struct rollout_node *node = &v->rollout->nodes[i];
		bool has = node->stage == STAGE_installed || node->stage == STAGE_committed;

		c.staged += node->stage == STAGE_staged || has;
		c.updated += has;
		c.hot += has && node->touched && node->way == WAY_hot;
		c.committed += node->stage == STAGE_committed;
	}
	return c;
}

static json_t *failed_pods(const struct beam_view *v)
{
	json_t *list = json_array();

	for (size_t i = 0; is_running(v) && i < v->rollout->len; i++) {
		const struct rollout_node *node = &v->rollout->nodes[i];

		if (node->stage == STAGE_gone || json_array_size(list) == FAILED_PODS_MAX ||
		    (node->health != HEALTH_fail && !node->stuck && node->lost_at < 0))
			continue;
		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:o}", "name", node->name, "reason",
						node->stuck          ? "NeedsPerson"
						: node->lost_at >= 0 ? "Unreachable"
								     : "Unhealthy",
						"message", text(node->why[0] ? node->why : "?")));
	}
	return list;
}

static void add_counts(json_t *status, const struct beam_view *v)
{
	struct counts c = count(v);
	const struct {
		const char *key;
		int64_t value;
	} all[] = {
		{ "replicas", v->replicas },
		{ "availableReplicas", v->ready },
		{ "stagedReplicas", c.staged },
		{ "updatedReplicas", c.updated },
		{ "hotUpgradedReplicas", c.hot },
		{ "committedReplicas", c.committed },
		{ "driftedReplicas", v->checked.asked ? v->checked.drifted : 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		json_object_set_new(status, all[i].key, json_integer(all[i].value));
}

/* null takes away what was said of a rollout that is over. */
static void add_wave(json_t *status, const struct beam_view *v)
{
	const struct rollout *r = v->rollout;
	bool in = is_running(v) && r->phase == PHASE_waves;
	const struct beam_wave *wave = in ? &v->wish->waves[beam_wave_nr(v->wish, r)] : NULL;
	bool stands = is_running(v) && r->paused != PAUSED_no;
	const char *since = json_at(v->object, "status", "pausedTime", NULL);

	json_object_set_new(status, "currentWaveName", json_text(wave ? wave->name : NULL));
	json_object_set_new(status, "currentWaveIndex",
			    wave ? json_integer(wave - v->wish->waves) : json_null());
	json_object_set_new(status, "pausedTime",
			    stands ? json_string(since[0] ? since : v->now) : json_null());
	json_object_set_new(status, "progressDeadlineTime",
			    json_text(is_running(v) && v->deadline[0] ? v->deadline : NULL));
}

static void add_upgrade(json_t *status, const struct beam_view *v)
{
	if (!v->upgrade)
		return;
	json_object_set_new(status, "currentUpgradeName",
			    json_string(json_at(v->upgrade, "metadata", "name", NULL)));
	json_object_set_new(status, "upgradeMode",
			    json_string(json_at(v->upgrade, "spec", "mode", NULL)));
}

/* ---- all of it ---- */

static void say_invalid(struct build *b)
{
	static const char *const types[] = { "Progressing", "Paused", "InSync", "MixedVersions",
					     "Available" };

	say(b, "Ready", "False", "InvalidSpec", b->view->invalid);
	say(b, "Degraded", "True", "InvalidSpec", b->view->invalid);
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		say(b, types[i], "Unknown", "InvalidSpec", "");
}

json_t *beam_status(const struct beam_view *v)
{
	struct build b = { v, json_array() };
	json_t *status = json_pack(
		"{s:I, s:I}", "observedGeneration",
		(json_int_t)json_integer_value(json_in(v->object, "metadata", "generation", NULL)),
		"fencingToken", (json_int_t)v->token);

	if (!v->wish) {
		say_invalid(&b);
	} else {
		json_object_set_new(status, "targetRevision",
				    json_text(v->target[0] ? v->target : NULL));
		add_counts(status, v);
		add_wave(status, v);
		add_upgrade(status, v);
		json_object_set_new(status, "failedPods", failed_pods(v));
		say_all(&b);
	}
	json_object_set_new(status, "conditions", b.conditions);
	return status;
}

bool beam_status_differs(const json_t *status, const json_t *object)
{
	const json_t *before = json_in(object, "status", NULL);
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)status, key, value) {
		const json_t *was = json_object_get(before, key);

		if (json_is_null(value) ? was && !json_is_null(was) : !json_equal(was, value))
			return true;
	}
	return false;
}

/* ---- a pod ---- */

static const char *digest_of(const json_t *state, const char *version)
{
	const json_t *one;
	size_t i;

	json_array_foreach (json_object_get(state, "releases"), i, one)
		if (strcmp(json_at(one, "version", NULL), version) == 0)
			return json_at(one, "digest", NULL);
	return "";
}

enum beam_sync beam_sync_of(const char **why, struct arena *arena, const json_t *state,
			    const struct beam_release *stable)
{
	const char *runs = json_at(state, "runs", NULL), *boots = json_at(state, "boots", NULL);
	const char *digest = digest_of(state, runs);

	*why = "";
	if (!json_is_true(json_object_get(state, "up")) || !runs[0]) {
		*why = "the node is down";
		return SYNC_silent;
	}
	if (strcmp(runs, stable->version) != 0 ||
	    (digest[0] && strcmp(digest, stable->digest) != 0)) {
		*why = arena_printf(arena, "runs %s %s", runs, digest);
		return SYNC_behind;
	}
	if (strcmp(boots, runs) != 0) {
		*why = arena_printf(arena, "runs %s, and would boot %s", runs, boots);
		return SYNC_uncommitted;
	}
	return SYNC_in;
}
