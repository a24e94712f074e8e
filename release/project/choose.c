// SPDX-License-Identifier: Apache-2.0
/* Which applications, in which modes and which order: as Mix decides it. */
#include "release/project/choose.h"

#include "base/file.h"
#include "release/project/git.h"
#include "release/read/store.h"

#include <stdlib.h>

/* How an application got in: started like this, or included by another one. */
enum { INCLUDED = START_NONE + 1 };

struct choice {
	struct app *app;
	int mode; /* enum start_type, or INCLUDED */
};

struct chooser {
	struct arena *arena;
	const struct project *project;
	struct lib_path path;
	struct choice **chosen;
	size_t len, cap;
	bool iex; /* is here for `remote` only */
	struct error *err;
};

static struct choice *find_choice(const struct chooser *c, const char *name)
{
	for (size_t i = 0; i < c->len; i++)
		if (strcmp(c->chosen[i]->app->name, name) == 0)
			return c->chosen[i];
	return NULL;
}

static const struct project_app *find_named(const struct chooser *c, const char *name)
{
	for (size_t i = 0; i < c->project->apps_len; i++)
		if (strcmp(c->project->apps[i].name, name) == 0)
			return &c->project->apps[i];
	return NULL;
}

static const char *const defaults[] = { "kernel", "stdlib", "elixir", "sasl" };

/* The mode that the project, or the rule that these run in every release, settles. */
static bool is_settled(const struct chooser *c, const char *name, int *mode)
{
	const struct project_app *named = find_named(c, name);

	if (named) {
		*mode = (int)named->type;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(defaults); i++)
		if (strcmp(defaults[i], name) == 0) {
			*mode = START_PERMANENT;
			return true;
		}
	return false;
}

/* ---- finding ---- */

/* The folder that holds APP-VSN of APP-VSN/ebin. */
static const char *home_of(struct chooser *c, const char *dir)
{
	return path_dir(c->arena, path_dir(c->arena, dir));
}

/* The .app of the first folder in the path that has one, and of several versions that lie
 * beside each other the newest; NULL: nowhere.
 */
static int find_app(struct chooser *c, const char *name, struct app **out)
{
	struct app *best = NULL, *app;

	for (size_t i = 0; i < c->path.dirs.len; i++) {
		const char *dir = c->path.dirs.items[i];

		if (!tree_has(tree_system(), arena_printf(c->arena, "%s/%s.app", dir, name)))
			continue;
		if (best && strcmp(home_of(c, dir), home_of(c, best->dir)) != 0)
			break;
		if (app_read(&app, c->arena, tree_system(), dir, name, c->err))
			return -1;
		if (strcmp(app->name, name) != 0)
			return error_set(
				c->err, ERROR_INVALID,
				"%s/%s.app: holds the application %s, under another's name", dir,
				name, app->name);
		if (!best || version_compare(app->vsn, best->vsn) > 0)
			best = app;
	}
	*out = best;
	return 0;
}

static int not_found(struct chooser *c, const char *name, const struct app *needed_by)
{
	error_set_(c->err, ERROR_NOT_FOUND, "no application %s%s%s%s", name,
		   needed_by ? " (needed by " : "", needed_by ? needed_by->name : "",
		   needed_by ? ")" : "");
	return error_hint(c->err,
			  "Looked for %s.app in %zu folders; is it compiled, and its "
			  "folder in \"libs\"?",
			  name, c->path.dirs.len);
}

/* ---- the closure ---- */

static int visit(struct chooser *c, const char *name, int mode, const struct app *needed_by);

static int visit_all(struct chooser *c, struct names names, int mode, const struct app *needed_by)
{
	for (size_t i = 0; i < names.len; i++)
		if (visit(c, names.items[i], mode, needed_by))
			return -1;
	return 0;
}

static int visit_needs(struct chooser *c, const struct choice *choice)
{
	int mode = choice->mode == INCLUDED ? START_LOAD : choice->mode;

	return visit_all(c, choice->app->applications, mode, choice->app);
}

static int add(struct chooser *c, const char *name, int mode, const struct app *needed_by)
{
	struct choice *choice = arena_new(c->arena, struct choice);

	if (find_app(c, name, &choice->app))
		return -1;
	if (!choice->app && needed_by && names_have(needed_by->optional, name))
		return 0;
	if (!choice->app)
		return not_found(c, name, needed_by);
	choice->mode = mode;
	c->chosen = arena_grow(c->arena, c->chosen, c->len, &c->cap);
	c->chosen[c->len++] = choice;
	if (visit_needs(c, choice))
		return -1;
	return visit_all(c, choice->app->includes, INCLUDED, choice->app);
}

/* What was chosen for one reason is needed for another: the stronger mode counts, for all
 * that it needs as well.
 */
static int strengthen(struct chooser *c, struct choice *choice, int mode,
		      const struct app *needed_by)
{
	if (choice->mode == mode)
		return 0;
	if (choice->mode == INCLUDED || mode == INCLUDED) {
		error_set_(
			c->err, ERROR_INVALID,
			"%s is included by one application and needed by another; one of them is "
			"%s/%s.app",
			choice->app->name, needed_by->dir, needed_by->name);
		return error_hint(c->err,
				  "If that is meant, name it in \"applications\": {%s: permanent}",
				  choice->app->name);
	}
	if (mode > choice->mode)
		return 0;
	choice->mode = mode;
	return visit_needs(c, choice);
}

static int visit(struct chooser *c, const char *name, int mode, const struct app *needed_by)
{
	struct choice *choice = find_choice(c, name);
	bool settled = is_settled(c, name, &mode);

	if (!choice)
		return add(c, name, mode, needed_by);
	return settled ? 0 : strengthen(c, choice, mode, needed_by);
}

static int visit_everything(struct chooser *c)
{
	const struct project *p = c->project;

	if (visit(c, "kernel", START_PERMANENT, NULL) ||
	    visit(c, "stdlib", START_PERMANENT, NULL) || visit(c, "sasl", START_PERMANENT, NULL))
		return -1;
	for (size_t i = 0; i < p->apps_len; i++)
		if (visit(c, p->apps[i].name, (int)p->apps[i].type, NULL))
			return -1;
	c->iex = find_choice(c, "elixir") && !find_choice(c, "iex");
	return c->iex ? visit(c, "iex", START_NONE, NULL) : 0;
}

/* ---- the order ---- */

static enum start_type type_of(const struct choice *choice)
{
	return choice->mode == INCLUDED ? START_LOAD : (enum start_type)choice->mode;
}

struct ordered {
	struct rel_app *apps;
	size_t len;
};

static void take(struct ordered *o, const struct chooser *c, const char *name)
{
	const struct choice *choice = find_choice(c, name);

	for (size_t i = 0; i < o->len; i++)
		if (strcmp(o->apps[i].name, name) == 0)
			return;
	if (choice)
		o->apps[o->len++] = (struct rel_app){ .name = choice->app->name,
						      .vsn = choice->app->vsn,
						      .type = type_of(choice),
						      .has_includes = choice->app->includes.len > 0,
						      .includes = choice->app->includes };
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct rel_app *)a)->name, ((const struct rel_app *)b)->name);
}

static struct ordered order(struct chooser *c)
{
	struct ordered o = { arena_array(c->arena, c->len, struct rel_app), 0 };
	size_t named;

	for (size_t i = 0; i < ARRAY_LEN(defaults); i++)
		if (!find_named(c, defaults[i]))
			take(&o, c, defaults[i]);
	for (size_t i = 0; i < c->project->apps_len; i++)
		take(&o, c, c->project->apps[i].name);
	if (c->iex)
		take(&o, c, "iex");
	named = o.len;
	for (size_t i = 0; i < c->len; i++)
		take(&o, c, c->chosen[i]->app->name);
	qsort(o.apps + named, o.len - named, sizeof(*o.apps), by_name);
	return o;
}

/* ---- modes ---- */

static bool is_started(enum start_type type)
{
	return type != START_LOAD && type != START_NONE;
}

/* An application that starts fails to when one that it needs was not started. */
static int check_mode(struct chooser *c, const struct choice *choice)
{
	const struct app *app = choice->app;

	if (!is_started(type_of(choice)))
		return 0;
	for (size_t i = 0; i < app->applications.len; i++) {
		const struct choice *need = find_choice(c, app->applications.items[i]);

		if (!need || is_started(type_of(need)))
			continue;
		error_set_(c->err, ERROR_INVALID, "%s is %s, but it needs %s, which is %s",
			   app->name, start_type_name(type_of(choice)), need->app->name,
			   start_type_name(type_of(need)));
		return error_hint(
			c->err,
			"Start %s, or make all that need it load or none; or take the risk: "
			"skip_mode_validation_for: [%s]",
			need->app->name, app->name);
	}
	return 0;
}

static int check_modes(struct chooser *c, const struct ordered *o)
{
	struct names skip = c->project->skip_mode_validation;

	for (size_t i = 0; i < skip.len; i++)
		if (!find_choice(c, skip.items[i]))
			return error_set(c->err, ERROR_INVALID,
					 "skip_mode_validation_for: %s is not in the release",
					 skip.items[i]);
	for (size_t i = 0; i < o->len; i++)
		if (!names_have(skip, o->apps[i].name) &&
		    check_mode(c, find_choice(c, o->apps[i].name)))
			return -1;
	return 0;
}

static int find_version(struct chooser *c, const char **out)
{
	const struct project *p = c->project;

	switch (p->version_from) {
	case VERSION_TEXT:
		*out = p->version;
		return 0;
	case VERSION_GIT:
		return git_version(out, c->arena, p->dir, c->err);
	case VERSION_APP:
		break;
	}
	*out = find_choice(c, p->apps[0].name)->app->vsn;
	return 0;
}

/* It may come from a tag, or from an .app file. */
static int check_version(struct chooser *c, const char *version)
{
	if (version_is_word(version))
		return 0;
	error_set_(c->err, ERROR_INVALID,
		   "\"%s\" cannot be the version of a release: it may hold letters, digits and "
		   "_ . - + ~",
		   version);
	return error_hint(c->err, "Give another by \"version\".");
}

static int choose(struct rel **out, struct chooser *c, const char *erts)
{
	struct rel rel = { .name = c->project->release, .erts = erts };
	struct ordered o;

	if (visit_everything(c))
		return -1;
	o = order(c);
	if (check_modes(c, &o) || find_version(c, &rel.vsn) || check_version(c, rel.vsn))
		return -1;
	rel.apps = o.apps;
	rel.len = o.len;
	/* With the eyes that a .rel file is read with. */
	return rel_parse(out, c->arena, rel_term(c->arena, &rel), "applications", c->err);
}

int choose_applications(struct rel **out, struct arena *arena, const struct project *project,
			struct lib_path path, const char *erts, struct error *err)
{
	struct chooser c = { .arena = arena, .project = project, .path = path, .err = err };

	return choose(out, &c, erts) ? error_wrap(err, "%s", project->file) : 0;
}
