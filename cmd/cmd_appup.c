// SPDX-License-Identifier: Apache-2.0
/* relevo appup OLD NEW: writes the appups, or judges those that exist. */
#include "base/file.h"
#include "base/json.h"
#include "cmd/two_releases.h"

struct appup_opts {
	const char *appups;
	const char *out;
	bool check, suspend_always;
};

/* clang-format off */
static const struct option appup_cli[] = {
	OPT_TEXT(struct appup_opts, appups, 0, "appups", "DIR",
		 "appups written by hand: DIR/FROM-TO/APP.appup"),
	OPT_TEXT(struct appup_opts, out, 'o', "out", "DIR",
		 "write DIR/APP.appup for each changed application, instead of printing"),
	OPT_FLAG(struct appup_opts, check, 'c', "check",
		 "only judge the appups written by hand; exit 4 when one is invalid or incomplete"),
	OPT_FLAG(struct appup_opts, suspend_always, 0, "suspend-always",
		 "suspend the processes of every module that changed, also where they can go on"),
	OPT_END,
};
/* clang-format on */

/* Each file into the folder; *written receives their names. */
static int write_all(json_t *written, struct arena *arena, const struct appups *appups,
		     const char *dir, struct error *err)
{
	if (dir_make(dir, err))
		return -1;
	for (size_t i = 0; i < appups->len; i++) {
		owned_str struct str text = STR_EMPTY;
		const char *file =
			arena_printf(arena, "%s/%s.appup", dir, appups->items[i].app->name);

		term_print_file(&text, appups->items[i].term);
		if (file_write(file, str_span(&text), 0644, err))
			return -1;
		json_array_append_new(written, json_text(file));
	}
	return 0;
}

static void print_all(const struct appups *appups)
{
	for (size_t i = 0; i < appups->len; i++) {
		owned_str struct str text = STR_EMPTY;

		term_print_pretty(&text, appups->items[i].term);
		print("%%%% %s: %s\n", appups->items[i].app->name,
		      appups->items[i].source == APPUP_GENERATED ? "generated"
								 : appups->items[i].file);
		print_lines(stdout, str_span(&text));
		print(".\n");
	}
}

static size_t findings(const struct reasons *reasons)
{
	size_t bad = 0;

	for (size_t i = 0; i < reasons->len; i++)
		bad += reasons->items[i].severity >= SEVERITY_WARN;
	return bad;
}

static void print_check(const struct appups *appups, const struct reasons *reasons)
{
	size_t by_hand = 0;

	for (size_t i = 0; i < appups->len; i++)
		by_hand += appups->items[i].source != APPUP_GENERATED;
	print_reasons(reasons);
	if (findings(reasons) == 0)
		print("%zu changed application%s, %zu appup%s written by hand, nothing to "
		      "complain of\n",
		      appups->len, appups->len == 1 ? "" : "s", by_hand, by_hand == 1 ? "" : "s");
}

static void print_written(const json_t *written)
{
	const json_t *file;
	size_t i;

	json_array_foreach (written, i, file)
		print("%s\n", json_string_value(file));
}

static void report(const struct call *call, const struct appups *appups,
		   const struct reasons *reasons, const json_t *written)
{
	const struct appup_opts *opts = call->opts;

	if (call->json)
		print_json(json_pack("{s:o, s:o, s:O}", "appups", appups_json(appups), "reasons",
				     reasons_json(reasons), "written", written));
	else if (opts->check)
		print_check(appups, reasons);
	else if (opts->out)
		print_written(written);
	else
		print_all(appups);
	for (size_t i = 0; i < reasons->len && !call->json && !opts->check; i++)
		warn("%s: %s", reason_name(reasons->items[i].code), reasons->items[i].message);
}

static int appup_run(const struct call *call, struct error *err)
{
	const struct appup_opts *opts = call->opts;
	owned_two_releases struct two_releases two = { 0 };
	owned_modules struct modules *modules = NULL;
	struct appup_options options = { .dir = opts->appups,
					 .suspend_always = opts->suspend_always };
	owned_json json_t *written = json_array();
	struct reasons reasons = { 0 };
	struct appups appups;
	struct diff *diff;

	if (two_releases_open(&two, call, err) ||
	    diff_make(&diff, &two.arena, two.old_release, two.new_release, err))
		return -1;
	modules = modules_new(&two.arena, diff);
	if (appups_make(&appups, modules, &options, &reasons, err))
		return -1;
	reasons_sort(&reasons);
	if (opts->out && !opts->check && write_all(written, &two.arena, &appups, opts->out, err))
		return -1;
	report(call, &appups, &reasons, written);
	if (!opts->check || findings(&reasons) == 0)
		return 0;
	error_set_(err, ERROR_REFUSED, "appups: %zu finding%s", findings(&reasons),
		   findings(&reasons) == 1 ? "" : "s");
	return error_code(err, "appups_wanting");
}

/* clang-format off */
const struct command cmd_appup = {
	.name = "appup",
	.args = "OLD NEW",
	.summary = "Appups for what changed between two releases",
	.description =
		"Prints or writes an appup for each changed application: the one written by hand where "
		"there is one, else a generated one. With --check those written by hand are compared "
		"with what really changed: modules that are not mentioned, or mentioned without need.",
	.examples =
		"relevo appup old/ new/ --out rel/appups/1.0.0-1.1.0  # a start for writing by hand\n"
		"relevo appup old/ new/ --appups rel/appups --check  # for CI\n",
	.group = "Upgrades",
	.args_min = 2,
	.args_max = 2,
	.options = appup_cli,
	.opts_size = sizeof(struct appup_opts),
	.run = appup_run,
};
/* clang-format on */
