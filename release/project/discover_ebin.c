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

/* app, {app, Type}, {app, Vsn}, {app, Vsn, Type} */
static void add_listed(struct discoverer *d, const struct term *item)
{
	const struct term *name = item;
	enum start_type type = START_PERMANENT;
	const char *text;

	if (item->kind == TERM_TUPLE && item->seq.len > 0) {
		const struct term *last = term_at(item, item->seq.len - 1);

		name = term_at(item, 0);
		if (item->seq.len > 1 && (text = term_atom_name(last)))
			type = discover_start_type(span_of(text));
	}
	if ((text = term_atom_name(name)))
		discover_add(&d->listed, d, span_of(text), NULL, type);
}

/* {release, {Name, Vsn}, Apps} and with a fourth element. */
static void read_relx_release(struct discoverer *d, const struct term *item, struct terms *names)
{
	const struct term *head = term_at(item, 1), *apps = term_at(item, 2);
	const char *name = head->kind == TERM_TUPLE && head->seq.len == 2
				   ? term_atom_name(term_at(head, 0))
				   : NULL;

	if (!name || !term_is_list(apps))
		return;
	terms_add(d->arena, names, term_at(head, 0));
	if (d->has_list)
		return;
	d->has_list = true;
	d->found->release = name;
	for (size_t i = 0; i < apps->seq.len; i++)
		add_listed(d, term_at(apps, i));
}

static const char *file_key(struct discoverer *d, const struct term *relx, const char *key)
{
	const struct term *value = term_proplist_get(relx, key);
	const char *path;

	if (!value || !term_get_string(value, d->arena, &path) || !discover_has(d, path))
		return NULL;
	return path;
}

static void read_relx(struct discoverer *d, const struct term *relx)
{
	struct terms names = { 0 };
	const char **items;

	for (size_t i = 0; i < relx->seq.len; i++) {
		const struct term *item = term_at(relx, i);

		if (term_is_tagged(item, "release", 3) || term_is_tagged(item, "release", 4))
			read_relx_release(d, item, &names);
	}
	items = arena_array(d->arena, names.len, const char *);
	for (size_t i = 0; i < names.len; i++)
		items[i] = term_atom_name(names.items[i]);
	d->found->releases = (struct names){ items, names.len };
	d->found->sys_config = file_key(d, relx, "sys_config");
	d->found->vm_args = file_key(d, relx, "vm_args");
}

static int read_config(struct discoverer *d, struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	const struct term *config, *relx;

	if (discover_read(&text, d, "rebar.config", err) ||
	    term_parse_all(&config, d->arena, str_span(&text), "rebar.config", err))
		return -1;
	relx = term_proplist_get(config, "relx");
	if (relx && term_is_list(relx))
		read_relx(d, relx);
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
