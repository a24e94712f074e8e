// SPDX-License-Identifier: Apache-2.0
/* Verdicts and their reasons; the plan as a document. */
#include "tests/unit/fixture.h"

#include "upgrade/plan/plan.h"

/* clang-format off */
static const struct row {
	const char *name, *old_tree, *new_tree;
	const char *allow;
	const char *want;               /* verdict, whether there is a way back, reasons */
} rows[] = {
	{ "nothing but code", "a 1: m=plain v1, s=server v1", "a 2: m=plain v2, s=server v2", NULL,
	  "hot reversible" },
	{ "no code_change", "a 1: m=soft v1", "a 2: m=soft v2", NULL, "hot reversible" },
	{ "a supervisor whose children are computed, allowed", "a 1: m=opaque v1", "a 2: m=opaque v2",
	  "supervisor_opaque", "hot reversible: warn supervisor_opaque a m allowed" },
	{ "a supervisor", "a 1: m=sup v1", "a 2: m=sup v2", NULL, "hot reversible" },
	{ "a supervisor whose children are computed", "a 1: m=opaque v1", "a 2: m=opaque v2", NULL,
	  "hot_with_warnings reversible: warn supervisor_opaque a m" },
	{ "an application's own supervisor", "a 1: m=app v1", "a 2: m=app v2", NULL, "hot reversible" },
	{ "another behaviour", "a 1: m=server v1", "a 2: m=statem v1", NULL,
	  "restart reversible: restart behaviour_changed a m" },
	{ "a NIF module", "a 1: m=nif v1", "a 2: m=nif v2", NULL, "restart reversible: restart nif_changed a m" },
	{ "a NIF library", "a 1; FILE a-1/priv/x.so: 1", "a 2; FILE a-2/priv/x.so: 2", NULL,
	  "restart reversible: restart nif_changed a" },
	{ "an unchanged NIF module", "a 1: m=nif v1, n=plain v1", "a 2: m=nif v1, n=plain v2", NULL, "hot reversible" },
	{ "-on_load", "a 1: m=onload v1", "a 2: m=onload v2", NULL, "restart reversible: restart on_load_changed a m" },
	{ "the runtime", "a 1", "a 1; ERTS 14.0", NULL, "restart reversible: restart erts_changed" },
	{ "OTP", "a 1", "kernel 9; stdlib 4.2; sasl 4.2; a 1", NULL, "restart reversible: restart otp_changed kernel" },
	{ "Elixir", "elixir 1", "elixir 2", NULL, "restart reversible: restart elixir_changed elixir" },
	{ "version not bumped", "a 1: m=plain v1", "a 1: m=plain v2", NULL,
	  "impossible reversible: impossible version_not_bumped a m" },
	{ "applications", "a 1; b 1", "b 1; c 1", NULL,
	  "hot reversible: info application_added c, info application_removed a" },
	{ "a record that grows", "a 1: m=r1 v1", "a 2: m=r2 v1", NULL, "restart reversible: restart state_shape_changed a m" },
	{ "a record that grows and is converted", "a 1: m=r1 v1", "a 2: m=r3 v1", NULL, "hot reversible" },
	{ "a struct that grows", "a 1: m=s1 v1", "a 2: m=s2 v1", NULL, "restart reversible: restart state_shape_changed a m" },
	{ "a struct that shrinks", "a 1: m=s2 v1", "a 2: m=s1 v1", NULL,
	  "hot_with_warnings reversible: warn state_shape_changed a m" },
	{ "a struct of others", "a 1: m=t1 v1", "a 2: m=t2 v1", NULL,
	  "hot_with_warnings reversible: warn shared_struct_changed a m" },
	{ "a struct that stays", "a 1: m=t1 v1, n=s1 v1", "a 2: m=t1 v2, n=s1 v2", NULL, "hot reversible" },
	{ "a module moves", "a 1: m=plain v1, n=plain v1; b 1: o=plain v1", "a 2: n=plain v1; b 2: m=plain v1, o=plain v1", NULL,
	  "hot reversible" },
	{ "a module moves from an application that goes", "a 1: m=plain v1; b 1", "b 2: m=plain v1", NULL,
	  "restart irreversible: restart module_moved b m, warn not_reversible, info application_removed a" },
	{ "a module moves to an application that comes", "a 1: m=plain v1, n=plain v1", "a 2: n=plain v1; b 1: m=plain v1", NULL,
	  "restart irreversible: restart relup_failed, restart module_moved b m, info application_added b" },
	{ "configuration", "a 1; CONFIG [].; VMARGS x", "a 2 env; CONFIG [{a,[]}].; VMARGS y", NULL,
	  "hot_with_warnings reversible: warn vm_args_changed, info env_changed a" },
	{ "files", "a 1; FILE a-1/priv/x.txt: 1", "a 2; FILE a-2/priv/x.txt: 2", NULL,
	  "hot reversible: info static_changed a" },
	{ "no sasl", "kernel 8.5; stdlib 4.2; a 1", "kernel 8.5; stdlib 4.2; a 2", NULL,
	  "restart irreversible: restart relup_failed" },
	{ "protocols", "elixir 1; a 1 elixir; CONSOLIDATED: p=protocol v1",
	  "elixir 1; a 2 elixir: i=impl v1; CONSOLIDATED: p=protocol v2", NULL,
	  "hot reversible: info protocol_changed a p" },
	{ "the worst comes first", "a 1: m=nif v1; b 1: n=plain v1; c 1", "a 2: m=nif v2; b 1: n=plain v2", NULL,
	  "impossible reversible: impossible version_not_bumped b n, restart nif_changed a m, info application_removed c" },
};
/* clang-format on */

static void describe(struct str *out, const struct plan *plan)
{
	str_addf(out, "%s %s", verdict_name(plan->verdict),
		 plan->reversible ? "reversible" : "irreversible");
	for (size_t i = 0; i < plan->reasons.len; i++) {
		const struct reason *reason = &plan->reasons.items[i];

		str_addf(out, "%s %s %s", i ? "," : ":", severity_name(reason->severity),
			 reason_name(reason->code));
		if (reason->application)
			str_addf(out, " %s", reason->application);
		if (reason->module)
			str_addf(out, " %s", reason->module);
		if (reason->allowed)
			str_adds(out, " allowed");
	}
}

static struct plan *plan_of(struct release *a, struct release *b, const char *allow)
{
	struct plan_options options = { .allow = { &allow, allow ? 1 : 0 } };
	struct plan *plan;
	struct error err;

	if (plan_make(&plan, &fixture_arena, a, b, &options, &err))
		fail_msg("%s", err.text);
	return plan;
}

static void check(void **state)
{
	const struct row *row = *state;
	size_t nr = (size_t)(row - rows);
	owned_release struct release *a = fixture_open(arena_printf(&fixture_arena, "%zu/old", nr));
	owned_release struct release *b = fixture_open(arena_printf(&fixture_arena, "%zu/new", nr));
	owned_str struct str text = STR_EMPTY;

	describe(&text, plan_of(a, b, row->allow));
	assert_string_equal(str_text(&text), row->want);
}

static void itself(void **state)
{
	owned_release struct release *a = fixture_open("0/old"), *b = fixture_open("0/old");
	owned_str struct str text = STR_EMPTY;

	(void)state;
	describe(&text, plan_of(a, b, NULL));
	assert_string_equal(str_text(&text), "impossible reversible: impossible version_reused");
}

static void no_such_code(void **state)
{
	owned_release struct release *a = fixture_open("0/old"), *b = fixture_open("0/new");
	const char *code = "nif_change";
	struct plan_options options = { .allow = { &code, 1 } };
	struct plan *plan;
	struct error err;

	(void)state;
	assert_int_equal(plan_make(&plan, &fixture_arena, a, b, &options, &err), -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_string_equal(err.text,
			    "\"nif_change\" is no code of a reason; did you mean nif_changed?");
}

/* A supervisor's children are data; those that are modules can be told. */
static void children(void **state)
{
	owned_release struct release *a = fixture_open("children/old");
	owned_release struct release *b = fixture_open("children/new");
	struct plan *plan = plan_of(a, b, NULL);

	(void)state;
	assert_int_equal(plan->reasons.len, 1);
	assert_non_null(strstr(plan->reasons.items[0].message,
			       "; it now names here; it no longer names gone"));
}

/* The keys that scripts hold on to; the same twice. */
static void document(void **state)
{
	static const char want[] =
		"{\"verdict\":\"hot\",\"reversible\":true,"
		"\"old\":{\"name\":\"fix\",\"version\":\"1\",\"erts\":\"13.1.5\",\"elixir\":null},"
		"\"new\":{\"name\":\"fix\",\"version\":\"2\",\"erts\":\"13.1.5\",\"elixir\":null},"
		"\"reasons\":[],\"applications\":["
		"{\"name\":\"kernel\",\"old\":\"8.5\",\"new\":\"8.5\",\"change\":\"same\","
		"\"modules\":[],"
		"\"priv\":[],\"env\":[],\"appup\":null},"
		"{\"name\":\"stdlib\",\"old\":\"4.2\",\"new\":\"4.2\",\"change\":\"same\","
		"\"modules\":[],"
		"\"priv\":[],\"env\":[],\"appup\":null},"
		"{\"name\":\"sasl\",\"old\":\"4.2\",\"new\":\"4.2\",\"change\":\"same\","
		"\"modules\":[],"
		"\"priv\":[],\"env\":[],\"appup\":null},"
		"{\"name\":\"a\",\"old\":\"1\",\"new\":\"2\",\"change\":\"changed\",\"modules\":["
		"{\"name\":\"m\",\"change\":\"changed\",\"kinds\":[\"body\"],\"functions\":[\"v/"
		"0\"],\"roles\":[],\"instruction\":\"{load_module,m}\"},"
		"{\"name\":\"s\",\"change\":\"changed\",\"kinds\":[\"body\"],\"functions\":[\"v/"
		"0\"],\"roles\":[\"gen_server\"],\"instruction\":\"{load_module,s}\",\"loaded\":"
		"\"nobody is suspended: state, "
		"code_change and what it calls in other changed modules stay as they are\"}],"
		"\"priv\":[],\"env\":[],\"appup\":\"generated\"}],"
		"\"steps\":{\"up\":[\"{load_object_code,{a,\\\"2\\\",[m,s]}}\",\"point_of_no_"
		"return\","
		"\"{load,{m,brutal_purge,brutal_purge}}\",\"{load,{s,brutal_purge,brutal_purge}}\"]"
		","
		"\"down\":[\"{load_object_code,{a,\\\"1\\\",[m,s]}}\",\"point_of_no_return\","
		"\"{load,{m,brutal_purge,brutal_purge}}\",\"{load,{s,brutal_purge,brutal_purge}}\"]"
		"},"
		"\"steps_in_words\":{\"up\":[\"read 2 modules of a 2\","
		"\"(from here on, a failure restarts the node)\",\"load m, s\"],"
		"\"down\":[\"read 2 modules of a 1\","
		"\"(from here on, a failure restarts the node)\",\"load m, s\"]}}";

	(void)state;
	for (int i = 0; i < 2; i++) {
		owned_release struct release *a = fixture_open("0/old"), *b = fixture_open("0/new");
		json_t *json = plan_json(plan_of(a, b, NULL));
		owned_mem char *text = json_dumps(json, JSON_COMPACT);

		json_decref(json);
		assert_string_equal(text, want);
	}
}

static int setup(void **state)
{
	(void)state;
	fixture_begin();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		fixture_tree(arena_printf(&fixture_arena, "%zu/old", i), "1", rows[i].old_tree);
		fixture_tree(arena_printf(&fixture_arena, "%zu/new", i), "2", rows[i].new_tree);
	}
	fixture_tree("children/old", "1",
		     "a 1: m=opaque v1 calls(gone same), gone=plain v1, same=plain v1");
	fixture_tree("children/new", "2",
		     "a 2: m=opaque v1 calls(here same), here=plain v1, same=plain v1");
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
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(itself),
		cmocka_unit_test(no_such_code),
		cmocka_unit_test(document),
		cmocka_unit_test(children),
	};
	struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(others)];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		tests[i] = (struct CMUnitTest){ .name = rows[i].name,
						.test_func = check,
						.initial_state = (void *)(uintptr_t)&rows[i] };
	memcpy(tests + ARRAY_LEN(rows), others, sizeof(others));
	return cmocka_run_group_tests_name("plan", tests, setup, teardown);
}
