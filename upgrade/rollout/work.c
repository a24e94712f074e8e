// SPDX-License-Identifier: Apache-2.0
#include "upgrade/rollout/work.h"

#include "base/clock.h"
#include "upgrade/health/probe.h"
#include "upgrade/node/beside.h"
#include "upgrade/node/foresee.h"
#include "upgrade/node/install.h"
#include "upgrade/rollout/hook.h"
#include "upgrade/rollout/reach.h"

#include <inttypes.h>

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

static void tell_facts(json_t *answer, const struct work *work, const struct node *node,
		       const struct node_releases *releases, enum probe_verdict health)
{
	const struct node_release *runs = releases_running(releases);
	const struct node_release *boots = releases_permanent(releases);

	if (!runs || !boots)
		return;
	json_object_set_new(
		answer, "facts",
		json_pack("{s:s, s:s, s:I, s:b, s:b, s:s}", "runs", runs->vsn, "boots", boots->vsn,
			  "born", (json_int_t)node_creation(node), "has",
			  releases_find(releases, work->bundle->vsn) != NULL, "serving",
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
	tell_facts(answer, work, node, &releases, PROBE_none);
	return 0;
}

/* ---- what is done ---- */

static void add_note(json_t *answer, const char *text)
{
	json_t *notes = json_object_get(answer, "notes");

	if (!notes) {
		notes = json_array();
		json_object_set_new(answer, "notes", notes);
	}
	json_array_append_new(notes, text_json(text));
}

static void tell_result(json_t *answer, const struct install_result *result)
{
	int64_t longest = 0;

	for (size_t i = 0; i < result->notes_len; i++)
		add_note(answer, result->notes[i]);
	for (size_t i = 0; i < result->pauses.len; i++)
		if (result->pauses.items[i].longest_us > longest)
			longest = result->pauses.items[i].longest_us;
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
	tell_facts(answer, work, node, &releases, probe.verdict);
	json_object_set(answer, "findings", probe.findings);
	json_object_set(answer, "measures", probe.measures);
	json_object_set(answer, "census", probe.census);
	return 0;
}

/* ---- hooks ---- */

static void tell_text(json_t *answer, const char *key, const char *text)
{
	struct span said = span_trim(span_of(text));
	json_t *json = said.len > 0 ? json_stringn(said.ptr, said.len) : NULL;

	if (said.len > 0)
		json_object_set_new(answer, key, json ? json : json_string("(not to be printed)"));
}

static int run_hook(json_t *answer, const struct work *work, struct node *node, const char *name,
		    const struct target_hook *hook, struct error *err)
{
	owned_str struct str said = STR_EMPTY;
	struct hook_about about = {
		.target = work->target,
		.name = name,
		.node = work->node,
		.release = work->bundle->name,
		.vsn = work->bundle->vsn,
		.connection = node,
	};
	int ret;

	if (!hook)
		return 0;
	ret = hook_run(&said, hook, &about, err);
	tell_text(answer, name, str_text(&said));
	return ret;
}

/* Nothing new comes to it, and what it has under way ends, as far as there is time. */
static int drain(json_t *answer, const struct work *work, struct node *node, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	int64_t left, began = clock_mono_ms();

	if (run_hook(answer, work, node, "drain", work->target->drain, err) ||
	    hook_drained(&left, work->target, node, err))
		return -1;
	if (left > 0)
		add_note(answer, arena_printf(&arena,
					      "%" PRId64 " were still served %" PRId64
					      " s after it was drained, and are cut off",
					      left, (clock_mono_ms() - began) / 1000));
	return 0;
}

/* Before a node is changed, either way. */
static int before_change(json_t *answer, const struct work *work, struct node *node,
			 struct error *err)
{
	if (run_hook(answer, work, node, "before_node", work->target->before_node, err))
		return -1;
	return work->action.way == WAY_restart ? drain(answer, work, node, err) : 0;
}

/* What is wrong there is not tried again: the node was changed by then. */
static int after_change(json_t *answer, const struct work *work, struct node *node,
			struct error *err)
{
	if (run_hook(answer, work, node, "after_node", work->target->after_node, err) == 0)
		return 0;
	err->kind = ERROR_REFUSED;
	return -1;
}

/* hooks.start: called when the node has ended and nobody starts it again. */
static int start_node(void *context, struct error *err)
{
	const struct work *work = context;
	owned_str struct str said = STR_EMPTY;
	struct hook_about about = { .target = work->target,
				    .name = "start",
				    .node = work->node,
				    .release = work->bundle->name,
				    .vsn = work->action.vsn };

	return hook_run(&said, work->target->start, &about, err);
}

static struct install_options options_of(const struct work *work)
{
	struct install_options options = INSTALL_OPTIONS;

	options.restart = work->action.way == WAY_restart;
	options.allow = work->target->allow;
	options.peer = work->peer;
	options.move.timeout_ms = work->target->node_ms;
	if (work->target->start) {
		options.move.start = start_node;
		options.move.start_context = (void *)(uintptr_t)work;
	}
	return options;
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
	owned_probe struct probe probe = { 0 };

	if (probe_measure(&probe, node, arena, work->target, err))
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

	if (before_change(answer, work, node, err) ||
	    node_install(&result, node, arena, work->bundle, &options, err) ||
	    tell_baseline(answer, work, node, arena, err) || after_change(answer, work, node, err))
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

	/* Requests in replaced code are waited for; then going back is more urgent: it is noted. */
	options.kill = true;
	/* What does not let itself be drained goes back all the same. */
	if (before_change(answer, work, node, err))
		add_note(answer, err->text);
	if (node_revert(&result, node, arena, work->action.vsn, &options, err))
		return -1;
	if (after_change(answer, work, node, err))
		add_note(answer, err->text);
	tell_result(answer, &result);
	return look_at(answer, work, node, arena, err);
}

static int do_undrain(json_t *answer, const struct work *work, struct node *node,
		      struct arena *arena, struct error *err)
{
	(void)arena;
	return run_hook(answer, work, node, "undrain", work->target->undrain, err);
}

static int do_foresee(json_t *answer, const struct work *work, struct node *node,
		      struct arena *arena, struct error *err)
{
	struct install_options options = options_of(work);
	json_t *refusals = json_array();
	struct foreseen found;

	if (node_foresee(&found, node, arena, work->bundle, &options, err)) {
		json_decref(refusals);
		return -1;
	}
	for (size_t i = 0; i < found.refusals.len; i++)
		json_array_append_new(
			refusals, json_pack("{s:s, s:o}", "code", found.refusals.items[i].code,
					    "message", text_json(found.refusals.items[i].message)));
	json_object_set_new(answer, "foreseen",
			    json_pack("{s:I, s:I, s:I, s:o}", "suspends",
				      (json_int_t)found.suspends, "suspended_us",
				      (json_int_t)found.suspended_us, "lacked_bytes",
				      (json_int_t)found.lacked_bytes, "refusals", refusals));
	return 0;
}

/* ---- all of it ---- */

typedef int work_fn(json_t *answer, const struct work *work, struct node *node, struct arena *arena,
		    struct error *err);

static work_fn *const works[ACTION_KINDS] = {
	[ACTION_look] = do_look,       [ACTION_stage] = do_stage,     [ACTION_install] = do_install,
	[ACTION_probe] = do_probe,     [ACTION_commit] = do_commit,   [ACTION_revert] = do_revert,
	[ACTION_undrain] = do_undrain, [ACTION_foresee] = do_foresee,
};

static int connect_to(struct node **out, const struct work *work, const char *name,
		      struct error *err)
{
	struct node_options options = target_reach(work->target, name, work->cookie);

	options.token = work->token;
	return node_open(out, &options, err);
}

static bool says_no(const struct term *value)
{
	return term_is_atom(value, "false") || term_is_atom(value, "error") ||
	       term_is_tagged(value, "error", 2);
}

static int once(json_t *answer, const struct work *work, struct node *node, struct arena *arena,
		struct error *err)
{
	owned_str struct str said = STR_EMPTY;
	const char *text = work->target->once;
	struct beside beside;

	/* One that was overtaken does not begin it. */
	if (node_lock(node, node_work_deadline(node), err) ||
	    node_beside(&beside, node, arena, work->bundle, text, hook_time(work->target), true,
			err))
		return -1;
	str_adds(&said, beside.printed);
	if (said.len > 0 && said.ptr[said.len - 1] != '\n')
		str_addc(&said, '\n');
	term_print(&said, beside.value);
	tell_text(answer, "once", str_text(&said));
	return says_no(beside.value)
		       ? error_set(err, ERROR_FAILED, "%s: %.500s", text, str_text(&said))
		       : 0;
}

/* hooks.once: with the code of the release, beside the first node. */
static int run_beside(json_t *answer, const struct work *work, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_node struct node *node = NULL;

	if (!work->target->once)
		return 0;
	if (!work->beside)
		return error_set(err, ERROR_FAILED, "hooks.once: there is no node");
	if (connect_to(&node, work, work->beside, err) || once(answer, work, node, &arena, err))
		return error_wrap(err, "hooks.once");
	return 0;
}

static int run_once(json_t *answer, const struct work *work, struct error *err)
{
	const struct target *target = work->target;

	switch (work->action.kind) {
	case ACTION_before:
		return run_hook(answer, work, NULL, "before", target->before, err) ||
				       run_beside(answer, work, err)
			       ? -1
			       : 0;
	case ACTION_after:
		return run_hook(answer, work, NULL, "after", target->after, err);
	default:
		return run_hook(answer, work, NULL, "failure", target->failure, err);
	}
}

static void do_once(json_t *answer, const struct work *work)
{
	struct error err;

	if (run_once(answer, work, &err))
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
	else if (connect_to(&node, work, work->node, &err) ||
		 works[work->action.kind](answer, work, node, &arena, &err))
		tell_error(answer, work, node, &err);
	else
		json_object_set_new(answer, "outcome", json_string(outcome_name(OUTCOME_ok)));
	return answer;
}
