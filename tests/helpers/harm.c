// SPDX-License-Identifier: Apache-2.0
/* harm DEED MOMENT COMMAND…: runs a command and does something bad to it at one exact moment.
 *
 * MOMENT  TEXT[@WORD…][+N]: after the command wrote a line that begins with TEXT to its standard
 *         error; then, for each @WORD in turn, when it is about to send the atom WORD (none:
 *         anything); then N system calls later.
 * DEED    kill   SIGKILL
 *         cut    its connection is shut down, both ways; half: after half of what it is about to
 * send mute   nothing that the peer sends gets through any more else a shell command, for which it
 * is held up
 *
 * The command is traced, so the moment is exact: no step is half done because a reader of its
 * output was slow.  Ends with 137 when the command was killed, else as the command ended; with 99
 * when the moment never came.
 */
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/ptrace.h>

enum { NEVER_CAME = 99, WORDS_MAX = 8 };

struct harm {
	pid_t pid;
	const char *deed;
	const char *text, *words[WORDS_MAX];
	int words_len, word; /* word: the next to be seen */
	long calls;          /* to let pass */
	bool seen, done;     /* the line; the deed */
	long stops;          /* two for each call, since the line and all words were seen */
	struct ptrace_syscall_info call;
	int fd; /* what was sent through last */
};

static int die(const char *what)
{
	perror(what);
	exit(1);
}

/* What the call's buffer holds, up to `size` bytes. */
static size_t buffer_of(const struct harm *h, char *out, size_t size)
{
	size_t len = h->call.entry.args[2] < size ? h->call.entry.args[2] : size;
	struct iovec here = { out, len }, there = { NULL, len };
	ssize_t got;

	there.iov_base = (void *)(uintptr_t)h->call.entry.args[1]; /* an address over there */
	got = process_vm_readv(h->pid, &here, 1, &there, 1, 0);
	return got < 0 ? 0 : (size_t)got;
}

static bool is_call(const struct harm *h, unsigned long nr)
{
	return h->call.op == PTRACE_SYSCALL_INFO_ENTRY && h->call.entry.nr == nr;
}

static bool writes_line(const struct harm *h)
{
	char line[256];
	size_t len = strlen(h->text);

	return is_call(h, SYS_write) && h->call.entry.args[0] == STDERR_FILENO &&
	       buffer_of(h, line, sizeof(line)) >= len && memcmp(line, h->text, len) == 0;
}

static bool sends_atom(const struct harm *h)
{
	static char bytes[1 << 20];
	const char *word = h->words[h->word];
	char atom[258]; /* SMALL_ATOM_UTF8_EXT */
	int len = snprintf(atom, sizeof(atom), "w%c%.255s", (char)strlen(word), word);

	return is_call(h, SYS_sendto) &&
	       (!*word || memmem(bytes, buffer_of(h, bytes, sizeof(bytes)), atom, (size_t)len));
}

/* The command's socket, as one of ours. */
static int take_socket(const struct harm *h)
{
	int process = (int)syscall(SYS_pidfd_open, h->pid, 0);
	int fd = (int)syscall(SYS_pidfd_getfd, process, h->fd, 0);

	if (fd < 0)
		die("its connection");
	close(process);
	return fd;
}

static void send_half(const struct harm *h, int fd)
{
	static char bytes[1 << 20];
	size_t len = buffer_of(h, bytes, sizeof(bytes)) / 2;

	if (!is_call(h, SYS_sendto) || send(fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len)
		die("half of it");
}

static void mute(int fd)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { 1, &drop };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
		die("mute");
}

static void harm_connection(const struct harm *h)
{
	int fd = take_socket(h);

	if (strcmp(h->deed, "half") == 0)
		send_half(h, fd);
	if (strcmp(h->deed, "mute") == 0)
		mute(fd);
	else
		shutdown(fd, SHUT_RDWR);
	close(fd);
}

static void do_it(struct harm *h)
{
	h->done = true;
	if (strcmp(h->deed, "kill") == 0)
		kill(h->pid, SIGKILL);
	else if (strcmp(h->deed, "cut") == 0 || strcmp(h->deed, "half") == 0 ||
		 strcmp(h->deed, "mute") == 0)
		harm_connection(h);
	else if (system(h->deed) != 0)
		die(h->deed);
}

/* Before and after each system call. */
static void stopped(struct harm *h)
{
	if (h->done || ptrace(PTRACE_GET_SYSCALL_INFO, h->pid, sizeof(h->call), &h->call) <= 0)
		return;
	if (is_call(h, SYS_sendto))
		h->fd = (int)h->call.entry.args[0];
	if (!h->seen) {
		h->seen = writes_line(h);
		return;
	}
	if (h->word < h->words_len && sends_atom(h))
		h->word++;
	if (h->word == h->words_len && h->stops++ == 2 * h->calls)
		do_it(h);
}

static int watch(struct harm *h)
{
	int status;

	ptrace(PTRACE_SETOPTIONS, h->pid, NULL, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD);
	for (int deliver = 0;;) {
		ptrace(PTRACE_SYSCALL, h->pid, NULL, deliver); /* fails once it was killed */
		if (waitpid(h->pid, &status, 0) < 0)
			return 1;
		if (WIFEXITED(status))
			return h->done ? WEXITSTATUS(status) : NEVER_CAME;
		if (WIFSIGNALED(status))
			return 128 + WTERMSIG(status);
		deliver = WSTOPSIG(status);
		if (deliver == SIGTRAP)
			deliver = 0; /* the exec, not a signal of its own */
		if (deliver == (SIGTRAP | 0x80)) {
			deliver = 0;
			stopped(h);
		}
	}
}

static int read_moment(struct harm *h, char *moment)
{
	char *plus = strrchr(moment, '+'), *end = NULL;

	if (plus) {
		*plus = '\0';
		h->calls = strtol(plus + 1, &end, 10);
	}
	h->text = strsep(&moment, "@");
	while (moment && h->words_len < WORDS_MAX)
		h->words[h->words_len++] = strsep(&moment, "@");
	return moment || (plus && *end) ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct harm h = { .fd = -1 };

	if (argc < 4 || read_moment(&h, argv[2])) {
		fputs("usage: harm DEED TEXT[@WORD...][+N] COMMAND...\n", stderr);
		return 2;
	}
	h.deed = argv[1];
	h.pid = fork();
	if (h.pid < 0)
		die("fork");
	if (h.pid == 0) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		execvp(argv[3], argv + 3);
		perror(argv[3]);
		_exit(127);
	}
	if (waitpid(h.pid, NULL, 0) < 0)
		die("waitpid");
	return watch(&h);
}
