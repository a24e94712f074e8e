// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/wire/wire.h"

#include "base/file.h"
#include "upgrade/node/wire/socket.h"
#include "upgrade/node/wire/ssh.h"
#include "upgrade/node/wire/tls.h"

#include <poll.h>
#include <stdio.h>

enum { SEALED_MAX = 256 * 1024, AHEAD_MAX = 256 * 1024 };

void wire_init(struct wire *wire, int fd, const char *who, unsigned header, size_t frame_max)
{
	*wire = (struct wire){ .fd = fd, .header = header, .frame_max = frame_max, .open = true };
	snprintf(wire->who, sizeof(wire->who), "%s", who);
}

void wire_done(struct wire *wire)
{
	fd_close(&wire->fd);
	ssh_close(wire->ssh);
	tls_free(wire->tls);
	str_done(&wire->in);
	str_done(&wire->out);
	str_done(&wire->sealed_in);
	str_done(&wire->sealed_out);
}

void wire_put(struct wire *wire, struct span frame)
{
	for (unsigned i = wire->header; i-- > 0;)
		str_addc(&wire->out, (char)(frame.len >> (8 * i)));
	str_add(&wire->out, frame);
}

bool wire_has_more(const struct wire *wire)
{
	return wire->out.len > 0 || wire->sealed_out.len > 0;
}

/* Of the frame that comes next; 0 where that is not known yet. */
static size_t next_len(const struct wire *wire)
{
	const char *start = str_text(&wire->in) + wire->taken;
	size_t len = 0;

	if (wire->in.len - wire->taken < wire->header)
		return 0;
	for (unsigned i = 0; i < wire->header; i++)
		len = len << 8 | (uint8_t)start[i];
	return len;
}

/* Cuts the next whole frame off what was read. */
static int take(struct wire *wire, struct span *frame, struct error *err)
{
	const char *start = str_text(&wire->in) + wire->taken;
	size_t have = wire->in.len - wire->taken, len = next_len(wire);

	*frame = (struct span){ NULL, 0 };
	if (have < wire->header)
		return 0;
	if (len > wire->frame_max)
		return error_set(err, ERROR_INVALID,
				 "%s: a message of %zu bytes, over the limit of %zu", wire->who,
				 len, wire->frame_max);
	if (have - wire->header < len)
		return 0;
	*frame = (struct span){ start + wire->header, len };
	wire->taken += wire->header + len;
	return 0;
}

/* How much to hold of what came: the next frame, and somewhat beyond it. */
static size_t hold_max(const struct wire *wire)
{
	size_t len = next_len(wire);

	return wire->header + (len < wire->frame_max ? len : wire->frame_max) + AHEAD_MAX;
}

/* What the socket has; with TLS, not yet opened. */
static int read_socket(struct wire *wire, struct error *err)
{
	if (!wire->tls)
		return socket_read(wire->fd, &wire->in, wire->taken + hold_max(wire), &wire->open,
				   wire->who, err);
	if (socket_read(wire->fd, &wire->sealed_in, SEALED_MAX, &wire->open, wire->who, err))
		return -1;
	tls_put(wire->tls, str_span(&wire->sealed_in));
	str_clear(&wire->sealed_in);
	return 0;
}

static int receive(struct wire *wire, struct error *err)
{
	if (read_socket(wire, err))
		return -1;
	return wire->tls ? tls_read(wire->tls, &wire->in, &wire->open, err) : 0;
}

/* What waits to be sent, as the socket will see it. */
static int seal(struct wire *wire, struct error *err)
{
	if (!wire->tls)
		return 0;
	if (tls_write(wire->tls, str_span(&wire->out), err))
		return -1;
	str_clear(&wire->out);
	tls_take(wire->tls, &wire->sealed_out);
	return 0;
}

static struct str *outgoing(struct wire *wire)
{
	return wire->tls ? &wire->sealed_out : &wire->out;
}

/* A peer that hung up may have said why before. */
static int send_some(struct wire *wire, struct error *err)
{
	struct error why;

	if (socket_write(wire->fd, outgoing(wire), wire->who, err) == 0)
		return 0;
	if (!wire->tls)
		wire->open = false;
	else if (receive(wire, &why))
		*err = why;
	return -1;
}

static int pump(struct wire *wire, short events, struct error *err)
{
	if (wire->taken > 0) {
		str_drop(&wire->in, wire->taken);
		wire->taken = 0;
	}
	if (events & POLLOUT && send_some(wire, err))
		return -1;
	return events & (POLLIN | POLLHUP | POLLERR) ? receive(wire, err) : 0;
}

static bool may_read(const struct wire *wire)
{
	return wire->open && wire->in.len - wire->taken < hold_max(wire);
}

static int closed(const struct wire *wire, struct error *err)
{
	return error_set(err, ERROR_UNREACHABLE, "%s: the connection was closed by the node",
			 wire->who);
}

static int takes_no_more(const struct wire *wire, struct error *err)
{
	return error_set(err, ERROR_UNREACHABLE, "%s: the node takes no more data", wire->who);
}

int wire_flush(struct wire *wire, struct deadline deadline, struct error *err)
{
	short events;

	if (seal(wire, err))
		return -1;
	while (outgoing(wire)->len > 0) {
		if (!wire->open)
			return closed(wire, err);
		if (socket_wait(wire->fd, (short)(POLLOUT | (may_read(wire) ? POLLIN : 0)), &events,
				deadline, err))
			return -1;
		if (!events)
			return takes_no_more(wire, err);
		if (pump(wire, events, err))
			return -1;
		if (outgoing(wire)->len > 0 && deadline_over(deadline))
			return takes_no_more(wire, err);
	}
	return 0;
}

int wire_get(struct wire *wire, struct span *frame, struct deadline deadline, struct error *err)
{
	short events;
	bool late = false; /* a peer that always has a byte for us is not waited for either */

	if (seal(wire, err))
		return -1;
	for (;;) {
		struct span next;

		if (take(wire, &next, err))
			return -1;
		if (!next.ptr && !wire->open)
			return closed(wire, err);
		*frame = next;
		if (next.ptr || late)
			return 0;
		if (socket_wait(wire->fd, (short)(POLLIN | (outgoing(wire)->len ? POLLOUT : 0)),
				&events, deadline, err))
			return -1;
		if (!events)
			return 0;
		if (pump(wire, events, err))
			return -1;
		late = deadline_over(deadline);
	}
}

/* ---- TLS ---- */

/* One round of the handshake: the peer is told why it failed, if it did. */
static int shake(struct wire *wire, bool *done, struct error *err)
{
	struct error ignored;
	int ret = tls_shake(wire->tls, done, err);

	tls_take(wire->tls, &wire->sealed_out);
	if (ret && socket_write(wire->fd, &wire->sealed_out, wire->who, &ignored))
		return -1;
	return ret;
}

int wire_secure(struct wire *wire, struct tls *tls, struct deadline deadline, struct error *err)
{
	bool done, late = false;
	short events;

	wire->tls = tls;
	for (;;) {
		if (shake(wire, &done, err))
			return -1;
		if (done)
			return wire_flush(wire, deadline, err);
		if (!wire->open)
			return error_set(err, ERROR_UNREACHABLE,
					 "%s: hung up on our TLS hello; it may not speak TLS",
					 wire->who);
		if (socket_wait(wire->fd, (short)(POLLIN | (wire->sealed_out.len ? POLLOUT : 0)),
				&events, deadline, err))
			return -1;
		if (!events || late)
			return error_set(err, ERROR_UNREACHABLE,
					 "%s: no answer to the TLS handshake in time", wire->who);
		if (events & POLLOUT && socket_write(wire->fd, &wire->sealed_out, wire->who, err))
			return -1;
		if (events & (POLLIN | POLLHUP | POLLERR) && read_socket(wire, err))
			return -1;
		late = deadline_over(deadline);
	}
}
