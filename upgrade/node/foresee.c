// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/foresee.h"

#include "upgrade/node/parcel.h"
#include "upgrade/node/upgrade.h"

#include <inttypes.h>

enum { FORESEE_MS = 60000 };

static struct foreseen_texts texts_of(struct arena *arena, const struct term *list)
{
	const char **items;
	size_t len = 0;

	if (!list || !term_is_list(list))
		return (struct foreseen_texts){ NULL, 0 };
	items = arena_array(arena, list->seq.len, const char *);
	for (size_t i = 0; i < list->seq.len; i++)
		len += term_get_text(term_at(list, i), arena, &items[len]);
	return (struct foreseen_texts){ items, len };
}

static int look_at_processes(struct foreseen *out, struct upgrade *u, struct error *err)
{
	const struct term *steps = bundle_up(u->bundle, u->arena, u->running->vsn);
	const struct binding bindings[] = {
		{ "Steps", steps ? steps : &term_nil },
		{ "Config", u->bundle->config ? u->bundle->config : &term_nil },
	};
	const struct term *answer, *space, *count;

	if (node_run(&answer, NULL, u->node, u->arena, SCRIPT_foresee, bindings,
		     ARRAY_LEN(bindings), deadline_in(FORESEE_MS), err))
		return -1;
	if (!term_is_list(answer))
		return error_set(err, ERROR_INVALID, "%s: an answer of another shape",
				 node_name(u->node));
	out->silent = texts_of(u->arena, term_proplist_get(answer, "silent"));
	out->lingering = texts_of(u->arena, term_proplist_get(answer, "lingering"));
	out->config = texts_of(u->arena, term_proplist_get(answer, "config"));
	count = term_proplist_get(answer, "suspends");
	if (count)
		term_get_integer(count, &out->suspends);
	space = term_proplist_get(answer, "free");
	if (!space || !term_get_integer(space, &out->free_bytes))
		out->free_bytes = -1;
	return 0;
}

static int look_at_files(struct foreseen *out, struct upgrade *u, struct error *err)
{
	owned_parcel struct parcel parcel = { .file = NULL };

	out->release_bytes = u->bundle->size;
	if (releases_find(&u->releases, u->bundle->vsn))
		return 0;
	if (parcel_pack(&parcel, u->node, u->arena, u->bundle, err))
		return -1;
	out->lacked_bytes = parcel.size;
	out->needed_bytes = parcel.size + parcel.room;
	return 0;
}

static void judge_room(const struct foreseen *found, struct terms *refusals, struct arena *arena)
{
	if (found->free_bytes < 0 || found->free_bytes >= found->needed_bytes)
		return;
	terms_add(arena, refusals,
		  term_string(arena, arena_printf(arena,
						  "no room on the disk: %" PRId64 " MB are free, "
						  "%" PRId64 " MB are needed",
						  found->free_bytes >> 20,
						  (found->needed_bytes >> 20) + 1)));
}

int node_foresee(struct foreseen *out, struct node *node, struct arena *arena,
		 const struct bundle *bundle, const struct install_options *options,
		 struct error *err)
{
	struct upgrade u = { .node = node, .arena = arena, .options = options, .bundle = bundle };
	struct foreseen found = { .name = bundle->name, .vsn = bundle->vsn };
	struct terms refusals = { 0 };

	if (upgrade_peek(&u, err) || preflight_faults(&refusals, &u, err))
		return -1;
	found.from = u.running->vsn;
	found.already = strcmp(found.from, found.vsn) == 0;
	if (!found.already &&
	    (look_at_processes(&found, &u, err) || look_at_files(&found, &u, err)))
		return -1;
	judge_room(&found, &refusals, arena);
	found.refusals = texts_of(arena, term_list_of(arena, &refusals));
	*out = found;
	return 0;
}
