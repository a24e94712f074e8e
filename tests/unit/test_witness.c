// SPDX-License-Identifier: Apache-2.0
/* What a node is, where its witnesses say the same, and where they differ. */
#include "upgrade/node/witness.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct node_app lib = { "meter", "1.0.0" };

#define RELEASE(vsn, state)                  \
	{                                    \
		"meter", vsn, state, &lib, 1 \
	}
#define MADE_UP(vsn)                                     \
	{                                                \
		"meter", vsn, RELEASE_PERMANENT, NULL, 0 \
	}
#define ONE RELEASE("1.0.0", RELEASE_PERMANENT)
#define ONE_AND(state) RELEASE("1.1.0", state), ONE
#define BOOTS(booted, start)                               \
	{                                                  \
		"meter", booted, start, true, false, false \
	}

/* clang-format off */
static const struct {
	const char *what;
	struct node_release items[3]; /* as release_handler has them */
	struct witnesses witnesses;
	const char *file_fault;
	const char *runs, *boots, *trouble;
} rows[] = {
	{ "as it should be", { ONE }, BOOTS("1.0.0", "1.0.0"), "", "1.0.0", "1.0.0", "" },
	{ "installed", { ONE_AND(RELEASE_CURRENT) }, BOOTS("1.0.0", "1.0.0"), "", "1.1.0", "1.0.0", "" },
	{ "committed while it runs", { RELEASE("1.1.0", RELEASE_PERMANENT), RELEASE("1.0.0", RELEASE_OLD) },
	  BOOTS("1.1.0", "1.1.0"), "", "1.1.0", "1.1.0", "" },
	{ "no start_erl.data", { ONE }, { "meter", "1.0.0", "", false, false, false }, "",
	  "1.0.0", "1.0.0", "" },
	{ "started by a boot file of another folder", { ONE }, { "meter", "1.0.0", "1.0.0", true, false, false },
	  "", "1.0.0", "1.0.0", "" },
	{ "killed in a commit, RELEASES old", { ONE_AND(RELEASE_UNPACKED) }, BOOTS("1.1.0", "1.1.0"), "",
	  "1.1.0", "1.1.0", "records_behind" },
	{ "killed in a commit, RELEASES empty", { MADE_UP("1.1.0") },
	  { "meter", "1.1.0", "1.1.0", true, true, false }, "malformed", "1.1.0", "1.1.0", "records_cut" },
	{ "killed with --no-trial, start_erl.data old",
	  { RELEASE("1.1.0", RELEASE_PERMANENT), RELEASE("1.0.0", RELEASE_OLD) }, BOOTS("1.0.0", "1.0.0"), "",
	  "1.0.0", "1.0.0", "records_behind" },
	{ "start_erl.data names what is not there", { ONE }, { "meter", "1.0.0", "9.9.9", false, false, false },
	  "", "1.0.0", "1.0.0", "boots_nothing" },
	{ "start_erl.data by hand", { ONE_AND(RELEASE_UNPACKED) }, BOOTS("1.0.0", "1.1.0"), "",
	  "1.0.0", "1.1.0", "boots_other" },
	{ "unpacked over it by hand", { ONE }, { "meter", "1.0.0", "1.1.0", true, false, true }, "",
	  "1.0.0", "1.1.0", "boots_other" },
	{ "started as another", { ONE_AND(RELEASE_UNPACKED) }, BOOTS("1.1.0", "1.0.0"), "",
	  "1.1.0", "1.0.0", "booted_other" },
	{ "started as one that is in no record", { ONE }, BOOTS("1.1.0", "1.0.0"), "",
	  "1.1.0", "1.0.0", "booted_other" },
	{ "RELEASES by another", { ONE }, { "meter", "1.0.0", "1.0.0", true, false, true }, "",
	  "1.0.0", "1.0.0", "records_differ" },
	{ "made up and written", { RELEASE("1.1.0", RELEASE_UNPACKED), MADE_UP("1.0.0") },
	  BOOTS("1.0.0", "1.0.0"), "", "1.0.0", "1.0.0", "records_invented" },
	{ "made up, no RELEASES", { MADE_UP("1.0.0") }, BOOTS("1.0.0", "1.0.0"), "missing",
	  "1.0.0", "1.0.0", "" },
	{ "a node of the Erlang that is installed", { { "Erlang/OTP", "25", RELEASE_PERMANENT, &lib, 1 } },
	  { "plain", "1", "25", true, false, false }, "", "25", "25", "" },
};
/* clang-format on */

static void judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		owned_arena struct arena arena = ARENA_EMPTY;
		struct node_releases releases = { .items = rows[i].items,
						  .file_fault = rows[i].file_fault };

		while (releases.len < ARRAY_LEN(rows[i].items) && rows[i].items[releases.len].name)
			releases.len++;
		releases_judge(&releases, &rows[i].witnesses, &arena);
		if (strcmp(releases.trouble ? releases.trouble->name : "", rows[i].trouble) != 0)
			fail_msg("%s: %s", rows[i].what,
				 releases.trouble ? releases.trouble->name : "no trouble");
		if (strcmp(releases_running(&releases)->vsn, rows[i].runs) != 0)
			fail_msg("%s: runs %s", rows[i].what, releases_running(&releases)->vsn);
		if (strcmp(releases_permanent(&releases)->vsn, rows[i].boots) != 0)
			fail_msg("%s: boots %s", rows[i].what, releases_permanent(&releases)->vsn);
	}
}

static void nothing_known(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct node_releases releases = { .file_fault = "" };

	(void)state;
	releases_judge(&releases, &(const struct witnesses)BOOTS("1.0.0", "1.0.0"), &arena);
	assert_null(releases.trouble);
	assert_null(releases_running(&releases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judged),
		cmocka_unit_test(nothing_known),
	};

	return cmocka_run_group_tests_name("witness", tests, NULL, NULL);
}
