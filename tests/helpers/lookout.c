// SPDX-License-Identifier: Apache-2.0
/* lookout COMMAND…: runs a command and looks at the arguments of each program that it, or whoever
 * it starts, becomes.  Ends with 98 when the text in $LOOKOUT stands in one of them; else, when all
 * have ended, as the command did.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FOUND = 98, ARGUMENTS_MAX = 1 << 21 };

static bool has_secret(pid_t pid, const char *secret)
{
	static char arguments[ARGUMENTS_MAX];
	char path[64];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	file = fopen(path, "r");
	if (!file)
		return false;
	len = fread(arguments, 1, sizeof(arguments), file);
	fclose(file);
	if (!memmem(arguments, len, secret, strlen(secret)))
		return false;
	fprintf(stderr, "lookout: seen in the arguments of %s\n", arguments);
	return true;
}

/* The signal that goes on to a process that stopped; 0: none. */
static int signal_of(int status)
{
	int sig = WSTOPSIG(status);

	/* The tracer's own, and the stop of a new process. */
	return sig == SIGTRAP || sig == SIGSTOP || status >> 16 ? 0 : sig;
}

static int watch(pid_t command, const char *secret)
{
	int status, result = 1;
	bool found = false;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFSTOPPED(status)) {
			if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8))
				found = has_secret(pid, secret) || found;
			ptrace(PTRACE_CONT, pid, NULL, signal_of(status));
		} else if (pid == command) {
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		}
	}
	return found ? FOUND : result;
}

int main(int argc, char **argv)
{
	const char *secret = getenv("LOOKOUT");
	pid_t command;

	if (argc < 2 || !secret || !*secret)
		return 2;
	command = fork();
	if (command == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	if (command < 0 || waitpid(command, NULL, 0) != command ||
	    ptrace(PTRACE_SETOPTIONS, command, NULL,
		   PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK |
			   PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE) < 0) {
		perror("lookout");
		return 1;
	}
	ptrace(PTRACE_CONT, command, NULL, 0);
	return watch(command, secret);
}
