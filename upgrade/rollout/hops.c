// SPDX-License-Identifier: Apache-2.0
#include "upgrade/rollout/hops.h"

#include "release/read/store.h"

enum { LOOKED_AT_MAX = 64 }; /* tarballs */

/* Releases from which `to` is reached, those of fewer hops first. */
struct search {
	struct arena arena;
	const char *store;
	struct {
		const struct bundle *bundle;
		int64_t hops; /* from there to the end */
	} queue[LOOKED_AT_MAX];
	size_t len;
};

static bool is_known(const struct search *s, const char *vsn)
{
	for (size_t i = 0; i < s->len; i++)
		if (strcmp(s->queue[i].bundle->vsn, vsn) == 0)
			return true;
	return false;
}

static void look_at(struct search *s, const char *name, const char *vsn, int64_t hops)
{
	struct bundle *bundle = arena_new(&s->arena, struct bundle);
	const char *path = store_find(&s->arena, s->store, name, vsn);
	struct error ignored;

	if (s->len == LOOKED_AT_MAX || is_known(s, vsn) || !path ||
	    bundle_read(bundle, &s->arena, path, &ignored))
		return;
	s->queue[s->len].bundle = bundle;
	s->queue[s->len++].hops = hops;
}

/* One that can be reached from `from` in one hop; else what leads there is looked at next. */
static bool starts_at(struct search *s, size_t nr, const char *from, int64_t most)
{
	const struct bundle *bundle = s->queue[nr].bundle;
	int64_t hops = s->queue[nr].hops + 1;
	const struct term *ups =
		bundle->relup && bundle->relup->seq.len > 1 ? term_at(bundle->relup, 1) : NULL;

	for (size_t i = 0; ups && term_is_list(ups) && i < ups->seq.len; i++) {
		const struct term *entry = term_at(ups, i);
		const char *vsn;

		if (!term_is_tuple(entry, 3) ||
		    !term_get_string(term_at(entry, 0), &s->arena, &vsn) ||
		    !bundle_down(bundle, &s->arena, vsn))
			continue;
		if (strcmp(vsn, from) == 0 && nr > 0)
			return true;
		if (hops < most)
			look_at(s, bundle->name, vsn, hops);
	}
	return false;
}

const char *hops_find(struct arena *arena, const char *store, const struct bundle *to,
		      const char *from, int64_t most)
{
	struct search s = { .arena = ARENA_EMPTY, .store = store };
	const char *found = NULL;

	s.queue[s.len++].bundle = to;
	for (size_t i = 0; store && i < s.len && !found; i++)
		if (starts_at(&s, i, from, most))
			found = arena_dup(arena, span_of(s.queue[i].bundle->vsn));
	arena_done(&s.arena);
	return found;
}
