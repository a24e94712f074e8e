// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/wire/epmd.h"

#include "base/file.h"
#include "upgrade/node/wire/socket.h"
#include "upgrade/node/wire/ssh.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	EPMD_PORT = 4369,
	PORT_PLEASE2_REQ = 122,
	PORT2_RESP = 119,
	ANSWER_MAX = 4096, /* names and extra data are far shorter */
	NAME_MAX_LEN = 255,
};

int epmd_port(void)
{
	const char *text = getenv("ERL_EPMD_PORT");
	char *end;
	long port;

	if (!text || !*text)
		return EPMD_PORT;
	port = strtol(text, &end, 10);
	return *end == '\0' && port > 0 && port < 65536 ? (int)port : EPMD_PORT;
}

/* epmd answers and closes; the first four bytes are all we need. */
static int exchange(struct str *in, int fd, struct str *out, const char *who,
		    struct deadline deadline, struct error *err)
{
	bool open = true;
	short events;

	while (open && in->len < 4) {
		if (socket_wait(fd, (short)(POLLIN | (out->len ? POLLOUT : 0)), &events, deadline,
				err))
			return -1;
		if (!events)
			return error_set(err, ERROR_UNREACHABLE, "%s: epmd does not answer", who);
		if (socket_write(fd, out, who, err) ||
		    socket_read(fd, in, ANSWER_MAX, &open, who, err))
			return -1;
	}
	return 0;
}

static int parse(int *port, const struct str *in, const char *who, const char *name,
		 struct error *err)
{
	const uint8_t *bytes = (const uint8_t *)str_text(in);

	if (in->len >= 2 && bytes[0] == PORT2_RESP && bytes[1] != 0) {
		error_set_(err, ERROR_NOT_FOUND, "%s: epmd knows no node called %s", who, name);
		return error_hint(err, "Is the node up, and is that its name?  `epmd -names` on "
				       "its host lists the nodes there.");
	}
	if (in->len < 4 || bytes[0] != PORT2_RESP)
		return error_set(err, ERROR_NOT_FOUND, "%s: what answers there is no epmd", who);
	*port = bytes[2] << 8 | bytes[3];
	return 0;
}

static int reach(int *fd, struct ssh **ssh, const char *host, const struct ssh_via *via,
		 struct deadline deadline, struct error *err)
{
	if (via)
		return ssh_open(ssh, fd, via, host, epmd_port(), deadline, err);
	if (socket_connect(fd, host, epmd_port(), deadline, err) == 0)
		return 0;
	if (err->kind == ERROR_NOT_FOUND)
		return -1;
	error_wrap_(err, "no epmd");
	return error_hint(err, "If the node runs without epmd, give its port with --port.");
}

int epmd_lookup(int *port, const char *host, const char *name, const struct ssh_via *via,
		struct deadline deadline, struct error *err)
{
	owned_str struct str in = STR_EMPTY;
	owned_str struct str out = STR_EMPTY;
	owned_ssh struct ssh *ssh = NULL;
	owned_fd int fd = -1;
	size_t len = strlen(name);
	char who[300];

	if (len == 0 || len > NAME_MAX_LEN)
		return error_set(err, ERROR_USAGE, "\"%s\" is no name of a node", name);
	snprintf(who, sizeof(who), strchr(host, ':') ? "[%.250s]:%d" : "%.250s:%d", host,
		 epmd_port());
	if (reach(&fd, &ssh, host, via, deadline, err))
		return -1;
	str_addc(&out, (char)((len + 1) >> 8));
	str_addc(&out, (char)(len + 1));
	str_addc(&out, (char)PORT_PLEASE2_REQ);
	str_adds(&out, name);
	if (exchange(&in, fd, &out, who, deadline, err) || parse(port, &in, who, name, err)) {
		ssh_explain(ssh, fd, "epmd", err);
		return -1;
	}
	return 0;
}
