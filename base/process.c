// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
	pid_t pid;
	int in, out, err; /* our ends; -1 when closed */
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void child_end(struct child *child)
{
	close_fd(&child->in);
	close_fd(&child->out);
	close_fd(&child->err);
	if (child->pid > 0) {
		kill(-child->pid, SIGKILL);
		while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
}

/* In the child; only async-signal-safe calls until exec. */
static void become(const char *const *argv, char *const *env, const char *dir, int in, int out,
		   int err)
{
	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0 || (dir && chdir(dir)))
		_exit(127);
	execvpe(argv[0], (char *const *)(uintptr_t)argv, env);
	_exit(127);
}

extern char **environ;

/* Ours, and those of the caller behind: execve takes the first of a name, so they
 * go in front.
 */
static char **merge_env(const char *const *more)
{
	size_t ours = 0, added = 0;
	char **env;

	while (environ[ours])
		ours++;
	while (more && more[added])
		added++;
	env = mem_zero(ours + added + 1, sizeof(*env));
	for (size_t i = 0; i < added; i++)
		env[i] = (char *)(uintptr_t)more[i];
	memcpy(env + added, environ, ours * sizeof(*env));
	return env;
}

static int child_start(struct child *child, const char *const *argv,
		       const struct process_options *options, struct error *err)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, errs[2] = { -1, -1 };
	owned_mem char **env = merge_env(options->env);

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(errs, O_CLOEXEC))
		return error_sys(err, "cannot make a pipe");
	child->pid = fork();
	if (child->pid == 0)
		become(argv, env, options->dir, in[0], out[1], errs[1]);
	if (child->pid > 0)
		setpgid(child->pid, child->pid);
	close_fd(&in[0]);
	close_fd(&out[1]);
	close_fd(&errs[1]);
	child->in = in[1];
	child->out = out[0];
	child->err = errs[0];
	fcntl(child->in, F_SETFL, O_NONBLOCK);
	return child->pid < 0 ? error_sys(err, "cannot start %s", argv[0]) : 0;
}

static int take_output(int *fd, struct str *into, size_t max, const char *program,
		       struct error *err)
{
	ssize_t got = read(*fd, str_room(into, 64 * 1024), 64 * 1024);

	if (got < 0 && errno != EINTR && errno != EAGAIN)
		return error_sys(err, "cannot read from %s", program);
	if (got == 0)
		close_fd(fd);
	if (got > 0) {
		into->len += (size_t)got;
		into->ptr[into->len] = '\0';
	}
	if (into->len > max)
		return error_set(err, ERROR_INVALID, "%s printed more than %zu bytes", program,
				 max);
	return 0;
}

static void give_input(struct child *child, struct span *input)
{
	ssize_t put = input->len ? write(child->in, input->ptr, input->len) : 0;

	if (put > 0) {
		input->ptr += put;
		input->len -= (size_t)put;
	}
	if (input->len == 0 || (put < 0 && errno == EPIPE))
		close_fd(&child->in);
}

static int talk(struct child *child, struct process_result *result, const char *program,
		const struct process_options *options, struct error *err)
{
	int64_t end = clock_mono_ms() + options->timeout_ms;
	struct span input = options->input;

	while (child->out >= 0 || child->err >= 0) {
		struct pollfd fds[] = { { child->out, POLLIN, 0 },
					{ child->err, POLLIN, 0 },
					{ child->in, POLLOUT, 0 } };
		int64_t left = end - clock_mono_ms();

		if (left <= 0)
			return error_set(err, ERROR_FAILED, "%s did not end within %d s", program,
					 options->timeout_ms / 1000);
		if (poll(fds, ARRAY_LEN(fds), (int)left) < 0 && errno != EINTR)
			return error_sys(err, "poll");
		if ((fds[0].revents &&
		     take_output(&child->out, &result->out, options->output_max, program, err)) ||
		    (fds[1].revents &&
		     take_output(&child->err, &result->err, options->output_max, program, err)))
			return -1;
		if (child->in >= 0 && fds[2].revents)
			give_input(child, &input);
	}
	return 0;
}

int process_run(struct process_result *out, const char *const *argv,
		const struct process_options *options, struct error *err)
{
	owned(child_end) struct child child = { -1, -1, -1, -1 };
	struct process_result result = { 0, STR_EMPTY, STR_EMPTY };
	int status = 0;

	if (child_start(&child, argv, options, err) ||
	    talk(&child, &result, argv[0], options, err)) {
		process_result_done(&result);
		return -1;
	}
	while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR)
		;
	child.pid = -1;
	result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	*out = result;
	return 0;
}

void process_result_done(struct process_result *result)
{
	str_done(&result->out);
	str_done(&result->err);
}

char *process_find(const char *program)
{
	const char *path = getenv("PATH");
	struct span rest = span_of(path ? path : "/usr/local/bin:/usr/bin:/bin"), dir;

	while (span_next(&rest, ':', &dir)) {
		struct str full = STR_EMPTY;

		str_addf(&full, SPAN_FMT "/%s", SPAN_ARG(dir), program);
		if (dir.len > 0 && access(full.ptr, X_OK) == 0)
			return full.ptr;
		str_done(&full);
	}
	return NULL;
}

/* ---- beside us ---- */

enum { END_POLL_MS = 20 };

struct process {
	pid_t pid;
	bool ended;
	int status;
};

/* In the child; only async-signal-safe calls until exec. */
static void become_beside(const char *const *argv, char *const *env,
			  const struct process_start *options, pid_t parent)
{
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int out = open(options->log ? options->log : "/dev/null",
		       O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	become(argv, env, options->dir, in, out, out);
}

int process_start(struct process **out, const char *const *argv,
		  const struct process_start *options, struct error *err)
{
	owned_mem char **env = merge_env(options->env);
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		become_beside(argv, env, options, parent);
	if (pid < 0)
		return error_sys(err, "cannot start %s", argv[0]);
	setpgid(pid, pid);
	*out = mem_zero(1, sizeof(**out));
	(*out)->pid = pid;
	return 0;
}

int process_id(const struct process *process)
{
	return process->pid;
}

static void look(struct process *process, int flags)
{
	int status = 0;
	pid_t got;

	while ((got = waitpid(process->pid, &status, flags)) < 0 && errno == EINTR)
		;
	if (got == 0)
		return;
	process->ended = true;
	process->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool process_ended(struct process *process, int *status)
{
	if (!process->ended)
		look(process, WNOHANG);
	if (process->ended && status)
		*status = process->status;
	return process->ended;
}

int process_end(struct process *process, int64_t grace_ms)
{
	struct deadline deadline = deadline_in(grace_ms);

	if (!process_ended(process, NULL) && grace_ms > 0)
		kill(-process->pid, SIGTERM);
	while (!process_ended(process, NULL) && !deadline_over(deadline))
		clock_sleep_ms(END_POLL_MS);
	/* Its group may hold others yet. */
	kill(-process->pid, SIGKILL);
	if (!process->ended)
		look(process, 0);
	return process->status;
}

void process_free(struct process *process)
{
	if (!process)
		return;
	process_end(process, 0);
	free(process);
}
