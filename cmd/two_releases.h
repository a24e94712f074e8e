// SPDX-License-Identifier: Apache-2.0
/* two_releases.h - what `diff`, `appup` and `plan` have in common: OLD and NEW. */
#pragma once
#include "cmd/output.h"
#include "upgrade/plan/plan.h"

struct two_releases {
	struct release *old_release, *new_release;
	struct arena arena;
};

/* From the first two arguments of the call. */
must_check int two_releases_open(struct two_releases *out, const struct call *call,
				 struct error *err);
void two_releases_done(struct two_releases *two);
#define owned_two_releases owned(two_releases_done)

struct names names_of_options(struct option_list list);
struct changes {
	const struct diff *diff;
	const struct appups *appups; /* NULL: not what happens to each module */
	bool all;                    /* also where there are many */
	bool functions;              /* which functions of each module */
};

/* Applications with their versions, and modules of those that changed. */
void print_changes(const struct changes *changes);
/* One line each, with a hint below it. */
void print_reasons(const struct reasons *reasons);
