// SPDX-License-Identifier: Apache-2.0
/* Finds the .app file of each application of a release along the path. */
#include "release/model/resolve.h"

#include <stdlib.h>

/* Which folders hold NAME.app, in the order of the path. */
struct places {
	const char **dirs;
	size_t len, cap;
};

static void add_folder(struct resolve *r, struct places *places, const char *dir, struct span file)
{
	struct span name = { file.ptr, file.len - strlen(".app") };
	size_t id = name_table_find(r->names, name);
	struct places *at;

	if (id == NAME_ABSENT)
		return;
	at = &places[id];
	at->dirs = arena_grow(&r->scratch, at->dirs, at->len, &at->cap);
	at->dirs[at->len++] = dir;
}

/* Looks into each folder once, whatever the number of applications. */
static int index_path(struct resolve *r, struct places *places, struct error *err)
{
	for (size_t i = 0; i < r->path.dirs.len; i++) {
		const char *dir = r->path.dirs.items[i];
		struct dir_entry *entries;
		size_t len;

		if (tree_names(&entries, &len, &r->scratch, r->tree, dir, err))
			return -1;
		for (size_t k = 0; k < len; k++)
			if (!entries[k].is_dir && span_ends(span_of(entries[k].name), ".app"))
				add_folder(r, places, dir, span_of(entries[k].name));
	}
	return 0;
}

const struct rel_app *resolve_includes_entry(const struct rel *rel, const char *name)
{
	for (size_t i = 0; i < rel->len; i++)
		if (rel->apps[i].has_includes && strcmp(rel->apps[i].name, name) == 0)
			return &rel->apps[i];
	return NULL;
}

/* The .rel may leave included applications out, but not add any. */
static int check_includes(const struct resolve *r, const struct app *app, const char *file,
			  struct error *err)
{
	const struct rel_app *entry = resolve_includes_entry(r->rel, app->name);

	for (size_t i = 0; entry && i < entry->includes.len; i++)
		if (!names_have(app->includes, entry->includes.items[i]))
			return error_otp(err, "override_include",
					 "the .rel wants it to include %s, but %s does not list it "
					 "in included_applications",
					 entry->includes.items[i], file);
	return 0;
}

/* One .app file.  *fits_out is false, and *err filled in, when the search goes on. */
static int try_file(const struct app **out, bool *fits_out, struct resolve *r,
		    const struct rel_app *entry, const char *file, struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	const struct registered *registered = registered_find(&r->path, entry->name);
	const struct term *term;
	struct app *app;

	*fits_out = false;
	if (tree_read(r->tree, file, TERM_TEXT_MAX, &text, err) ||
	    term_parse(&term, r->arena, str_span(&text), file, err))
		return 0;
	if (app_parse(&app, r->arena, term, file, err))
		return -1;
	if (strcmp(app->vsn, entry->vsn) != 0) {
		(void)error_otp(err, "no_valid_version",
				"the release wants version %s, but %s is %s", entry->vsn, file,
				app->vsn);
		return 0;
	}
	if (check_includes(r, app, file, err))
		return -1;
	if (registered)
		app->registered = registered->names;
	*fits_out = true;
	*out = app;
	return 0;
}

static bool is_remembered(const struct error *fault)
{
	return strcmp(fault->otp, "no_valid_version") == 0 || strcmp(fault->otp, "parse") == 0;
}

static int refuse_search(struct resolve *r, const struct rel_app *entry, const struct error *fault,
			 struct error *err)
{
	if (fault->otp[0]) {
		*err = *fault;
		return -1;
	}
	return error_otp(err, "not_found", "no %s.app in the %zu folders searched", entry->name,
			 r->path.dirs.len);
}

/* The first file of the right version; the first fault when there is none. */
static int search(const struct app **out, struct resolve *r, const struct rel_app *entry,
		  const struct places *places, struct error *err)
{
	struct error first = { 0 };

	for (size_t i = 0; i < places->len; i++) {
		const char *file =
			arena_printf(r->arena, "%s/%s.app", places->dirs[i], entry->name);
		struct error fault = { 0 };
		bool fits;

		if (try_file(out, &fits, r, entry, file, &fault)) {
			*err = fault;
			return -1;
		}
		if (fits)
			return 0;
		if (!first.otp[0] && is_remembered(&fault))
			first = fault;
	}
	return refuse_search(r, entry, &first, err);
}

static const struct app *outside_app(struct resolve *r, const struct rel_app *entry)
{
	struct app *app = arena_new(r->arena, struct app);

	app->name = entry->name;
	app->vsn = entry->vsn;
	app->dir = arena_printf(r->arena, "lib/%s-%s/ebin", entry->name, entry->vsn);
	app->env = &term_nil;
	app->outside = true;
	return app;
}

/* What is wrong with one entry, under the name systools lists it by. */
static int find_entry(struct resolve_app *app, struct resolve *r, const struct places *places,
		      struct error *err)
{
	const struct app *found;

	if (places[app->id].len == 0 && names_have(r->path.outside, app->entry->name)) {
		app->app = outside_app(r, app->entry);
		return 0;
	}
	if (search(&found, r, app->entry, &places[app->id], err)) {
		struct error inner = *err;
		bool is_parse = strcmp(inner.otp, "parse") == 0;

		return error_otp(err, "error_reading", "%s (%s)", inner.text,
				 is_parse ? "parse_error" : inner.otp);
	}
	if (strcmp(found->name, app->entry->name) != 0)
		return error_otp(err, "bad_application_name",
				 "%s/%s.app describes %s (bad_application_name)", found->dir,
				 app->entry->name, found->name);
	app->app = found;
	return 0;
}

static int refuse(const char *otp, const struct str *problems, size_t len, struct error *err)
{
	if (len == 1)
		error_otp_(err, otp, "application%s", str_text(problems) + strlen("\n "));
	else
		error_otp_(err, otp, "%zu applications cannot be used:%s", len, str_text(problems));
	if (!strstr(err->text, "(not_found)"))
		return -1;
	return error_hint(err, "Add the folder that holds what is not found, or take it out of the "
			       "release.");
}

int resolve_find(struct resolve *r, struct error *err)
{
	struct places *places = arena_array(&r->scratch, r->defined, struct places);
	owned_str struct str problems = STR_EMPTY;
	struct error fault = { 0 };
	size_t len = 0;

	if (index_path(r, places, err))
		return -1;
	for (size_t i = 0; i < r->len; i++) {
		struct resolve_app *app = &r->apps[i];

		if (!find_entry(app, r, places, &fault))
			continue;
		str_addf(&problems, "\n  %s %s: %s", app->entry->name, app->entry->vsn, fault.text);
		len++;
	}
	/* systools lists them from the last to the first: the name is that of the last. */
	return len ? refuse(fault.otp, &problems, len, err) : 0;
}
