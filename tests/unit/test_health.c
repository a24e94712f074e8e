// SPDX-License-Identifier: Apache-2.0
/* Health: the rank-sum test against the figures of another implementation, how often it is wrong,
 * and when it says nothing; addresses of probes.
 */
#include "upgrade/health/compare.h"
#include "upgrade/health/probe.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* The figures are those of SciPy 1.10.1:
 *	mannwhitneyu(a, b, alternative='greater', method='asymptotic', use_continuity=True)
 */
static const struct row {
	const char *name;
	double a[24], b[24];
	size_t a_len, b_len;
	double u, p;
} rows[] = {
	{ "no difference", { 1, 2, 3, 4, 5 }, { 1, 2, 3, 4, 5 }, 5, 5, 12.5, 0.5422350133116141 },
	{ "all greater",
	  { 11, 12, 13, 14, 15 },
	  { 1, 2, 3, 4, 5 },
	  5,
	  5,
	  25,
	  0.006092890177672406 },
	{ "all less", { 1, 2, 3, 4, 5 }, { 11, 12, 13, 14, 15 }, 5, 5, 0, 0.9966923245172357 },
	{ "by turns", { 1, 3, 5, 7, 9, 11 }, { 2, 4, 6, 8, 10, 12 }, 6, 6, 15, 0.7124132340399016 },
	{ "ties",
	  { 1, 2, 2, 3, 3, 3, 4 },
	  { 2, 2, 3, 3, 4, 4, 5, 5 },
	  7,
	  8,
	  16,
	  0.9324168637920061 },
	{ "different lengths",
	  { 3.1, 4.7, 5.2, 6.6, 7.9, 8.8, 9.1, 10.4, 11.3, 12.9, 13.5, 14.2 },
	  { 2.2, 3.3, 4.1, 5.0, 6.1, 7.7, 8.0 },
	  12,
	  7,
	  68,
	  0.015575309185216666 },
	{ "mostly greater",
	  { 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24 },
	  { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 },
	  20,
	  20,
	  272,
	  0.026462371451291915 },
	{ "one of each", { 2 }, { 1 }, 1, 1, 1, 0.5 },
};

static void figures(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct mann_whitney got = mann_whitney(row->a, row->a_len, row->b, row->b_len);

		if (fabs(got.u - row->u) > 1e-9 || fabs(got.p - row->p) > 1e-9)
			fail_msg("%s: u %.17g, p %.17g", row->name, got.u, got.p);
	}
}

static void all_the_same(void **state)
{
	const double same[] = { 7, 7, 7, 7 };
	struct mann_whitney got = mann_whitney(same, 4, same, 4);

	(void)state;
	assert_true(got.p >= 1);
	assert_true(fabs(got.effect - 0.5) < 1e-12);
}

/* ---- how often it is wrong ---- */

static uint64_t chance_state = 1;

/* From 0 to 1; always the same row. */
static double chance(void)
{
	uint64_t x = chance_state += 0x9e3779b97f4a7c15U;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
	return (double)((x ^ (x >> 31)) >> 11) / 9007199254740992.0;
}

/* Latencies have a long tail. */
static double latency(double times)
{
	return times * -log(1 - chance());
}

/* Of a thousand comparisons of `len` looks on either side, how many say worse? */
static int worse_of_thousand(size_t len, double times)
{
	int count = 0;

	for (int round = 0; round < 1000; round++) {
		struct samples samples = { 0 };
		struct arena arena = ARENA_EMPTY;
		const char *text;

		for (size_t i = 0; i < len; i++) {
			samples_add(&samples, "latency", true, 0, latency(times));
			samples_add(&samples, "latency", false, 0, latency(1));
		}
		count +=
			samples_compare(&text, &samples, &arena, "latency", 0, 20) == COMPARE_worse;
		samples_done(&samples);
		arena_done(&arena);
	}
	return count;
}

static void false_alarms_and_power(void **state)
{
	int alarms = worse_of_thousand(20, 1), slower = worse_of_thousand(20, 4),
	    many = worse_of_thousand(100, 4);

	(void)state;
	print_message(
		"of 1000: false alarms %d; four times as slow is seen in %d (20 looks), %d (100)\n",
		alarms, slower, many);
	assert_true(alarms <= 10);
	assert_true(slower >= 600);
	assert_true(many >= 850);
	assert_true(many >= slower);
}

/* ---- samples ---- */

static void too_few_say_nothing(void **state)
{
	struct samples samples = { 0 };
	struct arena arena = ARENA_EMPTY;
	const char *text = NULL;

	(void)state;
	assert_int_equal(samples_compare(&text, &samples, &arena, "memory", 0, 1), COMPARE_none);
	for (int i = 0; i < 20; i++) {
		samples_add(&samples, "memory", true, i, 1000 + i);
		samples_add(&samples, "memory", false, i, i);
	}
	assert_int_equal(samples_compare(&text, &samples, &arena, "memory", 0, 21), COMPARE_none);
	assert_non_null(strstr(text, "20 looks with the release and 20 without, fewer than 21"));
	assert_int_equal(samples_compare(&text, &samples, &arena, "memory", 0, 20), COMPARE_worse);
	/* What was before the bake does not count, nor what is of another metric. */
	assert_int_equal(samples_compare(&text, &samples, &arena, "memory", 1, 20), COMPARE_none);
	assert_int_equal(samples_compare(&text, &samples, &arena, "mailbox", 0, 20), COMPARE_none);
	samples_done(&samples);
	arena_done(&arena);
}

static void the_oldest_are_forgotten(void **state)
{
	struct samples samples = { 0 };

	(void)state;
	for (int64_t i = 0; i < SAMPLES_MAX + 10; i++)
		samples_add(&samples, "memory", true, i, 0);
	assert_int_equal(samples.len, SAMPLES_MAX);
	assert_int_equal(samples.items[9].at, SAMPLES_MAX + 9);
	assert_int_equal(samples.items[10].at, 10);
	samples_done(&samples);
}

static void urls(void **state)
{
	static const struct {
		const char *url, *node, *want;
	} cases[] = {
		{ "http://{host}:80/{name}", "shop@10.0.0.1", "http://10.0.0.1:80/shop" },
		{ "http://{host}/", "shop@::1", "http://[::1]/" },
		{ "http://a/{other}", "shop@b", "http://a/{other}" },
	};
	struct arena arena = ARENA_EMPTY;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(probe_fill(&arena, cases[i].url, cases[i].node, true),
				    cases[i].want);
	arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(figures),
		cmocka_unit_test(all_the_same),
		cmocka_unit_test(false_alarms_and_power),
		cmocka_unit_test(too_few_say_nothing),
		cmocka_unit_test(the_oldest_are_forgotten),
		cmocka_unit_test(urls),
	};

	return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
