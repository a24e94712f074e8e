// SPDX-License-Identifier: Apache-2.0
/* Appups from differences: generated, written by hand, with protocols; and what is found
 * wrong with those written by hand.
 */
#include "tests/unit/fixture.h"

#include "upgrade/appup/appup.h"

/* clang-format off */
static const struct row {
	const char *name, *old_tree, *new_tree;
	const char *by_hand;            /* file below the folder of appups = content; NULL: none */
	const char *want;               /* both scripts of each application, then the reasons */
} rows[] = {
	{ "only the version", "a 1: m=plain v1", "a 2: m=plain v1", NULL,
	  "a up [] down []\n" },
	{ "each kind of module",
	  "a 1: p=plain v1, s=server v1, t=statem v1, n=soft v1, u=sup v1, gone=plain v1",
	  "a 2: p=plain v2, s=server v2, t=statem v2, n=soft v2, u=sup v2, here=plain v1", NULL,
	  "a up [{add_module,here},{update,n,soft},{load_module,p},{update,s,{advanced,[]}},"
	  "{update,t,{advanced,[]}},{update,u,supervisor},{delete_module,gone}]"
	  " down [{add_module,gone},{update,n,soft},{load_module,p},{update,s,{advanced,[]}},"
	  "{update,t,{advanced,[]}},{update,u,supervisor},{delete_module,here}]\n" },
	{ "a module that becomes a process is loaded", "a 1: m=plain v1", "a 2: m=server v1", NULL,
	  "a up [{load_module,m}] down [{load_module,m}]\n" },
	{ "what calls depends on what is called",
	  "a 1: m=plain v1 calls(n), n=plain v1, o=plain v1",
	  "a 2: m=plain v2 calls(n o lists), n=plain v2, o=plain v1", NULL,
	  "a up [{load_module,m,[n]},{load_module,n}] down [{load_module,m,[n]},{load_module,n}]\n" },
	{ "circles", "a 1: m=server v1, n=plain v1", "a 2: m=server v2 calls(n m), n=plain v2 calls(m)", NULL,
	  "a up [{update,m,{advanced,[]},[n]},{load_module,n,[m]}]"
	  " down [{update,m,{advanced,[]},[n]},{load_module,n,[m]}]\n" },
	{ "across applications", "a 1: m=plain v1; b 1: n=server v1", "a 2: m=plain v2; b 2: n=server v2 calls(m)", NULL,
	  "a up [{load_module,m}] down [{load_module,m}]\n"
	  "b up [{update,n,{advanced,[]},[m]}] down [{update,n,{advanced,[]},[m]}]\n" },
	{ "through an added module", "a 1: m=plain v1, n=plain v1", "a 2: m=plain v2 calls(x), x=plain v1 calls(n), n=plain v2", NULL,
	  "a up [{add_module,x},{load_module,m,[n]},{load_module,n}]"
	  " down [{load_module,m,[n]},{load_module,n},{delete_module,x}]\n" },
	{ "added by a later application", "a 1: m=plain v1; b 1", "a 2: m=plain v2 calls(x); b 2: x=plain v1", NULL,
	  "a up [{load_module,m,[x]}] down [{load_module,m}]\n"
	  "b up [{add_module,x}] down [{delete_module,x}]\n" },
	{ "deleted, downwards, before who called it is back", "a 1; b 1: m=plain v1", "a 2: x=plain v1; b 2: m=plain v2 calls(x)", NULL,
	  "a up [{add_module,x}] down [{delete_module,x}]\n"
	  "b up [{load_module,m}] down [{load_module,m,[x]}]\n" },
	{ "deleted, upwards, before who called it is new", "a 1: x=plain v1; b 1: m=plain v1 calls(x)", "a 2; b 2: m=plain v2", NULL,
	  "a up [{delete_module,x,[m]}] down [{add_module,x}]\n"
	  "b up [{load_module,m}] down [{load_module,m}]\n" },
	{ "a module that moved", "a 1: m=server v1, n=plain v1; b 1: o=plain v1", "a 2: n=plain v2; b 2: m=server v2, o=plain v2 calls(m)", NULL,
	  "a up [{load_module,n}] down [{load_module,n}]\n"
	  "b up [{update,m,{advanced,[]}},{load_module,o,[m]}] down [{update,m,{advanced,[]}},{load_module,o,[m]}]\n" },
	{ "a module that moved the other way", "a 1: n=plain v1; b 1: m=server v1", "a 2: m=server v2, n=plain v1; b 2", NULL,
	  "a up [{update,m,{advanced,[]}}] down [{update,m,{advanced,[]}}]\nb up [] down []\n" },
	{ "what everything stands on",
	  "kernel 8.5: k=plain v1; stdlib 4.2; sasl 4.2; elixir 1: e=plain v1; a 1: m=plain v1",
	  "kernel 8.6: k=plain v2; stdlib 4.2; sasl 4.2; elixir 2: e=plain v2; a 2: m=plain v2 calls(k e)", NULL,
	  "kernel up [restart_new_emulator] down [restart_new_emulator]\n"
	  "elixir up [restart_emulator] down [restart_emulator]\n"
	  "a up [{load_module,m}] down [{load_module,m}]\n" },

	/* consolidated protocols */
	{ "no protocol changed, the path does",
	  "elixir 1; a 1: m=plain v1; b 1 elixir: n=plain v1; CONSOLIDATED: p=protocol v1",
	  "elixir 1; a 2: m=plain v2; b 2 elixir: n=plain v2; CONSOLIDATED: p=protocol v1", NULL,
	  "a up [{load_module,m}] down [{load_module,m}]\n"
	  "b up [{protocols,\"1\",\"2\",[]},{load_module,n}] down [{load_module,n},{protocols,\"2\",\"1\",[]}]\n" },
	{ "implementations added: behind the last of them",
	  "elixir 1; a 1 elixir; b 1 elixir: m=plain v1; c 1 elixir; CONSOLIDATED: p=protocol v1, q=protocol v1",
	  "elixir 1; a 2 elixir: i=impl v1; b 2 elixir: j=impl v1, m=plain v2 calls(j), x=plain v1; c 2 elixir;"
	  "CONSOLIDATED: p=protocol v2, r=protocol v1", NULL,
	  "a up [{add_module,i}] down [{delete_module,i}]\n"
	  "b up [{add_module,j},{add_module,x},{protocols,\"1\",\"2\",[p,r]},{load_module,m}]"
	  " down [{load_module,m},{protocols,\"2\",\"1\",[p,q]},{delete_module,j},{delete_module,x}]\n"
	  "c up [] down []\n" },
	{ "a protocol's own module is not loaded over the consolidated one",
	  "elixir 1; a 1 elixir: p=protocol v1, m=plain v1, old=protocol v1; CONSOLIDATED: p=protocol v1, old=protocol v1",
	  "elixir 1; a 2 elixir: p=protocol v2, m=plain v2 calls(p), new=protocol v1; CONSOLIDATED: p=protocol v2, new=protocol v1", NULL,
	  "a up [{protocols,\"1\",\"2\",[new,p]},{load_module,m},{delete_module,old}]"
	  " down [{load_module,m},{protocols,\"2\",\"1\",[old,p]},{delete_module,new}]\n" },
	{ "nobody to carry it", "elixir 1; CONSOLIDATED: p=protocol v1", "elixir 1; CONSOLIDATED: p=protocol v2", NULL,
	  "protocols_stay -\n" },

	/* written by hand */
	{ "wins", "a 1: m=plain v1", "a 2: m=plain v2", "1-2/a.appup={\"2\",[{\"1\",[{load_module,m,soft_purge,soft_purge}]}],"
	  "[{\"1\",[{load_module,m}]}]}.",
	  "a up [{load_module,m,soft_purge,soft_purge}] down [{load_module,m}]\n" },
	{ "by versions of the application; a pattern; others stay", "a 0.1: m=plain v1", "a 0.2: m=plain v2",
	  "0.1-0.2/a.appup={\"0.2\",[{\"0.0\",[]},{<<\"0\\\\.[0-9]\">>,[{load_module,m}]}],[{<<\".*\">>,[{restart_application,a}]}]}.",
	  "a up [{load_module,m}] down [{restart_application,a}]\n" },
	{ "incomplete and stale", "a 1: m=plain v1, n=plain v1, same=plain v1", "a 2: m=plain v2, same=plain v1, x=plain v1",
	  "1-2/a.appup={\"2\",[{\"1\",[{load_module,m},{load_module,same}]}],[{\"1\",[{update,m,soft},{load_module,typo},{add_module,n},{delete_module,x}]}]}.",
	  "a up [{load_module,m},{load_module,same}] down [{update,m,soft},{load_module,typo},{add_module,n},{delete_module,x}]\n"
	  "appup_incomplete a n\nappup_incomplete a x\nappup_stale a typo\nappup_stale a same\n" },
	{ "code_change that is not there", "a 1: m=soft v1", "a 2: m=soft v2",
	  "1-2/a.appup={\"2\",[{\"1\",[{update,m,{advanced,[]}}]}],[{\"1\",[{update,m,5000,{advanced,x},soft_purge,soft_purge,[]}]}]}.",
	  "a up [{update,m,{advanced,[]}}] down [{update,m,5000,{advanced,x},soft_purge,soft_purge,[]}]\n"
	  "code_change_missing a m\ncode_change_missing a m\n" },
	{ "no way down", "a 1: m=plain v1", "a 2: m=plain v2", "1-2/a.appup={\"2\",[{\"1\",[{load_module,m}]}],[]}.",
	  "a up [{load_module,m}] down none\nnot_reversible a\n" },
	{ "for another version", "a 1: m=plain v1", "a 2: m=plain v2", "1-2/a.appup={\"3\",[{\"1\",[]}],[{\"1\",[]}]}.",
	  "a up [{load_module,m}] down [{load_module,m}]\nappup_invalid a\n" },
	{ "from another version", "a 1: m=plain v1", "a 2: m=plain v2", "1-2/a.appup={\"2\",[{\"1.5\",[]}],[{\"1\",[]}]}.",
	  "a up [{load_module,m}] down [{load_module,m}]\nappup_invalid a\n" },
	{ "not Erlang", "a 1: m=plain v1", "a 2: m=plain v2", "1-2/a.appup={\"2\",[",
	  "a up [{load_module,m}] down [{load_module,m}]\nappup_invalid a\n" },
	{ "not the right shape", "a 1: m=plain v1", "a 2: m=plain v2", "1-2/a.appup={\"2\",nothing,[]}.",
	  "a up [{load_module,m}] down [{load_module,m}]\nappup_invalid a\n" },
	{ "gets the protocols too, behind the point of no return",
	  "elixir 1; a 1 elixir: m=plain v1; CONSOLIDATED: p=protocol v1", "elixir 1; a 2 elixir: m=plain v2, i=impl v1; CONSOLIDATED: p=protocol v2",
	  "1-2/a.appup={\"2\",[{\"1\",[{load_object_code,{a,\"2\",[m]}},point_of_no_return,{add_module,i},{load,{m,brutal_purge,brutal_purge}}]}],"
	  "[{\"1\",[{load_module,m},{delete_module,i}]}]}.",
	  "a up [{load_object_code,{a,\"2\",[m]}},point_of_no_return,{add_module,i},{protocols,\"1\",\"2\",[p]},{load,{m,brutal_purge,brutal_purge}}]"
	  " down [{load_module,m},{protocols,\"2\",\"1\",[p]},{delete_module,i}]\n" },
	{ "nothing depends on what it does not change", "a 1: m=plain v1, n=plain v1; b 1: o=plain v1",
	  "a 2: m=plain v2, n=plain v2; b 2: o=plain v2 calls(m n)",
	  "1-2/a.appup={\"2\",[{\"1\",[{load_module,m}]}],[{\"1\",[{restart_application,a}]}]}.",
	  "a up [{load_module,m}] down [{restart_application,a}]\n"
	  "b up [{load_module,o,[m]}] down [{load_module,o}]\nappup_incomplete a n\n" },
};
/* clang-format on */

/* The long instruction for protocols, in short. */
static const struct term *shorten(const struct term *instruction)
{
	const struct term *args, *bindings;
	const char *from, *to;

	if (!term_is_tagged(instruction, "apply", 2))
		return instruction;
	args = term_at(term_at(instruction, 1), 2);
	bindings = term_at(args, 1);
	assert_true(term_get_text(term_proplist_get(bindings, "from"), &fixture_arena, &from));
	assert_true(term_get_text(term_proplist_get(bindings, "to"), &fixture_arena, &to));
	return term_tuple(&fixture_arena, term_atom(&fixture_arena, "protocols"),
			  term_string(&fixture_arena, from), term_string(&fixture_arena, to),
			  term_proplist_get(bindings, "modules"));
}

static void put_script(struct str *out, const char *what, const struct term *script)
{
	struct terms list = { 0 };

	str_addf(out, " %s ", what);
	if (!script) {
		str_adds(out, "none");
		return;
	}
	for (size_t i = 0; i < script->seq.len; i++)
		terms_add(&fixture_arena, &list, shorten(term_at(script, i)));
	term_print(out, term_list_of(&fixture_arena, &list));
}

static void describe(struct str *out, const struct appups *appups, const struct reasons *reasons)
{
	for (size_t i = 0; i < appups->len; i++) {
		str_adds(out, appups->items[i].app->name);
		put_script(out, "up", appups->items[i].up);
		put_script(out, "down", appups->items[i].down);
		str_adds(out, "\n");
	}
	for (size_t i = 0; i < reasons->len; i++) {
		const struct reason *reason = &reasons->items[i];

		str_addf(out, "%s %s%s%s\n", reason_name(reason->code),
			 reason->application ? reason->application : "-", reason->module ? " " : "",
			 reason->module ? reason->module : "");
	}
}

static void check(void **state)
{
	const struct row *row = *state;
	size_t nr = (size_t)(row - rows);
	owned_release struct release *a = fixture_open(arena_printf(&fixture_arena, "%zu/old", nr));
	owned_release struct release *b = fixture_open(arena_printf(&fixture_arena, "%zu/new", nr));
	struct appup_options options = {
		.dir = arena_printf(&fixture_arena, "%s/%zu/appups", fixture_dir, nr),
		/* What can be loaded under its processes is looked at in tests/verdict. */
		.suspend_always = true,
	};
	owned_str struct str text = STR_EMPTY;
	struct reasons reasons = { 0 };
	owned_modules struct modules *modules = NULL;
	struct appups appups;
	struct diff *diff;
	struct error err;

	assert_int_equal(diff_make(&diff, &fixture_arena, a, b, &err), 0);
	modules = modules_new(&fixture_arena, diff);
	if (appups_make(&appups, modules, &options, &reasons, &err))
		fail_msg("%s", err.text);
	describe(&text, &appups, &reasons);
	assert_string_equal(str_text(&text), row->want);
}

/* An appup that was made once and lies in the release comes out the same again. */
static void made_twice(void **state)
{
	owned_release struct release *a = fixture_open("twice/old"), *b = fixture_open("twice/new");
	owned_str struct str first = STR_EMPTY, second = STR_EMPTY;
	struct appup_options options = { 0 };
	owned_modules struct modules *modules = NULL;
	struct reasons reasons = { 0 };
	struct appups appups;
	struct diff *diff;
	struct error err;

	(void)state;
	assert_int_equal(diff_make(&diff, &fixture_arena, a, b, &err), 0);
	modules = modules_new(&fixture_arena, diff);
	assert_int_equal(appups_make(&appups, modules, &options, &reasons, &err), 0);
	assert_string_equal(appups.carrier, "a");
	term_print_file(&first, appups.items[0].term);
	fixture_write(
		arena_printf(&fixture_arena, "%s/twice/new/lib/a-2/ebin/a.appup", fixture_dir),
		str_text(&first));
	assert_int_equal(appups_make(&appups, modules, &options, &reasons, &err), 0);
	assert_int_equal(appups.items[0].source, APPUP_GENERATED);
	assert_int_equal(reasons.len, 0);
	term_print_file(&second, appups.items[0].term);
	assert_string_equal(str_text(&first), str_text(&second));
	options.no_shipped = true;
	assert_int_equal(appups_make(&appups, modules, &options, &reasons, &err), 0);
	assert_int_equal(appups.items[0].source, APPUP_GENERATED);
}

static int setup(void **state)
{
	const char *tree = "elixir 1; a 1 elixir: m=server v1; CONSOLIDATED: p=protocol v1";

	(void)state;
	fixture_begin();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *equals = rows[i].by_hand ? strchr(rows[i].by_hand, '=') : NULL;

		fixture_tree(arena_printf(&fixture_arena, "%zu/old", i), "1", rows[i].old_tree);
		fixture_tree(arena_printf(&fixture_arena, "%zu/new", i), "2", rows[i].new_tree);
		if (equals)
			fixture_write(arena_printf(&fixture_arena, "%s/%zu/appups/%.*s",
						   fixture_dir, i, (int)(equals - rows[i].by_hand),
						   rows[i].by_hand),
				      equals + 1);
	}
	fixture_tree("twice/old", "1", tree);
	fixture_tree("twice/new", "2",
		     "elixir 1; a 2 elixir: m=server v2, i=impl v1; CONSOLIDATED: p=protocol v2");
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
	struct CMUnitTest tests[ARRAY_LEN(rows) + 1];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
						.test_func = check,
						.initial_state = (void *)(uintptr_t)&rows[i] };
	tests[ARRAY_LEN(rows)] = (struct CMUnitTest)cmocka_unit_test(made_twice);
	return cmocka_run_group_tests_name("appup", tests, setup, teardown);
}
