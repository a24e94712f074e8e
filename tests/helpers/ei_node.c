// SPDX-License-Identifier: Apache-2.0
/* ei_node NAME@HOST COOKIE PORT [silent] - a node made of OTP's C library, for tests/live/peers.sh.
 *
 * It is in epmd, shakes hands, and answers calls: erlang:node(), lists:reverse(List), and
 * ei:echo(Term); any other is undefined there.  With "silent" it answers none.  Serves one
 * connection after the other until it is killed.
 */
#include <arpa/inet.h>
#include <ei.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ei_cnode node;

struct request {
	erlang_pid from;
	int reference, end; /* where {Pid, Reference}'s second element is in the message */
	char module[MAXATOMLEN], function[MAXATOMLEN];
	int args; /* where the list is */
};

/* {'$gen_call', {Pid, Reference}, {call, Module, Function, Args, GroupLeader}} */
static int read_request(struct request *out, const char *in)
{
	char tag[MAXATOMLEN];
	int at = 0, arity, version;

	if (ei_decode_version(in, &at, &version) || ei_decode_tuple_header(in, &at, &arity) ||
	    arity != 3 || ei_decode_atom(in, &at, tag) || strcmp(tag, "$gen_call") != 0 ||
	    ei_decode_tuple_header(in, &at, &arity) || arity != 2 ||
	    ei_decode_pid(in, &at, &out->from))
		return -1;
	out->reference = at;
	if (ei_skip_term(in, &at))
		return -1;
	out->end = at;
	if (ei_decode_tuple_header(in, &at, &arity) || arity != 5 || ei_decode_atom(in, &at, tag) ||
	    ei_decode_atom(in, &at, out->module) || ei_decode_atom(in, &at, out->function))
		return -1;
	out->args = at;
	return 0;
}

/* The first argument as it came. */
static int echo(ei_x_buff *out, const char *in, int at)
{
	int len, begin;

	if (ei_decode_list_header(in, &at, &len) || len != 1)
		return -1;
	begin = at;
	return ei_skip_term(in, &at) || ei_x_append_buf(out, in + begin, at - begin);
}

/* Of small integers, which come as a string. */
static int reverse(ei_x_buff *out, const char *in, int at)
{
	char text[256], back[256];
	int len, type, size;

	if (ei_decode_list_header(in, &at, &len) || len != 1 ||
	    ei_get_type(in, &at, &type, &size) || type != ERL_STRING_EXT ||
	    size > (int)sizeof(text) - 1 || ei_decode_string(in, &at, text))
		return -1;
	for (int i = 0; i < size; i++)
		back[i] = text[size - 1 - i];
	return ei_x_encode_string_len(out, back, size);
}

static int result(ei_x_buff *out, const struct request *request, const char *in)
{
	char name[2 * MAXATOMLEN + 1];

	snprintf(name, sizeof(name), "%s:%s", request->module, request->function);
	if (strcmp(name, "erlang:node") == 0)
		return ei_x_encode_atom(out, ei_thisnodename(&node));
	if (strcmp(name, "lists:reverse") == 0)
		return reverse(out, in, request->args);
	if (strcmp(name, "ei:echo") == 0)
		return echo(out, in, request->args);
	return ei_x_encode_tuple_header(out, 2) || ei_x_encode_atom(out, "badrpc") ||
	       ei_x_encode_tuple_header(out, 2) || ei_x_encode_atom(out, "EXIT") ||
	       ei_x_encode_atom(out, "undef");
}

static void answer(int fd, const char *in)
{
	struct request request;
	ei_x_buff out;

	if (read_request(&request, in))
		return;
	ei_x_new_with_version(&out);
	ei_x_encode_tuple_header(&out, 2);
	ei_x_append_buf(&out, in + request.reference, request.end - request.reference);
	if (result(&out, &request, in) == 0)
		ei_send(fd, &request.from, out.buff, out.index);
	ei_x_free(&out);
}

static void serve(int fd, int silent)
{
	ei_x_buff in;
	erlang_msg message;
	int got;

	ei_x_new(&in);
	do {
		in.index = 0;
		got = ei_xreceive_msg(fd, &message, &in);
		if (got == ERL_MSG && message.msgtype == ERL_REG_SEND && !silent &&
		    strcmp(message.toname, "rex") == 0)
			answer(fd, in.buff);
	} while (got != ERL_ERROR);
	ei_x_free(&in);
	ei_close_connection(fd);
}

int main(int argc, char **argv)
{
	struct in_addr loopback = { htonl(INADDR_LOOPBACK) };
	char alive[EI_MAXALIVELEN + 1];
	ErlConnect peer;
	int server, port, fd;

	if (argc < 4 || !strchr(argv[1], '@')) {
		fprintf(stderr, "usage: ei_node NAME@HOST COOKIE PORT [silent]\n");
		return 2;
	}
	snprintf(alive, sizeof(alive), "%.*s", (int)strcspn(argv[1], "@"), argv[1]);
	port = (int)strtol(argv[3], NULL, 10);
	if (ei_init() || ei_connect_xinit(&node, strchr(argv[1], '@') + 1, alive, argv[1],
					  &loopback, argv[2], 17) < 0)
		return 1;
	server = ei_xlisten(&node, &loopback, &port, 5);
	if (server < 0 || ei_publish(&node, port) < 0) {
		fprintf(stderr, "ei_node: cannot listen, or there is no epmd\n");
		return 1;
	}
	for (;;) {
		fd = ei_accept(&node, server, &peer);
		if (fd >= 0)
			serve(fd, argc > 4);
	}
}
