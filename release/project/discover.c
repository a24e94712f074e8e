// SPDX-License-Identifier: Apache-2.0
#include "release/project/discover.h"

#include "release/project/discover_parts.h"

const char *discovered_kind_name(enum discovered_kind kind)
{
	static const char *const names[] = { "Mix umbrella", "Mix project", "rebar3 project",
					     "ebin folders" };

	return names[kind];
}

const char *discovered_compile(const struct discovered *found)
{
	static const char *const commands[] = { "MIX_ENV=prod mix compile",
						"MIX_ENV=prod mix compile", "rebar3 compile",
						NULL };

	return commands[found->kind];
}

/* ---- applications ---- */

/* relevo puts these into every release by itself. */
static bool is_always_in(const char *name)
{
	static const char *const names[] = { "kernel", "stdlib", "sasl", "elixir", "iex" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* The project's own applications, as listed; the version is that of the first.  Then the
 * others.  A project of one application always starts that one.
 */
static void choose_apps(struct discoverer *d)
{
	const struct discovered_apps *from = d->has_list ? &d->listed : &d->own;
	const struct discovered_app *version = NULL, *listed = NULL;
	struct discovered_apps apps = { 0 };

	if (d->version_app) {
		version = discover_find(&d->own, span_of(d->version_app));
		listed = discover_find(from, span_of(d->version_app));
	}
	if (version)
		discover_add(&apps, d, span_of(version->name), version->dir,
			     listed ? listed->type : START_PERMANENT);
	if (d->own.len == 1 && !discover_find(from, span_of(d->own.items[0].name)))
		discover_add(&apps, d, span_of(d->own.items[0].name), d->own.items[0].dir,
			     START_PERMANENT);
	for (int own = 1; own >= 0; own--) {
		for (size_t i = 0; i < from->len; i++) {
			struct span name = span_of(from->items[i].name);
			const struct discovered_app *mine = discover_find(&d->own, name);

			if ((mine != NULL) == own && (own || !is_always_in(from->items[i].name)))
				discover_add(&apps, d, name, mine ? mine->dir : NULL,
					     from->items[i].type);
		}
	}
	d->found->apps = apps.items;
	d->found->len = apps.len;
}

/* The folder's name, where it can be one; else that of the first application. */
static int choose_name(struct discoverer *d, struct error *err)
{
	struct discovered *found = d->found;
	const char *full;

	if (found->release)
		return 0;
	if (d->own.len == 1) {
		found->release = d->own.items[0].name;
		return 0;
	}
	if (path_real(&full, d->arena, d->dir, err))
		return -1;
	found->release = discover_is_app_name(span_of(path_base(full))) ? path_base(full)
									: found->apps[0].name;
	return 0;
}

/* ---- all of it ---- */

static int no_project(const struct discoverer *d, struct error *err)
{
	error_set_(err, ERROR_NOT_FOUND, "%s: no project that can be built", d->dir);
	return error_hint(err,
			  "Looked for mix.exs, rebar.config, src/APP.app.src and ebin/APP.app, "
			  "here and in apps/, lib/ and deps/.");
}

static int find_project(struct discoverer *d, struct error *err)
{
	if (discover_has(d, "mix.exs"))
		return discover_mix(d, err);
	if (discover_rebar(d, err))
		return -1;
	return d->own.len ? 0 : discover_ebin(d, err);
}

/* The first of these that is there, unless the description names one. */
static void find_file(struct discoverer *d, const char **file, const char *const *places)
{
	for (; !*file && *places; places++)
		*file = discover_if_there(d, *places);
}

/* rebar3 takes its own from config/ without being told. */
static void find_files(struct discoverer *d)
{
	static const char *const sys[] = { "config/config.exs", "config/sys.config",
					   "config/sys.config.src", NULL };
	static const char *const rebar_sys[] = { "config/sys.config.src", "config/sys.config",
						 NULL };
	static const char *const rebar_vm[] = { "config/vm.args.src", "config/vm.args", NULL };
	static const char *const runtime[] = { "config/runtime.exs", NULL };
	struct discovered *found = d->found;
	const struct discovered_key *templates = discover_key(d, "templates");
	const char *rel = templates ? templates->texts.items[0] : "rel";
	const char *const vm[] = { path_join(d->arena, rel, "vm.args.eex"),
				   path_join(d->arena, rel, "vm.args"), NULL };
	const char *const env[] = { path_join(d->arena, rel, "env.sh.eex"),
				    path_join(d->arena, rel, "env.sh"), NULL };

	if (found->kind == DISCOVERED_REBAR) {
		find_file(d, &found->sys_config, rebar_sys);
		find_file(d, &found->vm_args, rebar_vm);
	}
	find_file(d, &found->sys_config, sys);
	find_file(d, &found->vm_args, vm);
	find_file(d, &found->env, env);
	if (!discover_key(d, "config.runtime"))
		find_file(d, &found->runtime_config, runtime);
	found->appups = discover_if_there(d, "rel/appups");
	for (size_t i = 0; i < found->libs.len; i++)
		found->compiled |= discover_has(d, found->libs.items[i]);
}

int discover(struct discovered **out, struct arena *arena, const char *dir, struct error *err)
{
	struct discoverer d = { .arena = arena,
				.dir = dir,
				.found = arena_new(arena, struct discovered) };

	if (!path_is_dir(dir))
		return error_set(err, ERROR_NOT_FOUND, "%s is no folder", dir);
	if (find_project(&d, err))
		return -1;
	choose_apps(&d);
	if (d.found->len == 0)
		return no_project(&d, err);
	if (choose_name(&d, err))
		return -1;
	find_files(&d);
	d.found->own = d.own.items;
	d.found->own_len = d.own.len;
	d.found->keys = d.keys;
	d.found->keys_len = d.keys_len;
	d.found->left_out = (struct names){ d.left_out, d.left_out_len };
	*out = d.found;
	return 0;
}
