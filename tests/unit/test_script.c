// SPDX-License-Identifier: Apache-2.0
/* How a start script names the folders of applications, and what it takes from OTP's own.
 * That whole scripts equal systools' is judged by tests/differential/scripts.sh.
 */
#include "release/model/otp.h"
#include "release/model/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const no_names[1];
static const struct names none = { no_names, 0 };

static struct app make_app(const char *name, const char *vsn, const char *dir)
{
	return (struct app){
		.name = name,
		.vsn = vsn,
		.dir = dir,
		.description = &term_nil,
		.id = &term_nil,
		.modules = none,
		.registered = none,
		.applications = none,
		.optional = none,
		.includes = none,
		.env = &term_nil,
		.max_t = &term_nil,
		.max_p = &term_nil,
		.term = &term_nil,
	};
}

/* The script of a release of kernel and the application a-1 in `dir`. */
static int make(const struct term **out, struct arena *arena, const char *dir,
		const struct script_options *options, struct error *err)
{
	struct app kernel = make_app("kernel", "8", "/otp/kernel-8/ebin");
	struct app app = make_app("a", "1", dir);
	struct rel_app entries[] = {
		{ .name = "kernel", .vsn = "8" },
		{ .name = "a", .vsn = "1", .type = START_TRANSIENT },
	};
	struct rel rel = { "r", "1", "13", entries, 2 };
	struct resolved_app apps[] = {
		{ &kernel, &entries[0], none, none, false },
		{ &app, &entries[1], none, none, false },
	};
	struct resolved release = { &rel, tree_system(), apps, 2 };
	struct boot_base base = { none, none };

	return script_make(out, arena, &release, &base, options, err);
}

/* clang-format off */
static const struct row {
	const char *name, *dir;
	struct script_var vars[2];
	bool local;
	const char *want;
} rows[] = {
	{ "usually", "/x/lib/a-1/ebin", { { NULL, NULL } }, false, "$ROOT/lib/a-1/ebin" },
	{ "below a variable", "/x/lib/a-1/ebin", { { "V", "/x/lib" } }, false, "$V/a-1/ebin" },
	{ "not below it", "/x/lib/a-1/ebin", { { "V", "/y" } }, false, "$ROOT/lib/a-1/ebin" },
	{ "slash at the end", "/x/lib/a-1/ebin", { { "V", "/x/lib//" } }, false, "$V/a-1/ebin" },
	{ "deeper", "/x/lib/a-1/ebin", { { "V", "/x" } }, false, "$V/lib/a-1/ebin" },
	{ "folder without version", "/x/lib/a/ebin", { { "V", "/x" } }, false, "$V/lib/a-1/ebin" },
	{ "folder of another name", "/x/odd/ebin", { { "V", "/x" } }, false, "$V/odd/ebin/a-1/ebin" },
	{ "the folder itself", "/x/a-1/ebin", { { "V", "/x/a-1" } }, false, "$V/ebin/a-1/ebin" },
	{ "characters, not folders", "/x/lib2/a-1/ebin", { { "V", "/x/lib" } }, false, "$V/a-1/ebin" },
	{ "the first that fits", "/x/a-1/ebin", { { "W", "/y" }, { "V", "/x" } }, false, "$V/a-1/ebin" },
	{ "all of them", "/x/a-1/ebin", { { "V", "/" } }, false, "/x/a-1/ebin" },
	{ "relative", "lib/a-1/ebin", { { "V", "lib" } }, false, "$V/a-1/ebin" },
	{ "local", "/x/odd/ebin", { { "V", "/x" } }, true, "/x/odd/ebin" },
};
/* clang-format on */

/* The folder in the last {path, …} of the script. */
static const char *last_path(struct arena *arena, const struct term *script)
{
	const struct term *list = term_at(script, 2), *path = NULL;
	const char *text = NULL;

	for (size_t i = 0; i < list->seq.len; i++)
		if (term_is_tagged(term_at(list, i), "path", 2))
			path = term_at(term_at(list, i), 1);
	assert_non_null(path);
	assert_int_equal(path->seq.len, 2);
	assert_true(term_get_string(term_at(path, 1), arena, &text));
	return text;
}

static void check(void **state)
{
	const struct row *row = *state;
	owned_arena struct arena arena = ARENA_EMPTY;
	struct script_options options = { .vars = row->vars, .local = row->local };
	const struct term *script;
	struct error err;

	while (options.vars_len < ARRAY_LEN(row->vars) && row->vars[options.vars_len].name)
		options.vars_len++;
	assert_int_equal(make(&script, &arena, row->dir, &options, &err), 0);
	assert_string_equal(last_path(&arena, script), row->want);
}

static void check_local_relative(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct script_options options = { .local = true };
	const struct term *script;
	struct error err;
	char here[4096], want[8192];

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(want, sizeof(want), "%s/lib/a-1/ebin", here);
	assert_int_equal(make(&script, &arena, "lib/a-1/ebin", &options, &err), 0);
	assert_string_equal(last_path(&arena, script), want);
}

static void check_whole(void **state)
{
	static const char want[] =
		"{script,{\"r\",\"1\"},[{preLoaded,[]},{progress,preloaded},"
		"{path,[\"$ROOT/lib/kernel-8/ebin\"]},{primLoad,[]},{kernel_load_completed},"
		"{progress,kernel_load_completed},"
		"{path,[\"$ROOT/lib/kernel-8/ebin\"]},{primLoad,[]},"
		"{path,[\"$ROOT/lib/a-1/ebin\"]},{primLoad,[]},{progress,modules_loaded},"
		"{path,[\"$ROOT/lib/kernel-8/ebin\",\"$ROOT/lib/a-1/ebin\"]},"
		"{kernelProcess,heart,{heart,start,[]}},"
		"{kernelProcess,logger,{logger_server,start_link,[]}},"
		"{kernelProcess,application_controller,{application_controller,start,"
		"[{application,kernel,[{description,[]},{vsn,\"8\"},{id,[]},{modules,[]},"
		"{registered,[]},{applications,[]},{optional_applications,[]},"
		"{included_applications,[]},{env,[]},{maxT,[]},{maxP,[]}]}]}},"
		"{progress,init_kernel_started},"
		"{apply,{application,load,[{application,a,[{description,[]},{vsn,\"1\"},{id,[]},"
		"{modules,[]},{registered,[]},{applications,[]},{optional_applications,[]},"
		"{included_applications,[]},{env,[]},{maxT,[]},{maxP,[]}]}]}},"
		"{progress,applications_loaded},"
		"{apply,{application,start_boot,[kernel,permanent]}},"
		"{apply,{application,start_boot,[a,transient]}},{progress,started}]}";
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str text = STR_EMPTY;
	struct script_options options = { .no_dot_erlang = true };
	const struct term *script;
	struct error err;

	(void)state;
	assert_int_equal(make(&script, &arena, "/x/a/ebin", &options, &err), 0);
	term_print(&text, script);
	assert_string_equal(str_text(&text), want);
}

static void check_otp(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct boot_base base;
	struct error err = { 0 };
	struct otp otp;

	(void)state;
	if (otp_find(&otp, &arena, &err))
		skip();
	assert_true(path_is_dir(otp.lib));
	assert_true(span_starts(span_of(otp.version), otp.release));
	assert_int_equal(boot_base_read(&base, &arena, tree_system(), otp.boot, &err), 0);
	assert_true(names_have(base.preloaded, "erlang"));
	assert_string_equal(base.mandatory.items[0], "error_handler");
	assert_int_equal(otp_open(&otp, &arena, "/nowhere", &err), -1);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

static void check_no_boot_file(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct boot_base base;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(boot_base_read(&base, &arena, tree_system(), "Makefile", &err), -1);
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_int_equal(strncmp(err.text, "Makefile", 8), 0);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(rows) + 4];
	size_t len = ARRAY_LEN(rows);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		tests[i] = (struct CMUnitTest){ rows[i].name, check, NULL, NULL,
						(void *)(uintptr_t)&rows[i] };
	tests[len++] = (struct CMUnitTest)cmocka_unit_test(check_local_relative);
	tests[len++] = (struct CMUnitTest)cmocka_unit_test(check_whole);
	tests[len++] = (struct CMUnitTest)cmocka_unit_test(check_otp);
	tests[len++] = (struct CMUnitTest)cmocka_unit_test(check_no_boot_file);
	return cmocka_run_group_tests_name("script", tests, NULL, NULL);
}
