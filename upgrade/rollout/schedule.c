// SPDX-License-Identifier: Apache-2.0
/* What is to be done next. */
#include "upgrade/rollout/engine.h"

enum { PROBE_MAX_MS = 60000, FIRST_PROBE_MS = 1000 };

struct schedule {
	struct rollout *r;
	struct rollout_actions *actions;
	size_t out, changing, max_out;
	bool may_go_on; /* to nodes that are not touched yet */
};

static void add(struct schedule *s, struct rollout_doing *doing, struct rollout_action action,
		int64_t limit_ms)
{
	struct rollout_actions *actions = s->actions;

	action.id = ++s->r->last_id;
	*doing = (struct rollout_doing){ action.kind, action.id, s->r->clock + limit_ms };
	if (actions->len == actions->cap) {
		actions->cap = actions->cap ? 2 * actions->cap : 16;
		actions->items = mem_resize(actions->items, actions->cap, sizeof(*actions->items));
	}
	actions->items[actions->len++] = action;
	s->r->in_flight++;
}

static void add_of_node(struct schedule *s, struct rollout_node *node, enum action_kind kind,
			enum way way, const char *vsn)
{
	int64_t limit = s->r->policy.node_ms;

	if (kind == ACTION_probe && limit > PROBE_MAX_MS)
		limit = PROBE_MAX_MS;
	add(s, &node->doing,
	    (struct rollout_action){
		    .kind = kind, .node = (size_t)(node - s->r->nodes), .way = way, .vsn = vsn },
	    limit);
	node->dirty = true;
}

static bool is_free(const struct schedule *s, const struct rollout_node *node)
{
	return node->stage != STAGE_gone && node->doing.id == 0 &&
	       s->r->clock >= node->not_before && s->r->in_flight < s->r->policy.parallel;
}

/* ---- what takes a node out, and what makes things permanent: in the order of the nodes ---- */

static size_t count_changing(const struct rollout *r)
{
	size_t count = 0;

	for (size_t i = 0; i < r->len; i++)
		count += r->nodes[i].stage != STAGE_gone &&
			 (r->nodes[i].doing.kind == ACTION_install ||
			  r->nodes[i].doing.kind == ACTION_revert || r->nodes[i].drained);
	return count;
}

/* Changing a node that is out already takes no other one out.  Where more are ill than may be out,
 * those are still taken back, though not more at once than may be out.
 */
static bool may_change(const struct schedule *s, const struct rollout_node *node)
{
	size_t out = s->out + !node_is_out(s->r, node);

	return out <= s->max_out || (!node->serving && s->changing - node->drained < s->max_out);
}

static void change(struct schedule *s, struct rollout_node *node, enum action_kind kind,
		   enum way way, const char *vsn)
{
	s->out += !node_is_out(s->r, node);
	s->changing += !node->drained;
	node->touched = true;
	if (way == WAY_restart && s->r->policy.drain) {
		node->drained = true;
		node->undrain_by = s->r->clock + s->r->policy.node_ms;
	}
	add_of_node(s, node, kind, way, vsn);
}

/* Nobody else gets the release while one that has it is not known to be well, or anybody was not
 * asked yet what it runs.
 */
static bool may_go_on(const struct rollout *r)
{
	for (size_t i = 0; i < r->len; i++) {
		const struct rollout_node *node = &r->nodes[i];

		if (node->stage == STAGE_gone || node->doing.kind == ACTION_install)
			continue;
		if (node->seen_at < 0 && node->lost_at < 0)
			return false;
		if (node->touched && (node_is_out(r, node) || node->health != HEALTH_pass))
			return false;
	}
	return true;
}

static bool is_next(const struct schedule *s, const struct rollout_node *node)
{
	return s->may_go_on && s->r->phase == PHASE_waves && node->stage == STAGE_staged &&
	       node->wave <= s->r->wave && !node_is_out(s->r, node) && node->way != WAY_none;
}

/* At the end of the waves, or of the present one. */
static bool is_to_commit(const struct schedule *s, const struct rollout_node *node)
{
	const struct rollout *r = s->r;

	if (node->stage != STAGE_installed || !node_baked(r, node))
		return false;
	if (r->phase == PHASE_commit)
		return true;
	return r->phase == PHASE_waves && r->policy.commit == COMMIT_wave &&
	       node->wave <= r->wave && r->bake_until >= 0 && r->clock >= r->bake_until &&
	       r->promoted;
}

static bool is_to_go_back(const struct schedule *s, const struct rollout_node *node)
{
	const struct rollout *r = s->r;

	return r->phase == PHASE_back && (r->policy.on_failure != ON_FAILURE_stop || r->aborted) &&
	       node->touched && !node->stuck && node->stage != STAGE_unknown && node->from &&
	       !rollout_is_bad_version(r, node->from) && !node_stays(r, node) &&
	       (!same(node->runs, node->from) || !same(node->boots, node->from));
}

/* When it is well, whatever it runs then.  On the way back an unwell node is not kept out: it is as
 * it was.
 */
static bool is_to_undrain(const struct schedule *s, const struct rollout_node *node)
{
	const struct rollout *r = s->r;

	if (!node->drained || node->stage == STAGE_unknown || node->lost_at >= 0)
		return false;
	return node->health == HEALTH_pass ||
	       (r->phase == PHASE_back && !is_to_go_back(s, node) &&
		(node->health == HEALTH_fail || r->clock >= node->undrain_by));
}

static void schedule_changes(struct schedule *s)
{
	for (size_t i = 0; i < s->r->len; i++) {
		struct rollout_node *node = &s->r->nodes[i];

		if (!is_free(s, node))
			continue;
		if (is_to_undrain(s, node) && !is_to_go_back(s, node))
			add_of_node(s, node, ACTION_undrain, WAY_none, NULL);
		else if (is_next(s, node) && may_change(s, node))
			change(s, node, ACTION_install, node->way, s->r->to);
		else if (is_to_commit(s, node))
			add_of_node(s, node, ACTION_commit, WAY_none, s->r->to);
		else if (is_to_go_back(s, node) && may_change(s, node))
			change(s, node, ACTION_revert,
			       node->way == WAY_hot && !node->cold ? WAY_hot : WAY_restart,
			       node->from);
	}
}

/* ---- what only looks: from where the last step left off, so that all have their turn ---- */

static bool wants_probe(const struct rollout *r, const struct rollout_node *node)
{
	if (r->phase == PHASE_look || r->phase == PHASE_stage)
		return false;
	if (r->clock - node->seen_at >= probe_interval(r))
		return true;
	/* The next change waits until it is known whether this node is well. */
	if (node->health == HEALTH_unknown && r->clock - node->seen_at >= FIRST_PROBE_MS)
		return true;
	/* The bake ends with a look, not with the last one before its end. */
	return r->phase == PHASE_waves && r->bake_until >= 0 && r->clock >= r->bake_until &&
	       node_has_new(node) && node->seen_at < r->bake_until;
}

static void schedule_looks(struct schedule *s)
{
	struct rollout *r = s->r;
	size_t i;

	for (i = 0; i < r->len && r->in_flight < r->policy.parallel; i++) {
		struct rollout_node *node = &r->nodes[(r->cursor + i) % r->len];

		if (!is_free(s, node))
			continue;
		if (node->stage == STAGE_unknown)
			add_of_node(s, node, ACTION_look, WAY_none, NULL);
		else if (node->stage == STAGE_seen && r->phase >= PHASE_stage &&
			 r->phase <= PHASE_commit && node->way != WAY_none)
			add_of_node(s, node, ACTION_stage, node->way, r->to);
		else if (wants_probe(r, node))
			add_of_node(s, node, ACTION_probe, WAY_none, NULL);
	}
	r->cursor = r->len ? (r->cursor + i) % r->len : 0;
}

/* ---- of no node ---- */

static void schedule_once(struct schedule *s)
{
	struct rollout *r = s->r;
	enum action_kind kind = ACTION_none;

	if (r->doing.id)
		return;
	if (r->phase == PHASE_before && r->before == ONCE_waiting) {
		r->before = ONCE_running;
		kind = ACTION_before;
	} else if (r->phase == PHASE_after && r->after == ONCE_waiting) {
		r->after = ONCE_running;
		kind = ACTION_after;
	} else if (r->phase == PHASE_waves && r->policy.judge && r->bake_until >= 0 &&
		   r->clock >= r->bake_until && r->judged != HEALTH_pass &&
		   (r->judged_at < r->bake_until || r->clock - r->judged_at >= probe_interval(r)) &&
		   r->wave + 1 < rollout_waves(r)) {
		kind = ACTION_judge;
	}
	if (kind == ACTION_none)
		return;
	add(s, &r->doing, (struct rollout_action){ .kind = kind, .node = SIZE_MAX, .vsn = r->to },
	    kind == ACTION_judge ? r->policy.node_ms : r->policy.once_ms);
	if (kind != ACTION_judge)
		r->progress_by = r->clock + r->policy.once_ms + r->policy.progress_ms;
}

void rollout_schedule(struct rollout *r, struct rollout_actions *actions)
{
	struct schedule s = {
		.r = r,
		.actions = actions,
		.out = rollout_unavailable(r),
		.changing = count_changing(r),
		.max_out = rollout_max_unavailable(r),
		.may_go_on = may_go_on(r),
	};

	if (r->phase == PHASE_end || r->paused != PAUSED_no)
		return;
	schedule_once(&s);
	schedule_changes(&s);
	schedule_looks(&s);
}
