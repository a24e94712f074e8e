// SPDX-License-Identifier: Apache-2.0
#include "k8s/agent_ask.h"

#include "base/clock.h"
#include "base/json.h"
#include "k8s/beam.h"

#include <stdlib.h>

enum {
	CONNECT_MS = 5000,
	STATE_MS = 10000,
	WAIT_S = 20, /* that the agent may let us wait for an answer */
	AGAIN_MS = 1000,
	ANSWER_MAX = 1 << 20,
};

json_t *agent_told(enum outcome outcome, const char *text)
{
	json_t *told =
		json_pack("{s:s, s:o}", "outcome", outcome_name(outcome), "text", json_text(text));

	return told;
}

/* ---- one request ---- */

static const char *url_of(struct arena *arena, const struct agent_reach *reach, const char *pod,
			  const char *path)
{
	return arena_printf(arena, "https://%s.%s.pod:%d%s", pod, reach->space, (int)reach->port,
			    path);
}

static const char *place_of(struct arena *arena, const struct agent_reach *reach, const char *ip)
{
	return arena_printf(arena, strchr(ip, ':') ? "[%s]:%d" : "%s:%d", ip, (int)reach->port);
}

static int ask(int *status, json_t **out, const struct agent_reach *reach, const char *pod,
	       const char *ip, const char *path, const char *post, int64_t timeout_ms,
	       struct error *err)
{
	static const char *const headers[] = { "Content-Type: application/json",
					       "Accept: application/json", "Prefer: wait=20",
					       NULL };
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_http_answer struct http_answer answer = { 0 };
	struct http_request request = {
		.url = url_of(&arena, reach, pod, path),
		.connect_to = place_of(&arena, reach, ip),
		.timeout_ms = timeout_ms,
		.connect_ms = CONNECT_MS,
		.body_max = ANSWER_MAX,
		.post = post,
		.headers = headers,
		.tls = reach->tls,
	};

	if (!ip[0])
		return error_set(err, ERROR_UNREACHABLE, "pod %s has no address", pod);
	if (http_get(&answer, &request, err))
		return error_wrap(err, "the agent of pod %s", pod);
	*out = answer.cut ? NULL
			  : json_loadb(str_text(&answer.body), answer.body.len,
				       JSON_REJECT_DUPLICATES, NULL);
	*status = answer.status;
	if (json_is_object(*out))
		return 0;
	json_decref(*out);
	return error_set(err, ERROR_INVALID, "the agent of pod %s: no JSON with status %d", pod,
			 answer.status);
}

int agent_ask_state(json_t **out, const struct agent_reach *reach, const char *pod, const char *ip,
		    struct error *err)
{
	owned_json json_t *state = NULL;
	int status;

	if (ask(&status, &state, reach, pod, ip, "/v1/state", NULL, STATE_MS, err))
		return -1;
	if (status != 200)
		return error_set(err, ERROR_UNREACHABLE, "the agent of pod %s: status %d: %s", pod,
				 status, json_at(state, "error", "message", NULL));
	*out = steal(&state);
	return 0;
}

/* ---- an action ---- */

static const char *way_name(enum way way)
{
	return way == WAY_hot ? "hot" : way == WAY_restart ? "restart" : "none";
}

static char *body_of(const struct work *work, const struct agent_order_of *order)
{
	owned_json json_t *body =
		json_pack("{s:I, s:s, s:I, s:O, s:s, s:o, s:o, s:{s:I}, s:[]}", "token",
			  (json_int_t)work->token, "attempt", order->attempt, "id",
			  (json_int_t)work->action.id, "release", order->release, "way",
			  way_name(work->action.way), "version", json_text(work->action.vsn),
			  "from", json_text(work->from), "timeouts", "node",
			  (json_int_t)(order->node_ms / 1000), "allow");

	if (work->baseline)
		json_object_set(body, "baseline", (json_t *)(uintptr_t)work->baseline);
	if (order->health)
		json_object_set(body, "health", (json_t *)(uintptr_t)order->health);
	return json_dumps(body, JSON_COMPACT);
}

/* What an answer that is no 200 makes of it; NULL: asked again. */
static json_t *refused(int status, const json_t *answer)
{
	const char *code = json_at(answer, "error", "code", NULL);
	const char *message = json_at(answer, "error", "message", NULL);

	if (status == 202 || strcmp(code, "busy") == 0)
		return NULL;
	if (strcmp(code, "fenced") == 0)
		return agent_told(OUTCOME_fenced, message);
	return agent_told(status == 400 || status == 403 ? OUTCOME_refused : OUTCOME_silent,
			  message[0] ? message : code);
}

json_t *agent_do(const struct agent_reach *reach, const char *pod, const char *ip,
		 const struct work *work, const struct agent_order_of *order)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *path = arena_printf(&arena, "/v1/%s", action_name(work->action.kind));
	owned_mem char *body = body_of(work, order);
	struct deadline until = deadline_in(order->limit_ms);
	bool heard = false;

	for (;;) {
		owned_json json_t *answer = NULL;
		struct error err;
		json_t *told;
		int status;

		if (ask(&status, &answer, reach, pod, ip, path, body, (WAIT_S + 10) * 1000, &err)) {
			/* What it has begun goes on there. */
			if (!heard || deadline_over(until))
				return agent_told(OUTCOME_silent, err.text);
		} else if (status == 200) {
			return steal(&answer);
		} else {
			told = refused(status, answer);
			if (told)
				return told;
			heard = true;
		}
		if (deadline_over(until))
			return agent_told(OUTCOME_silent, "it did not end in time");
		if (!heard || status != 202)
			clock_sleep_ms(AGAIN_MS);
	}
}
