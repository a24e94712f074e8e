// SPDX-License-Identifier: Apache-2.0
/* process.h - this process, and running another program: waiting for it, or beside us. */
#pragma once
#include "base/error.h"
#include "base/str.h"

/* The first call of a program, whatever it was started by: descriptors 0 to 2 are open, children
 * that end are seen, no signal is held back, SIGPIPE is ignored (writing fails instead).
 */
void process_begin(void);

/* How a child ended is one number: its exit status, 128 + the signal that ended it, or
 * PROCESS_LOST when somebody else has waited for it.
 */
enum { PROCESS_LOST = 1000, PROCESS_ENDING_MAX = 96 };

/* That number, from what waitpid() gives. */
int process_status(int wait_status);
/* And in words: "ended with status 3", "ended with status 137 (Killed)". */
const char *process_ending(int status, char out[static PROCESS_ENDING_MAX]);

/* ---- waiting for it ---- */

struct process_options {
	const char *dir;        /* working directory; NULL: this one */
	const char *const *env; /* "NAME=VALUE", added to ours; NULL-terminated; may be NULL */
	struct span input;      /* for its standard input */
	size_t output_max;      /* of stdout and stderr each */
	int timeout_ms;         /* it is killed then, with all it started */
};

struct process_result {
	int status; /* never PROCESS_LOST */
	struct str out, err;
};

/* Runs argv (argv[0] is looked up in PATH) and waits until it has ended and nobody holds its
 * output any more.  Whatever status it ends with is no error here; that it takes too long, says too
 * much or ends unseen is (ERROR_FAILED, ERROR_INVALID), and that it cannot be run (from errno:
 * ERROR_NOT_FOUND when there is no such program).
 */
must_check int process_run(struct process_result *out, const char *const *argv,
			   const struct process_options *options, struct error *err);
void process_result_done(struct process_result *result);
/* The full path of a program in PATH; NULL when there is none.  free() it. */
char *process_find(const char *program);

#define owned_process_result owned(process_result_done)

/* ---- beside us ---- */

/* A program that runs beside us, in a process group of its own; without `stdio`, with nothing to
 * read.  The system kills it when we die, however we die.
 */
struct process; /* opaque: see process.c */

struct process_start {
	const char *dir;        /* working directory; NULL: this one */
	const char *const *env; /* as above */
	const char *log;        /* its stdout and stderr are appended there; NULL: /dev/null */
	const int *stdio;       /* instead of these: its descriptors 0, 1 and 2; NULL: none */
};

/* Fails as process_run() does when it cannot be run.  Free with process_free(). */
must_check int process_start(struct process **out, const char *const *argv,
			     const struct process_start *options, struct error *err);
int process_id(const struct process *process);
/* Whether it has ended; then *status says how. */
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
