// SPDX-License-Identifier: Apache-2.0
#include "cmd/rollout.h"

#include "base/file.h"
#include "cmd/output.h"
#include "cmd/target_arg.h"
#include "cmd/trust.h"
#include "upgrade/node/wire/cookie.h"
#include "upgrade/rollout/hook.h"
#include "upgrade/rollout/members.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void session_done(struct session *s)
{
	cookie_done(&s->cookie);
	rollout_free(s->rollout);
	journal_entry_done(&s->entry);
	journal_close(s->journal);
	ways_free(s->ways);
	arena_done(&s->arena);
}

/* ---- opening ---- */

int session_open(struct session *out, const struct call *call, const struct rollout_opts *opts,
		 struct error *err)
{
	struct journal_options options = { .file = opts->state, .stop = fleet_interrupted };

	out->call = call;
	if (project_read(&out->project, &out->arena, "relevo.yaml", err) ||
	    target_choose(&out->target, out->project, opts->target, err))
		return -1;
	options.release = out->project->release;
	options.etcd = &out->project->etcd;
	if (!options.file)
		options.file = out->project->state_file;
	if (!options.file && options.etcd->endpoints.len == 0 &&
	    journal_default(&options.file, &out->arena, err))
		return -1;
	return journal_open(&out->journal, &options, err);
}

int session_load(struct session *s, const char *release, struct error *err)
{
	static const struct trust_opts no_keys;
	const struct target *target = s->target;
	struct ways_options options = { .store = s->project->store,
					.appups = s->project->appups,
					.allow = target->allow,
					.bundle = &s->bundle };

	if (trusted_bundle(&s->bundle, &s->arena, release, &no_keys, err) ||
	    cookie_find(&s->cookie, target->cookie_file, target->cookie_env, err))
		return -1;
	options.mode = fleet_policy(target).mode;
	options.release = s->bundle.file;
	return ways_open(&s->ways, &options, err);
}

int session_find_nodes(struct session *s, struct error *err)
{
	struct names left_out = { 0 };

	s->found = *s->target;
	if (members_find(&s->found, &left_out, &s->arena, str_text(&s->cookie), err))
		return error_wrap(err, "target %s", s->target->name);
	s->target = &s->found;
	for (size_t i = 0; i < left_out.len; i++)
		say(s->call, "%s is of the cluster, but runs another release: left out",
		    left_out.items[i]);
	return 0;
}

int session_last(struct session *s, struct error *err)
{
	return journal_last(&s->rollout, &s->entry, s->journal, s->target->name, err);
}

int session_load_again(struct session *s, struct error *err)
{
	const char *path = json_string_value(json_object_get(s->entry.about, "release"));

	/* On another machine it lies elsewhere: in the store, or nowhere. */
	return session_load(s, path && path_exists(path) ? path : s->rollout->to, err);
}

int session_continue(struct session *s, struct error *err)
{
	uint64_t token;

	if (journal_lock(s->journal, s->target->name, &token, err) || session_last(s, err))
		return -1;
	if (!s->rollout)
		return error_set(err, ERROR_NOT_FOUND, "%s: nothing was ever deployed there",
				 s->target->name);
	if (s->rollout->phase == PHASE_end)
		return error_set(err, ERROR_NOT_FOUND, "%s: the rollout of %s is over (%s)",
				 s->target->name, s->rollout->to, result_name(s->rollout->result));
	if (session_load_again(s, err))
		return -1;
	if (strcmp(s->bundle.sha256, s->rollout->digest) != 0)
		return error_set(
			err, ERROR_REFUSED,
			"%s is not the %s any more that the rollout began with; nothing was "
			"changed",
			s->bundle.file, s->rollout->to);
	rollout_resume(s->rollout, token);
	return 0;
}

/* ---- talk while it is driven ---- */

static void began(void *context, const struct rollout *r, const struct rollout_action *action)
{
	const struct session *s = context;
	const char *node = action->node == SIZE_MAX ? s->target->name : r->nodes[action->node].name;

	if (action->kind == ACTION_look || action->kind == ACTION_probe)
		return;
	progress_clear();
	say_verbose(s->call, "%s: %s %s%s", node, action_name(action->kind),
		    action->vsn ? action->vsn : "",
		    action->way == WAY_restart ? ", by a restart" : "");
}

static void say_done(const struct session *s, const struct rollout_action *action, const char *node,
		     const json_t *answer)
{
	int64_t ms = json_integer_value(json_object_get(answer, "install_ms"));
	int64_t pause = json_integer_value(json_object_get(answer, "pause_us"));

	if (action->kind == ACTION_install && action->way == WAY_hot)
		say(s->call,
		    "%s: runs %s, installed in %" PRId64 " ms; no process waited longer than "
		    "%" PRId64 ".%" PRId64 " ms",
		    node, action->vsn, ms, pause / 1000, pause / 100 % 10);
	else if (action->kind == ACTION_install)
		say(s->call, "%s: runs %s, restarted", node, action->vsn);
	else if (action->kind == ACTION_revert)
		say(s->call, "%s: runs %s again", node, action->vsn);
	else if (action->kind == ACTION_commit)
		say(s->call, "%s: %s is permanent", node, action->vsn);
	else if (action->kind == ACTION_stage)
		say_verbose(s->call, "%s: has %s, checked", node, action->vsn);
}

static void ended(void *context, const struct rollout *r, const struct rollout_action *action,
		  enum outcome outcome, const char *text, const json_t *answer)
{
	const struct session *s = context;
	const char *node = action->node == SIZE_MAX ? s->target->name : r->nodes[action->node].name;

	progress_clear();
	if (outcome != OUTCOME_ok)
		say(s->call, "%s: %s: %s", node, action_name(action->kind),
		    text ? text : outcome_name(outcome));
	else
		say_done(s, action, node, answer);
}

/* ---- hooks.notify ---- */

static const char *event_words(const char *event)
{
	return strcmp(event, "rolled_back") == 0  ? "taken back"
	       : strcmp(event, "going_back") == 0 ? "going back"
						  : event;
}

/* "production: shop 1.1.0 on 5 nodes: done", and what went wrong. */
static const char *event_text(struct arena *arena, const struct session *s, const char *event)
{
	const struct rollout *r = s->rollout;

	return arena_printf(arena, "%s: %s %s on %zu nodes: %s%s%s", s->target->name, r->release,
			    r->to, r->len, event_words(event), r->why[0] ? ": " : "", r->why);
}

static void notify(const struct session *s, const char *event)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	json_t *json = session_json(s, NULL);
	struct error err;

	for (size_t i = 0; i < s->target->notify_len; i++)
		if (hook_tell(&s->target->notify[i], s->target, event, json,
			      event_text(&arena, s, event), &err))
			warn("%s", err.text);
	json_decref(json);
}

/* Beside the way back, which waits for nobody who is told. */
static void notify_beside(struct session *s, const char *event)
{
	pid_t parent = getpid();

	fflush(NULL);
	s->telling = fork();
	if (s->telling != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		notify(s, event);
	_exit(0);
}

/* What is told later comes later. */
static void end_telling(struct session *s)
{
	while (s->telling > 0 && waitpid(s->telling, NULL, 0) < 0 && errno == EINTR)
		;
	s->telling = 0;
}

static bool goes_back(const struct rollout *r)
{
	size_t touched = 0;

	for (size_t i = 0; i < r->len; i++)
		touched += r->nodes[i].touched;
	return r->phase == PHASE_back && touched > 0 &&
	       (r->policy.on_failure != ON_FAILURE_stop || r->aborted);
}

/* ---- each step ---- */

static void stepped(void *context, const struct rollout *r)
{
	struct session *s = context;
	bool baking = r->phase == PHASE_waves && r->bake_until > r->clock;

	if (r->phase == PHASE_back && s->phase != PHASE_back)
		say(s->call, "%s: %s", goes_back(r) ? "going back" : "stopping", r->why);
	if (!s->told_back && goes_back(r)) {
		s->told_back = true;
		notify_beside(s, "going_back");
	}
	if (r->phase == PHASE_waves && (s->phase != PHASE_waves || s->wave != r->wave))
		say(s->call, "wave %u of %u", r->wave + 1, rollout_waves(r));
	if (baking && !s->baking)
		say(s->call, "watching for %" PRId64 " s", r->policy.bake_ms / 1000);
	if (baking)
		progress_show(s->call, "watching", PROGRESS_SECONDS,
			      (uint64_t)(r->policy.bake_ms - (r->bake_until - r->clock)) / 1000,
			      (uint64_t)r->policy.bake_ms / 1000);
	s->phase = r->phase;
	s->wave = r->wave;
	s->baking = baking;
}

/* ---- how it ends ---- */

bool session_unreachable(const struct session *s)
{
	const struct rollout *r = s->rollout;

	for (size_t i = 0; i < r->len; i++)
		if (r->nodes[i].lost_at >= 0 && r->nodes[i].stage == STAGE_unknown)
			return true;
	return false;
}

static size_t count_stuck(const struct rollout *r)
{
	size_t count = 0;

	for (size_t i = 0; i < r->len; i++)
		count += r->nodes[i].stuck ||
			 (r->nodes[i].touched && r->nodes[i].stage != STAGE_back);
	return count;
}

static int paused(const struct session *s, struct error *err)
{
	const struct rollout *r = s->rollout;
	const char *name = s->target->name;

	error_set_(err, ERROR_PAUSED, "%s: %s", name, r->why);
	if (r->paused == PAUSED_once)
		return error_hint(
			err,
			"It is done: relevo promote -t %s.  It is to be run again: relevo "
			"promote --again -t %s.  Back: relevo abort -t %s",
			name, name, name);
	if (r->paused == PAUSED_wave || r->paused == PAUSED_failure)
		return error_hint(err, "Next: relevo promote -t %s, or relevo abort -t %s", name,
				  name);
	return error_hint(err, "Next: relevo resume -t %s, or relevo abort -t %s", name, name);
}

static int how_it_ended(const struct session *s, struct error *err)
{
	const struct rollout *r = s->rollout;
	const char *name = s->target->name;

	if (r->phase != PHASE_end)
		return paused(s, err);
	switch (r->result) {
	case RESULT_done:
		return 0;
	case RESULT_refused:
		error_set_(err, session_unreachable(s) ? ERROR_UNREACHABLE : ERROR_REFUSED, "%s",
			   r->why);
		if (session_unreachable(s))
			return error_hint(err,
					  "Nothing was changed.  On a machine where it never ran: "
					  "relevo setup -t %s",
					  name);
		return error_hint(err, "Nothing was changed; all nodes of %s run what they ran.",
				  name);
	case RESULT_rolled_back:
		error_set_(err, ERROR_ROLLED_BACK, "%s", r->why);
		return error_hint(err, "All nodes of %s that got %s were taken back.", name, r->to);
	case RESULT_stuck:
		error_set_(err, ERROR_STUCK, "%s", r->why);
		return error_hint(err, "%zu nodes of %s need a person: relevo status -t %s",
				  count_stuck(r), name, name);
	case RESULT_fenced:
		return error_set(err, ERROR_LOCKED,
				 "%s: another relevo has taken over; nothing more was done", name);
	case RESULT_superseded:
		error_set_(err, ERROR_LOCKED, "%s", r->why);
		return error_hint(err,
				  "No node of %s was left with a release that is not "
				  "permanent.",
				  name);
	case RESULT_none:
	case RESULTS:
		break;
	}
	return 0;
}

int session_remember(struct session *s, struct error *err)
{
	const struct rollout *r = s->rollout;

	if (r->result == RESULT_done)
		return journal_set_bad(s->journal, s->target->name, r->to, false, err);
	if (r->result == RESULT_rolled_back && !r->aborted)
		return journal_set_bad(s->journal, s->target->name, r->to, true, err);
	return 0;
}

static const char *event_of(const struct rollout *r)
{
	return r->phase == PHASE_end ? result_name(r->result) : "paused";
}

int session_run(struct session *s, struct error *err)
{
	struct fleet fleet = {
		.target = s->target,
		.cookie = str_text(&s->cookie),
		.bundle = &s->bundle,
		.journal = s->journal,
		.ways = s->ways,
		.began = began,
		.ended = ended,
		.stepped = stepped,
		.context = s,
	};
	int ret;

	notify(s, "began");
	/* Whoever took it back, or goes on with that, said so. */
	s->told_back = s->rollout->phase == PHASE_back;
	ret = fleet_drive(&fleet, s->rollout, err);
	end_telling(s);
	progress_clear();
	if (ret) {
		if (err->kind == ERROR_LOCKED)
			return error_hint(err, "Nothing more was done; see relevo status -t %s",
					  s->target->name);
		return error_hint(
			err,
			"What was begun may have been done or not.  relevo resume -t %s asks "
			"the nodes and goes on.",
			s->target->name);
	}
	notify(s, event_of(s->rollout));
	return session_remember(s, err);
}

int session_tell(struct session *s, struct error *err)
{
	if (s->call->json)
		print_json(session_json(s, NULL));
	else
		session_print(s, "");
	return how_it_ended(s, err);
}

int session_drive(struct session *s, struct error *err)
{
	return session_run(s, err) || session_tell(s, err) ? -1 : 0;
}
