// SPDX-License-Identifier: Apache-2.0
/* Releases of rebar3: what the key relx of rebar.config describes. */
#include "erlang/term/term.h"
#include "release/project/discover_parts.h"
#include "release/project/fill.h"

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

/* ---- single options; false: not taken over ---- */

static bool take_bool(struct discoverer *d, const struct term *value, const char *path)
{
	if (!term_is_atom(value, "true") && !term_is_atom(value, "false"))
		return false;
	discover_word(d, path, term_is_atom(value, "true") ? "true" : "false");
	return true;
}

static bool take_erts(struct discoverer *d, const struct term *value, const char *path)
{
	const char *text;

	if (term_is_atom(value, "true"))
		return true;
	if (term_is_atom(value, "false")) {
		discover_word(d, path, "none");
		return true;
	}
	if (!term_get_string(value, d->arena, &text))
		return false;
	discover_text(d, path, text);
	return true;
}

static bool take_strip(struct discoverer *d, const struct term *value, const char *path)
{
	if (!term_is_atom(value, "keep") && !term_is_atom(value, "strip"))
		return false;
	discover_word(d, path, term_is_atom(value, "strip") ? "true" : "false");
	return true;
}

/* A file that is not there would be missed by the build only. */
static bool take_file(struct discoverer *d, const struct term *value, const char **file)
{
	const char *path;

	if (!term_get_string(value, d->arena, &path) || !discover_has(d, path))
		return false;
	*file = path;
	return true;
}

/* relevo knows them by their ending. */
static bool take_source(struct discoverer *d, const struct term *value, const char **file)
{
	const char *path;

	return take_file(d, value, &path) && fill_is_source(path) && take_file(d, value, file);
}

static bool take_sys(struct discoverer *d, const struct term *value, const char *path)
{
	(void)path;
	return d->found->sys_config || take_file(d, value, &d->found->sys_config);
}

static bool take_vm_args(struct discoverer *d, const struct term *value, const char *path)
{
	(void)path;
	return d->found->vm_args || take_file(d, value, &d->found->vm_args);
}

/* Of a file and its source the source counts. */
static bool take_sys_src(struct discoverer *d, const struct term *value, const char *path)
{
	(void)path;
	return take_source(d, value, &d->found->sys_config);
}

static bool take_vm_args_src(struct discoverer *d, const struct term *value, const char *path)
{
	(void)path;
	return take_source(d, value, &d->found->vm_args);
}

/* What relevo's releases are like anyway. */
static bool take_always(struct discoverer *d, const struct term *value, const char *path)
{
	(void)d;
	(void)path;
	return term_is_atom(value, "true");
}

static bool take_mode(struct discoverer *d, const struct term *value, const char *path)
{
	(void)d;
	(void)path;
	return term_is_atom(value, "prod") || term_is_atom(value, "dev");
}

static bool take_dev_mode(struct discoverer *d, const struct term *value, const char *path)
{
	(void)d;
	(void)path;
	return term_is_atom(value, "true") || term_is_atom(value, "false");
}

static const struct option {
	const char *name, *path;
	bool (*take)(struct discoverer *d, const struct term *value, const char *path);
} options[] = {
	{ "include_erts", "erts", take_erts },
	{ "include_src", "include_src", take_bool },
	{ "debug_info", "strip", take_strip },
	{ "sys_config_src", NULL, take_sys_src },
	{ "vm_args_src", NULL, take_vm_args_src },
	{ "sys_config", NULL, take_sys },
	{ "vm_args", NULL, take_vm_args },
	{ "extended_start_script", NULL, take_always },
	{ "mode", NULL, take_mode },
	{ "dev_mode", NULL, take_dev_mode },
};

static const struct option *find_option(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	return NULL;
}

/* In the order of the table: a source before the file it stands for. */
static void read_options(struct discoverer *d, const struct term *list)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		const struct term *value = term_proplist_get(list, options[i].name);

		if (value && !options[i].take(d, value, options[i].path))
			discover_leave_out(d, span_of(options[i].name));
	}
	for (size_t i = 0; i < list->seq.len; i++) {
		const struct term *item = term_at(list, i);
		const char *name = term_atom_name(
			item->kind == TERM_TUPLE && item->seq.len ? term_at(item, 0) : item);

		if (name && strcmp(name, "release") != 0 && !find_option(name))
			discover_leave_out(d, span_of(name));
	}
}

/* ---- releases ---- */

/* "1.0.0", git, semver; what else relx computes is not known here. */
static void read_version(struct discoverer *d, const struct term *version)
{
	const char *text;

	if (term_is_atom(version, "git") || term_is_atom(version, "semver"))
		d->found->version_by_git = true;
	else if (term_get_string(version, d->arena, &text) && version_is_word(text))
		d->found->version = text;
	else
		discover_leave_out(d, SPAN("the version of the release"));
}

static const char *name_of(const struct term *release)
{
	const struct term *head = term_at(release, 1);

	if (!term_is_tagged(release, "release", 3) && !term_is_tagged(release, "release", 4))
		return NULL;
	if (head->kind != TERM_TUPLE || head->seq.len != 2 || !term_is_list(term_at(release, 2)))
		return NULL;
	return term_atom_name(term_at(head, 0));
}

/* {release, {Name, Vsn}, Apps} and with options of its own. */
static void read_release(struct discoverer *d, const struct term *release)
{
	const struct term *apps = term_at(release, 2);

	d->has_list = true;
	d->found->release = name_of(release);
	read_version(d, term_at(term_at(release, 1), 1));
	for (size_t i = 0; i < apps->seq.len; i++)
		add_listed(d, term_at(apps, i));
	if (release->seq.len == 4 && term_is_list(term_at(release, 3)))
		read_options(d, term_at(release, 3));
}

static void read_relx(struct discoverer *d, const struct term *relx)
{
	const char **names = arena_array(d->arena, relx->seq.len, const char *);
	size_t len = 0;

	for (size_t i = 0; i < relx->seq.len; i++) {
		const char *name = name_of(term_at(relx, i));

		if (!name)
			continue;
		names[len++] = name;
		if (!d->has_list)
			read_release(d, term_at(relx, i));
	}
	d->found->releases = (struct names){ names, len };
	read_options(d, relx);
}

/* {profiles, [{prod, [{relx, [...]}]}]}: what of it differs from the default. */
static void read_profiles(struct discoverer *d, const struct term *profiles)
{
	for (size_t i = 0; i < profiles->seq.len; i++) {
		const struct term *item = term_at(profiles, i);
		const char *name = item->kind == TERM_TUPLE && item->seq.len == 2
					   ? term_atom_name(term_at(item, 0))
					   : NULL;

		if (name && term_is_list(term_at(item, 1)) &&
		    term_proplist_get(term_at(item, 1), "relx"))
			discover_leave_out(
				d, span_of(arena_printf(d->arena, "relx of the profile %s", name)));
	}
}

void discover_relx(struct discoverer *d, const struct term *config)
{
	const struct term *relx = term_proplist_get(config, "relx");
	const struct term *profiles = term_proplist_get(config, "profiles");

	if (relx && term_is_list(relx))
		read_relx(d, relx);
	if (profiles && term_is_list(profiles))
		read_profiles(d, profiles);
}
