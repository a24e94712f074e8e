// SPDX-License-Identifier: Apache-2.0
/* proxy PORT SERVER CA TOKEN RULES LOG: stands on 127.0.0.1:PORT, over plain HTTP, before the API
 *server SERVER (a URL), which it knows by CA and asks with the token in the file TOKEN; one request
 *a connection.  Each is a line "METHOD STATUS PATH" in LOG, 0 where none was answered.  What the
 *server would not do on demand is done by the lines of the file RULES, the first that fits
 *counting, a rule that is used up no more; when the file changes, all of them are new:
 *
 *	METHOD PART SKIP TIMES WHAT [NUMBER]	PART: of the path with its query; SKIP: of those
 *that fit
 *
 *	status CODE	it says CODE, with "Retry-After: 1" (429, 503)
 *	gone		a watch begins, and says 410 as an event
 *	delay MS	that much later
 *	lose		it is done, and its answer is lost
 *	cut BYTES	its answer breaks off behind so many bytes
 *	stale		what was answered to the same path the first time
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/http.h"
#include "base/process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MAX = 4 << 20, RULES = 64, WATCH_MS = 700000, ANSWER_MAX = 64 << 20 };

static struct {
	const char *server, *ca, *token, *rules, *log;
} at;

struct rule {
	char method[16], part[256], what[16];
	long skip, times, number;
};

static struct rule rules[RULES];
static size_t rules_len;
static struct str rules_text;

struct asked {
	struct str text; /* all that came */
	char method[16], path[4096];
	size_t head; /* where the body begins */
};

/* ---- rules ---- */

static void read_rules(void)
{
	struct str now = STR_EMPTY;
	struct error ignored;
	char *rest = NULL;

	if (file_read(at.rules, 1 << 16, &now, &ignored) ||
	    strcmp(str_text(&now), str_text(&rules_text)) == 0) {
		str_done(&now);
		return;
	}
	str_done(&rules_text);
	rules_text = now;
	rules_len = 0;
	for (char *line = strtok_r(mem_dup(str_text(&now)), "\n", &rest); line && rules_len < RULES;
	     line = strtok_r(NULL, "\n", &rest)) {
		struct rule *rule = &rules[rules_len];

		*rule = (struct rule){ 0 };
		if (sscanf(line, "%15s %255s %ld %ld %15s %ld", rule->method, rule->part,
			   &rule->skip, &rule->times, rule->what, &rule->number) >= 5)
			rules_len++;
	}
}

/* NULL: it goes through. */
static const struct rule *rule_for(const struct asked *asked)
{
	read_rules();
	for (size_t i = 0; i < rules_len; i++) {
		struct rule *rule = &rules[i];

		if (strcmp(rule->method, asked->method) != 0 || !strstr(asked->path, rule->part) ||
		    rule->times == 0)
			continue;
		if (rule->skip > 0) {
			rule->skip--;
			continue;
		}
		rule->times--;
		return rule;
	}
	return NULL;
}

/* ---- what is asked ---- */

static bool put(int fd, struct span bytes)
{
	while (bytes.len > 0) {
		ssize_t sent = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		bytes = (struct span){ bytes.ptr + sent, bytes.len - (size_t)sent };
	}
	return true;
}

static const char *header(const struct asked *asked, const char *name)
{
	const char *line = str_text(&asked->text);

	while ((line = strstr(line, "\r\n")) && line[2] != '\r') {
		line += 2;
		if (strncasecmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
			return line + strlen(name) + 1 + strspn(line + strlen(name) + 1, " ");
	}
	return NULL;
}

static bool more(struct asked *asked, int fd)
{
	ssize_t got = asked->text.len > REQUEST_MAX
			      ? 0
			      : recv(fd, str_room(&asked->text, 65536), 65536, 0);

	if (got <= 0)
		return false;
	asked->text.len += (size_t)got;
	asked->text.ptr[asked->text.len] = '\0';
	return true;
}

static bool take(struct asked *asked, int fd)
{
	const char *end, *length;
	size_t whole;

	while (!(end = strstr(str_text(&asked->text), "\r\n\r\n")))
		if (!more(asked, fd))
			return false;
	asked->head = (size_t)(end - asked->text.ptr) + 4;
	length = header(asked, "Content-Length");
	whole = asked->head + (length ? strtoul(length, NULL, 10) : 0);
	if (header(asked, "Expect"))
		(void)put(fd, span_of("HTTP/1.1 100 Continue\r\n\r\n"));
	while (asked->text.len < whole)
		if (!more(asked, fd))
			return false;
	return sscanf(str_text(&asked->text), "%15s %4095s", asked->method, asked->path) == 2;
}

/* ---- what is answered ---- */

static void note(const struct asked *asked, int status)
{
	FILE *log = fopen(at.log, "a");

	if (!log)
		return;
	fprintf(log, "%s %d %s\n", asked->method, status, asked->path);
	fclose(log);
}

static void answer(int fd, int status, const char *more_headers, struct span body)
{
	char head[256];

	snprintf(head, sizeof(head),
		 "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nConnection: close\r\n%s"
		 "Content-Length: %zu\r\n\r\n",
		 status, more_headers, body.len);
	if (put(fd, span_of(head)))
		(void)put(fd, body);
}

static void say_status(int fd, int code)
{
	char body[256];

	snprintf(
		body, sizeof(body),
		"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
		"\"message\":\"the proxy says so\",\"reason\":\"%s\",\"code\":%d}",
		code == 409   ? "Conflict"
		: code == 410 ? "Expired"
			      : "Injected",
		code);
	answer(fd, code, code == 429 || code == 503 ? "Retry-After: 1\r\n" : "", span_of(body));
}

static const char *event_gone =
	"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
	"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":"
	"\"Failure\","
	"\"message\":\"too old resource version\",\"reason\":\"Expired\",\"code\":410}}\n";

/* What comes, as it comes. */
struct flow {
	int fd;
	bool begun, silent; /* nothing of it is passed on */
	long left;          /* bytes; -1: all */
	struct str first;   /* of a GET: its beginning, to be kept */
};

static bool pass(void *context, struct span bytes)
{
	struct flow *flow = context;

	if (flow->silent)
		return true;
	if (!flow->begun &&
	    !put(flow->fd, span_of("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
				   "Connection: close\r\n\r\n")))
		return false;
	flow->begun = true;
	str_add(&flow->first, bytes);
	if (flow->left >= 0 && (size_t)flow->left <= bytes.len) {
		(void)put(flow->fd, (struct span){ bytes.ptr, (size_t)flow->left });
		return false;
	}
	if (flow->left >= 0)
		flow->left -= (long)bytes.len;
	return put(flow->fd, bytes);
}

static void forward(const struct asked *asked, struct flow *flow)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str token = STR_EMPTY;
	const char *type = header(asked, "Content-Type");
	const char *headers[4] = { "Accept: application/json" };
	struct http_answer told = { 0 };
	struct http *http;
	struct error err;
	struct http_request request = {
		.url = arena_printf(&arena, "%s%s", at.server, asked->path),
		.method = asked->method,
		.post = asked->text.len > asked->head ? asked->text.ptr + asked->head : NULL,
		.headers = headers,
		.timeout_ms = WATCH_MS,
		.body_max = ANSWER_MAX,
		.tls = { .ca = at.ca },
		.take = pass,
		.context = flow,
	};

	if (file_read(at.token, 1 << 16, &token, &err) || http_open(&http, &err))
		return;
	headers[1] = arena_printf(&arena, "Authorization: Bearer %.*s",
				  (int)strcspn(str_text(&token), "\n"), str_text(&token));
	if (type)
		headers[2] =
			arena_printf(&arena, "Content-Type: %.*s", (int)strcspn(type, "\r"), type);
	if (http_ask(&told, http, &request, &err) == 0 && !flow->begun && !flow->silent)
		answer(flow->fd, told.status, "", str_span(&told.body));
	note(asked, told.status);
}

/* ---- old answers ---- */

static const char *kept_at(struct arena *arena, const struct asked *asked)
{
	uint64_t hash = 5381;

	for (const char *c = asked->path; *c; c++)
		hash = hash * 33 + (unsigned char)*c;
	return arena_printf(arena, "%s.%016llx", at.log, (unsigned long long)hash);
}

static void keep(struct arena *arena, const struct asked *asked, const struct flow *flow)
{
	int fd;

	if (strcmp(asked->method, "GET") != 0 || strstr(asked->path, "watch=") || !flow->begun)
		return;
	fd = open(kept_at(arena, asked), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (write(fd, flow->first.ptr, flow->first.len) != (ssize_t)flow->first.len)
		perror("keep");
	close(fd);
}

static bool say_stale(struct arena *arena, int fd, const struct asked *asked)
{
	owned_str struct str text = STR_EMPTY;
	struct error ignored;

	if (file_read(kept_at(arena, asked), ANSWER_MAX, &text, &ignored))
		return false;
	answer(fd, 200, "", str_span(&text));
	return true;
}

/* ---- one of them ---- */

static void serve(int fd, const struct asked *asked, const struct rule *rule)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *what = rule ? rule->what : "";
	struct flow flow = { .fd = fd, .left = -1 };

	if (strcmp(what, "status") == 0) {
		say_status(fd, (int)rule->number);
		note(asked, (int)rule->number);
		return;
	}
	if (strcmp(what, "gone") == 0) {
		(void)put(fd, span_of(event_gone));
		note(asked, 410);
		return;
	}
	if (strcmp(what, "stale") == 0 && say_stale(&arena, fd, asked)) {
		note(asked, 203);
		return;
	}
	if (strcmp(what, "delay") == 0)
		clock_sleep_ms(rule->number);
	flow.silent = strcmp(what, "lose") == 0;
	flow.left = strcmp(what, "cut") == 0 ? rule->number : -1;
	forward(asked, &flow);
	keep(&arena, asked, &flow);
}

static void accept_one(int server)
{
	int fd = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	struct asked asked = { 0 };
	const struct rule *rule;
	pid_t parent = getpid();

	if (fd < 0)
		return;
	if (take(&asked, fd)) {
		rule = rule_for(&asked);
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() == parent)
				serve(fd, &asked, rule);
			_exit(0);
		}
	}
	str_done(&asked.text);
	close(fd);
}

int main(int argc, char **argv)
{
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct http *http;
	struct error err;

	if (argc != 7)
		return 2;
	process_begin();
	/* The library is loaded once, and not by each child. */
	if (http_open(&http, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	http_close(http);
	signal(SIGCHLD, SIG_IGN);
	at.server = argv[2];
	at.ca = argv[3];
	at.token = argv[4];
	at.rules = argv[5];
	at.log = argv[6];
	address.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(server, (struct sockaddr *)&address, sizeof(address)) || listen(server, 64)) {
		perror(argv[1]);
		return 1;
	}
	for (;;)
		accept_one(server);
}
