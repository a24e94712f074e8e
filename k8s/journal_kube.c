// SPDX-License-Identifier: Apache-2.0
#include "k8s/journal_kube.h"

#include "base/clock.h"
#include "base/json.h"
#include "upgrade/rollout/journal_kind.h"

#include <stdlib.h>
#include <time.h>

enum {
	LOOK_MS = 1000,
	AGAIN_MS = 500,
	RIGHTS_MS = 30000,
	REVISION_SHOWN = 10,
	REVISION_SKIP = sizeof("sha256:") - 1
};

struct kube_journal {
	struct journal journal;
	struct kube_journal_options options;
	struct kube_attempt attempt;
	struct arena arena;
	const char *upgrades; /* path of all of them */
	const char *name;     /* of the BeamUpgrade; "" */
	json_t *object;       /* it, as it was seen last; NULL: none */
	json_t *tried; /* the status of a write that may have come to something; NULL: none */
	json_t *about;
	const struct rollout *rollout; /* that is driven */
	int64_t last_number;           /* of all attempts, also of others */
	int64_t looked_at;             /* at the BeamDeployment */
};

static const struct journal_kind kube_kind;

static struct kube_journal *in_kube(struct journal *journal)
{
	return (struct kube_journal *)journal;
}

const char *kube_time_now(char out[static 32])
{
	time_t now = (time_t)(clock_wall_ms() / 1000);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

/* ---- opening ---- */

struct kube_journal *journal_kube_new(const struct kube_journal_options *options)
{
	struct kube_journal *j = mem_zero(1, sizeof(*j));

	j->journal.kind = &kube_kind;
	j->options = *options;
	j->options.uid = arena_dup(&j->arena, span_of(options->uid));
	j->name = "";
	j->upgrades = kube_path(&j->arena, BEAM_GROUP, "beamupgrades", options->space, NULL);
	return j;
}

struct journal *journal_kube(struct kube_journal *j)
{
	return &j->journal;
}

void journal_kube_attempt(struct kube_journal *j, const struct kube_attempt *attempt)
{
	j->attempt = *attempt;
}

static void in_kube_close(struct journal *journal)
{
	struct kube_journal *j = in_kube(journal);

	json_decref(j->object);
	json_decref(j->tried);
	json_decref(j->about);
	arena_done(&j->arena);
	free(j);
}

void journal_kube_free(struct kube_journal *j)
{
	if (j)
		in_kube_close(&j->journal);
}

const char *journal_kube_name(const struct kube_journal *j)
{
	return j->name;
}

int64_t journal_kube_number(const struct kube_journal *j)
{
	return json_integer_value(json_in(j->object, "spec", "attempt", NULL));
}

const char *journal_kube_result(const struct kube_journal *j)
{
	return json_at(j->object, "status", "result", NULL);
}

const char *journal_kube_to(const struct kube_journal *j)
{
	return json_at(j->object, "spec", "toRevision", NULL);
}

static void see(struct kube_journal *j, json_t *object)
{
	json_decref(j->object);
	j->object = object;
	j->name = arena_dup(&j->arena, span_of(kube_meta(object, "name")));
}

/* What is there now: a write before came to nothing, or is in it. */
static void see_anew(struct kube_journal *j, json_t *object)
{
	json_decref(j->tried);
	j->tried = NULL;
	see(j, object);
}

/* ---- writing ---- */

static int overtaken(const struct kube_journal *j, struct error *err)
{
	return error_set(
		err, ERROR_LOCKED,
		"BeamUpgrade %s: another leader has taken over: its status is not what was "
		"written here",
		j->name);
}

/* A server that does not know the kind does not say of an object that it is not there. */
static int is_gone(const struct kube_journal *j, const struct kube_status *said, struct error *err)
{
	char why[256];

	if (strcmp(said->reason, "NotFound") != 0) {
		err->kind = ERROR_UNREACHABLE;
		return -1;
	}
	snprintf(why, sizeof(why), "%s", err->text);
	return error_set(err, ERROR_LOCKED, "BeamUpgrade %s: somebody has deleted it: %s", j->name,
			 why);
}

/* Also where there is none, as of one that was just made. */
static bool same_status(const json_t *now, const json_t *before)
{
	const json_t *a = json_object_get(now, "status"), *b = json_object_get(before, "status");

	return a == b || json_equal(a, b);
}

/* What a write came to whose answer says that it has changed meanwhile, or that was lost: ours is
 * there; or nobody but us has touched the status, and it is written again; or it is not ours any
 * more.  before: the write before this one, where nobody knows what that came to
 */
static int look_again(bool *done, struct kube_journal *j, const json_t *status,
		      const json_t *before, const char *path, struct error *err)
{
	struct kube_status said = { 0 };
	struct kube_request request = { .path = path, .status = &said };
	json_t *now;

	if (kube_ask(&now, j->options.kube, &request, err))
		return said.code == 404 ? is_gone(j, &said, err) : -1;
	*done = json_equal(json_object_get(now, "status"), status);
	if (!*done && !same_status(now, j->object) &&
	    !json_equal(json_object_get(now, "status"), before)) {
		json_decref(now);
		return overtaken(j, err);
	}
	see(j, now);
	return 0;
}

static int put_once(bool *done, struct kube_journal *j, const json_t *status, const json_t *before,
		    const char *path, struct error *err)
{
	owned_json json_t *body = json_copy(j->object);
	struct kube_status said = { 0 };
	owned_arena struct arena arena = ARENA_EMPTY;
	struct kube_request request = { .method = "PUT",
					.path = arena_printf(&arena, "%s/status", path),
					.body = body,
					.status = &said };
	json_t *now;

	json_object_set(body, "status", (json_t *)(uintptr_t)status);
	if (kube_ask(&now, j->options.kube, &request, err) == 0) {
		see(j, now);
		*done = true;
		return 0;
	}
	if (said.code == 404)
		return is_gone(j, &said, err);
	return said.code == 409 ? look_again(done, j, status, before, path, err) : -1;
}

/* As long as we lead; whoever cannot write cannot renew the lease for long, either.  A server that
 * has just started knows nobody's rights for a moment.
 */
static int put_status(struct kube_journal *j, json_t *status, struct error *err)
{
	const char *path =
		kube_path(&j->arena, BEAM_GROUP, "beamupgrades", j->options.space, j->name);
	owned_json json_t *before = j->tried;
	int64_t until = clock_mono_ms() + RIGHTS_MS;
	bool done = false;

	j->tried = json_incref(status);
	for (;;) {
		if (!lease_leads(j->options.lease))
			return error_set(err, ERROR_LOCKED, "BeamUpgrade %s: the lease is lost",
					 j->name);
		if (put_once(&done, j, status, before, path, err) == 0) {
			if (!done)
				continue;
			json_decref(j->tried);
			j->tried = NULL;
			return 0;
		}
		if (err->kind != ERROR_UNREACHABLE &&
		    (err->kind != ERROR_USAGE || clock_mono_ms() > until))
			return -1;
		clock_sleep_ms(AGAIN_MS);
	}
}

static json_t *journal_json(const struct kube_journal *j, const struct rollout *r)
{
	json_t *nodes = json_array();

	for (size_t i = 0; i < r->len; i++)
		json_array_append_new(nodes, rollout_node_json(&r->nodes[i]));
	return json_pack("{s:O, s:o, s:o}", "about", j->about, "head", rollout_head_json(r),
			 "nodes", nodes);
}

static int in_kube_write(struct journal *journal, struct rollout *r,
			 const struct rollout_actions *actions, struct error *err)
{
	struct kube_journal *j = in_kube(journal);
	owned_json json_t *status = json_deep_copy(json_object_get(j->object, "status"));
	struct error why;

	(void)actions;
	json_object_set_new(status, "journal", journal_json(j, r));
	j->rollout = r;
	if (put_status(j, status, err))
		return -1;
	if (!j->options.written || j->options.written(j->options.context, r, &why) == 0)
		return 0;
	/* It is written, and not done: the next run goes on from there. */
	*err = why;
	return -1;
}

/* ---- a new one ---- */

static json_t *new_object(const struct kube_journal *j, int64_t number)
{
	const struct kube_attempt *a = &j->attempt;
	const char *hex = a->to + (strlen(a->to) > REVISION_SKIP ? REVISION_SKIP : 0);
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *name = arena_printf(&arena, "%s-%.*s-%d", j->options.deployment, REVISION_SHOWN,
					hex, (int)number);

	return json_pack("{s:s, s:s, s:{s:s, s:s, s:{s:s}, s:[{s:s, s:s, s:s, s:s, s:b}]},"
			 " s:{s:s, s:s, s:s, s:s, s:I}}",
			 "apiVersion", BEAM_GROUP, "kind", "BeamUpgrade", "metadata", "name", name,
			 "namespace", j->options.space, "labels", "relevo.dev/deployment",
			 j->options.deployment, "ownerReferences", "apiVersion", BEAM_GROUP, "kind",
			 "BeamDeployment", "name", j->options.deployment, "uid", j->options.uid,
			 "controller", 1, "spec", "deploymentName", j->options.deployment,
			 "fromRevision", a->from, "toRevision", a->to, "mode",
			 a->restart ? "Restart" : "Hot", "attempt", (json_int_t)number);
}

static int create(struct kube_journal *j, struct error *err)
{
	owned_json json_t *body = new_object(j, j->last_number + 1);
	struct kube_status said = { 0 };
	struct kube_request request = {
		.method = "POST", .path = j->upgrades, .body = body, .status = &said
	};
	json_t *object;

	if (!json_at(body, "spec", "fromRevision", NULL)[0])
		json_object_del(json_object_get(body, "spec"), "fromRevision");
	if (!lease_leads(j->options.lease))
		return error_set(err, ERROR_LOCKED, "the lease is lost");
	if (kube_ask(&object, j->options.kube, &request, err))
		return said.code == 409
			       ? error_set(err, ERROR_LOCKED, "BeamUpgrade %s is there already",
					   kube_meta(body, "name"))
			       : -1;
	see_anew(j, object);
	return 0;
}

static int in_kube_begin(struct journal *journal, struct rollout *r, const json_t *about,
			 struct error *err)
{
	struct kube_journal *j = in_kube(journal);
	owned_json json_t *status = NULL;
	char now[32];

	json_decref(j->about);
	j->about = json_deep_copy(about);
	if (create(j, err))
		return -1;
	j->rollout = r;
	status = json_pack("{s:s, s:s, s:o}", "result", "Running", "startTime", kube_time_now(now),
			   "journal", journal_json(j, r));
	return put_status(j, status, err);
}

int journal_kube_settle(struct kube_journal *j, const char *result, const char *reason,
			struct error *err)
{
	owned_json json_t *status = json_deep_copy(json_object_get(j->object, "status"));
	char now[32];

	if (!status)
		status = json_object();
	json_object_set_new(status, "result", json_string(result));
	json_object_set_new(status, "reason", json_text(reason[0] ? reason : result));
	json_object_set_new(status, "endTime", json_string(kube_time_now(now)));
	return put_status(j, status, err);
}

/* ---- reading ---- */

int journal_kube_read(struct rollout **out, const json_t *upgrade, struct error *err)
{
	owned_rollout struct rollout *r = NULL;
	const json_t *journal = json_in(upgrade, "status", "journal", NULL);
	const json_t *nodes = json_object_get(journal, "nodes"), *node;
	size_t i;

	if (rollout_read_head(&r, json_object_get(journal, "head"), err))
		return -1;
	json_array_foreach (nodes, i, node)
		if (rollout_read_node(r, node, err))
			return -1;
	*out = steal(&r);
	return 0;
}

/* A list is as of now: asked of etcd, not of a cache. */
static int list(json_t **out, struct kube_journal *j, struct error *err)
{
	struct kube_request request = {
		.path = arena_printf(&j->arena, "%s?labelSelector=relevo.dev%%2Fdeployment%%3D%s",
				     j->upgrades, kube_encode(&j->arena, j->options.deployment)),
	};

	return kube_ask(out, j->options.kube, &request, err);
}

static int64_t number_of(const json_t *upgrade)
{
	return json_integer_value(json_in(upgrade, "spec", "attempt", NULL));
}

bool journal_kube_is_of(const json_t *upgrade, const char *uid)
{
	const json_t *owner;
	size_t i;

	json_array_foreach (json_in(upgrade, "metadata", "ownerReferences", NULL), i, owner)
		if (strcmp(json_at(owner, "uid", NULL), uid) == 0)
			return true;
	return false;
}

/* One that was made and never written on has no rollout: it is as if it had not begun. */
static int in_kube_last(struct rollout **rollout_out, struct journal_entry *entry_out,
			struct journal *journal, const char *target, struct error *err)
{
	struct kube_journal *j = in_kube(journal);
	owned_json json_t *all = NULL;
	const json_t *one, *last = NULL, *written;
	size_t i;

	(void)target;
	if (list(&all, j, err))
		return -1;
	json_array_foreach (json_object_get(all, "items"), i, one) {
		if (number_of(one) > j->last_number)
			j->last_number = number_of(one);
		if (journal_kube_is_of(one, j->options.uid) &&
		    (!last || number_of(one) > number_of(last)))
			last = one;
	}
	*rollout_out = NULL;
	*entry_out = (struct journal_entry){ 0 };
	if (!last)
		return 0;
	see_anew(j, json_incref((json_t *)(uintptr_t)last));
	written = json_in(last, "status", "journal", NULL);
	if (!written)
		return 0;
	json_decref(j->about);
	j->about = json_deep_copy(json_object_get(written, "about"));
	entry_out->id = number_of(last);
	entry_out->about = json_incref(j->about);
	if (journal_kube_read(rollout_out, last, err))
		return -1;
	j->rollout = *rollout_out;
	return 0;
}

int journal_kube_prune(struct kube_journal *j, int64_t keep, struct error *err)
{
	owned_json json_t *all = NULL;
	const json_t *one;
	size_t i;

	if (list(&all, j, err))
		return -1;
	json_array_foreach (json_object_get(all, "items"), i, one) {
		struct kube_request request = { .method = "DELETE" };

		if (number_of(one) > journal_kube_number(j) - keep)
			continue;
		request.path = kube_path(&j->arena, BEAM_GROUP, "beamupgrades", j->options.space,
					 kube_meta(one, "name"));
		if (kube_ask(NULL, j->options.kube, &request, err) && err->kind != ERROR_NOT_FOUND)
			return -1;
	}
	return 0;
}

/* ---- what people want ---- */

static int wish_now(json_t **out, struct kube_journal *j, struct error *err)
{
	struct kube_request request = {
		.path = kube_path(&j->arena, BEAM_GROUP, "beamdeployments", j->options.space,
				  j->options.deployment),
	};

	return kube_ask(out, j->options.kube, &request, err);
}

static bool is_wanted(enum command_kind *out, const struct kube_journal *j,
		      const struct beam_wish *wish)
{
	const struct rollout *r = j->rollout;
	const char *release = json_at(j->about, "releaseRef", NULL), *to = journal_kube_to(j);

	if (r->phase != PHASE_back && strcmp(wish->aborted, to) == 0)
		*out = COMMAND_abort;
	else if (r->phase != PHASE_back && (strcmp(wish->release, release) != 0 || wish->deleted))
		*out = COMMAND_supersede;
	else if (wish->give_up && !r->failed && beam_is_mixed(r))
		*out = COMMAND_give_up;
	else if (strcmp(wish->promoted, to) == 0 &&
		 (r->paused == PAUSED_wave || r->paused == PAUSED_failure))
		*out = COMMAND_promote;
	else if (wish->paused && r->paused == PAUSED_no && r->phase != PHASE_back)
		*out = COMMAND_pause;
	else
		return false;
	return true;
}

/* What the server does not tell now it tells later. */
static int in_kube_heed(bool *some_out, enum command_kind *out, const char **vsn_out,
			struct journal *journal, struct arena *arena, struct error *err)
{
	struct kube_journal *j = in_kube(journal);
	owned_json json_t *object = NULL;
	struct beam_wish wish;
	struct error ignored;

	*some_out = false;
	if (!lease_leads(j->options.lease))
		return error_set(err, ERROR_LOCKED, "the lease is lost");
	if (!j->rollout || clock_mono_ms() - j->looked_at < LOOK_MS)
		return 0;
	j->looked_at = clock_mono_ms();
	if (wish_now(&object, j, &ignored) || beam_wish_read(&wish, object, &ignored))
		return 0;
	*some_out = is_wanted(out, j, &wish);
	*vsn_out = arena_dup(arena, span_of(j->rollout->to));
	return 0;
}

static int in_kube_note(struct journal *journal, const char *node, const char *text,
			struct error *err)
{
	struct kube_journal *j = in_kube(journal);

	(void)err;
	if (j->options.noted)
		j->options.noted(j->options.context, node, text);
	return 0;
}

/* Who leads is told by the Lease, what was by kubectl, what is bad by the BeamDeployment. */
static const struct journal_kind kube_kind = {
	.close = in_kube_close,
	.begin = in_kube_begin,
	.write = in_kube_write,
	.note = in_kube_note,
	.last = in_kube_last,
	.heed = in_kube_heed,
};
