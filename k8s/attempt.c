// SPDX-License-Identifier: Apache-2.0
#include "k8s/attempt.h"

#include "base/clock.h"
#include "base/json.h"
#include "k8s/event.h"

enum { WAIT_FOR_PODS_MS = 30000, AGAIN_MS = 1000, REJECTED_MAX = 10 };

static void attempt_done(struct attempt *a)
{
	seeds_done(&a->seeds);
	pods_done(&a->pods);
	json_decref(a->about);
	json_decref(a->names);
	json_decref(a->document);
	json_decref(a->object);
	json_decref(a->release);
	journal_kube_free(a->journal);
	kube_close(a->kube);
}
#define owned_attempt owned(attempt_done)

bool attempt_of_set(const struct attempt *a)
{
	return strcmp(a->wish.kind, "StatefulSet") == 0;
}

void attempt_tell(const struct attempt *a, bool warning, const char *reason, const char *pod,
		  const char *text)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct event event = {
		.regarding = a->object,
		.warning = warning,
		.reason = reason,
		.action = "Upgrade",
		.note = pod ? arena_printf(&arena, "%s: %s", pod, text) : text,
	};

	event_tell(a->kube, &event);
}

/* ---- what is asked first ---- */

static int get(json_t **out, struct attempt *a, const char *resource, const char *name,
	       struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct kube_request request = {
		.path = kube_path(&arena, BEAM_GROUP, resource, a->options->space, name),
	};

	return kube_ask(out, a->kube, &request, err);
}

static int load(struct attempt *a, struct error *err)
{
	json_decref(a->object);
	json_decref(a->release);
	a->object = a->release = NULL;
	if (get(&a->object, a, "beamdeployments", a->options->name, err) ||
	    beam_wish_read(&a->wish, a->object, err))
		return -1;
	/* One that is not there yet is no reason to leave alone what was begun. */
	return get(&a->release, a, "beamreleases", a->wish.release, err) &&
			       err->kind != ERROR_NOT_FOUND
		       ? -1
		       : 0;
}

/* Only what is named is changed, and only while the number there is ours. */
static json_t *patch_of(const struct attempt *a, const json_t *status)
{
	json_t *patch = json_pack("[{s:s, s:s, s:I}]", "op", "test", "path", "/status/fencingToken",
				  "value", (json_int_t)lease_token(a->options->lease));
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)status, key, value) {
		owned_arena struct arena arena = ARENA_EMPTY;

		json_array_append_new(patch, json_pack("{s:s, s:s, s:O}", "op", "add", "path",
						       arena_printf(&arena, "/status/%s", key),
						       "value", value));
	}
	return patch;
}

/* Takes the status. */
static int patch_status(struct attempt *a, json_t *status, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_json json_t *body = patch_of(a, status);
	struct kube_request request = {
		.method = "PATCH",
		.type = KUBE_PATCH,
		.body = body,
		.path = arena_printf(&arena, "%s/status",
				     kube_path(&arena, BEAM_GROUP, "beamdeployments",
					       a->options->space, a->options->name)),
	};

	json_decref(status);
	if (!lease_leads(a->options->lease))
		return error_set(err, ERROR_LOCKED, "the lease is lost");
	if (kube_ask(NULL, a->kube, &request, err) == 0)
		return 0;
	if (err->kind == ERROR_INVALID && strstr(err->text, "fencingToken"))
		err->kind = ERROR_LOCKED;
	return -1;
}

static int put_seeds(struct attempt *a, const json_t *stable, const json_t *pods, struct error *err)
{
	if (!lease_leads(a->options->lease))
		return error_set(err, ERROR_LOCKED, "the lease is lost");
	if (seeds_put(&a->seeds, a->kube, &a->wish, stable, pods, lease_token(a->options->lease),
		      err))
		return -1;
	return 0;
}

/* ---- what pods come up on meanwhile ---- */

/* Those that are, or were, evicted to get the release.  A Deployment's have no names yet: from its
 * first on, all that come up get it.
 */
static json_t *pods_of(const struct attempt *a, const struct rollout *r)
{
	json_t *pods = json_object();

	for (size_t i = 0; i < r->len && r->phase != PHASE_back && r->phase != PHASE_end; i++) {
		const struct rollout_node *node = &r->nodes[i];

		if (node->touched && node->way == WAY_restart && node->stage != STAGE_gone)
			json_object_set(pods, attempt_of_set(a) ? node->name : "*", a->document);
	}
	return pods;
}

static int written(void *context, const struct rollout *r, struct error *err)
{
	struct attempt *a = context;
	owned_json json_t *pods = pods_of(a, r);

	/* At the end it is said together with what is stable then. */
	if (r->phase == PHASE_end || json_equal(pods, a->seeds.pods))
		return 0;
	return put_seeds(a, a->seeds.stable, pods, err);
}

static void noted(void *context, const char *node, const char *text)
{
	attempt_tell(context, false, "Note", node, text);
}

/* ---- at its end ---- */

static json_t *with_rejected(const struct attempt *a, const char *revision, const char *reason)
{
	json_t *list = a->wish.rejected ? json_deep_copy(a->wish.rejected) : json_array();
	char now[32];

	json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "revision", revision, "reason",
					      reason, "rejectedTime", kube_time_now(now)));
	while (json_array_size(list) > REJECTED_MAX)
		json_array_remove(list, 0);
	return list;
}

static int reject(struct attempt *a, const char *reason, struct error *err)
{
	const char *revision = journal_kube_to(a->journal);

	if (beam_is_rejected(&a->wish, revision))
		return 0;
	return patch_status(
		a, json_pack("{s:o}", "rejectedRevisions", with_rejected(a, revision, reason)),
		err);
}

/* Pods that are born from now on get it; only then it is said to be stable. */
static int promote(struct attempt *a, struct error *err)
{
	owned_json json_t *none = json_object();

	return put_seeds(a, a->document, none, err) ||
			       patch_status(a,
					    json_pack("{s:s}", "stableRevision",
						      json_at(a->document, "digest", NULL)),
					    err)
		       ? -1
		       : 0;
}

static int no_more_pods(struct attempt *a, struct error *err)
{
	owned_json json_t *none = json_object();

	return json_equal(none, a->seeds.pods) ? 0 : put_seeds(a, a->seeds.stable, none, err);
}

static bool was_unreachable(const struct rollout *r)
{
	for (size_t i = 0; i < r->len; i++)
		if (r->nodes[i].lost_at >= 0 && r->nodes[i].stage == STAGE_unknown)
			return true;
	return false;
}

static const char *result_of(const struct rollout *r)
{
	switch (r->result) {
	case RESULT_done:
		return "Committed";
	case RESULT_superseded:
		return "Superseded";
	case RESULT_rolled_back:
		return r->aborted ? "Aborted" : "RolledBack";
	case RESULT_refused:
		return r->superseded ? "Superseded" : r->aborted ? "Aborted" : "RolledBack";
	default:
		return "Stuck";
	}
}

/* Each of it may be done again; the attempt is over when all of it is. */
static int settle(struct attempt *a, const struct rollout *r, struct error *err)
{
	const char *result = result_of(r);
	bool bad = strcmp(result, "RolledBack") == 0 || strcmp(result, "Stuck") == 0;

	if (r->result == RESULT_fenced)
		return error_set(err, ERROR_LOCKED, "an agent has heard of a later leader");
	if (r->result == RESULT_done ? promote(a, err) : no_more_pods(a, err))
		return -1;
	/* Who could not be asked is asked again later. */
	if (bad && !(r->result == RESULT_refused && was_unreachable(r)) &&
	    reject(a, r->why[0] ? r->why : result, err))
		return -1;
	attempt_tell(a, r->result != RESULT_done, result, NULL,
		     r->why[0] ? r->why : "all pods run it");
	return journal_kube_settle(a->journal, result, r->why, err) ||
			       journal_kube_prune(a->journal, a->wish.history, err)
		       ? -1
		       : 0;
}

static int drive(struct attempt *a, struct rollout *r, struct error *err)
{
	if (r->phase != PHASE_end && attempt_drive(a, r, err))
		return -1;
	if (r->phase == PHASE_end)
		return settle(a, r, err);
	attempt_tell(a, false, "Paused", NULL, r->why);
	return 0;
}

/* ---- going on ---- */

static int go_on(struct attempt *a, struct rollout *r, struct error *err)
{
	a->document = json_incref(json_object_get(a->about, "document"));
	a->first = json_is_true(json_object_get(a->about, "first"));
	if (!json_is_object(a->document))
		return error_set(err, ERROR_INVALID, "BeamUpgrade %s: its journal is no journal",
				 journal_kube_name(a->journal));
	rollout_resume(r, (uint64_t)lease_token(a->options->lease));
	return drive(a, r, err);
}

/* ---- beginning ---- */

static bool all_ready(const struct pods *pods)
{
	size_t ready = 0;

	for (size_t i = 0; i < pods->len; i++)
		ready += pods->items[i].ready && !pods->items[i].ending;
	return (int64_t)ready == pods->replicas && ready == pods->len;
}

/* Those that are not there, or not ready, are not waited for for ever: the next run does. */
static int wait_for_pods(bool *out, struct attempt *a, struct error *err)
{
	struct deadline until = deadline_in(WAIT_FOR_PODS_MS);

	*out = false;
	while (!deadline_over(until) && lease_leads(a->options->lease)) {
		int64_t generation = a->wish.generation;

		pods_done(&a->pods);
		if (pods_list(&a->pods, a->kube, &a->wish, err) || load(a, err))
			return -1;
		if (a->wish.generation != generation || a->wish.deleted)
			return 0;
		*out = all_ready(&a->pods);
		if (*out)
			return 0;
		clock_sleep_ms(AGAIN_MS);
	}
	return 0;
}

static struct rollout_policy first_policy(const struct beam_wish *wish)
{
	struct rollout_policy policy = wish->policy;

	policy.waves_len = 0;
	policy.bake_ms = policy.pause_ms = 0;
	policy.pause = false;
	return policy;
}

static int begin(struct attempt *a, const struct beam_release *to, struct error *err)
{
	const struct rollout_policy policy = a->first ? first_policy(&a->wish) : a->wish.policy;
	owned_rollout struct rollout *r = rollout_new(to->release, to->version, to->digest, &policy,
						      (uint64_t)lease_token(a->options->lease));
	const struct kube_attempt attempt = { .from = a->wish.stable,
					      .to = to->digest,
					      .restart = policy.mode == MODE_restart };

	for (size_t i = 0; i < a->pods.len; i++)
		if (rollout_add(r, a->pods.items[i].name, a->pods.items[i].host, err))
			return -1;
	a->about = json_pack("{s:s, s:O, s:b}", "releaseRef", a->wish.release, "document",
			     a->document, "first", a->first);
	journal_kube_attempt(a->journal, &attempt);
	if (journal_begin(journal_kube(a->journal), r, a->about, err))
		return -1;
	attempt_tell(a, false, "Began", NULL, to->version);
	return drive(a, r, err);
}

/* What was said to be tried once more is no more rejected. */
static int heed_retry(struct attempt *a, struct error *err)
{
	if (strcmp(a->wish.retry, a->wish.heeded_retry) == 0)
		return 0;
	return patch_status(a,
			    json_pack("{s:[], s:s}", "rejectedRevisions", "observedRetryToken",
				      a->wish.retry),
			    err) ||
			       load(a, err)
		       ? -1
		       : 0;
}

static bool is_wanted(const struct attempt *a, const struct beam_release *to)
{
	if (a->wish.paused || strcmp(a->wish.aborted, to->digest) == 0 ||
	    beam_is_rejected(&a->wish, to->digest))
		return false;
	return a->options->repair || strcmp(a->wish.stable, to->digest) != 0;
}

/* Before anything is stable, pods come up on what is wanted. */
static int have_seeds(struct attempt *a, const struct beam_release *to, struct error *err)
{
	owned_json json_t *none = json_object(), *document = beam_document(to);

	if (a->seeds.stable)
		return 0;
	if (a->wish.stable[0] && strcmp(a->wish.stable, to->digest) != 0)
		return error_set(err, ERROR_INVALID,
				 "the ConfigMap relevo-%s is gone, and with it what %s was",
				 a->wish.name, a->wish.stable);
	return put_seeds(a, document, none, err);
}

static int begin_if_wanted(struct attempt *a, struct error *err)
{
	struct beam_release to;
	bool ready;

	if (heed_retry(a, err) || beam_release_read(&to, a->release, err) ||
	    have_seeds(a, &to, err))
		return -1;
	if (!is_wanted(a, &to))
		return 0;
	if (wait_for_pods(&ready, a, err))
		return -1;
	/* What is wanted may have changed meanwhile. */
	if (!ready || beam_release_read(&to, a->release, err) || !is_wanted(a, &to))
		return 0;
	a->first = !a->wish.stable[0];
	a->document = beam_document(&to);
	return begin(a, &to, err);
}

int attempt_run(const struct attempt_options *options, struct error *err)
{
	owned_attempt struct attempt a = { .options = options, .names = json_object() };
	owned_rollout struct rollout *r = NULL;
	owned_journal_entry struct journal_entry entry = { 0 };
	const struct kube_journal_options journal = {
		.lease = options->lease,
		.space = options->space,
		.deployment = options->name,
		.written = written,
		.noted = noted,
		.context = &a,
	};
	struct kube_journal_options full = journal;

	if (kube_open(&a.kube, &options->kube, err))
		return -1;
	if (load(&a, err))
		return -1;
	full.kube = a.kube;
	full.uid = a.wish.uid;
	a.journal = journal_kube_new(&full);
	if (seeds_get(&a.seeds, a.kube, &a.wish, err) ||
	    journal_last(&r, &entry, journal_kube(a.journal), options->name, err))
		return -1;
	if (a.wish.deleted)
		return 0;
	if (r && strcmp(journal_kube_result(a.journal), "Running") == 0) {
		a.about = json_incref(entry.about);
		return go_on(&a, r, err);
	}
	if (journal_kube_number(a.journal) && !journal_kube_result(a.journal)[0] &&
	    journal_kube_settle(a.journal, "Superseded", "it was never begun", err))
		return -1;
	return begin_if_wanted(&a, err);
}
