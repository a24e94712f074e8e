// SPDX-License-Identifier: Apache-2.0
#include "upgrade/rollout/work.h"

#include "base/process.h"
#include "upgrade/health/probe.h"
#include "upgrade/node/install.h"

#include <stdio.h>

enum { HOOK_OUTPUT_MAX = 64 * 1024 };

static const char *const health_words[] = { "unknown", "pass", "fail" };

/* ---- telling ---- */

enum outcome work_outcome(const struct error *err)
{
	switch (err->kind) {
	case ERROR_REFUSED:
	case ERROR_USAGE:
	case ERROR_INVALID:
		return OUTCOME_refused;
	case ERROR_ROLLED_BACK:
		return OUTCOME_rolled_back;
	case ERROR_STUCK:
		return OUTCOME_stuck;
	case ERROR_NOT_FOUND:
		return OUTCOME_down;
	case ERROR_UNREACHABLE:
		return OUTCOME_silent;
	case ERROR_FAILED:
	case ERROR_LOCKED:
	case ERROR_PAUSED:
		break;
	}
	return OUTCOME_failed;
}

static json_t *text_json(const char *text)
{
	json_t *json = json_string(text);

	return json ? json : json_string("(not to be printed)");
}

static void tell(json_t *answer, enum outcome outcome, const char *text)
{
	json_object_set_new(answer, "outcome", json_string(outcome_name(outcome)));
	if (text)
		json_object_set_new(answer, "text", text_json(text));
}

static void tell_error(json_t *answer, const struct work *work, const struct node *node,
		       const struct error *err)
{
	enum outcome outcome = work_outcome(err);
	bool looks = work->action.kind == ACTION_look || work->action.kind == ACTION_probe;

	/* A node that lets us not in, or tells nonsense, tells nothing. */
	if (looks && outcome != OUTCOME_down)
		outcome = OUTCOME_silent;
	if (node && node_overtaken(node))
		outcome = OUTCOME_fenced;
	tell(answer, outcome, err->text);
}

/* ---- what it is ---- */

static void tell_facts(json_t *answer, const struct work *work,
		       const struct node_releases *releases, enum probe_verdict health)
{
	const struct node_release *runs = releases_running(releases);
	const struct node_release *boots = releases_permanent(releases);

	if (!runs || !boots)
		return;
	json_object_set_new(
		answer, "facts",
		json_pack("{s:s, s:s, s:b, s:b, s:s}", "runs", runs->vsn, "boots", boots->vsn,
			  "has", releases_find(releases, work->bundle->vsn) != NULL, "serving",
			  releases->sasl && !releases->starting && !releases->going_down, "health",
			  health_words[health]));
}

static int look_at(json_t *answer, const struct work *work, struct node *node, struct arena *arena,
		   struct error *err)
{
	struct node_releases releases;

	if (node_releases(&releases, node, arena, err))
		return -1;
	if (!releases.sasl || !releases_running(&releases))
		return error_set(err, ERROR_REFUSED,
				 "%s: sasl does not run there, so nothing knows its releases",
				 node_name(node));
	tell_facts(answer, work, &releases, PROBE_none);
	return 0;
}

/* ---- what is done ---- */

static struct install_options options_of(const struct work *work)
{
	struct install_options options = INSTALL_OPTIONS;

	options.restart = work->action.way == WAY_restart;
	options.allow = work->target->allow;
	options.peer = work->peer;
	return options;
}

static void tell_result(json_t *answer, const struct install_result *result)
{
	json_t *notes = json_array();
	int64_t longest = 0;

	for (size_t i = 0; i < result->notes_len; i++)
		json_array_append_new(notes, text_json(result->notes[i]));
	for (size_t i = 0; i < result->pauses.len; i++)
		if (result->pauses.items[i].longest_us > longest)
			longest = result->pauses.items[i].longest_us;
	json_object_set_new(answer, "notes", notes);
	json_object_set_new(answer, "pause_us", json_integer(longest));
	json_object_set_new(answer, "install_ms", json_integer(result->install_ms));
	json_object_set_new(answer, "sent_bytes", json_integer(result->sent_bytes));
}

static int do_look(json_t *answer, const struct work *work, struct node *node, struct arena *arena,
		   struct error *err)
{
	struct node_releases releases;
	const char *digest;

	/* Waits for what somebody else has begun there. */
	node_be_patient(node, work->target->node_ms, NULL, NULL);
	if (node_lock(node, node_work_deadline(node), err) ||
	    node_settle(&releases, node, arena, node_work_deadline(node), err) ||
	    look_at(answer, work, node, arena, err) ||
	    node_manifest_digest(&digest, node, arena, releases_running(&releases)->vsn, err))
		return -1;
	json_object_set_new(answer, "manifest", json_string(digest));
	return 0;
}

static int do_probe(json_t *answer, const struct work *work, struct node *node, struct arena *arena,
		    struct error *err)
{
	owned_probe struct probe probe = { 0 };
	struct node_releases releases;

	if (node_releases(&releases, node, arena, err) ||
	    probe_node(&probe, node, arena, work->target, work->baseline, err))
		return -1;
	tell_facts(answer, work, &releases, probe.verdict);
	if (probe.text[0])
		json_object_set_new(answer, "text", text_json(probe.text));
	json_object_set(answer, "measures", probe.measures);
	json_object_set(answer, "census", probe.census);
	return 0;
}

static int run_hook(json_t *answer, const struct work *work, const char *name, const char *command,
		    struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_process_result struct process_result result = { 0 };
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	const char *const env[] = {
		arena_printf(&arena, "RELEVO_HOOK=%s", name),
		arena_printf(&arena, "RELEVO_TARGET=%s", work->target->name),
		arena_printf(&arena, "RELEVO_NODE=%s", work->node ? work->node : ""),
		arena_printf(&arena, "RELEVO_RELEASE=%s", work->bundle->name),
		arena_printf(&arena, "RELEVO_VERSION=%s", work->bundle->vsn),
		NULL,
	};
	struct process_options options = { .env = env,
					   .output_max = HOOK_OUTPUT_MAX,
					   .timeout_ms = (int)work->target->node_ms };

	if (process_run(&result, argv, &options, err))
		return error_wrap(err, "hooks.%s", name);
	if (result.out.len + result.err.len > 0)
		json_object_set_new(answer, name,
				    text_json(arena_printf(&arena, "%s%s", str_text(&result.out),
							   str_text(&result.err))));
	if (result.status != 0)
		return error_set(err, ERROR_FAILED, "hooks.%s ended with status %d: %.500s", name,
				 result.status, str_text(&result.err));
	return 0;
}

static int around(json_t *answer, const struct work *work, const char *name, const char *command,
		  struct error *err)
{
	if (!command || work->action.way != WAY_restart)
		return 0;
	return run_hook(answer, work, name, command, err);
}

static int do_stage(json_t *answer, const struct work *work, struct node *node, struct arena *arena,
		    struct error *err)
{
	struct install_options options = options_of(work);
	struct install_result result;

	options.hand_on = true;
	if (node_prepare(&result, node, arena, work->bundle, &options, err))
		return -1;
	tell_result(answer, &result);
	if (result.parcel_file)
		json_object_set_new(answer, "parcel",
				    json_pack("{s:o, s:s, s:I}", "file",
					      text_json(result.parcel_file), "sha256",
					      result.parcel_sha256, "bytes",
					      (json_int_t)result.lacked_bytes));
	return look_at(answer, work, node, arena, err);
}

/* From this moment on restarts and growth count. */
static int tell_baseline(json_t *answer, const struct work *work, struct node *node,
			 struct arena *arena, struct error *err)
{
	const struct target no_gates = { .timeout_ms = work->target->timeout_ms };
	owned_probe struct probe probe = { 0 };

	if (probe_node(&probe, node, arena, &no_gates, NULL, err))
		return -1;
	json_object_set(answer, "measures", probe.measures);
	json_object_set(answer, "census", probe.census);
	return 0;
}

static int do_install(json_t *answer, const struct work *work, struct node *node,
		      struct arena *arena, struct error *err)
{
	struct install_options options = options_of(work);
	struct install_result result;
	struct error undrain;
	int ret;

	if (around(answer, work, "drain", work->target->drain, err))
		return -1;
	ret = node_install(&result, node, arena, work->bundle, &options, err);
	if (ret == 0)
		ret = tell_baseline(answer, work, node, arena, err);
	/* Whatever it runs now, it is to serve. */
	if (around(answer, work, "undrain", work->target->undrain, ret ? &undrain : err) || ret)
		return -1;
	tell_result(answer, &result);
	return look_at(answer, work, node, arena, err);
}

static int do_commit(json_t *answer, const struct work *work, struct node *node,
		     struct arena *arena, struct error *err)
{
	struct install_options options = options_of(work);
	struct install_result result;

	if (node_commit(&result, node, arena, work->action.vsn, &options, err))
		return -1;
	tell_result(answer, &result);
	return look_at(answer, work, node, arena, err);
}

static int do_revert(json_t *answer, const struct work *work, struct node *node,
		     struct arena *arena, struct error *err)
{
	struct install_options options = options_of(work);
	struct install_result result;
	struct error undrain;
	int ret;

	/* Requests in replaced code are waited for; then going back is more urgent: it is noted. */
	options.kill = true;
	if (around(answer, work, "drain", work->target->drain, err))
		return -1;
	ret = node_revert(&result, node, arena, work->action.vsn, &options, err);
	if (around(answer, work, "undrain", work->target->undrain, ret ? &undrain : err) || ret)
		return -1;
	tell_result(answer, &result);
	return look_at(answer, work, node, arena, err);
}

/* ---- all of it ---- */

typedef int work_fn(json_t *answer, const struct work *work, struct node *node, struct arena *arena,
		    struct error *err);

static work_fn *const works[ACTION_KINDS] = {
	[ACTION_look] = do_look,   [ACTION_stage] = do_stage,   [ACTION_install] = do_install,
	[ACTION_probe] = do_probe, [ACTION_commit] = do_commit, [ACTION_revert] = do_revert,
};

static int connect_to(struct node **out, const struct work *work, struct error *err)
{
	const struct target *target = work->target;
	struct target_via via = target_via_of(target, work->node);

	return node_open(out,
			 &(struct node_options){
				 .name = work->node,
				 .cookie = work->cookie,
				 .port = (int)target->port,
				 .timeout_ms = target->timeout_ms,
				 .tls = { target->tls_ca, target->tls_cert, target->tls_key },
				 .via = { via.ssh, via.jump, via.host },
				 .token = work->token,
			 },
			 err);
}

static void do_once(json_t *answer, const struct work *work)
{
	struct error err;

	if (run_hook(answer, work, action_name(work->action.kind), work->hook, &err))
		tell_error(answer, work, NULL, &err);
	else
		tell(answer, OUTCOME_ok, NULL);
}

json_t *work_do(const struct work *work)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_node struct node *node = NULL;
	json_t *answer = json_object();
	struct error err;

	if (!work->node)
		do_once(answer, work);
	else if (connect_to(&node, work, &err) ||
		 works[work->action.kind](answer, work, node, &arena, &err))
		tell_error(answer, work, node, &err);
	else
		json_object_set_new(answer, "outcome", json_string(outcome_name(OUTCOME_ok)));
	return answer;
}
