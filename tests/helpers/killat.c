// SPDX-License-Identifier: Apache-2.0
/* killat TEXT N COMMAND…: runs a command and kills it (SIGKILL) N system calls after it has written a
 * line that begins with TEXT to its standard error; with 0, before it does anything else.
 *
 * The command is traced, so the moment is exact: no step is half done because a reader of its
 * output was slow.  Ends with 137 when the command was killed, else as the command ended.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

/* The call the stopped child is about to make, or has just made. */
static bool enters_write(pid_t pid, const char *text)
{
	struct ptrace_syscall_info info;
	char line[256] = "";
	struct iovec here, there;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY || info.entry.nr != SYS_write ||
	    info.entry.args[0] != STDERR_FILENO)
		return false;
	here = (struct iovec){ line, sizeof(line) - 1 };
	there.iov_base = (char *)NULL + info.entry.args[1]; /* an address over there */
	there.iov_len = info.entry.args[2];
	if (there.iov_len < here.iov_len)
		here.iov_len = there.iov_len;
	if (process_vm_readv(pid, &here, 1, &there, 1, 0) < 0)
		return false;
	return strncmp(line, text, strlen(text)) == 0;
}

static int watch(pid_t pid, const char *text, long after)
{
	long stops = -1;        /* two for each call since the text was seen */
	int status;

	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
	for (int deliver = 0;;) {
		ptrace(PTRACE_SYSCALL, pid, NULL, deliver); /* fails once it was killed */
		if (waitpid(pid, &status, 0) < 0)
			return 1;
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
		deliver = WSTOPSIG(status);
		if (deliver == SIGTRAP)
			deliver = 0; /* the exec, not a signal of its own */
		if (deliver == (SIGTRAP | 0x80)) {
			deliver = 0;
			if (stops >= 0 && stops++ == 2 * after)
				kill(pid, SIGKILL);
			if (stops < 0 && enters_write(pid, text))
				stops = 0;
		}
	}
}

int main(int argc, char **argv)
{
	pid_t pid;

	if (argc < 4) {
		fputs("usage: killat TEXT N COMMAND...\n", stderr);
		return 2;
	}
	pid = fork();
	if (pid < 0) {
		perror("fork");
		return 1;
	}
	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execvp(argv[3], argv + 3);
		perror(argv[3]);
		_exit(127);
	}
	if (waitpid(pid, NULL, 0) < 0)
		return 1;
	return watch(pid, argv[1], strtol(argv[2], NULL, 10));
}
