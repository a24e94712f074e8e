// SPDX-License-Identifier: Apache-2.0
/* agent_job.h - work for the node, in a process of its own, which tells one JSON document. */
#pragma once
#include "base/error.h"
#include "base/str.h"

#include <jansson.h>
#include <sys/types.h>

struct agent_job {
	pid_t pid; /* 0: none runs */
	int fd;
	int64_t ends_by; /* by clock_mono_ms() */
	struct str said;
};

/* Begins it, when none runs; the child keeps no descriptor of ours but its way to tell, and dies
 * with us.  ERROR_FAILED: no process can be had.
 */
must_check int agent_job_start(struct agent_job *job, json_t *(*work)(void *context), void *context,
			       int64_t time_ms, struct error *err);
/* Takes what it says.  True: it is over, *answer (a new reference) is what it told, NULL when it
 * crashed, or took too long (*late).
 */
bool agent_job_over(struct agent_job *job, json_t **answer, bool *late);
void agent_job_kill(struct agent_job *job);
