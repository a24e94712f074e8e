// SPDX-License-Identifier: Apache-2.0
#include "release/choose.h"

#include <stdlib.h>

struct choice {
	const char *name, *vsn;
	enum start_type type;
};

struct chooser {
	struct arena *arena;
	struct lib_path path;
	struct choice *chosen;
	size_t len, cap;
	struct error *err;
};

static struct choice *find_choice(struct chooser *c, const char *name)
{
	for (size_t i = 0; i < c->len; i++)
		if (strcmp(c->chosen[i].name, name) == 0)
			return &c->chosen[i];
	return NULL;
}

/* The .app of the first folder in the path that has one; NULL: nowhere. */
static int find_app(struct chooser *c, const char *name, struct app **out)
{
	*out = NULL;
	for (size_t i = 0; i < c->path.dirs.len; i++) {
		const char *dir = c->path.dirs.items[i];

		if (tree_has(tree_system(), arena_printf(c->arena, "%s/%s.app", dir, name)))
			return app_read(out, c->arena, tree_system(), dir, name, c->err);
	}
	return 0;
}

static int add(struct chooser *c, const char *name, enum start_type type, const char *needed_by);

static int add_all(struct chooser *c, struct names names, const struct app *app)
{
	for (size_t i = 0; i < names.len; i++)
		if (!find_choice(c, names.items[i]) &&
		    add(c, names.items[i], START_PERMANENT, app->name))
			return -1;
	return 0;
}

static bool is_optional(struct chooser *c, const char *name, const char *needed_by)
{
	struct app *app = NULL;

	return needed_by && find_app(c, needed_by, &app) == 0 && app && names_have(app->optional, name);
}

/* Adds an application, then all it needs (each once, so this ends). */
static int add(struct chooser *c, const char *name, enum start_type type, const char *needed_by)
{
	struct app *app;

	if (find_choice(c, name))
		return 0;
	if (find_app(c, name, &app))
		return -1;
	if (!app && is_optional(c, name, needed_by))
		return 0;
	if (!app) {
		error_set_(c->err, ERROR_NOT_FOUND, "no application %s%s%s%s", name,
			   needed_by ? " (needed by " : "", needed_by ? needed_by : "",
			   needed_by ? ")" : "");
		return error_hint(c->err, "Looked for %s.app in %zu folders; is it compiled, and its "
				  "folder in \"libs\"?", name, c->path.dirs.len);
	}
	c->chosen = arena_grow(c->arena, c->chosen, c->len, &c->cap);
	c->chosen[c->len++] = (struct choice){ app->name, app->vsn, type };
	return add_all(c, app->applications, app) || add_all(c, app->includes, app) ? -1 : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct rel_app *)a)->name, ((const struct rel_app *)b)->name);
}

static void take(struct chooser *c, struct rel_app *apps, size_t *len, const char *name)
{
	const struct choice *choice = find_choice(c, name);

	for (size_t i = 0; i < *len; i++)
		if (strcmp(apps[i].name, name) == 0)
			return;
	if (choice)
		apps[(*len)++] = (struct rel_app){ .name = choice->name, .vsn = choice->vsn,
						   .type = choice->type };
}

static void order(struct chooser *c, const struct project *project, struct rel_app *apps,
		  size_t *len)
{
	static const char *const first[] = { "kernel", "stdlib", "elixir", "sasl" };
	size_t named;

	for (size_t i = 0; i < ARRAY_LEN(first); i++)
		take(c, apps, len, first[i]);
	for (size_t i = 0; i < project->apps_len; i++)
		take(c, apps, len, project->apps[i].name);
	take(c, apps, len, "iex");
	named = *len;
	for (size_t i = 0; i < c->len; i++)
		take(c, apps, len, c->chosen[i].name);
	qsort(apps + named, *len - named, sizeof(*apps), by_name);
}

static int find_version(struct chooser *c, const struct project *project, const char **out)
{
	struct app *app;

	if (project->version_from == VERSION_TEXT) {
		*out = project->version;
		return 0;
	}
	if (find_app(c, project->apps[0].name, &app))
		return -1;
	*out = app->vsn;
	return 0;
}

static int add_everything(struct chooser *c, const struct project *project)
{
	for (size_t i = 0; i < project->apps_len; i++)
		if (add(c, project->apps[i].name, project->apps[i].type, NULL))
			return -1;
	if (add(c, "kernel", START_PERMANENT, NULL) || add(c, "stdlib", START_PERMANENT, NULL) ||
	    add(c, "sasl", START_PERMANENT, NULL))
		return -1;
	return find_choice(c, "elixir") ? add(c, "iex", START_NONE, NULL) : 0;
}

int choose_applications(struct rel **out, struct arena *arena, const struct project *project,
			struct lib_path path, const char *erts, struct error *err)
{
	struct chooser c = { .arena = arena, .path = path, .err = err };
	struct rel *rel = arena_new(arena, struct rel);
	struct rel_app *apps;

	if (add_everything(&c, project))
		return error_wrap(err, "%s", project->file);
	apps = arena_array(arena, c.len, struct rel_app);
	order(&c, project, apps, &rel->len);
	rel->name = project->release;
	rel->erts = erts;
	rel->apps = apps;
	if (find_version(&c, project, &rel->vsn))
		return -1;
	*out = rel;
	return 0;
}
