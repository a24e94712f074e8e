// SPDX-License-Identifier: Apache-2.0
/* process.h - running another program and waiting for it. */
#pragma once
#include "base/error.h"
#include "base/str.h"

struct process_options {
	const char *dir;                /* working directory; NULL: this one */
	const char *const *env;         /* "NAME=VALUE", added to ours; NULL-terminated; may be NULL */
	struct span input;              /* for its standard input */
	size_t output_max;              /* of stdout and stderr each */
	int timeout_ms;                 /* it is killed then, with all it started */
};

struct process_result {
	int status;                     /* exit status; 128 + the signal that ended it */
	struct str out, err;
};

/* Runs argv (argv[0] is looked up in PATH) and waits.  Whatever status it ends with is
 * no error here; that it cannot be started, takes too long or says too much is.
 */
must_check int process_run(struct process_result *out, const char *const *argv,
			   const struct process_options *options, struct error *err);
void process_result_done(struct process_result *result);
/* The full path of a program in PATH; NULL when there is none.  free() it. */
char *process_find(const char *program);

#define owned_process_result owned(process_result_done)
