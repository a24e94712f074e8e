// SPDX-License-Identifier: Apache-2.0
/* process.h - running another program: waiting for it, or beside us. */
#pragma once
#include "base/error.h"
#include "base/str.h"

struct process_options {
	const char *dir;        /* working directory; NULL: this one */
	const char *const *env; /* "NAME=VALUE", added to ours; NULL-terminated; may be NULL */
	struct span input;      /* for its standard input */
	size_t output_max;      /* of stdout and stderr each */
	int timeout_ms;         /* it is killed then, with all it started */
};

struct process_result {
	int status; /* exit status; 128 + the signal that ended it */
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

/* ---- beside us ---- */

/* A program that runs beside us, in a process group of its own, with nothing to read.  The
 * system kills it when we die, however we die.
 */
struct process; /* opaque: see process.c */

struct process_start {
	const char *dir;        /* working directory; NULL: this one */
	const char *const *env; /* as above */
	const char *log;        /* its stdout and stderr are appended there; NULL: /dev/null */
};

/* A program that cannot be executed ends with status 127.  Free with process_free(). */
must_check int process_start(struct process **out, const char *const *argv,
			     const struct process_start *options, struct error *err);
int process_id(const struct process *process);
/* Whether it has ended; then *status is its exit status, or 128 + the signal. */
bool process_ended(struct process *process, int *status);
/* Asks its group to end (SIGTERM), kills the group after `grace_ms`, and waits for it. */
int process_end(struct process *process, int64_t grace_ms);
/* Kills what still runs; NULL is fine. */
void process_free(struct process *process);

static inline void process_done(struct process **process)
{
	process_free(*process);
}
#define owned_process owned(process_done)
