// SPDX-License-Identifier: Apache-2.0
#include "upgrade/rollout/hook.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/http.h"
#include "base/process.h"
#include "upgrade/health/probe.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
	OUTPUT_MAX = 64 * 1024,
	ANSWER_MAX = 16 * 1024,
	SECRET_MAX = 4096,
	DRAIN_POLL_MS = 250,
	TELL_MS = 10000,
};

int64_t hook_time(const struct target *target)
{
	return target->hook_ms > 0 ? target->hook_ms : target->node_ms;
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* ---- a command ---- */

static int run_command(struct str *said, const char *command, const struct hook_about *about,
		       struct span input, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_process_result struct process_result result = { 0 };
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	const char *const env[] = {
		arena_printf(&arena, "RELEVO_HOOK=%s", about->name),
		arena_printf(&arena, "RELEVO_TARGET=%s", about->target->name),
		arena_printf(&arena, "RELEVO_NODE=%s", or_empty(about->node)),
		arena_printf(&arena, "RELEVO_RELEASE=%s", or_empty(about->release)),
		arena_printf(&arena, "RELEVO_VERSION=%s", or_empty(about->vsn)),
		NULL,
	};
	struct process_options options = { .env = env,
					   .input = input,
					   .output_max = OUTPUT_MAX,
					   .timeout_ms = (int)hook_time(about->target) };
	char ending[PROCESS_ENDING_MAX];

	if (process_run(&result, argv, &options, err))
		return -1;
	str_addf(said, "%s%s", str_text(&result.out), str_text(&result.err));
	if (result.status != 0)
		return error_set(err, ERROR_FAILED, "%s%s%.500s",
				 process_ending(result.status, ending), result.err.len ? ": " : "",
				 str_text(&result.err));
	return 0;
}

/* ---- the web ---- */

static int check_status(const char *url, const struct http_answer *answer, struct error *err)
{
	if (answer->status >= 200 && answer->status <= 299)
		return 0;
	return error_set(err, ERROR_FAILED, "%s answers with %d: %.200s", url, answer->status,
			 str_text(&answer->body));
}

static int post(struct str *said, const struct target_hook *hook, const struct hook_about *about,
		struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_http_answer struct http_answer answer = { 0 };
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s}", "hook", about->name, "target",
				 about->target->name, "node", or_empty(about->node), "release",
				 or_empty(about->release), "version", or_empty(about->vsn));
	owned_mem char *body = json_dumps(json, JSON_COMPACT);
	const char *const headers[] = { "content-type: application/json", NULL };
	const char *url = probe_fill(&arena, hook->url, or_empty(about->node), true);
	struct http_request request = { .url = url,
					.timeout_ms = hook_time(about->target),
					.body_max = ANSWER_MAX,
					.post = body,
					.headers = headers,
					.tls.ca = hook->ca };

	json_decref(json);
	if (http_get(&answer, &request, err))
		return -1;
	str_addf(said, "%d %s", answer.status, str_text(&answer.body));
	return check_status(url, &answer, err);
}

/* ---- the node ---- */

static int eval(struct str *said, const char *expression, const struct hook_about *about,
		struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str text = STR_EMPTY;
	const struct term *value, *bad;

	if (!about->connection)
		return error_set(err, ERROR_USAGE, "there is no node to ask");
	if (node_eval(&value, &bad, node_dist(about->connection), &arena, about->name,
		      span_of(expression), NULL, 0, deadline_in(hook_time(about->target)), err))
		return -1;
	if (value)
		rpc_reason_whole(&text, value);
	else
		rpc_reason(&text, bad);
	str_addf(said, "%s", str_text(&text));
	if (!value || term_is_atom(value, "false") || term_is_atom(value, "error") ||
	    term_is_tagged(value, "error", 2))
		return error_set(err, ERROR_FAILED, "%s %s %s", expression,
				 value ? "is" : "failed with", str_text(&text));
	return 0;
}

int hook_run(struct str *said, const struct target_hook *hook, const struct hook_about *about,
	     struct error *err)
{
	int ret;

	if (hook->command)
		ret = run_command(said, hook->command, about, span_of(""), err);
	else if (hook->rpc)
		ret = eval(said, hook->rpc, about, err);
	else
		ret = post(said, hook, about, err);
	return ret ? error_wrap(err, "hooks.%s", about->name) : 0;
}

/* ---- until nobody is served ---- */

/* Connections to a port of the node, of either kind of socket; not the one that listens. */
static const char connections[] =
	"Of = fun(Sock, Peer) -> case {Sock, Peer} of "
	"         {{ok, {_, Port}}, {ok, _}} -> true; "
	"         {{ok, #{port := Port}}, {ok, _}} -> true; "
	"         _ -> false end end, "
	"Old = [P || P <- erlang:ports(), erlang:port_info(P, name) =:= {name, \"tcp_inet\"}, "
	"            Of(inet:sockname(P), inet:peername(P))], "
	"New = case erlang:module_loaded(socket) of "
	"          true -> [S || S <- socket:which_sockets(tcp), "
	"                        Of(socket:sockname(S), socket:peername(S))]; "
	"          false -> [] "
	"      end, "
	"length(Old) + length(New)";

static int count_left(int64_t *out, const struct target *target, struct node *node,
		      struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *value, *bad;
	const struct binding port = { "Port", term_integer(&arena, target->drained_port) };
	bool asks = target->drained != NULL;
	owned_str struct str text = STR_EMPTY;

	if (node_eval(&value, &bad, node_dist(node), &arena, "hooks.drained",
		      span_of(asks ? target->drained : connections), &port, asks ? 0 : 1,
		      node_deadline(node), err))
		return -1;
	if (value && term_get_integer(value, out))
		return 0;
	*out = value && (term_is_atom(value, "true") || term_is_atom(value, "ok")) ? 0 : 1;
	if (value && (*out == 0 || term_is_atom(value, "false")))
		return 0;
	if (value)
		rpc_reason_whole(&text, value);
	else
		rpc_reason(&text, bad);
	return error_set(err, ERROR_FAILED, "hooks.drained is %s, and should say how many are left",
			 str_text(&text));
}

int hook_drained(int64_t *left, const struct target *target, struct node *node, struct error *err)
{
	struct deadline deadline = deadline_in(target->drain_ms);

	*left = 0;
	if (!target->drained && target->drained_port == 0)
		return 0;
	for (;;) {
		if (count_left(left, target, node, err))
			return -1;
		if (*left <= 0 || deadline_over(deadline))
			return 0;
		clock_sleep_ms(DRAIN_POLL_MS);
	}
}

/* ---- telling ---- */

/* From the file or the variable that is named; *out is left alone where neither is. */
static int get_secret(const char **out, struct arena *arena, const char *file, const char *variable,
		      struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	const char *value = variable ? getenv(variable) : NULL;

	if (variable && (!value || !*value))
		return error_set(err, ERROR_NOT_FOUND, "the variable %s is not set", variable);
	if (file && file_read(file, SECRET_MAX, &text, err))
		return -1;
	if (file)
		value = str_text(&text);
	if (value)
		*out = arena_printf(arena, "%.*s", (int)strcspn(value, "\r\n"), value);
	return 0;
}

static const char *signature(struct arena *arena, const char *key, const char *body)
{
	char hex[HASH_HEX_MAX];

	hash_hmac_hex(span_of(key), span_of(body), hex);
	return arena_printf(arena, "x-relevo-signature: sha256=%s", hex);
}

static int post_signed(const struct target_hook *hook, const char *event, const char *body,
		       struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_http_answer struct http_answer answer = { 0 };
	const char *url = hook->url, *key = NULL;
	const char *headers[] = { "content-type: application/json",
				  arena_printf(&arena, "x-relevo-event: %s", event), NULL, NULL };
	struct error failed;

	if (get_secret(&url, &arena, hook->url_file, hook->url_env, err) ||
	    get_secret(&key, &arena, hook->key_file, hook->key_env, err))
		return -1;
	if (key)
		headers[2] = signature(&arena, key, body);
	struct http_request request = { .url = url,
					.timeout_ms = TELL_MS,
					.body_max = ANSWER_MAX,
					.post = body,
					.headers = headers,
					.tls.ca = hook->ca };

	if (http_get(&answer, &request, &failed) == 0 && check_status(url, &answer, &failed) == 0)
		return 0;
	/* Of such a URL not a letter is told. */
	if (hook->url)
		*err = failed;
	else if (answer.status)
		error_set_(err, failed.kind, "it answers with %d", answer.status);
	else
		error_set_(err, failed.kind, "the URL in %s cannot be reached",
			   hook->url_env ? hook->url_env : hook->url_file);
	return -1;
}

int hook_tell(const struct target_hook *hook, const struct target *target, const char *event,
	      const json_t *state, const char *text, struct error *err)
{
	bool slack = strcmp(hook->form, "slack") == 0;
	json_t *json =
		slack ? json_pack("{s:s}", "text", text) : json_copy((json_t *)(uintptr_t)state);
	struct hook_about about = { .target = target, .name = "notify" };
	owned_str struct str said = STR_EMPTY;
	owned_mem char *body = NULL;
	int ret;

	if (!slack)
		json_object_set_new(json, "event", json_string(event));
	body = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	ret = hook->command ? run_command(&said, hook->command, &about, span_of(body), err)
			    : post_signed(hook, event, body, err);
	return ret ? error_wrap(err, "hooks.notify") : 0;
}
