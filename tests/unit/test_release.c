// SPDX-License-Identifier: Apache-2.0
/* Opening and inspecting releases: whole ones, damaged ones, ones made to harm; each as a
 * folder and as a tarball.
 */
#include "base/file.h"
#include "base/hash.h"
#include "release/files/archive.h"
#include "release/read/inspect.h"
#include "release/read/manifest.h"
#include "release/read/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct file {
	const char *path, *text; /* text NULL: the file is not there */
};

#define APP(name, vsn)                              \
	"{application," name ",[{vsn,\"" vsn "\"}," \
	"{description,\"\"},{modules,[]},{registered,[]},{applications,[]}]}."
#define REL(apps)                                                                               \
	"{release,{\"fix\",\"1.0\"},{erts,\"13.1.5\"},[{kernel,\"8.5\"},{stdlib,\"4.2\"}," apps \
	"]}."
#define PROVIDERS(list)                                                                         \
	"[{elixir,[{config_provider_init,#{'__struct__' => 'Elixir.Config.Provider',providers " \
	"=> " list "}}]}]."
#define MANIFEST(files)                                                              \
	"{\"name\":\"fix\",\"version\":\"1.0\",\"erts\":\"13.1.5\",\"files\":" files \
	",\"modules\":[]}"
#define RELUP "releases/1.0/relup", "{\"1.0\",[{\"0.9\",[],[]},{\"0.8\",[],[]}],[{\"0.9\",[],[]}]}."
#define RELEASES "releases/RELEASES", "[]."
#define COPY "releases/fix-1.0.rel", REL("{sasl,\"4.2\"},{fix,\"1.0\"}")

/* What rows change. */
static const struct file base[] = {
	{ "bin/fix", "start_erl.data new_start_erl.data" },
	{ "erts-13.1.5/bin/beam.smp", "0123456789" },
	{ "lib/kernel-8.5/ebin/kernel.app", APP("kernel", "8.5") },
	{ "lib/stdlib-4.2/ebin/stdlib.app", APP("stdlib", "4.2") },
	{ "lib/sasl-4.2/ebin/sasl.app", APP("sasl", "4.2") },
	{ "lib/fix-1.0/ebin/fix.app", APP("fix", "1.0") },
	{ "lib/fix-1.0/ebin/a.beam", "" },
	{ "lib/fix-1.0/ebin/b.beam", "" },
	{ "releases/1.0/fix.rel", REL("{sasl,\"4.2\"},{fix,\"1.0\"}") },
	{ "releases/1.0/sys.config", "[]." },
	{ "releases/start_erl.data", "13.1.5 1.0" },
};

/* clang-format off */
static const struct row {
	const char *name;
	struct file changes[6];
	const char *error;              /* a part of it; NULL: opens */
	const char *told;               /* maker, gaps, providers, versions of the relup */
} rows[] = {
	{ "whole", { { NULL, NULL } }, NULL, "rebar3 releases_missing rel_missing relup_missing" },
	{ "ready", { { RELEASES }, { COPY }, { RELUP } }, NULL, "rebar3 <0.9 <0.8 >0.9" },
	{ "by relevo", { { RELEASES }, { COPY }, { RELUP }, { "releases/1.0/relevo.manifest.json", MANIFEST("[]") } }, NULL,
	  "relevo <0.9 <0.8 >0.9" },
	{ "by Mix", { { "releases/1.0/env.sh", "" }, { "bin/fix", "cut start_erl.data" }, { COPY } }, NULL,
	  "mix releases_missing script_ignores_trial relup_missing" },
	{ "by systools", { { "bin/fix", NULL }, { "releases/start_erl.data", NULL }, { COPY } }, NULL,
	  "systools releases_missing start_erl_missing script_missing relup_missing" },
	{ "script of one version", { { RELEASES }, { COPY }, { RELUP }, { "bin/fix", "exec erl" } }, NULL,
	  "rebar3 script_ignores_version <0.9 <0.8 >0.9" },
	{ "no sasl", { { "releases/1.0/fix.rel", REL("{fix,\"1.0\"}") }, { RELEASES }, { COPY }, { RELUP } }, NULL,
	  "rebar3 sasl_missing <0.9 <0.8 >0.9" },
	{ "sasl is not started", { { "releases/1.0/fix.rel", REL("{sasl,\"4.2\",load},{fix,\"1.0\"}") }, { RELEASES },
	  { COPY }, { RELUP } }, NULL, "rebar3 sasl_missing <0.9 <0.8 >0.9" },
	{ "relup of another version", { { RELEASES }, { COPY }, { "releases/1.0/relup", "{\"2.0\",[],[]}." } }, NULL,
	  "rebar3 relup_invalid" },
	{ "relup that does not parse", { { RELEASES }, { COPY }, { "releases/1.0/relup", "{\"1.0\",[" } }, NULL,
	  "rebar3 relup_invalid" },
	{ "relup of another shape", { { RELEASES }, { COPY }, { "releases/1.0/relup", "[1, 2]." } }, NULL,
	  "rebar3 relup_invalid" },
	{ "relup of other parts", { { RELEASES }, { COPY }, { "releases/1.0/relup", "{\"1.0\",x,[{a,b},{1,2,3}|y]}." } },
	  NULL, "rebar3" },
	{ "config that does not parse", { { RELEASES }, { COPY }, { RELUP }, { "releases/1.0/sys.config", "[{" } }, NULL,
	  "rebar3 config_invalid <0.9 <0.8 >0.9" },
	{ "providers", { { RELEASES }, { COPY }, { RELUP }, { "releases/1.0/sys.config", PROVIDERS(
	  "[{'Elixir.Config.Reader',{{system,<<\"ROOT\">>,<<\"/x.exs\">>},[{env,prod}]}},{my,<<\"/etc/y\">>},{own,[1,2]}]") } },
	  NULL, "rebar3 Elixir.Config.Reader($ROOT/x.exs) my(/etc/y) own([1,2]) <0.9 <0.8 >0.9" },
	{ "providers of other shapes", { { RELEASES }, { COPY }, { RELUP }, { "releases/1.0/sys.config", PROVIDERS(
	  "[x,{1,2},{a,b,c}|y]") } }, NULL, "rebar3 <0.9 <0.8 >0.9" },
	{ "providers that are none", { { RELEASES }, { COPY }, { RELUP }, { "releases/1.0/sys.config", PROVIDERS("[x,{1,2},{a,b,c}]") } },
	  NULL, "rebar3 <0.9 <0.8 >0.9" },
	{ "elixir's configuration is none", { { RELEASES }, { COPY }, { RELUP }, { "releases/1.0/sys.config", "[{elixir,x}]." } },
	  NULL, "rebar3 <0.9 <0.8 >0.9" },
	{ "without ERTS", { { "erts-13.1.5/bin/beam.smp", NULL }, { "lib/kernel-8.5/ebin/kernel.app", NULL },
	  { "lib/sasl-4.2/ebin/sasl.app", NULL }, { RELEASES }, { COPY }, { RELUP } }, NULL,
	  "rebar3 kernel=outside sasl=outside <0.9 <0.8 >0.9" },
	{ "start_erl.data leads out", { { "releases/start_erl.data", "13.1.5 ../../1.0" }, { RELEASES }, { COPY }, { RELUP } },
	  NULL, "rebar3 <0.9 <0.8 >0.9" },
	{ "start_erl.data with lines", { { "releases/start_erl.data", "13.1.5 1.0\n\n" }, { RELEASES }, { COPY }, { RELUP } },
	  NULL, "rebar3 <0.9 <0.8 >0.9" },

	{ "the version is not there", { { "releases/start_erl.data", "13.1.5 2.0" } }, "no .rel file in releases/2.0", NULL },
	{ "two versions", { { "releases/start_erl.data", NULL }, { "releases/2.0/fix.rel", "" } }, "several versions", NULL },
	{ "no release", { { "releases/1.0/fix.rel", NULL } }, "no .rel file in releases/1.0", NULL },
	{ "nothing", { { "releases/1.0/fix.rel", NULL }, { "releases/start_erl.data", NULL } }, "no release in it", NULL },
	{ "an application is missing", { { "lib/fix-1.0/ebin/fix.app", NULL } }, "no fix.app", NULL },
	{ "an application of another version", { { "lib/fix-1.0/ebin/fix.app", APP("fix", "3") } }, "is 3", NULL },
	{ "an .app that does not parse", { { "lib/fix-1.0/ebin/fix.app", "{application," } }, "parse_error", NULL },
	{ "a .rel that does not parse", { { "releases/1.0/fix.rel", "{release" } }, "fix.rel:1", NULL },
	{ "a .rel of another shape", { { "releases/1.0/fix.rel", "{release,x}." } }, "fix.rel", NULL },
	{ "a version that leads out", { { "releases/1.0/fix.rel",
	  "{release,{\"fix\",\"../1.0\"},{erts,\"13.1.5\"},[{kernel,\"8.5\"},{stdlib,\"4.2\"}]}." } }, "without a slash", NULL },
	{ "an ERTS that leads out", { { "releases/1.0/fix.rel",
	  "{release,{\"fix\",\"1.0\"},{erts,\"/../..\"},[{kernel,\"8.5\"},{stdlib,\"4.2\"}]}." } }, "without a slash", NULL },
	{ "a manifest that is none", { { "releases/1.0/relevo.manifest.json", "{\n" } }, "relevo.manifest.json:2", NULL },
};
/* clang-format on */

static struct arena arena;
static const char *dir;

static void must(int ret, const struct error *err)
{
	if (ret)
		fail_msg("%s", err->text);
}

/* ---- trees ---- */

/* The base with the changes of a row; files that are there only. */
static size_t files_of(struct file *out, const struct file *changes, size_t changes_len)
{
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_LEN(base); i++) {
		bool changed = false;

		for (size_t k = 0; k < changes_len && changes[k].path; k++)
			changed |= strcmp(changes[k].path, base[i].path) == 0;
		if (!changed)
			out[len++] = base[i];
	}
	for (size_t k = 0; k < changes_len && changes[k].path; k++)
		if (changes[k].text)
			out[len++] = changes[k];
	return len;
}

enum { FILES_MAX = 32 };

static const char *write_folder(const struct file *files, size_t len, const char *name)
{
	const char *root = path_join(&arena, dir, name);
	struct error err;

	for (size_t i = 0; i < len; i++) {
		const char *path = path_join(&arena, root, files[i].path);

		must(dir_make(path_dir(&arena, path), &err), &err);
		must(file_put(path, span_of(files[i].text), 0644, &err), &err);
	}
	return root;
}

static const char *write_tarball(const struct file *files, size_t len)
{
	const char *path = path_join(&arena, dir, "t.tar.gz");
	struct archive_source items[FILES_MAX];
	struct error err;

	for (size_t i = 0; i < len; i++)
		items[i] = (struct archive_source){ .path = files[i].path,
						    .data = span_of(files[i].text),
						    .mode = 0644 };
	must(archive_write(path, items, len, NULL, NULL, &err), &err);
	return path;
}

/* ---- rows ---- */

static void tell(struct str *out, const struct inspection *in)
{
	str_adds(out, maker_name(in->maker));
	for (size_t i = 0; i < in->len; i++)
		if (in->apps[i].app->app->outside)
			str_addf(out, " %s=outside", in->apps[i].app->app->name);
	for (size_t i = 0; i < in->gaps_len; i++)
		str_addf(out, " %s", in->gaps[i].code);
	for (size_t i = 0; i < in->providers_len; i++)
		str_addf(out, " %s(%s)", in->providers[i].module, in->providers[i].argument);
	for (size_t i = 0; i < in->relup_from.len; i++)
		str_addf(out, " <%s", in->relup_from.items[i]);
	for (size_t i = 0; i < in->relup_to.len; i++)
		str_addf(out, " >%s", in->relup_to.items[i]);
}

static void check_one(const struct row *row, const char *path)
{
	owned_release struct release *release = NULL;
	owned_str struct str told = STR_EMPTY;
	struct inspection *in;
	struct error err;
	int ret = release_open(&release, path, &err) || inspect(&in, &arena, release, &err);

	if (row->error) {
		assert_int_not_equal(ret, 0);
		if (!strstr(err.text, row->error))
			fail_msg("\"%s\" does not say \"%s\"", err.text, row->error);
		return;
	}
	must(ret, &err);
	tell(&told, in);
	assert_string_equal(str_text(&told), row->told);
}

static void check(void **state)
{
	const struct row *row = *state;
	struct file files[FILES_MAX];
	size_t len = files_of(files, row->changes, ARRAY_LEN(row->changes));

	check_one(row, write_tarball(files, len));
	check_one(row, write_folder(files, len, row->name));
}

/* ---- more ---- */

static void counts(void **state)
{
	struct file files[FILES_MAX];
	const char *path = write_tarball(files, files_of(files, NULL, 0));
	owned_release struct release *release = NULL;
	struct inspection *in = NULL;
	struct error err;

	(void)state;
	must(release_open(&release, path, &err) || inspect(&in, &arena, release, &err), &err);
	assert_string_equal(in->otp, "25");
	assert_int_equal(in->len, 4);
	assert_int_equal(in->modules, 2);
	assert_string_equal(in->apps[3].app->app->name, "fix");
	assert_int_equal(in->apps[3].modules, 2);
	assert_int_equal(in->apps[3].size, strlen(APP("fix", "1.0")));
	assert_false(inspection_ready_from(in) || inspection_ready_to(in));
	assert_int_equal(in->manifest_files, 0);
	assert_null(in->commit);
}

/* A tarball is not looked up by NAME-VSN only, but by its own name. */
static void tarball_names_its_release(void **state)
{
	static const struct file changes[] = { { RELEASES }, { "releases/t.rel", "" }, { RELUP } };
	struct file files[FILES_MAX];
	const char *path = write_tarball(files, files_of(files, changes, ARRAY_LEN(changes)));
	owned_release struct release *release = NULL;
	struct inspection *in;
	struct error err;

	(void)state;
	must(release_open(&release, path, &err) || inspect(&in, &arena, release, &err), &err);
	assert_true(inspection_ready_from(in) && inspection_ready_to(in));
}

static void links_in_circles_end(void **state)
{
	struct file files[FILES_MAX];
	const char *root = write_folder(files, files_of(files, NULL, 0), "circle");
	owned_release struct release *release = NULL;
	struct inspection *in;
	struct error err;

	(void)state;
	assert_int_equal(symlink("..", path_join(&arena, root, "lib/fix-1.0/ebin/up")), 0);
	must(release_open(&release, root, &err), &err);
	assert_int_equal(inspect(&in, &arena, release, &err), -1);
	assert_non_null(strstr(err.text, "too many files and folders"));
}

/* ---- the manifest ---- */

static const char *listed(const char *path, const char *mode, const char *text)
{
	char sha256[HASH_HEX_MAX];

	hash_hex(HASH_SHA256, span_of(text), sha256);
	return arena_printf(&arena,
			    "{\"path\":\"%s\",\"mode\":\"%s\",\"size\":0,\"sha256\":\"%s\","
			    "\"md5\":\"\"}",
			    path, mode, sha256);
}

static int verify(struct verified **out, const char *list, struct error *err)
{
	struct file change = { "releases/1.0/relevo.manifest.json",
			       arena_printf(&arena, MANIFEST("%s"), list) };
	struct file files[FILES_MAX];
	const char *path = write_tarball(files, files_of(files, &change, 1));
	owned_release struct release *release = NULL;

	must(release_open(&release, path, err), err);
	return release_verify(out, &arena, release, err);
}

static void differences_are_found(void **state)
{
	const char *list = arena_printf(
		&arena, "[%s,%s,%s,%s,%s]",
		listed("bin/fix", "0755", "start_erl.data new_start_erl.data"),
		listed("erts-13.1.5/bin/beam.smp", "0644", "other"),
		listed("lib/fix-1.0/ebin", "0644", ""),
		listed("lib/fix-1.0/ebin/a.beam", "0644", ""), listed("lib/gone", "0644", ""));
	static const struct {
		enum difference_kind kind;
		const char *path;
	} want[] = {
		{ DIFFERENCE_MODE, "bin/fix" },
		{ DIFFERENCE_CONTENT, "erts-13.1.5/bin/beam.smp" },
		{ DIFFERENCE_MISSING, "lib/fix-1.0/ebin" },
		{ DIFFERENCE_MISSING, "lib/gone" },
		{ DIFFERENCE_EXTRA, "lib/fix-1.0/ebin/b.beam" },
		{ DIFFERENCE_EXTRA, "lib/fix-1.0/ebin/fix.app" },
		{ DIFFERENCE_EXTRA, "lib/kernel-8.5/ebin/kernel.app" },
		{ DIFFERENCE_EXTRA, "lib/sasl-4.2/ebin/sasl.app" },
		{ DIFFERENCE_EXTRA, "lib/stdlib-4.2/ebin/stdlib.app" },
		{ DIFFERENCE_EXTRA, "releases/1.0/fix.rel" },
		{ DIFFERENCE_EXTRA, "releases/1.0/sys.config" },
	};
	struct verified *verified;
	struct error err;

	(void)state;
	must(verify(&verified, list, &err), &err);
	assert_int_equal(verified->files, 5);
	assert_int_equal(verified->len, ARRAY_LEN(want));
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		assert_int_equal(verified->items[i].kind, want[i].kind);
		assert_string_equal(verified->items[i].path, want[i].path);
	}
}

static void bad_manifests_are_refused(void **state)
{
	static const char *const paths[] = { "../x", "/etc/passwd", "a/../../b", "a/./b", "a//b",
					     "",     ".",           "a/.." };
	static const char *const lists[] = { "1", "{}", "[1]", "[{}]", "[{\"path\":\"a\"}]" };
	struct verified *verified;
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		assert_int_equal(verify(&verified, lists[i], &err), -1);
		assert_int_equal(err.kind, ERROR_INVALID);
	}
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		const char *list = arena_printf(&arena, "[%s]", listed(paths[i], "0644", ""));

		if (verify(&verified, list, &err) == 0)
			fail_msg("%s", paths[i]);
		assert_non_null(strstr(err.text, "entry 0 needs \"path\" (inside of the release)"));
	}
}

/* What belongs to one installation is no part of the release. */
static void what_is_listed(void **state)
{
	static const char *const paths[] = { "bin/fix", "lib/a/priv/tmp/x", "releases/COOKIE",
					     "tmp/pipe/x", "tmpl" };
	static const char *const want[] = { "bin/fix", "lib/a/priv/tmp/x", "tmpl" };
	const char *root = path_join(&arena, dir, "listed");
	struct manifest_file *files;
	struct error err;
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		const char *path = path_join(&arena, root, paths[i]);

		must(dir_make(path_dir(&arena, path), &err), &err);
		must(file_write(path, SPAN("x"), 0644, &err), &err);
	}
	must(manifest_list(&files, &len, &arena, root, &err), &err);
	assert_int_equal(len, ARRAY_LEN(want));
	for (size_t i = 0; i < len; i++)
		assert_string_equal(files[i].path, want[i]);
}

int main(void)
{
	const struct CMUnitTest more[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(tarball_names_its_release),
		cmocka_unit_test(links_in_circles_end),
		cmocka_unit_test(differences_are_found),
		cmocka_unit_test(bad_manifests_are_refused),
		cmocka_unit_test(what_is_listed),
	};
	struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(more)];
	struct error err;
	int failed;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		tests[i] = (struct CMUnitTest){
			.name = rows[i].name,
			.test_func = check,
			.initial_state = (void *)(uintptr_t)&rows[i],
		};
	memcpy(tests + ARRAY_LEN(rows), more, sizeof(more));
	must(dir_make_temp(&dir, &arena, "/tmp/relevo-release", &err), &err);
	failed = cmocka_run_group_tests_name("release", tests, NULL, NULL);
	must(tree_remove(dir, &err), &err);
	arena_done(&arena);
	return failed;
}
