// SPDX-License-Identifier: Apache-2.0
#include "release/read/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct row {
	const char *name, *a, *b;
	int want;
} rows[] = {
	{ "equal", "1.2.3", "1.2.3", 0 },
	{ "numbers, not strings", "1.9", "1.10", -1 },
	{ "longer is newer", "1.2", "1.2.1", -1 },
	{ "zeros in front", "1.02", "1.2", 0 },
	{ "big numbers", "20240101120000000000001", "20240101120000000000002", -1 },
	{ "a pre-release comes before", "2.0.0-rc.1", "2.0.0", -1 },
	{ "pre-releases in order", "2.0.0-rc.2", "2.0.0-rc.10", -1 },
	{ "a build comes after", "1.0.0+7", "1.0.0", 1 },
	{ "four parts", "1.2.3.4", "1.2.3", 1 },
	{ "commits after a tag", "1.2.0-3-gabc1234", "1.2.0", 1 },
	{ "more commits", "1.2.0-3-gabc1234", "1.2.0-12-g0123456", -1 },
	{ "but not the next tag", "1.2.0-3-gabc1234", "1.2.1", -1 },
	{ "after its pre-release", "1.2.0-3-gabc1234", "1.2.0-rc.1", 1 },
	{ "commits after a pre-release", "1.2.0-rc.1-3-gabc1234", "1.2.0-rc.1", 1 },
	{ "changed files", "1.2.0-dirty", "1.2.0", 1 },
	{ "changed files after commits", "1.2.0-3-gabc1234-dirty", "1.2.0-3-gabc1234", 1 },
	{ "OTP's own", "25.2.3", "25.2", 1 },
};

static void check(void **state)
{
	const struct row *row = *state;

	assert_int_equal(version_compare(row->a, row->b), row->want);
	assert_int_equal(version_compare(row->b, row->a), -row->want);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(rows)];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		tests[i] = (struct CMUnitTest){
			.name = rows[i].name,
			.test_func = check,
			.initial_state = (void *)(uintptr_t)&rows[i],
		};
	return cmocka_run_group_tests_name("version_compare", tests, NULL, NULL);
}
