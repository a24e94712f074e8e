// SPDX-License-Identifier: Apache-2.0
/* What changed between two releases, as `relevo diff` would list it. */
#include "tests/unit/fixture.h"

#include "upgrade/diff/modules.h"

/* clang-format off */
static const struct row {
	const char *name, *old_tree, *new_tree, *want;
} rows[] = {
	{ "nothing", "a 1: m=plain v1", "a 1: m=plain v1", "" },
	{ "another version, the same modules", "a 1: m=plain v1", "a 2: m=plain v1", "a 1 2 changed\n" },
	{ "modules of all kinds of change",
	  "a 1: gone=plain v1, same=plain v1, m=plain v1", "a 2: same=plain v1, m=plain v2, here=plain v1",
	  "a 1 2 changed: gone removed, here added, m changed (body v/0)\n" },
	{ "another module under the same version", "a 1: m=plain v1", "a 1: m=plain v2",
	  "a 1 1 changed (not bumped): m changed (body v/0)\n" },
	{ "kinds of change",
	  "a 1: b=server v1, e=plain v1 calls(x), m=r1 v1, s=t1 v1, x=plain v1",
	  "a 2: b=statem v1, e=plain v1 calls(x s), m=r2 v1, s=t2 v1, x=plain v1",
	  "a 1 2 changed: b changed (body, exports, behaviour callback_mode/0 code_change/3 code_change/4 "
	  "handle_call/3 handle_cast/2 init/1), e changed (body c/0), m changed (body, record handle_call/3 init/1), "
	  "s changed (body, struct __struct__/0)\n" },
	{ "applications come and go", "old 1: m=plain v1; b 1", "b 1; new 1: n=plain v1",
	  "new - 1 added\nold 1 - removed\n" },
	{ "files in priv", "a 1; FILE a-1/priv/x.so: 1; FILE a-1/priv/same: 1; FILE a-1/priv/d/t: 1",
	  "a 2; FILE a-2/priv/x.so: 2; FILE a-2/priv/same: 1; FILE a-2/priv/d/u: 1",
	  "a 1 2 changed priv: d/t x.so d/u nifs: x.so\n" },
	{ "environment", "a 1", "a 2 env", "a 1 2 changed env\n" },
	{ "protocols", "elixir 1; CONSOLIDATED: p=protocol v1, q=protocol v1",
	  "elixir 1; CONSOLIDATED: p=protocol v2, q=protocol v1, r=protocol v1",
	  "protocols: p changed (body v/0), r added\n" },
	{ "configuration", "a 1; CONFIG [].; VMARGS x", "a 1; CONFIG [{a,[]}].", "sys.config vm.args\n" },
	{ "runtime", "a 1", "a 1; ERTS 14.0", "erts\n" },
	{ "order of start", "b 1: m=plain v1; a 1: n=plain v1; elixir 1",
	  "b 2 elixir: m=plain v1; a 2: n=plain v1; elixir 2",
	  "elixir 1 2 changed\nb 1 2 changed\na 1 2 changed\n" },
};
/* clang-format on */

static void put_modules(struct str *out, struct module_diffs modules)
{
	for (size_t i = 0; i < modules.len; i++) {
		const struct module_diff *module = &modules.items[i];

		str_addf(out, "%s %s %s", i ? "," : ":", module->name, change_name(module->change));
		if (module->change != CHANGE_CHANGED)
			continue;
		str_addf(out, " (%s", change_kinds(&fixture_arena, module->kinds));

		for (size_t j = 0; j < module->functions.len; j++)
			str_addf(out, " %s", module->functions.items[j]);
		str_adds(out, ")");
	}
}

static void put_names(struct str *out, const char *what, struct names names)
{
	if (names.len > 0)
		str_addf(out, " %s:", what);
	for (size_t i = 0; i < names.len; i++)
		str_addf(out, " %s", names.items[i]);
}

static void put_app(struct str *out, const struct app_diff *app)
{
	const char *old_vsn = app_diff_old_vsn(app), *new_vsn = app_diff_new_vsn(app);

	str_addf(out, "%s %s %s %s%s", app->name, old_vsn ? old_vsn : "-", new_vsn ? new_vsn : "-",
		 change_name(app->change), app_diff_not_bumped(app) ? " (not bumped)" : "");
	put_modules(out, app->modules);
	put_names(out, "priv", app->priv);
	put_names(out, "nifs", app->nifs);
	str_adds(out, app->env.len > 0 ? " env\n" : "\n");
}

static void describe(struct str *out, const struct diff *diff)
{
	for (size_t i = 0; i < diff->len; i++)
		if (diff->apps[i].change != CHANGE_SAME)
			put_app(out, &diff->apps[i]);
	if (diff->protocols.len > 0) {
		str_adds(out, "protocols");
		put_modules(out, diff->protocols);
		str_adds(out, "\n");
	}
	if (diff->sys_config_changed || diff->vm_args_changed)
		str_addf(out, "%s%s\n", diff->sys_config_changed ? "sys.config" : "",
			 diff->vm_args_changed ? " vm.args" : "");
	if (diff->erts_changed)
		str_adds(out, "erts\n");
}

static void check(void **state)
{
	const struct row *row = *state;
	size_t nr = (size_t)(row - rows);
	owned_release struct release *a = fixture_open(arena_printf(&fixture_arena, "%zu/old", nr));
	owned_release struct release *b = fixture_open(arena_printf(&fixture_arena, "%zu/new", nr));
	owned_str struct str text = STR_EMPTY;
	struct diff *diff;
	struct error err;

	if (diff_make(&diff, &fixture_arena, a, b, &err))
		fail_msg("%s", err.text);
	describe(&text, diff);
	assert_string_equal(str_text(&text), row->want);
}

/* A module that the .app file lists must be there, and be what it is called. */
static void damaged(void **state)
{
	owned_release struct release *a = fixture_open("damaged");
	const char *file =
		arena_printf(&fixture_arena, "%s/damaged/lib/a-1/ebin/m.beam", fixture_dir);
	struct diff *diff;
	struct error err;

	(void)state;
	fixture_write(file, "FOR1");
	assert_int_equal(diff_make(&diff, &fixture_arena, a, a, &err), -1);
	assert_non_null(strstr(err.text, "application a: "));
	assert_non_null(strstr(err.text, "m.beam: not a BEAM file"));
	assert_int_equal(file_copy(arena_printf(&fixture_arena, "%s/damaged/lib/a-1/ebin/n.beam",
						fixture_dir),
				   file, 0644, &err),
			 0);
	assert_int_equal(diff_make(&diff, &fixture_arena, a, a, &err), -1);
	assert_non_null(strstr(err.text, "holds the module n"));
	assert_int_equal(tree_remove(file, &err), 0);
	assert_int_equal(diff_make(&diff, &fixture_arena, a, a, &err), -1);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	assert_non_null(strstr(err.text, "module m"));
}

static void spoil_code(const char *module)
{
	const char *file =
		arena_printf(&fixture_arena, "%s/spoilt/lib/a-1/ebin/%s.beam", fixture_dir, module);
	owned_str struct str bytes = STR_EMPTY;
	struct error err;
	char *code;

	assert_int_equal(file_read(file, 1 << 20, &bytes, &err), 0);
	code = memmem(bytes.ptr, bytes.len, "Code", 4);
	assert_non_null(code);
	memset(code + 40, 0xff, 8); /* its first instructions */
	assert_int_equal(file_write(file, str_span(&bytes), 0644, &err), 0);
}

/* Whichever was come to first, the first of all is told. */
static void damaged_code(void **state)
{
	owned_release struct release *a = fixture_open("spoilt");
	owned_modules struct modules *modules = NULL;
	struct diff *diff;
	struct error err;

	(void)state;
	spoil_code("m");
	spoil_code("n");
	assert_int_equal(diff_make(&diff, &fixture_arena, a, a, &err), 0);
	modules = modules_new(&fixture_arena, diff);
	assert_non_null(modules_code(modules, SIDE_NEW, "l"));
	assert_int_equal(modules_check(modules, &err), 0);
	assert_null(modules_code(modules, SIDE_NEW, "n"));
	assert_int_equal(modules_check(modules, &err), -1);
	assert_non_null(strstr(err.text, "old release: application a: module m: "));
}

static int setup(void **state)
{
	(void)state;
	fixture_begin();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		fixture_tree(arena_printf(&fixture_arena, "%zu/old", i), "1", rows[i].old_tree);
		fixture_tree(arena_printf(&fixture_arena, "%zu/new", i), "2", rows[i].new_tree);
	}
	fixture_tree("damaged", "1", "a 1: m=plain v1, n=plain v1");
	fixture_tree("spoilt", "1", "a 1: l=plain v1, m=plain v1, n=plain v1");
	fixture_compile();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fixture_end();
	return 0;
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(rows) + 2];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
						.test_func = check,
						.initial_state = (void *)(uintptr_t)&rows[i] };
	tests[ARRAY_LEN(rows)] = (struct CMUnitTest)cmocka_unit_test(damaged);
	tests[ARRAY_LEN(rows) + 1] = (struct CMUnitTest)cmocka_unit_test(damaged_code);
	return cmocka_run_group_tests_name("diff", tests, setup, teardown);
}
