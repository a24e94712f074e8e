// SPDX-License-Identifier: Apache-2.0
/* dns NAME=ADDRESS|NAME>HOST... - a name service on 127.0.0.1:53 that knows these addresses (A) and
 * these services (SRV), and nothing else.  Prints "ready"; serves until it is killed.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { A = 1, SRV = 33, MAX = 4096, HEADER = 12 };

struct answer {
	uint8_t bytes[MAX];
	size_t len;
};

static void put(struct answer *out, unsigned value, unsigned bytes)
{
	while (bytes-- > 0 && out->len < MAX)
		out->bytes[out->len++] = (uint8_t)(value >> (8 * bytes));
}

/* "a.test" as 1 a 4 test 0 */
static void put_name(struct answer *out, const char *name)
{
	while (*name) {
		size_t len = strcspn(name, ".");

		put(out, (unsigned)len, 1);
		for (size_t i = 0; i < len; i++)
			put(out, (uint8_t)name[i], 1);
		name += len + (name[len] == '.');
	}
	put(out, 0, 1);
}

/* The name that is asked for; returns where the question goes on. */
static size_t get_name(char *out, size_t size, const uint8_t *query, size_t len)
{
	size_t at = HEADER, used = 0;

	while (at < len && query[at]) {
		size_t part = query[at++];

		for (size_t i = 0; i < part && at < len && used + 2 < size; i++)
			out[used++] = (char)query[at++];
		out[used++] = '.';
	}
	out[used ? used - 1 : 0] = '\0';
	return at + 1;
}

static void put_record(struct answer *out, unsigned type, const char *value)
{
	struct in_addr address = { 0 };

	put(out, 0xc000 | HEADER, 2); /* the name of the question */
	put(out, type, 2);
	put(out, 1, 2);
	put(out, 1, 4);
	if (type == A) {
		inet_pton(AF_INET, value, &address);
		put(out, 4, 2);
		put(out, ntohl(address.s_addr), 4);
	} else {
		put(out, 6 + (unsigned)strlen(value) + 2, 2);
		put(out, 0, 6);
		put_name(out, value);
	}
}

static void reply(struct answer *out, const uint8_t *query, size_t len, char **known)
{
	char name[256];
	size_t end = get_name(name, sizeof(name), query, len);
	unsigned type = end + 4 <= len ? query[end] << 8 | query[end + 1] : 0, count = 0, names = 0;

	out->len = 0;
	for (size_t i = 0; i < end + 4 && i < len; i++)
		put(out, query[i], 1);
	out->bytes[2] = 0x84;
	out->bytes[3] = 0x80;
	memset(out->bytes + 6, 0, 6);
	for (; *known; known++) {
		size_t split = strcspn(*known, "=>");

		if (strlen(name) != split || strncasecmp(*known, name, split) != 0)
			continue;
		names++;
		if (((*known)[split] == '=') != (type == A) || (type != A && type != SRV))
			continue;
		put_record(out, type, *known + split + 1);
		count++;
	}
	out->bytes[3] |= names ? 0 : 3; /* there is no such name */
	out->bytes[7] = (uint8_t)count;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(53),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (argc < 2 || fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		perror("dns");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	for (;;) {
		socklen_t size = sizeof(address);
		struct answer out;
		uint8_t query[MAX];
		ssize_t len =
			recvfrom(fd, query, sizeof(query), 0, (struct sockaddr *)&address, &size);

		if (len < HEADER + 5)
			continue;
		reply(&out, query, (size_t)len, argv + 1);
		sendto(fd, out.bytes, out.len, 0, (struct sockaddr *)&address, size);
	}
}
