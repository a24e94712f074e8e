// SPDX-License-Identifier: Apache-2.0
/* The invariants of a rollout (upgrade/rollout/rollout.h), checked on what really happens and on
 * what was really told; nothing of the engine's own state is believed but what it asks for.
 */
#include "tests/sim/sim.h"

enum {
	SLACK_MS = 6000, /* one step's time, and that of a message */
	/* Told later than that is not heard of lately. */
	LATELY_LOOKS = 4,
};

static int version_nr(const char *vsn)
{
	for (int i = 0; vsn && i < VSNS; i++)
		if (strcmp(vsn, versions[i]) == 0)
			return i;
	return -1;
}

static bool changes(enum action_kind kind)
{
	return kind == ACTION_install || kind == ACTION_revert;
}

static bool mutates(enum action_kind kind)
{
	return changes(kind) || kind == ACTION_stage || kind == ACTION_commit;
}

static size_t most_out(const struct sim *sim, const struct rollout *r)
{
	const struct rollout_amount *max = &sim->policy.max_unavailable;
	size_t count = 0;

	for (size_t i = 0; i < r->len; i++)
		count += sim->nodes[i].there;
	count = max->percent ? count * (size_t)max->value / 100 : (size_t)max->value;
	return count < 1 ? 1 : count;
}

struct seen_node check_nothing_seen(void)
{
	return (struct seen_node){ .out = true,
				   .told_at = -1,
				   .runs = -1,
				   .boots = -1,
				   .first_boots = -1,
				   .passed_at = -1000000 };
}

void check_new_run(struct sim *sim)
{
	for (unsigned i = 0; i < NODES_MAX; i++) {
		struct seen_node *seen = &sim->seen[i];

		seen->known = seen->told_well = false;
		seen->out = true;
		seen->asked = 0;
		seen->told_at = -1;
		seen->runs = seen->boots = -1;
	}
}

/* ---- what is asked for ---- */

static int64_t interval(const struct sim *sim, const struct rollout *r)
{
	int64_t for_all = (int64_t)r->len * 50;

	return sim->policy.probe_ms > for_all ? sim->policy.probe_ms : for_all;
}

/* Apart from `but`: known to be out, being changed, or not heard of for long. */
static size_t count_out(const struct sim *sim, const struct rollout *r, size_t but)
{
	int64_t lately = LATELY_LOOKS * interval(sim, r) + SLACK_MS + sim->jumped_ms;
	size_t count = 0;

	for (size_t i = 0; i < r->len; i++) {
		const struct seen_node *seen = &sim->seen[i];

		if (i == but || !sim->nodes[i].there)
			continue;
		count += seen->out || sim->nodes[i].drained ||
			 (seen->asked && changes(seen->asked_kind)) ||
			 sim->now - seen->told_at > lately;
	}
	return count;
}

static void check_change(struct sim *sim, const struct rollout *r,
			 const struct rollout_action *action)
{
	const struct seen_node *seen = &sim->seen[action->node];
	size_t out = count_out(sim, r, action->node) + 1;

	if (seen->out || out <= most_out(sim, r))
		return;
	sim_break(sim, 2, "%s on n%zu, and then %zu nodes are out", action_name(action->kind),
		  action->node, out);
}

static void check_install(struct sim *sim, const struct rollout *r,
			  const struct rollout_action *action)
{
	const struct seen_node *seen = &sim->seen[action->node];
	unsigned wave = r->nodes[action->node].wave;
	int64_t last = 0;

	if (seen->runs == VSN_NEW)
		sim_break(sim, 4, "n%zu is installed again", action->node);
	if (!seen->told_well)
		sim_break(sim, 7, "n%zu is installed, and was not known to be well before",
			  action->node);
	if (sim->back_begun)
		sim_break(sim, 6, "n%zu is installed after the way back was taken", action->node);
	for (size_t i = 0; i < r->len; i++) {
		if (sim->nodes[i].there && !sim->seen[i].staged && !sim->seen[i].begun &&
		    sim->seen[i].runs != VSN_NEW && r->wave == 0 && sim->nodes[i].life == 0 &&
		    i < sim->count)
			sim_break(sim, 1, "n%zu is installed before n%zu is ready", action->node,
				  i);
		if (sim->nodes[i].there && r->nodes[i].wave < wave &&
		    sim->nodes[i].installed_at > last)
			last = sim->nodes[i].installed_at;
	}
	for (size_t i = 0; i < r->len; i++) {
		const struct seen_node *other = &sim->seen[i];

		if (sim->nodes[i].there && other->begun && i != action->node &&
		    !(other->asked && other->asked_kind == ACTION_install) &&
		    (!other->told_well || other->out))
			sim_break(sim, 7, "n%zu is installed, and n%zu is not known to be well",
				  action->node, i);
	}
	for (size_t i = 0; i < r->len; i++) {
		if (!sim->nodes[i].there || r->nodes[i].wave >= wave ||
		    sim->now - sim->nodes[i].fault_at < 60000)
			continue;
		if (sim->seen[i].runs != VSN_NEW ||
		    sim->seen[i].passed_at + SLACK_MS + sim->jumped_ms < last + sim->policy.bake_ms)
			sim_break(sim, 7,
				  "wave %u begins with n%zu, and n%zu was not well at the end of "
				  "its bake",
				  wave, action->node, i);
	}
}

static void check_revert(struct sim *sim, const struct rollout_action *action)
{
	struct seen_node *seen = &sim->seen[action->node];
	int vsn = version_nr(action->vsn);

	if (!sim->back_begun)
		sim->back_at = sim->now;
	sim->back_begun = true;
	if (!sim->bad_news)
		sim_break(sim, 7, "n%zu goes back, and nothing bad was told", action->node);
	if (!seen->begun)
		sim_break(sim, 6, "n%zu goes back, and was never touched", action->node);
	if (vsn == VSN_NEW || vsn != seen->first_boots || (sim->old_is_bad && vsn == VSN_OLD))
		sim_break(sim, 6, "n%zu goes back to %s", action->node, action->vsn);
	if (seen->runs == vsn && seen->boots == vsn)
		sim_break(sim, 4, "n%zu is taken back again", action->node);
}

static void check_action(struct sim *sim, const struct rollout *r,
			 const struct rollout_action *action)
{
	struct seen_node *seen;

	if (action->node == SIZE_MAX) {
		if (action->kind == ACTION_before && ++sim->before_runs > 1)
			sim_break(sim, 4, "what is run once is run again");
		return;
	}
	seen = &sim->seen[action->node];
	if (seen->asked &&
	    sim->now - seen->asked_at + SLACK_MS + sim->jumped_ms < sim->policy.node_ms &&
	    mutates(seen->asked_kind))
		sim_break(sim, 1, "n%zu: %s, and %s is under way", action->node,
			  action_name(action->kind), action_name(seen->asked_kind));
	if (mutates(action->kind) && !seen->known)
		sim_break(sim, 1, "n%zu: %s, and what it runs was not asked", action->node,
			  action_name(action->kind));
	if (action->kind == ACTION_stage && seen->staged && seen->in_time && seen->has)
		sim_break(sim, 4, "n%zu is staged again", action->node);
	if (changes(action->kind))
		check_change(sim, r, action);
	if (action->kind == ACTION_install)
		check_install(sim, r, action);
	if (action->kind == ACTION_revert)
		check_revert(sim, action);
	if (action->kind == ACTION_commit && seen->boots == VSN_NEW)
		sim_break(sim, 4, "n%zu is committed again", action->node);
	if (action->kind == ACTION_install)
		seen->begun = true;
	seen->asked = action->id;
	seen->asked_kind = action->kind;
	seen->asked_at = sim->now;
	if (mutates(action->kind))
		seen->known = action->kind == ACTION_stage || action->kind == ACTION_commit;
}

void check_actions(struct sim *sim, const struct coordinator *driver,
		   const struct rollout_action *actions, size_t len)
{
	if (driver->r->token != sim->token)
		sim_break(sim, 5, "run %llu acts with token %llu", (unsigned long long)sim->token,
			  (unsigned long long)driver->r->token);
	for (size_t i = 0; i < len; i++)
		check_action(sim, driver->r, &actions[i]);
}

/* ---- what is told ---- */

static void told_facts(struct sim *sim, struct seen_node *seen, const struct event *answer)
{
	int boots = version_nr(answer->facts.boots), runs = version_nr(answer->facts.runs);

	if (seen->first_boots < 0 || (!answer->facts.has && runs == boots)) {
		seen->first_boots = boots;
		if (!answer->facts.has && runs == boots)
			seen->begun = seen->staged = false;
	}
	/* It fell back by itself. */
	if (seen->runs == VSN_NEW && runs != VSN_NEW)
		sim->bad_news = true;
	if (seen->begun && runs != VSN_NEW && answer->facts.has)
		sim->bad_news = true;
	seen->runs = runs;
	seen->boots = boots;
	seen->has = answer->facts.has;
	seen->told_at = sim->now;
	if (answer->action.kind == ACTION_commit)
		return; /* it says nothing of how it feels */
	seen->out = answer->facts.health == HEALTH_fail;
	seen->fails = seen->out ? seen->fails + 1 : 0;
	if (seen->fails >= sim->policy.fail_limit && runs == VSN_NEW)
		sim->bad_news = true;
	seen->told_well = answer->facts.health == HEALTH_pass;
	if (seen->told_well)
		seen->passed_at = sim->now;
}

void check_answer(struct sim *sim, const struct event *answer)
{
	struct seen_node *seen;

	sim->told_last = NODES_MAX;
	if (answer->node >= NODES_MAX)
		return;
	seen = &sim->seen[answer->node];
	if (answer->token != sim->token || answer->action.id != seen->asked)
		return; /* late, or for another */
	seen->asked = 0;
	if (answer->action.kind == ACTION_stage)
		sim->told_last = answer->node;
	if (answer->has_facts)
		told_facts(sim, seen, answer);
	if (answer->outcome == OUTCOME_ok) {
		if (answer->action.kind != ACTION_probe)
			seen->known = true;
		if (answer->action.kind == ACTION_stage) {
			seen->staged = true;
			/* Else it may have been given up by then. */
			seen->in_time = sim->now - seen->asked_at < sim->policy.node_ms - SLACK_MS;
		}
		return;
	}
	if (mutates(answer->action.kind))
		seen->known = false;
	if (answer->outcome == OUTCOME_down || answer->outcome == OUTCOME_silent)
		seen->out = true;
	/* Down, refused, rolled back, stuck: told by somebody.  Silence alone is nothing. */
	if (answer->outcome != OUTCOME_silent)
		sim->bad_news = true;
}

/* ---- what really happens ---- */

void check_commit(struct sim *sim, unsigned nr)
{
	const struct sim_node *node = &sim->nodes[nr];
	int64_t baked = sim->now - node->installed_at;

	if (baked + SLACK_MS + sim->jumped_ms < sim->policy.bake_ms)
		sim_break(sim, 3, "n%u is committed after %lld of %lld ms", nr, (long long)baked,
			  (long long)sim->policy.bake_ms);
	if (sim->seen[nr].passed_at + SLACK_MS + sim->jumped_ms <
	    node->installed_at + sim->policy.bake_ms)
		sim_break(sim, 3, "n%u is committed, and was not well at the end of its bake", nr);
}

/* Really at work at once, on nodes that served when it began. */
void check_load(struct sim *sim)
{
	size_t count = 0, len = 0, max;

	for (unsigned i = 0; i < NODES_MAX && sim->driver.r; i++) {
		const struct sim_node *node = &sim->nodes[i];

		len += node->there;
		count += node->op_ends >= 0 && changes(node->op.kind) && !sim->seen[i].out;
	}
	max = sim->driver.r ? most_out(sim, sim->driver.r) : 1;
	if (count > max && sim->noisy == false)
		sim_break(sim, 2, "%zu of %zu nodes are changed at once", count, len);
}

static bool settled(const struct sim *sim, unsigned nr)
{
	const struct sim_node *node = &sim->nodes[nr];

	return node->there && node->alive && sim->now - node->fault_at > 120000;
}

void check_end(struct sim *sim)
{
	const struct rollout *r = sim->driver.r;

	for (unsigned i = 0; i < r->len; i++) {
		const struct sim_node *node = &sim->nodes[i];

		if (!settled(sim, i))
			continue;
		if (r->result == RESULT_done && (node->runs != VSN_NEW || node->boots != VSN_NEW))
			sim_break(sim, 1, "done, and n%u runs %s and boots %s", i,
				  versions[node->runs], versions[node->boots]);
		if (r->result == RESULT_rolled_back && sim->seen[i].begun &&
		    (node->runs == VSN_NEW || node->boots == VSN_NEW))
			sim_break(sim, 1, "rolled back, and n%u runs %s and boots %s", i,
				  versions[node->runs], versions[node->boots]);
		if ((r->result == RESULT_done || r->result == RESULT_rolled_back) && node->drained)
			sim_break(sim, 2, "it is over, and n%u is still drained", i);
		if (r->result == RESULT_refused && node->boots == VSN_NEW &&
		    sim->seen[i].first_boots != VSN_NEW)
			sim_break(sim, 1, "refused, and n%u boots %s", i, versions[node->boots]);
	}
	if (r->result == RESULT_fenced)
		sim_break(sim, 5, "the last run was told that there is a later one");
	/* Nothing went wrong on the way, so going back takes no more than its steps. */
	if (!sim->noisy && sim->back_begun) {
		int64_t rounds = (int64_t)(r->len / most_out(sim, r)) + 1;

		if (sim->now - sim->back_at > rounds * 25000 + 3 * interval(sim, r) + 30000)
			sim_break(sim, 6, "going back took %lld s for %zu nodes",
				  (long long)(sim->now - sim->back_at) / 1000, r->len);
	}
}

void check_superseded(struct sim *sim)
{
	for (unsigned i = 0; i < NODES_MAX; i++) {
		const struct sim_node *node = &sim->nodes[i];

		if (i < sim->count && settled(sim, i) && node->op_ends < 0 && sim->seen[i].begun &&
		    node->runs != node->boots)
			sim_break(sim, 1, "superseded, and n%u runs %s and boots %s", i,
				  versions[node->runs], versions[node->boots]);
		if (i < sim->count && settled(sim, i) && sim->seen[i].boots == VSN_NEW &&
		    node->boots != VSN_NEW && node->life == 0)
			sim_break(sim, 6, "superseded, and n%u went back from what was permanent",
				  i);
		sim->seen[i] = check_nothing_seen();
	}
	sim->back_begun = sim->bad_news = false;
	sim->before_runs = 0;
	sim->told_last = NODES_MAX;
}
