// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/wire/dist.h"

#include "upgrade/node/wire/epmd.h"
#include "upgrade/node/wire/handshake.h"
#include "upgrade/node/wire/socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

enum {
	HANDSHAKE_FRAME_MAX = 4096,
	FRAME_MAX = 80 << 20, /* somewhat over what one term may hold */
	NODE_NAME_MAX = 512,
	OUR_NAMES = 256,
	NAMES_TRIED = 16,
	PASS_THROUGH = 112, /* the byte before a control message */
	/* Control messages, by the first element of their tuple. */
	CONTROL_SEND = 2,
	CONTROL_EXIT = 3,
	CONTROL_REG_SEND = 6,
	CONTROL_EXIT2 = 8,
};

struct dist {
	struct wire wire;
	char node[NODE_NAME_MAX], self[NODE_NAME_MAX];
	uint32_t creation, peer_creation;
	struct term pid;
	uint64_t references;
};

/* ---- names ---- */

static int split_name(const char *node, const char **host, char *alive, size_t size,
		      struct error *err)
{
	const char *at = strchr(node, '@');

	if (!at || at == node || !at[1] || strlen(node) >= NODE_NAME_MAX - 64 ||
	    (size_t)(at - node) >= size)
		return error_set(err, ERROR_USAGE, "\"%s\" is no name of a node: want NAME@HOST",
				 node);
	snprintf(alive, size, "%.*s", (int)(at - node), node);
	*host = at + 1;
	return 0;
}

/* Long names (with a dot) speak to long names only, short ones to short ones.  By ssh it is the
 * node's own host that we come from.
 */
static int make_self(struct dist *dist, const char *node_host, struct error *err)
{
	char host[256] = "localhost";
	uint32_t random[2];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return error_sys(err, "getrandom");
	if (dist->wire.ssh) {
		snprintf(host, sizeof(host), "%s", node_host);
	} else if (strchr(node_host, '.') || strchr(node_host, ':')) {
		if (socket_local(host, sizeof(host), dist->wire.fd, err))
			return -1;
	} else if (gethostname(host, sizeof(host) - 1) == 0) {
		host[strcspn(host, ".")] = '\0';
	}
	snprintf(dist->self, sizeof(dist->self), "relevo-%u@%s", random[0] % OUR_NAMES, host);
	dist->creation = random[1] | 16; /* small numbers mean something of their own */
	return 0;
}

static void make_pid(struct dist *dist)
{
	dist->pid = (struct term){ .kind = TERM_PID };
	dist->pid.id.node = span_of(dist->self);
	dist->pid.id.creation = dist->creation;
	dist->pid.id.words[0] = 1;
	dist->pid.id.len = 2;
}

/* ---- opening ---- */

static struct dist *dist_new(int fd, const char *node, const char *who, unsigned header)
{
	struct dist *dist = mem_zero(1, sizeof(*dist));

	wire_init(&dist->wire, fd, who, header, HANDSHAKE_FRAME_MAX);
	snprintf(dist->node, sizeof(dist->node), "%s", node);
	return dist;
}

static int secure(struct dist *dist, const struct dist_options *options, const char *host,
		  struct deadline deadline, struct error *err)
{
	struct tls *tls;

	if (!options->tls)
		return 0;
	if (tls_new(&tls, options->tls, host, options->node, err))
		return -1;
	return wire_secure(&dist->wire, tls, deadline, err);
}

static int introduce(struct dist *dist, struct handshake *handshake,
		     const struct dist_options *options, struct deadline deadline,
		     struct error *err)
{
	char alive[NODE_NAME_MAX];
	const char *host;

	if (split_name(options->node, &host, alive, sizeof(alive), err) ||
	    make_self(dist, host, err) || secure(dist, options, host, deadline, err))
		return -1;
	handshake->self = dist->self;
	handshake->creation = dist->creation;
	handshake->node = options->node;
	handshake->cookie = options->cookie;
	if (handshake_run(handshake, &dist->wire, deadline, err))
		return -1;
	dist->peer_creation = handshake->peer_creation;
	return 0;
}

/* It may be ssh that failed. */
static int failed(const struct dist *dist, struct error *err)
{
	ssh_explain(dist->wire.ssh, dist->wire.fd, dist->node, err);
	return -1;
}

/* Takes fd and ssh over.  *handshake tells how it failed. */
static int shake_hands(struct dist **out, struct handshake *handshake, int fd, struct ssh *ssh,
		       const struct dist_options *options, struct deadline deadline,
		       struct error *err)
{
	/* By TLS, the frames of the handshake have the length of all others. */
	owned_dist struct dist *dist =
		dist_new(fd, options->node, options->node, options->tls ? 4 : 2);

	*handshake = (struct handshake){ 0 };
	dist->wire.ssh = ssh;
	if (introduce(dist, handshake, options, deadline, err))
		return failed(dist, err);
	dist->wire.frame_max = FRAME_MAX;
	make_pid(dist);
	*out = steal(&dist);
	return 0;
}

int dist_open_fd(struct dist **out, int fd, const struct dist_options *options,
		 struct deadline deadline, struct error *err)
{
	struct handshake handshake;

	return shake_hands(out, &handshake, fd, NULL, options, deadline, err);
}

static int reach(int *out, struct ssh **ssh, const struct dist_options *options, const char *host,
		 int port, struct deadline deadline, struct error *err)
{
	if (options->via)
		return ssh_open(ssh, out, options->via, host, port, deadline, err);
	if (socket_connect(out, host, port, deadline, err) == 0)
		return 0;
	error_wrap_(err, "node %s", options->node);
	if (options->port)
		return error_hint(err, "Is the node up, and does it listen on that port?");
	return error_hint(err, "epmd names that port, but nothing listens there: the node "
			       "went down a moment ago, or a firewall is in the way.");
}

static int open_at(struct dist **out, const struct dist_options *options, const char *host,
		   int port, struct deadline deadline, struct error *err)
{
	bool again = true, hung_up = false;

	for (unsigned i = 0; i < NAMES_TRIED && again; i++) {
		struct handshake handshake;
		struct ssh *ssh = NULL;
		int fd;

		if (reach(&fd, &ssh, options, host, port, deadline, err))
			return -1;
		if (shake_hands(out, &handshake, fd, ssh, options, deadline, err) == 0)
			return 0;
		/* A node that was busy for a moment hung up once; what hangs up by ssh is ssh. */
		again = handshake.name_taken || (handshake.hung_up && !hung_up && !options->via);
		hung_up = hung_up || handshake.hung_up;
	}
	return -1;
}

/* A node without TLS takes our hello for the length of a long message, and waits for it. */
static bool is_plain(const struct dist_options *options, const char *host, int port,
		     struct deadline deadline)
{
	struct dist_options plain = *options;
	struct dist *dist;
	struct error err;

	plain.tls = NULL;
	plain.cookie = ""; /* not to be shown to whoever this is: the status tells enough */
	if (open_at(&dist, &plain, host, port, deadline, &err) == 0)
		dist_close(dist);
	else if (err.kind != ERROR_REFUSED)
		return false;
	return true;
}

/* TLS has half of the time, the look at what is there instead the rest. */
static int open_tls(struct dist **out, const struct dist_options *options, const char *host,
		    int port, struct deadline deadline, struct error *err)
{
	int left = deadline_left(deadline);

	if (open_at(out, options, host, port, left < 0 ? deadline : deadline_in(left / 2), err) ==
	    0)
		return 0;
	if (err->kind != ERROR_UNREACHABLE || !is_plain(options, host, port, deadline))
		return -1;
	error_set_(err, ERROR_NOT_FOUND, "%s: the node speaks plain distribution, not TLS",
		   options->node);
	return error_hint(err, "Leave the --tls options out, or start the node with "
			       "-proto_dist inet_tls.");
}

int dist_open(struct dist **out, const struct dist_options *options, struct deadline deadline,
	      struct error *err)
{
	char alive[NODE_NAME_MAX];
	const char *host;
	int port = options->port;

	if (split_name(options->node, &host, alive, sizeof(alive), err))
		return -1;
	if (options->host)
		host = options->host;
	if (port == 0 && epmd_lookup(&port, host, alive, options->via, deadline, err))
		return error_wrap(err, "node %s", options->node);
	if (options->tls)
		return open_tls(out, options, host, port, deadline, err);
	return open_at(out, options, host, port, deadline, err);
}

void dist_close(struct dist *dist)
{
	if (!dist)
		return;
	wire_done(&dist->wire);
	free(dist);
}

const char *dist_node(const struct dist *dist)
{
	return dist->node;
}

const char *dist_self(const struct dist *dist)
{
	return dist->self;
}

uint32_t dist_creation(const struct dist *dist)
{
	return dist->peer_creation;
}

const struct term *dist_pid(const struct dist *dist)
{
	return &dist->pid;
}

const struct term *dist_reference(struct dist *dist, struct arena *arena)
{
	struct term *reference = arena_new(arena, struct term);
	uint64_t number = ++dist->references;

	reference->kind = TERM_REFERENCE;
	reference->id.node = span_of(arena_dup(arena, span_of(dist->self)));
	reference->id.creation = dist->creation;
	reference->id.words[0] = (uint32_t)(number & 0x3ffff); /* 18 bits by the format */
	reference->id.words[1] = (uint32_t)(number >> 18);
	reference->id.words[2] = (uint32_t)(number >> 50);
	reference->id.len = 3;
	return reference;
}

/* ---- sending ---- */

static int send_control(struct dist *dist, const struct term *control, const struct term *message,
			struct deadline deadline, struct error *err)
{
	owned_str struct str frame = STR_EMPTY;

	str_addc(&frame, PASS_THROUGH);
	term_encode(&frame, control, TERM_ATOMS_UTF8);
	term_encode(&frame, message, TERM_ATOMS_UTF8);
	wire_put(&dist->wire, str_span(&frame));
	return wire_flush(&dist->wire, deadline, err) ? failed(dist, err) : 0;
}

int dist_send_name(struct dist *dist, const char *name, const struct term *message,
		   struct deadline deadline, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	return send_control(dist,
			    term_tuple(&arena, term_integer(&arena, CONTROL_REG_SEND), &dist->pid,
				       term_atom(&arena, ""), term_atom(&arena, name)),
			    message, deadline, err);
}

int dist_send_pid(struct dist *dist, const struct term *pid, const struct term *message,
		  struct deadline deadline, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	return send_control(
		dist,
		term_tuple(&arena, term_integer(&arena, CONTROL_SEND), term_atom(&arena, ""), pid),
		message, deadline, err);
}

/* ---- receiving ---- */

static int decode_body(struct dist_message *out, struct arena *arena, struct span rest,
		       struct error *err)
{
	out->kind = DIST_MESSAGE;
	return term_decode(&out->body, arena, rest, TERM_LIMITS_NODE, NULL, err);
}

static int decode(struct dist_message *out, struct arena *arena, struct span frame,
		  struct error *err)
{
	const struct term *control;
	struct span rest = { frame.ptr + 1, frame.len - 1 };
	size_t used, len;
	int64_t tag;

	if (frame.ptr[0] != PASS_THROUGH)
		return error_set(err, ERROR_INVALID,
				 "a frame of type %u, which we did not agree on",
				 (uint8_t)frame.ptr[0]);
	if (term_decode(&control, arena, rest, TERM_LIMITS_NODE, &used, err))
		return -1;
	len = control->kind == TERM_TUPLE ? control->seq.len : 0;
	if (len == 0 || !term_get_integer(term_at(control, 0), &tag))
		return error_set(err, ERROR_INVALID, "a control message that is none");
	rest = (struct span){ rest.ptr + used, rest.len - used };
	*out = (struct dist_message){ .kind = DIST_OTHER };
	if (tag == CONTROL_SEND && len == 3)
		return decode_body(out, arena, rest, err);
	if (tag == CONTROL_REG_SEND && len == 4) {
		out->from = term_at(control, 1);
		return decode_body(out, arena, rest, err);
	}
	if ((tag == CONTROL_EXIT || tag == CONTROL_EXIT2) && len == 4)
		*out = (struct dist_message){ DIST_EXIT, term_at(control, 1), term_at(control, 3) };
	return 0;
}

int dist_receive(struct dist *dist, struct arena *arena, struct dist_message *out,
		 struct deadline deadline, struct error *err)
{
	struct dist_message message;
	struct span frame;

	for (;;) {
		if (wire_get(&dist->wire, &frame, deadline, err))
			return failed(dist, err);
		if (!frame.ptr) {
			*out = (struct dist_message){ .kind = DIST_NOTHING };
			return 0;
		}
		if (frame.len > 0)
			break;
		/* A tick for a tick; one is enough, for however many there are. */
		if (!wire_has_more(&dist->wire))
			wire_put(&dist->wire, (struct span){ "", 0 });
		if (deadline_over(deadline)) {
			*out = (struct dist_message){ .kind = DIST_NOTHING };
			return 0;
		}
	}
	if (decode(&message, arena, frame, err))
		return error_wrap(err, "%s: a message of the node", dist->node);
	*out = message;
	return 0;
}

int dist_await(struct dist *dist, struct arena *arena, struct dist_message *out,
	       bool (*wanted)(void *context, const struct dist_message *message), void *context,
	       struct deadline deadline, struct error *err)
{
	for (;;) {
		owned_arena struct arena mine = ARENA_EMPTY;
		struct dist_message message;

		if (dist_receive(dist, &mine, &message, deadline, err))
			return -1;
		if (message.kind == DIST_NOTHING || wanted(context, &message)) {
			arena_join(arena, &mine);
			*out = message;
			return 0;
		}
		if (deadline_over(deadline)) {
			*out = (struct dist_message){ .kind = DIST_NOTHING };
			return 0;
		}
	}
}
