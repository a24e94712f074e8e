// SPDX-License-Identifier: Apache-2.0
/* delay LISTEN TARGET MS: a far-away port of this machine.  Whoever connects to LISTEN on 127.0.0.1
 * speaks to TARGET, and each piece of what is said, either way, arrives MS milliseconds later.  A
 * process for each connection, which ends with it.
 */
#include "base/clock.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE = 64 * 1024 };

static struct sockaddr_in here(const char *port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/* False at the end of it. */
static bool move(int from, int to, int64_t ms)
{
	static char piece[PIECE];
	ssize_t len = recv(from, piece, sizeof(piece), 0);

	if (len <= 0)
		return false;
	clock_sleep_ms(ms);
	for (ssize_t at = 0; at < len;) {
		ssize_t put = send(to, piece + at, (size_t)(len - at), MSG_NOSIGNAL);

		if (put <= 0)
			return false;
		at += put;
	}
	return true;
}

static void carry(int near, const char *target, int64_t ms)
{
	struct sockaddr_in address = here(target);
	int far = socket(AF_INET, SOCK_STREAM, 0);
	bool open = connect(far, (struct sockaddr *)&address, sizeof(address)) == 0;

	while (open) {
		struct pollfd fds[2] = { { near, POLLIN, 0 }, { far, POLLIN, 0 } };

		poll(fds, 2, -1);
		if (fds[0].revents)
			open = move(near, far, ms);
		if (open && fds[1].revents)
			open = move(far, near, ms);
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in address;
	int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

	if (argc != 4)
		return 2;
	address = here(argv[1]);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 16))
		return 1;
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int near = accept(listener, NULL, NULL);

		if (near < 0)
			return 1;
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(listener);
			carry(near, argv[2], strtoll(argv[3], NULL, 10));
			_exit(0);
		}
		close(near);
	}
}
