// SPDX-License-Identifier: Apache-2.0
/* What is asked. */
#include "base/clock.h"
#include "base/json.h"
#include "k8s/agent_parts.h"

#include <stdlib.h>
#include <string.h>

enum {
	FRESH_MS = 1000, /* what was seen of the node is believed so long by probes */
	LOOK_MS = 15000,
	GRACE_MS = 5000, /* longer than its action, to say itself what is wrong */
	WAIT_S = 20,
	WAIT_MAX_S = 300,
};

/* ---- waiting for a child ---- */

static json_t *look(void *context)
{
	const struct agent *agent = context;

	return agent_look(&agent->options->setup);
}

static json_t *measure(void *context)
{
	const struct agent *agent = context;

	return agent_measure(&agent->options->setup);
}

static json_t *act(void *context)
{
	const struct agent *agent = context;

	return agent_work(&agent->options->setup, &agent->order);
}

static json_t *(*const works[AGENT_TASKS])(void *context) = {
	[TASK_look] = look, [TASK_measure] = measure, [TASK_action] = act
};

static void wait_for(struct agent *agent, struct exchange *exchange, enum agent_want want,
		     enum agent_task task, int64_t ms)
{
	if (agent->waiters_len == AGENT_WAITERS_MAX)
		agent_say_error(exchange, 503, "busy", "too many wait here");
	else
		agent->waiters[agent->waiters_len++] =
			(struct agent_waiter){ exchange, want, task, clock_mono_ms() + ms };
}

/* Joins the child that does it already. */
static void ask_node(struct agent *agent, struct exchange *exchange, enum agent_want want,
		     enum agent_task task)
{
	struct agent_job *job = &agent->jobs[task];
	struct error err;

	if (job->pid == 0 && agent_job_start(job, works[task], agent, LOOK_MS, &err))
		agent_say_error(exchange, 500, "failed", err.text);
	else
		wait_for(agent, exchange, want, task, LOOK_MS + GRACE_MS);
}

static void probe_node(struct agent *agent, struct exchange *exchange, enum agent_want want)
{
	if (agent->node && clock_mono_ms() - agent->seen_at < FRESH_MS)
		agent_tell(agent, exchange, want);
	else
		ask_node(agent, exchange, want, TASK_look);
}

/* ---- orders ---- */

bool agent_changes(enum action_kind kind)
{
	return kind != ACTION_look && kind != ACTION_probe && kind != ACTION_foresee;
}

static bool is_of(const json_t *record, const char *attempt)
{
	const char *of = json_string_value(json_object_get(record, "attempt"));

	return of && strcmp(of, attempt) == 0;
}

static uint64_t id_of(const json_t *record)
{
	return (uint64_t)json_integer_value(json_object_get(record, "id"));
}

static bool is_same(const json_t *record, const struct agent_order *order)
{
	const char *action = json_string_value(json_object_get(record, "action"));

	return is_of(record, order->attempt) && id_of(record) == order->id && action &&
	       strcmp(action, action_name(order->kind)) == 0;
}

static bool is_past(const json_t *record, const struct agent_order *order)
{
	return is_of(record, order->attempt) && id_of(record) > order->id;
}

/* Prefer: wait=N (RFC 7240) */
static int64_t wait_ms(const struct exchange *exchange)
{
	const char *prefer = exchange_header(exchange, "Prefer");
	const char *wait = prefer ? strstr(prefer, "wait=") : NULL;
	long seconds = wait ? strtol(wait + 5, NULL, 10) : WAIT_S;

	return 1000 * (seconds < 0 ? 0 : seconds > WAIT_MAX_S ? WAIT_MAX_S : seconds);
}

static int begin(struct agent *agent, struct error *err)
{
	const struct agent_order *order = &agent->order;
	json_t *doing = json_pack("{s:s, s:I, s:s, s:I}", "attempt", order->attempt, "id",
				  (json_int_t)order->id, "action", action_name(order->kind),
				  "since", (json_int_t)clock_wall_ms());

	return agent_journal_begin(&agent->journal, doing, agent_changes(order->kind), err) ||
			       agent_job_start(&agent->jobs[TASK_action], act, agent,
					       order->node_ms + GRACE_MS, err)
		       ? -1
		       : 0;
}

/* Takes the order, and the arena with its texts, where it is begun. */
static void obey(struct agent *agent, struct exchange *exchange, struct agent_order *order,
		 struct arena *arena)
{
	struct error err;

	agent->order = *order;
	agent->order_arena = *arena;
	*arena = (struct arena)ARENA_EMPTY;
	order->json = NULL;
	if (begin(agent, &err) == 0) {
		wait_for(agent, exchange, WANT_action, TASK_action, wait_ms(exchange));
		return;
	}
	agent_order_done(&agent->order);
	arena_done(&agent->order_arena);
	agent->order_arena = (struct arena)ARENA_EMPTY;
	agent_say_error(exchange, 500, error_code_of(&err), err.text);
}

static void say_fenced(struct agent *agent, struct exchange *exchange)
{
	agent_say_json(exchange, 409,
		       json_pack("{s:s, s:I, s:{s:s, s:s}}", "outcome", "fenced", "token",
				 (json_int_t)agent->journal.token, "error", "code", "fenced",
				 "message", "somebody who came later commands this node"));
}

static void consider(struct agent *agent, struct exchange *exchange, struct agent_order *order,
		     struct arena *arena)
{
	const struct agent_journal *journal = &agent->journal;
	bool at_work = agent->jobs[TASK_action].pid != 0;
	struct error err;

	if (order->token < journal->token)
		say_fenced(agent, exchange);
	else if (order->token > journal->token &&
		 agent_journal_token(&agent->journal, order->token, &err))
		agent_say_error(exchange, 500, error_code_of(&err), err.text);
	else if (at_work && is_same(journal->doing, order))
		wait_for(agent, exchange, WANT_action, TASK_action, wait_ms(exchange));
	else if (is_same(journal->last, order))
		agent_say_json(exchange, 200, json_incref(journal->last));
	else if (at_work)
		agent_say_error(exchange, 409, "busy", "another action is under way");
	else if (is_past(journal->last, order) || is_past(journal->doing, order))
		agent_say_error(exchange, 409, "past", "a later action of this attempt was begun");
	else if (agent->ending)
		agent_say_error(exchange, 503, "ending", "this agent was told to end");
	else
		obey(agent, exchange, order, arena);
}

static void take_order(struct agent *agent, struct exchange *exchange, enum action_kind kind)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned(agent_order_done) struct agent_order order = { 0 };
	struct error err;

	if (agent_order_read(&order, &arena, kind, exchange_body(exchange), &err))
		agent_say_error(exchange, 400, error_code_of(&err), err.text);
	else
		consider(agent, exchange, &order, &arena);
}

/* ---- which request ---- */

static bool probe(struct agent *agent, struct exchange *exchange, const char *path)
{
	if (strcmp(path, "/healthz") == 0)
		exchange_answer(exchange, 200, AGENT_TEXT, SPAN("ok\n"));
	else if (strcmp(path, "/readyz") == 0)
		probe_node(agent, exchange, WANT_ready);
	else if (strcmp(path, "/livez/node") == 0)
		probe_node(agent, exchange, WANT_live);
	else if (strcmp(path, "/metrics") == 0 || strcmp(path, "/v1/metrics") == 0)
		ask_node(agent, exchange, WANT_metrics, TASK_measure);
	else
		return false;
	return true;
}

static bool is_get(const struct exchange *exchange)
{
	return strcmp(exchange_method(exchange), "GET") == 0 ||
	       strcmp(exchange_method(exchange), "HEAD") == 0;
}

void agent_probe(void *context, struct exchange *exchange)
{
	if (!is_get(exchange))
		agent_say_error(exchange, 405, "invalid_argument", "only GET");
	else if (!probe(context, exchange, exchange_path(exchange)))
		agent_say_error(exchange, 404, "not_found", "there is nothing at this path");
}

void agent_command(void *context, struct exchange *exchange)
{
	const char *path = exchange_path(exchange);
	enum action_kind kind = agent_action_of(path);
	struct agent *agent = context;

	if (kind != ACTION_none && strcmp(exchange_method(exchange), "POST") == 0)
		take_order(agent, exchange, kind);
	else if (kind != ACTION_none)
		agent_say_error(exchange, 405, "invalid_argument", "only POST");
	else if (strcmp(path, "/v1/state") == 0 && is_get(exchange))
		ask_node(agent, exchange, WANT_state, TASK_look);
	else
		agent_probe(agent, exchange);
}
