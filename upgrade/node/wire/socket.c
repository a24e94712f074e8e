// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/wire/socket.h"

#include "base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_SIZE = 64 * 1024, PROBE_S = 15, SILENCE_MS = 60 * 1000 };

/* From errno: whatever it is, the peer cannot be reached. */
static int unreachable(const char *who, struct error *err)
{
	error_sys_(err, "%s", who);
	err->kind = ERROR_UNREACHABLE;
	return -1;
}

int socket_wait(int fd, short wanted, short *events, struct deadline deadline, struct error *err)
{
	struct pollfd poll_fd = { .fd = fd, .events = wanted };
	int ready;

	do
		ready = poll(&poll_fd, 1, deadline_left(deadline));
	while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return error_sys(err, "poll");
	*events = ready ? poll_fd.revents : 0;
	return 0;
}

static int finish_connect(int fd, struct deadline deadline, const char *who, struct error *err)
{
	int fault = 0;
	socklen_t size = sizeof(fault);
	short events;

	if (socket_wait(fd, POLLOUT, &events, deadline, err))
		return -1;
	if (!events)
		return error_set(err, ERROR_UNREACHABLE, "%s: no answer to the connection attempt",
				 who);
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &size) < 0)
		return error_sys(err, "%s", who);
	if (fault == ECONNREFUSED)
		return error_set(err, ERROR_UNREACHABLE, "%s: connection refused", who);
	if (fault) {
		errno = fault;
		return unreachable(who, err);
	}
	return 0;
}

/* A machine that is cut off says nothing.  It is asked whether it is there, by TCP itself: a node
 * that is only busy, or stopped, is.  Patience is that of nodes with each other (net_ticktime).
 */
static void stay_alert(int fd)
{
	int one = 1, probe = PROBE_S, silence = SILENCE_MS;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &probe, sizeof(probe));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &probe, sizeof(probe));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence, sizeof(silence));
}

static int connect_one(int *out, const struct addrinfo *address, struct deadline deadline,
		       const char *who, struct error *err)
{
	owned_fd int fd =
		socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
		       address->ai_protocol);
	int one = 1;

	if (fd < 0)
		return error_sys(err, "%s", who);
	if (connect(fd, address->ai_addr, address->ai_addrlen) < 0 && errno != EINPROGRESS) {
		return unreachable(who, err);
	}
	if (finish_connect(fd, deadline, who, err))
		return -1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	stay_alert(fd);
	*out = fd;
	fd = -1;
	return 0;
}

/* One address after the other; each may take its share of the time, for one that does not
 * answer must not cost those behind it theirs.
 */
static int connect_any(int *out, const struct addrinfo *list, struct deadline deadline,
		       const char *who, struct error *err)
{
	int rest = 0;

	for (const struct addrinfo *each = list; each; each = each->ai_next)
		rest++;
	for (const struct addrinfo *each = list; each; each = each->ai_next, rest--) {
		int left = deadline_left(deadline);
		struct deadline share = left < 0 ? deadline : deadline_in(left / rest);

		if (connect_one(out, each, share, who, err) == 0)
			return 0;
	}
	return -1;
}

/* ---- names ---- */

/* The C library cannot be told when to stop looking a name up.  So a thread waits for it, and
 * whoever has done with it last frees it.
 */
struct lookup {
	char *host;
	char service[16];
	struct addrinfo *list;
	int ret, answered; /* answered: an eventfd */
	atomic_int holders;
};

static void lookup_release(struct lookup *lookup)
{
	if (atomic_fetch_sub(&lookup->holders, 1) > 1)
		return;
	if (lookup->list)
		freeaddrinfo(lookup->list);
	if (lookup->answered >= 0)
		fd_close(&lookup->answered);
	free(lookup->host);
	free(lookup);
}

static void lookup_done(struct lookup **lookup)
{
	lookup_release(*lookup);
}

static void look_up(struct lookup *lookup, int flags)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
				  .ai_socktype = SOCK_STREAM,
				  .ai_flags = flags };

	lookup->ret = getaddrinfo(lookup->host, lookup->service, &hints, &lookup->list);
}

static void *look_up_name(void *context)
{
	struct lookup *lookup = context;

	look_up(lookup, 0);
	eventfd_write(lookup->answered, 1);
	lookup_release(lookup);
	return NULL;
}

static int await_name(struct lookup *lookup, struct deadline deadline, struct error *err)
{
	pthread_t thread;
	short events;

	lookup->answered = eventfd(0, EFD_CLOEXEC);
	if (lookup->answered < 0)
		return error_sys(err, "eventfd");
	atomic_fetch_add(&lookup->holders, 1);
	errno = pthread_create(&thread, NULL, look_up_name, lookup);
	if (errno) {
		atomic_fetch_sub(&lookup->holders, 1);
		return error_sys(err, "a thread to look %s up", lookup->host);
	}
	pthread_detach(thread);
	if (socket_wait(lookup->answered, POLLIN, &events, deadline, err))
		return -1;
	if (!events)
		return error_set(err, ERROR_UNREACHABLE,
				 "host %s: no answer from the name service in time", lookup->host);
	return 0;
}

int socket_connect(int *out, const char *host, int port, struct deadline deadline,
		   struct error *err)
{
	owned(lookup_done) struct lookup *lookup = mem_zero(1, sizeof(*lookup));
	char who[300];

	lookup->host = mem_dup(host);
	lookup->answered = -1;
	lookup->holders = 1;
	snprintf(lookup->service, sizeof(lookup->service), "%d", port);
	snprintf(who, sizeof(who), strchr(host, ':') ? "[%.250s]:%d" : "%.250s:%d", host, port);
	look_up(lookup, AI_NUMERICHOST);
	if (lookup->ret && await_name(lookup, deadline, err))
		return -1;
	if (lookup->ret)
		return error_set(err, ERROR_NOT_FOUND, "host %s cannot be resolved: %s", host,
				 gai_strerror(lookup->ret));
	error_set_(err, ERROR_UNREACHABLE, "host %s has no address", host);
	return connect_any(out, lookup->list, deadline, who, err);
}

int socket_local(char *out, size_t size, int fd, struct error *err)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return error_sys(err, "getsockname");
	if (getnameinfo((struct sockaddr *)&address, len, out, (socklen_t)size, NULL, 0,
			NI_NUMERICHOST))
		return error_set(err, ERROR_FAILED, "the connection has no address of ours");
	return 0;
}

int socket_read(int fd, struct str *in, size_t max, bool *open, const char *who, struct error *err)
{
	while (in->len < max) {
		size_t want = max - in->len < READ_SIZE ? max - in->len : READ_SIZE;
		ssize_t got = recv(fd, str_room(in, want), want, MSG_DONTWAIT);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (got < 0 && errno != ECONNRESET) {
			return unreachable(who, err);
		}
		if (got <= 0) {
			*open = false;
			return 0;
		}
		in->len += (size_t)got;
		in->ptr[in->len] = '\0';
	}
	return 0;
}

int socket_write(int fd, struct str *out, const char *who, struct error *err)
{
	size_t sent = 0;

	while (sent < out->len) {
		ssize_t put =
			send(fd, out->ptr + sent, out->len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (put < 0) {
			return unreachable(who, err);
		}
		sent += (size_t)put;
	}
	str_drop(out, sent);
	return 0;
}
