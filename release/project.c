// SPDX-License-Identifier: Apache-2.0
#include "release/project.h"

#include "base/file.h"
#include "base/nearest.h"
#include "base/yaml.h"

#include <stdlib.h>

const struct project_key project_keys[] = {
	{ "release", "name", "(required)", "name of the release" },
	{ "version", "text or {from: app}", "{from: app}",
	  "its version; from the first application by default" },
	{ "applications", "{name: start type}", "(required)",
	  "what to start: permanent, transient, temporary, load or none" },
	{ "libs", "list of folders", "_build/prod/lib, or _build/default/lib",
	  "where the compiled applications are" },
	{ "erts", "include, none or a folder", "include", "the runtime system that is packed" },
	{ "strip", "yes or no", "true", "leave debug information and docs out of the modules" },
	{ "config.sys", "file", "config/config.exs when it is there",
	  "configuration: a sys.config, or an .exs that is evaluated now" },
	{ "config.runtime", "file", "config/runtime.exs when it is there",
	  "configuration that is evaluated at every start" },
	{ "config.vm_args", "file", "(built in)", "flags of the VM" },
	{ "config.env", "file", "(built in)", "shell script that bin/NAME reads first" },
	{ "overlays", "list of folders", "(none)", "files that are copied over the finished tree" },
	{ "store", "folder", "releases", "where finished releases are kept" },
	{ "upgrade.from", "list of versions", "[]",
	  "versions to make a relup from; \"previous\" is the newest one in the store" },
	{ "upgrade.appups", "folder", "(none)",
	  "appups written by hand: FROM-TO/APP.appup; they win over generated ones" },
	{ NULL, NULL, NULL, NULL },
};

struct reader {
	struct project *project;
	struct arena *arena;
	struct yaml yaml;
	struct error *err;
};

/* A value and where it stands. */
struct field {
	const json_t *object;
	const char *key, *path;
	const json_t *value;
};

static int wrong(struct reader *r, const struct field *f, const char *want)
{
	return error_set(r->err, ERROR_INVALID, "%s: %s: want %s",
			 yaml_where(&r->yaml, f->object, f->key), f->path, want);
}

static int get_text(struct reader *r, const struct field *f, const char **out)
{
	if (!json_is_string(f->value) || !json_string_value(f->value)[0])
		return wrong(r, f, "a text (in quotes, if it looks like a number)");
	*out = arena_dup(r->arena, span_of(json_string_value(f->value)));
	return 0;
}

static int get_path(struct reader *r, const struct field *f, const char **out)
{
	const char *path;

	if (get_text(r, f, &path))
		return -1;
	*out = path_join(r->arena, r->project->dir, path);
	return 0;
}

static int get_list(struct reader *r, const struct field *f, bool paths, struct names *out)
{
	const char **items = arena_array(r->arena, json_array_size(f->value), const char *);
	const json_t *item;
	size_t i;

	if (!json_is_array(f->value))
		return wrong(r, f, "a list: [one, two]");
	json_array_foreach(f->value, i, item) {
		struct field element = { f->object, f->key, f->path, item };

		if (paths ? get_path(r, &element, &items[i]) : get_text(r, &element, &items[i]))
			return -1;
	}
	*out = (struct names){ items, json_array_size(f->value) };
	return 0;
}

static int get_version(struct reader *r, const struct field *f)
{
	const char *from = json_string_value(json_object_get(f->value, "from"));

	if (json_is_object(f->value)) {
		if (json_object_size(f->value) != 1 || !from || strcmp(from, "app") != 0)
			return wrong(r, f, "a version such as \"1.4.0\", or {from: app}");
		r->project->version_from = VERSION_APP;
		return 0;
	}
	r->project->version_from = VERSION_TEXT;
	if (get_text(r, f, &r->project->version))
		return -1;
	if (strpbrk(r->project->version, "/ \t\n"))
		return wrong(r, f, "a version without white space and slashes");
	return 0;
}

static int get_apps(struct reader *r, const struct field *f)
{
	struct project_app *apps = arena_array(r->arena, json_object_size(f->value),
					       struct project_app);
	const char *name;
	json_t *type;
	size_t n = 0;

	if (!json_is_object(f->value) || json_object_size(f->value) == 0)
		return wrong(r, f, "{name: start type}, such as {shop: permanent}");
	json_object_foreach((json_t *)(uintptr_t)f->value, name, type) {
		struct field app = { f->value, name, f->path, type };
		int found = -1;

		for (int t = START_PERMANENT; t <= START_NONE; t++)
			if (json_is_string(type) &&
			    strcmp(json_string_value(type), start_type_name((enum start_type)t)) == 0)
				found = t;
		if (found < 0)
			return wrong(r, &app, "permanent, transient, temporary, load or none");
		apps[n++] = (struct project_app){ arena_dup(r->arena, span_of(name)),
						  (enum start_type)found };
	}
	r->project->apps = apps;
	r->project->apps_len = n;
	return 0;
}

static int get_strip(struct reader *r, const struct field *f)
{
	if (!json_is_boolean(f->value))
		return wrong(r, f, "true or false");
	r->project->strip = json_is_true(f->value);
	return 0;
}

static int get_erts(struct reader *r, const struct field *f)
{
	if (get_text(r, f, &r->project->erts))
		return -1;
	if (strcmp(r->project->erts, "include") != 0 && strcmp(r->project->erts, "none") != 0)
		r->project->erts = path_join(r->arena, r->project->dir, r->project->erts);
	return 0;
}

static int get_field(struct reader *r, const struct field *f)
{
	struct project *p = r->project;

	if (strcmp(f->path, "release") == 0)
		return get_text(r, f, &p->release);
	if (strcmp(f->path, "version") == 0)
		return get_version(r, f);
	if (strcmp(f->path, "applications") == 0)
		return get_apps(r, f);
	if (strcmp(f->path, "libs") == 0)
		return get_list(r, f, true, &p->libs);
	if (strcmp(f->path, "erts") == 0)
		return get_erts(r, f);
	if (strcmp(f->path, "strip") == 0)
		return get_strip(r, f);
	if (strcmp(f->path, "config.sys") == 0)
		return get_path(r, f, &p->sys_config);
	if (strcmp(f->path, "config.runtime") == 0)
		return get_path(r, f, &p->runtime_config);
	if (strcmp(f->path, "config.vm_args") == 0)
		return get_path(r, f, &p->vm_args);
	if (strcmp(f->path, "config.env") == 0)
		return get_path(r, f, &p->env);
	if (strcmp(f->path, "overlays") == 0)
		return get_list(r, f, true, &p->overlays);
	if (strcmp(f->path, "store") == 0)
		return get_path(r, f, &p->store);
	if (strcmp(f->path, "upgrade.from") == 0)
		return get_list(r, f, false, &p->upgrade_from);
	return get_path(r, f, &p->appups);
}

enum key_match { KEY_UNKNOWN, KEY_GROUP, KEY_VALUE };

static enum key_match match_key(const char *path)
{
	size_t len = strlen(path);

	for (const struct project_key *key = project_keys; key->path; key++) {
		if (strcmp(key->path, path) == 0)
			return KEY_VALUE;
		if (strncmp(key->path, path, len) == 0 && key->path[len] == '.')
			return KEY_GROUP;
	}
	return KEY_UNKNOWN;
}

static int unknown_key(struct reader *r, const struct field *f)
{
	struct nearest nearest = nearest_to(f->path);

	for (const struct project_key *key = project_keys; key->path; key++)
		nearest_try(&nearest, key->path);
	error_set_(r->err, ERROR_INVALID, "%s: there is no key \"%s\"",
		   yaml_where(&r->yaml, f->object, f->key), f->path);
	if (nearest_best(&nearest))
		return error_hint(r->err, "Did you mean \"%s\"?", nearest_best(&nearest));
	return error_hint(r->err, "See: relevo help config");
}

static int read_keys(struct reader *r, const json_t *object, const char *prefix)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		const char *path = prefix[0] ? arena_printf(r->arena, "%s.%s", prefix, key)
					     : arena_dup(r->arena, span_of(key));
		struct field field = { object, key, path, value };
		enum key_match match = match_key(path);
		int ret;

		if (match == KEY_UNKNOWN)
			ret = unknown_key(r, &field);
		else if (match == KEY_VALUE)
			ret = get_field(r, &field);
		else if (!json_is_object(value))
			ret = wrong(r, &field, "keys below it");
		else
			ret = read_keys(r, value, path);
		if (ret)
			return -1;
	}
	return 0;
}

static const char *if_there(struct reader *r, const char *path)
{
	const char *full = path_join(r->arena, r->project->dir, path);

	return path_exists(full) ? full : NULL;
}

static void set_defaults(struct reader *r)
{
	const char *mix = if_there(r, "_build/prod/lib"), *rebar = if_there(r, "_build/default/lib");
	const char **libs = arena_array(r->arena, 1, const char *);

	*r->project = (struct project){
		.file = r->project->file,
		.dir = r->project->dir,
		.version_from = VERSION_APP,
		.erts = "include",
		.strip = true,
		.sys_config = if_there(r, "config/config.exs"),
		.runtime_config = if_there(r, "config/runtime.exs"),
		.store = path_join(r->arena, r->project->dir, "releases"),
	};
	libs[0] = mix ? mix : rebar;
	r->project->libs = (struct names){ libs, libs[0] ? 1 : 0 };
}

static int check_whole(struct reader *r)
{
	const struct project *p = r->project;

	if (!p->release)
		return error_set(r->err, ERROR_INVALID, "%s: the key \"release\" is missing", p->file);
	if (strpbrk(p->release, "/ \t\n") || p->release[0] == '-')
		return error_set(r->err, ERROR_INVALID, "%s: release: \"%s\" cannot be a name", p->file,
				 p->release);
	if (!p->apps)
		return error_set(r->err, ERROR_INVALID, "%s: the key \"applications\" is missing",
				 p->file);
	if (p->libs.len == 0) {
		error_set_(r->err, ERROR_NOT_FOUND,
			   "%s: no compiled applications in _build/prod/lib or _build/default/lib",
			   p->dir);
		return error_hint(r->err, "Compile first (MIX_ENV=prod mix compile), or set \"libs\".");
	}
	return 0;
}

int project_read(struct project **out, struct arena *arena, const char *path, struct error *err)
{
	struct reader r = { .arena = arena, .err = err };
	int ret;

	r.project = arena_new(arena, struct project);
	r.project->file = path_is_dir(path) ? path_join(arena, path, "relevo.yaml") : arena_dup(arena, span_of(path));
	if (path_real(&r.project->dir, arena, path_dir(arena, r.project->file), err))
		return -1;
	if (!path_exists(r.project->file)) {
		error_set_(err, ERROR_NOT_FOUND, "no %s here", r.project->file);
		return error_hint(err, "Write one (relevo help config), or name it: -C DIR");
	}
	if (yaml_read(&r.yaml, r.project->file, err))
		return -1;
	set_defaults(&r);
	if (!json_is_object(r.yaml.root))
		ret = error_set(err, ERROR_INVALID, "%s: want keys and values", r.project->file);
	else
		ret = read_keys(&r, r.yaml.root, "");
	if (ret == 0)
		ret = check_whole(&r);
	yaml_done(&r.yaml);
	if (ret)
		return -1;
	*out = r.project;
	return 0;
}
