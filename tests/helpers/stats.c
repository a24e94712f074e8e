// SPDX-License-Identifier: Apache-2.0
/* stats [ROUNDS [SEED]] - how often the gate `compare` is wrong, and how often it sees what is
 * there.
 *
 * Numbers of nodes with and without a release are drawn, and compared as a rollout does it, ROUNDS
 * times for each row: in how many of them does the gate fail?  Where both kinds are drawn alike
 * that is a false alarm, else the power.  Prints a table in Markdown.
 */
#include "upgrade/health/compare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t chance_state;

/* From 0 to 1; always the same row for a seed. */
static double chance(void)
{
	uint64_t x = chance_state += 0x9e3779b97f4a7c15U;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
	return (double)((x ^ (x >> 31)) >> 11) / 9007199254740992.0;
}

static double normal(void)
{
	return sqrt(-2 * log(1 - chance())) * cos(2 * M_PI * chance());
}

/* ---- what is measured on nodes: each from a standard normal number, so that it can be correlated
 */

static double latency(double z)
{
	return exp(z); /* a long tail */
}

static double memory(double z)
{
	return 500 + 20 * z;
}

static double run_queue(double z)
{
	return floor(fmax(0, 2 + 2 * z)); /* few different numbers, many of them the same */
}

static const struct metric {
	const char *name;
	double (*of)(double z);
} metrics[] = {
	{ "latency (log-normal)", latency },
	{ "memory (normal, 4 % apart)", memory },
	{ "run queue (whole numbers, ties)", run_queue },
};

static const struct row {
	const char *what;
	size_t with, without; /* looks */
	double times;         /* as much with the release */
	double correlation;   /* of one look and the next */
} rows[] = {
	{ "no difference, fewest looks", 20, 20, 1, 0 },
	{ "no difference", 60, 240, 1, 0 },
	{ "no difference, many looks", 1000, 4000, 1, 0 },
	{ "no difference, each look much like the last", 60, 240, 1, 0.9 },
	{ "5 % more", 60, 240, 1.05, 0 },
	{ "10 % more", 60, 240, 1.1, 0 },
	{ "half as much again", 60, 240, 1.5, 0 },
	{ "twice as much", 20, 20, 2, 0 },
	{ "twice as much", 60, 240, 2, 0 },
	{ "four times as much", 20, 20, 4, 0 },
	{ "four times as much", 60, 240, 4, 0 },
};

static void draw(struct samples *samples, const struct row *row, const struct metric *metric,
		 bool with)
{
	double step = sqrt(1 - row->correlation * row->correlation), z = normal();

	for (size_t i = 0; i < (with ? row->with : row->without); i++) {
		samples_add(samples, "m", with, 0, metric->of(z) * (with ? row->times : 1));
		z = row->correlation * z + step * normal();
	}
}

static double fails(const struct row *row, const struct metric *metric, int rounds)
{
	int count = 0;

	for (int round = 0; round < rounds; round++) {
		struct samples samples = { 0 };
		struct arena arena = ARENA_EMPTY;
		const char *text;

		draw(&samples, row, metric, true);
		draw(&samples, row, metric, false);
		count += samples_compare(&text, &samples, &arena, "m", 0, 20) == COMPARE_worse;
		samples_done(&samples);
		arena_done(&arena);
	}
	return 100.0 * count / rounds;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 2000;

	chance_state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	if (rounds < 1)
		return 2;
	printf("| the gate fails, %% of %d | looks with | without ", rounds);
	for (size_t m = 0; m < ARRAY_LEN(metrics); m++)
		printf("| %s ", metrics[m].name);
	printf("|\n|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		printf("| %s | %zu | %zu ", rows[i].what, rows[i].with, rows[i].without);
		for (size_t m = 0; m < ARRAY_LEN(metrics); m++)
			printf("| %.1f ", fails(&rows[i], &metrics[m], rounds));
		printf("|\n");
		fflush(stdout);
	}
	return 0;
}
