// SPDX-License-Identifier: Apache-2.0
/* dist.h - a connection to one Erlang node: terms go out, terms come in.
 *
 * We are a hidden node with a name of our own, "relevo-NUMBER@HOST".  A node keeps the name of
 * everybody who was ever connected as an atom, so there are only 256 of them; one that is in use
 * is passed over.  The node's ticks are answered whenever something is sent or waited for; a
 * connection that is not looked after for a minute is given up by the node.
 *
 * Ownership: what is received lives in the arena that the call was given.
 */
#pragma once
#include "base/clock.h"
#include "erlang/term/term.h"
#include "upgrade/node/wire/ssh.h"
#include "upgrade/node/wire/tls.h"

struct dist; /* opaque: see dist.c */

struct dist_options {
	const char *node;   /* "shop@10.0.0.1" */
	const char *cookie; /* used for the handshake, not kept */
	int port;           /* 0: ask epmd on the node's host */
	const char *host;   /* NULL: what stands behind the @ */
	/* NULL: plain.  Else the node's certificate must be for what stands behind the @. */
	const struct tls_files *tls;
	const struct ssh_via *via; /* NULL: directly */
};

/* Connects, within the deadline as a whole; free with dist_close().
 *
 * ERROR_UNREACHABLE: port refused, no epmd, no answer in time, closed, hung up twice.
 * ERROR_NOT_FOUND: host unknown; epmd does not know the name; no Erlang node there, or another one.
 * ERROR_REFUSED: wrong cookie; the node does not allow us; a certificate is not good, theirs
 * or ours.
 * ERROR_USAGE: not a name of a node; a TLS file cannot be used.
 * Each says what to do next.  The cookie is in none of them.
 */
must_check int dist_open(struct dist **out, const struct dist_options *options,
			 struct deadline deadline, struct error *err);
/* The same over a socket that is connected already; takes it over, also on failure. */
must_check int dist_open_fd(struct dist **out, int fd, const struct dist_options *options,
			    struct deadline deadline, struct error *err);
void dist_close(struct dist *dist); /* NULL is fine */

const char *dist_node(const struct dist *dist);
/* Our own name. */
const char *dist_self(const struct dist *dist);
/* Another number after each start of the node. */
uint32_t dist_creation(const struct dist *dist);
/* Our process, for messages that want an answer; lives as long as the connection. */
const struct term *dist_pid(const struct dist *dist);
/* A reference that was never used before. */
const struct term *dist_reference(struct dist *dist, struct arena *arena);

/* Sends to a registered name or to a pid of the node. */
must_check int dist_send_name(struct dist *dist, const char *name, const struct term *message,
			      struct deadline deadline, struct error *err);
must_check int dist_send_pid(struct dist *dist, const struct term *pid, const struct term *message,
			     struct deadline deadline, struct error *err);

enum dist_kind {
	DIST_NOTHING, /* the deadline is over */
	DIST_MESSAGE, /* body */
	DIST_EXIT,    /* a linked process ended: from, body is the reason */
	DIST_OTHER,   /* links, monitors and the like, which ask nothing of us */
};

struct dist_message {
	enum dist_kind kind;
	const struct term *from; /* NULL where the protocol does not say */
	const struct term *body;
};

/* The next message, or DIST_NOTHING.
 *
 * ERROR_UNREACHABLE: the connection is gone.  ERROR_INVALID: what came is no message or
 * over the limits; the connection can be used on unless the frame itself was too long.
 */
must_check int dist_receive(struct dist *dist, struct arena *arena, struct dist_message *out,
			    struct deadline deadline, struct error *err);

/* The next message that is wanted, or DIST_NOTHING; what nobody waits for is dropped. */
must_check int dist_await(struct dist *dist, struct arena *arena, struct dist_message *out,
			  bool (*wanted)(void *context, const struct dist_message *message),
			  void *context, struct deadline deadline, struct error *err);

static inline void dist_done(struct dist **dist)
{
	dist_close(*dist);
}
#define owned_dist owned(dist_done)
