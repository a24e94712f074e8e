// SPDX-License-Identifier: Apache-2.0
/* What was seen becomes state. */
#include "upgrade/rollout/engine.h"

enum { AGAIN_MS = 1000, AGAIN_MAX_MS = 30000 };

/* ---- waiting for the next try ---- */

/* Twice as long each time, and not the same for all. */
static void again_later(struct rollout *r, struct rollout_node *node, uint64_t id)
{
	int64_t lost = node->lost_at >= 0 ? (r->clock - node->lost_at) / 2 : 0;
	int64_t wait = AGAIN_MS << (node->tries < 5 ? node->tries : 5);

	if (wait < lost)
		wait = lost;
	if (wait > AGAIN_MAX_MS)
		wait = AGAIN_MAX_MS;
	node->not_before = r->clock + wait + (int64_t)(id * 2654435761U % 256) * wait / 1024;
}

static void lose(struct rollout *r, struct rollout_node *node, bool down)
{
	if (node->lost_at < 0)
		node->lost_at = r->clock;
	node->down = down;
	node->dirty = true;
}

/* ---- what a node says of itself ---- */

static void take_health(struct rollout *r, struct rollout_node *node,
			const struct node_facts *facts)
{
	node->serving = facts->serving && facts->health != HEALTH_fail;
	if (!node->serving) {
		node->fails++;
		if (node->fails >= r->policy.fail_limit)
			node->health = HEALTH_fail;
	} else {
		node->fails = 0;
		node->health = facts->health;
		if (facts->health == HEALTH_pass)
			node->passed_at = r->clock;
	}
}

static void has_new(struct rollout *r, struct rollout_node *node)
{
	if (node->installed_at < 0) {
		node->installed_at = r->clock;
		node->passed_at = -1;
		node->fails = node->tries = 0;
		node->health = HEALTH_unknown;
	}
	node->stage = same(node->boots, r->to) ? STAGE_committed : STAGE_installed;
}

/* Without anybody having asked for it, since an installation was begun. */
static bool was_restarted(const struct rollout_node *node, const struct node_facts *facts)
{
	return node->touched && node->way == WAY_hot && !node->cold && node->born && facts->born &&
	       node->born != facts->born;
}

/* It does not run the release; it may have, and then it fell back, or is another by now. */
static void has_old(struct rollout *r, struct rollout_node *node, const struct node_facts *facts)
{
	bool had = node->installed_at >= 0;
	bool replaced = !facts->has && same(node->runs, node->boots);

	node->installed_at = -1;
	if (!facts->has)
		node->staged = false;
	if (replaced) {
		node->touched = false;
		node->from = node->runs;
	} else if (had && r->phase != PHASE_back) {
		rollout_fail(r, "%s runs %s again, by itself", node->name, node->runs);
	} else if (was_restarted(node, facts) && r->phase != PHASE_back) {
		rollout_fail(r,
			     "%s was restarted while it got %s, or right after: it runs %s again",
			     node->name, r->to, node->runs);
	}
	node->stage = node->staged ? STAGE_staged : STAGE_seen;
}

static enum way choose_way(const struct rollout *r, enum way way)
{
	if (way == WAY_none || r->policy.mode == MODE_auto)
		return way;
	if (r->policy.mode == MODE_restart)
		return WAY_restart;
	return way == WAY_hot ? WAY_hot : WAY_none;
}

static void take_facts(struct rollout *r, struct rollout_node *node, enum action_kind kind,
		       const struct node_facts *facts)
{
	node->dirty = true;
	node->seen_at = r->clock;
	node->lost_at = -1;
	node->down = false;
	node->runs = same(node->runs, facts->runs) ? node->runs : rollout_text(r, facts->runs);
	node->boots = same(node->boots, facts->boots) ? node->boots : rollout_text(r, facts->boots);
	if (!node->from)
		node->from = node->boots;
	if (same(node->runs, r->to))
		has_new(r, node);
	else
		has_old(r, node, facts);
	node->born = facts->born;
	/* What commits asks no gate. */
	if (kind == ACTION_commit && facts->serving)
		node->serving = true;
	else
		take_health(r, node, facts);
}

/* ---- what came of an action ---- */

static void looked(struct rollout *r, struct rollout_node *node, const struct sight *sight)
{
	const struct node_facts *facts = sight->facts;

	if (sight->outcome == OUTCOME_refused && !node->touched)
		rollout_fail(r, "%s: %s", node->name, node->why);
	if (sight->outcome != OUTCOME_ok || !facts)
		return;
	node->way = choose_way(r, facts->way);
	if (same(facts->runs, r->to))
		return;
	if (node->way == WAY_none && !node->touched)
		node_say(node, sight->text);
}

static void give_up(struct rollout *r, struct rollout_node *node, enum action_kind kind)
{
	rollout_fail(r, "%s: %s: %s", node->name, action_name(kind), node->why);
}

/* Tried again from what the node is then, unless that is useless. */
static void tried(struct rollout *r, struct rollout_node *node, enum action_kind kind,
		  enum outcome outcome)
{
	bool useless = outcome == OUTCOME_refused || outcome == OUTCOME_rolled_back ||
		       outcome == OUTCOME_stuck;

	node_forget(r, node);
	if (useless || ++node->tries >= TRIES_MAX)
		give_up(r, node, kind);
}

static void staged(struct rollout *r, struct rollout_node *node, const struct sight *sight)
{
	if (sight->outcome != OUTCOME_ok) {
		tried(r, node, ACTION_stage, sight->outcome);
		return;
	}
	node->staged = true;
	node->tries = 0;
	if (node->stage == STAGE_seen)
		node->stage = STAGE_staged;
}

static void installed(struct rollout *r, struct rollout_node *node, const struct sight *sight)
{
	if (sight->outcome == OUTCOME_stuck)
		node->cold = true;
	if (sight->outcome != OUTCOME_ok || !node_has_new(node))
		tried(r, node, ACTION_install, sight->outcome);
}

static void committed(struct rollout *r, struct rollout_node *node, const struct sight *sight)
{
	if (sight->outcome == OUTCOME_ok && node->stage == STAGE_committed)
		node->tries = 0;
	else
		tried(r, node, ACTION_commit, sight->outcome);
}

static void reverted(struct rollout *r, struct rollout_node *node, const struct sight *sight)
{
	bool refused = sight->outcome == OUTCOME_refused || sight->outcome == OUTCOME_rolled_back ||
		       sight->outcome == OUTCOME_stuck;

	if (sight->outcome == OUTCOME_ok && same(node->runs, node->from))
		return;
	node_forget(r, node);
	node->tries++;
	if (refused && !node->cold && node->way == WAY_hot && r->policy.mode != MODE_hot)
		node->cold = true;
	else if (refused || node->tries >= BACK_TRIES_MAX)
		node->stuck = true;
}

static void undrained(struct rollout *r, struct rollout_node *node, const struct sight *sight)
{
	if (sight->outcome == OUTCOME_ok) {
		node->drained = false;
		node->tries = 0;
	} else if (++node->tries >= TRIES_MAX && r->phase == PHASE_back) {
		node->stuck = true;
	} else if (node->tries >= TRIES_MAX) {
		give_up(r, node, ACTION_undrain);
	}
}

static void take_of_node(struct rollout *r, struct rollout_node *node, const struct sight *sight)
{
	struct rollout_doing doing = node->doing;
	const char *ran = node->runs;

	node->doing = (struct rollout_doing){ 0 };
	node->dirty = true;
	if (sight->text)
		node_say(node, sight->text);
	if (sight->outcome == OUTCOME_down || sight->outcome == OUTCOME_silent)
		lose(r, node, sight->outcome == OUTCOME_down);
	if (sight->facts)
		take_facts(r, node, doing.kind, sight->facts);
	/* The way from another release is another. */
	if (doing.kind == ACTION_probe && sight->facts && !same(ran, node->runs))
		node_forget(r, node);
	if (doing.kind == ACTION_look)
		looked(r, node, sight);
	else if (doing.kind == ACTION_stage)
		staged(r, node, sight);
	else if (doing.kind == ACTION_install)
		installed(r, node, sight);
	else if (doing.kind == ACTION_commit)
		committed(r, node, sight);
	else if (doing.kind == ACTION_revert)
		reverted(r, node, sight);
	else if (doing.kind == ACTION_undrain)
		undrained(r, node, sight);
	if (sight->outcome != OUTCOME_ok)
		again_later(r, node, doing.id);
}

/* ---- what is done of no node ---- */

static void ran_once(struct rollout *r, enum once *once, const struct sight *sight)
{
	*once = ONCE_done;
	if (sight->outcome != OUTCOME_ok)
		rollout_fail(r, "%s: %s", action_name(r->doing.kind),
			     sight->text ? sight->text : outcome_name(sight->outcome));
}

static void take_of_all(struct rollout *r, const struct sight *sight)
{
	if (r->doing.kind == ACTION_before)
		ran_once(r, &r->before, sight);
	if (r->doing.kind == ACTION_after)
		ran_once(r, &r->after, sight);
	if (r->doing.kind == ACTION_judge && sight->outcome == OUTCOME_ok) {
		r->judged = sight->verdict;
		r->judged_at = r->clock;
		snprintf(r->judged_why, sizeof(r->judged_why), "%s",
			 sight->text ? sight->text : "");
		if (sight->verdict == HEALTH_fail)
			rollout_fail(r, "%s", sight->text ? sight->text : "the comparison failed");
	}
	r->doing = (struct rollout_doing){ 0 };
}

/* Late answers, and those that come twice, find nothing that waits for them. */
static void take_answer(struct rollout *r, const struct sight *sight)
{
	if (sight->id == 0)
		return;
	if (r->doing.id == sight->id) {
		r->in_flight--;
		take_of_all(r, sight);
		return;
	}
	for (size_t i = 0; i < r->len; i++) {
		if (r->nodes[i].doing.id != sight->id)
			continue;
		r->in_flight--;
		if (sight->outcome == OUTCOME_fenced) {
			r->phase = PHASE_end;
			r->result = RESULT_fenced;
		}
		take_of_node(r, &r->nodes[i], sight);
		return;
	}
}

void rollout_expire(struct rollout *r)
{
	if (r->doing.id && r->clock > r->doing.deadline) {
		struct sight silent = { .id = r->doing.id,
					.outcome = OUTCOME_silent,
					.text = "it did not end in time" };

		take_answer(r, &silent);
	}
	for (size_t i = 0; i < r->len; i++) {
		struct rollout_node *node = &r->nodes[i];
		struct sight silent = { .id = node->doing.id,
					.outcome = OUTCOME_silent,
					.text = "no answer in time" };

		if (node->doing.id && r->clock > node->doing.deadline)
			take_answer(r, &silent);
	}
}

/* ---- people ---- */

static void promote(struct rollout *r)
{
	if (r->paused == PAUSED_wave)
		r->promoted = true;
	if (r->paused == PAUSED_once && r->before == ONCE_running)
		r->before = ONCE_done;
	if (r->paused == PAUSED_once && r->after == ONCE_running)
		r->after = ONCE_done;
	if (r->paused == PAUSED_failure) {
		r->failed = false;
		for (size_t i = 0; i < r->len; i++) {
			r->nodes[i].tries = r->nodes[i].fails = 0;
			r->nodes[i].health = HEALTH_unknown;
		}
	}
	if (r->paused != PAUSED_no)
		rollout_unpause(r);
}

static void once_again(struct rollout *r)
{
	if (r->paused != PAUSED_once)
		return;
	if (r->before == ONCE_running)
		r->before = ONCE_waiting;
	if (r->after == ONCE_running)
		r->after = ONCE_waiting;
	rollout_unpause(r);
}

static void abort_all(struct rollout *r)
{
	if (r->phase == PHASE_back || r->phase == PHASE_after || r->phase == PHASE_end)
		return;
	r->aborted = true;
	/* It may wait for a person after a failure, which stays the reason. */
	if (r->failed)
		rollout_enter(r, PHASE_back);
	else
		rollout_fail(r, r->superseded ? "superseded by another deploy" : "aborted");
}

/* What is committed was well, and is what the next rollout begins with; unless something failed. */
static void supersede(struct rollout *r)
{
	r->superseded = !r->failed;
	abort_all(r);
}

static void take_command(struct rollout *r, const struct sight *sight)
{
	/* What is said of another release is not meant for this rollout. */
	if (!same(sight->vsn, r->to))
		return;
	switch (sight->command) {
	case COMMAND_pause:
	case COMMAND_interrupt:
		if (r->paused == PAUSED_no)
			rollout_pause(r,
				      sight->command == COMMAND_pause ? PAUSED_operator
								      : PAUSED_interrupt,
				      sight->command == COMMAND_pause ? "paused" : "interrupted");
		break;
	case COMMAND_promote:
		promote(r);
		break;
	case COMMAND_again:
		once_again(r);
		break;
	case COMMAND_abort:
		abort_all(r);
		break;
	case COMMAND_supersede:
		supersede(r);
		break;
	case COMMAND_give_up:
		rollout_fail(r, "nodes ran two releases side by side for too long");
		break;
	}
}

/* ---- the fleet ---- */

static void take_new(struct rollout *r, const struct sight *sight)
{
	struct rollout_node *node = rollout_find(r, sight->node);
	struct error ignored;

	if (node && node->stage == STAGE_gone) {
		node->stage = STAGE_unknown;
		node->dirty = true;
	} else if (!node && rollout_add(r, sight->node, sight->zone, &ignored)) {
		return; /* more than can be: they stay as they are */
	}
	if (!sight->vsn)
		return;
	node = rollout_find(r, sight->node);
	node->touched = true;
	node->way = WAY_restart;
	node->from = rollout_text(r, sight->vsn);
}

static void take_gone(struct rollout *r, const struct sight *sight)
{
	struct rollout_node *node = rollout_find(r, sight->node);

	if (!node || node->stage == STAGE_gone)
		return;
	if (node->doing.id)
		r->in_flight--;
	*node = (struct rollout_node){
		.name = node->name,
		.zone = node->zone,
		.wave = node->wave,
		.stage = STAGE_gone,
		.seen_at = -1,
		.lost_at = -1,
		.passed_at = -1,
		.installed_at = -1,
		.dirty = true,
	};
}

void rollout_take(struct rollout *r, const struct sight *sight)
{
	if (r->phase == PHASE_end)
		return;
	switch (sight->kind) {
	case SIGHT_answer:
		take_answer(r, sight);
		break;
	case SIGHT_command:
		take_command(r, sight);
		break;
	case SIGHT_new:
		take_new(r, sight);
		break;
	case SIGHT_gone:
		take_gone(r, sight);
		break;
	}
}
