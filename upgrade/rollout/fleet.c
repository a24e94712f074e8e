// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "upgrade/rollout/drive.h"

#include <signal.h>
#include <stdlib.h>

enum {
	TICK_MS = 500,
	WRITE_MS = 10000, /* the clock alone is written down that often */
};

static void drive_done(struct drive *d)
{
	fanout_free(d->fanout);
	children_end(d);
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

/* ---- people ---- */

static void take_seen(struct drive *d)
{
	struct sight sight = { 0 };

	while (d->fleet->seen && d->fleet->seen(d->fleet->context, d->rollout, &sight))
		*add_sight(d, NULL) = sight;
}

static int take_commands(struct drive *d, struct error *err)
{
	bool some = !d->no_journal;

	take_seen(d);
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
