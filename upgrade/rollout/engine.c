// SPDX-License-Identifier: Apache-2.0
#include "upgrade/rollout/engine.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	STEP_MAX_MS = 5000, /* the most that one step makes the rollout's time go on */
	STALE_LOOKS = 3,    /* so many looks may fail to come before a node counts as out */
	PER_NODE_MS = 50,   /* a thousand nodes are looked at in fifty seconds */
};

/* ---- making one ---- */

struct rollout *rollout_new(const char *release, const char *to, const char *digest,
			    const struct rollout_policy *policy, uint64_t token)
{
	struct rollout *r = mem_zero(1, sizeof(*r));

	r->policy = *policy;
	r->token = token;
	r->release = rollout_text(r, release);
	r->to = rollout_text(r, to);
	r->digest = rollout_text(r, digest);
	r->wall = -1;
	r->bake_until = r->pause_until = r->judged_at = -1;
	r->progress_by = policy->progress_ms;
	r->total_by = policy->total_ms > 0 ? policy->total_ms : ROLLOUT_NEVER_MS;
	return r;
}

void rollout_free(struct rollout *r)
{
	if (!r)
		return;
	free(r->nodes);
	arena_done(&r->arena);
	free(r);
}

void rollout_actions_done(struct rollout_actions *actions)
{
	free(actions->items);
	*actions = (struct rollout_actions){ 0 };
}

/* Few are different: versions, names of zones. */
const char *rollout_text(struct rollout *r, const char *text)
{
	const char *known[] = { r->to, r->release };

	if (!text)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (same(known[i], text))
			return known[i];
	for (size_t i = 0; i < r->len && i < 8; i++) {
		const struct rollout_node *node = &r->nodes[i];

		if (same(node->from, text))
			return node->from;
		if (same(node->zone, text))
			return node->zone;
		if (same(node->runs, text))
			return node->runs;
	}
	return arena_dup(&r->arena, span_of(text));
}

struct rollout_node *rollout_find(const struct rollout *r, const char *name)
{
	for (size_t i = 0; i < r->len; i++)
		if (strcmp(r->nodes[i].name, name) == 0)
			return &r->nodes[i];
	return NULL;
}

int rollout_add(struct rollout *r, const char *name, const char *zone, struct error *err)
{
	if (rollout_find(r, name))
		return error_set(err, ERROR_USAGE, "%s is named twice", name);
	if (r->len >= ROLLOUT_NODES_MAX)
		return error_set(err, ERROR_USAGE, "more than %d nodes", ROLLOUT_NODES_MAX);
	if (r->len == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 16;
		r->nodes = mem_resize(r->nodes, r->cap, sizeof(*r->nodes));
	}
	r->nodes[r->len] = (struct rollout_node){
		.zone = rollout_text(r, zone ? zone : ""),
		/* One that comes later is of the last wave, so that no wave that is over grows. */
		.wave = r->last_id > 0 && r->len > 0 ? rollout_waves(r) - 1 : 0,
		.seen_at = -1,
		.lost_at = -1,
		.passed_at = -1,
		.installed_at = -1,
		.dirty = true,
	};
	r->nodes[r->len++].name = arena_dup(&r->arena, span_of(name));
	return 0;
}

void rollout_add_bad(struct rollout *r, const char *vsn)
{
	if (rollout_is_bad_version(r, vsn))
		return;
	r->bad = arena_grow(&r->arena, r->bad, r->bad_len, &r->bad_cap);
	r->bad[r->bad_len++] = arena_dup(&r->arena, span_of(vsn));
}

bool rollout_is_bad_version(const struct rollout *r, const char *vsn)
{
	for (size_t i = 0; i < r->bad_len; i++)
		if (same(r->bad[i], vsn))
			return true;
	return false;
}

static void copy_back(struct rollout *r, const struct rollout_node *was, const char *vsn)
{
	struct rollout_node *node;
	struct error ignored;

	/* As many as there were. */
	if (rollout_add(r, was->name, was->zone, &ignored))
		return;
	node = &r->nodes[r->len - 1];
	node->touched = vsn != NULL || was->touched;
	node->from = rollout_text(r, vsn ? vsn : was->from);
	node->way = was->way;
	node->drained = was->drained;
	/* Where an installation is not known, the node that lost it is another one. */
	node->installed_at = node->touched ? 0 : -1;
}

struct rollout *rollout_back(const struct rollout *last, const char *vsn, uint64_t token)
{
	struct rollout *r =
		rollout_new(last->release, last->to, last->digest, &last->policy, token);

	for (size_t i = 0; i < last->len; i++)
		if (last->nodes[i].stage != STAGE_gone)
			copy_back(r, &last->nodes[i], vsn);
	r->aborted = r->failed = true;
	snprintf(r->why, sizeof(r->why), "taken back");
	rollout_enter(r, PHASE_back);
	return r;
}

/* ---- who is out ---- */

int64_t probe_interval(const struct rollout *r)
{
	int64_t for_all = (int64_t)r->len * PER_NODE_MS;

	return r->policy.probe_ms > for_all ? r->policy.probe_ms : for_all;
}

size_t rollout_max_unavailable(const struct rollout *r)
{
	const struct rollout_amount *max = &r->policy.max_unavailable;
	int64_t count = 0;

	for (size_t i = 0; i < r->len; i++)
		count += r->nodes[i].stage != STAGE_gone;
	count = max->percent ? count * max->value / 100 : max->value;
	return count < 1 ? 1 : (size_t)count;
}

static bool is_changed(const struct rollout_node *node)
{
	return node->doing.kind == ACTION_install || node->doing.kind == ACTION_revert;
}

/* Whether it is well must have been told, but on the way back, which waits for no analysis. */
static bool is_well_known(const struct rollout *r, const struct rollout_node *node)
{
	return node->serving && (r->phase == PHASE_back || node->health != HEALTH_unknown);
}

bool node_is_out(const struct rollout *r, const struct rollout_node *node)
{
	if (node->stage == STAGE_gone)
		return false;
	return node->stage == STAGE_unknown || is_changed(node) || !is_well_known(r, node) ||
	       node->drained || node->lost_at >= 0 || node->seen_at < 0 ||
	       r->clock - node->seen_at > STALE_LOOKS * probe_interval(r);
}

size_t rollout_unavailable(const struct rollout *r)
{
	size_t out = 0;

	for (size_t i = 0; i < r->len; i++)
		out += node_is_out(r, &r->nodes[i]);
	return out;
}

bool node_has_new(const struct rollout_node *node)
{
	return node->stage == STAGE_installed || node->stage == STAGE_committed;
}

bool node_stays(const struct rollout *r, const struct rollout_node *node)
{
	return r->superseded && same(node->runs, node->boots);
}

bool node_baked(const struct rollout *r, const struct rollout_node *node)
{
	return node->installed_at >= 0 && node->health == HEALTH_pass &&
	       node->passed_at >= node->installed_at + r->policy.bake_ms;
}

/* ---- what goes wrong ---- */

void node_say(struct rollout_node *node, const char *text)
{
	snprintf(node->why, sizeof(node->why), "%s", text ? text : "");
	node->why[strcspn(node->why, "\n")] = '\0';
	node->dirty = true;
}

void node_forget(struct rollout *r, struct rollout_node *node)
{
	(void)r;
	if (node->stage != STAGE_gone)
		node->stage = STAGE_unknown;
	node->dirty = true;
}

void rollout_pause(struct rollout *r, enum paused why, const char *format, ...)
{
	va_list args;

	r->paused = why;
	va_start(args, format);
	vsnprintf(r->why, sizeof(r->why), format, args);
	va_end(args);
}

void rollout_unpause(struct rollout *r)
{
	r->paused = PAUSED_no;
	r->progress_by = r->clock + r->policy.progress_ms;
	if (!r->failed)
		r->why[0] = '\0';
}

static bool any_touched(const struct rollout *r)
{
	for (size_t i = 0; i < r->len; i++)
		if (r->nodes[i].touched && r->nodes[i].stage != STAGE_gone)
			return true;
	return false;
}

void rollout_fail(struct rollout *r, const char *format, ...)
{
	va_list args;

	if (r->failed || r->phase == PHASE_end)
		return;
	r->failed = true;
	va_start(args, format);
	vsnprintf(r->why, sizeof(r->why), format, args);
	va_end(args);
	if (r->policy.on_failure == ON_FAILURE_pause && !r->aborted && any_touched(r))
		r->paused = PAUSED_failure;
	else
		rollout_enter(r, PHASE_back);
}

void rollout_enter(struct rollout *r, enum phase phase)
{
	r->phase = phase;
	r->progress_by = r->clock + r->policy.progress_ms;
	if (phase != PHASE_back)
		return;
	r->paused = PAUSED_no;
	r->progress = 0;
	for (size_t i = 0; i < r->len; i++) {
		r->nodes[i].tries = 0;
		r->nodes[i].not_before = 0;
		r->nodes[i].dirty = true;
	}
}

/* ---- the step ---- */

static void advance_clock(struct rollout *r, int64_t wall)
{
	int64_t by = r->wall >= 0 ? wall - r->wall : 0;

	if (by < 0)
		by = 0;
	if (by > STEP_MAX_MS)
		by = STEP_MAX_MS;
	r->wall = wall;
	r->clock += by;
	if (r->paused != PAUSED_no) {
		r->progress_by += by;
		r->total_by += by;
	}
}

void rollout_step(struct rollout *r, const struct sight *sights, size_t len, int64_t wall,
		  struct rollout_actions *actions)
{
	if (r->phase == PHASE_end)
		return;
	advance_clock(r, wall);
	if (r->last_id == 0)
		rollout_make_waves(r);
	for (size_t i = 0; i < len; i++)
		rollout_take(r, &sights[i]);
	rollout_expire(r);
	rollout_watch_deadlines(r);
	while (rollout_advance(r))
		;
	rollout_schedule(r, actions);
}

bool rollout_rests(const struct rollout *r)
{
	return r->phase == PHASE_end || (r->paused != PAUSED_no && r->in_flight == 0);
}

static void resume_node(struct rollout *r, struct rollout_node *node)
{
	node->doing = (struct rollout_doing){ 0 };
	node->seen_at = node->lost_at = -1;
	node->not_before = 0;
	node_forget(r, node);
}

void rollout_resume(struct rollout *r, uint64_t token)
{
	r->token = token;
	r->wall = -1;
	if (r->phase == PHASE_end)
		return;
	r->in_flight = 0;
	for (size_t i = 0; i < r->len; i++)
		resume_node(r, &r->nodes[i]);
	r->doing = (struct rollout_doing){ 0 };
	if (r->paused != PAUSED_wave && r->paused != PAUSED_failure && r->paused != PAUSED_once)
		rollout_unpause(r);
	if (r->before == ONCE_running && r->phase == PHASE_before)
		rollout_pause(r, PAUSED_once,
			      "what is run before all nodes was cut short; whether it is done is "
			      "not known");
	if (r->after == ONCE_running)
		rollout_pause(
			r, PAUSED_once,
			"what is run after all nodes was cut short; whether it is done is not "
			"known");
}
