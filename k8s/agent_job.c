// SPDX-License-Identifier: Apache-2.0
#include "k8s/agent_job.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SAID_MAX = 4 << 20, TELLS = 3 };

static void be_child(json_t *(*work)(void *context), void *context, int fd, pid_t parent)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	FILE *out;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || dup2(fd, TELLS) < 0)
		_exit(1);
	/* Who asks us would not see the end of a connection that a child has as well. */
	close_range(TELLS + 1, ~0U, 0);
	fcntl(TELLS, F_SETFD, FD_CLOEXEC);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		signal(signals[i], SIG_DFL);
	out = fdopen(TELLS, "w");
	if (!out)
		_exit(1);
	json_dumpf(work(context), out, JSON_COMPACT);
	fflush(out);
	_exit(0);
}

int agent_job_start(struct agent_job *job, json_t *(*work)(void *context), void *context,
		    int64_t time_ms, struct error *err)
{
	pid_t parent = getpid(), pid;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return error_sys(err, "cannot make a pipe");
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		be_child(work, context, fds[1], parent);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return error_sys(err, "cannot start a process");
	}
	setpgid(pid, pid);
	*job = (struct agent_job){ .pid = pid, .fd = fds[0], .ends_by = clock_mono_ms() + time_ms };
	return 0;
}

/* True at its end, or when it says too much. */
static bool take(struct agent_job *job)
{
	struct pollfd ready = { job->fd, POLLIN, 0 };

	while (poll(&ready, 1, 0) > 0) {
		ssize_t got = read(job->fd, str_room(&job->said, 64 * 1024), 64 * 1024);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return true;
		job->said.len += (size_t)got;
		job->said.ptr[job->said.len] = '\0';
		if (job->said.len > SAID_MAX)
			return true;
	}
	return false;
}

void agent_job_kill(struct agent_job *job)
{
	if (job->pid == 0)
		return;
	kill(-job->pid, SIGKILL);
	while (waitpid(job->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(job->fd);
	str_done(&job->said);
	*job = (struct agent_job){ 0 };
}

bool agent_job_over(struct agent_job *job, json_t **answer, bool *late)
{
	bool ended = take(job);

	*late = !ended && clock_mono_ms() > job->ends_by;
	if (!ended && !*late)
		return false;
	*answer = ended ? json_loadb(str_text(&job->said), job->said.len, 0, NULL) : NULL;
	agent_job_kill(job);
	return true;
}
