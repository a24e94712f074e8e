// SPDX-License-Identifier: Apache-2.0
/* many_nodes COUNT COOKIE LATENCY_MS ANSWERS - a fleet that is not there, but speaks the protocols
 * of one: an epmd on $ERL_EPMD_PORT that knows n1 … nCOUNT @127.0.0.1, and behind it COUNT nodes,
 * which shake hands, and answer what relevo asks in a rollout of one release, each LATENCY_MS late.
 * Prints "ready"; then serves until it is killed.
 *
 * ANSWERS are Erlang terms, {Script, State, Answer}: what each of relevo's scripts is answered by a
 * node in that state (old, unpacked, new, committed; any), what a real one answered.  In them
 * 'NODE' is the name of the node.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "erlang/term/term.h"
#include "upgrade/node/scripts/scripts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NODES_MAX = 2000, READ_SIZE = 64 * 1024, EVENTS = 64, ARRIVES_MAX = 80 << 20 };
enum { PASS_THROUGH = 112, SEND = 2, REG_SEND = 6, PORT_PLEASE2_REQ = 122, PORT2_RESP = 119 };
#define FLAGS 0x4170f7fb5ULL /* all that OTP 25 wants, and no fragments */

enum state { STATE_old, STATE_unpacked, STATE_new, STATE_committed, STATES };
static const char *const state_names[] = { "old", "unpacked", "new", "committed" };

enum kind { KIND_epmd, KIND_listener, KIND_asked, KIND_node };

struct node {
	char name[64];
	int port;
	enum state state;
};

/* Everything that epoll tells of. */
struct end {
	enum kind kind;
	int fd;
	struct node *node;
	struct str in, out;
	unsigned step; /* of the handshake: 0 name, 1 reply, 2 done */
	uint32_t challenge;
	unsigned pending; /* answers that are not due yet */
	bool closed;
};

struct late {
	struct late *next;
	int64_t due;
	struct end *end;
	struct str frame;
};

static struct node nodes[NODES_MAX + 1];
static struct late *first, **last = &first;
static const char *cookie;
static int64_t latency_ms;
static struct arena answers_arena;
static const struct term *answers; /* a list */
static int polled;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "many_nodes: %s: %s\n", what, strerror(errno));
	_Exit(1);
}

/* ---- ends ---- */

static void watch(struct end *end)
{
	struct epoll_event event = { .events = EPOLLIN | (end->out.len ? (unsigned)EPOLLOUT : 0),
				     .data.ptr = end };

	if (epoll_ctl(polled, EPOLL_CTL_MOD, end->fd, &event) &&
	    epoll_ctl(polled, EPOLL_CTL_ADD, end->fd, &event))
		die("epoll_ctl");
}

static struct end *end_new(enum kind kind, int fd, struct node *node)
{
	struct end *end = mem_zero(1, sizeof(*end));

	*end = (struct end){ .kind = kind, .fd = fd, .node = node };
	watch(end);
	return end;
}

static void end_close(struct end *end)
{
	if (!end->closed)
		close(end->fd);
	end->closed = true;
	if (end->pending)
		return;
	str_done(&end->in);
	str_done(&end->out);
	free(end);
}

static int listen_on(int port, int *actual)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) || listen(fd, 128) ||
	    getsockname(fd, (struct sockaddr *)&address, &len))
		die("listen");
	*actual = ntohs(address.sin_port);
	return fd;
}

static void put(struct str *out, uint64_t value, unsigned bytes)
{
	while (bytes-- > 0)
		str_addc(out, (char)(value >> (8 * bytes)));
}

static uint64_t get(const char *at, unsigned count)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < count; i++)
		value = value << 8 | (uint8_t)at[i];
	return value;
}

/* ---- epmd ---- */

static bool be_epmd(struct end *end)
{
	char digits[8] = "";
	size_t len;
	int number;

	if (end->in.len < 3 || end->in.len < 2 + (len = get(end->in.ptr, 2)))
		return true;
	if (len > 2 && end->in.ptr[2] == PORT_PLEASE2_REQ && end->in.ptr[3] == 'n')
		/* What stands behind the name in memory may well be a digit. */
		snprintf(digits, sizeof(digits), "%.*s", (int)(len - 2), end->in.ptr + 4);
	number = (int)strtol(digits, NULL, 10);
	str_addc(&end->out, (char)PORT2_RESP);
	if (number < 1 || number > NODES_MAX || !nodes[number].port) {
		str_addc(&end->out, 1);
	} else {
		str_addc(&end->out, 0);
		put(&end->out, (uint64_t)nodes[number].port, 2);
	}
	(void)!write(end->fd, end->out.ptr, end->out.len);
	return false;
}

/* ---- shaking hands ---- */

static void add_digest(struct str *out, uint32_t challenge)
{
	owned_hash struct hash *hash = hash_new(HASH_MD5);
	uint8_t digest[HASH_SIZE_MAX];
	char text[16];

	snprintf(text, sizeof(text), "%u", challenge);
	hash_add(hash, span_of(cookie));
	hash_add(hash, span_of(text));
	hash_end(hash, digest);
	str_add(out, (struct span){ (const char *)digest, 16 });
}

static bool shake(struct end *end, struct span frame)
{
	size_t name = strlen(end->node->name);

	if (end->step++ == 0) {
		put(&end->out, 3, 2);
		str_adds(&end->out, "sok");
		end->challenge = (uint32_t)(uintptr_t)end ^ 0x5a5a5a5a;
		put(&end->out, 19 + name, 2);
		str_addc(&end->out, 'N');
		put(&end->out, FLAGS, 8);
		put(&end->out, end->challenge, 4);
		put(&end->out, 77, 4);
		put(&end->out, name, 2);
		str_adds(&end->out, end->node->name);
		return frame.len > 0 && frame.ptr[0] == 'N';
	}
	owned_str struct str wanted = STR_EMPTY;

	add_digest(&wanted, end->challenge);
	if (frame.len != 21 || frame.ptr[0] != 'r' || memcmp(frame.ptr + 5, wanted.ptr, 16) != 0)
		return false;
	put(&end->out, 17, 2);
	str_addc(&end->out, 'a');
	add_digest(&end->out, (uint32_t)get(frame.ptr + 1, 4));
	return true;
}

/* ---- answering ---- */

static const struct term *pid_of(struct arena *arena, const struct end *end, uint32_t number)
{
	struct term *pid = arena_new(arena, struct term);

	pid->kind = TERM_PID;
	pid->id.node = span_of(end->node->name);
	pid->id.creation = 77;
	pid->id.words[0] = number;
	pid->id.len = 2;
	return pid;
}

/* Sent when it is due. */
static void answer(struct end *end, struct arena *arena, const struct term *to,
		   const struct term *message)
{
	struct late *late = mem_zero(1, sizeof(*late));
	struct str frame = STR_EMPTY;

	str_addc(&frame, PASS_THROUGH);
	term_encode(&frame, term_tuple(arena, term_integer(arena, SEND), term_atom(arena, ""), to),
		    TERM_ATOMS_UTF8);
	term_encode(&frame, message, TERM_ATOMS_UTF8);
	*late = (struct late){ .due = clock_mono_ms() + latency_ms, .end = end, .frame = frame };
	*last = late;
	last = &late->next;
	end->pending++;
}

/* A copy with the node's own name in it. */
static const struct term *named(struct arena *arena, const struct term *term, const char *name)
{
	struct terms list = { 0 };

	if (term_is_atom(term, "NODE"))
		return term_atom(arena, name);
	if (term->kind == TERM_TUPLE || (term_is_list(term) && !term_is_text(term))) {
		for (size_t i = 0; i < term->seq.len; i++)
			terms_add(arena, &list, named(arena, term_at(term, i), name));
		return term->kind == TERM_TUPLE ? term_tuple_of(arena, list.items, list.len)
						: term_list_of(arena, &list);
	}
	return term;
}

static const struct term *find_answer(const char *script, enum state state)
{
	for (size_t i = 0; i < answers->seq.len; i++) {
		const struct term *row = term_at(answers, i);

		if (term_is_atom(term_at(row, 0), script) &&
		    (term_is_atom(term_at(row, 1), "any") ||
		     term_is_atom(term_at(row, 1), state_names[state])))
			return term_at(row, 2);
	}
	fprintf(stderr, "many_nodes: no answer to %s in state %s\n", script, state_names[state]);
	return NULL;
}

/* Of the parts it is made of the last is the script itself. */
static void run_script(struct end *end, struct arena *arena, const struct term *message)
{
	const struct term *parts = term_at(message, 3), *found, *value;
	const char *script;
	int64_t part = 0;

	term_get_integer(term_at(parts, parts->seq.len - 1), &part);
	script = script_name((enum script)(part - PART_SCRIPTS - 1));
	script = arena_printf(arena, "%.*s", (int)strcspn(script, "."), script);
	if (strcmp(script, "unpack") == 0)
		end->node->state = STATE_unpacked;
	found = find_answer(script, end->node->state);
	value = found ? named(arena, found, end->node->name) : term_atom(arena, "none");
	if (term_is_atom(value, "RECEIVER"))
		value = pid_of(arena, end, 3);
	if (strcmp(script, "install") == 0)
		end->node->state = STATE_new;
	if (strcmp(script, "commit") == 0)
		end->node->state = STATE_committed;
	answer(end, arena, term_at(message, 0), term_tuple(arena, term_at(message, 2), value));
	if (found && term_is_atom(found, "RECEIVER")) {
		/* Its first message has the tag that it was given. */
		const struct term *bound = term_at(message, 4);

		for (size_t i = 0; i < bound->seq.len; i++)
			if (term_is_atom(term_at(term_at(bound, i), 0), "Tag"))
				answer(end, arena, term_at(message, 0),
				       term_tuple(arena, term_at(term_at(bound, i), 1),
						  term_tuple(arena, term_atom(arena, "ready"),
							     term_integer(arena, 0))));
	}
}

/* {'$gen_call', {Pid, Reference}, {call, Module, Function, Args, _}}, of rex */
static void be_called(struct end *end, struct arena *arena, const struct term *message)
{
	const struct term *from = term_at(message, 1), *value;

	if (term_is_atom(term_at(term_at(message, 2), 1), "erlang"))
		value = term_atom(arena, end->node->name);
	else
		value = term_tuple(arena, pid_of(arena, end, 2), term_integer(arena, 1000000));
	answer(end, arena, term_at(from, 0), term_tuple(arena, term_at(from, 1), value));
}

/* What the receiver of a tarball gets: {Tag, Offset, Bytes}, {Tag, finish}. */
static void receive(struct end *end, struct arena *arena, const struct term *to,
		    const struct term *message)
{
	const struct term *said =
		term_is_tuple(message, 3) ? term_at(message, 1) : term_atom(arena, "done");

	answer(end, arena, to, term_tuple(arena, term_at(message, 0), said));
}

static bool take_message(struct end *end, struct span frame)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *control, *message;
	struct error err;
	int64_t tag = 0;
	size_t used;

	if (frame.len == 0)
		return true;
	if (frame.ptr[0] != PASS_THROUGH ||
	    term_decode(&control, &arena, (struct span){ frame.ptr + 1, frame.len - 1 },
			TERM_LIMITS_NODE, &used, &err))
		return false;
	term_get_integer(term_at(control, 0), &tag);
	if (tag != SEND && tag != REG_SEND)
		return true;
	if (term_decode(&message, &arena,
			(struct span){ frame.ptr + 1 + used, frame.len - 1 - used },
			TERM_LIMITS_NODE, NULL, &err))
		return false;
	if (term_is_tagged(message, "$gen_call", 3))
		be_called(end, &arena, message);
	else if (term_is_tuple(message, 5) && term_is_atom(term_at(message, 1), "run"))
		run_script(end, &arena, message);
	else if (tag == SEND && term_at(control, 2)->id.words[0] == 3)
		receive(end, &arena,
			/* Of all that are connected to us, the one that is. */
			pid_of(&arena, end, 0), message);
	return true;
}

/* ---- the loop ---- */

static bool take_frames(struct end *end)
{
	size_t taken = 0;

	for (;;) {
		unsigned header = end->step < 2 ? 2 : 4;
		size_t len, have = end->in.len - taken;
		struct span frame;

		if (have < header || have - header < (len = get(end->in.ptr + taken, header)))
			break;
		frame = (struct span){ end->in.ptr + taken + header, len };
		taken += header + len;
		if (end->step < 2 ? !shake(end, frame) : !take_message(end, frame))
			return false;
	}
	str_drop(&end->in, taken);
	return true;
}

static void flush(struct end *end)
{
	ssize_t put_bytes = send(end->fd, end->out.ptr, end->out.len, MSG_NOSIGNAL);

	if (put_bytes > 0)
		str_drop(&end->out, (size_t)put_bytes);
	watch(end);
}

static void read_end(struct end *end)
{
	ssize_t got = read(end->fd, str_room(&end->in, READ_SIZE), READ_SIZE);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0)
		end->in.len += (size_t)got;
	if (got <= 0 || !(end->kind == KIND_asked ? be_epmd(end) : take_frames(end))) {
		end_close(end);
		return;
	}
	if (end->out.len)
		flush(end);
}

static void accept_all(struct end *listener)
{
	int fd;

	while ((fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		end_new(listener->kind == KIND_epmd ? KIND_asked : KIND_node, fd, listener->node);
}

static void send_due(void)
{
	int64_t now = clock_mono_ms();

	while (first && first->due <= now) {
		struct late *late = first;
		struct end *end = late->end;

		first = late->next;
		if (!first)
			last = &first;
		end->pending--;
		if (end->closed) {
			end_close(end);
		} else {
			put(&end->out, late->frame.len, 4);
			str_add(&end->out, str_span(&late->frame));
			flush(end);
		}
		str_done(&late->frame);
		free(late);
	}
}

static void serve(void)
{
	for (;;) {
		struct epoll_event events[EVENTS];
		int64_t wait = first ? first->due - clock_mono_ms() : -1;
		int count = epoll_wait(polled, events, EVENTS, first && wait < 0 ? 0 : (int)wait);

		for (int i = 0; i < count; i++) {
			struct end *end = events[i].data.ptr;

			if (end->kind == KIND_epmd || end->kind == KIND_listener)
				accept_all(end);
			else if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
				read_end(end);
			else
				flush(end);
		}
		send_due();
	}
}

int main(int argc, char **argv)
{
	struct rlimit files = { 8192, 8192 };
	const char *epmd = getenv("ERL_EPMD_PORT");
	owned_str struct str text = STR_EMPTY;
	struct error err;
	long count;
	int port;

	if (argc != 5 || (count = strtol(argv[1], NULL, 10)) < 1 || count > NODES_MAX || !epmd)
		return 2;
	cookie = argv[2];
	latency_ms = strtol(argv[3], NULL, 10);
	if (file_read(argv[4], TERM_TEXT_MAX, &text, &err) ||
	    term_parse_all(&answers, &answers_arena, str_span(&text), argv[4], &err)) {
		fprintf(stderr, "many_nodes: %s\n", err.text);
		return 1;
	}
	setrlimit(RLIMIT_NOFILE, &files);
	polled = epoll_create1(EPOLL_CLOEXEC);
	end_new(KIND_epmd, listen_on((int)strtol(epmd, NULL, 10), &port), NULL);
	for (long i = 1; i <= count; i++) {
		struct node *node = &nodes[i];

		snprintf(node->name, sizeof(node->name), "n%ld@127.0.0.1", i);
		end_new(KIND_listener, listen_on(0, &node->port), node);
	}
	puts("ready");
	fflush(stdout);
	serve();
}
