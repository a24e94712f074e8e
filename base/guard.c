// SPDX-License-Identifier: Apache-2.0
#include "base/guard.h"

#include "base/process.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Shared with the process that does the work. */
struct outcome {
	int ret;
	struct error err;
};

static void worker(struct outcome *outcome, int (*work)(void *context, struct error *err),
		   void *context, const sigset_t *mask, pid_t parent)
{
	/* The terminal's Ctrl-C is for the guard alone, which ends us. */
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	if (getppid() != parent)
		_exit(1);
	outcome->ret = work(context, &outcome->err);
	if (outcome->ret == 0)
		outcome->ret = result_flush(&outcome->err);
	else
		fflush(NULL);
	_exit(0);
}

/* ---- ending what is left ---- */

/* /proc/PID/stat: "PID (NAME) STATE PPID …", and a name may hold anything. */
static pid_t parent_of(const char *pid)
{
	char path[64], text[512];
	const char *end;
	FILE *file;
	size_t len;
	int parent;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	file = fopen(path, "re");
	if (!file)
		return -1;
	len = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[len] = '\0';
	end = strrchr(text, ')');
	return end && sscanf(end + 1, " %*c %d", &parent) == 1 ? parent : -1;
}

static void kill_children(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) != NULL) {
		int pid = (int)strtol(entry->d_name, NULL, 10);

		if (pid > 1 && parent_of(entry->d_name) == getpid())
			kill(pid, SIGKILL);
	}
	if (dir)
		closedir(dir);
}

/* We are the reaper: the children of what is killed become ours, and are next. */
static void kill_all(void)
{
	do
		kill_children();
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
}

/* ---- waiting ---- */

/* What was ignored when we came (nohup, or a shell's "&") stays so. */
static bool is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void signals_of(sigset_t *set)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (!is_ignored(signals[i]))
			sigaddset(set, signals[i]);
}

/* True once the worker has ended; others that end are orphans of its. */
static bool reap(pid_t pid, int *status)
{
	bool ended = false;
	int some;
	pid_t got;

	while ((got = waitpid(-1, &some, WNOHANG)) > 0) {
		if (got == pid) {
			*status = some;
			ended = true;
		}
	}
	return ended;
}

/* The signal that tells us to end; 0: the worker has ended. */
static int await(pid_t pid, const sigset_t *set, int *status)
{
	for (;;) {
		int got = sigwaitinfo(set, NULL);

		if (got > 0 && got != SIGCHLD)
			return got;
		if (got == SIGCHLD && reap(pid, status))
			return 0;
	}
}

/* A worker that nobody listens to any more has ended itself. */
static int tell(const struct outcome *outcome, int wait_status, int *got, struct error *err)
{
	int status = process_status(wait_status);
	char how[PROCESS_ENDING_MAX];

	if (*got == 0 && status == 128 + SIGPIPE)
		*got = SIGPIPE;
	if (*got)
		return error_set(err, ERROR_FAILED, "interrupted (%s)", strsignal(*got));
	if (status != 0)
		return error_set(err, ERROR_FAILED, "the process that did the work %s",
				 process_ending(status, how));
	if (outcome->ret < 0)
		*err = outcome->err;
	return outcome->ret;
}

/* Signals are held back. */
static int run(int (*work)(void *context, struct error *err), void *context, const sigset_t *set,
	       const sigset_t *before, int *signal_out, struct error *err)
{
	struct outcome *outcome = guard_memory(sizeof(*outcome));
	pid_t parent = getpid(), pid;
	int status = 0, ret;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		worker(outcome, work, context, before, parent);
	if (pid > 0) {
		*signal_out = await(pid, set, &status);
		kill_all();
		ret = tell(outcome, status, signal_out, err);
	} else {
		ret = error_sys(err, "cannot start a process");
	}
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	munmap(outcome, sizeof(*outcome));
	return ret;
}

int guard_run(int (*begin)(void *context, struct error *err),
	      int (*work)(void *context, struct error *err), void *context,
	      void (*clean)(void *context), int *signal_out, struct error *err)
{
	sigset_t set, before;
	int ret = -1;

	signals_of(&set);
	sigprocmask(SIG_BLOCK, &set, &before);
	if (!begin || begin(context, err) == 0) {
		ret = run(work, context, &set, &before, signal_out, err);
		clean(context);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ret;
}

void *guard_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		abort();
	return memory;
}

int result_flush(struct error *err)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };

	if (fflush(stdout))
		error_sys_(err, "cannot write the result to stdout");
	else if (ferror(stdout))
		error_set_(err, ERROR_FAILED, "cannot write all of the result to stdout");
	else
		return 0;
	/* Whoever wants no more of it needs no message. */
	if (poll(&out, 1, 0) > 0 && out.revents & POLLERR)
		guard_raise(SIGPIPE);
	return -1;
}

void guard_raise(int number)
{
	signal(number, SIG_DFL);
	raise(number);
}
