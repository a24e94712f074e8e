// SPDX-License-Identifier: Apache-2.0
#include "upgrade/diff/diff.h"

#include "base/parallel.h"
#include "upgrade/diff/diff_modules.h"

#include <stdlib.h>

const char *change_name(enum change change)
{
	static const char *const names[] = {
#define X(name, text) [CHANGE_##name] = text,
		CHANGES(X)
#undef X
	};

	return names[change];
}

/* Files are read and compared on all cores; each application has its own arena for that. */
struct comparison {
	struct diff *diff;
	struct app_diff **by_size;
	struct arena *arenas;
};

static struct places places_of(const struct comparison *comparison, const char *old_dir,
			       const char *new_dir)
{
	return (struct places){
		.old_tree = comparison->diff->old_release->tree,
		.new_tree = comparison->diff->new_release->tree,
		.old_dir = old_dir,
		.new_dir = new_dir,
	};
}

/* ---- one application ---- */

static bool same_term(const struct term *a, const struct term *b)
{
	return a == b || (a && b && term_equal(a, b));
}

/* priv lies beside ebin. */
static const char *priv_dir(struct arena *arena, const struct resolved_app *app)
{
	return path_join(arena, path_dir(arena, app->app->dir), "priv");
}

static bool is_nif(const char *path)
{
	return span_ends(span_of(path), ".so");
}

static bool is_migration(const char *path)
{
	return span_starts(span_of(path), "migrations/") || strstr(path, "/migrations/");
}

static struct names only(struct arena *arena, struct names names, bool (*wanted)(const char *name))
{
	const char **some = arena_array(arena, names.len, const char *);
	size_t len = 0;

	for (size_t i = 0; i < names.len; i++)
		if (wanted(names.items[i]))
			some[len++] = names.items[i];
	return (struct names){ some, len };
}

static int compare_priv(struct app_diff *app, struct arena *arena, const struct places *places,
			struct error *err)
{
	struct names added;

	if (compare_files(&app->priv, &added, arena, places, err))
		return -1;
	app->nifs = only(arena, app->priv, is_nif);
	app->migrations = only(arena, added, is_migration);
	return 0;
}

/* Of an application that was not there before, only that. */
static int find_migrations(struct app_diff *app, struct arena *arena,
			   const struct comparison *comparison, struct error *err)
{
	struct places places = places_of(comparison, NULL, priv_dir(arena, app->new_app));
	struct names all, added;

	if (app->new_app->app->outside)
		return 0;
	if (compare_files(&all, &added, arena, &places, err))
		return error_wrap(err, "application %s", app->name);
	app->migrations = only(arena, added, is_migration);
	return 0;
}

static int compare_app(struct app_diff *app, struct arena *arena,
		       const struct comparison *comparison, struct error *err)
{
	const struct app *a = app->old_app->app, *b = app->new_app->app;
	struct places ebin = places_of(comparison, a->dir, b->dir), priv;

	if (a->outside || b->outside) {
		app->change = strcmp(a->vsn, b->vsn) == 0 ? CHANGE_SAME : CHANGE_CHANGED;
		return 0;
	}
	priv = places_of(comparison, priv_dir(arena, app->old_app), priv_dir(arena, app->new_app));
	if (compare_modules(&app->modules, &app->same, arena, &ebin, a->modules, b->modules, err) ||
	    compare_priv(app, arena, &priv, err))
		return error_wrap(err, "application %s", app->name);
	app->mod_changed = !same_term(a->mod, b->mod);
	app->start_phases_changed = !same_term(a->start_phases, b->start_phases);
	if (strcmp(a->vsn, b->vsn) != 0 || app->modules.len > 0 || app->priv.len > 0)
		app->change = CHANGE_CHANGED;
	return 0;
}

const char *app_diff_old_vsn(const struct app_diff *app)
{
	return app->old_app ? app->old_app->app->vsn : NULL;
}

const char *app_diff_new_vsn(const struct app_diff *app)
{
	return app->new_app ? app->new_app->app->vsn : NULL;
}

bool app_diff_not_bumped(const struct app_diff *app)
{
	return app->change == CHANGE_CHANGED &&
	       strcmp(app_diff_old_vsn(app), app_diff_new_vsn(app)) == 0;
}

/* ---- all of them ---- */

static int compare_erts(const struct comparison *comparison, struct arena *arena, struct error *err)
{
	struct diff *diff = comparison->diff;
	const struct release *a = diff->old_release, *b = diff->new_release;
	const char *emulator = arena_printf(arena, "erts-%s/bin/beam.smp", a->erts);
	const struct places places = places_of(comparison, emulator, emulator);
	bool same = true;

	diff->erts_changed = strcmp(a->erts, b->erts) != 0;
	if (!diff->erts_changed && tree_has(a->tree, emulator) && tree_has(b->tree, emulator) &&
	    compare_file(&same, &places, err))
		return -1;
	diff->erts_rebuilt = !same;
	return 0;
}

static void list_apps(struct diff *diff, struct arena *arena)
{
	const struct resolved *olds = diff->old_release->resolved;
	const struct resolved *news = diff->new_release->resolved;

	diff->apps = arena_array(arena, olds->len + news->len, struct app_diff);
	for (size_t i = 0; i < news->len; i++) {
		struct app_diff *app = &diff->apps[diff->len++];

		app->name = news->apps[i].app->name;
		app->new_app = &news->apps[i];
		app->old_app = resolved_find(olds, app->name);
		app->change = app->old_app ? CHANGE_SAME : CHANGE_ADDED;
	}
	for (size_t i = 0; i < olds->len; i++) {
		const char *name = olds->apps[i].app->name;

		if (!resolved_find(news, name))
			diff->apps[diff->len++] = (struct app_diff){ .name = name,
								     .change = CHANGE_REMOVED,
								     .old_app = &olds->apps[i] };
	}
}

/* The modules whose .beam files lie in a folder. */
static int list_modules(struct names *out, struct arena *arena, const struct tree *tree,
			const char *dir, struct error *err)
{
	struct dir_entry *entries;
	const char **names;
	size_t len, count = 0;

	*out = (struct names){ NULL, 0 };
	if (!dir)
		return 0;
	if (tree_list(&entries, &len, arena, tree, dir, err))
		return -1;
	names = arena_array(arena, len, const char *);
	for (size_t i = 0; i < len; i++) {
		struct span name = span_of(entries[i].name);

		if (!span_ends(name, ".beam") || entries[i].is_dir)
			continue;
		name.len -= strlen(".beam");
		names[count++] = arena_dup(arena, name);
	}
	*out = (struct names){ names, count };
	return 0;
}

static int compare_protocols(const struct comparison *comparison, struct arena *arena,
			     struct error *err)
{
	struct diff *diff = comparison->diff;
	const struct release *a = diff->old_release, *b = diff->new_release;
	struct places places = places_of(comparison, a->consolidated, b->consolidated);
	struct names same;

	if (list_modules(&diff->old_protocols, arena, a->tree, a->consolidated, err) ||
	    list_modules(&diff->new_protocols, arena, b->tree, b->consolidated, err) ||
	    compare_modules(&diff->protocols, &same, arena, &places, diff->old_protocols,
			    diff->new_protocols, err))
		return error_wrap(err, "consolidated protocols");
	return 0;
}

/* The emulator, which is the largest file, the protocols, and then each application. */
static int compare_nth(void *context, size_t nr, struct error *err)
{
	const struct comparison *comparison = context;
	struct arena *arena = &comparison->arenas[nr];
	struct app_diff *app;

	if (nr == 0)
		return compare_erts(comparison, arena, err);
	if (nr == 1)
		return compare_protocols(comparison, arena, err);
	app = comparison->by_size[nr - 2];
	if (!app->new_app)
		return 0;
	return app->old_app ? compare_app(app, arena, comparison, err)
			    : find_migrations(app, arena, comparison, err);
}

static size_t size_of(const struct app_diff *app)
{
	return (app->new_app ? app->new_app : app->old_app)->app->modules.len;
}

static int larger_first(const void *a, const void *b)
{
	size_t a_size = size_of(*(struct app_diff *const *)a);
	size_t b_size = size_of(*(struct app_diff *const *)b);

	return (a_size < b_size) - (a_size > b_size);
}

/* Small ones last: no core waits long for another. */
static int compare_all(struct comparison *comparison, struct arena *arena, struct error *err)
{
	struct diff *diff = comparison->diff;
	size_t len = 2 + diff->len;
	int ret;

	comparison->arenas = arena_array(arena, len, struct arena);
	comparison->by_size = arena_array(arena, diff->len, struct app_diff *);
	for (size_t i = 0; i < diff->len; i++)
		comparison->by_size[i] = &diff->apps[i];
	qsort(comparison->by_size, diff->len, sizeof(struct app_diff *), larger_first);
	ret = parallel(len, compare_nth, comparison, err);
	for (size_t i = 0; i < len; i++)
		arena_join(arena, &comparison->arenas[i]);
	return ret;
}

int diff_make(struct diff **out, struct arena *arena, const struct release *old_release,
	      const struct release *new_release, struct error *err)
{
	struct diff *diff = arena_new(arena, struct diff);
	struct comparison comparison = { .diff = diff };
	int ret;

	diff->old_release = old_release;
	diff->new_release = new_release;
	list_apps(diff, arena);
	ret = compare_all(&comparison, arena, err);
	if (ret || compare_config(diff, arena, err))
		return -1;
	*out = diff;
	return 0;
}

const struct app_diff *diff_find(const struct diff *diff, const char *app)
{
	for (size_t i = 0; i < diff->len; i++)
		if (strcmp(diff->apps[i].name, app) == 0)
			return &diff->apps[i];
	return NULL;
}
