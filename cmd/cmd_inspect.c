// SPDX-License-Identifier: Apache-2.0
/* relevo inspect REL: what is in a release, whoever made it. */
#include "base/file.h"
#include "cmd/output.h"
#include "cmd/release_arg.h"
#include "release/read/inspect.h"
#include "release/read/verify.h"

struct inspect_opts {
	bool verify;
};

/* clang-format off */
static const struct option inspect_cli[] = {
	OPT_FLAG(struct inspect_opts, verify, 0, "verify",
		 "compare every file with the manifest; exit 4 when one differs"),
	OPT_END,
};
/* clang-format on */

/* ---- for people ---- */

static const char *join(struct arena *arena, struct names names)
{
	owned_str struct str text = STR_EMPTY;

	for (size_t i = 0; i < names.len; i++)
		str_addf(&text, "%s%s", i ? ", " : "", names.items[i]);
	return arena_dup(arena, str_span(&text));
}

static void print_provenance(const struct inspection *in)
{
	if (!in->commit)
		return;
	print("  commit %.12s", in->commit);
	if (in->branch)
		print(" on %s", in->branch);
	if (in->describe)
		print(" (%s)", in->describe);
	print("%s\n", in->dirty ? ", with changes that were not committed" : "");
}

static void print_head(const struct inspection *in)
{
	const struct release *release = in->release;
	char size[32];

	print("%s%s %s%s, made by %s\n", style_on(stdout, STYLE_BOLD), release->name, release->vsn,
	      style_off(stdout), maker_name(in->maker));
	print("  ERTS %s", release->erts);
	if (in->otp)
		print(" (OTP %s)", in->otp);
	print("%s", release->has_erts ? "" : " of the host");
	if (release->elixir)
		print(", Elixir %s", release->elixir);
	print("\n  %zu applications, %zu modules, %s\n", in->len, in->modules,
	      human_bytes(in->size, size));
	print_provenance(in);
}

static const char *start_of(const struct resolved_app *app)
{
	return app->included ? "included" : start_type_name(app->entry->type);
}

static void print_apps(const struct inspection *in, struct arena *arena)
{
	owned_table struct table *table = table_new(5);
	char size[32];

	table_row(table, "APPLICATION", "VERSION", "START", "MODULES", "    SIZE");
	for (size_t i = 0; i < in->len; i++) {
		const struct inspected_app *item = &in->apps[i];
		const struct app *app = item->app->app;

		table_row(table, app->name, app->vsn, start_of(item->app),
			  app->outside ? NULL : arena_printf(arena, "%7zu", item->modules),
			  app->outside ? " of the host"
				       : arena_printf(arena, "%8s", human_bytes(item->size, size)));
	}
	print("\n");
	table_print(table, stdout, "", true);
}

static const char *plain_module(const char *module)
{
	const char *prefix = "Elixir.";

	return strncmp(module, prefix, strlen(prefix)) == 0 ? module + strlen(prefix) : module;
}

static void add_config(struct table *table, const struct inspection *in, struct arena *arena)
{
	const struct release *release = in->release;

	table_row(
		table, "configuration",
		arena_printf(arena, "%s%s%s",
			     release->sys_config ? path_base(release->sys_config) : "no sys.config",
			     release->vm_args ? ", " : "",
			     release->vm_args ? path_base(release->vm_args) : ""));
	for (size_t i = 0; i < in->providers_len; i++)
		table_row(table, "",
			  arena_printf(arena, "%s at every start: %.200s",
				       plain_module(in->providers[i].module),
				       in->providers[i].argument));
}

static void print_parts(const struct inspection *in, struct arena *arena)
{
	owned_table struct table *table = table_new(2);
	struct names from = in->relup_from, to = in->relup_to;

	add_config(table, in, arena);
	if (in->release->consolidated)
		table_row(table, "protocols",
			  arena_printf(arena, "%zu consolidated", in->protocols));
	if (in->manifest_files)
		table_row(table, "manifest", arena_printf(arena, "%zu files", in->manifest_files));
	if (in->release->relup)
		table_row(table, "relup",
			  arena_printf(arena, "from %s%s%s",
				       from.len ? join(arena, from) : "nothing",
				       to.len ? ", back to " : ", no way back", join(arena, to)));
	print("\n");
	table_print(table, stdout, "", false);
}

static void print_ready(const char *what, bool ready)
{
	print("%s  %s%s%s\n", what, style_on(stdout, ready ? STYLE_GOOD : STYLE_WARN),
	      ready ? "yes" : "no", style_off(stdout));
}

static void print_gaps(const struct inspection *in)
{
	print("\nwhile it runs, OTP's release_handler can\n");
	print_ready("  upgrade it to another release", inspection_ready_from(in));
	print_ready("  upgrade another release to it", inspection_ready_to(in));
	for (size_t i = 0; i < in->gaps_len; i++)
		print("%s%s:%s %s\n  %s\n", style_on(stdout, STYLE_WARN), in->gaps[i].code,
		      style_off(stdout), in->gaps[i].message, in->gaps[i].hint);
}

static void print_verified(const struct verified *verified)
{
	print("\n");
	for (size_t i = 0; i < verified->len; i++)
		print("%s%s:%s %s\n", style_on(stdout, STYLE_BAD),
		      difference_name(verified->items[i].kind), style_off(stdout),
		      verified->items[i].path);
	if (verified->len == 0)
		print("all %zu files are those of the manifest\n", verified->files);
}

static void print_inspection(const struct inspection *in, struct arena *arena)
{
	print_head(in);
	print_apps(in, arena);
	print_parts(in, arena);
	print_gaps(in);
}

/* ---- the command ---- */

static int inspect_run(const struct call *call, struct error *err)
{
	const struct inspect_opts *opts = call->opts;
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_release struct release *release = NULL;
	struct verified *verified = NULL;
	struct inspection *in;
	const char *path;
	json_t *json;

	if (release_arg(&path, &arena, call->argv[0], err) || release_open(&release, path, err) ||
	    inspect(&in, &arena, release, err) ||
	    (opts->verify && release_verify(&verified, &arena, release, err)))
		return -1;
	if (call->json) {
		json = inspection_json(in);
		if (verified)
			json_object_set_new(json, "verified", verified_json(verified));
		print_json(json);
	} else {
		print_inspection(in, &arena);
		if (verified)
			print_verified(verified);
	}
	if (!verified || verified->len == 0)
		return 0;
	error_set_(err, ERROR_REFUSED, "%s: %zu of its files differ from the manifest",
		   release->path, verified->len);
	return error_code(err, "files_differ");
}

/* clang-format off */
const struct command cmd_inspect = {
	.name = "inspect",
	.args = "RELEASE",
	.summary = "What is in a release, and whether it can be upgraded while it runs",
	.description =
		"Looks into a release, a folder or a tarball, that relevo, Mix, rebar3 or systools "
		"made: applications in the order in which they start, sizes, configuration, where it "
		"was built from, and what OTP's release_handler would miss in it. Nothing is run.\n"
		"\n"
		"What is missing is told by a code that scripts can rely on: sasl_missing, "
		"releases_missing, start_erl_missing, script_missing, script_ignores_version, "
		"script_ignores_trial, rel_missing, relup_missing, relup_invalid, config_invalid.",
	.examples =
		"relevo inspect releases/shop-1.1.0.tar.gz\n"
		"relevo inspect _build/prod/rel/shop  # of mix release, or rebar3's\n"
		"relevo inspect --verify --json /opt/shop  # are the files still what was built?",
	.group = "Building releases",
	.args_min = 1,
	.args_max = 1,
	.options = inspect_cli,
	.opts_size = sizeof(struct inspect_opts),
	.run = inspect_run,
};
/* clang-format on */
