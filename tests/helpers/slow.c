// SPDX-License-Identifier: Apache-2.0
/* slow LISTEN TARGET RATE: a slow line to a port of this machine.  Whoever connects to LISTEN on
 * 127.0.0.1 speaks to TARGET, at RATE bytes a second each way (0: as fast as it goes); one
 * connection after the other.  Of each that has ended, a line "UP DOWN" says how many bytes went.
 */
#include "base/clock.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TICK_MS = 20, PIECE = 64 * 1024 };

struct way {
	int from, to;
	size_t moved, allowed; /* bytes; allowed in this tick */
};

static struct sockaddr_in here(const char *port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void put_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t put = send(fd, bytes, len, MSG_NOSIGNAL);

		if (put <= 0)
			return;
		bytes += put;
		len -= (size_t)put;
	}
}

/* false: that side has ended. */
static bool move(struct way *way)
{
	char bytes[PIECE];
	size_t max = way->allowed < sizeof(bytes) ? way->allowed : sizeof(bytes);
	ssize_t got = read(way->from, bytes, max);

	if (got <= 0)
		return false;
	put_all(way->to, bytes, (size_t)got);
	way->moved += (size_t)got;
	way->allowed -= (size_t)got;
	return true;
}

static void serve(int client, int node, size_t rate)
{
	size_t share = rate ? rate * TICK_MS / 1000 : SIZE_MAX;
	struct way ways[] = { { client, node, 0, share }, { node, client, 0, share } };
	int64_t tick = clock_mono_ms() + TICK_MS;

	for (bool open = true; open;) {
		struct pollfd fds[2];

		for (int i = 0; i < 2; i++)
			fds[i] = (struct pollfd){ ways[i].allowed ? ways[i].from : -1, POLLIN, 0 };
		poll(fds, 2, rate ? deadline_left((struct deadline){ tick }) : -1);
		for (int i = 0; i < 2 && open; i++)
			if (fds[i].revents)
				open = move(&ways[i]);
		if (clock_mono_ms() < tick)
			continue;
		tick = clock_mono_ms() + TICK_MS;
		ways[0].allowed = ways[1].allowed = share;
	}
	printf("%zu %zu\n", ways[0].moved, ways[1].moved);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int server = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	struct sockaddr_in address;

	if (argc != 4)
		return 2;
	address = here(argv[1]);
	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(server, (struct sockaddr *)&address, sizeof(address)) || listen(server, 8)) {
		perror(argv[1]);
		return 1;
	}
	address = here(argv[2]);
	for (;;) {
		int client = accept(server, NULL, NULL), node = socket(AF_INET, SOCK_STREAM, 0);

		if (connect(node, (struct sockaddr *)&address, sizeof(address)) == 0)
			serve(client, node, strtoul(argv[3], NULL, 10));
		close(client);
		close(node);
	}
}
