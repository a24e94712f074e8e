// SPDX-License-Identifier: Apache-2.0
/* compare.h - are the numbers of nodes with a release worse than those of nodes without?
 *
 * By the rank-sum test of Mann and Whitney (ties by average ranks, the variance corrected for them,
 * the normal approximation with continuity correction), one-sided: worse is more.  A difference
 * counts when it is no accident (p under COMPARE_P), and large: of a number of each kind, taken at
 * random, the one with the release is the greater in COMPARE_EFFECT of all cases (a tie is half a
 * case).
 */
#pragma once
#include "base/arena.h"
#include "base/base.h"

#define COMPARE_P 0.01
#define COMPARE_EFFECT 0.75

struct mann_whitney {
	double u;      /* pairs in which a is greater than b, ties half */
	double p;      /* of as great a u, or a greater one, when there is no difference */
	double effect; /* u / (a_len * b_len): 0.5 is no difference */
};

/* Both lengths at least 1.  When all numbers are the same, p is 1. */
struct mann_whitney mann_whitney(const double *a, size_t a_len, const double *b, size_t b_len);

enum compare_verdict { COMPARE_same, COMPARE_none, COMPARE_worse };

struct sample {
	char metric[24];
	bool has_new; /* of a node with the release */
	int64_t at;
	double value;
};

/* The latest of them; older ones are forgotten. */
enum { SAMPLES_MAX = 50000 };
struct samples {
	struct sample *items;
	size_t len, next;
};

void samples_add(struct samples *samples, const char *metric, bool has_new, int64_t at,
		 double value);
void samples_done(struct samples *samples);
/* Those of a metric since a moment.  COMPARE_none: fewer than min_samples on either side.  *text,
 * in the arena: what was found, for a person.
 */
enum compare_verdict samples_compare(const char **text, const struct samples *samples,
				     struct arena *arena, const char *metric, int64_t since,
				     size_t min_samples);
