// SPDX-License-Identifier: Apache-2.0
/* What relevo does to files about the VM: names and cookies out of vm.args, ${NAME} in *.src. */
#include "release/project/fill.h"
#include "release/project/vm_args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* clang-format off */
static const struct row {
	const char *name, *text;
	const char *rest; /* NULL: refused */
	const char *want; /* "DISTRIBUTION NODE COOKIE", or the message */
} rows[] = {
	{ "nothing", "", "", "- - -" },
	{ "other flags", "+K true\n-kernel a 1", "+K true\n-kernel a 1", "- - -" },
	{ "a name", "-sname shop\n+K true\n", "+K true\n", "sname shop -" },
	{ "a long name", "+A 5\n-name shop@a.b\n", "+A 5\n", "name shop@a.b -" },
	{ "a cookie", "a\n-setcookie c", "a\n", "- - c" },
	{ "all on one line", "-name a@b -setcookie c +K true", "  +K true", "name a@b c" },
	{ "value on the next line", "-sname\n  a\n+K true", "+K true", "sname a -" },
	{ "comments", "# -sname no\n-sname a # -sname b\n#", "# -sname no\n # -sname b\n#", "sname a -" },
	{ "a comment ends a word", "-sname a#b\n+K true", "#b\n+K true", "sname a -" },
	{ "quotes", "-sname 'a b'\"c\"d\n", "", "sname a bcd -" },
	{ "a backslash", "-setcookie a\\ b\\#\n", "", "- - a b#" },
	{ "no backslash in quotes", "-setcookie 'a\\'\n", "", "- - a\\" },
	{ "a quoted flag", "\"-sname\" a", "", "sname a -" },
	{ "quotes that do not end", "-sname 'a\n-setcookie b", "", "sname a\n-setcookie b -" },
	{ "a backslash at the end", "-sname a\\", "", "sname a\\ -" },
	{ "no value", "-sname -setcookie\n", "-sname -setcookie\n", "- - -" },
	{ "no value at the end", "-sname", "-sname", "- - -" },
	{ "the cookie of another node", "-setcookie a@b c\n", "-setcookie a@b c\n", "- - -" },
	{ "arguments of others", "-extra -sname a", "-extra -sname a", "- - -" },
	{ "behind the end", "-- -sname a", "-- -sname a", "- - -" },
	{ "windows", "-sname a\r\n+K true\r\n", "+K true\r\n", "sname a -" },
	{ "two names", "-sname a -sname b", NULL, "f: the node is named twice, -sname a and -sname b: take one out" },
	{ "two kinds of names", "-name a@b\n-sname b", NULL, "f: the node is named twice, -name a@b and -sname b: take one out" },
	{ "two cookies", "-setcookie a -setcookie a", NULL, "f: -setcookie stands there twice: the VM would take neither; take one out" },
};

static const struct fill_row {
	const char *name, *text, *sample, *shell;
} fill_rows[] = {
	{ "nothing", "", "", "\"\"" },
	{ "plain", "a b", "a b", "\"a b\"" },
	{ "a variable", "a${B_1}c", "a0c", "\"a${B_1?is not in the environment}c\"" },
	{ "a default", "${A:-b c}", "b c", "\"${A:-b c}\"" },
	{ "an empty default", "${A:-}${B}", "0", "\"${A:-}${B?is not in the environment}\"" },
	{ "no variables", "${} ${1} ${a-b} $A ${ a}", "${} ${1} ${a-b} $A ${ a}",
	  "\"\\${} \\${1} \\${a-b} \\$A \\${ a}\"" },
	{ "not closed", "${A:-b", "${A:-b", "\"\\${A:-b\"" },
	{ "closed late", "${A ${B:-c}", "${A ${B:-c}", "\"\\${A \\${B:-c}\"" },
	{ "of the shell", "\"`\\$(id)${A:-\"$(id)`}", "\"`\\$(id)\"$(id)`",
	  "\"\\\"\\`\\\\\\$(id)${A:-\\\"\\$(id)\\`}\"" },
};
/* clang-format on */

static const char *or_none(const char *text)
{
	return text ? text : "-";
}

static void check(void **state)
{
	const struct row *row = *state;
	owned_arena struct arena arena = ARENA_EMPTY;
	struct error err = { 0 };
	struct vm_args args;

	if (vm_args_read(&args, &arena, row->text, "f", &err)) {
		assert_null(row->rest);
		assert_string_equal(err.text, row->want);
		return;
	}
	assert_string_equal(args.text, row->rest);
	assert_string_equal(arena_printf(&arena, "%s %s %s", or_none(args.distribution),
					 or_none(args.node), or_none(args.cookie)),
			    row->want);
}

static void check_fill(void **state)
{
	const struct fill_row *row = *state;
	owned_str struct str sample = STR_EMPTY, shell = STR_EMPTY;

	fill_sample(&sample, span_of(row->text));
	assert_string_equal(str_text(&sample), row->sample);
	fill_shell(&shell, span_of(row->text));
	assert_string_equal(str_text(&shell), row->shell);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(fill_rows)];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		tests[i] = (struct CMUnitTest){
			.name = rows[i].name,
			.test_func = check,
			.initial_state = (void *)(uintptr_t)&rows[i],
		};
	for (size_t i = 0; i < ARRAY_LEN(fill_rows); i++)
		tests[ARRAY_LEN(rows) + i] = (struct CMUnitTest){
			.name = fill_rows[i].name,
			.test_func = check_fill,
			.initial_state = (void *)(uintptr_t)&fill_rows[i],
		};
	return cmocka_run_group_tests_name("configure", tests, NULL, NULL);
}
