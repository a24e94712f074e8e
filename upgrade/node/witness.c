// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/witness.h"

#include <string.h>

struct hearing {
	struct node_releases *releases;
	const struct witnesses *w;
	struct arena *arena;
	struct node_release *items;
	/* As release_handler has it; NULL: none. */
	struct node_release *current, *permanent;
	struct node_release *runs, *boots;
	size_t known; /* so many of the items it knows */
};

static struct node_release *find(const struct hearing *j, const char *vsn)
{
	for (size_t i = 0; i < j->releases->len; i++)
		if (strcmp(j->items[i].vsn, vsn) == 0)
			return &j->items[i];
	return NULL;
}

static struct node_release *in_state(const struct hearing *j, enum release_state state)
{
	for (size_t i = 0; i < j->releases->len; i++)
		if (j->items[i].state == state)
			return &j->items[i];
	return NULL;
}

/* release_handler says current of what it installed since the VM booted, and it only. */
static void find_out(struct hearing *j)
{
	j->current = in_state(j, RELEASE_CURRENT);
	j->permanent = in_state(j, RELEASE_PERMANENT);
	j->runs = j->current ? j->current : find(j, j->w->booted_vsn);
	if (!j->runs)
		j->runs = j->permanent;
	j->boots = j->w->start_is_there ? find(j, j->w->start_vsn) : NULL;
	if (!j->boots)
		j->boots = j->permanent;
}

static void add_missing(struct hearing *j, const char *vsn)
{
	if (*vsn && !find(j, vsn))
		j->items[j->releases->len++] = (struct node_release){ .name = j->w->booted_name,
								      .vsn = vsn,
								      .state = RELEASE_UNPACKED };
}

/* A copy of the list, with what runs and what boots, where release_handler does not know it. */
static void take_items(struct hearing *j)
{
	struct node_releases *releases = j->releases;
	bool ours = strcmp(releases->items[0].name, j->w->booted_name) == 0;

	j->items = arena_array(j->arena, releases->len + 2, struct node_release);
	for (size_t i = 0; i < releases->len; i++)
		j->items[i] = releases->items[i];
	releases->items = j->items;
	j->known = releases->len;
	if (ours && !in_state(j, RELEASE_CURRENT))
		add_missing(j, j->w->booted_vsn);
	if (ours && j->w->start_is_there)
		add_missing(j, j->w->start_vsn);
}

static void set_states(struct hearing *j)
{
	for (size_t i = 0; i < j->releases->len; i++) {
		struct node_release *each = &j->items[i];

		if (each == j->boots)
			each->state = RELEASE_PERMANENT;
		else if (each == j->runs)
			each->state = RELEASE_CURRENT;
		else if (each->state == RELEASE_PERMANENT || each->state == RELEASE_CURRENT)
			each->state = RELEASE_OLD;
	}
}

static void say(struct hearing *j, const char *name, enum way_out way, const char *text)
{
	struct node_trouble *trouble = arena_new(j->arena, struct node_trouble);

	*trouble = (struct node_trouble){ .name = name, .text = text, .way = way };
	j->releases->trouble = trouble;
}

static void judge_boot(struct hearing *j)
{
	const struct witnesses *w = j->w;
	const char *permanent = j->permanent->vsn;

	if (*w->start_vsn && !w->start_is_there)
		say(j, "boots_nothing", j->current ? WAY_COMMIT : WAY_ANY,
		    arena_printf(j->arena,
				 "start_erl.data names %s, which is not there: %s does "
				 "not boot",
				 w->start_vsn, j->runs->name));
	else if (!j->current && j->runs != j->permanent && strcmp(w->start_vsn, w->booted_vsn) == 0)
		say(j, "records_behind", j->runs->libs_len ? WAY_ANY : WAY_COMMIT,
		    arena_printf(j->arena,
				 "%s was booted, and start_erl.data names it, but RELEASES "
				 "says that %s is permanent",
				 w->booted_vsn, permanent));
	else if (!j->current && j->runs != j->permanent)
		say(j, "booted_other", WAY_COMMIT,
		    arena_printf(j->arena, "the VM was started as %s, though %s is permanent",
				 w->booted_vsn, permanent));
	else if (*w->start_vsn && strcmp(w->start_vsn, permanent) != 0)
		say(j, "boots_other", WAY_COMMIT,
		    arena_printf(
			    j->arena,
			    "start_erl.data names %s, but release_handler holds %s for permanent",
			    w->start_vsn, permanent));
	else if (w->records_differ)
		say(j, "records_differ", WAY_COMMIT,
		    "RELEASES is not what release_handler has read and written there: somebody "
		    "else wrote it");
}

/* What it writes when it was started without RELEASES and something is unpacked later. */
static bool is_made_up(const struct hearing *j, const struct node_release *release)
{
	return release < j->items + j->known && release->libs_len == 0;
}

static void judge(struct hearing *j)
{
	if (j->w->copy_is_left && j->releases->file_fault[0]) {
		say(j, "records_cut", WAY_ANY,
		    "the node died while RELEASES was written; a copy of it is there");
		j->releases->file_fault = "";
	} else if (j->releases->file_fault[0]) {
		return; /* that is its name */
	} else if (is_made_up(j, j->permanent) || is_made_up(j, j->runs)) {
		say(j, "records_invented", WAY_ADOPT,
		    arena_printf(j->arena,
				 "RELEASES does not say what belongs to %s, which runs: "
				 "release_handler has made the entry up",
				 j->runs->vsn));
	} else {
		judge_boot(j);
	}
}

void releases_judge(struct node_releases *releases, const struct witnesses *witnesses,
		    struct arena *arena)
{
	struct hearing j = { .releases = releases, .w = witnesses, .arena = arena };

	if (releases->len == 0)
		return;
	take_items(&j);
	find_out(&j);
	if (!j.permanent)
		return;
	judge(&j);
	set_states(&j);
}
