// SPDX-License-Identifier: Apache-2.0
/* fake_peer.h - the C library's sockets and clock, in memory, for a fuzz target: whoever connects
 * reads what peer_next() gives for that connection and what peer_sent() adds to that, and its end
 * when it waits for more.  Time goes on by a millisecond with each look at it, and nothing is
 * random.
 */
#pragma once
#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Of connection number nr, from 0; false: nobody answers. */
static bool peer_next(struct str *out, unsigned nr);
/* What we send there; appends to *out what comes back. */
static void peer_sent(struct str *out, struct span bytes);

static struct {
	struct str in;
	size_t read, piece; /* recv() gives that much at most */
	bool end;
	unsigned connections;
	int64_t ms;
} peer;

static void peer_reset(size_t piece)
{
	str_done(&peer.in);
	peer.read = 0;
	peer.piece = piece;
	peer.connections = 0;
	peer.ms = 0;
}

int socket(int domain, int type, int protocol)
{
	(void)domain, (void)type, (void)protocol;
	return dup(0);
}

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
	(void)fd, (void)address, (void)size;
	str_clear(&peer.in);
	peer.read = 0;
	peer.end = false;
	if (peer_next(&peer.in, peer.connections++))
		return 0;
	errno = ECONNREFUSED;
	return -1;
}

int getsockname(int fd, struct sockaddr *address, socklen_t *size)
{
	struct sockaddr_in ours = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	(void)fd;
	memcpy(address, &ours, sizeof(ours));
	*size = sizeof(ours);
	return 0;
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
	(void)fd, (void)level, (void)name;
	memset(value, 0, *size);
	return 0;
}

int poll(struct pollfd *fds, nfds_t len, int timeout)
{
	(void)timeout;
	peer.end = peer.read == peer.in.len && !(fds[0].events & POLLOUT);
	fds[0].revents = fds[0].events;
	return (int)len;
}

ssize_t recv(int fd, void *buffer, size_t size, int flags)
{
	size_t left = peer.in.len - peer.read;

	(void)fd, (void)flags;
	if (left == 0 && !peer.end) {
		errno = EAGAIN;
		return -1;
	}
	size = size < left ? size : left;
	size = size < peer.piece ? size : peer.piece;
	if (size > 0)
		memcpy(buffer, str_text(&peer.in) + peer.read, size);
	peer.read += size;
	return (ssize_t)size;
}

ssize_t send(int fd, const void *buffer, size_t size, int flags)
{
	(void)fd, (void)flags;
	peer_sent(&peer.in, (struct span){ buffer, size });
	return (ssize_t)size;
}

ssize_t getrandom(void *buffer, size_t size, unsigned flags)
{
	(void)flags;
	memset(buffer, 0, size);
	return (ssize_t)size;
}

int clock_gettime(clockid_t id, struct timespec *now)
{
	if (id != CLOCK_MONOTONIC)
		return (int)syscall(SYS_clock_gettime, id, now);
	peer.ms++;
	now->tv_sec = peer.ms / 1000;
	now->tv_nsec = peer.ms % 1000 * 1000000;
	return 0;
}

int clock_nanosleep(clockid_t id, int flags, const struct timespec *time, struct timespec *left)
{
	(void)id, (void)flags, (void)left;
	peer.ms += time->tv_sec * 1000 + time->tv_nsec / 1000000;
	return 0;
}
