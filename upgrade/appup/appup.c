// SPDX-License-Identifier: Apache-2.0
#include "upgrade/appup/appup.h"

#include "base/json.h"
#include "upgrade/appup/appup_parts.h"
#include "upgrade/diff/stays.h"

const char *appup_source_name(enum appup_source source)
{
	static const char *const names[] = { "generated", "folder", "release" };

	return names[source];
}

static int find_changed(struct appup_work *work, struct error *err)
{
	const struct diff *diff = work->diff;
	struct appups *appups = work->appups;

	appups->items = arena_array(work->arena, diff->len, struct appup_made);
	for (size_t i = 0; i < diff->len; i++) {
		const struct app_diff *app = &diff->apps[i];
		struct appup_made *made = &appups->items[appups->len];

		if (app->change != CHANGE_CHANGED || app_diff_not_bumped(app))
			continue;
		made->app = app;
		if (appup_read(work, made, err))
			return -1;
		appups->len++;
	}
	return 0;
}

static const struct term *entry(struct arena *arena, const struct appup_made *made,
				const struct term *script)
{
	return term_tuple(arena, term_string(arena, app_diff_old_vsn(made->app)), script);
}

/* The entry for this very version comes first, so that it is the one that counts;
 * entries for others stay.
 */
static const struct term *entries(struct arena *arena, const struct appup_made *made,
				  const struct term *script, const struct term *others)
{
	const struct term *vsn = term_string(arena, app_diff_old_vsn(made->app));
	struct terms list = { 0 };

	if (script)
		terms_add(arena, &list, entry(arena, made, script));
	for (size_t i = 0; others && i < others->seq.len; i++) {
		const struct term *other = term_at(others, i);

		if (!term_is_tuple(other, 2) || !term_equal(term_at(other, 0), vsn))
			terms_add(arena, &list, other);
	}
	return term_list_of(arena, &list);
}

static void finish(struct arena *arena, struct appup_made *made)
{
	const struct term *old = made->term;

	made->term = term_tuple(arena, term_string(arena, app_diff_new_vsn(made->app)),
				entries(arena, made, made->up, old ? term_at(old, 1) : NULL),
				entries(arena, made, made->down, old ? term_at(old, 2) : NULL));
}

/* Generates and checks, with all that is needed for it. */
static void work_out(struct appup_work *work)
{
	struct appups *appups = work->appups;

	for (size_t i = 0; i < appups->len; i++)
		appup_children(work, &appups->items[i]);
	appup_deps(work);
	appup_order(work);
	for (size_t i = 0; i < appups->len; i++) {
		if (appups->items[i].source == APPUP_GENERATED)
			appup_generate(work, &appups->items[i]);
		else
			appup_check(work, &appups->items[i]);
	}
}

static bool same_scripts(const struct appup_made *a, const struct appup_made *b)
{
	return term_equal(a->up, b->up) && a->down && b->down && term_equal(a->down, b->down);
}

/* What would come of them if all that are shipped were generated; *any: whether some are shipped.
 */
static struct appups try_generated(struct appup_work *work, bool *any)
{
	const struct appups *appups = work->appups;
	struct appups *tried = arena_new(work->arena, struct appups);

	*tried = *appups;
	tried->items = arena_array(work->arena, appups->len, struct appup_made);
	*any = false;
	for (size_t i = 0; i < appups->len; i++) {
		tried->items[i] = appups->items[i];
		if (appups->items[i].source == APPUP_SHIPPED) {
			tried->items[i].source = APPUP_GENERATED;
			*any = true;
		}
	}
	work->appups = tried;
	if (*any)
		work_out(work);
	return *tried;
}

/* Marks those that were generated; whether all were that are shipped. */
static bool find_own(struct appups *appups, const struct appups *tried)
{
	bool all = true;

	for (size_t i = 0; i < appups->len; i++) {
		if (appups->items[i].source != APPUP_SHIPPED)
			continue;
		if (same_scripts(&appups->items[i], &tried->items[i]))
			appups->items[i].source = APPUP_GENERATED;
		else
			all = false;
	}
	return all;
}

/* `relevo build` puts the appups that it generates beside the .app files: those are no work of
 * hands, and judged as what they are.
 */
static void work_out_all(struct appup_work *work)
{
	owned_name_table struct name_table *names = name_table_new();
	struct reasons reasons = *work->reasons;
	struct appup_work again = *work;
	struct appups tried;
	bool any;

	again.names = names;
	again.reasons = &reasons;
	reasons.cap = reasons.len; /* those that are there stay as they are */
	tried = try_generated(&again, &any);
	if (find_own(work->appups, &tried) && any) {
		*work->appups = tried;
		*work->reasons = reasons;
	} else {
		work_out(work);
	}
}

int appups_make(struct appups *out, struct modules *modules, const struct appup_options *options,
		struct reasons *reasons, struct error *err)
{
	owned_name_table struct name_table *names = name_table_new();
	struct appups appups = { 0 };
	struct appup_work work = { .arena = modules->arena,
				   .diff = modules->diff,
				   .options = options,
				   .reasons = reasons,
				   .appups = &appups,
				   .modules = modules,
				   .names = names };

	states_prepare(modules);
	if (find_changed(&work, err))
		return -1;
	work_out_all(&work);
	appup_protocols(&work);
	for (size_t i = 0; i < appups.len; i++)
		finish(work.arena, &appups.items[i]);
	if (modules_check(modules, err))
		return -1;
	*out = appups;
	return 0;
}

const struct appup_made *appups_find(const struct appups *appups, const char *app)
{
	for (size_t i = 0; i < appups->len; i++)
		if (strcmp(appups->items[i].app->name, app) == 0)
			return &appups->items[i];
	return NULL;
}

bool appup_restarts(const struct appup_made *made)
{
	return script_restarts(made->up);
}

struct appup *appups_for_relup(struct arena *arena, const struct appups *appups)
{
	struct appup *list = arena_array(arena, appups->len, struct appup);

	for (size_t i = 0; i < appups->len; i++)
		list[i] = (struct appup){ appups->items[i].app->name, appups->items[i].term,
					  appups->items[i].file };
	return list;
}

json_t *appups_json(const struct appups *appups)
{
	json_t *list = json_array();

	for (size_t i = 0; i < appups->len; i++) {
		const struct appup_made *made = &appups->items[i];
		owned_str struct str text = STR_EMPTY;

		term_print(&text, made->term);
		json_array_append_new(list, json_pack("{s:o, s:s, s:o, s:o}", "application",
						      json_text(made->app->name), "source",
						      appup_source_name(made->source), "file",
						      made->source == APPUP_GENERATED
							      ? json_null()
							      : json_text(made->file),
						      "term", json_text(str_text(&text))));
	}
	return list;
}
