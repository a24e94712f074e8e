// SPDX-License-Identifier: Apache-2.0
#include "k8s/care.h"

#include "base/clock.h"
#include "base/json.h"
#include "k8s/attempt.h"
#include "k8s/event.h"

#include <stdlib.h>
#include <time.h>

enum { WAIT_MIN_MS = 1000, WAIT_MAX_MS = 30000, NO_DATA_MS = 30000, CHECK_SOON_MS = 2000 };

struct care *care_new(struct operator* op, const char *name)
{
	struct care *care = mem_zero(1, sizeof(*care));

	care->op = op;
	care->name = mem_dup(name);
	return care;
}

void care_free(struct care *care)
{
	helper_done(&care->attempt);
	helper_done(&care->check);
	arena_done(&care->arena);
	rollout_free(care->rollout);
	json_decref(care->read);
	free(care->name);
	free(care);
}

/* ---- attempts ---- */

static int attempt(void *context, FILE *out)
{
	const struct care *care = context;
	const struct attempt_options options = {
		.kube = care->op->kube,
		.lease = care->op->lease,
		.agents = care->op->options->agents,
		.space = care->op->space,
		.name = care->name,
		.repair = care->repair,
	};
	struct error err;

	if (attempt_run(&options, &err) == 0)
		return 0;
	fputs(err.text, out);
	return error_exit_status(err.kind);
}

/* It waits for a person, who has not spoken yet. */
static bool sleeps(const struct beam_view *v)
{
	const struct rollout *r = v->rollout;
	const char *to = json_at(v->upgrade, "spec", "toRevision", NULL);
	const char *of = json_at(v->upgrade, "status", "journal", "about", "releaseRef", NULL);

	if (strcmp(v->wish->release, of) != 0 || strcmp(v->wish->aborted, to) == 0 ||
	    (v->wish->give_up && !r->failed))
		return false;
	if (r->paused == PAUSED_wave || r->paused == PAUSED_failure)
		return strcmp(v->wish->promoted, to) != 0;
	return v->wish->paused && r->paused != PAUSED_no;
}

static bool runs(const struct beam_view *v)
{
	return strcmp(json_at(v->upgrade, "status", "result", NULL), "Running") == 0;
}

static bool is_wanted(const struct care *care, const struct beam_view *v)
{
	if (v->wish->deleted)
		return false;
	if (runs(v) && v->rollout)
		return !sleeps(v);
	if (!v->target[0] || v->rolling[0])
		return false;
	if (!care->visited || strcmp(v->wish->retry, v->wish->heeded_retry) != 0)
		return true;
	if (v->wish->paused || strcmp(v->wish->aborted, v->target) == 0 ||
	    beam_is_rejected(v->wish, v->target))
		return false;
	return strcmp(v->wish->stable, v->target) != 0 || care->repair;
}

static void attempt_ended(struct care *care)
{
	int status = care->attempt.status;

	care->visited = true;
	care->repair = false;
	care->checked.asked = false;
	care->checked_at = 0;
	care->retries += status != 0;
	care->lost = status == error_exit_status(ERROR_LOCKED);
	snprintf(care->failed, sizeof(care->failed), "%s",
		 status ? str_text(&care->attempt.said) : "");
	if (status && !care->failed[0])
		snprintf(care->failed, sizeof(care->failed),
			 "the process of the attempt ended with %d", status);
	care->wait_ms = care->wait_ms ? 2 * care->wait_ms : WAIT_MIN_MS;
	if (care->wait_ms > WAIT_MAX_MS)
		care->wait_ms = WAIT_MAX_MS;
	care->not_before = clock_mono_ms() + care->wait_ms;
}

/* Nothing is begun before our number is written down: a Lease that is made anew goes on from there.
 */
static bool is_numbered(const struct beam_view *v)
{
	return json_integer_value(json_in(v->object, "status", "fencingToken", NULL)) == v->token;
}

/* Anything new that is wanted is begun at once, what failed later and later. */
static int do_attempt(struct care *care, const struct beam_view *v, struct error *err)
{
	if (helper_ended(&care->attempt))
		attempt_ended(care);
	if (v->wish->generation != care->generation) {
		care->generation = v->wish->generation;
		care->wait_ms = care->not_before = 0;
	}
	if (helper_runs(&care->attempt))
		return 0;
	/* What could not go on, and is not to any more, is no trouble. */
	if (!is_wanted(care, v)) {
		if (!care->lost)
			care->failed[0] = '\0';
		return 0;
	}
	if (!is_numbered(v) || clock_mono_ms() < care->not_before)
		return 0;
	helper_done(&care->check);
	return helper_start(&care->attempt, attempt, care, err);
}

/* ---- what the agents say, while nothing is done ---- */

struct checking {
	const struct care *care;
	const struct beam_view *view;
	struct cluster *cluster;
	const json_t *workload;
};

static json_t *ask(const struct checking *c, const struct pod *pod)
{
	const struct agent_reach reach = { c->care->op->options->agents, c->care->op->space,
					   c->view->wish->port };
	json_t *state;
	struct error err;

	if (agent_ask_state(&state, &reach, pod->name, pod->ip, &err) == 0)
		return state;
	return json_pack("{s:o}", "failed", json_text(err.text));
}

/* {POD: state} */
static int check(void *context, FILE *out)
{
	const struct checking *c = context;
	owned_json json_t *states = json_object();
	const char *name;
	json_t *object;

	json_object_foreach (cluster_all(c->cluster, CLUSTER_pods), name, object) {
		struct pod pod;

		pod_read(&pod, object, NULL);
		if (pods_selected(c->workload, object) && !pod.ending)
			json_object_set_new(states, name, ask(c, &pod));
	}
	json_dumpf(states, out, JSON_COMPACT);
	return 0;
}

static void take_state(struct care *care, const char *pod, const json_t *state,
		       const struct beam_release *stable)
{
	struct beam_checked *checked = &care->checked;
	const char *why, *failed = json_at(state, "failed", NULL);
	enum beam_sync sync = beam_sync_of(&why, &care->arena, state, stable);

	if (failed[0])
		why = failed;
	checked->pods++;
	checked->in_sync += sync == SYNC_in;
	checked->silent += sync == SYNC_silent;
	checked->drifted += sync == SYNC_behind || sync == SYNC_uncommitted;
	if (sync <= checked->sync)
		return;
	checked->sync = sync;
	checked->why = arena_printf(&care->arena, "%s: %s", pod, why);
}

static void check_ended(struct care *care, const struct beam_view *v, struct cluster *cluster)
{
	owned_json json_t *states =
		json_loadb(str_text(&care->check.said), care->check.said.len, 0, NULL);
	struct beam_release stable;
	struct error ignored;
	const char *pod;
	json_t *state;

	care->checked_at = clock_mono_ms();
	if (!states ||
	    beam_release_read(&stable, cluster_get(cluster, CLUSTER_releases, v->wish->release),
			      &ignored))
		return;
	arena_done(&care->arena);
	care->arena = (struct arena)ARENA_EMPTY;
	care->checked = (struct beam_checked){ .asked = true, .sync = SYNC_in, .why = "" };
	json_object_foreach (states, pod, state)
		take_state(care, pod, state, &stable);
	care->repair =
		v->wish->repair && care->checked.sync == SYNC_behind && care->checked.silent == 0;
}

static int do_check(struct care *care, const struct beam_view *v, struct cluster *cluster,
		    const json_t *workload, struct error *err)
{
	struct checking checking = { care, v, cluster, workload };
	int64_t every = care->checked.asked && care->checked.sync == SYNC_in ? v->wish->check_ms
									     : CHECK_SOON_MS;

	if (helper_ended(&care->check))
		check_ended(care, v, cluster);
	if (helper_runs(&care->check) || helper_runs(&care->attempt) || runs(v) || !workload ||
	    !v->target[0] || strcmp(v->wish->stable, v->target) != 0 ||
	    (care->checked_at && clock_mono_ms() - care->checked_at < every))
		return 0;
	return helper_start(&care->check, check, &checking, err);
}

/* ---- what is known of it ---- */

static const json_t *newest(const struct cluster *cluster, const struct beam_wish *wish)
{
	const json_t *last = NULL;
	const char *key;
	json_t *one;

	json_object_foreach (cluster_all(cluster, CLUSTER_upgrades), key, one)
		if (strcmp(json_at(one, "spec", "deploymentName", NULL), wish->name) == 0 &&
		    journal_kube_is_of(one, wish->uid) &&
		    (!last || json_integer_value(json_in(one, "spec", "attempt", NULL)) >
				      json_integer_value(json_in(last, "spec", "attempt", NULL))))
			last = one;
	return last;
}

/* Kubernetes replaces the pods of a set itself whose template was changed; a hot upgrade beside
 * that would be of pods that are about to go.
 */
static const char *rolling_of(struct arena *arena, const json_t *set)
{
	const char *now = json_at(set, "status", "currentRevision", NULL);
	const char *next = json_at(set, "status", "updateRevision", NULL);

	if (beam_is_on_delete(set) || strcmp(now, next) == 0)
		return "";
	return arena_printf(arena,
			    "StatefulSet %s: its template was changed, and Kubernetes replaces its "
			    "pods by itself, as its updateStrategy is RollingUpdate; set that to "
			    "OnDelete, or wait until it is over",
			    kube_meta(set, "name"));
}

static void tell_strategy(struct care *care, struct kube *kube, const struct beam_view *v,
			  const json_t *workload)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct event event = { .regarding = v->object,
			       .warning = true,
			       .reason = "RollingUpdate",
			       .action = "Reconcile" };

	if (care->strategy_told || !workload || strcmp(v->wish->kind, "StatefulSet") != 0 ||
	    beam_is_on_delete(workload))
		return;
	care->strategy_told = true;
	event.note = arena_printf(
		&arena,
		"StatefulSet %s: a change of its template makes Kubernetes take every pod away; "
		"kubectl patch -n %s statefulset %s -p "
		"'{\"spec\":{\"updateStrategy\":{\"type\":\"OnDelete\",\"rollingUpdate\":null}}}'",
		v->wish->workload, v->wish->space, v->wish->workload);
	event_tell(kube, &event);
}

static void count_pods(struct beam_view *v, const struct cluster *cluster, const json_t *workload)
{
	const char *key;
	json_t *object;

	v->replicas = json_integer_value(json_in(workload, "spec", "replicas", NULL));
	json_object_foreach (cluster_all(cluster, CLUSTER_pods), key, object) {
		struct pod pod;

		pod_read(&pod, object, NULL);
		v->ready += pods_selected(workload, object) && pod.ready && !pod.ending;
	}
}

/* Told as a time of the day, which must not change while the deadline does not. */
static void set_deadline(struct care *care, struct beam_view *v)
{
	const struct rollout *r = v->rollout;

	if (!r || r->progress_by != care->progress_by) {
		time_t at = (time_t)(clock_wall_ms() / 1000 +
				     (r ? r->progress_by - r->clock : 0) / 1000);
		struct tm tm;

		gmtime_r(&at, &tm);
		strftime(care->deadline, sizeof(care->deadline), "%Y-%m-%dT%H:%M:%SZ", &tm);
		care->progress_by = r ? r->progress_by : 0;
	}
	v->deadline = care->deadline;
}

/* By our own clock: another leader's may be another. */
static void time_mixed(struct care *care, struct beam_view *v)
{
	if (!runs(v) || !v->rollout || !beam_is_mixed(v->rollout))
		care->mixed_at = 0;
	else if (!care->mixed_at)
		care->mixed_at = clock_mono_ms();
	v->mixed_ms = care->mixed_at ? clock_mono_ms() - care->mixed_at : 0;
}

static const char *digest_of(const struct cluster *cluster, const struct beam_wish *wish)
{
	return json_at(cluster_get(cluster, CLUSTER_releases, wish->release), "spec", "digest",
		       NULL);
}

static const json_t *workload_of(const struct cluster *cluster, const struct beam_wish *wish)
{
	return cluster_get(cluster,
			   strcmp(wish->kind, "Deployment") == 0 ? CLUSTER_apps : CLUSTER_sets,
			   wish->workload);
}

/* ---- telling ---- */

static void tell_change(struct care *care, struct kube *kube, const json_t *object)
{
	const json_t *ready = beam_condition(object, "Ready");
	const char *message = json_at(ready, "message", NULL);
	const char *reason = json_at(ready, "reason", NULL);
	const struct event event = { .regarding = object,
				     .warning = strcmp(reason, "RolledBack") == 0 ||
						strcmp(reason, "NeedsPerson") == 0 ||
						strcmp(reason, "InvalidSpec") == 0,
				     .reason = reason,
				     .action = "Reconcile",
				     .note = message[0] ? message : reason };

	if (!reason[0] || strcmp(reason, care->reason) == 0)
		return;
	snprintf(care->reason, sizeof(care->reason), "%s", reason);
	event_tell(kube, &event);
}

static void tell_mixed(struct care *care, struct kube *kube, const json_t *object)
{
	const json_t *mixed = beam_condition(object, "MixedVersions");
	const struct event event = { .regarding = object,
				     .warning = true,
				     .reason = "MixedVersions",
				     .action = "Reconcile",
				     .note = json_at(mixed, "message", NULL) };
	bool too_long = strcmp(json_at(mixed, "reason", NULL), BEAM_MIXED_TOO_LONG) == 0;

	if (too_long && !care->mixed_told)
		event_tell(kube, &event);
	care->mixed_told = too_long;
}

/* Whoever promotes, or aborts, what is not under way, or not wanted, meant another revision. */
static void tell_stale(struct care *care, struct kube *kube, const struct beam_view *v)
{
	const char *to = runs(v) ? json_at(v->upgrade, "spec", "toRevision", NULL) : "";
	const struct {
		const char *key, *is;
		char *was;
	} all[] = { { "promotedRevision", v->wish->promoted, care->promoted },
		    { "abortedRevision", v->wish->aborted, care->aborted } };
	int64_t told = json_integer_value(json_in(v->object, "status", "observedGeneration", NULL));

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		owned_arena struct arena arena = ARENA_EMPTY;
		const struct event event = {
			.regarding = v->object,
			.warning = true,
			.reason = "OtherRevision",
			.action = "Reconcile",
			.note = arena_printf(&arena,
					     "spec.%s %s means nothing now: %s is what is %s",
					     all[i].key, all[i].is, to[0] ? to : v->target,
					     to[0] ? "under way" : "wanted"),
		};

		if (strcmp(all[i].is, all[i].was) == 0)
			continue;
		snprintf(all[i].was, sizeof(care->promoted), "%s", all[i].is);
		if (all[i].is[0] && strcmp(all[i].is, to) != 0 &&
		    strcmp(all[i].is, v->target) != 0 && told < v->wish->generation)
			event_tell(kube, &event);
	}
}

static void refused(struct care *care, const struct error *err)
{
	bool said = strncmp(err->text, care->refused, sizeof(care->refused) - 1) == 0;

	if (err->kind == ERROR_NOT_FOUND || err->kind == ERROR_LOCKED || said)
		return;
	snprintf(care->refused, sizeof(care->refused), "%s", err->text);
	if (care->op->options->say)
		care->op->options->say(err->text);
}

/* What cannot be told now is told at the next look; so is what was told meanwhile by another, who
 * may lead by now.
 */
static void tell(struct care *care, struct kube *kube, struct cluster *cluster,
		 const struct beam_view *v)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_json json_t *status = beam_status(v), *body = NULL, *now = NULL;
	struct kube_request request = { .method = "PATCH", .type = KUBE_MERGE };
	struct error err;

	if (!beam_status_differs(status, v->object) || !lease_leads(care->op->lease))
		return;
	body = json_pack("{s:O, s:{s:s}}", "status", status, "metadata", "resourceVersion",
			 kube_meta(v->object, "resourceVersion"));
	request.body = body;
	request.path = arena_printf(
		&arena, "%s/status",
		kube_path(&arena, BEAM_GROUP, "beamdeployments", care->op->space, care->name));
	if (kube_ask(&now, kube, &request, &err)) {
		refused(care, &err);
		return;
	}
	tell_change(care, kube, now);
	tell_mixed(care, kube, now);
	cluster_put(cluster, CLUSTER_deployments, now);
}

/* ---- all of it ---- */

/* Read anew when the upgrade has changed. */
static const struct rollout *rollout_of(struct care *care, const json_t *upgrade)
{
	struct error ignored;

	if (upgrade == care->read)
		return care->rollout;
	rollout_free(steal(&care->rollout));
	json_decref(care->read);
	care->read = json_incref((json_t *)(uintptr_t)upgrade);
	if (upgrade && journal_kube_read(&care->rollout, upgrade, &ignored))
		care->rollout = NULL;
	return care->rollout;
}

static int step(struct care *care, struct kube *kube, struct cluster *cluster, struct beam_view *v,
		struct error *err)
{
	const json_t *workload = workload_of(cluster, v->wish);
	owned_arena struct arena arena = ARENA_EMPTY;

	v->target = digest_of(cluster, v->wish);
	v->upgrade = newest(cluster, v->wish);
	v->rollout = rollout_of(care, v->upgrade);
	v->rolling = rolling_of(&arena, workload);
	count_pods(v, cluster, workload);
	if (do_attempt(care, v, err) || do_check(care, v, cluster, workload, err))
		return -1;
	if (care->lost)
		return error_set(err, ERROR_LOCKED, "%s", care->failed);
	v->checked = care->checked;
	v->failed = helper_runs(&care->attempt) ? "" : care->failed;
	set_deadline(care, v);
	time_mixed(care, v);
	tell_stale(care, kube, v);
	tell_strategy(care, kube, v, workload);
	tell(care, kube, cluster, v);
	return 0;
}

int care_step(struct care *care, struct kube *kube, struct cluster *cluster, struct error *err)
{
	char now[32];
	struct beam_wish wish;
	struct error invalid;
	struct beam_view view = {
		.object = cluster_get(cluster, CLUSTER_deployments, care->name),
		.now = kube_time_now(now),
		.token = lease_token(care->op->lease),
		.target = "",
		.failed = "",
		.invalid = "",
		.rolling = "",
	};
	/* It may be replaced while it is looked at. */
	owned_json json_t *object = json_incref((json_t *)(uintptr_t)view.object);

	if (beam_wish_read(&wish, object, &invalid)) {
		view.invalid = invalid.text;
		tell(care, kube, cluster, &view);
		return 0;
	}
	view.wish = &wish;
	return step(care, kube, cluster, &view, err);
}
