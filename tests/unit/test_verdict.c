// SPDX-License-Identifier: Apache-2.0
/* tests/verdict/FILE.cases: releases that differ in one thing, each with the verdict and the
 * reasons it must get, and a twin that looks much the same and must not get them.
 *
 *	=== what it is about
 *	want: restart: nif_changed a m          verdict, then all reasons: code application module
 *	twin: hot
 *	up: [{load_module,m}]                   the new release's appup of the first application
 *	down: [{load_module,m}]                 that changed, where it matters
 *	-- old a/m.erl                          a source of application a in the old release …
 *	-- new a/m.erl                          … and in the new one; what is not there again is the
 *	-- twin a/m.erl                         same; "(removed)" takes it away
 *
 * Other paths: a/app (keys of its .app file), a/priv/…, a/appup (by hand, new and twin only),
 * config (sys.config), vm.args, relup, release (lines like "erts 14", "kernel 9", "type a load").
 * The bases have no modules, but for those of NAME.real.cases, whose stdlib and Elixir are what is
 * installed here.  Applications get version 1 and, where something of theirs differs from the old
 *release, 2; "vsn" in a/app rules over that.  NAME.otp29.cases wants OTP 29 or later to compile
 *them.  All is compiled by one VM (tests/tools/compile.escript).
 */
#include "base/name_table.h"
#include "release/model/otp.h"
#include "upgrade/plan/plan.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum which { OLD, NEW, TWIN, WHICH };

static const char *const which_names[] = { "old", "new", "twin" };

struct file {
	const char *path; /* "a/m.erl" */
	const char *text[WHICH];
};

struct test_case {
	const char *name, *want[WHICH], *up, *down, *allow;
	struct file *files;
	size_t len, cap;
	const char *dir;
	bool real;
};

static struct arena arena;
static const char *root;
static struct otp installed;
static struct test_case *cases;
static size_t cases_len, cases_cap;

/* ---- reading the cases ---- */

static struct file *file_of(struct test_case *test, const char *path)
{
	for (size_t i = 0; i < test->len; i++)
		if (strcmp(test->files[i].path, path) == 0)
			return &test->files[i];
	test->files = arena_grow(&arena, test->files, test->len, &test->cap);
	test->files[test->len] = (struct file){ .path = path };
	return &test->files[test->len++];
}

/* "-- new a/m.erl"; the text that follows goes there. */
static const char **begin_file(struct test_case *test, struct span line)
{
	for (size_t i = 0; i < WHICH; i++)
		if (span_starts(line, which_names[i])) {
			size_t cut = strlen(which_names[i]) + 1;

			return &file_of(test, arena_dup(&arena, (struct span){ line.ptr + cut,
									       line.len - cut }))
					->text[i];
		}
	fail_msg("neither old, new nor twin: " SPAN_FMT, SPAN_ARG(line));
	return NULL;
}

static bool take(const char **out, struct span line, const char *key)
{
	if (!span_starts(line, key))
		return false;
	*out = arena_dup(
		&arena, span_trim((struct span){ line.ptr + strlen(key), line.len - strlen(key) }));
	return true;
}

static void read_line(struct span line, bool real, const char ***text)
{
	struct test_case *test = cases_len > 0 ? &cases[cases_len - 1] : NULL;
	const char *name;

	if (take(&name, line, "=== ")) {
		cases = arena_grow(&arena, cases, cases_len, &cases_cap);
		cases[cases_len++] = (struct test_case){ .name = name, .real = real };
		*text = NULL;
	} else if (test && span_starts(line, "-- ")) {
		*text = begin_file(test, (struct span){ line.ptr + 3, line.len - 3 });
		**text = "";
	} else if (test && *text) {
		**text = arena_printf(&arena, "%s" SPAN_FMT "\n", **text, SPAN_ARG(line));
	} else if (test && !take(&test->want[NEW], line, "want:") &&
		   !take(&test->want[TWIN], line, "twin:") && !take(&test->up, line, "up:") &&
		   !take(&test->down, line, "down:") && !take(&test->allow, line, "allow:") &&
		   span_trim(line).len > 0 && line.ptr[0] != '#') {
		fail_msg("%s: " SPAN_FMT, test->name, SPAN_ARG(line));
	}
}

static void read_cases(const char *path, bool real)
{
	owned_str struct str text = STR_EMPTY;
	const char **into = NULL;
	struct span rest, line;
	struct error err;

	if (file_read(path, 1 << 20, &text, &err))
		fail_msg("%s", err.text);
	rest = str_span(&text);
	while (span_next(&rest, '\n', &line))
		read_line(line, real, &into);
}

/* ---- writing the trees ---- */

static void put(const char *path, const char *text)
{
	struct error err;

	if (dir_make(path_dir(&arena, path), &err) || file_write(path, span_of(text), 0644, &err))
		fail_msg("%s", err.text);
}

/* NULL: not there. */
static const char *text_in(const struct file *file, enum which which)
{
	const char *text = file->text[which] ? file->text[which] : file->text[OLD];

	return text && span_starts(span_of(text), "(removed)\n") ? NULL : text;
}

static struct span app_of(const struct file *file)
{
	const char *slash = strchr(file->path, '/');

	return (struct span){ file->path, slash ? (size_t)(slash - file->path) : 0 };
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_of(const struct file *file, const char *app)
{
	return span_is(app_of(file), app);
}

struct tree_maker {
	const struct test_case *test;
	enum which which;
	const char *dir, *erts;
	struct str rel;
};

static bool is_there(const struct tree_maker *maker, const char *app)
{
	for (size_t i = 0; i < maker->test->len; i++)
		if (is_of(&maker->test->files[i], app) &&
		    text_in(&maker->test->files[i], maker->which))
			return true;
	return false;
}

static bool differs(const struct tree_maker *maker, const char *app)
{
	for (size_t i = 0; i < maker->test->len; i++) {
		const struct file *file = &maker->test->files[i];

		if (is_of(file, app) && file->text[maker->which] &&
		    !same_text(text_in(file, OLD), text_in(file, maker->which)))
			return true;
	}
	return false;
}

static const char *vsn_of(const struct tree_maker *maker, const char *app, const char *keys)
{
	const char *said = keys ? strstr(keys, "{vsn,\"") : NULL;

	if (said)
		return arena_dup(&arena, (struct span){ said + 6, strcspn(said + 6, "\"") });
	return maker->which != OLD && differs(maker, app) ? "2" : "1";
}

static const char *keys_of(const struct tree_maker *maker, const char *app)
{
	for (size_t i = 0; i < maker->test->len; i++)
		if (strcmp(maker->test->files[i].path, arena_printf(&arena, "%s/app", app)) == 0)
			return text_in(&maker->test->files[i], maker->which);
	return NULL;
}

/* Where a file of an application goes; NULL: it is none of those that are written. */
static const char *place_of(const struct tree_maker *maker, const struct file *file,
			    const char *app_dir)
{
	const char *name = strchr(file->path, '/') + 1;

	if (strcmp(name, "app") == 0)
		return NULL;
	if (strcmp(name, "appup") == 0)
		return arena_printf(&arena, "%s/appups-%s/1-2/" SPAN_FMT ".appup", maker->test->dir,
				    which_names[maker->which], SPAN_ARG(app_of(file)));
	return arena_printf(&arena, "%s/%s%s", app_dir,
			    span_starts(span_of(name), "priv/") ? "" : "ebin/", name);
}

static void put_app(struct tree_maker *maker, const char *app, const char *type)
{
	const char *keys = keys_of(maker, app), *vsn = vsn_of(maker, app, keys);
	const char *dir = arena_printf(&arena, "%s/lib/%s-%s", maker->dir, app, vsn);
	owned_str struct str text = STR_EMPTY;

	for (size_t i = 0; i < maker->test->len; i++) {
		const struct file *file = &maker->test->files[i];
		const char *source = text_in(file, maker->which);
		const char *place = is_of(file, app) ? place_of(maker, file, dir) : NULL;

		if (place && source)
			put(place, source);
	}
	str_addf(&text, "{application,%s,[", app);
	if (keys)
		str_addf(&text, "%s,", keys);
	if (!keys || !strstr(keys, "{vsn,"))
		str_addf(&text, "{vsn,\"%s\"},", vsn);
	if (!keys || !strstr(keys, "{applications,"))
		str_adds(&text, "{applications,[]},");
	str_adds(&text, "{description,\"\"},{registered,[]}]}.\n");
	put(arena_printf(&arena, "%s/ebin/%s.app", dir, app), str_text(&text));
	str_addf(&maker->rel, ",{%s,\"%s\",%s}", app, vsn, type);
}

/* The word behind a word of the lines in "release"; otherwise what is usual. */
static const char *said(const struct tree_maker *maker, const char *word, const char *usual)
{
	for (size_t i = 0; i < maker->test->len; i++) {
		const char *text = text_in(&maker->test->files[i], maker->which), *found;

		if (strcmp(maker->test->files[i].path, "release") != 0 || !text)
			continue;
		found = strstr(text, word);
		if (found) {
			found += strlen(word) + 1;
			return arena_dup(&arena, (struct span){ found, strcspn(found, " \n") });
		}
	}
	return usual;
}

static void put_base(struct tree_maker *maker, const char *app, const char *usual)
{
	const char *vsn = said(maker, app, usual);

	if (strcmp(vsn, "none") == 0)
		return;
	put(arena_printf(&arena, "%s/lib/%s-%s/ebin/%s.app", maker->dir, app, vsn, app),
	    arena_printf(&arena,
			 "{application,%s,[{vsn,\"%s\"},{description,\"\"},{registered,[]},"
			 "{applications,[]}]}.\n",
			 app, vsn));
	str_addf(&maker->rel, ",{%s,\"%s\"}", app, vsn);
}

static void put_apps(struct tree_maker *maker)
{
	owned_name_table struct name_table *apps = name_table_new();

	for (size_t i = 0; i < maker->test->len; i++) {
		const char *app = arena_dup(&arena, app_of(&maker->test->files[i]));
		bool is_new;

		name_table_add(apps, app, &is_new);
		if (is_new && app[0] && is_there(maker, app))
			put_app(maker, app,
				said(maker, arena_printf(&arena, "type %s", app), "permanent"));
	}
}

static void put_release_file(const struct tree_maker *maker, const char *dir, const char *from,
			     const char *to)
{
	for (size_t i = 0; i < maker->test->len; i++)
		if (strcmp(maker->test->files[i].path, from) == 0 &&
		    text_in(&maker->test->files[i], maker->which))
			put(path_join(&arena, dir, to),
			    text_in(&maker->test->files[i], maker->which));
}

static bool uses_elixir(const struct test_case *test)
{
	for (size_t i = 0; i < test->len; i++)
		if (span_ends(span_of(test->files[i].path), ".ex"))
			return true;
	return false;
}

static void put_tree(const struct test_case *test, enum which which)
{
	struct tree_maker maker = { .test = test, .which = which, .rel = STR_EMPTY };
	const char *vsn = which == OLD ? "1" : "2", *dir;

	maker.dir = arena_printf(&arena, "%s/%s", test->dir, which_names[which]);
	vsn = said(&maker, "version", vsn);
	dir = arena_printf(&arena, "%s/releases/%s", maker.dir, vsn);
	put_base(&maker, "kernel", "8.5");
	put_base(&maker, "stdlib", "4.2");
	put_base(&maker, "sasl", "4.2");
	put_base(&maker, "elixir", uses_elixir(test) ? "1.14.0" : "none");
	put_apps(&maker);
	put_release_file(&maker, dir, "config", "sys.config");
	put_release_file(&maker, dir, "runtime.exs", "runtime.exs");
	put_release_file(&maker, dir, "vm.args", "vm.args");
	put_release_file(&maker, dir, "relup", "relup");
	put(path_join(&arena, dir, "site.rel"),
	    arena_printf(&arena, "{release,{\"%s\",\"%s\"},{erts,\"%s\"},[%s]}.",
			 said(&maker, "name", "site"), vsn, said(&maker, "erts", "13.1.5"),
			 str_text(&maker.rel) + 1));
	str_done(&maker.rel);
}

/* ---- the verdict ---- */

static void describe(struct str *out, const struct plan *plan)
{
	str_adds(out, verdict_name(plan->verdict));
	for (size_t i = 0; i < plan->reasons.len; i++) {
		const struct reason *reason = &plan->reasons.items[i];

		str_addf(out, "%s %s", i ? "," : ":", reason_name(reason->code));
		if (reason->application)
			str_addf(out, " %s", reason->application);
		if (reason->module)
			str_addf(out, " %s", module_shown(reason->module));
	}
}

/* Every finding says what was seen, and nearly every one what to do. */
static void check_words(const struct plan *plan)
{
	for (size_t i = 0; i < plan->reasons.len; i++) {
		const struct reason *reason = &plan->reasons.items[i];

		assert_true(strlen(reason->message) > 20);
		assert_true(reason->hint || reason->severity == SEVERITY_INFO ||
			    reason->severity == SEVERITY_IMPOSSIBLE);
		assert_null(strstr(reason->message, "SECRET"));
	}
}

static void check_script(const char *name, const struct term *script, const char *want)
{
	owned_str struct str text = STR_EMPTY;

	if (!want)
		return;
	if (script)
		term_print(&text, script);
	if (strcmp(str_text(&text), want) != 0)
		fail_msg("%s: %s\n  wanted: %s", name, str_text(&text), want);
}

/* Modules as they are installed.  Once all is compiled: what is linked is nobody's to change. */
static void link_base(const struct test_case *test, enum which which, const char *app,
		      const char *vsn, const char *from)
{
	const char *to = arena_printf(&arena, "%s/%s/lib/%s-%s/ebin", test->dir, which_names[which],
				      app, vsn);
	owned_str struct str text = STR_EMPTY;
	struct dir_entry *entries;
	struct error err;
	size_t len = 0;

	if (!from || dir_list(&entries, &len, &arena, from, &err))
		fail_msg("no modules of %s", app);
	str_addf(&text, "{application,%s,[{vsn,\"%s\"},{description,\"\"},{registered,[]},", app,
		 vsn);
	str_adds(&text, "{applications,[]},{runtime_dependencies,[]},{modules,[");
	for (size_t i = 0, any = 0; i < len; i++) {
		struct span name = span_of(entries[i].name);

		if (!span_ends(name, ".beam"))
			continue;
		assert_int_equal(symlink(path_join(&arena, from, entries[i].name),
					 path_join(&arena, to, entries[i].name)),
				 0);
		name.len -= strlen(".beam");
		str_addf(&text, "%s'" SPAN_FMT "'", any++ ? "," : "", SPAN_ARG(name));
	}
	str_adds(&text, "]}]}.\n");
	put(arena_printf(&arena, "%s/%s.app", to, app), str_text(&text));
}

static void link_bases(const struct test_case *test, enum which which)
{
	struct dir_entry *entries;
	struct error err;
	size_t len = 0;

	if (dir_list(&entries, &len, &arena, installed.lib, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < len; i++)
		if (span_starts(span_of(entries[i].name), "stdlib-"))
			link_base(
				test, which, "stdlib", "4.2",
				arena_printf(&arena, "%s/%s/ebin", installed.lib, entries[i].name));
	if (uses_elixir(test))
		link_base(test, which, "elixir", "1.14.0",
			  arena_printf(&arena, "%s/elixir/ebin", elixir_lib_find(&arena)));
}

static struct release *open_tree(const struct test_case *test, enum which which)
{
	struct release *release;
	struct error err;

	if (release_open(&release, arena_printf(&arena, "%s/%s", test->dir, which_names[which]),
			 &err))
		fail_msg("%s", err.text);
	return release;
}

static void check_plan(const struct test_case *test, enum which which)
{
	owned_release struct release *a = open_tree(test, OLD), *b = open_tree(test, which);
	owned_str struct str text = STR_EMPTY;
	struct plan_options options = {
		.appups = { .dir = arena_printf(&arena, "%s/appups-%s", test->dir,
						which_names[which]) },
		.allow = { &test->allow, test->allow ? 1 : 0 },
	};
	struct plan *plan;
	struct error err;

	if (plan_make(&plan, &arena, a, b, &options, &err))
		fail_msg("%s", err.text);
	describe(&text, plan);
	if (strcmp(str_text(&text), test->want[which]) != 0) {
		str_addf(&text, "\n  wanted: %s", test->want[which]);
		for (size_t i = 0; i < plan->reasons.len; i++)
			str_addf(&text, "\n  %s", plan->reasons.items[i].message);
		fail_msg("%s: %s", which_names[which], str_text(&text));
	}
	check_words(plan);
	if (which == NEW && plan->appups.len > 0) {
		check_script("up", plan->appups.items[0].up, test->up);
		check_script("down", plan->appups.items[0].down, test->down);
	}
}

static void check(void **state)
{
	const struct test_case *test = *state;

	assert_non_null(test->want[NEW]);
	for (enum which which = OLD; test->real && which < WHICH; which++)
		if (which != TWIN || test->want[TWIN])
			link_bases(test, which);
	check_plan(test, NEW);
	if (test->want[TWIN])
		check_plan(test, TWIN);
}

/* ---- all of them ---- */

/* test_verdict N: every third case from the N-th on, for three that run at once. */
enum { PARTS = 3 };
static unsigned long part;

static bool is_of_part(size_t nr)
{
	return part == 0 || nr % PARTS == part - 1;
}

static int setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < cases_len; i++) {
		if (!is_of_part(i))
			continue;
		cases[i].dir = arena_printf(&arena, "%s/%zu", root, i);
		for (enum which which = OLD; which < WHICH; which++)
			if (which != TWIN || cases[i].want[TWIN])
				put_tree(&cases[i], which);
	}
	return system(arena_printf(&arena, "escript tests/tools/compile.escript %s", root));
}

static int teardown(void **state)
{
	struct error err;

	(void)state;
	if (tree_remove(root, &err))
		fail_msg("%s", err.text);
	return 0;
}

/* Every code that there is, is the reason of some case. */
static void every_code(void **state)
{
	/* test_plan.c and test_appup.c have these. */
	static const char *const elsewhere[] = { "relup_failed", "protocols_stay",
						 "protocol_changed" };

	(void)state;
	for (enum reason_code code = 0; code < REASON_COUNT; code++) {
		const char *name = reason_name(code);
		bool found = false;

		for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++)
			found = found || strcmp(elsewhere[i], name) == 0;
		for (size_t i = 0; i < cases_len; i++)
			found = found || strstr(cases[i].want[NEW], name);
		if (!found)
			fail_msg("no case has the reason %s", name);
	}
}

/* "records.otp29.cases" is not for an older OTP than that. */
static bool is_for_here(const char *name, const struct otp *otp)
{
	const char *wanted = strstr(name, ".otp");

	return !wanted ||
	       strtol(wanted + strlen(".otp"), NULL, 10) <= strtol(otp->release, NULL, 10);
}

static void read_folder(void)
{
	struct dir_entry *entries;
	struct error err;
	size_t len = 0;

	if (dir_list(&entries, &len, &arena, "tests/verdict", &err) ||
	    dir_make_temp(&root, &arena, "/tmp/relevo-verdict", &err) ||
	    otp_find(&installed, &arena, &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	for (size_t i = 0; i < len; i++)
		if (span_ends(span_of(entries[i].name), ".cases") &&
		    is_for_here(entries[i].name, &installed))
			read_cases(path_join(&arena, "tests/verdict", entries[i].name),
				   span_ends(span_of(entries[i].name), ".real.cases"));
}

int main(int argc, char **argv)
{
	struct CMUnitTest *tests;
	size_t len = 0;
	int ret;

	if (argc > 1)
		part = strtoul(argv[1], NULL, 10);
	read_folder();
	tests = arena_array(&arena, cases_len + 1, struct CMUnitTest);
	for (size_t i = 0; i < cases_len; i++)
		if (is_of_part(i))
			tests[len++] = (struct CMUnitTest){ .name = cases[i].name,
							    .test_func = check,
							    .initial_state = &cases[i] };
	tests[len++] = (struct CMUnitTest){ .name = "every code", .test_func = every_code };
	ret = _cmocka_run_group_tests("verdict", tests, len, setup, teardown);
	arena_done(&arena);
	return ret;
}
