// SPDX-License-Identifier: Apache-2.0
/* handshake.h - two nodes prove to each other that they know the same cookie.
 *
 * The handshake of OTP 23 and later ("Erlang distribution protocol", version 6), from
 * the side that connects: name, status, challenge, reply, acknowledgement.
 */
#pragma once
#include "upgrade/node/wire/wire.h"

struct handshake {
	const char *self;       /* our full name */
	uint32_t creation;      /* ours: told from others of that name */
	const char *node;       /* the full name of the node that should be there */
	const char *cookie;     /* never in a message */
	uint32_t peer_creation; /* out: changes with each start of the node */
	/* Out, on failure, where another try may do better: the node has a connection of our
	 * name; it hung up without a word, before the cookies.
	 */
	bool name_taken, hung_up;
};

/* The wire has headers of 2 bytes, or of 4 by TLS; it has headers of 4 afterwards.
 *
 * ERROR_UNREACHABLE: closed, hung, hung up, our name is taken.
 * ERROR_NOT_FOUND: no Erlang node, another node, one older than OTP 23.
 * ERROR_REFUSED: wrong cookie, or the node does not allow us.
 */
must_check int handshake_run(struct handshake *handshake, struct wire *wire,
			     struct deadline deadline, struct error *err);
