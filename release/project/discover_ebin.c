// SPDX-License-Identifier: Apache-2.0
/* Projects of Erlang: rebar3's, and folders of applications that something else compiles. */
#include "erlang/term/term.h"
#include "release/project/discover_parts.h"

static const char *const places[] = { "apps", "lib", "deps" };

/* Each NAME<suffix> in DIR/SUB is an application in DIR. */
static int add_files(struct discovered_apps *apps, struct discoverer *d, const char *dir,
		     const char *sub, const char *suffix, struct error *err)
{
	const char *full = path_join(d->arena, d->dir, path_join(d->arena, dir, sub));
	struct dir_entry *entries;
	size_t len;

	if (!path_is_dir(full))
		return 0;
	if (dir_list(&entries, &len, d->arena, full, err))
		return -1;
	for (size_t i = 0; i < len; i++) {
		struct span name = span_of(entries[i].name);

		if (entries[i].is_dir || !span_ends(name, suffix))
			continue;
		name.len -= strlen(suffix);
		discover_add(apps, d, name, dir[0] ? dir : ".", START_PERMANENT);
	}
	return 0;
}

/* ---- rebar3 ---- */

static int add_sources(struct discoverer *d, const char *dir, struct error *err)
{
	return add_files(&d->own, d, dir, "src", ".app.src", err) ||
			       add_files(&d->own, d, dir, "src", ".app.src.script", err)
		       ? -1
		       : 0;
}

/* rebar3's own order: apps/, lib/, the project itself. */
static int find_sources(struct discoverer *d, struct error *err)
{
	for (size_t i = 0; i < 2; i++) {
		struct names names;

		if (discover_folders(&names, d, places[i], err))
			return -1;
		for (size_t k = 0; k < names.len; k++)
			if (add_sources(d, path_join(d->arena, places[i], names.items[k]), err))
				return -1;
	}
	return add_sources(d, "", err);
}

static int read_config(struct discoverer *d, struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	const struct term *config;

	if (discover_read(&text, d, "rebar.config", err) ||
	    term_parse_all(&config, d->arena, str_span(&text), "rebar.config", err))
		return -1;
	discover_relx(d, config);
	return 0;
}

int discover_rebar(struct discoverer *d, struct error *err)
{
	static const char *const libs[] = { "_build/default/lib" };

	if (find_sources(d, err))
		return -1;
	if (!discover_has(d, "rebar.config")) {
		/* Sources that something else compiles: what counts is the ebin. */
		d->own.len = 0;
		return 0;
	}
	d->found->kind = DISCOVERED_REBAR;
	d->found->libs = (struct names){ libs, 1 };
	return read_config(d, err);
}

/* ---- ebin ---- */

int discover_ebin(struct discoverer *d, struct error *err)
{
	const char **libs = arena_array(d->arena, ARRAY_LEN(places) + 1, const char *);
	struct discovered_apps deps = { 0 };
	size_t len = 0;

	if (add_files(&d->own, d, "", "ebin", ".app", err))
		return -1;
	if (d->own.len)
		libs[len++] = "ebin";
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		struct discovered_apps *into = strcmp(places[i], "deps") == 0 ? &deps : &d->own;
		size_t before = into->len;
		struct names names;

		if (discover_folders(&names, d, places[i], err))
			return -1;
		for (size_t k = 0; k < names.len; k++)
			if (add_files(into, d, path_join(d->arena, places[i], names.items[k]),
				      "ebin", ".app", err))
				return -1;
		if (into->len > before)
			libs[len++] = places[i];
	}
	d->found->kind = DISCOVERED_EBIN;
	d->found->libs = (struct names){ libs, len };
	return 0;
}
