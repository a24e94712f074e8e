// SPDX-License-Identifier: Apache-2.0
/* Children that come and go between the modules that change: a child is started when what it
 * calls, also by way of added modules, is there; and what it calls is changed only after it
 * was stopped.  What hangs together with such a module goes with it.
 */
#include "upgrade/appup/appup_parts.h"

struct order {
	struct appup_work *work;
	enum side side; /* whose code calls */
	size_t *group;  /* of each module that changed: the number of another one, or its own */
	/* Of each group: 0, not wanted; N + 1, and by children of the application of number N which
	 * call what it loses.
	 */
	size_t *wanted;
	size_t app; /* whose children are looked at */
};

/* What a child is after the way that is gone; NULL: not there. */
static const struct child *after_way(const struct child_change *item, bool down)
{
	return down ? item->before : item->after;
}

bool supervisor_starts(const struct supervisor_change *change, bool down)
{
	for (size_t i = 0; i < change->len; i++)
		if (after_way(&change->items[i], down))
			return true;
	return false;
}

static bool is_moving(const struct supervisor_change *change, const char *module)
{
	for (size_t i = 0; i < change->len; i++) {
		const struct child_change *item = &change->items[i];
		const struct child *child = item->after ? item->after : item->before;

		if (!item->before != !item->after && child->module &&
		    strcmp(child->module, module) == 0)
			return true;
	}
	return false;
}

bool is_moving_child(const struct appup_work *work, const char *module)
{
	for (size_t i = 0; i < work->appups->len; i++)
		for (size_t j = 0; j < work->appups->items[i].supervisors.len; j++)
			if (is_moving(&work->appups->items[i].supervisors.items[j], module))
				return true;
	return false;
}

/* ---- groups ---- */

static size_t group_of(const struct order *order, size_t nr)
{
	while (order->group[nr] != nr) {
		order->group[nr] = order->group[order->group[nr]];
		nr = order->group[nr];
	}
	return nr;
}

static void find_groups(struct order *order, size_t len, bool down)
{
	for (size_t i = 0; i < len; i++)
		order->group[i] = i;
	for (size_t i = 0; i < len; i++) {
		const struct vertex *vertex = &order->work->vertices[i];
		struct names deps = down ? vertex->down_deps : vertex->up_deps;

		for (size_t j = 0; j < deps.len; j++) {
			size_t other = name_table_find(order->work->names, span_of(deps.items[j]));

			order->group[group_of(order, other)] = group_of(order, i);
		}
	}
}

/* ---- what is wanted ---- */

static void want(struct order *order, const char *name, const struct beam_facts *caller);

static void want_calls(struct order *order, const struct beam_facts *facts)
{
	for (size_t i = 0; facts && i < facts->imports.len; i++)
		if (vertex_find(order->work, facts->imports.items[i].module))
			want(order, facts->imports.items[i].module, facts);
}

/* Whether the way takes a function from it that the caller calls. */
static bool loses(const struct order *order, const struct vertex *vertex,
		  const struct beam_facts *caller)
{
	const struct module_diff *diff = vertex->diff;

	return caller && calls_more(caller, diff->name,
				    order->side == SIDE_OLD ? diff->new_facts : diff->old_facts);
}

/* A module that changed, or one that is added and calls others.  caller: who calls it, or NULL */
static void want(struct order *order, const char *name, const struct beam_facts *caller)
{
	struct vertex *vertex = vertex_find(order->work, name);
	size_t group, behind;

	if (!vertex || vertex->mark == order->work->walk)
		return;
	vertex->mark = order->work->walk;
	if (vertex->diff->change != CHANGE_CHANGED) {
		want_calls(order, modules_facts(order->work->modules, order->side, name));
		return;
	}
	group = group_of(order, (size_t)(vertex - order->work->vertices));
	behind = loses(order, vertex, caller) ? order->app + 1 : 1;
	if (order->wanted[group] < behind)
		order->wanted[group] = behind;
}

static void want_started(struct order *order, const char *module, const struct above *above,
			 unsigned depth)
{
	const struct above own = { above, module };
	struct children children = { 0 };

	if (is_above(above, module))
		return;
	if (vertex_find(order->work, module))
		want(order, module, NULL);
	else
		want_calls(order, modules_facts(order->work->modules, order->side, module));
	if (depth > 0)
		children = children_of(order->work, order->side, module);
	for (size_t i = 0; i < children.len; i++)
		if (children.items[i].module)
			want_started(order, children.items[i].module, &own, depth - 1);
}

/* With those that it starts itself, as a supervisor. */
static void want_child(struct order *order, const struct child *child)
{
	if (child && child->module)
		want_started(order, child->module, NULL, TREE_DEPTH);
}

static void want_init_call(void *ctx, const struct beam_function *function,
			   const struct value *const *args)
{
	(void)args;
	want(ctx, function->module, NULL);
}

/* Before children are started: they and the supervisor that learns of them. */
static void want_starts(struct order *order, const struct supervisor_change *change, bool down)
{
	if (!supervisor_starts(change, down))
		return;
	if (!change->in_application) {
		want_calls(order, modules_facts(order->work->modules, order->side, change->module));
		init_calls(order->work, order->side, change->module, want_init_call, order);
	}
	for (size_t i = 0; i < change->len; i++)
		want_child(order, after_way(&change->items[i], down));
}

static void want_stops(struct order *order, const struct supervisor_change *change, bool down)
{
	for (size_t i = 0; i < change->len; i++)
		if (!after_way(&change->items[i], down))
			want_child(order, after_way(&change->items[i], !down));
}

static void want_all(struct order *order, bool down, bool stops)
{
	const struct appups *appups = order->work->appups;

	for (size_t i = 0; i < appups->len; i++) {
		order->app = i;
		order->work->walk++;
		for (size_t j = 0; j < appups->items[i].supervisors.len; j++)
			(stops ? want_stops
			       : want_starts)(order, &appups->items[i].supervisors.items[j], down);
	}
}

/* Whether the instructions of a group can stand in another script than their application's. */
static bool can_be_carried(struct order *order, size_t group, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const struct vertex *vertex = &order->work->vertices[i];

		if (group_of(order, i) == group &&
		    (vertex->diff->change != CHANGE_CHANGED ||
		     !appup_is_ours(order->work, vertex->app) ||
		     (vertex->diff->old_facts->roles | vertex->diff->new_facts->roles) &
			     BEAM_SUPERVISOR))
			return false;
	}
	return true;
}

static void order_way(struct appup_work *work, bool down, bool stops)
{
	size_t len = name_table_len(work->names);
	/* What is started comes from where the way leads to, what is stopped from where it begins.
	 */
	struct order order = { work, down == stops ? SIDE_NEW : SIDE_OLD,
			       arena_array(work->arena, len, size_t),
			       arena_array(work->arena, len, size_t), 0 };

	find_groups(&order, len, down);
	want_all(&order, down, stops);
	for (size_t i = 0; i < len; i++) {
		struct vertex *vertex = &work->vertices[i];
		size_t group = group_of(&order, i), behind = order.wanted[group];

		if (!behind)
			continue;
		if (!stops) {
			*(down ? &vertex->early_down : &vertex->early_up) = true;
			continue;
		}
		*(down ? &vertex->late_down : &vertex->late_up) = true;
		if (behind - 1 > vertex->app && appup_is_ours(work, behind - 1) &&
		    !(down ? vertex->early_down : vertex->early_up) &&
		    can_be_carried(&order, group, len))
			vertex_carry(work, vertex, behind - 1, down);
	}
}

static bool any_moves(const struct appup_work *work)
{
	for (size_t i = 0; i < work->appups->len; i++)
		for (size_t j = 0; j < work->appups->items[i].supervisors.len; j++)
			if (work->appups->items[i].supervisors.items[j].len > 0)
				return true;
	return false;
}

void appup_order(struct appup_work *work)
{
	if (!any_moves(work))
		return;
	for (int way = 0; way < 4; way++)
		order_way(work, way & 1, way & 2);
}
