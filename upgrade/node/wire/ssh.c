// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/wire/ssh.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	SAID_MAX = 64 * 1024, /* of what ssh says, with LogLevel DEBUG a lot; the rest is lost */
	TOLD_MAX = 600,       /* of that, in a message */
	ENDS_MS = 3000,       /* from the end of a connection to that of its ssh */
	END_POLL_MS = 10,
	WORDS_MAX = 20,
};

struct ssh {
	struct process *process;
	int said; /* its stderr: a file in memory that never grows, so that ssh never waits for us
		   */
	char *to;
};

/* ---- the words of the command ---- */

static const char *fill_in(struct arena *arena, const char *text, const char *node_host)
{
	owned_str struct str out = STR_EMPTY;

	for (const char *at = strstr(text, "{host}"); at; at = strstr(text, "{host}")) {
		str_add(&out, (struct span){ text, (size_t)(at - text) });
		str_adds(&out, node_host);
		text = at + strlen("{host}");
	}
	str_adds(&out, text);
	return arena_dup(arena, str_span(&out));
}

/* One that ssh would take for an option, or that ends a line of anything, is none. */
static int check(const char *what, const char *text, struct error *err)
{
	bool bad = !*text || *text == '-' || strlen(text) > 500;

	for (const char *c = text; *c; c++)
		bad = bad || (unsigned char)*c <= ' ' || *c == 0x7f;
	if (!bad)
		return 0;
	error_set_(err, ERROR_USAGE, "via: \"%s\" cannot be %s", text, what);
	return error_hint(err, "It is written as ssh takes it: user@host, or ssh://user@host:port");
}

int ssh_words(const char *const **out, struct arena *arena, const struct ssh_via *via,
	      const char *node_host, int64_t connect_ms, struct error *err)
{
	const char **words = arena_array(arena, WORDS_MAX, const char *);
	const char *to = fill_in(arena, via->to, node_host), *jump;
	int64_t seconds = connect_ms < 2000 ? 1 : connect_ms / 1000;
	size_t len = 0;

	if (check("a destination of ssh", to, err))
		return -1;
	words[len++] = "ssh";
	words[len++] = "-T";
	words[len++] = "-oBatchMode=yes";
	words[len++] = arena_printf(arena, "-oConnectTimeout=%d", (int)seconds);
	/* As socket_connect() does: who is cut off is noticed in about a minute. */
	words[len++] = "-oServerAliveInterval=15";
	if (via->jump) {
		jump = fill_in(arena, via->jump, node_host);
		if (check("a host to jump from", jump, err))
			return -1;
		words[len++] = "-J";
		words[len++] = jump;
	}
	words[len++] = "--";
	words[len++] = to;
	*out = words;
	return 0;
}

/* Before the "--" and the destination. */
static void add_forward(const char **words, const char *forward)
{
	size_t len = 0;

	while (words[len])
		len++;
	words[len + 1] = words[len - 1];
	words[len] = words[len - 2];
	words[len - 2] = "-W";
	words[len - 1] = forward;
}

/* ---- beginning and ending ---- */

static int memory_file(int *out, struct error *err)
{
	owned_fd int fd = memfd_create("ssh", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, SAID_MAX) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK))
		return error_sys(err, "cannot make room for what ssh says");
	*out = fd;
	fd = -1;
	return 0;
}

int ssh_open(struct ssh **out, int *fd, const struct ssh_via *via, const char *node_host, int port,
	     struct deadline deadline, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_ssh struct ssh *ssh = mem_zero(1, sizeof(*ssh));
	const char *host = fill_in(&arena, via->host ? via->host : "localhost", node_host);
	int left = deadline_left(deadline), ends[2];
	const char *const *words;

	ssh->said = -1;
	if (check("a host", host, err) ||
	    ssh_words(&words, &arena, via, node_host, left < 0 ? 0 : left, err) ||
	    memory_file(&ssh->said, err))
		return -1;
	add_forward((const char **)(uintptr_t)words,
		    arena_printf(&arena, strchr(host, ':') ? "[%s]:%d" : "%s:%d", host, port));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return error_sys(err, "cannot make a connection to ssh");
	owned_fd int ours = ends[0], theirs = ends[1];
	const int stdio[] = { theirs, theirs, ssh->said };

	fcntl(ours, F_SETFL, O_NONBLOCK);
	if (process_start(&ssh->process, words, &(struct process_start){ .stdio = stdio }, err))
		return error_hint(err, "Is the OpenSSH client installed, and in PATH?");
	ssh->to = mem_dup(fill_in(&arena, via->to, node_host));
	*out = steal(&ssh);
	*fd = ours;
	ours = -1;
	return 0;
}

void ssh_close(struct ssh *ssh)
{
	if (!ssh)
		return;
	process_free(ssh->process);
	fd_close(&ssh->said);
	free(ssh->to);
	free(ssh);
}

/* ---- what went wrong ---- */

static const struct {
	const char *said, *hint;
} hints[] = {
	{ "REMOTE HOST IDENTIFICATION HAS CHANGED",
	  "The machine shows another key than the one in known_hosts: it was made anew, or another "
	  "answers in its place.  When you know why: ssh-keygen -R HOST, and ssh there once by "
	  "hand." },
	{ "Host key verification failed",
	  "The key of the machine is not in known_hosts: ssh there once by hand and compare it." },
	{ "Permission denied",
	  "sshd there takes none of the keys that ssh has without asking: try ssh "
	  "-o BatchMode=yes by hand, and see ssh-add -l." },
	{ "administratively prohibited",
	  "sshd there must allow connections to be handed on: AllowTcpForwarding, PermitOpen." },
	{ "open failed", "ssh got there, but nothing listens: is the node up, and its epmd?" },
	{ "Could not resolve", "Check the name of the host." },
	{ "refused", "Is sshd up there, and is that its port?" },
	{ "timed out", "Is the machine up, and is a firewall in the way?" },
	{ "", "Try it by hand: ssh -o BatchMode=yes, to the same destination." },
};

static const char *hint_for(const char *said)
{
	size_t i = 0;

	while (!strstr(said, hints[i].said))
		i++;
	return hints[i].hint;
}

/* In one line; of many the last are those that count. */
static void in_a_line(struct str *out, const char *said)
{
	struct span rest = span_trim(span_of(said)), line;

	if (rest.len > TOLD_MAX) {
		rest.ptr += rest.len - TOLD_MAX;
		rest.len = TOLD_MAX;
		str_adds(out, "…");
	}
	while (span_next(&rest, '\n', &line)) {
		line = span_trim(line);
		if (line.len == 0 || span_starts(line, "@@@"))
			continue;
		str_adds(out, out->len ? "; " : "");
		for (size_t i = 0; i < line.len; i++)
			str_addc(out, (unsigned char)line.ptr[i] < ' ' ? '?' : line.ptr[i]);
	}
}

void ssh_failed_(struct error *err, const char *to, int status, const char *said)
{
	owned_str struct str text = STR_EMPTY;
	char ending[PROCESS_ENDING_MAX];

	in_a_line(&text, said);
	if (text.len == 0)
		str_adds(&text, process_ending(status, ending));
	error_set_(err, ERROR_UNREACHABLE, "by ssh to %s: %s", to, str_text(&text));
	error_hint_(err, "%s", hint_for(said));
}

/* Only of a connection that has ended its ssh does as well. */
static bool is_over(struct ssh *ssh, int fd, int *status)
{
	struct pollfd poll_fd = { .fd = fd };
	struct deadline deadline;

	poll(&poll_fd, 1, 0);
	deadline = deadline_in(poll_fd.revents & (POLLHUP | POLLERR) ? ENDS_MS : 0);
	while (!process_ended(ssh->process, status)) {
		if (deadline_over(deadline))
			return false;
		clock_sleep_ms(END_POLL_MS);
	}
	return true;
}

void ssh_explain(struct ssh *ssh, int fd, const char *who, struct error *err)
{
	owned_mem char *said = NULL;
	int status;

	if (!ssh || !is_over(ssh, fd, &status) || status == 0)
		return;
	said = mem_zero(1, SAID_MAX + 1);
	if (pread(ssh->said, said, SAID_MAX, 0) < 0)
		said[0] = '\0';
	ssh_failed_(err, ssh->to, status, said);
	error_wrap_(err, "%s", who);
}
