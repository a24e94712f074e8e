// SPDX-License-Identifier: Apache-2.0
#include "upgrade/rollout/fleet.h"

#include "base/clock.h"
#include "upgrade/health/compare.h"
#include "upgrade/rollout/fanout.h"
#include "upgrade/rollout/found.h"
#include "upgrade/rollout/hook.h"
#include "upgrade/rollout/work.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	TICK_MS = 500,
	WRITE_MS = 10000, /* the clock alone is written down that often */
	GRACE_MS = 5000,  /* a child has longer than its action, to say itself what is wrong */
};

struct at_work {
	pid_t pid;
	int fd;
	struct rollout_action action;
	int64_t ends_by;
	struct str said;
};

struct drive {
	const struct fleet *fleet;
	struct rollout *rollout;
	struct at_work *children;
	size_t len, cap;
	struct fanout *fanout;
	struct rollout_action *waiting; /* for their turn to be brought the release */
	size_t waiting_len, waiting_cap;
	/* What was seen since the last step. */
	struct sight *sights;
	size_t sights_len, sights_cap;
	struct node_facts *facts; /* of those; the same places */
	json_t **answers;
	json_t **baselines; /* of each node: the first look since it has the release */
	json_t **failing;   /* of each node: {GATE: since when}, what is not well there */
	json_t **foreseen;  /* of each node; NULL: not asked for */
	struct samples samples;
	struct arena arena; /* texts of one step */
	int64_t written_at;
	unsigned signals; /* heeded */
	bool no_journal, failure_told;
};

/* ---- signals ---- */

static volatile sig_atomic_t signals_seen;

static void on_signal(int number)
{
	(void)number;
	signals_seen = signals_seen + 1;
}

bool fleet_interrupted(void)
{
	return signals_seen > 1;
}

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP };

static void take_signals(struct sigaction before[static ARRAY_LEN(ending_signals)])
{
	struct sigaction action = { .sa_handler = on_signal };

	signals_seen = 0;
	for (size_t i = 0; i < ARRAY_LEN(ending_signals); i++)
		sigaction(ending_signals[i], &action, &before[i]);
}

static void give_signals(const struct sigaction before[static ARRAY_LEN(ending_signals)])
{
	for (size_t i = 0; i < ARRAY_LEN(ending_signals); i++)
		sigaction(ending_signals[i], &before[i], NULL);
}

/* ---- children ---- */

/* The first in the order in which they get the release. */
static const char *first_node(const struct rollout *r)
{
	const struct rollout_node *first = NULL;

	for (size_t i = 0; i < r->len; i++)
		if (r->nodes[i].stage != STAGE_gone && (!first || r->nodes[i].wave < first->wave))
			first = &r->nodes[i];
	return first ? first->name : NULL;
}

static void be_child(const struct drive *d, const struct rollout_action *action,
		     const struct stage_peer *peer, int fd, pid_t parent)
{
	const struct rollout_node *node =
		action->node == SIZE_MAX ? NULL : &d->rollout->nodes[action->node];
	struct work work = {
		.target = d->fleet->target,
		.cookie = d->fleet->cookie,
		.bundle = d->fleet->bundle,
		.token = d->rollout->token,
		.action = *action,
		.node = node ? node->name : NULL,
		.from = node ? node->from : NULL,
		.peer = peer,
		.baseline = node ? d->baselines[action->node] : NULL,
		.beside = first_node(d->rollout),
	};
	FILE *out = fdopen(fd, "w");
	json_t *answer;

	/* The terminal's Ctrl-C is for the parent, which lets a step end. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || !out)
		_exit(1);
	for (size_t i = 0; i < ARRAY_LEN(ending_signals); i++)
		signal(ending_signals[i], SIG_DFL);
	answer = work_do(&work);
	json_dumpf(answer, out, JSON_COMPACT);
	fflush(out);
	_exit(0);
}

static struct at_work *room_for_child(struct drive *d)
{
	if (d->len == d->cap) {
		d->cap = d->cap ? 2 * d->cap : 16;
		d->children = mem_resize(d->children, d->cap, sizeof(*d->children));
	}
	return &d->children[d->len++];
}

static int64_t time_for(const struct drive *d, const struct rollout_action *action)
{
	const struct rollout_doing *doing = action->node == SIZE_MAX
						    ? &d->rollout->doing
						    : &d->rollout->nodes[action->node].doing;

	if (action->kind == ACTION_failure)
		return hook_time(d->fleet->target) + GRACE_MS;
	if (action->kind == ACTION_foresee)
		return d->rollout->policy.node_ms + GRACE_MS;
	return doing->deadline - d->rollout->clock + GRACE_MS;
}

static int start_child(struct drive *d, const struct rollout_action *action,
		       const struct stage_peer *peer, struct error *err)
{
	pid_t parent = getpid(), pid;
	struct at_work *child;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return error_sys(err, "cannot make a pipe");
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		be_child(d, action, peer, fds[1], parent);
	}
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return error_sys(err, "cannot start a process");
	}
	setpgid(pid, pid);
	child = room_for_child(d);
	*child = (struct at_work){ .pid = pid,
				   .fd = fds[0],
				   .action = *action,
				   .ends_by = clock_mono_ms() + time_for(d, action) };
	return 0;
}

static void child_end(struct at_work *child)
{
	kill(-child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(child->fd);
	str_done(&child->said);
}

static void drive_done(struct drive *d)
{
	fanout_free(d->fanout);
	free(d->waiting);
	for (size_t i = 0; i < d->len; i++)
		child_end(&d->children[i]);
	free(d->children);
	for (size_t i = 0; i < d->sights_len; i++)
		json_decref(d->answers[i]);
	for (size_t i = 0; i < ROLLOUT_NODES_MAX && d->baselines; i++)
		json_decref(d->baselines[i]);
	for (size_t i = 0; i < ROLLOUT_NODES_MAX && d->failing; i++)
		json_decref(d->failing[i]);
	free(d->baselines);
	free(d->failing);
	free(d->sights);
	free(d->facts);
	free(d->answers);
	samples_done(&d->samples);
	arena_done(&d->arena);
}
#define owned_drive owned(drive_done)

/* ---- taking turns ---- */

static void wait_for_turn(struct drive *d, const struct rollout_action *action)
{
	if (d->waiting_len == d->waiting_cap) {
		d->waiting_cap = d->waiting_cap ? 2 * d->waiting_cap : 16;
		d->waiting = mem_resize(d->waiting, d->waiting_cap, sizeof(*d->waiting));
	}
	d->waiting[d->waiting_len++] = *action;
}

static const char *runs_of(const struct drive *d, size_t node)
{
	const char *runs = d->rollout->nodes[node].runs;

	return runs ? runs : "";
}

static int start_or_wait(struct drive *d, const struct rollout_action *action, struct error *err)
{
	const struct stage_peer *peer = NULL;

	if (action->kind == ACTION_stage &&
	    fanout_begin(d->fanout, action->id, runs_of(d, action->node), &peer) == FANOUT_WAIT) {
		wait_for_turn(d, action);
		return 0;
	}
	return start_child(d, action, peer, err);
}

/* Those whose time is over meanwhile are not waited for any more. */
static int start_waiting(struct drive *d, struct error *err)
{
	size_t len = d->waiting_len;

	d->waiting_len = 0;
	for (size_t i = 0; i < len; i++) {
		struct rollout_action action = d->waiting[i];

		if (d->rollout->nodes[action.node].doing.id == action.id &&
		    start_or_wait(d, &action, err))
			return -1;
	}
	return 0;
}

/* ---- what was seen ---- */

static struct sight *add_sight(struct drive *d, json_t *answer)
{
	if (d->sights_len == d->sights_cap) {
		d->sights_cap = d->sights_cap ? 2 * d->sights_cap : 16;
		d->sights = mem_resize(d->sights, d->sights_cap, sizeof(*d->sights));
		d->facts = mem_resize(d->facts, d->sights_cap, sizeof(*d->facts));
		d->answers = mem_resize(d->answers, d->sights_cap, sizeof(json_t *));
		for (size_t i = 0; i < d->sights_len; i++)
			d->sights[i].facts = d->sights[i].facts ? &d->facts[i] : NULL;
	}
	d->answers[d->sights_len] = answer;
	d->sights[d->sights_len] = (struct sight){ .kind = SIGHT_answer };
	return &d->sights[d->sights_len++];
}

static const char *text_in(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static enum outcome outcome_in(const json_t *answer)
{
	const char *name = text_in(answer, "outcome");

	for (unsigned i = 0; i < OUTCOMES; i++)
		if (strcmp(name, outcome_name((enum outcome)i)) == 0)
			return (enum outcome)i;
	return OUTCOME_failed;
}

static enum health health_in(const json_t *facts)
{
	const char *name = text_in(facts, "health");

	return strcmp(name, "pass") == 0   ? HEALTH_pass
	       : strcmp(name, "fail") == 0 ? HEALTH_fail
					   : HEALTH_unknown;
}

/* The way is worked out here, once for each release that is met, not in every child. */
static void find_way(struct drive *d, struct sight *sight, struct node_facts *facts,
		     const struct rollout_action *action, const json_t *answer)
{
	const struct rollout_node *node = &d->rollout->nodes[action->node];
	bool has_it = strcmp(facts->runs, d->rollout->to) == 0;
	const char *from = has_it && node->from ? node->from : facts->runs;
	const struct way_found *found =
		ways_find(d->fleet->ways, from, has_it ? "" : text_in(answer, "manifest"));

	facts->way = found->way;
	if (found->text[0] && !has_it)
		sight->text = found->text;
	if (found->way == WAY_restart && d->rollout->policy.mode == MODE_hot)
		sight->text = arena_printf(&d->arena, "not hot: %s", found->text);
}

static void take_facts(struct drive *d, struct sight *sight, const struct rollout_action *action,
		       const json_t *answer)
{
	const json_t *object = json_object_get(answer, "facts");
	struct node_facts *facts = &d->facts[sight - d->sights];

	if (!object || !text_in(object, "runs")[0] || !text_in(object, "boots")[0])
		return;
	*facts = (struct node_facts){
		.runs = text_in(object, "runs"),
		.boots = text_in(object, "boots"),
		.born = json_integer_value(json_object_get(object, "born")),
		.has = json_is_true(json_object_get(object, "has")),
		.serving = json_is_true(json_object_get(object, "serving")),
		.health = health_in(object),
	};
	sight->facts = facts;
	if (action->kind == ACTION_look)
		find_way(d, sight, facts, action, answer);
}

/* Growth and restarts count from the installation, or from the first look after a resume. */
static void take_measures(struct drive *d, const struct rollout_action *action,
			  const json_t *answer)
{
	const json_t *measures = json_object_get(answer, "measures");
	bool new_one =
		strcmp(text_in(json_object_get(answer, "facts"), "runs"), d->rollout->to) == 0;
	const char *metric;
	json_t *value;

	if (!measures)
		return;
	/* An installation has its own weight: what is compared is the time after it. */
	json_object_foreach ((json_t *)(uintptr_t)measures, metric, value)
		if (action->kind == ACTION_probe)
			samples_add(&d->samples, metric, new_one, d->rollout->clock,
				    json_number_value(value));
	if (new_one && !d->baselines[action->node])
		d->baselines[action->node] = json_pack("{s:O, s:O}", "measures", measures, "census",
						       json_object_get(answer, "census"));
	if (!new_one) {
		json_decref(d->baselines[action->node]);
		d->baselines[action->node] = NULL;
	}
}

/* A look at a node: what its gates say, written down when it is another thing than before. */
static int take_findings(struct drive *d, const struct rollout_action *action, struct sight *sight,
			 const json_t *answer, struct error *err)
{
	const json_t *findings = json_object_get(answer, "findings");
	bool changed;
	const char *text;

	if (!json_is_array(findings))
		return 0;
	text = found_text(&changed, &d->failing[action->node], &d->arena, findings);
	sight->text = text;
	return changed && !d->no_journal
		       ? journal_note(d->fleet->journal, d->rollout->nodes[action->node].name, text,
				      err)
		       : 0;
}

/* What the hooks printed. */
static int note_hooks(struct drive *d, const char *node, const json_t *answer, struct error *err)
{
	static const char *const hooks[] = { "before",     "once",  "before_node",
					     "drain",      "start", "undrain",
					     "after_node", "after", "failure" };

	for (size_t i = 0; i < ARRAY_LEN(hooks); i++) {
		const char *said = text_in(answer, hooks[i]);

		if (said[0] &&
		    journal_note(d->fleet->journal, node,
				 arena_printf(&d->arena, "hooks.%s: %s", hooks[i], said), err))
			return -1;
	}
	return 0;
}

static int note_answer(struct drive *d, const struct rollout_action *action,
		       const struct sight *sight, const json_t *answer, struct error *err)
{
	const char *node = action->node == SIZE_MAX ? NULL : d->rollout->nodes[action->node].name;
	owned_str struct str text = STR_EMPTY;
	const json_t *note;
	size_t i;

	if (d->no_journal || (action->kind == ACTION_probe && sight->outcome == OUTCOME_ok))
		return 0;
	if (sight->outcome != OUTCOME_ok) {
		str_addf(&text, "%s: %s: %s", action_name(action->kind),
			 outcome_name(sight->outcome), sight->text ? sight->text : "");
		if (journal_note(d->fleet->journal, node, text.ptr, err))
			return -1;
	}
	json_array_foreach (json_object_get(answer, "notes"), i, note)
		if (journal_note(d->fleet->journal, node, json_string_value(note), err))
			return -1;
	return note_hooks(d, node, answer, err);
}

/* A child has ended; takes its place out of the list. */
static int take_child(struct drive *d, size_t nr, bool late, struct error *err)
{
	struct at_work child = d->children[nr];
	json_t *answer = late ? NULL : json_loadb(str_text(&child.said), child.said.len, 0, NULL);
	struct sight *sight = add_sight(d, answer);
	int ret;

	d->children[nr] = d->children[--d->len];
	child_end(&child);
	sight->id = child.action.id;
	sight->outcome = answer ? outcome_in(answer) : late ? OUTCOME_silent : OUTCOME_failed;
	sight->text = answer ? json_string_value(json_object_get(answer, "text"))
		      : late ? "it did not end in time"
			     : "the process that did it crashed";
	ret = 0;
	if (child.action.kind == ACTION_stage)
		fanout_ended(d->fanout, child.action.id, d->rollout->nodes[child.action.node].name,
			     runs_of(d, child.action.node), answer);
	if (child.action.kind == ACTION_foresee && d->foreseen)
		d->foreseen[child.action.node] = json_incref(json_object_get(answer, "foreseen"));
	else if (child.action.node != SIZE_MAX) {
		take_facts(d, sight, &child.action, answer);
		take_measures(d, &child.action, answer);
		ret = take_findings(d, &child.action, sight, answer, err);
	}
	if (ret == 0)
		ret = note_answer(d, &child.action, sight, answer, err);
	if (d->fleet->ended)
		d->fleet->ended(d->fleet->context, d->rollout, &child.action, sight->outcome,
				sight->text, answer);
	return ret;
}

/* True at its end, or when it says too much. */
static bool read_child(struct at_work *child)
{
	ssize_t got = read(child->fd, str_room(&child->said, 64 * 1024), 64 * 1024);

	if (got <= 0)
		return !(got < 0 && (errno == EINTR || errno == EAGAIN));
	child->said.len += (size_t)got;
	child->said.ptr[child->said.len] = '\0';
	return child->said.len > WORK_ANSWER_MAX;
}

static int take_children(struct drive *d, int wait_ms, struct error *err)
{
	struct pollfd *fds = mem_zero(d->len + 1, sizeof(*fds));
	size_t len = d->len;

	for (size_t i = 0; i < len; i++)
		fds[i] = (struct pollfd){ d->children[i].fd, POLLIN, 0 };
	poll(fds, (nfds_t)len, wait_ms);
	/* From the end, as the last takes the place of one that is taken out. */
	for (size_t i = len; i > 0; i--) {
		/* One that has ended is not late, however long nobody looked. */
		bool ended = fds[i - 1].revents && read_child(&d->children[i - 1]);
		bool late = !ended && clock_mono_ms() > d->children[i - 1].ends_by;

		if (!ended && !late)
			continue;
		if (take_child(d, i - 1, late, err)) {
			free(fds);
			return -1;
		}
	}
	free(fds);
	return 0;
}

/* ---- people ---- */

static int take_commands(struct drive *d, struct error *err)
{
	bool some = !d->no_journal;

	while (some) {
		enum command_kind command;
		const char *vsn;
		struct sight *sight;

		if (journal_heed(&some, &command, &vsn, d->fleet->journal, &d->arena, err))
			return -1;
		if (!some)
			break;
		sight = add_sight(d, NULL);
		*sight = (struct sight){ .kind = SIGHT_command, .command = command, .vsn = vsn };
	}
	if (signals_seen > 0 && d->signals == 0) {
		d->signals = 1;
		*add_sight(d, NULL) = (struct sight){ .kind = SIGHT_command,
						      .command = COMMAND_interrupt,
						      .vsn = d->rollout->to };
	}
	return 0;
}

/* ---- comparing ---- */

static void judge(struct drive *d, const struct rollout_action *action)
{
	const struct rollout *r = d->rollout;
	int64_t since = r->bake_until - r->policy.bake_ms;
	struct sight *sight = add_sight(d, NULL);
	enum compare_verdict worst = COMPARE_same;

	sight->id = action->id;
	for (size_t i = 0; i < d->fleet->target->gates_len; i++) {
		const struct target_gate *gate = &d->fleet->target->gates[i];
		const char *text = NULL;
		enum compare_verdict verdict;

		if (gate->kind != GATE_compare)
			continue;
		verdict = samples_compare(&text, &d->samples, &d->arena, gate->metric, since,
					  (size_t)gate->min_samples);
		if (verdict > worst) {
			worst = verdict;
			sight->text = text;
		}
	}
	sight->verdict = worst == COMPARE_worse  ? HEALTH_fail
			 : worst == COMPARE_none ? HEALTH_unknown
						 : HEALTH_pass;
}

/* ---- hooks.failure ---- */

/* Beside everything else; nothing depends on it. */
static int tell_failure(struct drive *d, struct error *err)
{
	struct rollout_action action = { .kind = ACTION_failure, .node = SIZE_MAX };

	if (d->failure_told || !d->rollout->failed || d->rollout->aborted || d->no_journal)
		return 0;
	d->failure_told = true;
	return d->fleet->target->failure ? start_child(d, &action, NULL, err) : 0;
}

/* ---- the step ---- */

static void forget_sights(struct drive *d)
{
	for (size_t i = 0; i < d->sights_len; i++)
		json_decref(d->answers[i]);
	d->sights_len = 0;
	arena_done(&d->arena);
	d->arena = (struct arena)ARENA_EMPTY;
}

static int write_down(struct drive *d, const struct rollout_actions *actions, struct error *err)
{
	int64_t now = clock_mono_ms();

	if (d->no_journal || (d->sights_len == 0 && actions->len == 0 &&
			      now - d->written_at < WRITE_MS && d->rollout->phase != PHASE_end))
		return 0;
	d->written_at = now;
	return journal_write(d->fleet->journal, d->rollout, actions, err);
}

static int act(struct drive *d, const struct rollout_actions *actions, struct error *err)
{
	for (size_t i = 0; i < actions->len; i++) {
		const struct rollout_action *action = &actions->items[i];

		if (d->fleet->began)
			d->fleet->began(d->fleet->context, d->rollout, action);
		if (action->kind == ACTION_judge)
			judge(d, action);
		else if (start_or_wait(d, action, err))
			return -1;
	}
	return start_waiting(d, err);
}

static int step(struct drive *d, struct error *err)
{
	struct rollout_actions actions = { 0 };
	int ret;

	/* What is judged in a step is seen in the next. */
	rollout_step(d->rollout, d->sights, d->sights_len, clock_mono_ms(), &actions);
	ret = write_down(d, &actions, err);
	forget_sights(d);
	if (ret == 0)
		ret = act(d, &actions, err);
	if (ret == 0)
		ret = tell_failure(d, err);
	rollout_actions_done(&actions);
	if (d->fleet->stepped)
		d->fleet->stepped(d->fleet->context, d->rollout);
	return ret;
}

/* Looks that are under way may be left alone at the end, hooks.failure not. */
static bool runs_hook(const struct drive *d)
{
	for (size_t i = 0; i < d->len; i++)
		if (d->children[i].action.kind == ACTION_failure)
			return true;
	return false;
}

static int drive(struct drive *d, bool (*over)(const struct rollout *r), struct error *err)
{
	/* One that waits for a person goes on when that person has spoken before. */
	if (take_commands(d, err))
		return -1;
	while (!over(d->rollout) || d->sights_len > 0) {
		if (step(d, err))
			return -1;
		if (over(d->rollout) && !runs_hook(d))
			break;
		if (take_children(d, d->sights_len ? 0 : TICK_MS, err) || take_commands(d, err))
			return -1;
		if (fleet_interrupted())
			return error_set(err, ERROR_PAUSED, "interrupted at once");
	}
	return 0;
}

static int drive_all(const struct fleet *fleet, struct rollout *r, bool no_journal,
		     bool (*over)(const struct rollout *r), struct error *err)
{
	owned_drive struct drive d = { .fleet = fleet, .rollout = r, .no_journal = no_journal };
	struct sigaction before[ARRAY_LEN(ending_signals)];
	int ret;

	d.baselines = mem_zero(ROLLOUT_NODES_MAX, sizeof(json_t *));
	d.failing = mem_zero(ROLLOUT_NODES_MAX, sizeof(json_t *));
	d.fanout = fanout_new(fleet->bundle->size, fleet->target->via.ssh != NULL);
	take_signals(before);
	ret = drive(&d, over, err);
	give_signals(before);
	return ret;
}

int fleet_drive(const struct fleet *fleet, struct rollout *r, struct error *err)
{
	return drive_all(fleet, r, false, rollout_rests, err);
}

static bool is_looked_at(const struct rollout *r)
{
	return r->phase != PHASE_look;
}

int fleet_look(const struct fleet *fleet, struct rollout *r, struct error *err)
{
	return drive_all(fleet, r, true, is_looked_at, err);
}

/* One more child, where there is a node left that is to be asked. */
static int foresee_next(size_t *next, struct drive *d, struct error *err)
{
	struct rollout *r = d->rollout;

	while (*next < r->len && d->len < r->policy.parallel) {
		const struct rollout_node *node = &r->nodes[(*next)++];
		struct rollout_action action = { .kind = ACTION_foresee,
						 .node = (size_t)(node - r->nodes),
						 .way = node->way };

		if (node->stage == STAGE_seen && node->way != WAY_none &&
		    start_child(d, &action, NULL, err))
			return -1;
	}
	return 0;
}

int fleet_foresee(json_t ***out, const struct fleet *fleet, struct rollout *r, struct error *err)
{
	owned_drive struct drive d = { .fleet = fleet, .rollout = r, .no_journal = true };
	json_t **found = mem_zero(r->len + 1, sizeof(*found));
	size_t next = 0;

	d.foreseen = found;
	d.baselines = mem_zero(ROLLOUT_NODES_MAX, sizeof(json_t *));
	d.failing = mem_zero(ROLLOUT_NODES_MAX, sizeof(json_t *));
	do {
		if (foresee_next(&next, &d, err) || take_children(&d, TICK_MS, err)) {
			for (size_t i = 0; i < r->len; i++)
				json_decref(found[i]);
			free(found);
			return -1;
		}
		forget_sights(&d);
	} while (next < r->len || d.len > 0);
	*out = found;
	return 0;
}
