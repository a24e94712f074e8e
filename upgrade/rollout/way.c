// SPDX-License-Identifier: Apache-2.0
#include "upgrade/rollout/way.h"

#include "release/read/release.h"
#include "release/read/store.h"
#include "upgrade/plan/carried.h"
#include "upgrade/plan/obey.h"
#include "upgrade/plan/plan.h"

#include <stdlib.h>

struct known {
	const char *from, *manifest;
	struct way_found found;
	struct known *next;
};

struct ways {
	struct arena arena;
	struct ways_options options;
	struct known *known;
};

int ways_open(struct ways **out, const struct ways_options *options, struct error *err)
{
	struct reasons none = { 0 };
	struct ways *ways;

	if (reasons_allow(&none, options->allow, err))
		return -1;
	ways = mem_zero(1, sizeof(*ways));
	ways->options = *options;
	*out = ways;
	return 0;
}

void ways_free(struct ways *ways)
{
	if (!ways)
		return;
	arena_done(&ways->arena);
	free(ways);
}

/* "nif_changed: …" of each reason, in one line. */
static const char *joined(struct arena *arena, struct names texts)
{
	owned_str struct str text = STR_EMPTY;

	for (size_t i = 0; i < texts.len; i++)
		str_addf(&text, "%s%s", i ? "; " : "", texts.items[i]);
	return arena_dup(arena, str_span(&text));
}

static void no_hot(struct way_found *found, const char *why)
{
	found->way = WAY_restart;
	found->text = why;
}

/* A fleet is taken nowhere hot with a warning that nobody has allowed: it would be told to nobody.
 */
static int take_plan(struct ways *ways, struct way_found *found, const struct plan *plan,
		     struct error *err)
{
	struct obeyed hot, cold;

	if (obey(&hot, &ways->arena, &plan->reasons, ways->options.allow, OBEY_HOT, err) ||
	    obey(&cold, &ways->arena, &plan->reasons, ways->options.allow, OBEY_RESTART, err))
		return -1;
	found->verdict = verdict_name(plan->verdict);
	found->reversible = plan->reversible;
	if (cold.answer == OBEY_REFUSED)
		found->text = joined(&ways->arena, cold.texts);
	else if (hot.answer != OBEY_GO)
		no_hot(found, joined(&ways->arena, hot.texts));
	else if (!plan->reversible)
		no_hot(found, "there is no way back while it runs");
	else
		found->way = WAY_hot;
	return 0;
}

/* Built anew under the same version, it is another release. */
static int same_build(bool *out, struct arena *arena, const struct release *release,
		      const char *manifest, struct error *err)
{
	const char *digest;

	if (carried_digest(&digest, arena, release, err))
		return -1;
	*out = !manifest[0] || !digest[0] || strcmp(digest, manifest) == 0;
	return 0;
}

static int plan_pair(struct ways *ways, struct known *known, const char *path, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_release struct release *old_release = NULL, *new_release = NULL;
	const char *paths[2] = { path, ways->options.release };
	struct plan_options options = { .appups = { .dir = ways->options.appups } };
	struct plan *plan;
	bool same;

	if (release_open_two(&old_release, &new_release, paths, err) ||
	    same_build(&same, &arena, old_release, known->manifest, err))
		return -1;
	if (!same) {
		no_hot(&known->found,
		       arena_printf(&ways->arena, "the node runs another build of %s than %s",
				    known->from, path));
		return 0;
	}
	return plan_make(&plan, &arena, old_release, new_release, &options, err) ||
			       take_plan(ways, &known->found, plan, err)
		       ? -1
		       : 0;
}

static void find(struct ways *ways, struct known *known)
{
	const struct bundle *bundle = ways->options.bundle;
	const char *path = ways->options.store ? store_find(&ways->arena, ways->options.store,
							    bundle->name, known->from)
					       : NULL;
	struct error err;

	if (strcmp(known->from, bundle->vsn) == 0) {
		known->found.way = WAY_hot;
		known->found.reversible = true;
	} else if (!path) {
		no_hot(&known->found,
		       arena_printf(&ways->arena, "%s %s, which it runs, is not in the store",
				    bundle->name, known->from));
	} else if (plan_pair(ways, known, path, &err)) {
		known->found.text =
			arena_printf(&ways->arena, "no plan from %s: %s", known->from, err.text);
	} else if (known->found.way == WAY_hot &&
		   (!bundle_up(bundle, &ways->arena, known->from) ||
		    !bundle_down(bundle, &ways->arena, known->from))) {
		no_hot(&known->found,
		       arena_printf(&ways->arena, "the relup in %s knows no way from %s and back",
				    bundle->file, known->from));
	}
}

const struct way_found *ways_find(struct ways *ways, const char *from, const char *manifest)
{
	struct known *known;

	for (known = ways->known; known; known = known->next)
		if (strcmp(known->from, from) == 0 && strcmp(known->manifest, manifest) == 0)
			return &known->found;
	known = arena_new(&ways->arena, struct known);
	known->from = arena_dup(&ways->arena, span_of(from));
	known->manifest = arena_dup(&ways->arena, span_of(manifest));
	known->found = (struct way_found){ .verdict = "", .text = "" };
	find(ways, known);
	known->next = ways->known;
	ways->known = known;
	return &known->found;
}
