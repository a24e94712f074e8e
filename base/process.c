// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- this process ---- */

void process_begin(void)
{
	sigset_t none;

	/* A file that gets one of these numbers would be written to by whoever talks.  Stdout can
	 * only be read, so that a result that goes nowhere is a failure.
	 */
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY) < 0)
			_exit(127);
	/* Ignored, it would make every child end unseen. */
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* ---- how it begins ---- */

/* What a child is to become. */
struct becoming {
	const char *const *argv;
	char *const *env;
	const char *dir;
	int in, out, err;
	int failed; /* a pipe: an errno goes through it when it cannot be */
	pid_t parent;
};

/* In the child; only async-signal-safe calls until exec. */
static void become(const struct becoming *b)
{
	sigset_t none;
	int why;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != b->parent)
		_exit(127);
	if (dup2(b->in, 0) >= 0 && dup2(b->out, 1) >= 0 && dup2(b->err, 2) >= 0 &&
	    (!b->dir || chdir(b->dir) == 0))
		execvpe(b->argv[0], (char *const *)(uintptr_t)b->argv, b->env);
	why = errno;
	(void)!write(b->failed, &why, sizeof(why));
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

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* 0 once the program runs, else its errno. */
static int why_not(int fd)
{
	int why = 0;
	ssize_t got;

	while ((got = read(fd, &why, sizeof(why))) < 0 && errno == EINTR)
		;
	return got == sizeof(why) ? why : 0;
}

/* Returns when the program runs; of one that cannot, nothing is left. */
static int begin(pid_t *out, struct becoming *b, struct error *err)
{
	owned_fd int told = -1;
	int failed[2], why;
	pid_t pid;

	if (pipe2(failed, O_CLOEXEC))
		return error_sys(err, "cannot make a pipe");
	told = failed[0];
	b->failed = failed[1];
	b->parent = getpid();
	pid = fork();
	if (pid == 0)
		become(b);
	fd_close(&b->failed);
	if (pid < 0)
		return error_sys(err, "cannot start %s", b->argv[0]);
	setpgid(pid, pid);
	why = why_not(told);
	if (why == 0) {
		*out = pid;
		return 0;
	}
	reap(pid);
	errno = why;
	return error_sys(err, "cannot run %s", b->argv[0]);
}

/* ---- how it ends ---- */

enum { END_POLL_MS = 20 };

int process_status(int wait_status)
{
	return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

const char *process_ending(int status, char out[static PROCESS_ENDING_MAX])
{
	const char *signal_name = status > 128 ? sigdescr_np(status - 128) : NULL;

	if (status == PROCESS_LOST)
		snprintf(out, PROCESS_ENDING_MAX, "ended, nobody knows how");
	else if (signal_name)
		snprintf(out, PROCESS_ENDING_MAX, "ended with status %d (%s)", status, signal_name);
	else
		snprintf(out, PROCESS_ENDING_MAX, "ended with status %d", status);
	return out;
}

/* Whether the child has ended.  One that cannot be asked for has been taken from us: nobody knows
 * how it ended, which is no success.
 */
static bool has_ended(pid_t pid, int flags, int *status)
{
	int wait_status = 0;
	pid_t got;

	while ((got = waitpid(pid, &wait_status, flags)) < 0 && errno == EINTR)
		;
	if (got == 0)
		return false;
	*status = got < 0 ? PROCESS_LOST : process_status(wait_status);
	return true;
}

/* Those that end soon are not waited for longer than that takes. */
static bool wait_until(pid_t pid, struct deadline deadline, int *status)
{
	for (int64_t ms = 1; !has_ended(pid, WNOHANG, status);
	     ms = ms < END_POLL_MS ? 2 * ms : ms) {
		if (deadline_over(deadline))
			return false;
		clock_sleep_ms(ms);
	}
	return true;
}

/* ---- waiting for it ---- */

struct child {
	pid_t pid;
	int in, out, err; /* our ends; -1 when closed */
};

static void child_end(struct child *child)
{
	fd_close(&child->in);
	fd_close(&child->out);
	fd_close(&child->err);
	if (child->pid > 0) {
		kill(-child->pid, SIGKILL);
		reap(child->pid);
	}
}

static int make_pipe(int *ours, int *theirs, bool we_write, struct error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return error_sys(err, "cannot make a pipe");
	*ours = ends[we_write];
	*theirs = ends[!we_write];
	return 0;
}

static int child_start(struct child *child, const char *const *argv,
		       const struct process_options *options, struct error *err)
{
	owned_mem char **env = merge_env(options->env);
	owned_fd int in = -1, out = -1, errs = -1;
	struct becoming b = { .argv = argv, .env = env, .dir = options->dir };

	if (make_pipe(&child->in, &in, true, err) || make_pipe(&child->out, &out, false, err) ||
	    make_pipe(&child->err, &errs, false, err))
		return -1;
	b.in = in;
	b.out = out;
	b.err = errs;
	fcntl(child->in, F_SETFL, O_NONBLOCK);
	return begin(&child->pid, &b, err);
}

static int take_output(int *fd, struct str *into, size_t max, const char *program,
		       struct error *err)
{
	ssize_t got = read(*fd, str_room(into, 64 * 1024), 64 * 1024);

	if (got < 0 && errno != EINTR && errno != EAGAIN)
		return error_sys(err, "cannot read from %s", program);
	if (got == 0)
		fd_close(fd);
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
		fd_close(&child->in);
}

static int too_slow(const char *program, const struct process_options *options, struct error *err)
{
	return error_set(err, ERROR_FAILED, "%s did not end within %d s", program,
			 options->timeout_ms / 1000);
}

static int talk(struct child *child, struct process_result *result, const char *program,
		const struct process_options *options, struct deadline deadline, struct error *err)
{
	struct span input = options->input;

	while (child->out >= 0 || child->err >= 0) {
		struct pollfd fds[] = { { child->out, POLLIN, 0 },
					{ child->err, POLLIN, 0 },
					{ child->in, POLLOUT, 0 } };

		if (deadline_over(deadline))
			return too_slow(program, options, err);
		if (poll(fds, ARRAY_LEN(fds), deadline_left(deadline)) < 0 && errno != EINTR)
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

/* What has closed its output may go on for long. */
static int await_end(struct child *child, struct process_result *result, const char *program,
		     const struct process_options *options, struct deadline deadline,
		     struct error *err)
{
	if (!wait_until(child->pid, deadline, &result->status))
		return too_slow(program, options, err);
	child->pid = -1;
	if (result->status == PROCESS_LOST)
		return error_set(err, ERROR_FAILED, "%s: nobody knows how it ended", program);
	return 0;
}

int process_run(struct process_result *out, const char *const *argv,
		const struct process_options *options, struct error *err)
{
	owned(child_end) struct child child = { -1, -1, -1, -1 };
	struct process_result result = { 0, STR_EMPTY, STR_EMPTY };
	struct deadline deadline = deadline_in(options->timeout_ms);

	if (child_start(&child, argv, options, err) ||
	    talk(&child, &result, argv[0], options, deadline, err) ||
	    await_end(&child, &result, argv[0], options, deadline, err)) {
		process_result_done(&result);
		return -1;
	}
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

struct process {
	pid_t pid;
	bool ended;
	int status;
};

int process_start(struct process **out, const char *const *argv,
		  const struct process_start *options, struct error *err)
{
	owned_mem char **env = merge_env(options->env);
	const char *log = options->log ? options->log : "/dev/null";
	owned_fd int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	owned_fd int said = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	struct becoming b = {
		.argv = argv, .env = env, .dir = options->dir, .in = in, .out = said, .err = said
	};
	pid_t pid;

	if (in < 0 || said < 0)
		return error_sys(err, "cannot open %s", in < 0 ? "/dev/null" : log);
	if (options->stdio) {
		b.in = options->stdio[0];
		b.out = options->stdio[1];
		b.err = options->stdio[2];
	}
	if (begin(&pid, &b, err))
		return -1;
	*out = mem_zero(1, sizeof(**out));
	(*out)->pid = pid;
	return 0;
}

int process_id(const struct process *process)
{
	return process->pid;
}

bool process_ended(struct process *process, int *status)
{
	if (!process->ended)
		process->ended = has_ended(process->pid, WNOHANG, &process->status);
	if (process->ended && status)
		*status = process->status;
	return process->ended;
}

int process_end(struct process *process, int64_t grace_ms)
{
	if (!process_ended(process, NULL) && grace_ms > 0) {
		kill(-process->pid, SIGTERM);
		process->ended = wait_until(process->pid, deadline_in(grace_ms), &process->status);
	}
	/* Its group may hold others yet. */
	kill(-process->pid, SIGKILL);
	if (!process->ended)
		process->ended = has_ended(process->pid, 0, &process->status);
	return process->status;
}

void process_free(struct process *process)
{
	if (!process)
		return;
	process_end(process, 0);
	free(process);
}
