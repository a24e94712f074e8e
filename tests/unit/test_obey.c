// SPDX-License-Identifier: Apache-2.0
/* The rule by which plans are obeyed, and plans as releases carry them. */
#include "upgrade/plan/carried.h"
#include "upgrade/plan/obey.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* clang-format off */
static const struct {
	const char *what;
	enum reason_code codes[3];
	size_t len;
	const char *allow;
	enum obey_mode mode;
	enum obey_answer answer;
	const char *first; /* of the texts; NULL: none */
} rows[] = {
	{ "nothing", { 0 }, 0, NULL, OBEY_HOT, OBEY_GO, NULL },
	{ "to be known", { REASON_env_changed }, 1, NULL, OBEY_HOT, OBEY_GO, NULL },
	{ "a warning", { REASON_env_changed, REASON_fun_kept }, 2, NULL, OBEY_HOT, OBEY_GO_WARNED, "fun_kept: shop: as told" },
	{ "an allowed one", { REASON_fun_kept }, 1, "fun_kept", OBEY_HOT, OBEY_GO, NULL },
	{ "only by a restart", { REASON_fun_kept, REASON_nif_changed }, 2, NULL, OBEY_HOT, OBEY_REFUSED, "nif_changed: shop: as told" },
	{ "allowed all the same", { REASON_nif_changed }, 1, "nif_changed", OBEY_HOT, OBEY_GO, NULL },
	{ "another is allowed", { REASON_nif_changed }, 1, "fun_kept", OBEY_HOT, OBEY_REFUSED, "nif_changed: shop: as told" },
	{ "by a restart", { REASON_nif_changed, REASON_fun_kept }, 2, NULL, OBEY_RESTART, OBEY_GO, NULL },
	{ "impossible", { REASON_version_reused }, 1, NULL, OBEY_HOT, OBEY_REFUSED, "version_reused: shop: as told" },
	{ "impossible by a restart too", { REASON_version_reused }, 1, NULL, OBEY_RESTART, OBEY_REFUSED, "version_reused: shop: as told" },
};
/* clang-format on */

static void obeyed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		owned_arena struct arena arena = ARENA_EMPTY;
		struct reasons reasons = { NULL, 0, 0 };
		struct names allow = { &rows[i].allow, rows[i].allow ? 1 : 0 };
		struct obeyed made;
		struct error err;

		for (size_t k = 0; k < rows[i].len; k++)
			reason_add(&arena, &reasons, rows[i].codes[k], "shop", NULL, "as told");
		if (obey(&made, &arena, &reasons, allow, rows[i].mode, &err))
			fail_msg("%s: %s", rows[i].what, err.text);
		if (made.answer != rows[i].answer)
			fail_msg("%s: answer %d", rows[i].what, (int)made.answer);
		if (!rows[i].first)
			assert_int_equal(made.texts.len, 0);
		else
			assert_string_equal(made.texts.items[0], rows[i].first);
		assert_int_equal(made.hint != NULL, made.answer == OBEY_REFUSED);
	}
}

static void no_such_code(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct reasons reasons = { NULL, 0, 0 };
	const char *code = "nif_chnged";
	struct obeyed made;
	struct error err;

	(void)state;
	assert_int_equal(obey(&made, &arena, &reasons, (struct names){ &code, 1 }, OBEY_HOT, &err),
			 -1);
	assert_int_equal(err.kind, ERROR_USAGE);
	assert_non_null(strstr(err.text, "nif_changed"));
}

/* clang-format off */
static const struct {
	const char *json;
	const char *fault; /* NULL: it is sound */
} files[] = {
	{ "{\"plans\": []}", NULL },
	{ "{\"plans\": [{\"from\": \"1\", \"digest\": \"\", \"reasons\": [{\"code\": \"nif_changed\", "
	  "\"severity\": \"restart\", \"message\": \"m\", \"application\": null}]}]}", NULL },
	{ "", "plans:" },
	{ "{\"plans\": {}}", "want a list" },
	{ "{\"plans\": [1]}", "want \"from\"" },
	{ "{\"plans\": [{\"from\": \"1\", \"digest\": \"\", \"reasons\": [{}]}]}", "without code" },
	{ "{\"plans\": [{\"from\": \"1\", \"digest\": \"\", \"reasons\": [{\"code\": \"of_tomorrow\", "
	  "\"severity\": \"warn\", \"message\": \"m\"}]}]}", "not known here" },
	{ "{\"plans\": [{\"from\": \"1\", \"digest\": \"\", \"reasons\": [{\"code\": \"nif_changed\", "
	  "\"severity\": \"dire\", \"message\": \"m\"}]}]}", "not known here" },
};
/* clang-format on */

static void carried(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		owned_arena struct arena arena = ARENA_EMPTY;
		struct carried got;
		struct error err;
		int ret = carried_parse(&got, &arena, span_of(files[i].json), "plans", &err);

		if ((ret != 0) != (files[i].fault != NULL) ||
		    (ret && !strstr(err.text, files[i].fault)))
			fail_msg("%s: %s", files[i].json, ret ? err.text : "taken");
		if (ret == 0 && got.len > 0) {
			assert_ptr_equal(carried_from(&got, "1"), &got.items[0]);
			assert_null(carried_from(&got, "2"));
			assert_int_equal(got.items[0].reasons.items[0].code, REASON_nif_changed);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(obeyed),
		cmocka_unit_test(no_such_code),
		cmocka_unit_test(carried),
	};

	return cmocka_run_group_tests_name("obey", tests, NULL, NULL);
}
