// SPDX-License-Identifier: Apache-2.0
/* relevo init: a relevo.yaml for the project that is found here. */
#include "base/file.h"
#include "base/json.h"
#include "cmd/output.h"
#include "release/project/discover.h"

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

static void report(const struct discovered *found, const char *path, const char *next)
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
	print("wrote %s\n\nNext: %s\n", path, next);
}

static void report_json(const struct discovered *found, const char *path, const char *next)
{
	json_t *apps = json_array();

	for (size_t i = 0; i < found->len; i++)
		json_array_append_new(apps, json_pack("{s:o, s:s, s:o}", "name",
						      json_text(found->apps[i].name), "start",
						      start_type_name(found->apps[i].type),
						      "folder", json_text(found->apps[i].dir)));
	print_json(json_pack("{s:s, s:o, s:o, s:o, s:b, s:o}", "kind",
			     discovered_kind_name(found->kind), "name", json_text(found->release),
			     "applications", apps, "file", json_text(path), "compiled",
			     found->compiled, "next", json_text(next)));
}

static int init_run(const struct call *call, struct error *err)
{
	const struct init_opts *opts = call->opts;
	const char *dir = opts->project ? opts->project : ".", *path, *next;
	owned_arena struct arena arena = ARENA_EMPTY;
	struct discovered *found;

	path = opts->project ? path_join(&arena, dir, "relevo.yaml") : "relevo.yaml";
	if (discover(&found, &arena, dir, err) || write_yaml(path, found, opts->force, err))
		return -1;
	next = next_step(&arena, found, dir);
	if (call->json)
		report_json(found, path, next);
	else
		report(found, path, next);
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
		"The first release that mix.exs or rebar.config describes is taken over.\n"
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
