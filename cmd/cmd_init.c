// SPDX-License-Identifier: Apache-2.0
/* relevo init: a relevo.yaml for the project that is found here. */
#include "base/file.h"
#include "base/json.h"
#include "cmd/output.h"
#include "release/project/discover.h"

enum { GITIGNORE_MAX = 1 << 20 };

struct init_opts {
	const char *project;
	bool force;
};

/* clang-format off */
static const struct option init_cli[] = {
	OPT_TEXT(struct init_opts, project, 'C', "project", "DIR",
		 "the project's folder (default: this one)"),
	OPT_FLAG(struct init_opts, force, 'f', "force", "replace a relevo.yaml that is there"),
	OPT_END,
};
/* clang-format on */

static int write_yaml(const char *path, const struct discovered *found, bool force,
		      struct error *err)
{
	owned_str struct str text = STR_EMPTY;

	if (!force && path_exists(path)) {
		error_set_(err, ERROR_REFUSED, "%s is there already; nothing was changed", path);
		return error_hint(err, "--force replaces it.");
	}
	discovered_yaml(&text, found);
	return file_write(path, str_span(&text), 0644, err);
}

/* Finished releases are no sources.  Where git is not used nothing is written. */
static int ignore_releases(bool *written, struct arena *arena, const char *dir, struct error *err)
{
	static const char line[] = "/releases/";
	const char *path = path_join(arena, dir, ".gitignore");
	owned_str struct str text = STR_EMPTY;
	struct span rest, part;

	*written = false;
	if (!path_exists(path) && !path_exists(path_join(arena, dir, ".git")))
		return 0;
	if (path_exists(path) && file_read(path, GITIGNORE_MAX, &text, err))
		return -1;
	rest = str_span(&text);
	while (span_next(&rest, '\n', &part)) {
		part = span_trim(part);
		if (span_is(part, line) || span_is(part, "releases/") ||
		    span_is(part, "/releases") || span_is(part, "releases"))
			return 0;
	}
	if (text.len && text.ptr[text.len - 1] != '\n')
		str_addc(&text, '\n');
	str_addf(&text, "%s\n", line);
	*written = true;
	return file_write(path, str_span(&text), 0644, err);
}

/* "MIX_ENV=prod mix compile && relevo build" */
static const char *next_step(struct arena *arena, const struct discovered *found, const char *dir)
{
	const char *compile = found->compiled ? NULL : discovered_compile(found);

	if (strcmp(dir, ".") == 0)
		return arena_printf(arena, "%s%srelevo build", compile ? compile : "",
				    compile ? " && " : "");
	if (!compile)
		return arena_printf(arena, "relevo build -C %s", dir);
	return arena_printf(arena, "cd %s && %s && relevo build", dir, compile);
}

struct written {
	const char *path; /* the relevo.yaml */
	bool gitignore;
	const char *next; /* what to do now */
};

static void report(const struct discovered *found, const struct written *written)
{
	owned_table struct table *table = table_new(3);

	print("%s, release %s%s%s\n", discovered_kind_name(found->kind),
	      style_on(stdout, STYLE_BOLD), found->release, style_off(stdout));
	for (size_t i = 0; i < found->len; i++)
		table_row(table, found->apps[i].name, start_type_name(found->apps[i].type),
			  found->apps[i].dir ? found->apps[i].dir : "of a dependency, or OTP");
	table_print(table, stdout, "  ", false);
	if (found->releases.len > 1)
		print("one of %zu releases that the project describes; the others were left out\n",
		      found->releases.len);
	if (found->left_out.len) {
		print("not taken over:");
		for (size_t i = 0; i < found->left_out.len; i++)
			print("%s %s", i ? "," : "", found->left_out.items[i]);
		print(" (relevo help config has the keys; hooks run commands)\n");
	}
	print("wrote %s%s\n\nNext: %s\n", written->path,
	      written->gitignore ? ", and /releases/ into .gitignore" : "", written->next);
}

static void report_json(const struct discovered *found, const struct written *written)
{
	json_t *apps = json_array(), *left_out = json_array();

	for (size_t i = 0; i < found->left_out.len; i++)
		json_array_append_new(left_out, json_text(found->left_out.items[i]));

	for (size_t i = 0; i < found->len; i++)
		json_array_append_new(apps, json_pack("{s:o, s:s, s:o}", "name",
						      json_text(found->apps[i].name), "start",
						      start_type_name(found->apps[i].type),
						      "folder", json_text(found->apps[i].dir)));
	print_json(json_pack("{s:s, s:o, s:o, s:o, s:o, s:b, s:b, s:o}", "kind",
			     discovered_kind_name(found->kind), "name", json_text(found->release),
			     "applications", apps, "left_out", left_out, "file",
			     json_text(written->path), "gitignore", written->gitignore, "compiled",
			     found->compiled, "next", json_text(written->next)));
}

static int init_run(const struct call *call, struct error *err)
{
	const struct init_opts *opts = call->opts;
	const char *dir = opts->project ? opts->project : ".";
	owned_arena struct arena arena = ARENA_EMPTY;
	struct discovered *found;
	struct written w = { "relevo.yaml", false, NULL };

	if (opts->project)
		w.path = path_join(&arena, dir, w.path);
	if (discover(&found, &arena, dir, err) || write_yaml(w.path, found, opts->force, err) ||
	    ignore_releases(&w.gitignore, &arena, dir, err))
		return -1;
	w.next = next_step(&arena, found, dir);
	if (call->json)
		report_json(found, &w);
	else
		report(found, &w);
	return 0;
}

/* clang-format off */
const struct command cmd_init = {
	.name = "init",
	.args = "",
	.summary = "Write a relevo.yaml for the project found here",
	.description =
		"Looks for a Mix project (an umbrella, or a single one), a rebar3 project, or folders "
		"with compiled applications, and writes a relevo.yaml with comments that builds it. "
		"The default release that mix.exs or rebar.config describes, or the first, is taken over, "
		"with its options; those that cannot be are named. Where git is used, .gitignore gets "
		"the folder of finished releases.\n"
		"\n"
		"Nothing is run: mix.exs is only skimmed, so what it computes is not found. A "
		"relevo.yaml that is there already is not replaced, but for --force.",
	.examples =
		"relevo init && MIX_ENV=prod mix compile && relevo build\n"
		"relevo init -C apps/shop --force",
	.group = "Building releases",
	.args_max = 0,
	.options = init_cli,
	.opts_size = sizeof(struct init_opts),
	.run = init_run,
};
/* clang-format on */
