// SPDX-License-Identifier: Apache-2.0
/* Whatever epmd and a node send: the handshake, by the lowest bit of the first byte behind epmd's
 * answer, then messages.  No crash, no leak, and an end within the deadline.
 */
#include "tests/fuzz/fake_peer.h"
#include "upgrade/node/wire/rpc.h"

#include <stdlib.h>

enum { EPMD_ANSWER = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct span epmd, node;

static bool peer_next(struct str *out, unsigned nr)
{
	if (epmd.ptr && nr == 0)
		str_add(out, epmd);
	else
		str_add(out, node);
	return nr < 3;
}

static void peer_sent(struct str *out, struct span bytes)
{
	(void)out, (void)bytes;
}

/* Bad messages are survived until the end of the bytes or a frame that is too long. */
static void receive(struct dist *dist)
{
	struct error err = { .kind = ERROR_INVALID };

	while (err.kind != ERROR_UNREACHABLE && !strstr(err.text, "over the limit of")) {
		owned_arena struct arena arena = ARENA_EMPTY;
		owned_str struct str text = STR_EMPTY;
		struct dist_message message = { .kind = DIST_OTHER };

		if (dist_receive(dist, &arena, &message, deadline_in(100000), &err))
			continue;
		if (message.kind == DIST_NOTHING)
			abort();
		if (message.body)
			rpc_reason(&text, message.body);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dist_options options = { .node = "n@127.0.0.1", .cookie = "cookie", .port = 1 };
	owned_dist struct dist *dist = NULL;
	struct error err;

	if (size < 1 + EPMD_ANSWER)
		return 0;
	epmd = (struct span){ NULL, 0 };
	node = (struct span){ (const char *)data + 1, size - 1 };
	if (data[0] & 1) {
		options.port = 0;
		epmd = (struct span){ node.ptr, EPMD_ANSWER };
		node = (struct span){ node.ptr + EPMD_ANSWER, node.len - EPMD_ANSWER };
	}
	peer_reset(data[0] & 2 ? 1 : 65536);
	if (dist_open(&dist, &options, deadline_in(100000), &err) == 0)
		receive(dist);
	return 0;
}
