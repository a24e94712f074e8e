// SPDX-License-Identifier: Apache-2.0
/* load.c - clients of examples/shop that notice every hiccup.
 *
 * Opens its connections once and keeps them; a connection that is closed stays
 * closed and counts as dropped.  Every connection owns some carts, puts items
 * into them one request at a time, and knows how many items each must hold, so
 * a process that lost its state is found out by its next answer.  In the end each
 * cart is asked once more.
 */
#define _GNU_SOURCE 1 /* strcasestr */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 10000
#define CARTS_MAX 1000000
#define SECONDS_MAX 600
#define RATE_MAX 5000
#define ANSWER_MAX 16384
#define DRAIN_US 10000000 /* how long the last answers may take to come in */
#define CHECK_US 60000000 /* how long the last look at all carts may take */
#define SLOT_US 100       /* resolution of the percentiles */
#define SLOTS 100000      /* the last one holds all that is slower */

struct options {
	const char *host, *ready;
	long port, connections, carts, seconds, rate;
	bool stateless; /* that a cart begins anew is no failure */
};

/* The count that the shop must answer next; unknown until its first answer. */
struct cart {
	bool known;
	long count;
};

struct client {
	int fd;            /* -1 once dropped */
	bool waiting;      /* for the answer to a request */
	int64_t sent, due; /* when the last request left, when the next may */
	long cart;         /* the one asked about */
	long left;         /* requests until the end; -1: not known yet */
	size_t len;
	char answer[ANSWER_MAX];
};

struct load {
	const struct options *opts;
	struct client *clients;
	struct pollfd *polls;
	struct cart *carts;
	long carts_known, open;
	int64_t pause; /* of a connection between two requests */
	long requests, checked, failed, dropped, lost_state;
	int64_t longest;
	long answers;
	uint32_t slots[SLOTS];
};

static const char *const skus[] = { "TEA", "COFFEE", "HONEY", "MUG" };

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("load: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

/* What the numbers say about the time that clients had to wait. */

static void note_wait(struct load *load, int64_t us)
{
	int64_t slot = us / SLOT_US;

	load->slots[slot < SLOTS ? slot : SLOTS - 1]++;
	load->answers++;
	if (us > load->longest)
		load->longest = us;
}

static double percentile_ms(const struct load *load, int percent)
{
	long below = 0, want = (load->answers * percent + 99) / 100;
	int slot = 0;

	while (slot < SLOTS - 1 && (below += load->slots[slot]) < want)
		slot++;
	return (slot + 1) * SLOT_US / 1000.0;
}

/* One connection. */

static void client_drop(struct load *load, struct client *client)
{
	if (client->waiting)
		load->failed++;
	client->waiting = false;
	close(client->fd);
	client->fd = -1;
	load->dropped++;
	load->open--;
}

static int client_connect(struct client *client, const struct options *opts)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)opts->port),
	};

	if (inet_pton(AF_INET, opts->host, &addr.sin_addr) != 1)
		die("not an IPv4 address: %s", opts->host);
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return -1;
	return connect(client->fd, (struct sockaddr *)&addr, sizeof(addr));
}

/* Connection number nr owns the carts nr, nr + connections, ... */
static long next_cart(const struct options *opts, const struct client *client)
{
	long next = client->cart + opts->connections;

	return next < opts->carts ? next : client->cart % opts->connections;
}

static void client_send(struct load *load, struct client *client, int64_t now)
{
	char text[128];
	size_t turn = (size_t)load->carts[client->cart].count;
	const char *sku = skus[turn % (sizeof(skus) / sizeof(*skus))];
	int len = snprintf(text, sizeof(text),
			   "POST /carts/%ld/items/%s HTTP/1.1\r\n"
			   "Host: %s\r\nContent-Length: 0\r\n\r\n",
			   client->cart, sku, load->opts->host);

	client->waiting = true;
	client->len = 0;
	client->sent = now;
	client->due = now + load->pause;
	load->requests++;

	/* With one small request under way the socket always has room. */
	if (send(client->fd, text, (size_t)len, MSG_NOSIGNAL) != len)
		client_drop(load, client);
}

/* Checking an answer. */

/* The shop's answers begin with {"cart":"7","count":12 in every version. */
static void check_cart(struct load *load, long id, const char *body)
{
	struct cart *cart = &load->carts[id];
	char head[64];
	int len = snprintf(head, sizeof(head), "{\"cart\":\"%ld\",\"count\":", id);

	if (strncmp(body, head, (size_t)len) != 0) {
		load->failed++;
		return;
	}

	long count = strtol(body + len, NULL, 10);

	if (!cart->known)
		load->carts_known++;
	else if (count != cart->count)
		load->lost_state++;
	cart->known = true;
	cart->count = count + 1;
}

enum progress { ANSWER_PARTIAL, ANSWER_WHOLE, ANSWER_BAD };

static enum progress answer_progress(const char *answer, const char **body)
{
	static const char name[] = "\r\ncontent-length:";
	const char *length = strcasestr(answer, name);
	const char *end = strstr(answer, "\r\n\r\n");

	if (!end)
		return ANSWER_PARTIAL;
	if (!length || length > end)
		return ANSWER_BAD;
	*body = end + 4;

	long want = strtol(length + strlen(name), NULL, 10);
	long have = (long)strlen(*body);

	return have < want ? ANSWER_PARTIAL : have == want ? ANSWER_WHOLE : ANSWER_BAD;
}

static void client_answer(struct load *load, struct client *client, const char *body, int64_t now)
{
	client->waiting = false;
	note_wait(load, now - client->sent);
	if (strncmp(client->answer, "HTTP/1.1 200 ", 13) == 0)
		check_cart(load, client->cart, body);
	else
		load->failed++;
	client->cart = next_cart(load->opts, client);
	if (client->left > 0) {
		client->left--;
		load->checked++;
	}
}

static void client_read(struct load *load, struct client *client, int64_t now)
{
	const char *body = NULL;
	ssize_t got = recv(client->fd, client->answer + client->len, ANSWER_MAX - 1 - client->len,
			   MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* Closed by the other side, or an answer that nobody asked for. */
	if (got <= 0 || !client->waiting) {
		client_drop(load, client);
		return;
	}
	client->len += (size_t)got;
	client->answer[client->len] = '\0';

	enum progress progress = answer_progress(client->answer, &body);

	if (progress == ANSWER_WHOLE)
		client_answer(load, client, body, now);
	else if (progress == ANSWER_BAD || client->len == ANSWER_MAX - 1)
		client_drop(load, client);
}

/* All of them. */

static void start(struct load *load)
{
	const struct options *opts = load->opts;
	int64_t now = now_us();

	for (long nr = 0; nr < opts->connections; nr++) {
		struct client *client = &load->clients[nr];

		if (client_connect(client, opts))
			die("connection %ld to %s:%ld: %s", nr + 1, opts->host, opts->port,
			    strerror(errno));
		client->cart = nr;
		client->left = -1;
		client->due = now + nr * 1000000 / opts->rate;
		load->open++;
	}
}

/* Sends what is due; says how many microseconds there are until the next. */
static int64_t send_due(struct load *load, int64_t now)
{
	int64_t next = now + 100000;

	for (long nr = 0; nr < load->opts->connections; nr++) {
		struct client *client = &load->clients[nr];

		if (client->fd < 0 || client->waiting || client->left == 0)
			continue;
		if (client->due <= now)
			client_send(load, client, now);
		else if (client->due < next)
			next = client->due;
	}
	return next - now;
}

static void receive(struct load *load, int64_t wait_us)
{
	nfds_t count = (nfds_t)load->opts->connections;

	for (nfds_t nr = 0; nr < count; nr++)
		load->polls[nr] = (struct pollfd){ load->clients[nr].fd, POLLIN, 0 };
	if (poll(load->polls, count, (int)(wait_us / 1000) + 1) <= 0)
		return;

	int64_t now = now_us();

	for (nfds_t nr = 0; nr < count; nr++)
		if (load->polls[nr].revents)
			client_read(load, &load->clients[nr], now);
}

static long waiting(const struct load *load)
{
	long count = 0;

	for (long nr = 0; nr < load->opts->connections; nr++)
		count += load->clients[nr].waiting;
	return count;
}

/* What has not been answered by the end never will be. */
static void drain(struct load *load)
{
	int64_t now, end = now_us() + DRAIN_US;

	while (waiting(load) > 0 && now_us() < end)
		receive(load, 100000);
	now = now_us();
	for (long nr = 0; nr < load->opts->connections; nr++) {
		if (!load->clients[nr].waiting)
			continue;
		load->failed++;
		note_wait(load, now - load->clients[nr].sent);
	}
}

/* What each cart knows in the end, asked as fast as the shop answers. */
static void check_all(struct load *load)
{
	const struct options *opts = load->opts;
	int64_t end = now_us() + CHECK_US;

	load->pause = 0;
	for (long nr = 0; nr < opts->connections; nr++) {
		load->clients[nr].left = (opts->carts - nr - 1) / opts->connections + 1;
		load->clients[nr].due = 0;
	}
	while (load->checked < opts->carts && load->open > 0 && now_us() < end)
		receive(load, send_due(load, now_us()));
	drain(load);
}

static void announce(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

static void run(struct load *load)
{
	int64_t end = now_us() + load->opts->seconds * 1000000;
	const char *ready = load->opts->ready;

	while (!stopped && load->open > 0 && now_us() < end) {
		receive(load, send_due(load, now_us()));
		if (ready && load->carts_known == load->opts->carts) {
			announce(ready);
			ready = NULL;
		}
	}
	drain(load);
	check_all(load);
}

static void report(const struct load *load)
{
	printf("{\"requests\":%ld,\"failed\":%ld,\"dropped\":%ld,\"lost_state\":%ld,"
	       "\"connections\":%ld,\"carts\":%ld,\"checked\":%ld,"
	       "\"longest_pause_ms\":%.1f,\"p50_ms\":%.1f,\"p99_ms\":%.1f}\n",
	       load->requests, load->failed, load->dropped, load->lost_state,
	       load->opts->connections, load->carts_known, load->checked,
	       (double)load->longest / 1000, percentile_ms(load, 50), percentile_ms(load, 99));
}

/* The command line. */

static const char usage[] = "usage: load --port N [options]\n"
			    "  --host IP         IPv4 address (127.0.0.1)\n"
			    "  --connections N   opened once, kept to the end (200)\n"
			    "  --carts N         shared out among the connections (1000)\n"
			    "  --rate N          requests a second, all together (2000)\n"
			    "  --seconds N       stop then, or at SIGTERM or SIGINT (600)\n"
			    "  --ready FILE      created once every cart has been answered\n"
			    "  --stateless       carts may begin anew: their nodes are restarted\n";

static long number(const char *name, const char *text, long min, long max)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (end == text || *end || value < min || value > max)
		die("--%s: want a number from %ld to %ld, got %s", name, min, max, text);
	return value;
}

static void parse(int argc, char **argv, struct options *opts)
{
	static const struct option names[] = {
		{ "host", required_argument, NULL, 'h' },
		{ "port", required_argument, NULL, 'p' },
		{ "connections", required_argument, NULL, 'n' },
		{ "carts", required_argument, NULL, 'c' },
		{ "rate", required_argument, NULL, 'r' },
		{ "seconds", required_argument, NULL, 's' },
		{ "ready", required_argument, NULL, 'f' },
		{ "stateless", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'u' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", names, NULL)) != -1) {
		/* clang-format off */
		switch (opt) {
		case 'h': opts->host = optarg; break;
		case 'p': opts->port = number("port", optarg, 1, 65535); break;
		case 'n': opts->connections = number("connections", optarg, 1, CONNECTIONS_MAX); break;
		case 'c': opts->carts = number("carts", optarg, 1, CARTS_MAX); break;
		case 'r': opts->rate = number("rate", optarg, 1, RATE_MAX); break;
		case 's': opts->seconds = number("seconds", optarg, 1, SECONDS_MAX); break;
		case 'f': opts->ready = optarg; break;
		case 'l': opts->stateless = true; break;
		case 'u': fputs(usage, stdout); exit(0);
		default: fputs(usage, stderr); exit(2);
		}
		/* clang-format on */
	}
	if (optind < argc || !opts->port) {
		fputs(usage, stderr);
		exit(2);
	}
	if (opts->carts < opts->connections)
		die("every connection needs a cart: %ld carts, %ld connections", opts->carts,
		    opts->connections);
}

static void *zeroed(size_t count, size_t size)
{
	void *mem = calloc(count, size);

	if (!mem)
		die("out of memory");
	return mem;
}

int main(int argc, char **argv)
{
	struct options opts = {
		.host = "127.0.0.1",
		.connections = 200,
		.carts = 1000,
		.seconds = SECONDS_MAX,
		.rate = 2000,
	};
	struct sigaction action = { .sa_handler = stop };
	static struct load load;

	parse(argc, argv, &opts);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);

	load.opts = &opts;
	load.pause = opts.connections * 1000000 / opts.rate;
	load.clients = zeroed((size_t)opts.connections, sizeof(*load.clients));
	load.polls = zeroed((size_t)opts.connections, sizeof(*load.polls));
	load.carts = zeroed((size_t)opts.carts, sizeof(*load.carts));
	start(&load);
	run(&load);
	report(&load);

	free(load.clients);
	free(load.polls);
	free(load.carts);
	return load.failed || load.dropped || (load.lost_state && !opts.stateless) ||
	       load.checked < opts.carts;
}
