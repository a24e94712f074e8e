// SPDX-License-Identifier: Apache-2.0
/* wire.h - frames over a socket, plain or by TLS: a length in front of each.
 *
 * Reading never loses its place: a deadline that passes in the middle of a frame leaves
 * the wire usable, the rest of the frame is read by the next call.
 */
#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"

struct ssh; /* upgrade/node/wire/ssh.h */
struct tls; /* upgrade/node/wire/tls.h */

struct wire {
	int fd;          /* owned */
	struct ssh *ssh; /* owned; what the connection goes through; NULL: nothing */
	struct str in, out;
	struct tls *tls;                  /* owned; NULL: plain */
	struct str sealed_in, sealed_out; /* with TLS, what the socket gave and will be given */
	size_t taken;                     /* bytes of `in` that were handed out */
	unsigned header; /* bytes of a frame's length: 2 in the handshake, then 4 */
	size_t frame_max;
	bool open;     /* false: the peer has closed */
	char who[300]; /* for messages */
};

/* Takes the descriptor over. */
void wire_init(struct wire *wire, int fd, const char *who, unsigned header, size_t frame_max);
void wire_done(struct wire *wire);

/* From here on by TLS, which is taken over; before anything else was sent or read.
 * ERROR_UNREACHABLE: closed, or silent until the deadline.  Else as tls_shake().
 */
must_check int wire_secure(struct wire *wire, struct tls *tls, struct deadline deadline,
			   struct error *err);

/* Queues one frame. */
void wire_put(struct wire *wire, struct span frame);
/* Something is queued that is not sent yet. */
bool wire_has_more(const struct wire *wire);
/* Sends what is queued; reads meanwhile, so that two peers that both write cannot block
 * each other.
 */
must_check int wire_flush(struct wire *wire, struct deadline deadline, struct error *err);
/* The next frame, while what is queued is sent; valid until the next call.  frame->ptr is NULL when
 * the deadline is over first.  ERROR_UNREACHABLE: closed; ERROR_INVALID: longer than frame_max.
 */
must_check int wire_get(struct wire *wire, struct span *frame, struct deadline deadline,
			struct error *err);
