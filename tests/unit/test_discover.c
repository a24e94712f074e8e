// SPDX-License-Identifier: Apache-2.0
/* Projects that relevo init meets: shapes of mix.exs and rebar.config, and what is no project.
 * Whatever is written down can be read again.
 */
#include "base/file.h"
#include "release/project/discover.h"
#include "release/project/project.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct file {
	const char *path, *text;
};

/* clang-format off */
static const struct row {
	const char *name;
	struct file files[6];
	const char *want;       /* kind, release, application:type@folder …; or a part of the error */
} rows[] = {
	{ "mix", { { "mix.exs", "def project do [app: :shop, version: \"1\"] end" } },
	  "Mix project|shop|shop:permanent@.|_build/prod/lib" },
	{ "mix, computed name", { { "mix.exs", "def project do [app: @app] end" } }, "no project that can be built" },
	{ "mix, comments and texts", { { "mix.exs",
	  "# app: :no\n\"\"\"\napp: :not \" this\n\"\"\"\n \"app: :nor \\\" this\" x = ~s(y)\n[app: :yes]" } },
	  "Mix project|yes|yes:permanent@.|_build/prod/lib" },
	{ "mix, text without end", { { "mix.exs", "[app: :a, x: \"app: :b" } }, "Mix project|a|a:permanent@.|_build/prod/lib" },
	{ "mix, text that ends in a backslash", { { "mix.exs", "[app: :a, x: \"\\" } },
	  "Mix project|a|a:permanent@.|_build/prod/lib" },
	{ "mix, releases", { { "mix.exs",
	  "[app: :a, releases: [r: [include_erts: [x: 1], applications: [b: :load, a: :temporary, kernel: :permanent]], s: []]]" } },
	  "Mix project|r|a:temporary@. b:load|_build/prod/lib|r s|!include_erts" },
	{ "mix, options", { { "mix.exs",
	  "[app: :a, releases: [r: [version: \"9.1\", cookie: \"c\", include_erts: false, strip_beams: false,\n"
	  "steps: [:assemble, :tar], overlays: [\"x\", \"y\"], skip_mode_validation_for: [:b, :c],\n"
	  "config_providers: [{A.B, {:system, \"R\", \"/x\"}}, {C, []}], runtime_config_path: false,\n"
	  "rel_templates_path: \"t\", reboot_system_after_config: true, include_erts: true]]]" }, { "t/vm.args.eex", "" },
	  { "config/runtime.exs", "" } },
	  "Mix project|r|a:permanent@.|_build/prod/lib|r|-t/vm.args.eex|9.1|cookie=c|erts=none|strip=false|overlays=x,y"
	  "|skip_mode_validation_for=b,c|config.providers={A.B, {:system, \"R\", \"/x\"}},{C, []}|config.runtime=false"
	  "|templates=t|config.reboot_system_after_config=true" },
	{ "mix, options that are computed", { { "mix.exs",
	  "[app: :a, releases: [r: [version: @v, cookie: \"c#{x}\", include_erts: x(), strip_beams: [keep: [\"Docs\"]],\n"
	  "steps: [:assemble, &f/1], overlays: [x], skip_mode_validation_for: all, config_providers: [x],\n"
	  "applications: y(), quiet: true]]]" } },
	  "Mix project|r|a:permanent@.|_build/prod/lib|r|!version|!cookie|!include_erts|!strip_beams|!steps|!overlays"
	  "|!skip_mode_validation_for|!config_providers|!applications|!quiet" },
	{ "mix, version of an application", { { "mix.exs",
	  "[apps_path: \"p\", releases: [r: [version: {:from_app, :b}, applications: [a: :permanent, b: :load]]]]" },
	  { "p/a/mix.exs", "[app: :a]" }, { "p/b/mix.exs", "[app: :b]" } },
	  "Mix umbrella|r|b:load@p/b a:permanent@p/a|_build/prod/lib|r" },
	{ "mix, the default release", { { "mix.exs",
	  "[app: :a, default_release: :s, releases: [r: [cookie: \"r\"], s: [cookie: \"s\"], t: f()]]" } },
	  "Mix project|s|a:permanent@.|_build/prod/lib|r s t|cookie=s" },
	{ "mix, a computed release", { { "mix.exs", "[app: :a, releases: [r: fn -> [cookie: \"c\"] end]]" } },
	  "Mix project|r|a:permanent@.|_build/prod/lib|r|!r" },
	{ "mix, a release without applications", { { "mix.exs", "[app: :a, releases: [r: [steps: [:assemble]]]]" } },
	  "Mix project|r|a:permanent@.|_build/prod/lib|r" },
	{ "mix, others are listed", { { "mix.exs", "[app: :a, releases: [r: [applications: [b: :none]]]]" } },
	  "Mix project|r|a:permanent@. b:none|_build/prod/lib|r" },
	{ "mix, releases by a function", { { "mix.exs", "[app: :a, releases: all()]\ndefp all() do [r: []] end" } },
	  "Mix project|r|a:permanent@.|_build/prod/lib|r" },
	{ "mix, releases by a function elsewhere", { { "mix.exs", "[app: :a, releases: Other.all()]" } },
	  "Mix project|a|a:permanent@.|_build/prod/lib" },
	{ "mix, brackets without end", { { "mix.exs", "[app: :a, releases: [r: [applications: [b: :none" } },
	  "Mix project|r|a:permanent@. b:none|_build/prod/lib|r" },
	{ "umbrella", { { "mix.exs", "[apps_path: \"parts\"]" }, { "parts/a/mix.exs", "[app: :a]" },
	  { "parts/b/mix.exs", "[app: name()]" }, { "parts/c/README", "" }, { "config/config.exs", "" } },
	  "Mix umbrella|*|a:permanent@parts/a b:permanent@parts/b|_build/prod/lib|+config/config.exs" },
	{ "umbrella, some of it", { { "mix.exs",
	  "[apps_path: \"parts\", releases: [web: [applications: [inets: :permanent, b: :permanent]]]]" },
	  { "parts/a/mix.exs", "[app: :a]" }, { "parts/b/mix.exs", "[app: :b]" } },
	  "Mix umbrella|web|b:permanent@parts/b inets:permanent|_build/prod/lib|web" },
	{ "umbrella without children", { { "mix.exs", "[apps_path: \"parts\"]" } }, "no project that can be built" },

	{ "rebar3", { { "rebar.config", "{erl_opts,[debug_info]}." }, { "src/a.app.src", "" } },
	  "rebar3 project|a|a:permanent@.|_build/default/lib" },
	{ "rebar3, no words in it", { { "rebar.config", "" }, { "src/a.app.src.script", "" } },
	  "rebar3 project|a|a:permanent@.|_build/default/lib" },
	{ "rebar3, relx", { { "rebar.config",
	  "{relx,[{release,{r,\"1\"},[kernel,{b,load},{a,\"1\",none},sasl,{c,\"2\"}]},{release,{s,\"1\"},[]},{sys_config,\"etc/sys\"},{vm_args,\"no\"}]}." },
	  { "apps/a/src/a.app.src", "" }, { "lib/b/src/b.app.src", "" }, { "etc/sys", "" } },
	  "rebar3 project|r|b:load@lib/b a:none@apps/a c:permanent|_build/default/lib|r s|+etc/sys|1|!vm_args" },
	{ "rebar3, options of relx", { { "rebar.config",
	  "{relx,[{release,{r,git},[a],[{overlay_vars,\"v\"}]},{include_erts,false},{include_src,true},{debug_info,keep},"
	  "{sys_config,\"x\"},{sys_config_src,\"y.src\"},{vm_args_src,\"z\"},{extended_start_script,true},{mode,prod},"
	  "{overlay,[{mkdir,\"d\"}]},{'odd\\nname',1}]}.\n{profiles,[{prod,[{relx,[]}]},{test,[]}]}." },
	  { "src/a.app.src", "" }, { "x", "" }, { "y.src", "" }, { "z", "" }, { "config/vm.args", "" } },
	  "rebar3 project|r|a:permanent@.|_build/default/lib|r|+y.src|-config/vm.args|git|erts=none|include_src=true"
	  "|strip=false|!overlay_vars|!vm_args_src|!overlay|!odd?name|!relx of the profile prod" },
	{ "rebar3, its own places", { { "rebar.config", "" }, { "src/a.app.src", "" }, { "config/sys.config", "" },
	  { "config/sys.config.src", "" }, { "config/vm.args.src", "" } },
	  "rebar3 project|a|a:permanent@.|_build/default/lib|+config/sys.config.src|-config/vm.args.src" },
	{ "rebar3, relx of other shapes", { { "rebar.config",
	  "{relx,[{release,r,[a]},{release,{r},x},{release,{r,1},x},{release,{1,1},[a]},{sys_config,1}]}." },
	  { "src/a.app.src", "" } }, "rebar3 project|a|a:permanent@.|_build/default/lib|!sys_config" },
	{ "rebar3, applications of other shapes", { { "rebar.config", "{relx,[{release,{r,v},[1,{},{2,x},\"a\",'A B',[]]}]}." },
	  { "src/a.app.src", "" } }, "rebar3 project|r|a:permanent@.|_build/default/lib|r|!the version of the release" },
	{ "rebar3, not terms", { { "rebar.config", "{a" }, { "src/a.app.src", "" } }, "rebar.config:1" },

	{ "ebin", { { "ebin/a.app", "" }, { "deps/b/ebin/b.app", "" }, { "src/a.app.src", "" } },
	  "ebin folders|a|a:permanent@.|ebin deps" },
	{ "ebin, several", { { "lib/a-1/ebin/a.app", "" }, { "lib/b/ebin/b.app", "" } },
	  "ebin folders|*|a:permanent@lib/a-1 b:permanent@lib/b|lib" },
	{ "names that are none", { { "ebin/A.app", "" }, { "ebin/-.app", "" }, { "ebin/.app", "" } },
	  "no project that can be built" },
	{ "nothing", { { "README", "" } }, "no project that can be built" },
};
/* clang-format on */

static struct arena arena;
static const char *dir;

static void must(int ret, const struct error *err)
{
	if (ret)
		fail_msg("%s", err->text);
}

static const char *write_files(const struct row *row)
{
	const char *root = arena_printf(&arena, "%s/%zu", dir, (size_t)(row - rows));
	struct error err;

	must(dir_make(root, &err), &err);
	for (size_t i = 0; i < ARRAY_LEN(row->files) && row->files[i].path; i++) {
		const char *path = path_join(&arena, root, row->files[i].path);

		must(dir_make(path_dir(&arena, path), &err), &err);
		must(file_put(path, span_of(row->files[i].text), 0644, &err), &err);
	}
	return root;
}

static void tell_key(struct str *out, const struct discovered_key *key)
{
	str_addf(out, "|%s=%s", key->path, key->word ? key->word : "");
	for (size_t i = 0; i < key->texts.len; i++)
		str_addf(out, "%s%s", i ? "," : "", key->texts.items[i]);
}

static void tell(struct str *out, const struct discovered *found)
{
	bool by_folder = !found->releases.len && found->len > 1;

	str_addf(out, "%s|%s|", discovered_kind_name(found->kind),
		 by_folder ? "*" : found->release);
	for (size_t i = 0; i < found->len; i++)
		str_addf(out, "%s%s:%s%s%s", i ? " " : "", found->apps[i].name,
			 start_type_name(found->apps[i].type), found->apps[i].dir ? "@" : "",
			 found->apps[i].dir ? found->apps[i].dir : "");
	for (size_t i = 0; i < found->libs.len; i++)
		str_addf(out, "%c%s", i ? ' ' : '|', found->libs.items[i]);
	for (size_t i = 0; i < found->releases.len; i++)
		str_addf(out, "%c%s", i ? ' ' : '|', found->releases.items[i]);
	if (found->sys_config)
		str_addf(out, "|+%s", found->sys_config);
	if (found->vm_args)
		str_addf(out, "|-%s", found->vm_args);
	if (found->version || found->version_by_git)
		str_addf(out, "|%s", found->version ? found->version : "git");
	for (size_t i = 0; i < found->keys_len; i++)
		tell_key(out, &found->keys[i]);
	for (size_t i = 0; i < found->left_out.len; i++)
		str_addf(out, "|!%s", found->left_out.items[i]);
}

/* What is written is read as it was meant. */
static void check_yaml(const char *root, const struct discovered *found)
{
	owned_str struct str text = STR_EMPTY;
	struct project *project;
	struct error err;

	discovered_yaml(&text, found);
	must(file_put(path_join(&arena, root, "relevo.yaml"), str_span(&text), 0644, &err), &err);
	must(project_read(&project, &arena, root, &err), &err);
	assert_string_equal(project->release, found->release);
	assert_int_equal(project->apps_len, found->len);
	for (size_t i = 0; i < found->len; i++) {
		assert_string_equal(project->apps[i].name, found->apps[i].name);
		assert_int_equal(project->apps[i].type, found->apps[i].type);
	}
	assert_int_equal(project->libs.len, found->libs.len);
}

static void check(void **state)
{
	const struct row *row = *state;
	const char *root = write_files(row);
	owned_str struct str told = STR_EMPTY;
	struct discovered *found;
	struct error err;

	if (discover(&found, &arena, root, &err)) {
		if (!strstr(err.text, row->want))
			fail_msg("\"%s\" does not say \"%s\"", err.text, row->want);
		return;
	}
	tell(&told, found);
	assert_string_equal(str_text(&told), row->want);
	check_yaml(root, found);
}

/* Paths and names that YAML would take for something else. */
static void texts_are_quoted(void **state)
{
	static const char *const libs[] = { "a b", "\"\\",  "- x",  "tab\t", "ü",
					    "1.0", "true#", "true", "~" };
	static const struct discovered_app app = { "a", NULL, START_PERMANENT };
	struct discovered found = {
		.release = "1.0", .apps = &app, .len = 1, .libs = { libs, ARRAY_LEN(libs) }
	};
	owned_str struct str text = STR_EMPTY;
	struct project *project;
	struct error err;

	(void)state;
	discovered_yaml(&text, &found);
	must(file_put(path_join(&arena, dir, "relevo.yaml"), str_span(&text), 0644, &err), &err);
	must(project_read(&project, &arena, dir, &err), &err);
	assert_string_equal(project->release, "1.0");
	for (size_t i = 0; i < ARRAY_LEN(libs); i++)
		assert_string_equal(project->libs.items[i], path_join(&arena, dir, libs[i]));
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(rows) + 1];
	struct error err;
	int failed;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		tests[i] = (struct CMUnitTest){
			.name = rows[i].name,
			.test_func = check,
			.initial_state = (void *)(uintptr_t)&rows[i],
		};
	tests[ARRAY_LEN(rows)] = (struct CMUnitTest)cmocka_unit_test(texts_are_quoted);
	must(dir_make_temp(&dir, &arena, "/tmp/relevo-discover", &err), &err);
	failed = cmocka_run_group_tests_name("discover", tests, NULL, NULL);
	must(tree_remove(dir, &err), &err);
	arena_done(&arena);
	return failed;
}
