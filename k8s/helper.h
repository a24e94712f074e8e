// SPDX-License-Identifier: Apache-2.0
/* helper.h - a process of ours that does one thing, and says what came of it before it ends. */
#pragma once
#include "base/error.h"
#include "base/str.h"

#include <stdio.h>
#include <sys/types.h>

struct helper {
	pid_t pid; /* 0: there is none */
	int fd;
	struct str said;
	int status; /* how it ended: its exit status, 128 and more: by a signal */
};

enum { HELPER_SAID_MAX = 4 << 20 };

/* Does `work` in it, which says something on `out`, and ends with what that returns. */
must_check int helper_start(struct helper *helper, int (*work)(void *context, FILE *out),
			    void *context, struct error *err);
bool helper_runs(const struct helper *helper);
/* Whether it has ended since the last call; then `said` is whole. */
bool helper_ended(struct helper *helper);
/* Kills it, if it runs. */
void helper_done(struct helper *helper);
