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
	bool *wanted;
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

static const struct beam_facts *facts_of(struct order *order, const char *name)
{
	struct module_at *module = modules_find(order->work->modules, order->side, name);

	return module ? module_facts(order->work->modules, order->side, module) : NULL;
}

static void want(struct order *order, const char *name);

static void want_calls(struct order *order, const struct beam_facts *facts)
{
	for (size_t i = 0; facts && i < facts->imports.len; i++)
		if (vertex_find(order->work, facts->imports.items[i].module))
			want(order, facts->imports.items[i].module);
}

/* A module that changed, or one that is added and calls others. */
static void want(struct order *order, const char *name)
{
	struct vertex *vertex = vertex_find(order->work, name);

	if (!vertex || vertex->mark == order->work->walk)
		return;
	vertex->mark = order->work->walk;
	if (vertex->diff->change == CHANGE_CHANGED)
		order->wanted[group_of(order, (size_t)(vertex - order->work->vertices))] = true;
	else
		want_calls(order, facts_of(order, name));
}

static void want_child(struct order *order, const struct child *child)
{
	if (!child || !child->module)
		return;
	if (vertex_find(order->work, child->module))
		want(order, child->module);
	else
		want_calls(order, facts_of(order, child->module));
}

/* Before children are started: they and the supervisor that learns of them. */
static void want_starts(struct order *order, const struct supervisor_change *change, bool down)
{
	if (!supervisor_starts(change, down))
		return;
	if (!change->in_application)
		want_calls(order, facts_of(order, change->module));
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

	order->work->walk++;
	for (size_t i = 0; i < appups->len; i++)
		for (size_t j = 0; j < appups->items[i].supervisors.len; j++)
			(stops ? want_stops
			       : want_starts)(order, &appups->items[i].supervisors.items[j], down);
}

static void order_way(struct appup_work *work, bool down, bool stops)
{
	size_t len = name_table_len(work->names);
	/* What is started comes from where the way leads to, what is stopped from where it begins.
	 */
	struct order order = { work, down == stops ? SIDE_NEW : SIDE_OLD,
			       arena_array(work->arena, len, size_t),
			       arena_array(work->arena, len, bool) };

	find_groups(&order, len, down);
	want_all(&order, down, stops);
	for (size_t i = 0; i < len; i++) {
		struct vertex *vertex = &work->vertices[i];

		if (!order.wanted[group_of(&order, i)])
			continue;
		if (stops)
			*(down ? &vertex->late_down : &vertex->late_up) = true;
		else
			*(down ? &vertex->early_down : &vertex->early_up) = true;
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
