// SPDX-License-Identifier: Apache-2.0
/* Gates that ask from here: HTTP, TCP, a command. */
#include "base/file.h"
#include "base/http.h"
#include "base/process.h"
#include "upgrade/health/gates.h"
#include "upgrade/node/wire/socket.h"

#include <inttypes.h>
#include <strings.h>

enum {
	BODY_MAX = 64 * 1024,
	QUERY_ANSWER_MAX = 1 << 20,
	TOKEN_MAX = 4096,
	SAID_MAX = 16 * 1024,
	EXEC_SAYS_NOTHING = 75,
};

/* ---- http ---- */

/* "NAME: TEXT" is among the headers: a name in any case, the text somewhere in its value. */
static bool has_header(const char *headers, const char *wanted)
{
	struct span rest = span_of(headers), line;
	size_t name = strcspn(wanted, ":") + 1;
	const char *text = wanted + name + strspn(wanted + name, " ");

	while (span_next(&rest, '\n', &line))
		if (line.len >= name && strncasecmp(line.ptr, wanted, name) == 0 &&
		    memmem(line.ptr + name, line.len - name, text, strlen(text)))
			return true;
	return false;
}

static const char *late(struct probing *p, const char *what, int64_t ms, int64_t limit_ms)
{
	return arena_printf(p->arena, "%s took %" PRId64 " ms, over %" PRId64, what, ms, limit_ms);
}

enum probe_verdict gate_http(const char **text, struct probing *p, const struct target_gate *gate)
{
	const char *url = probe_fill(p->arena, gate->url, node_name(p->node), true);
	owned_http_answer struct http_answer answer = { 0 };
	struct http_request request = { .url = url,
					.timeout_ms = p->target->timeout_ms,
					.body_max = BODY_MAX,
					.tls.ca = gate->ca };
	struct error err;

	if (http_get(&answer, &request, &err)) {
		*text = arena_printf(p->arena, "%s", err.text);
		return PROBE_fail;
	}
	probe_note(p, "latency", answer.us);
	if (answer.status != gate->expect)
		*text = arena_printf(p->arena, "%s answers with %d, not %" PRId64, url,
				     answer.status, gate->expect);
	else if (gate->body && !strstr(str_text(&answer.body), gate->body))
		*text = arena_printf(p->arena, "%s answers without \"%s\"", url, gate->body);
	else if (gate->header && !has_header(str_text(&answer.headers), gate->header))
		*text = arena_printf(p->arena, "%s answers without the header \"%s\"", url,
				     gate->header);
	else if (gate->latency_ms >= 0 && answer.us > gate->latency_ms * 1000)
		*text = late(p, url, answer.us / 1000, gate->latency_ms);
	else
		return PROBE_pass;
	return PROBE_fail;
}

/* ---- tcp ---- */

enum probe_verdict gate_tcp(const char **text, struct probing *p, const struct target_gate *gate)
{
	const char *host =
		probe_fill(p->arena, gate->host ? gate->host : "{host}", node_name(p->node), false);
	const char *where = arena_printf(p->arena, "%s:%" PRId64, host, gate->port);
	int64_t began = clock_mono_ms(), took;
	owned_fd int fd = -1;
	struct error err;

	if (socket_connect(&fd, host, (int)gate->port, deadline_in(p->target->timeout_ms), &err)) {
		*text = arena_printf(p->arena, "%s", err.text);
		return PROBE_fail;
	}
	took = clock_mono_ms() - began;
	if (gate->latency_ms < 0 || took <= gate->latency_ms)
		return PROBE_pass;
	*text = late(p, where, took, gate->latency_ms);
	return PROBE_fail;
}

/* ---- a command ---- */

static const char *last_words(struct arena *arena, const struct process_result *result)
{
	const struct str *said = result->err.len ? &result->err : &result->out;
	size_t len = said->len;
	const char *from;

	while (len > 0 && said->ptr[len - 1] == '\n')
		len--;
	from = len ? memrchr(said->ptr, '\n', len) : NULL;
	from = from ? from + 1 : str_text(said);
	return len ? arena_printf(arena, ": %.*s", (int)(len - (size_t)(from - said->ptr)), from)
		   : "";
}

enum probe_verdict gate_exec(const char **text, struct probing *p, const struct target_gate *gate)
{
	const char *command = probe_fill(p->arena, gate->command, node_name(p->node), false);
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	const char *const env[] = {
		arena_printf(p->arena, "RELEVO_NODE=%s", node_name(p->node)),
		arena_printf(p->arena, "RELEVO_TARGET=%s", p->target->name),
		NULL,
	};
	owned_process_result struct process_result result = { 0 };
	struct process_options options = { .env = env,
					   .output_max = SAID_MAX,
					   .timeout_ms = (int)p->target->timeout_ms };
	char ending[PROCESS_ENDING_MAX];
	struct error err;

	/* That it cannot be run, or does not end, says nothing of the node. */
	if (process_run(&result, argv, &options, &err)) {
		*text = arena_printf(p->arena, "%s: %s", command, err.text);
		return PROBE_none;
	}
	if (result.status == 0)
		return PROBE_pass;
	*text = arena_printf(p->arena, "%s %s%s", command, process_ending(result.status, ending),
			     last_words(p->arena, &result));
	return result.status == EXEC_SAYS_NOTHING ? PROBE_none : PROBE_fail;
}

/* ---- Prometheus ---- */

/* For a query of a URL. */
static const char *escaped(struct arena *arena, const char *text)
{
	owned_str struct str out = STR_EMPTY;

	for (; *text; text++) {
		if ((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z') ||
		    (*text >= '0' && *text <= '9') || strchr("-_.~", *text))
			str_addc(&out, *text);
		else
			str_addf(&out, "%%%02X", (unsigned)(unsigned char)*text);
	}
	return arena_dup(arena, str_span(&out));
}

static int read_token(const char **header, struct arena *arena, const char *file, struct error *err)
{
	owned_str struct str token = STR_EMPTY;

	if (file_read(file, TOKEN_MAX, &token, err))
		return -1;
	*header = arena_printf(arena, "authorization: Bearer %.*s",
			       (int)strcspn(str_text(&token), "\r\n"), str_text(&token));
	return 0;
}

enum probe_verdict gate_prometheus(const char **text, struct probing *p,
				   const struct target_gate *gate)
{
	const char *name = node_name(p->node);
	const char *base = probe_fill(p->arena, gate->url, name, true);
	const char *query = probe_fill(p->arena, gate->query, name, false);
	const char *headers[] = { NULL, NULL };
	owned_http_answer struct http_answer answer = { 0 };
	size_t len = strlen(base);
	struct http_request request = {
		.url = arena_printf(p->arena, "%.*s/api/v1/query?query=%s",
				    (int)(len > 0 && base[len - 1] == '/' ? len - 1 : len), base,
				    escaped(p->arena, query)),
		.timeout_ms = p->target->timeout_ms,
		.body_max = QUERY_ANSWER_MAX,
		.headers = headers,
		.tls.ca = gate->ca,
	};
	struct error err;

	/* A Prometheus that does not answer says nothing of the node. */
	if ((gate->token_file && read_token(&headers[0], p->arena, gate->token_file, &err)) ||
	    http_get(&answer, &request, &err)) {
		*text = arena_printf(p->arena, "%s of %s: %s", query, base, err.text);
		return PROBE_none;
	}
	return prometheus_judge(text, p->arena, str_text(&answer.body), answer.body.len, gate,
				arena_printf(p->arena, "%s of %s", query, base));
}
