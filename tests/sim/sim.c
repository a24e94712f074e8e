// SPDX-License-Identifier: Apache-2.0
/* sim [FIRST [SEEDS]]: rollouts of fleets that are not there, each from one seed.
 *
 * Prints the first seed that breaks an invariant, with the faults that are needed for it and what
 * went on, and ends with status 1.
 */
#include "tests/sim/sim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

const char *const versions[VSNS] = { "1.0.0", "1.1.0", "0.9.0" };

enum {
	TICK_MS = 1000,
	FAULTS_END = 900000, /* nothing befalls after that */
	LIMIT = 40000000,    /* by then it must be over: eleven hours */
	TRACE_LINES = 70,
};

/* ---- chance ---- */

uint64_t chance_next(struct chance *chance)
{
	uint64_t x = chance->state += 0x9e3779b97f4a7c15U;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
	return x ^ (x >> 31);
}

uint64_t chance_below(struct chance *chance, uint64_t below)
{
	return below ? chance_next(chance) % below : 0;
}

bool chance_of(struct chance *chance, unsigned in)
{
	return in > 0 && chance_below(chance, 1000) < in;
}

/* ---- telling ---- */

void sim_say(struct sim *sim, const char *format, ...)
{
	struct str line = STR_EMPTY;
	va_list args;

	if (!sim->tracing)
		return;
	str_addf(&line, "%9.3f  ", (double)sim->now / 1000);
	va_start(args, format);
	str_addv(&line, format, args);
	va_end(args);
	if (sim->trace_len == sim->trace_cap) {
		sim->trace_cap = sim->trace_cap ? 2 * sim->trace_cap : 256;
		sim->trace = mem_resize(sim->trace, sim->trace_cap, sizeof(*sim->trace));
	}
	sim->trace[sim->trace_len++] = line.ptr;
}

void sim_break(struct sim *sim, int invariant, const char *format, ...)
{
	struct str text = STR_EMPTY;
	va_list args;

	if (sim->broken[0])
		return;
	va_start(args, format);
	str_addv(&text, format, args);
	va_end(args);
	snprintf(sim->broken, sizeof(sim->broken), "invariant %d: %s", invariant, text.ptr);
	sim_say(sim, "BROKEN: %s", sim->broken);
	str_done(&text);
}

/* ---- events: a heap by time, then by number ---- */

static bool before(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->nr < b->nr;
}

static void swap(struct event *a, struct event *b)
{
	struct event c = *a;

	*a = *b;
	*b = c;
}

void event_add(struct sim *sim, struct event event)
{
	size_t i = sim->queue_len++;

	event.nr = ++sim->event_nr;
	if (sim->queue_len > sim->queue_cap) {
		sim->queue_cap = sim->queue_cap ? 2 * sim->queue_cap : 256;
		sim->queue = mem_resize(sim->queue, sim->queue_cap, sizeof(*sim->queue));
	}
	sim->queue[i] = event;
	for (; i > 0 && before(&sim->queue[i], &sim->queue[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&sim->queue[i], &sim->queue[(i - 1) / 2]);
}

bool event_next(struct sim *sim, struct event *out)
{
	if (sim->queue_len == 0)
		return false;
	*out = sim->queue[0];
	sim->queue[0] = sim->queue[--sim->queue_len];
	for (size_t i = 0;;) {
		size_t least = i;

		for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < sim->queue_len; k++)
			if (before(&sim->queue[k], &sim->queue[least]))
				least = k;
		if (least == i)
			return true;
		swap(&sim->queue[i], &sim->queue[least]);
		i = least;
	}
}

/* ---- who drives ---- */

static void write_down(struct sim *sim, const struct rollout *r)
{
	json_t *nodes = json_array();

	for (size_t i = 0; i < r->len; i++)
		json_array_append_new(nodes, rollout_node_json(&r->nodes[i]));
	json_decref(sim->journal);
	sim->journal = json_pack("{s:o, s:o}", "head", rollout_head_json(r), "nodes", nodes);
}

static struct rollout *read_again(struct sim *sim)
{
	struct rollout *r = NULL;
	struct error err;
	json_t *node;
	size_t i;

	if (rollout_read_head(&r, json_object_get(sim->journal, "head"), &err)) {
		sim_break(sim, 4, "%s", err.text);
		return NULL;
	}
	json_array_foreach (json_object_get(sim->journal, "nodes"), i, node)
		if (rollout_read_node(r, node, &err))
			sim_break(sim, 4, "%s", err.text);
	return r;
}

static bool is_due(struct sim *sim, enum fault_kind kind, struct fault **out)
{
	for (size_t i = 0; i < sim->faults_len; i++) {
		struct fault *fault = &sim->faults[i];

		if (!fault->off && fault->kind == kind && fault->at >= 0 && fault->at <= sim->now) {
			fault->at = -1; /* once */
			*out = fault;
			return true;
		}
	}
	return false;
}

static void end_driver(struct sim *sim, int64_t for_ms)
{
	rollout_free(sim->driver.r);
	sim->driver = (struct coordinator){ 0 };
	sim->resume_at = sim->now + for_ms;
}

/* Stopped between writing down and acting.  When it wakes it acts, with its old token; its next
 * step it cannot write down any more, because another run has begun there, and so it ends.
 */
static void freeze_driver(struct sim *sim, const struct fault *fault,
			  const struct rollout_action *actions, size_t len)
{
	sim->late_len = len < LATE_MAX ? len : LATE_MAX;
	if (sim->late_len > 0)
		memcpy(sim->late, actions, sim->late_len * sizeof(*actions));
	sim->late_token = sim->token;
	rollout_free(sim->driver.r);
	sim->driver = (struct coordinator){ 0 };
	sim->resume_at = sim->now + 500;
	sim->wake_at = sim->now + fault->for_ms;
}

static void send(struct sim *sim, uint64_t token, const struct rollout_action *action)
{
	struct event event = {
		.at = sim->now + 1 + (int64_t)chance_below(&sim->chance, 20),
		.kind = EVENT_request,
		.token = token,
		.action = *action,
	};

	if (action->node == SIZE_MAX) {
		event.kind = EVENT_answer;
		event.node = NODES_MAX;
		event.at += 2000;
		event.outcome = OUTCOME_ok;
		event.verdict = sim->bad_release ? HEALTH_fail : HEALTH_pass;
		if (action->kind == ACTION_judge && sim->bad_release)
			sim->bad_news = true;
		event_add(sim, event);
		return;
	}
	event.node = (unsigned)action->node;
	if (chance_of(&sim->chance, sim->slow))
		event.at += (int64_t)chance_below(&sim->chance, 30000);
	if (!chance_of(&sim->chance, sim->loss))
		event_add(sim, event);
}

static void say_action(struct sim *sim, uint64_t token, const struct rollout_action *action)
{
	if (action->kind != ACTION_probe)
		sim_say(sim, "run %" PRIu64 ": #%" PRIu64 " %s%s n%zd", token, action->id,
			action_name(action->kind), action->way == WAY_restart ? " by restart" : "",
			(ssize_t)action->node);
}

static void step(struct sim *sim, const struct sight *sights, size_t len)
{
	struct coordinator *by = &sim->driver;
	struct rollout_actions actions = { 0 };
	struct fault *kill = NULL, *stop = NULL;

	if (!by->r)
		return;
	sim->steps++;
	is_due(sim, FAULT_kill, &kill);
	if (!kill)
		is_due(sim, FAULT_freeze, &stop);
	if (kill && kill->node % 3 == 0) {
		sim_say(sim, "run %" PRIu64 " is killed before it wrote anything down", sim->token);
		/* That it has the release died with it. */
		if (len > 0 && sights[0].kind == SIGHT_answer && sim->told_last < NODES_MAX)
			sim->seen[sim->told_last].staged = false;
		end_driver(sim, kill->for_ms);
		return;
	}
	rollout_step(by->r, sights, len, 1700000000000 + sim->now + sim->skew, &actions);
	check_actions(sim, by, actions.items, actions.len);
	if (kill || stop)
		write_down(sim, by->r);
	for (size_t i = 0; i < actions.len; i++) {
		say_action(sim, by->r->token, &actions.items[i]);
		if (stop || (kill && (kill->node % 3 == 1 || i >= actions.len / 2)))
			break;
		send(sim, by->r->token, &actions.items[i]);
	}
	if (kill || stop)
		sim_say(sim, "run %" PRIu64 " is %s", sim->token, kill ? "killed" : "stopped");
	if (kill)
		end_driver(sim, kill->for_ms);
	if (stop)
		freeze_driver(sim, stop, actions.items, actions.len);
	rollout_actions_done(&actions);
}

static void wake(struct sim *sim)
{
	sim->wake_at = -1;
	sim_say(sim, "run %" PRIu64 " wakes", sim->late_token);
	for (size_t i = 0; i < sim->late_len; i++)
		send(sim, sim->late_token, &sim->late[i]);
	sim->late_len = 0;
}

/* What a kill before the writing loses is the last step: so each one is written, when one may come.
 */
static bool may_be_killed(const struct sim *sim)
{
	for (size_t i = 0; i < sim->faults_len; i++)
		if (!sim->faults[i].off && sim->faults[i].kind == FAULT_kill &&
		    sim->faults[i].at >= 0 && sim->faults[i].at <= sim->now + 60000 &&
		    sim->faults[i].node % 3 == 0)
			return true;
	return false;
}

static void resume(struct sim *sim)
{
	sim->resume_at = -1;
	sim->token++;
	sim->driver = (struct coordinator){ read_again(sim), sim->token };
	if (!sim->driver.r)
		return;
	sim_say(sim, "run %" PRIu64 " begins", sim->token);
	rollout_resume(sim->driver.r, sim->token);
	check_new_run(sim);
	write_down(sim, sim->driver.r);
	step(sim, NULL, 0);
}

/* ---- people ---- */

static void command(struct sim *sim, enum command_kind kind, const char *vsn)
{
	struct sight sight = { .kind = SIGHT_command, .command = kind, .vsn = vsn };
	static const char *const names[] = {
		[COMMAND_pause] = "pause",         [COMMAND_promote] = "promote",
		[COMMAND_abort] = "abort",         [COMMAND_again] = "again",
		[COMMAND_interrupt] = "interrupt", [COMMAND_supersede] = "supersede",
	};

	sim_say(sim, "a person: %s %s", names[kind], vsn);
	if ((kind == COMMAND_abort || kind == COMMAND_supersede) &&
	    strcmp(vsn, versions[VSN_NEW]) == 0)
		sim->bad_news = true;
	step(sim, &sight, 1);
}

/* Who looks after a rollout that waits. */
static void look_after(struct sim *sim)
{
	const struct rollout *r = sim->driver.r;

	if (!r || r->phase == PHASE_end || !rollout_rests(r))
		return;
	if (chance_of(&sim->chance, 30))
		command(sim, COMMAND_promote, versions[VSN_NEW]);
	else if (sim->now > FAULTS_END && chance_of(&sim->chance, 5))
		command(sim, COMMAND_abort, versions[VSN_NEW]);
}

/* ---- what befalls ---- */

/* A person does. */
static void says(struct sim *sim, enum fault_kind kind)
{
	switch (kind) {
	case FAULT_pause:
		command(sim, COMMAND_pause, versions[VSN_NEW]);
		break;
	case FAULT_promote:
		command(sim, COMMAND_promote, versions[VSN_NEW]);
		break;
	case FAULT_abort:
		command(sim, COMMAND_abort, versions[VSN_NEW]);
		break;
	case FAULT_abort_other:
		command(sim, COMMAND_abort, versions[VSN_OLD]);
		break;
	case FAULT_supersede:
		if (!sim->again)
			command(sim, COMMAND_supersede, versions[VSN_NEW]);
		break;
	default:
		break;
	}
}

static void tell_of(struct sim *sim, enum sight_kind kind, const char *name)
{
	struct sight sight = { .kind = kind, .node = name, .zone = "" };

	step(sim, &sight, 1);
	if (sim->driver.r)
		write_down(sim, sim->driver.r);
}

static void joins(struct sim *sim)
{
	unsigned nr = sim->count;
	char name[16];

	if (nr >= NODES_MAX || !sim->driver.r)
		return;
	sim->count++;
	snprintf(name, sizeof(name), "n%u", nr);
	node_replaced(sim, nr);
	sim->nodes[nr].life = 1;
	sim->seen[nr] = check_nothing_seen();
	sim_say(sim, "%s joins", name);
	tell_of(sim, SIGHT_new, name);
}

static void leaves(struct sim *sim, unsigned nr)
{
	struct sim_node *node = &sim->nodes[nr];
	char name[16];

	if (!sim->driver.r)
		return;
	snprintf(name, sizeof(name), "n%u", nr);
	sim_say(sim, "%s leaves", name);
	node->there = node->alive = false;
	node->op_ends = -1;
	tell_of(sim, SIGHT_gone, name);
}

static void hangs(struct sim *sim, unsigned nr, int64_t for_ms)
{
	struct sim_node *node = &sim->nodes[nr];

	if (node->op_ends < 0)
		return;
	sim_say(sim, "n%u hangs for %" PRId64 " s", nr, for_ms / 1000);
	node->op_ends += for_ms;
	event_add(sim, (struct event){ .at = node->op_ends, .kind = EVENT_op, .node = nr });
}

static void befall(struct sim *sim, const struct fault *fault)
{
	unsigned nr = fault->node % sim->count;
	struct sim_node *node = &sim->nodes[nr];

	node->fault_at = sim->now + (fault->for_ms > 0 ? fault->for_ms : 0);
	switch (fault->kind) {
	case FAULT_crash:
		sim_say(sim, "n%u crashes", nr);
		node_crashes(sim, nr, fault->for_ms);
		break;
	case FAULT_hang:
		hangs(sim, nr, fault->for_ms);
		break;
	case FAULT_partition:
		sim_say(sim, "n%u is apart for %" PRId64 " s", nr, fault->for_ms / 1000);
		node->apart_until = sim->now + fault->for_ms;
		break;
	case FAULT_liar:
		node->liar_until = sim->now + fault->for_ms;
		break;
	case FAULT_no_data:
		node->mute_until = sim->now + fault->for_ms;
		break;
	case FAULT_flap:
		node->flap_until = sim->now + fault->for_ms;
		break;
	case FAULT_replace:
		if (!node->there)
			break;
		sim_say(sim, "n%u is replaced", nr);
		node_replaced(sim, nr);
		break;
	case FAULT_jump:
		sim_say(sim, "the clock jumps by %" PRId64 " s", fault->for_ms / 1000);
		sim->skew += fault->for_ms;
		break;
	case FAULT_join:
		joins(sim);
		break;
	case FAULT_leave:
		leaves(sim, nr);
		break;
	default:
		says(sim, fault->kind);
		break;
	}
}

/* ---- one rollout ---- */

static int64_t pick(struct sim *sim, const int64_t *from, size_t len)
{
	return from[chance_below(&sim->chance, len)];
}
#define PICK(sim, ...) \
	pick(sim, (const int64_t[]){ __VA_ARGS__ }, sizeof((const int64_t[]){ __VA_ARGS__ }) / 8)

static void make_policy(struct sim *sim)
{
	struct rollout_policy *p = &sim->policy;

	*p = ROLLOUT_POLICY;
	p->mode = (enum rollout_mode)PICK(sim, MODE_auto, MODE_auto, MODE_hot, MODE_restart);
	p->on_failure = (enum on_failure)PICK(sim, 0, 0, 0, 1, 2);
	p->commit = (enum commit_when)PICK(sim, 0, 1);
	p->max_unavailable = (struct rollout_amount){ PICK(sim, 1, 1, 2, 3), false };
	if (chance_of(&sim->chance, 300))
		p->max_unavailable = (struct rollout_amount){ PICK(sim, 10, 25, 50), true };
	p->waves_len = 1 + chance_below(&sim->chance, 3);
	p->waves[0] = (struct rollout_amount){ 1, false };
	p->waves[1] = (struct rollout_amount){ PICK(sim, 20, 40), true };
	p->waves[2] = (struct rollout_amount){ PICK(sim, 60, 80), true };
	p->bake_ms = PICK(sim, 10000, 30000, 60000);
	p->pause_ms = PICK(sim, 0, 0, 20000);
	p->pause = chance_of(&sim->chance, 100);
	p->fail_limit = (unsigned)PICK(sim, 1, 2, 3);
	p->node_ms = PICK(sim, 120000, 300000);
	p->progress_ms = PICK(sim, 400000, 900000);
	p->total_ms = PICK(sim, 0, 0, 7200000);
	p->parallel = (unsigned)PICK(sim, 4, 16, 64);
	p->before = chance_of(&sim->chance, 300);
	p->judge = chance_of(&sim->chance, 300);
	p->drain = chance_of(&sim->chance, 300);
}

static void add_fault(struct sim *sim, struct fault fault)
{
	if (sim->faults_len < FAULTS_MAX)
		sim->faults[sim->faults_len++] = fault;
}

static void make_faults(struct sim *sim)
{
	size_t count = chance_below(&sim->chance, 7);

	if (chance_of(&sim->chance, 250))
		return;
	if (chance_of(&sim->chance, 400))
		add_fault(sim, (struct fault){ FAULT_loss, 0, 0, (unsigned)PICK(sim, 5, 30, 100),
					       false });
	if (chance_of(&sim->chance, 300))
		add_fault(sim, (struct fault){ FAULT_twice, 0, 0, 100, false });
	if (chance_of(&sim->chance, 300))
		add_fault(sim, (struct fault){ FAULT_slow, 0, 0, 100, false });
	for (size_t i = 0; i < count; i++) {
		struct fault fault = {
			.kind = (enum fault_kind)chance_below(&sim->chance, FAULT_loss),
			.at = (int64_t)chance_below(&sim->chance,
						    (uint64_t)PICK(sim, 20000, 120000, FAULTS_END)),
			.for_ms = PICK(sim, 1000, 20000, 100000, 400000),
			.node = (unsigned)chance_next(&sim->chance),
		};

		if (fault.kind == FAULT_crash && chance_of(&sim->chance, 200))
			fault.for_ms = -1;
		if (fault.kind == FAULT_jump)
			fault.for_ms = PICK(sim, -7200000, -30000, 30000, 3600000, 86400000);
		add_fault(sim, fault);
	}
}

static void start_faults(struct sim *sim)
{
	for (size_t i = 0; i < sim->faults_len; i++) {
		const struct fault *fault = &sim->faults[i];

		if (fault->off)
			continue;
		sim->noisy = true;
		if (fault->kind == FAULT_loss)
			sim->loss = fault->node;
		else if (fault->kind == FAULT_twice)
			sim->twice = fault->node;
		else if (fault->kind == FAULT_slow)
			sim->slow = fault->node;
		else if (fault->kind != FAULT_kill && fault->kind != FAULT_freeze)
			event_add(sim, (struct event){ .at = fault->at,
						       .kind = EVENT_fault,
						       .fault = *fault });
		if (fault->kind == FAULT_jump && fault->for_ms > 0)
			sim->jumped_ms += 5000;
	}
}

static unsigned how_many(struct sim *sim)
{
	if (chance_of(&sim->chance, 1))
		return (unsigned)PICK(sim, 200, 1000);
	if (chance_of(&sim->chance, 50))
		return 20 + (unsigned)chance_below(&sim->chance, 60);
	return 1 + (unsigned)chance_below(&sim->chance, 10);
}

/* A rollout over the nodes that there are; those that left keep their places. */
static void begin(struct sim *sim)
{
	struct rollout *r = rollout_new("shop", versions[VSN_NEW], "d", &sim->policy, sim->token);
	struct error err;

	for (unsigned i = 0; i < sim->count; i++) {
		char name[16], zone[4];

		snprintf(name, sizeof(name), "n%u", i);
		snprintf(zone, sizeof(zone), "z%u", i % 3);
		if (rollout_add(r, name, zone, &err))
			abort();
	}
	if (sim->old_is_bad)
		rollout_add_bad(r, versions[VSN_OLD]);
	sim->driver = (struct coordinator){ r, sim->token };
}

/* The first rollout was superseded: one more, from what the nodes really run. */
static void begin_again(struct sim *sim)
{
	check_superseded(sim);
	rollout_free(sim->driver.r);
	sim->again = true;
	sim->token++;
	begin(sim);
	sim_say(sim, "run %" PRIu64 " begins, of another rollout", sim->token);
	for (unsigned i = 0; i < sim->count; i++) {
		struct sight sight = { .kind = SIGHT_gone, .zone = "" };
		char name[16];

		snprintf(name, sizeof(name), "n%u", i);
		sight.node = name;
		if (!sim->nodes[i].there)
			step(sim, &sight, 1);
	}
	if (sim->driver.r)
		write_down(sim, sim->driver.r);
}

static void start(struct sim *sim)
{
	for (unsigned i = 0; i < NODES_MAX; i++) {
		sim->nodes[i] = (struct sim_node){
			.back_at = -1, .op_ends = -1, .installed_at = -1, .fault_at = -1000000
		};
		sim->seen[i] = check_nothing_seen();
	}
	sim->token = 1;
	for (unsigned i = 0; i < sim->count; i++) {
		sim->nodes[i].there = sim->nodes[i].alive = true;
		sim->nodes[i].boots = sim->nodes[i].runs =
			chance_of(&sim->chance, 50) ? VSN_OLDER : VSN_OLD;
	}
	begin(sim);
	write_down(sim, sim->driver.r);
}

static bool is_over(const struct sim *sim)
{
	const struct rollout *r = sim->driver.r;

	return r && r->phase == PHASE_end;
}

static const char *const health_names[] = { "unknown", "pass", "fail" };

/* Looks that show what everybody knows are left out of what is printed. */
static bool is_telling(const struct event *event)
{
	return event->action.kind != ACTION_probe || event->outcome != OUTCOME_ok ||
	       event->facts.health != HEALTH_pass;
}

static void on_answer(struct sim *sim, const struct event *event)
{
	struct sight sight = {
		.kind = SIGHT_answer,
		.id = event->action.id,
		.outcome = event->outcome,
		.facts = event->has_facts ? &event->facts : NULL,
		.text = event->outcome == OUTCOME_ok ? NULL : outcome_name(event->outcome),
		.verdict = event->verdict,
	};

	/* It went to whoever asked, and that one may be gone. */
	if (!sim->driver.r || sim->driver.token != event->token)
		return;
	if (event->node < NODES_MAX && is_telling(event))
		sim_say(sim, "#%" PRIu64 " n%u: %s %s%s%s%s%s", event->action.id, event->node,
			action_name(event->action.kind), outcome_name(event->outcome),
			event->has_facts ? ", runs " : "",
			event->has_facts ? event->facts.runs : "",
			event->has_facts ? ", health " : "",
			event->has_facts ? health_names[event->facts.health] : "");
	check_answer(sim, event);
	step(sim, &sight, 1);
	if (sim->driver.r && may_be_killed(sim))
		write_down(sim, sim->driver.r);
}

static void on_tick(struct sim *sim)
{
	event_add(sim, (struct event){ .at = sim->now + TICK_MS, .kind = EVENT_tick });
	if (sim->resume_at >= 0 && sim->now >= sim->resume_at)
		resume(sim);
	if (sim->wake_at >= 0 && sim->now >= sim->wake_at)
		wake(sim);
	step(sim, NULL, 0);
	look_after(sim);
	if (sim->driver.r && may_be_killed(sim))
		write_down(sim, sim->driver.r);
	if (sim->now >= FAULTS_END)
		sim->loss = sim->twice = sim->slow = 0;
}

static void run(struct sim *sim)
{
	struct event event;

	sim->count = how_many(sim);
	make_policy(sim);
	sim->bad_release = chance_of(&sim->chance, 250);
	sim->refuses = chance_of(&sim->chance, 20);
	sim->no_hot = chance_of(&sim->chance, 200);
	sim->old_is_bad = chance_of(&sim->chance, 50);
	sim->resume_at = sim->wake_at = -1;
	start_faults(sim);
	start(sim);
	event_add(sim, (struct event){ .at = 0, .kind = EVENT_tick });
	while (!sim->broken[0] && !is_over(sim) && event_next(sim, &event)) {
		sim->now = event.at;
		if (sim->now > LIMIT) {
			sim_break(sim, 4, "it is not over after %d s: phase %s, paused %s, %s",
				  LIMIT / 1000,
				  sim->driver.r ? rollout_phase_name(sim->driver.r->phase) : "?",
				  sim->driver.r ? paused_name(sim->driver.r->paused) : "?",
				  sim->driver.r ? sim->driver.r->why : "?");
			break;
		}
		if (event.kind == EVENT_tick)
			on_tick(sim);
		else if (event.kind == EVENT_request)
			node_request(sim, &event);
		else if (event.kind == EVENT_answer)
			on_answer(sim, &event);
		else if (event.kind == EVENT_op)
			node_op_ends(sim, event.node);
		else if (event.kind == EVENT_boot)
			node_boots(sim, event.node);
		else
			befall(sim, &event.fault);
		if (is_over(sim) && sim->driver.r->result == RESULT_superseded)
			begin_again(sim);
	}
	if (!sim->broken[0] && is_over(sim))
		check_end(sim);
}

/* ---- all of them ---- */

static struct sim *sim_new(uint64_t seed, const struct fault *faults, size_t len)
{
	struct sim *sim = mem_zero(1, sizeof(*sim));

	sim->seed = seed;
	sim->chance.state = seed * 0x2545f4914f6cdd1dU;
	make_faults(sim);
	if (faults) {
		memcpy(sim->faults, faults, len * sizeof(*faults));
		sim->faults_len = len;
	}
	return sim;
}

static void sim_free(struct sim *sim)
{
	for (size_t i = 0; i < sim->trace_len; i++)
		free(sim->trace[i]);
	free(sim->trace);
	free(sim->queue);
	rollout_free(sim->driver.r);
	json_decref(sim->journal);
	free(sim);
}

static bool breaks(uint64_t seed, const struct fault *faults, size_t len)
{
	struct sim *sim = sim_new(seed, faults, len);
	bool broken;

	run(sim);
	broken = sim->broken[0];
	sim_free(sim);
	return broken;
}

static const char *const fault_names[FAULTS] = {
	"crash",
	"hang",
	"partition",
	"liar",
	"no data",
	"flapping",
	"replaced",
	"kill",
	"stop",
	"clock",
	"pause",
	"promote",
	"abort",
	"abort of another",
	"join",
	"leave",
	"superseded",
	"lost messages",
	"doubled answers",
	"slow messages",
};

/* With as few faults as will do. */
static void explain(uint64_t seed)
{
	struct sim *sim = sim_new(seed, NULL, 0);
	struct fault faults[FAULTS_MAX];
	size_t len = sim->faults_len;

	memcpy(faults, sim->faults, sizeof(faults));
	sim_free(sim);
	for (size_t i = 0; i < len; i++) {
		faults[i].off = true;
		faults[i].off = breaks(seed, faults, len);
	}
	sim = sim_new(seed, faults, len);
	sim->tracing = true;
	run(sim);
	printf("seed %" PRIu64 ": %s\n", seed, sim->broken);
	printf("%u nodes, mode %d, on failure %d, at most %" PRId64 "%s out, bake %" PRId64
	       " s%s\n",
	       sim->count, sim->policy.mode, sim->policy.on_failure,
	       sim->policy.max_unavailable.value, sim->policy.max_unavailable.percent ? "%" : "",
	       sim->policy.bake_ms / 1000, sim->bad_release ? ", a bad release" : "");
	for (size_t i = 0; i < len; i++)
		if (!faults[i].off)
			printf("  %s, at %.3f s, for %.3f s, n%u\n", fault_names[faults[i].kind],
			       (double)faults[i].at / 1000, (double)faults[i].for_ms / 1000,
			       faults[i].node % sim->count);
	for (size_t i = sim->trace_len > TRACE_LINES ? sim->trace_len - TRACE_LINES : 0;
	     i < sim->trace_len; i++)
		printf("%s\n", sim->trace[i]);
	sim_free(sim);
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t seeds = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000;
	uint64_t ends[RESULTS] = { 0 }, steps = 0, superseded = 0;

	for (uint64_t seed = first; seed < first + seeds; seed++) {
		struct sim *sim = sim_new(seed, NULL, 0);
		bool broken;

		run(sim);
		broken = sim->broken[0];
		if (!broken)
			ends[sim->driver.r->result]++;
		steps += sim->steps;
		superseded += sim->again;
		sim_free(sim);
		if (broken) {
			explain(seed);
			return 1;
		}
	}
	printf("ok: %" PRIu64 " rollouts, %" PRIu64 " steps: %" PRIu64 " done, %" PRIu64
	       " rolled back, %" PRIu64 " refused, %" PRIu64 " need a person; %" PRIu64
	       " superseded\n",
	       seeds, steps, ends[RESULT_done], ends[RESULT_rolled_back], ends[RESULT_refused],
	       ends[RESULT_stuck], superseded);
	return 0;
}
