// SPDX-License-Identifier: Apache-2.0
#include "base/nearest.h"

#include <string.h>

enum { WORD_MAX = 64 };

/* Levenshtein's distance; words longer than WORD_MAX are never near. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1], a_len = strlen(a), b_len = strlen(b);

	if (a_len > WORD_MAX || b_len > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t change = diagonal + (a[i - 1] != b[j - 1]);
			size_t best = change;

			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[b_len];
}

struct nearest nearest_to(const char *word)
{
	return (struct nearest){ .word = word, .distance = SIZE_MAX };
}

void nearest_try(struct nearest *nearest, const char *name)
{
	size_t d = distance(nearest->word, name);

	if (d < nearest->distance) {
		nearest->distance = d;
		nearest->best = name;
	}
}

const char *nearest_best(const struct nearest *nearest)
{
	size_t near = strlen(nearest->word) / 3 + 1;

	return nearest->best && nearest->distance <= near ? nearest->best : NULL;
}
