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
	struct discovered_apps apps = { 0 };

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

static void find_files(struct discoverer *d)
{
	struct discovered *found = d->found;

	if (!found->sys_config)
		found->sys_config = discover_if_there(d, "config/config.exs");
	if (!found->sys_config)
		found->sys_config = discover_if_there(d, "config/sys.config");
	if (!found->vm_args)
		found->vm_args = discover_if_there(d, "rel/vm.args.eex");
	if (!found->vm_args)
		found->vm_args = discover_if_there(d, "rel/vm.args");
	found->runtime_config = discover_if_there(d, "config/runtime.exs");
	found->env = discover_if_there(d, "rel/env.sh.eex");
	if (!found->env)
		found->env = discover_if_there(d, "rel/env.sh");
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
	*out = d.found;
	return 0;
}
