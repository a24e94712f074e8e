// SPDX-License-Identifier: Apache-2.0
/* .rel and .app files, and what applications are refused for when they are put together. */
#include "release/model/rel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- .rel files ---- */

#define BASE "{kernel,\"1\"},{stdlib,\"1\"}"
#define REL(apps) "{release,{\"r\",\"1\"},{erts,\"1\"},[" apps "]}."
#define ENTRY_RULE                                                                         \
	"r.rel: an application must be {Name, \"Vsn\"}, {Name, \"Vsn\", Type}, "           \
	"{Name, \"Vsn\", [Included]} or {Name, \"Vsn\", Type, [Included]}, where Type is " \
	"permanent, transient, temporary, load or none; not so:"
#define NAME_RULE "r.rel:1: the name of the release must be text in double quotes"
#define TEXT_RULE " must be text in double quotes, without a slash"
#define REL_RULE                                                            \
	"r.rel: must hold {release, {\"Name\", \"Vsn\"}, {erts, \"Vsn\"}, " \
	"[{Application, \"Vsn\"}, …]}."

/* clang-format off */
static const struct rel_row {
	const char *name, *text;
	const char *otp, *error;        /* NULL: must succeed */
} rel_rows[] = {
	{ "the least", REL(BASE), NULL, NULL },
	{ "all forms", REL(BASE ",{a,\"\"},{b,\"1\",load},{c,\"1\",[a]},{d,\"1\",none,[]}"), NULL, NULL },
	{ "the same twice", REL(BASE "," BASE), NULL, NULL },
	{ "first term only", REL(BASE) " {more}.", NULL, NULL },
	{ "no release", "{rel}.", "badly_formatted_release", REL_RULE },
	{ "applications are no list", "{release,{\"r\",\"1\"},{erts,\"1\"},x}.",
	  "badly_formatted_release", REL_RULE },
	{ "name is a binary", "{release,{<<\"r\">>,\"1\"},{erts,\"1\"},[]}.",
	  "illegal_name", NAME_RULE },
	{ "name is an atom", "{release,{r,\"1\"},{erts,\"1\"},[]}.",
	  "EXIT", NAME_RULE },
	{ "name with a slash", "{release,{\"Erlang/OTP\",\"25\"},{erts,\"1\"},[" BASE "]}.", NULL, NULL },
	{ "version would leave the folder", "{release,{\"r\",\"../1\"},{erts,\"1\"},[]}.",
	  "illegal_form", "r.rel:1: the version of the release" TEXT_RULE },
	{ "version is nested", "{release,{\"r\",[\"1\"]},{erts,\"1\"},[]}.",
	  "illegal_form", "r.rel:1: the version of the release" TEXT_RULE },
	{ "erts is no code point", "{release,{\"r\",\"1\"},\n{erts,[-1]},[]}.",
	  "illegal_form", "r.rel:2: the version of erts" TEXT_RULE },
	{ "bad entries, all told", REL(BASE ",\na,{b,\"1\",now},\n{c,<<\"1\">>}"),
	  "illegal_applications",
	  ENTRY_RULE "\n  line 2: a\n  line 2: {b,\"1\",now}\n  line 3: {c,<<\"1\">>}" },
	{ "version of an application is an atom", REL(BASE ",\na,{b,one}"),
	  "EXIT", "r.rel:2: the version of an application" TEXT_RULE },
	{ "a name that is a path", REL(BASE ",{'../a',\"1\"}"),
	  "illegal_applications", ENTRY_RULE "\n  line 1: {'../a',\"1\"}" },
	{ "improper list", REL(BASE "|a"),
	  "EXIT", "r.rel: the list of applications ends in \"|\"" },
	{ "no kernel", REL("{stdlib,\"1\"}"), "missing_mandatory_app",
	  "r.rel: the application kernel is missing; no release runs without it" },
	{ "stdlib is not permanent", REL("{kernel,\"1\"},{stdlib,\"1\",load}"), "mandatory_app",
	  "r.rel: stdlib must be permanent, not load" },
	{ "a name with a NUL", REL(BASE ",{'a\\000b',\"1\"}"), "illegal_applications",
	  ENTRY_RULE "\n  line 1: {'a\\x{0}b',\"1\"}" },
	{ "a NUL in what is included", REL(BASE ",{a,\"1\",['b\\000']}"), "illegal_applications",
	  ENTRY_RULE "\n  line 1: {a,\"1\",['b\\x{0}']}" },
};
/* clang-format on */

static void check_rel(void **state)
{
	const struct rel_row *row = *state;
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *term;
	struct error err = { 0 };
	struct rel *rel;

	assert_int_equal(term_parse(&term, &arena, span_of(row->text), "r.rel", &err), 0);
	if (!row->error) {
		assert_int_equal(rel_parse(&rel, &arena, term, "r.rel", &err), 0);
		return;
	}
	assert_int_equal(rel_parse(&rel, &arena, term, "r.rel", &err), -1);
	assert_string_equal(err.text, row->error);
	assert_string_equal(err.otp, row->otp);
}

static void check_rel_fields(void **state)
{
	static const char text[] = "{release,{\"r é\",\"1.2\"},{erts,\"13\"},[" BASE
				   ",{a,\"2\",load,[b]},{c,\"3\",[]}]}";
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str printed = STR_EMPTY, dotted = STR_EMPTY;
	const struct term *term;
	struct error err;
	struct rel *rel;

	(void)state;
	str_addf(&dotted, "%s.", text);
	assert_int_equal(term_parse(&term, &arena, str_span(&dotted), "r.rel", &err), 0);
	assert_int_equal(rel_parse(&rel, &arena, term, "r.rel", &err), 0);
	assert_string_equal(rel->name, "r é");
	assert_int_equal(rel->len, 4);
	assert_int_equal(rel_find(rel, "a")->type, START_LOAD);
	assert_true(names_have(rel_find(rel, "a")->includes, "b"));
	assert_true(rel_find(rel, "c")->has_includes);
	assert_null(rel_find(rel, "b"));
	term_print(&printed, rel_term(&arena, rel));
	assert_string_equal(str_text(&printed),
			    "{release,{\"r é\",\"1.2\"},{erts,\"13\"},"
			    "[{kernel,\"1\",permanent},{stdlib,\"1\",permanent},"
			    "{a,\"2\",load,[b]},{c,\"3\",permanent,[]}]}");
}

/* ---- .app files ---- */

#define APP(keys) "{application,a,[" keys "]}."
#define VSN "{vsn,\"1\"},"
#define REST "{description,\"\"},{modules,[]},{registered,[]},{applications,[]}"
#define TEXT " must be text in double quotes"

/* clang-format off */
static const struct rel_row app_rows[] = {
	{ "the least", APP(VSN REST), NULL, NULL },
	{ "all keys", APP(VSN REST ",{id,\"i\"},{optional_applications,[b]},{mod,{m,x}},"
			  "{start_phases,[{p,1}]},{env,[{k,v}]},{maxT,1},{maxP,99999999999999999999}"),
	  NULL, NULL },
	{ "defaults spelt out", APP(VSN REST ",{mod,[]},{start_phases,undefined},{maxT,infinity}"),
	  NULL, NULL },
	{ "no application", "{app,a,[]}.", "badly_formatted_application",
	  "e/a.app: must hold {application, Name, [{Key, Value}, …]}." },
	{ "no version", APP(REST), "missing_param",
	  "e/a.app: \"vsn\" is missing; add {vsn, …}: a version in double quotes, without a slash" },
	{ "the first bad key counts", APP("{modules,x},\n{vsn,<<>>}"), "bad_param",
	  "e/a.app:2: \"vsn\" must be a version in double quotes, without a slash" },
	{ "version is an atom", APP("{vsn,v}," REST), "EXIT",
	  "e/a.app:1: \"vsn\" must be a version in double quotes, without a slash" },
	{ "key with two values", APP("{vsn,\"1\",\"2\"}," REST), "missing_param",
	  "e/a.app:1: \"vsn\" must be a version in double quotes, without a slash" },
	{ "description is a binary", APP(VSN "{description,<<\"x\">>}"), "bad_param",
	  "e/a.app:1: \"description\"" TEXT },
	{ "modules hold a string", APP(VSN "{description,\"\"},{modules,[\"m\"]}"), "bad_param",
	  "e/a.app:1: \"modules\" must be a list of atoms" },
	{ "mod is a module", APP(VSN REST ",{mod,m}"), "missing_param",
	  "e/a.app:1: \"mod\" must be {Module, Arguments} or []" },
	{ "phases are atoms", APP(VSN REST ",{start_phases,[p]}"), "bad_param",
	  "e/a.app:1: \"start_phases\" must be a list of {Phase, Arguments} pairs" },
	{ "env is a map", APP(VSN REST ",{env,#{}}"), "bad_param",
	  "e/a.app:1: \"env\" must be a list of {Name, Value} pairs whose names are atoms" },
	{ "maxT is zero", APP(VSN REST ",{maxT,0}"), "bad_param",
	  "e/a.app:1: \"maxT\" must be a whole number above 0, or infinity" },
	{ "a description of any code points", APP(VSN "{id,[0]},{description,[7,27,0]},"
			  "{modules,[]},{registered,[]},{applications,[]}"), NULL, NULL },
	{ "a version with a NUL", APP("{vsn,[49,0]}," REST), "bad_param",
	  "e/a.app:1: \"vsn\" must be a version in double quotes, without a slash" },
	{ "a name with a NUL", "{application,'a\\000',[" VSN REST "]}.", "badly_formatted_application",
	  "e/a.app: must hold {application, Name, [{Key, Value}, …]}." },
	{ "modules hold a NUL", APP(VSN "{description,\"\"},{modules,['m\\000']}"), "bad_param",
	  "e/a.app:1: \"modules\" must be a list of atoms" },
	{ "improper", APP(VSN "{description,\"\"}|x"), "EXIT",
	  "e/a.app: \"id\" is missing; add {id, …}: text in double quotes" },
};
/* clang-format on */

static void check_app(void **state)
{
	const struct rel_row *row = *state;
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *term;
	struct error err = { 0 };
	struct app *app;

	assert_int_equal(term_parse(&term, &arena, span_of(row->text), "e/a.app", &err), 0);
	if (!row->error) {
		assert_int_equal(app_parse(&app, &arena, term, "e/a.app", &err), 0);
		assert_string_equal(app->dir, "e");
		assert_string_equal(app->vsn, "1");
		return;
	}
	assert_int_equal(app_parse(&app, &arena, term, "e/a.app", &err), -1);
	assert_string_equal(err.text, row->error);
	assert_string_equal(err.otp, row->otp);
}

/* ---- resolving ---- */

#define SPEC(name, vsn, modules, uses, more)                                             \
	"{application," name ",[{vsn,\"" vsn "\"},{description,\"\"},{modules,[" modules \
	"]},{registered,[]},{applications,[" uses "]}" more "]}."
#define NOT_FOUND_HINT \
	"\nAdd the folder that holds what is not found, or take it out of the release."
#define USES(name, uses)                                                          \
	{                                                                         \
		"lib/" name "-1/ebin/" name ".app", SPEC(name, "1", "", uses, "") \
	}

struct file {
	const char *path, *text;
};

/* clang-format off */
static const struct resolve_row {
	const char *name, *apps;        /* behind kernel and stdlib */
	struct file files[5];
	const char *order;              /* NULL: refused */
	const char *otp, *error;
} resolve_rows[] = {
	{ "order of the .rel where it is free", ",{b,\"1\"},{a,\"1\"}",
	  { USES("a", "kernel"), USES("b", "stdlib") }, "kernel stdlib b a", NULL, NULL },
	{ "what is used comes first", ",{a,\"1\"},{b,\"1\"},{c,\"1\"}",
	  { USES("a", "c,b"), USES("b", "c"), USES("c", "kernel") },
	  "kernel stdlib c b a", NULL, NULL },
	{ "an optional one may be absent", ",{a,\"1\"}",
	  { { "lib/a-1/ebin/a.app", SPEC("a", "1", "", "z,kernel", ",{optional_applications,[z]}") } },
	  "kernel stdlib a(kernel,z)", NULL, NULL },
	{ "used means: its top", ",{x,\"1\"},{t,\"1\"},{i,\"1\"}",
	  { USES("x", "i"), { "lib/t-1/ebin/t.app", SPEC("t", "1", "", "kernel",
	    ",{included_applications,[i]}") }, USES("i", "kernel") },
	  "kernel stdlib i t x(t)", NULL, NULL },
	{ "its own user is forgiven", ",{a,\"1\"}", { USES("a", "a,kernel") },
	  "kernel stdlib a(kernel)", NULL, NULL },
	{ "any folder with an .app will do", ",{a,\"1\"}",
	  { { "lib/custom/ebin/a.app", SPEC("a", "1", "", "", "") } }, "kernel stdlib a", NULL, NULL },
	{ "another version first on the path", ",{a,\"1\"}",
	  { { "lib/a-0/ebin/a.app", SPEC("a", "0", "", "", "") }, USES("a", "") },
	  "kernel stdlib a", NULL, NULL },
	{ "not found", ",{a,\"1\"}", { { NULL, NULL } }, NULL, "error_reading",
	  "application a 1: no a.app in the 2 folders searched (not_found)" NOT_FOUND_HINT },
	{ "another version only", ",{a,\"1\"}", { { "lib/a/ebin/a.app", SPEC("a", "2", "", "", "") } },
	  NULL, "error_reading", "application a 1: the release wants version 1, but lib/a/ebin/a.app "
	  "is 2 (no_valid_version)" },
	{ "another name", ",{a,\"1\"}", { { "lib/a/ebin/a.app", SPEC("b", "1", "", "", "") } },
	  NULL, "bad_application_name",
	  "application a 1: lib/a/ebin/a.app describes b (bad_application_name)" },
	{ "a bad key ends the search", ",{a,\"1\"}",
	  { { "lib/a-0/ebin/a.app", SPEC("a", "0", "x y", "", "") },
	    { "lib/a-00/ebin/a.app", "{application,a,[]}." }, USES("a", "") },
	  NULL, "error_reading", "application a 1: lib/a-00/ebin/a.app: \"vsn\" is missing; add "
	  "{vsn, …}: a version in double quotes, without a slash (missing_param)" },
	{ "two at once", ",{a,\"1\"},{b,\"1\"}", { { "lib/a/ebin/a.app", "{x}." } },
	  NULL, "error_reading", "2 applications cannot be used:\n"
	  "  a 1: lib/a/ebin/a.app: must hold {application, Name, [{Key, Value}, …]}. "
	  "(badly_formatted_application)\n"
	  "  b 1: no b.app in the 3 folders searched (not_found)" NOT_FOUND_HINT },
	{ "undefined", ",{a,\"1\"}", { USES("a", "kernel,x,y,x") }, NULL, "undefined_applications",
	  "other applications need x and y, which the release does not have; add what is missing, or "
	  "make it optional" },
	{ "a module twice", ",{a,\"1\"},{b,\"1\"}",
	  { { "lib/a/ebin/a.app", SPEC("a", "1", "m,n", "", "") },
	    { "lib/b/ebin/b.app", SPEC("b", "1", "o,m", "", "") } },
	  NULL, "duplicate_modules",
	  "1 module names are used twice:\n  m: in a-1 (lib/a/ebin) and b-1 (lib/b/ebin)" },
	{ "included twice", ",{a,\"1\"},{b,\"1\"},{c,\"1\"}",
	  { { "lib/a/ebin/a.app", SPEC("a", "1", "", "", ",{included_applications,[c]}") },
	    { "lib/b/ebin/b.app", SPEC("b", "1", "", "", ",{included_applications,[c]}") },
	    USES("c", "") },
	  NULL, "duplicate_include", "c is included by a and by b; only one application may include it" },
	{ "includes in a circle", ",{a,\"1\"},{b,\"1\"}",
	  { { "lib/a/ebin/a.app", SPEC("a", "1", "", "", ",{included_applications,[b]}") },
	    { "lib/b/ebin/b.app", SPEC("b", "1", "", "", ",{included_applications,[a]}") } },
	  NULL, "circular_dependencies",
	  "a is included by b, and so on in a circle; take one of them out of included_applications" },
	{ "the .rel may not add includes", ",{a,\"1\",[b]},{b,\"1\"}", { USES("a", ""), USES("b", "") },
	  NULL, "error_reading", "application a 1: the .rel wants it to include b, but "
	  "lib/a-1/ebin/a.app does not list it in included_applications (override_include)" },
	{ "the .rel may leave includes out", ",{a,\"1\",[]}",
	  { { "lib/a/ebin/a.app", SPEC("a", "1", "", "", ",{included_applications,[b]}") } },
	  "kernel stdlib a", NULL, NULL },
	{ "a circle of uses", ",{a,\"1\"},{b,\"1\"}", { USES("a", "b"), USES("b", "a") },
	  NULL, "circular_dependencies",
	  "a and b wait for each other in a circle: take one out of another's applications" },
};
/* clang-format on */

/* Not file_write(): a thousand synced files take their time. */
static void write_text(const char *path, const char *text)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct error err;
	FILE *file;

	assert_int_equal(dir_make(path_dir(&arena, path), &err), 0);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void write_files(const struct resolve_row *row)
{
	write_text("lib/kernel-1/ebin/kernel.app", SPEC("kernel", "1", "k", "", ""));
	write_text("lib/stdlib-1/ebin/stdlib.app", SPEC("stdlib", "1", "s", "kernel", ""));
	for (size_t i = 0; i < ARRAY_LEN(row->files) && row->files[i].path; i++)
		write_text(row->files[i].path, row->files[i].text);
}

/* "kernel stdlib a(kernel)": uses are shown only where the expectation shows them. */
static void check_order(const struct resolved *release, const char *order)
{
	owned_str struct str text = STR_EMPTY;

	for (size_t i = 0; i < release->len; i++) {
		const struct resolved_app *app = &release->apps[i];

		str_addf(&text, "%s%s", i ? " " : "", app->app->name);
		if (i + 1 < release->len || !strchr(order, '('))
			continue;
		for (size_t k = 0; k < app->uses.len; k++)
			str_addf(&text, "%s%s", k ? "," : "(", app->uses.items[k]);
		str_adds(&text, ")");
	}
	assert_string_equal(str_text(&text), order);
}

static int resolve(struct resolved **out, struct arena *arena, const char *apps, struct error *err)
{
	static const char *const libs[] = { "lib" };
	const char *text = arena_printf(arena, REL(BASE "%s"), apps);
	const struct term *term;
	struct lib_path path;
	struct rel *rel;

	assert_int_equal(term_parse(&term, arena, span_of(text), "r.rel", err), 0);
	assert_int_equal(rel_parse(&rel, arena, term, "r.rel", err), 0);
	assert_int_equal(lib_path_make(&path, arena, tree_system(), (struct names){ libs, 1 }, err),
			 0);
	return rel_resolve(out, arena, rel, tree_system(), path, err);
}

static void check_resolve(void **state)
{
	const struct resolve_row *row = *state;
	owned_arena struct arena arena = ARENA_EMPTY;
	struct resolved *release;
	struct error err = { 0 };
	int ret;

	write_files(row);
	ret = resolve(&release, &arena, row->apps, &err);
	if (row->order) {
		assert_string_equal(err.text, "");
		assert_int_equal(ret, 0);
		check_order(release, row->order);
		return;
	}
	assert_int_equal(ret, -1);
	assert_string_equal(err.text, row->error);
	assert_string_equal(err.otp, row->otp);
}

/* ---- the path ---- */

/* clang-format off */
static const struct path_row {
	const char *name, *libs[3], *want;
} path_rows[] = {
	{ "a folder of applications", { "lib" }, "lib/a-1/ebin lib/b/ebin" },
	{ "slashes", { "lib//" }, "lib/a-1/ebin lib/b/ebin" },
	{ "an ebin folder, then the rest", { "lib/b/ebin", "lib" }, "lib/b/ebin lib/a-1/ebin" },
	{ "an application", { "lib/b" }, "lib/b/ebin" },
	{ "a glob", { "lib/*/ebin" }, "lib/a-1/ebin lib/b/ebin" },
	{ "a glob with text", { "*ib/a-*1/ebin" }, "lib/a-1/ebin" },
	{ "a glob of applications", { "l*" }, "lib/a-1/ebin lib/b/ebin" },
	{ "files here", { "flat" }, "flat" },
	{ "nothing there", { "nowhere", "no*/ebin", "lib/b/ebin" }, "lib/b/ebin" },
};
/* clang-format on */

static void check_path(void **state)
{
	const struct path_row *row = *state;
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str text = STR_EMPTY;
	struct lib_path path;
	struct error err;
	size_t len = 0;

	while (len < ARRAY_LEN(row->libs) && row->libs[len])
		len++;
	write_text("lib/a-1/ebin/a.app", "");
	write_text("lib/b/ebin/b.app", "");
	write_text("lib/docs/index", "");
	write_text("flat/c.app", "");
	assert_int_equal(
		lib_path_make(&path, &arena, tree_system(), (struct names){ row->libs, len }, &err),
		0);
	for (size_t i = 0; i < path.dirs.len; i++)
		str_addf(&text, "%s%s", i ? " " : "", path.dirs.items[i]);
	assert_string_equal(str_text(&text), row->want);
}

/* ---- size ---- */

/* A thousand applications of many modules, each of which needs all before it in a chain. */
static void check_large(void **state)
{
	enum { APPS = 1000, MODULES = 20 };
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str apps = STR_EMPTY;
	struct resolved *release;
	struct error err = { 0 };

	(void)state;
	write_files(&(struct resolve_row){ 0 });
	for (int i = 0; i < APPS; i++) {
		owned_str struct str modules = STR_EMPTY;
		const char *name = arena_printf(&arena, "a%d", i);

		for (int k = 0; k < MODULES; k++)
			str_addf(&modules, "%sm%d_%d", k ? "," : "", i, k);
		write_text(arena_printf(&arena, "lib/%s-1/ebin/%s.app", name, name),
			   arena_printf(&arena, SPEC("%s", "1", "%s", "%s%s", ""), name,
					str_text(&modules), "kernel",
					i + 1 < APPS ? arena_printf(&arena, ",a%d", i + 1) : ""));
		str_addf(&apps, ",{a%d,\"1\"}", i);
	}
	assert_int_equal(resolve(&release, &arena, str_text(&apps), &err), 0);
	assert_int_equal(release->len, APPS + 2);
	assert_string_equal(release->apps[2].app->name, "a999");
	assert_string_equal(release->apps[APPS + 1].app->name, "a0");
}

/* ---- each row in a folder of its own ---- */

static char home[4096];
static const char *folder;
static struct arena folder_arena;

static int enter(void **state)
{
	struct error err;

	(void)state;
	if (!getcwd(home, sizeof(home)) ||
	    dir_make_temp(&folder, &folder_arena, "/tmp/test_rel", &err))
		return -1;
	return chdir(folder);
}

static int leave(void **state)
{
	struct error err;
	int ret = chdir(home);

	(void)state;
	if (ret || tree_remove(folder, &err))
		return -1;
	arena_done(&folder_arena);
	return 0;
}

#define ROWS(rows, function, first, last)                                                \
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)                                     \
		tests[len++] = (struct CMUnitTest)                                       \
		{                                                                        \
			rows[i].name, function, first, last, (void *)(uintptr_t)&rows[i] \
		}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(rel_rows) + ARRAY_LEN(app_rows) +
				ARRAY_LEN(resolve_rows) + ARRAY_LEN(path_rows) + 2];
	size_t len = 0;

	ROWS(rel_rows, check_rel, NULL, NULL);
	ROWS(app_rows, check_app, NULL, NULL);
	ROWS(resolve_rows, check_resolve, enter, leave);
	ROWS(path_rows, check_path, enter, leave);
	tests[len++] = (struct CMUnitTest)cmocka_unit_test(check_rel_fields);
	tests[len++] =
		(struct CMUnitTest)cmocka_unit_test_setup_teardown(check_large, enter, leave);
	return cmocka_run_group_tests_name("rel", tests, NULL, NULL);
}
