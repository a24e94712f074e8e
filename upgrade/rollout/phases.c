// SPDX-License-Identifier: Apache-2.0
/* From one phase, one wave, to the next. */
#include "upgrade/rollout/engine.h"

/* ---- counting ---- */

typedef bool node_test(const struct rollout *r, const struct rollout_node *node);

/* The first node of the fleet that is not so; NULL: all are. */
static struct rollout_node *first_not(const struct rollout *r, node_test *test)
{
	for (size_t i = 0; i < r->len; i++)
		if (r->nodes[i].stage != STAGE_gone && !test(r, &r->nodes[i]))
			return &r->nodes[i];
	return NULL;
}

static bool is_seen(const struct rollout *r, const struct rollout_node *node)
{
	(void)r;
	return node->stage != STAGE_unknown;
}

static bool is_ready(const struct rollout *r, const struct rollout_node *node)
{
	return is_seen(r, node) && node->stage != STAGE_seen;
}

static bool is_done_here(const struct rollout *r, const struct rollout_node *node)
{
	return node->wave > r->wave || (node_has_new(node) && !node->drained);
}

static bool is_done_or_unknown(const struct rollout *r, const struct rollout_node *node)
{
	return node->stage == STAGE_unknown || is_done_here(r, node);
}

static bool is_well(const struct rollout *r, const struct rollout_node *node)
{
	return node->wave > r->wave ||
	       (node->health == HEALTH_pass && node->passed_at >= r->bake_until);
}

static bool is_committed_here(const struct rollout *r, const struct rollout_node *node)
{
	return node->wave > r->wave || node->stage == STAGE_committed;
}

static bool has_release(const struct rollout *r, const struct rollout_node *node)
{
	(void)r;
	return node_has_new(node);
}

static bool is_committed(const struct rollout *r, const struct rollout_node *node)
{
	(void)r;
	return node->stage == STAGE_committed;
}

/* ---- look and stage ---- */

static bool leave_look(struct rollout *r)
{
	if (first_not(r, is_seen))
		return false;
	rollout_enter(r, PHASE_stage);
	return true;
}

static bool leave_stage(struct rollout *r)
{
	if (first_not(r, is_ready))
		return false;
	rollout_enter(r, r->policy.before && r->before != ONCE_done ? PHASE_before : PHASE_waves);
	return true;
}

static bool leave_before(struct rollout *r)
{
	if (r->before != ONCE_done)
		return false;
	rollout_enter(r, PHASE_waves);
	return true;
}

/* ---- waves ---- */

/* Everything that is to be true before the next wave, after the present one was installed. */
static bool wave_is_good(struct rollout *r)
{
	bool last = r->wave + 1 >= rollout_waves(r);

	if (r->clock < r->bake_until || first_not(r, is_well))
		return false;
	if (r->policy.judge && !last && r->judged != HEALTH_pass)
		return false;
	if (!last && r->policy.pause && !r->promoted) {
		rollout_pause(r, PAUSED_wave, "wave %u of %u is well: waiting to be promoted",
			      r->wave + 1, rollout_waves(r));
		return false;
	}
	r->promoted = true;
	if (r->policy.commit == COMMIT_wave && first_not(r, is_committed_here))
		return false;
	if (r->pause_until < 0)
		r->pause_until = r->clock + (last ? 0 : r->policy.pause_ms);
	if (r->clock < r->pause_until) {
		/* Waiting is progress here. */
		r->progress_by = r->clock + r->policy.progress_ms;
		return false;
	}
	return true;
}

static void begin_wave(struct rollout *r, unsigned wave)
{
	r->wave = wave;
	r->bake_until = r->pause_until = r->judged_at = -1;
	r->judged = HEALTH_unknown;
	r->promoted = false;
}

/* A node of a wave that was over lost the release: that wave is gone through again, with its bake.
 */
static bool fall_back_a_wave(struct rollout *r)
{
	unsigned wave = r->wave;

	for (size_t i = 0; i < r->len; i++)
		if ((r->nodes[i].stage == STAGE_seen || r->nodes[i].stage == STAGE_staged) &&
		    r->nodes[i].wave < wave)
			wave = r->nodes[i].wave;
	if (wave == r->wave)
		return false;
	begin_wave(r, wave);
	return true;
}

static bool leave_wave(struct rollout *r)
{
	if (fall_back_a_wave(r))
		return true;
	/* One that was replaced is of the wave again. */
	if (first_not(r, is_done_or_unknown)) {
		r->bake_until = -1;
		r->judged = HEALTH_unknown;
	}
	if (first_not(r, is_done_here))
		return false;
	if (r->bake_until < 0) {
		r->bake_until = r->clock + r->policy.bake_ms;
		r->progress_by = r->bake_until + r->policy.progress_ms;
	}
	if (!wave_is_good(r))
		return false;
	if (r->wave + 1 < rollout_waves(r))
		begin_wave(r, r->wave + 1);
	else
		rollout_enter(r, PHASE_commit);
	return true;
}

static bool leave_commit(struct rollout *r)
{
	if (first_not(r, has_release)) {
		begin_wave(r, rollout_waves(r) - 1);
		rollout_enter(r, PHASE_waves);
		return true;
	}
	if (first_not(r, is_committed))
		return false;
	rollout_enter(r, PHASE_after);
	return true;
}

/* ---- ends ---- */

static bool finish(struct rollout *r, enum result result)
{
	r->phase = PHASE_end;
	r->result = result;
	r->paused = PAUSED_no;
	return true;
}

static bool leave_after(struct rollout *r)
{
	if (r->policy.after && r->after != ONCE_done)
		return false;
	return finish(r, RESULT_done);
}

/* Nothing more can be done for it. */
static bool is_given_up(const struct rollout *r, const struct rollout_node *node)
{
	return node->stuck || (node->from && rollout_is_bad_version(r, node->from)) ||
	       (node->lost_at >= 0 && r->clock - node->lost_at > r->policy.node_ms);
}

static bool is_back(const struct rollout *r, struct rollout_node *node)
{
	if (node->stage == STAGE_unknown || node->drained || node->doing.kind == ACTION_install ||
	    node->doing.kind == ACTION_revert || node->doing.kind == ACTION_commit)
		return false;
	if (!same(node->runs, node->from) || !same(node->boots, node->from))
		return node_stays(r, node);
	if (node->stage != STAGE_back)
		node->dirty = true;
	node->stage = STAGE_back;
	return true;
}

static void note_given_up(struct rollout_node *node)
{
	if (!node->stuck)
		node->dirty = true;
	node->stuck = true;
}

static bool leave_back(struct rollout *r)
{
	bool stop = r->policy.on_failure == ON_FAILURE_stop && !r->aborted;
	size_t touched = 0, stuck = 0;

	for (size_t i = 0; i < r->len; i++) {
		struct rollout_node *node = &r->nodes[i];

		if (!node->touched || node->stage == STAGE_gone)
			continue;
		touched++;
		if (stop || is_back(r, node))
			continue;
		if (node->doing.id || !is_given_up(r, node))
			return false;
		note_given_up(node);
		stuck++;
	}
	/* Looks that are under way change nothing; what else is, may. */
	for (size_t i = 0; i < r->len; i++)
		if (r->nodes[i].doing.id && r->nodes[i].doing.kind != ACTION_probe &&
		    r->nodes[i].doing.kind != ACTION_look)
			return false;
	if (stuck || (stop && touched))
		return finish(r, RESULT_stuck);
	if (r->superseded)
		return finish(r, RESULT_superseded);
	return finish(r, touched ? RESULT_rolled_back : RESULT_refused);
}

bool rollout_advance(struct rollout *r)
{
	static bool (*const leave[PHASES])(struct rollout * r) = {
		[PHASE_look] = leave_look,     [PHASE_stage] = leave_stage,
		[PHASE_before] = leave_before, [PHASE_waves] = leave_wave,
		[PHASE_commit] = leave_commit, [PHASE_after] = leave_after,
		[PHASE_back] = leave_back,
	};

	if (r->phase == PHASE_end || r->paused != PAUSED_no)
		return false;
	return leave[r->phase](r);
}

/* ---- deadlines ---- */

static uint64_t progress_of(const struct rollout *r)
{
	static const unsigned rank[STAGES] = {
		[STAGE_seen] = 1,
		[STAGE_staged] = 2,
		[STAGE_installed] = 3,
		[STAGE_committed] = 4,
	};
	uint64_t sum = 0;

	for (size_t i = 0; i < r->len; i++)
		sum += r->phase == PHASE_back ? r->nodes[i].stage == STAGE_back
					      : rank[r->nodes[i].stage];
	return sum;
}

/* The higher counts, so that a node that comes and goes is no progress. */
static void note_progress(struct rollout *r)
{
	uint64_t progress = progress_of(r);

	if (progress <= r->progress)
		return;
	r->progress = progress;
	r->progress_by = r->clock + r->policy.progress_ms;
}

static void refuse_what_cannot(struct rollout *r, const struct rollout_node *node)
{
	bool early = r->phase == PHASE_look || r->phase == PHASE_stage;

	if (node->stage == STAGE_seen && node->way == WAY_none)
		rollout_fail(r, "%s: %s", node->name, node->why);
	else if (node->stage == STAGE_seen && !node->touched && !same(node->runs, node->boots))
		rollout_fail(r, "%s: %s is installed there and not committed", node->name,
			     node->runs);
	else if (early && node->lost_at >= 0 && r->clock - node->lost_at > FIRST_PATIENCE_MS)
		rollout_fail(r, "%s cannot be reached: %s", node->name, node->why);
}

static void watch_node(struct rollout *r, const struct rollout_node *node)
{
	bool lost = node->lost_at >= 0 && r->clock - node->lost_at > r->policy.node_ms;

	refuse_what_cannot(r, node);
	if (!node->touched || r->phase == PHASE_back)
		return;
	if (node_has_new(node) && node->health == HEALTH_fail)
		rollout_fail(r, "%s is not well: %s", node->name, node->why);
	else if (lost && node->down)
		rollout_fail(r, "%s does not run any more: %s", node->name, node->why);
	else if (lost && r->paused == PAUSED_no)
		rollout_pause(r, PAUSED_no_data, "nothing is heard of %s: %s", node->name,
			      node->why);
}

static bool is_known(const struct rollout *r, const struct rollout_node *node)
{
	(void)r;
	return !node->touched || (node->lost_at < 0 && node->health != HEALTH_unknown);
}

static bool is_in(const struct rollout *r, const struct rollout_node *node)
{
	return !node_is_out(r, node);
}

static bool is_not_ill(const struct rollout *r, const struct rollout_node *node)
{
	(void)r;
	return node->health != HEALTH_fail;
}

static void stands_still(struct rollout *r)
{
	const struct rollout_node *ill = first_not(r, is_not_ill), *out = first_not(r, is_in);

	if (ill)
		rollout_pause(r, PAUSED_no_data,
			      "no node got any further: %zu of them are out, %s for one: %s",
			      rollout_unavailable(r), ill->name, ill->why);
	else if (r->judged == HEALTH_unknown && r->judged_at >= 0)
		rollout_pause(r, PAUSED_no_data,
			      "nodes with the release and those without cannot be compared: %s",
			      r->judged_why);
	else if (out)
		rollout_pause(r, PAUSED_no_data,
			      "no node got any further: %zu of them are out, %s for one",
			      rollout_unavailable(r), out->name);
	else
		rollout_pause(r, PAUSED_no_data, "no node got any further, though none is out");
}

static void not_ready_in_time(struct rollout *r)
{
	const struct rollout_node *node = first_not(r, r->phase == PHASE_look ? is_seen : is_ready);

	if (node)
		rollout_fail(r, "it took too long to get everything ready: %s: %s", node->name,
			     node->why[0] ? node->why : "it is not");
	else
		rollout_fail(r, "it took too long to get everything ready");
}

static void too_long(struct rollout *r)
{
	const struct rollout_node *node = first_not(r, is_known);
	bool late = r->clock > r->total_by;

	if (r->phase == PHASE_look || r->phase == PHASE_stage || r->phase == PHASE_before)
		not_ready_in_time(r);
	else if (node)
		rollout_pause(r, PAUSED_no_data, "%s: its health is not known", node->name);
	else if (late)
		rollout_fail(r, "it took longer than it may");
	else
		stands_still(r);
}

static void give_up_all(struct rollout *r)
{
	for (size_t i = 0; i < r->len; i++)
		if (r->nodes[i].touched && r->nodes[i].stage != STAGE_back &&
		    r->nodes[i].doing.id == 0)
			r->nodes[i].stuck = true;
}

void rollout_watch_deadlines(struct rollout *r)
{
	note_progress(r);
	for (size_t i = 0; i < r->len && r->phase != PHASE_end; i++)
		if (r->nodes[i].stage != STAGE_gone)
			watch_node(r, &r->nodes[i]);
	if (r->paused != PAUSED_no)
		return;
	if (r->phase == PHASE_back && r->clock > r->progress_by)
		give_up_all(r);
	else if (r->phase != PHASE_back && (r->clock > r->progress_by || r->clock > r->total_by))
		too_long(r);
}
