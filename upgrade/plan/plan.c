// SPDX-License-Identifier: Apache-2.0
#include "upgrade/plan/plan.h"
#include "upgrade/verdict/births.h"

enum { RELUP_MAX = 16 << 20 };

struct planner {
	struct arena *arena;
	struct plan *plan;
	struct births births;
};

static bool has_way_back(const struct plan *plan)
{
	for (size_t i = 0; i < plan->appups.len; i++)
		if (!plan->appups.items[i].down || plan->appups.items[i].changes_nothing_down)
			return false;
	return true;
}

/* [{Vsn, Descr, Steps}] with the steps that hold the newly born. */
static const struct term *held_ways(struct planner *planner, const struct term *ways, bool down)
{
	struct arena *arena = planner->arena;
	struct terms list = { 0 };

	for (size_t i = 0; i < ways->seq.len; i++) {
		const struct term *way = term_at(ways, i);

		terms_add(arena, &list,
			  term_tuple(arena, term_at(way, 0), term_at(way, 1),
				     births_hold(arena, &planner->births, term_at(way, 2), down)));
	}
	return term_list_of(arena, &list);
}

static int make(struct planner *planner, bool down, struct error *err)
{
	const struct diff *diff = planner->plan->diff;
	struct relup_base base = { .release = diff->old_release->resolved };
	struct relup_input input = {
		.top = diff->new_release->resolved,
		.up = &base,
		.up_len = 1,
		.down = &base,
		.down_len = down ? 1 : 0,
		.appups = appups_for_relup(planner->arena, &planner->plan->appups),
		.appups_len = planner->plan->appups.len,
	};

	const struct term *relup;

	if (relup_make(&relup, NULL, planner->arena, &input, err))
		return -1;
	planner->plan->relup = term_tuple(planner->arena, term_at(relup, 0),
					  held_ways(planner, term_at(relup, 1), false),
					  held_ways(planner, term_at(relup, 2), true));
	return 0;
}

/* The steps of the first way in a list of {Vsn, Descr, Steps}. */
static const struct term *steps_of(const struct term *ways)
{
	return ways->seq.len > 0 ? term_at(term_at(ways, 0), 2) : &term_nil;
}

/* Up and down; up alone when there is no way down; none when there is no way up. */
static void make_relup(struct planner *planner)
{
	struct plan *plan = planner->plan;
	struct error err, why = { 0 };

	plan->up = plan->down = &term_nil;
	plan->reversible = has_way_back(plan) && make(planner, true, &why) == 0;
	if (!plan->reversible && make(planner, false, &err)) {
		reason_add(planner->arena, &plan->reasons, REASON_relup_failed, NULL, NULL,
			   "no relup can be made: %s", err.text)
			->hint = "correct what it names; until then only a restart leads there";
		return;
	}
	if (!plan->reversible && why.text[0])
		reason_add(planner->arena, &plan->reasons, REASON_not_reversible, NULL, NULL,
			   "there is no way back: %s", why.text)
			->hint = "going back takes a restart";
	plan->up = steps_of(term_at(plan->relup, 1));
	plan->down = steps_of(term_at(plan->relup, 2));
}

/* ---- the relup that lies in the new release, which is the one that runs ---- */

static int read_packed(const struct term **out, struct arena *arena, const struct release *release,
		       struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	const struct term *term;

	if (tree_read(release->tree, release->relup, RELUP_MAX, &text, err) ||
	    term_parse_one(&term, arena, str_span(&text), release->relup, err))
		return -1;
	if (!term_is_tuple(term, 3) || !term_is_list(term_at(term, 1)) ||
	    !term_is_list(term_at(term, 2)))
		return error_set(err, ERROR_INVALID, "%s is no relup", release->relup);
	*out = term;
	return 0;
}

/* The steps for `vsn` in a list of {Vsn, Descr, Steps}; NULL: none. */
static const struct term *steps_for(struct arena *arena, const struct term *ways, const char *vsn)
{
	const char *found;

	for (size_t i = 0; i < ways->seq.len; i++) {
		const struct term *way = term_at(ways, i);

		if (term_is_tuple(way, 3) && term_get_string(term_at(way, 0), arena, &found) &&
		    strcmp(found, vsn) == 0 && term_is_list(term_at(way, 2)))
			return term_at(way, 2);
	}
	return NULL;
}

static void differs(struct planner *planner, const char *way)
{
	reason_add(planner->arena, &planner->plan->reasons, REASON_relup_differs, NULL, NULL,
		   "the relup that is packed in %s does something else on the way %s than the "
		   "appups give",
		   planner->plan->diff->new_release->vsn, way)
		->hint = "the packed one runs: build the release again, or look at what it does";
}

static void compare_way(struct planner *planner, const struct term **steps, const struct term *ways,
			const char *way)
{
	const struct term *packed =
		steps_for(planner->arena, ways, planner->plan->diff->old_release->vsn);

	if (!packed || term_equal(packed, *steps))
		return;
	differs(planner, way);
	*steps = packed;
}

/* *up and *down, those that the appups give, become those that will run. */
static void take_packed(struct planner *planner, const struct term **up, const struct term **down)
{
	const struct release *release = planner->plan->diff->new_release;
	const struct term *packed;
	struct error why;

	if (!release->relup)
		return;
	if (read_packed(&packed, planner->arena, release, &why)) {
		reason_add(planner->arena, &planner->plan->reasons, REASON_relup_differs, NULL,
			   NULL, "the relup that is packed in %s cannot be read: %s", release->vsn,
			   why.text)
			->hint = "build the release again";
		return;
	}
	compare_way(planner, up, term_at(packed, 1), "up");
	compare_way(planner, down, term_at(packed, 2), "down");
}

static void judge_steps(struct planner *planner)
{
	const struct term *up = planner->plan->up, *down = planner->plan->down;

	take_packed(planner, &up, &down);
	verdict_applies(planner->arena, &planner->plan->reasons, up, down);
	births_judge(planner->arena, &planner->plan->reasons, &planner->births, up, down);
}

int plan_make(struct plan **out, struct arena *arena, const struct release *old_release,
	      const struct release *new_release, const struct plan_options *options,
	      struct error *err)
{
	struct plan *plan = arena_new(arena, struct plan);
	struct planner planner = { arena, plan, { NULL, 0 } };
	owned_modules struct modules *modules = NULL;
	owned_verdict struct judge *judge = NULL;
	struct diff *diff;

	if (diff_make(&diff, arena, old_release, new_release, err))
		return -1;
	plan->diff = diff;
	modules = modules_new(arena, diff);
	judge = verdict_begin(modules);
	if (appups_make(&plan->appups, modules, &options->appups, &plan->reasons, err))
		return -1;
	planner.births = births_find(modules);
	make_relup(&planner);
	judge_steps(&planner);
	if (verdict_reasons(judge, &plan->appups, plan->up, plan->down, &plan->reasons, err) ||
	    reasons_allow(&plan->reasons, options->allow, err))
		return -1;
	reasons_sort(&plan->reasons);
	plan->verdict = verdict_of(&plan->reasons);
	*out = plan;
	return 0;
}
