// SPDX-License-Identifier: Apache-2.0
/* A node: what it does with what is asked of it. */
#include "tests/sim/sim.h"

bool node_apart(const struct sim *sim, unsigned nr)
{
	return sim->now < sim->nodes[nr].apart_until;
}

static enum health health_of(struct sim *sim, struct sim_node *node)
{
	if (sim->now < node->mute_until)
		return HEALTH_unknown;
	if (sim->now < node->liar_until)
		return chance_of(&sim->chance, 500) ? HEALTH_pass : HEALTH_fail;
	if (sim->now < node->flap_until)
		return sim->now / 7000 % 2 ? HEALTH_pass : HEALTH_fail;
	if (node->runs == VSN_NEW && sim->bad_release)
		return HEALTH_fail;
	return HEALTH_pass;
}

static void answer(struct sim *sim, unsigned nr, const struct rollout_action *action,
		   uint64_t token, enum outcome outcome)
{
	struct sim_node *node = &sim->nodes[nr];
	struct event event = {
		.at = sim->now + 1 + (int64_t)chance_below(&sim->chance, 20),
		.kind = EVENT_answer,
		.node = nr,
		.token = token,
		.action = *action,
		.outcome = outcome,
	};

	if (node->alive && outcome == OUTCOME_ok) {
		event.has_facts = true;
		event.facts = (struct node_facts){
			.runs = versions[node->runs],
			.boots = versions[node->boots],
			.born = 1 + node->starts,
			.has = node->staged || node->runs == VSN_NEW,
			.serving = true,
			/* As with real ones: what commits asks no gate. */
			.health = action->kind == ACTION_commit ? HEALTH_unknown
								: health_of(sim, node),
			.way = sim->no_hot ? WAY_restart : WAY_hot,
		};
	}
	if (chance_of(&sim->chance, sim->loss) || node_apart(sim, nr))
		return;
	event_add(sim, event);
	if (chance_of(&sim->chance, sim->twice)) {
		event.at += (int64_t)chance_below(&sim->chance, 20000);
		event_add(sim, event);
	}
}

/* Whoever asks gives up some time: no answer is one, but not always. */
static void no_answer(struct sim *sim, const struct event *request, enum outcome outcome)
{
	if (chance_of(&sim->chance, 300))
		return;
	event_add(sim, (struct event){
			       .at = sim->now + (outcome == OUTCOME_down ? 50 : 10000),
			       .kind = EVENT_answer,
			       .node = request->node,
			       .token = request->token,
			       .action = request->action,
			       .outcome = outcome,
		       });
}

static int64_t takes(struct sim *sim, const struct rollout_action *action)
{
	static const int64_t at_most[ACTION_KINDS] = {
		[ACTION_stage] = 8000,  [ACTION_install] = 4000, [ACTION_commit] = 500,
		[ACTION_revert] = 4000, [ACTION_undrain] = 500,
	};
	int64_t most = at_most[action->kind];

	if (action->way == WAY_restart && most)
		most *= 5;
	return 50 + (int64_t)chance_below(&sim->chance, (uint64_t)most);
}

static enum outcome how_it_ends(struct sim *sim, const struct rollout_action *action)
{
	if (action->kind == ACTION_stage && sim->refuses)
		return OUTCOME_refused;
	if (!sim->noisy || !chance_of(&sim->chance, 30))
		return OUTCOME_ok;
	switch (chance_below(&sim->chance, 4)) {
	case 0:
		return OUTCOME_refused;
	case 1:
		return action->kind == ACTION_install ? OUTCOME_rolled_back : OUTCOME_failed;
	case 2:
		return action->kind == ACTION_install ? OUTCOME_stuck : OUTCOME_failed;
	default:
		return OUTCOME_failed;
	}
}

static void begin(struct sim *sim, const struct event *request)
{
	struct sim_node *node = &sim->nodes[request->node];

	node->op = request->action;
	node->op_token = request->token;
	node->op_outcome = how_it_ends(sim, &request->action);
	node->op_ends = sim->now + takes(sim, &request->action);
	node->op_serves = node->alive;
	if (sim->policy.drain && request->action.way == WAY_restart &&
	    (request->action.kind == ACTION_install || request->action.kind == ACTION_revert))
		node->drained = true;
	event_add(sim,
		  (struct event){ .at = node->op_ends, .kind = EVENT_op, .node = request->node });
	check_load(sim);
}

static bool only_looks(enum action_kind kind)
{
	return kind == ACTION_look || kind == ACTION_probe;
}

void node_request(struct sim *sim, const struct event *request)
{
	struct sim_node *node = &sim->nodes[request->node];
	const struct rollout_action *action = &request->action;

	if (!node->there || node_apart(sim, request->node)) {
		no_answer(sim, request, OUTCOME_silent);
		return;
	}
	if (!node->alive) {
		no_answer(sim, request, OUTCOME_down);
		return;
	}
	if (request->token < node->seen_token) {
		answer(sim, request->node, action, request->token, OUTCOME_fenced);
		return;
	}
	if (request->token == node->seen_token && action->id < node->seen_id &&
	    !only_looks(action->kind))
		return; /* its connection was given up long ago */
	if (request->token > node->seen_token)
		node->seen_id = 0;
	node->seen_token = request->token;
	if (action->id > node->seen_id)
		node->seen_id = action->id;
	if (node->op_ends >= 0 && action->kind == ACTION_look) {
		node->waits = *action;
		node->waits_token = request->token;
	} else if (only_looks(action->kind)) {
		answer(sim, request->node, action, request->token, OUTCOME_ok);
	} else if (node->op_ends >= 0) {
		answer(sim, request->node, action, request->token, OUTCOME_failed);
	} else {
		begin(sim, request);
	}
}

static int version_of(const char *vsn)
{
	for (int i = 0; i < VSNS; i++)
		if (strcmp(vsn, versions[i]) == 0)
			return i;
	return VSN_OLD;
}

static enum outcome carry_out(struct sim *sim, unsigned nr)
{
	struct sim_node *node = &sim->nodes[nr];

	switch (node->op.kind) {
	case ACTION_stage:
		node->staged = true;
		break;
	case ACTION_install:
		if (!node->staged)
			return OUTCOME_refused;
		node->runs = VSN_NEW;
		node->installed_at = sim->now;
		break;
	case ACTION_commit:
		if (node->runs != VSN_NEW)
			return OUTCOME_refused;
		check_commit(sim, nr);
		node->boots = node->runs;
		break;
	case ACTION_revert:
		node->runs = node->boots = version_of(node->op.vsn);
		break;
	case ACTION_undrain:
		node->drained = false;
		break;
	default:
		break;
	}
	return OUTCOME_ok;
}

void node_op_ends(struct sim *sim, unsigned nr)
{
	struct sim_node *node = &sim->nodes[nr];
	enum outcome outcome = node->op_outcome;

	/* It was put off, or the node went down over it. */
	if (node->op_ends < 0 || node->op_ends > sim->now)
		return;
	node->op_ends = -1;
	if (outcome == OUTCOME_ok || (outcome == OUTCOME_failed && chance_of(&sim->chance, 500))) {
		enum outcome really = carry_out(sim, nr);

		outcome = outcome == OUTCOME_ok ? really : outcome;
	}
	sim_say(sim, "n%u: %s ends: %s; runs %s, boots %s", nr, action_name(node->op.kind),
		outcome_name(outcome), versions[node->runs], versions[node->boots]);
	answer(sim, nr, &node->op, node->op_token, outcome);
	if (node->waits.id)
		answer(sim, nr, &node->waits, node->waits_token, OUTCOME_ok);
	node->waits.id = 0;
}

void node_crashes(struct sim *sim, unsigned nr, int64_t for_ms)
{
	struct sim_node *node = &sim->nodes[nr];

	node->alive = false;
	node->op_ends = -1;
	node->waits.id = 0;
	node->runs = node->boots;
	node->fault_at = sim->now;
	node->back_at = for_ms >= 0 ? sim->now + for_ms : -1;
	if (for_ms >= 0)
		event_add(sim,
			  (struct event){ .at = node->back_at, .kind = EVENT_boot, .node = nr });
}

void node_boots(struct sim *sim, unsigned nr)
{
	struct sim_node *node = &sim->nodes[nr];

	if (node->alive || node->back_at != sim->now)
		return;
	node->alive = true;
	node->starts++;
	node->fault_at = sim->now;
}

void node_replaced(struct sim *sim, unsigned nr)
{
	struct sim_node *node = &sim->nodes[nr];
	unsigned life = node->life + 1, starts = node->starts + 1;
	uint64_t seen_token = node->seen_token;
	bool drained = node->drained;

	*node = (struct sim_node){
		.there = true,
		.alive = true,
		.runs = VSN_OLD,
		.boots = VSN_OLD,
		.back_at = -1,
		.op_ends = -1,
		.installed_at = -1,
		.fault_at = sim->now,
		.life = life,
		.starts = starts,
		.drained = drained,
		/* Fresh as it is, it takes a token as new only if it is not older than the fleet's.
		 */
		.seen_token = seen_token,
	};
}
