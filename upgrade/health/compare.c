// SPDX-License-Identifier: Apache-2.0
#include "upgrade/health/compare.h"

#include "base/str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- the test ---- */

struct ranked {
	double value;
	bool of_a;
};

static int by_value(const void *left, const void *right)
{
	double a = ((const struct ranked *)left)->value, b = ((const struct ranked *)right)->value;

	return (a > b) - (a < b);
}

/* The sum of a's ranks; *ties the sum of t^3 - t over every group of t equal numbers. */
static double rank_sum(struct ranked *all, size_t len, double *ties)
{
	double sum = 0;

	qsort(all, len, sizeof(*all), by_value);
	*ties = 0;
	for (size_t i = 0, end; i < len; i = end) {
		double count, rank;

		for (end = i; end < len && !(all[end].value > all[i].value);)
			end++;
		count = (double)(end - i);
		rank = (double)i + (count + 1) / 2;
		*ties += count * count * count - count;
		for (size_t k = i; k < end; k++)
			sum += all[k].of_a ? rank : 0;
	}
	return sum;
}

struct mann_whitney mann_whitney(const double *a, size_t a_len, const double *b, size_t b_len)
{
	double m = (double)a_len, n = (double)b_len, all_n = m + n, ties, variance, z;
	struct ranked *all = mem_zero(a_len + b_len, sizeof(*all));
	struct mann_whitney result = { .p = 1 };

	for (size_t i = 0; i < a_len; i++)
		all[i] = (struct ranked){ a[i], true };
	for (size_t i = 0; i < b_len; i++)
		all[a_len + i] = (struct ranked){ b[i], false };
	result.u = rank_sum(all, a_len + b_len, &ties) - m * (m + 1) / 2;
	result.effect = result.u / (m * n);
	variance = m * n / 12 * (all_n + 1 - ties / (all_n * (all_n - 1)));
	if (variance > 0) {
		z = (result.u - m * n / 2 - 0.5) / sqrt(variance);
		result.p = 0.5 * erfc(z / sqrt(2));
	}
	free(all);
	return result;
}

/* ---- samples ---- */

void samples_add(struct samples *s, const char *metric, bool has_new, int64_t at, double value)
{
	struct sample *sample;

	if (s->len < SAMPLES_MAX && (s->len & (s->len - 1)) == 0)
		s->items = mem_resize(s->items, s->len ? 2 * s->len : 1, sizeof(*s->items));
	if (s->len < SAMPLES_MAX) {
		sample = &s->items[s->len++];
	} else {
		sample = &s->items[s->next];
		s->next = (s->next + 1) % SAMPLES_MAX;
	}
	*sample = (struct sample){ .has_new = has_new, .at = at, .value = value };
	snprintf(sample->metric, sizeof(sample->metric), "%s", metric);
}

void samples_done(struct samples *s)
{
	free(s->items);
	*s = (struct samples){ 0 };
}

static double *pick(size_t *len, const struct samples *s, const char *metric, bool has_new,
		    int64_t since)
{
	double *values = mem_zero(s->len + 1, sizeof(*values));

	*len = 0;
	for (size_t i = 0; i < s->len; i++)
		if (s->items[i].at >= since && s->items[i].has_new == has_new &&
		    strcmp(s->items[i].metric, metric) == 0)
			values[(*len)++] = s->items[i].value;
	return values;
}

enum compare_verdict samples_compare(const char **text, const struct samples *s,
				     struct arena *arena, const char *metric, int64_t since,
				     size_t min_samples)
{
	size_t with_len, without_len;
	owned_mem double *with = pick(&with_len, s, metric, true, since);
	owned_mem double *without = pick(&without_len, s, metric, false, since);
	struct mann_whitney result;
	bool worse;

	if (with_len < min_samples || without_len < min_samples || with_len == 0 ||
	    without_len == 0) {
		*text = arena_printf(
			arena, "%s: %zu looks with the release and %zu without, fewer than %zu",
			metric, with_len, without_len, min_samples);
		return COMPARE_none;
	}
	result = mann_whitney(with, with_len, without, without_len);
	worse = result.p < COMPARE_P && result.effect >= COMPARE_EFFECT;
	*text = arena_printf(arena,
			     "%s is %s with the release than without: greater in %.0f %% of pairs, "
			     "p = %.2g, from %zu and %zu looks",
			     metric, worse ? "higher" : "not much higher", 100 * result.effect,
			     result.p, with_len, without_len);
	return worse ? COMPARE_worse : COMPARE_same;
}
