// SPDX-License-Identifier: Apache-2.0
/* The connection to a node against a peer that does what real nodes do not: drips, lies, talks
 * nonsense, hangs.  The peer is a child process at the other end of a socket pair.
 */
#include "base/hash.h"
#include "upgrade/node/wire/epmd.h"
#include "upgrade/node/wire/rpc.h"

#include <dlfcn.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NODE "n@127.0.0.1"
#define COOKIE "s3cret-cookie"

enum { DEADLINE_MS = 400, CHALLENGE = 12345, NAME_LEN = sizeof(NODE) - 1 };

/* ---- a name service that hangs ---- */

/* Stands in for the C library's: "late.example" takes longer than its test waits. */
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
		struct addrinfo **list)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (strcmp(host, "late.example") != 0)
		return real(host, service, hints, list);
	if (hints->ai_flags & AI_NUMERICHOST)
		return EAI_NONAME;
	clock_sleep_ms(300);
	return real("127.0.0.1", service, hints, list);
}

static void name_service_hangs(void **state)
{
	struct error err;
	int port;

	(void)state;
	assert_int_equal(epmd_lookup(&port, "late.example", "n", NULL, deadline_in(20), &err), -1);
	assert_int_equal(err.kind, ERROR_UNREACHABLE);
	assert_non_null(strstr(err.text, "no answer from the name service in time"));
	clock_sleep_ms(600); /* it answers, to nobody */
}

/* ---- what a peer does; each runs in a child, which exits when it returns ---- */

static void put(int fd, const void *bytes, size_t len)
{
	if (write(fd, bytes, len) < 0)
		_exit(0);
}

static void put_frame(int fd, unsigned header, struct span frame)
{
	uint8_t head[4];

	for (unsigned i = 0; i < header; i++)
		head[i] = (uint8_t)(frame.len >> (8 * (header - 1 - i)));
	put(fd, head, header);
	put(fd, frame.ptr, frame.len);
}

/* One frame of the handshake from us; its length. */
static size_t get_frame(int fd, uint8_t *frame, size_t size)
{
	uint8_t head[2];
	size_t len, got = 0;
	ssize_t n = 1;

	if (recv(fd, head, 2, MSG_WAITALL) != 2)
		_exit(0);
	len = (size_t)(head[0] << 8 | head[1]);
	if (len > size)
		_exit(1);
	while (got < len && n > 0) {
		n = read(fd, frame + got, len - got);
		got += n > 0 ? (size_t)n : 0;
	}
	return got;
}

static void number(uint8_t *out, uint64_t value, unsigned bytes)
{
	while (bytes-- > 0)
		*out++ = (uint8_t)(value >> (8 * bytes));
}

static void challenge(int fd, const char *name)
{
	uint8_t frame[300] = { 'N' };

	number(frame + 9, CHALLENGE, 4);
	number(frame + 13, 77, 4);
	number(frame + 17, strlen(name), 2);
	memcpy(frame + 19, name, strlen(name));
	put_frame(fd, 2, (struct span){ (char *)frame, 19 + strlen(name) });
}

static void digest(const char *cookie, uint32_t nr, uint8_t out[static HASH_SIZE_MAX])
{
	owned_hash struct hash *hash = hash_new(HASH_MD5);
	char text[16];

	snprintf(text, sizeof(text), "%u", nr);
	hash_add(hash, span_of(cookie));
	hash_add(hash, span_of(text));
	hash_end(hash, out);
}

/* Up to our proof; ends the child when that is wrong. */
static uint32_t until_proof(int fd)
{
	uint8_t frame[600], want[HASH_SIZE_MAX];

	get_frame(fd, frame, sizeof(frame));
	put_frame(fd, 2, SPAN("sok"));
	challenge(fd, NODE);
	if (get_frame(fd, frame, sizeof(frame)) != 21 || frame[0] != 'r')
		_exit(1);
	digest(COOKIE, CHALLENGE, want);
	if (memcmp(frame + 5, want, 16) != 0)
		_exit(1);
	return (uint32_t)frame[1] << 24 | (uint32_t)frame[2] << 16 | (uint32_t)frame[3] << 8 |
	       frame[4];
}

static void acknowledge(int fd, const char *cookie, uint32_t nr)
{
	uint8_t frame[17] = { 'a' }, sum[HASH_SIZE_MAX];

	digest(cookie, nr, sum);
	memcpy(frame + 1, sum, 16);
	put_frame(fd, 2, (struct span){ (char *)frame, sizeof(frame) });
}

static void good(int fd)
{
	acknowledge(fd, COOKIE, until_proof(fd));
}

static void other_cookie(int fd)
{
	acknowledge(fd, "another", until_proof(fd));
}

static void hangs_up_on_proof(int fd)
{
	until_proof(fd);
}

static void answer_name(int fd, struct span text)
{
	uint8_t frame[600];

	get_frame(fd, frame, sizeof(frame));
	put_frame(fd, 2, text);
}

static void status(int fd, struct span text)
{
	answer_name(fd, text);
	pause();
}

static void not_allowed(int fd)
{
	status(fd, SPAN("snot_allowed"));
}

static void busy(int fd)
{
	status(fd, SPAN("snok"));
}

static void alive(int fd)
{
	status(fd, SPAN("salive"));
}

static void odd_status(int fd)
{
	status(fd, SPAN("snamed:x"));
}

static void empty_status(int fd)
{
	status(fd, SPAN(""));
}

static void silent(int fd)
{
	(void)fd;
	pause();
}

static void closes(int fd)
{
	(void)fd;
}

static void web_server(int fd)
{
	put(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
	pause();
}

static void drips(int fd)
{
	for (int i = 0; i < 100; i++) {
		put(fd, "\0\3s", 1);
		usleep(100000);
	}
}

static void other_node(int fd)
{
	uint8_t frame[600];

	get_frame(fd, frame, sizeof(frame));
	put_frame(fd, 2, SPAN("sok"));
	challenge(fd, "other@127.0.0.1");
	pause();
}

static void old_node(int fd)
{
	uint8_t frame[600];

	get_frame(fd, frame, sizeof(frame));
	put_frame(fd, 2, SPAN("sok"));
	put_frame(fd, 2, SPAN("n\0\5\0\0\0\0\0\0\0\0n@127.0.0.1"));
	pause();
}

static void long_name(int fd)
{
	uint8_t frame[600];

	get_frame(fd, frame, sizeof(frame));
	put_frame(fd, 2, SPAN("sok"));
	put_frame(fd, 2, SPAN("N\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\2\xff\xffn@x"));
	pause();
}

static void oversized(int fd)
{
	uint8_t frame[600];

	get_frame(fd, frame, sizeof(frame));
	put(fd, "\xff\xff", 2);
	pause();
}

/* ---- after the handshake ---- */

/* {2,'',Pid} and the message, as terms of our own codec. */
static void send_to_us(int fd, const struct term *message)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str frame = STR_EMPTY;
	const struct term *control = term_tuple(&arena, term_integer(&arena, 2),
						term_atom(&arena, ""), term_atom(&arena, "pid"));

	str_addc(&frame, 112);
	term_encode(&frame, control, TERM_ATOMS_UTF8);
	term_encode(&frame, message, TERM_ATOMS_UTF8);
	put_frame(fd, 4, str_span(&frame));
}

/* Reads one request ({'$gen_call',{Pid,Ref},…}) and gives its reference. */
static const struct term *get_reference(int fd, struct arena *arena)
{
	uint8_t head[4];
	char *frame;
	size_t len, used;
	const struct term *control, *message;
	struct error err;

	if (recv(fd, head, 4, MSG_WAITALL) != 4)
		_exit(1);
	len = (size_t)head[2] << 8 | head[3];
	frame = arena_alloc(arena, len);
	if (recv(fd, frame, len, MSG_WAITALL) != (ssize_t)len ||
	    term_decode(&control, arena, (struct span){ frame + 1, len - 1 }, TERM_LIMITS_NODE,
			&used, &err) ||
	    term_decode(&message, arena, (struct span){ frame + 1 + used, len - 1 - used },
			TERM_LIMITS_NODE, NULL, &err))
		_exit(1);
	return term_at(term_at(message, 1), 1);
}

static void answer(int fd, struct arena *arena, const struct term *reference, const char *atom)
{
	send_to_us(fd, term_tuple(arena, reference, term_atom(arena, atom)));
}

static void answers_with_ticks(int fd)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *reference;
	uint8_t tick[4];

	good(fd);
	reference = get_reference(fd, &arena);
	/* Each tick is answered by one, while we wait for something else. */
	for (int i = 0; i < 2; i++) {
		put(fd, "\0\0\0\0", 4);
		if (recv(fd, tick, 4, MSG_WAITALL) != 4 || memcmp(tick, "\0\0\0\0", 4) != 0)
			_exit(1);
	}
	answer(fd, &arena, reference, "hello");
	pause();
}

static void answers_in_drips(int fd)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	int pair[2];
	char bytes[512];
	ssize_t len;

	good(fd);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		_exit(1);
	answer(pair[0], &arena, get_reference(fd, &arena), "hello");
	len = read(pair[1], bytes, sizeof(bytes));
	for (ssize_t i = 0; i < len; i++) {
		put(fd, bytes + i, 1);
		usleep(1000);
	}
	pause();
}

/* The answer to the first call comes when the second is already asked. */
static void answers_late(int fd)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *first, *second;

	good(fd);
	first = get_reference(fd, &arena);
	second = get_reference(fd, &arena);
	answer(fd, &arena, first, "late");
	send_to_us(fd, term_tuple(&arena, term_atom(&arena, "rex"), term_atom(&arena, "fooled")));
	answer(fd, &arena, second, "hello");
	pause();
}

static void sends_garbage(int fd)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	good(fd);
	get_reference(fd, &arena);
	put_frame(fd, 4, SPAN("p\x83h\xff garbage"));
	pause();
}

static void sends_fragment(int fd)
{
	good(fd);
	put_frame(fd, 4,
		  SPAN("\x83"
		       "E12345678"));
	pause();
}

static void sends_endless_frame(int fd)
{
	good(fd);
	put(fd, "\x7f\xff\xff\xff", 4);
	pause();
}

/* One tick after the other; what comes back is thrown away. */
static void ticks_for_ever(int fd)
{
	static const char ticks[4096];
	char bytes[4096];

	good(fd);
	while (send(fd, ticks, sizeof(ticks), MSG_NOSIGNAL) > 0)
		while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
			;
}

/* Answers to calls that nobody made, of a megabyte each. */
static void answers_others(int fd)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct span bytes = { arena_alloc(&arena, 1 << 20), 1 << 20 };
	const struct term *body;

	good(fd);
	body = term_tuple(&arena, get_reference(fd, &arena), term_binary(&arena, bytes));
	for (;;)
		send_to_us(fd, term_tuple(&arena, term_atom(&arena, "other"), body));
}

/* A long message, a byte at a time, whenever we look. */
static void drips_for_ever(int fd)
{
	good(fd);
	put(fd, "\1\0\0\0", 4);
	for (;;)
		put(fd, "p", 1);
}

static void dies(int fd)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	good(fd);
	get_reference(fd, &arena);
}

static void never_answers(int fd)
{
	good(fd);
	pause();
}

/* ---- rows ---- */

/* clang-format off */
static const struct row {
	const char *name;
	void (*peer)(int fd);
	enum error_kind kind;
	const char *text;               /* in the message; NULL: connects */
} rows[] = {
	{ "a good handshake",             good,              0, NULL },
	{ "wrong cookie: hangs up",       hangs_up_on_proof, ERROR_REFUSED,     "refuses our cookie" },
	{ "wrong cookie: cannot prove",   other_cookie,      ERROR_REFUSED,     "cannot prove" },
	{ "not allowed",                  not_allowed,       ERROR_REFUSED,     "net_kernel:allow" },
	{ "busy with our name",           busy,              ERROR_UNREACHABLE, "busy" },
	{ "our name is taken",            alive,             ERROR_UNREACHABLE, "busy" },
	{ "a status of its own",          odd_status,        ERROR_NOT_FOUND,   "no Erlang node" },
	{ "an empty status",              empty_status,      ERROR_NOT_FOUND,   "no Erlang node" },
	{ "silence",                      silent,            ERROR_UNREACHABLE, "hangs" },
	{ "closes at once",               closes,            ERROR_UNREACHABLE, "no Erlang node, or one that is too busy" },
	{ "a web server",                 web_server,        ERROR_NOT_FOUND,   "no Erlang node" },
	{ "a byte now and then",          drips,             0,                 "" },
	{ "another node",                 other_node,        ERROR_NOT_FOUND,   "is called other@127.0.0.1" },
	{ "a node older than OTP 23",     old_node,          ERROR_NOT_FOUND,   "OTP 23" },
	{ "a name longer than the frame", long_name,         ERROR_NOT_FOUND,   "no Erlang node" },
	{ "an oversized frame",           oversized,         ERROR_NOT_FOUND,   "no Erlang node" },
};

static const struct call_row {
	const char *name;
	void (*peer)(int fd);
	unsigned calls;
	enum error_kind kind;
	const char *text;               /* NULL: the last call answers hello */
} call_rows[] = {
	{ "ticks are answered meanwhile", answers_with_ticks,  1, 0, NULL },
	{ "an answer in drips",           answers_in_drips,    1, 0, NULL },
	{ "a late answer is not taken",   answers_late,        2, 0, NULL },
	{ "garbage",                      sends_garbage,       1, ERROR_INVALID,     "a message of the node" },
	{ "a fragment",                   sends_fragment,      1, ERROR_INVALID,     "did not agree on" },
	{ "a frame of two gigabytes",     sends_endless_frame, 1, ERROR_INVALID,     "over the limit" },
	{ "endless ticks",                ticks_for_ever,      1, ERROR_UNREACHABLE, "no answer in time" },
	{ "answers to others, dropped",   answers_others,      1, ERROR_UNREACHABLE, "no answer in time" },
	{ "an endless message",           drips_for_ever,      1, ERROR_UNREACHABLE, "no answer in time" },
	{ "a node that dies",             dies,                1, ERROR_UNREACHABLE, "closed" },
	{ "a node that hangs",            never_answers,       1, ERROR_UNREACHABLE, "no answer in time" },
};
/* clang-format on */

struct peer {
	int fd;
	pid_t pid;
};

static struct peer peer_start(void (*run)(int fd))
{
	struct peer peer;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	peer.pid = fork();
	assert_true(peer.pid >= 0);
	if (peer.pid == 0) {
		close(pair[0]);
		alarm(20);
		run(pair[1]);
		_exit(0);
	}
	close(pair[1]);
	peer.fd = pair[0];
	return peer;
}

static void peer_end(const struct peer *peer)
{
	kill(peer->pid, SIGKILL);
	waitpid(peer->pid, NULL, 0);
}

static const struct dist_options options = { .node = NODE, .cookie = COOKIE };

static void handshakes(void **state)
{
	const struct row *row = *state;
	struct peer peer = peer_start(row->peer);
	int64_t start = clock_mono_ms();
	struct dist *dist = NULL;
	struct error err;
	int ret = dist_open_fd(&dist, peer.fd, &options, deadline_in(DEADLINE_MS), &err);

	assert_true(clock_mono_ms() - start <= DEADLINE_MS + 5000);
	peer_end(&peer);
	if (!row->text) {
		assert_int_equal(ret, 0);
		assert_int_equal(dist_creation(dist), 77);
		dist_close(dist);
		return;
	}
	assert_int_equal(ret, -1);
	assert_null(dist);
	if (row->text[0]) {
		assert_non_null(strstr(err.text, row->text));
		assert_int_equal(err.kind, row->kind);
	}
	assert_null(strstr(err.text, COOKIE));
}

/* Before anything could be sent to it. */
static void closed_already(void **state)
{
	struct dist *dist = NULL;
	struct error err;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	close(pair[1]);
	assert_int_equal(dist_open_fd(&dist, pair[0], &options, deadline_in(DEADLINE_MS), &err),
			 -1);
	assert_int_equal(err.kind, ERROR_UNREACHABLE);
	assert_non_null(strstr(err.text, "hung up in the handshake"));
}

static void calls(void **state)
{
	const struct call_row *row = *state;
	owned_arena struct arena arena = ARENA_EMPTY;
	struct peer peer = peer_start(row->peer);
	owned_dist struct dist *dist = NULL;
	const struct term *result = NULL;
	int64_t start = clock_mono_ms();
	struct mallinfo2 memory;
	struct error err;
	int ret = dist_open_fd(&dist, peer.fd, &options, deadline_in(2000), &err);

	assert_int_equal(ret, 0);
	for (unsigned i = 0; i < row->calls; i++)
		ret = rpc_call(&result, NULL, dist, &arena, "m", "f", &term_nil,
			       deadline_in(i + 1 < row->calls ? 50 : DEADLINE_MS), &err);
	assert_true(clock_mono_ms() - start <= 3000);
	memory = mallinfo2();
	assert_true(memory.uordblks + memory.hblkhd <= 64 << 20);
	peer_end(&peer);
	if (!row->text) {
		assert_int_equal(ret, 0);
		assert_true(term_is_atom(result, "hello"));
		return;
	}
	assert_int_equal(ret, -1);
	assert_int_equal(err.kind, row->kind);
	assert_non_null(strstr(err.text, row->text));
	assert_null(result);
}

/* Two connections find their names in use, the third does not. */
static void takes_two_names(int server)
{
	answer_name(accept(server, NULL, NULL), SPAN("salive"));
	answer_name(accept(server, NULL, NULL), SPAN("snok"));
	good(accept(server, NULL, NULL));
}

/* As a node does that does not come to answer within net_setuptime. */
static void hang_up(int fd)
{
	uint8_t frame[600];

	get_frame(fd, frame, sizeof(frame));
	close(fd);
}

static void hangs_up_once(int server)
{
	hang_up(accept(server, NULL, NULL));
	good(accept(server, NULL, NULL));
}

/* Also once it said that all is well; a third connection would be served. */
static void hangs_up_twice(int server)
{
	int fd = accept(server, NULL, NULL);

	answer_name(fd, SPAN("sok"));
	close(fd);
	hangs_up_once(server);
}

/* What dist_open() makes of a server that accepts several times. */
static int open_served(void (*serve)(int server), struct error *err)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int server = socket(AF_INET, SOCK_STREAM, 0);
	owned_dist struct dist *dist = NULL;
	struct dist_options there = options;
	pid_t pid;
	int ret;

	assert_int_equal(bind(server, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(server, 3), 0);
	assert_int_equal(getsockname(server, (struct sockaddr *)&address, &size), 0);
	pid = fork();
	if (pid == 0) {
		alarm(20);
		serve(server);
		_exit(0);
	}
	there.port = ntohs(address.sin_port);
	close(server);
	ret = dist_open(&dist, &there, deadline_in(20000), err);
	peer_end(&(struct peer){ .pid = pid });
	return ret;
}

static void another_name_is_tried(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(open_served(takes_two_names, &err), 0);
}

static void who_hangs_up_is_tried_once_more(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(open_served(hangs_up_once, &err), 0);
	assert_int_equal(open_served(hangs_up_twice, &err), -1);
	assert_int_equal(err.kind, ERROR_UNREACHABLE);
	assert_non_null(strstr(err.text, "too busy"));
	assert_non_null(strstr(err.text, "try again"));
}

static void names_are_checked(void **state)
{
	static const char *const bad[] = { "", "n", "n@", "@h", "@" };
	struct dist *dist = NULL;
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		const struct dist_options named = { .node = bad[i], .cookie = COOKIE };

		assert_int_equal(dist_open(&dist, &named, deadline_in(500), &err), -1);
		assert_int_equal(err.kind, ERROR_USAGE);
	}
}

static void no_epmd(void **state)
{
	struct error err;
	int port;

	(void)state;
	setenv("ERL_EPMD_PORT", "1", 1);
	assert_int_equal(epmd_lookup(&port, "127.0.0.1", "n", NULL, deadline_in(500), &err), -1);
	assert_int_equal(err.kind, ERROR_UNREACHABLE);
	assert_non_null(strstr(err.text, "no epmd"));
	assert_int_equal(epmd_lookup(&port, "host.invalid", "n", NULL, deadline_in(5000), &err),
			 -1);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	setenv("ERL_EPMD_PORT", "nonsense", 1);
	assert_int_equal(epmd_port(), 4369);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(call_rows) + 6];
	size_t len = 0;

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		tests[len++] = (struct CMUnitTest){ .name = rows[i].name,
						    .test_func = handshakes,
						    .initial_state = (void *)(uintptr_t)&rows[i] };
	for (size_t i = 0; i < ARRAY_LEN(call_rows); i++)
		tests[len++] =
			(struct CMUnitTest){ .name = call_rows[i].name,
					     .test_func = calls,
					     .initial_state = (void *)(uintptr_t)&call_rows[i] };
	tests[len++] = (struct CMUnitTest)cmocka_unit_test(closed_already);
	tests[len++] = (struct CMUnitTest)cmocka_unit_test(another_name_is_tried);
	tests[len++] = (struct CMUnitTest)cmocka_unit_test(who_hangs_up_is_tried_once_more);
	tests[len++] = (struct CMUnitTest)cmocka_unit_test(names_are_checked);
	tests[len++] = (struct CMUnitTest)cmocka_unit_test(no_epmd);
	tests[len++] = (struct CMUnitTest)cmocka_unit_test(name_service_hangs);
	return cmocka_run_group_tests_name("dist", tests, NULL, NULL);
}
