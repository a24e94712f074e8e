// SPDX-License-Identifier: Apache-2.0
/* Asking for a node's port, of an epmd that does what the real one does not: stays silent, drips,
 * is something else, names a port where nobody listens.
 */
#include "upgrade/node/wire/dist.h"
#include "upgrade/node/wire/epmd.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { SHORT_MS = 300, LONG_MS = 20000, NODE_PORT = 4711 };

/* ---- what answers; each in a child ---- */

static void put(int fd, const void *bytes, size_t len)
{
	if (write(fd, bytes, len) < 0)
		_exit(0);
}

/* The request that the real epmd understands: its length, 122, the name. */
static void get_request(int fd)
{
	char request[4];

	if (recv(fd, request, sizeof(request), MSG_WAITALL) != 4 || memcmp(request,
									   "\0\2z"
									   "n",
									   4) != 0)
		_exit(1);
}

static const uint8_t known[] = { 119, 0, NODE_PORT >> 8, NODE_PORT & 255, 77, 0, 0, 6 };

static void knows(int fd)
{
	get_request(fd);
	put(fd, known, sizeof(known));
}

static void drips(int fd)
{
	get_request(fd);
	for (size_t i = 0; i < sizeof(known); i++) {
		put(fd, known + i, 1);
		usleep(20000);
	}
}

static void knows_no_such(int fd)
{
	get_request(fd);
	put(fd, "w\1", 2);
}

static void stops_short(int fd)
{
	get_request(fd);
	put(fd, known, 3);
}

static void closes(int fd)
{
	(void)fd;
}

static void web_server(int fd)
{
	put(fd, "HTTP/1.0 400 Bad Request\r\n\r\n", 28);
}

static void silent(int fd)
{
	(void)fd;
	pause();
}

/* clang-format off */
static const struct row {
	const char *name;
	void (*peer)(int fd);
	int64_t ms;
	enum error_kind kind;
	const char *text; /* NULL: it is found */
} rows[] = {
	{ "known",              knows,         LONG_MS,  0,                 NULL },
	{ "byte after byte",    drips,         LONG_MS,  0,                 NULL },
	{ "not registered",     knows_no_such, LONG_MS,  ERROR_NOT_FOUND,   "epmd knows no node called n" },
	{ "half an answer",     stops_short,   LONG_MS,  ERROR_NOT_FOUND,   "is no epmd" },
	{ "closes at once",     closes,        LONG_MS,  ERROR_NOT_FOUND,   "is no epmd" },
	{ "a web server",       web_server,    LONG_MS,  ERROR_NOT_FOUND,   "is no epmd" },
	{ "silence",            silent,        SHORT_MS, ERROR_UNREACHABLE, "epmd does not answer" },
};
/* clang-format on */

/* A socket that listens on loopback; where it does is in ERL_EPMD_PORT. */
static int server_open(int backlog)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[16];

	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	snprintf(text, sizeof(text), "%d", ntohs(address.sin_port));
	setenv("ERL_EPMD_PORT", text, 1);
	return fd;
}

static pid_t serve(void (*peer)(int fd))
{
	int server = server_open(1);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		alarm(60);
		peer(accept(server, NULL, NULL));
		_exit(0);
	}
	close(server);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void lookups(void **state)
{
	const struct row *row = *state;
	pid_t pid = serve(row->peer);
	struct error err;
	int port = 0;
	int ret = epmd_lookup(&port, "127.0.0.1", "n", NULL, deadline_in(row->ms), &err);

	end(pid);
	if (!row->text) {
		assert_int_equal(ret, 0);
		assert_int_equal(port, NODE_PORT);
		return;
	}
	assert_int_equal(ret, -1);
	assert_int_equal(port, 0);
	assert_int_equal(err.kind, row->kind);
	assert_non_null(strstr(err.text, row->text));
}

static const uint8_t *stale;

static void names_stale(int fd)
{
	get_request(fd);
	put(fd, stale, 8);
}

/* A node that went down a moment ago. */
static void nobody_listens_there(void **state)
{
	const struct dist_options options = { .node = "n@127.0.0.1", .cookie = "c" };
	int gone = server_open(1), port = epmd_port();
	const uint8_t answer[] = { 119, 0, (uint8_t)(port >> 8), (uint8_t)port, 77, 0, 0, 6 };
	struct dist *dist = NULL;
	struct error err;
	pid_t pid;

	(void)state;
	close(gone);
	stale = answer;
	pid = serve(names_stale);
	assert_int_equal(dist_open(&dist, &options, deadline_in(LONG_MS), &err), -1);
	end(pid);
	assert_int_equal(err.kind, ERROR_UNREACHABLE);
	assert_non_null(strstr(err.text, "connection refused"));
	assert_non_null(strstr(err.text, "nothing listens there"));
}

/* A full queue drops what comes, as a firewall does. */
static void packets_are_dropped(void **state)
{
	int server = server_open(0), fillers[3], port;
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)epmd_port()),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fillers); i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(fillers[i], (struct sockaddr *)&address, sizeof(address));
	}
	assert_int_equal(epmd_lookup(&port, "127.0.0.1", "n", NULL, deadline_in(SHORT_MS), &err),
			 -1);
	assert_int_equal(err.kind, ERROR_UNREACHABLE);
	assert_non_null(strstr(err.text, "no answer to the connection attempt"));
	for (size_t i = 0; i < ARRAY_LEN(fillers); i++)
		close(fillers[i]);
	close(server);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(rows) + 2];
	size_t len = 0;

	signal(SIGPIPE, SIG_IGN);
	for (; len < ARRAY_LEN(rows); len++)
		tests[len] = (struct CMUnitTest){ .name = rows[len].name,
						  .test_func = lookups,
						  .initial_state = (void *)(uintptr_t)&rows[len] };
	tests[len++] = (struct CMUnitTest)cmocka_unit_test(nobody_listens_there);
	tests[len++] = (struct CMUnitTest)cmocka_unit_test(packets_are_dropped);
	return cmocka_run_group_tests_name("epmd", tests, NULL, NULL);
}
