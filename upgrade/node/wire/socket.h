// SPDX-License-Identifier: Apache-2.0
/* socket.h - a TCP connection of ours to somebody else, never blocking.
 *
 * Everything takes a deadline for the whole call.  Messages begin with `who`, what the
 * peer is called ("127.0.0.1:4369"), and are of kind ERROR_UNREACHABLE; a host that cannot be
 * resolved is ERROR_NOT_FOUND.
 */
#pragma once
#include "base/clock.h"
#include "base/error.h"
#include "base/str.h"

/* A non-blocking, close-on-exec socket that is connected; every address of the host is
 * tried in turn.  A name that is not resolved by the deadline is ERROR_UNREACHABLE; the thread that
 * asks for it then goes on until the C library gives up.  A connection whose other end is cut off
 * is gone after a minute.
 */
must_check int socket_connect(int *out, const char *host, int port, struct deadline deadline,
			      struct error *err);
/* Our own address on this connection, as a node name needs it: "10.0.0.7". */
must_check int socket_local(char *out, size_t size, int fd, struct error *err);

/* Waits until the socket can be read (POLLIN) or written (POLLOUT), or the deadline is
 * over: *events then is 0.
 */
must_check int socket_wait(int fd, short wanted, short *events, struct deadline deadline,
			   struct error *err);
/* Appends what is there, up to `max` bytes in all; *open is false when the peer has
 * closed.  Nothing there: nothing is appended.
 */
must_check int socket_read(int fd, struct str *in, size_t max, bool *open, const char *who,
			   struct error *err);
/* Writes what the socket takes and drops it from *out. */
must_check int socket_write(int fd, struct str *out, const char *who, struct error *err);
