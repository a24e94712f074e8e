// SPDX-License-Identifier: Apache-2.0
#include "upgrade/plan/plan_via.h"

#include "base/name_table.h"
#include "release/read/store.h"

/* ---- releases between ---- */

static int open_between(struct release **list, size_t *len, struct arena *arena, const char *store,
			const char *name, const char *low, const char *high, struct error *err)
{
	const char *vsn;

	if (store_previous(&vsn, arena, store, name, high, err))
		return -1;
	while (vsn && *len < VIA_MAX && version_compare(vsn, low) > 0) {
		const char *path = store_find(arena, store, name, vsn);

		if (path && release_open(&list[*len], path, err))
			return -1;
		*len += path != NULL;
		if (store_previous(&vsn, arena, store, name, vsn, err))
			return -1;
	}
	return 0;
}

static void reverse(struct release **list, size_t len)
{
	for (size_t i = 0; i < len / 2; i++) {
		struct release *other = list[len - 1 - i];

		list[len - 1 - i] = list[i];
		list[i] = other;
	}
}

int via_open(struct release ***out, size_t *len, struct arena *arena, const char *store,
	     const struct release *old_release, const struct release *new_release,
	     struct error *err)
{
	struct release **list = arena_array(arena, VIA_MAX, struct release *);
	bool up = version_compare(old_release->vsn, new_release->vsn) < 0;
	size_t found = 0;
	int ret = open_between(list, &found, arena, store, new_release->name,
			       up ? old_release->vsn : new_release->vsn,
			       up ? new_release->vsn : old_release->vsn, err);

	if (ret) {
		for (size_t i = 0; i < found; i++)
			release_free(list[i]);
		return -1;
	}
	if (up)
		reverse(list, found);
	*out = list;
	*len = found;
	return 0;
}

/* ---- the shortest way ---- */

struct place {
	bool reached, done;
	unsigned cost;
	size_t from;
	struct plan *plan; /* of the hop from there to here */
};

struct search {
	struct arena *arena;
	struct release *const *releases;
	size_t len;
	const struct plan_options *options;
	struct place *places;
};

/* Hops count before warnings, of which there are never that many. */
enum { HOP_COST = 1 << 16 };

static unsigned cost_of(const struct plan *plan)
{
	unsigned warnings = 0;

	for (size_t i = 0; i < plan->reasons.len && warnings < HOP_COST / VIA_MAX / 2; i++)
		warnings += plan->reasons.items[i].severity == SEVERITY_WARN &&
			    !plan->reasons.items[i].allowed;
	return HOP_COST + warnings;
}

static int try_hop(struct search *search, size_t from, size_t to, struct error *err)
{
	struct place *place = &search->places[to];
	unsigned cost = search->places[from].cost;
	struct plan *plan;

	/* Another hop cannot be better than one that is as cheap without it. */
	if (place->done || (place->reached && place->cost <= cost + HOP_COST))
		return 0;
	if (plan_make(&plan, search->arena, search->releases[from], search->releases[to],
		      search->options, err))
		return error_wrap(err, "%s to %s", search->releases[from]->vsn,
				  search->releases[to]->vsn);
	if (plan->verdict > VERDICT_HOT_WITH_WARNINGS)
		return 0;
	cost += cost_of(plan);
	if (!place->reached || cost < place->cost)
		*place =
			(struct place){ .reached = true, .cost = cost, .from = from, .plan = plan };
	return 0;
}

/* The nearest that is reached and not done; search->len: none. */
static size_t nearest(const struct search *search)
{
	size_t best = search->len;

	for (size_t i = 0; i < search->len; i++)
		if (search->places[i].reached && !search->places[i].done &&
		    (best == search->len || search->places[i].cost < search->places[best].cost))
			best = i;
	return best;
}

static int walk(struct search *search, struct error *err)
{
	size_t goal = search->len - 1, at;

	search->places[0].reached = true;
	while ((at = nearest(search)) < search->len && at != goal) {
		search->places[at].done = true;
		/* The goal first: it may make the others needless. */
		for (size_t to = goal; to > at; to--)
			if (try_hop(search, at, to, err))
				return -1;
	}
	return 0;
}

/* ---- what the hops mean together ---- */

static bool changes(const struct plan *plan, const char *module)
{
	for (size_t i = 0; i < plan->diff->len; i++) {
		const struct module_diff *diff =
			module_diffs_find(plan->diff->apps[i].modules, module);

		if (diff && diff->change != CHANGE_ADDED)
			return true;
	}
	return false;
}

static void judge_next(struct plan_path *path, struct arena *arena, const struct plan *first,
		       const struct plan *second)
{
	for (size_t i = 0; i < first->diff->len; i++) {
		const struct app_diff *app = &first->diff->apps[i];

		for (size_t j = 0; j < app->modules.len; j++) {
			const char *module = app->modules.items[j].name;

			if (app->modules.items[j].change != CHANGE_CHANGED ||
			    !changes(second, module))
				continue;
			reason_add(
				arena, &path->reasons, REASON_second_purge, app->name, module,
				"%s changes in %s and again in %s: processes that are still in its "
				"first code are killed by the second",
				module_shown(module), first->diff->new_release->vsn,
				second->diff->new_release->vsn)
				->hint =
				"commit the first, and look that nobody lingers in old code "
				"(`relevo node check`), before the second";
			path->reasons.items[path->reasons.len - 1].severity = SEVERITY_INFO;
		}
	}
}

static void read_path(struct plan_path *path, const struct search *search)
{
	size_t goal = search->len - 1, len = 0;

	for (size_t at = goal; at != 0; at = search->places[at].from)
		len++;
	path->hops = arena_array(search->arena, len, struct plan *);
	path->len = len;
	for (size_t at = goal; at != 0; at = search->places[at].from)
		path->hops[--len] = search->places[at].plan;
	for (size_t i = 0; i + 1 < path->len; i++)
		judge_next(path, search->arena, path->hops[i], path->hops[i + 1]);
}

int plan_path_find(struct plan_path *out, struct arena *arena, struct release *const *releases,
		   size_t len, const struct plan_options *options, struct error *err)
{
	struct search search = { arena, releases, len, options,
				 arena_array(arena, len, struct place) };
	struct plan_path path = { 0 };

	if (walk(&search, err))
		return -1;
	if (search.places[len - 1].reached)
		read_path(&path, &search);
	*out = path;
	return 0;
}
