// SPDX-License-Identifier: Apache-2.0
/* Fields of answers: there, missing, of another kind, and answers that are no lists of pairs. */
#include "upgrade/node/answer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct {
	const char *what, *answer; /* asked for k */
	const char *text;
	int64_t number;
	bool flag;
	size_t len; /* of the list */
} rows[] = {
	{ "a text", "[{j, 1}, {k, \"v\"}].", "v", 0, false, 1 },
	{ "a binary", "[{k, <<\"v\">>}].", "v", 0, false, 0 },
	{ "a binary with a NUL", "[{k, <<0>>}].", "", 0, false, 0 },
	{ "an atom", "[{k, v}].", "v", 0, false, 0 },
	{ "true", "[{k, true}].", "true", 0, true, 0 },
	{ "a number", "[{k, -7}].", "", -7, false, 0 },
	{ "a number without end", "[{k, 100000000000000000000}].", "", 0, false, 0 },
	{ "a float", "[{k, 1.0}].", "", 0, false, 0 },
	{ "a list", "[{k, [a, b, c]}].", "", 0, false, 3 },
	{ "an improper list", "[{k, [a | b]}].", "", 0, false, 0 },
	{ "the first of two", "[{k, 1}, {k, 2}].", "", 1, false, 0 },
	{ "no pair", "[k, {k}, {k, 1, 2}, {\"k\", 3}, 4].", "", 0, false, 0 },
	{ "missing", "[].", "", 0, false, 0 },
	{ "no list", "gone.", "", 0, false, 0 },
	{ "a tuple", "{k, 1}.", "", 0, false, 0 },
	{ "an improper answer", "[{k, 1} | x].", "", 0, false, 0 },
};

static void test_fields(void **state)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct term *answer;
		struct error err;

		print_message("%s\n", rows[i].what);
		if (term_parse_one(&answer, &arena, span_of(rows[i].answer), "row", &err))
			fail_msg("%s", err.text);
		assert_string_equal(answer_text(answer, &arena, "k"), rows[i].text);
		assert_int_equal(answer_number(answer, "k"), rows[i].number);
		assert_int_equal(answer_number_or(answer, "k", -1),
				 rows[i].number ? rows[i].number : -1);
		assert_int_equal(answer_flag(answer, "k"), rows[i].flag);
		assert_int_equal(answer_list(answer, "k")->seq.len, rows[i].len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_fields) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
