// SPDX-License-Identifier: Apache-2.0
/* nearest.h - "did you mean …?": the nearest of some names to a mistyped one. */
#pragma once
#include "base/base.h"

struct nearest {
	const char *word;
	const char *best;
	size_t distance;
};

struct nearest nearest_to(const char *word);
void nearest_try(struct nearest *nearest, const char *name);
/* NULL when nothing is near enough to be meant. */
const char *nearest_best(const struct nearest *nearest);
