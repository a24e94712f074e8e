// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/wire.h"

#include "upgrade/node/socket.h"

#include <poll.h>
#include <stdio.h>

void wire_init(struct wire *wire, int fd, const char *who, unsigned header, size_t frame_max)
{
	*wire = (struct wire){ .fd = fd, .header = header, .frame_max = frame_max, .open = true };
	snprintf(wire->who, sizeof(wire->who), "%s", who);
}

void wire_done(struct wire *wire)
{
	socket_done(&wire->fd);
	str_done(&wire->in);
	str_done(&wire->out);
}

void wire_put(struct wire *wire, struct span frame)
{
	for (unsigned i = wire->header; i-- > 0;)
		str_addc(&wire->out, (char)(frame.len >> (8 * i)));
	str_add(&wire->out, frame);
}

/* Cuts the next whole frame off what was read. */
static int take(struct wire *wire, struct span *frame, struct error *err)
{
	const char *start = str_text(&wire->in) + wire->taken;
	size_t have = wire->in.len - wire->taken, len = 0;

	*frame = (struct span){ NULL, 0 };
	if (have < wire->header)
		return 0;
	for (unsigned i = 0; i < wire->header; i++)
		len = len << 8 | (uint8_t)start[i];
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

static int pump(struct wire *wire, short events, struct error *err)
{
	if (wire->taken > 0) {
		str_drop(&wire->in, wire->taken);
		wire->taken = 0;
	}
	if (events & POLLOUT && socket_write(wire->fd, &wire->out, wire->who, err))
		return -1;
	if (events & (POLLIN | POLLHUP | POLLERR))
		return socket_read(wire->fd, &wire->in, wire->header + wire->frame_max, &wire->open,
				   wire->who, err);
	return 0;
}

static bool may_read(const struct wire *wire)
{
	return wire->open && wire->in.len - wire->taken < wire->header + wire->frame_max;
}

static int closed(const struct wire *wire, struct error *err)
{
	return error_set(err, ERROR_UNREACHABLE, "%s: the connection was closed by the node",
			 wire->who);
}

int wire_flush(struct wire *wire, struct deadline deadline, struct error *err)
{
	short events;

	while (wire->out.len > 0) {
		if (!wire->open)
			return closed(wire, err);
		if (socket_wait(wire->fd, (short)(POLLOUT | (may_read(wire) ? POLLIN : 0)), &events,
				deadline, err))
			return -1;
		if (!events)
			return error_set(err, ERROR_UNREACHABLE, "%s: the node takes no more data",
					 wire->who);
		if (pump(wire, events, err))
			return -1;
	}
	return 0;
}

int wire_get(struct wire *wire, struct span *frame, struct deadline deadline, struct error *err)
{
	short events;

	for (;;) {
		struct span next;

		if (take(wire, &next, err))
			return -1;
		if (!next.ptr && !wire->open)
			return closed(wire, err);
		*frame = next;
		if (next.ptr)
			return 0;
		if (socket_wait(wire->fd, (short)(POLLIN | (wire->out.len ? POLLOUT : 0)), &events,
				deadline, err))
			return -1;
		if (!events)
			return 0;
		if (pump(wire, events, err))
			return -1;
	}
}
