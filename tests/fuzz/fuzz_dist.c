// SPDX-License-Identifier: Apache-2.0
/* Whatever a node sends, in the handshake (first byte even) or after it (odd): no crash, no leak,
 * and an end within the deadline.
 */
#include "upgrade/node/rpc.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BYTES_MAX = 64 * 1024 }; /* what a socket takes without blocking */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct dist_options options = { .node = "n@127.0.0.1", .cookie = "cookie" };

static void shake_hands(int fd)
{
	struct dist *dist = NULL;
	struct error err;

	if (dist_open_fd(&dist, fd, &options, deadline_in(2000), &err) == 0)
		abort(); /* nobody proves a cookie by chance */
}

static void receive(int fd)
{
	owned_dist struct dist *dist = dist_adopt(fd, "n@127.0.0.1");
	struct dist_message message;
	struct error err;
	int ret = 0;

	/* Bad messages are survived until the end of the bytes or a frame that is too long. */
	for (size_t i = 0; i < BYTES_MAX; i++) {
		owned_arena struct arena arena = ARENA_EMPTY;
		owned_str struct str text = STR_EMPTY;

		ret = dist_receive(dist, &arena, &message, deadline_in(2000), &err);
		if (ret && err.kind == ERROR_UNREACHABLE)
			return;
		if (ret && strstr(err.text, "over the limit of"))
			return;
		if (ret == 0 && message.kind == DIST_NOTHING)
			abort();
		if (ret == 0 && message.body)
			rpc_reason(&text, message.body);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[2];

	if (size < 1 || size > BYTES_MAX || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return 0;
	if (write(pair[1], data + 1, size - 1) != (ssize_t)(size - 1))
		abort();
	shutdown(pair[1], SHUT_WR);
	if (data[0] & 1)
		receive(pair[0]);
	else
		shake_hands(pair[0]);
	close(pair[1]);
	return 0;
}
