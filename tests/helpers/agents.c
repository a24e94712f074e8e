// SPDX-License-Identifier: Apache-2.0
/* agents PORT CERT KEY CA VERSION DIGEST: the agents of any number of pods that are not there, at
 * PORT of every address of this machine, told apart by the name they are asked for
 * (POD.NAMESPACE.pod). At first each runs VERSION; what it is ordered is done at once, and always
 * goes well.  A token that is lower than one that the pod has seen is refused, and printed: "fenced
 * POD".  Prints "ready"; each order is a line "POD ACTION".  SIGTERM ends it.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/serve.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { PODS_MAX = 5000, TURN_MS = 200 };

struct pod {
	char name[64];
	char runs[64], boots[64], digest[80], before[64], digest_before[80];
	json_int_t token;
};

static struct pod *pods[PODS_MAX];
static size_t pods_len;
static const char *first, *first_digest;
static volatile sig_atomic_t told_to_end;

static void end(int number)
{
	(void)number;
	told_to_end = 1;
}

static struct pod *pod_of(const struct exchange *exchange)
{
	const char *host = exchange_header(exchange, "Host");
	size_t len = host ? strcspn(host, ".") : 0;
	struct pod *pod;

	for (size_t i = 0; i < pods_len; i++)
		if (strlen(pods[i]->name) == len && strncmp(pods[i]->name, host, len) == 0)
			return pods[i];
	if (pods_len == PODS_MAX || len == 0 || len >= sizeof(pod->name))
		abort();
	pod = pods[pods_len++] = mem_zero(1, sizeof(*pod));
	snprintf(pod->name, sizeof(pod->name), "%.*s", (int)len, host);
	snprintf(pod->runs, sizeof(pod->runs), "%s", first);
	snprintf(pod->boots, sizeof(pod->boots), "%s", first);
	snprintf(pod->digest, sizeof(pod->digest), "%s", first_digest);
	return pod;
}

static void say(struct exchange *exchange, unsigned status, json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT);

	exchange_answer(exchange, status, "application/json", span_of(text));
	free(text);
	json_decref(body);
}

static const char *text_in(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* It is installed, made permanent, or taken back; the others change nothing. */
static void change(struct pod *pod, const char *action, const json_t *release)
{
	const char *version = text_in(release, "version");

	if (strcmp(action, "install") == 0 && strcmp(pod->runs, version) != 0) {
		snprintf(pod->before, sizeof(pod->before), "%s", pod->runs);
		snprintf(pod->digest_before, sizeof(pod->digest_before), "%s", pod->digest);
		snprintf(pod->runs, sizeof(pod->runs), "%s", version);
		snprintf(pod->digest, sizeof(pod->digest), "%s", text_in(release, "digest"));
	} else if (strcmp(action, "commit") == 0) {
		snprintf(pod->boots, sizeof(pod->boots), "%s", pod->runs);
	} else if (strcmp(action, "revert") == 0 && pod->before[0]) {
		snprintf(pod->runs, sizeof(pod->runs), "%s", pod->before);
		snprintf(pod->boots, sizeof(pod->boots), "%s", pod->before);
		snprintf(pod->digest, sizeof(pod->digest), "%s", pod->digest_before);
	}
}

static void order(struct exchange *exchange, struct pod *pod, const char *action)
{
	struct span body = exchange_body(exchange);
	owned_json json_t *asked = json_loadb(body.ptr, body.len, 0, NULL);
	json_int_t token = json_integer_value(json_object_get(asked, "token"));

	if (token < pod->token) {
		printf("fenced %s\n", pod->name);
		say(exchange, 409,
		    json_pack("{s:{s:s, s:s}}", "error", "code", "fenced", "message",
			      "a later one"));
		return;
	}
	pod->token = token;
	change(pod, action, json_object_get(asked, "release"));
	printf("%s %s\n", pod->name, action);
	say(exchange, 200,
	    json_pack("{s:s, s:n, s:s, s:o, s:o, s:{s:s, s:s, s:i, s:b, s:b, s:s, s:s}}", "outcome",
		      "ok", "text", "action", action, "id",
		      json_incref(json_object_get(asked, "id")), "attempt",
		      json_incref(json_object_get(asked, "attempt")), "facts", "runs", pod->runs,
		      "boots", pod->boots, "born", 1, "has", true, "serving", true, "health",
		      "pass", "way", "hot"));
}

static void handle(void *context, struct exchange *exchange)
{
	const char *path = exchange_path(exchange);
	struct pod *pod = pod_of(exchange);

	(void)context;
	if (strcmp(path, "/v1/state") == 0)
		say(exchange, 200,
		    json_pack("{s:s, s:b, s:b, s:s, s:s, s:s, s:i, s:[{s:s, s:s, s:s}], s:I}",
			      "node", pod->name, "up", true, "serving", true, "release", "meter",
			      "runs", pod->runs, "boots", pod->boots, "born", 1, "releases",
			      "version", pod->runs, "status", "current", "digest", pod->digest,
			      "token", pod->token));
	else
		order(exchange, pod, path + strlen("/v1/"));
}

static int run(char **argv, struct error *err)
{
	owned_str struct str cert = STR_EMPTY, key = STR_EMPTY, ca = STR_EMPTY;
	owned_serve struct serve *serve = NULL;
	struct serve_options options = { .client = "relevo-operator",
					 .body_max = 1 << 20,
					 .handle = handle };
	char address[32];

	snprintf(address, sizeof(address), "0.0.0.0:%s", argv[1]);
	if (file_read(argv[2], 1 << 20, &cert, err) || file_read(argv[3], 1 << 20, &key, err) ||
	    file_read(argv[4], 1 << 20, &ca, err))
		return -1;
	options.address = address;
	options.cert = str_text(&cert);
	options.key = str_text(&key);
	options.ca = str_text(&ca);
	if (serve_open(&serve, &options, err))
		return -1;
	printf("ready\n");
	while (!told_to_end) {
		struct pollfd fd = { serve_fd(serve), POLLIN, 0 };
		int wait_ms = serve_wait_ms(serve);

		poll(&fd, 1, wait_ms < 0 || wait_ms > TURN_MS ? TURN_MS : wait_ms);
		serve_turn(serve);
	}
	return 0;
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = end };
	struct error err;
	int ret;

	if (argc != 7)
		return 2;
	process_begin();
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGTERM, &action, NULL);
	first = argv[5];
	first_digest = argv[6];
	ret = run(argv, &err);
	if (ret)
		fprintf(stderr, "agents: %s\n", err.text);
	for (size_t i = 0; i < pods_len; i++)
		free(pods[i]);
	return ret ? 1 : 0;
}
