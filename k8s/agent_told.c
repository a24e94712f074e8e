// SPDX-License-Identifier: Apache-2.0
/* What is answered. */
#include "base/clock.h"
#include "base/json.h"
#include "k8s/agent_parts.h"

#include <stdlib.h>
#include <string.h>

void agent_say_json(struct exchange *exchange, unsigned status, json_t *json)
{
	owned_mem char *text = json_dumps(json, JSON_COMPACT);

	if (!text)
		abort();
	exchange_answer(exchange, status, AGENT_JSON, span_of(text));
	json_decref(json);
}

void agent_say_error(struct exchange *exchange, unsigned status, const char *code,
		     const char *message)
{
	agent_say_json(
		exchange, status,
		json_pack("{s:{s:s, s:o}}", "error", "code", code, "message", json_text(message)));
}

json_t *agent_known(const struct agent *agent)
{
	json_t *state =
		json_pack("{s:o, s:I, s:O?, s:O?}", "node", json_text(agent->options->setup.node),
			  "token", (json_int_t)agent->journal.token, "doing", agent->journal.doing,
			  "last", agent->journal.last);

	json_object_update_missing(state, agent->node);
	return state;
}

/* ---- metrics ---- */

static void tell_metrics(struct agent *agent, struct exchange *exchange, const char *vitals)
{
	owned_str struct str text = STR_EMPTY;

	str_adds(&text, vitals);
	str_addf(&text,
		 "# HELP relevo_agent_token The highest fencing token that was seen.\n"
		 "# TYPE relevo_agent_token gauge\nrelevo_agent_token %llu\n"
		 "# HELP relevo_agent_busy Whether an action is under way.\n"
		 "# TYPE relevo_agent_busy gauge\nrelevo_agent_busy %d\n"
		 "# HELP relevo_agent_actions_total What was done to the node.\n"
		 "# TYPE relevo_agent_actions_total counter\n",
		 (unsigned long long)agent->journal.token, agent->jobs[TASK_action].pid != 0);
	for (unsigned kind = 0; kind < ACTION_KINDS; kind++)
		for (unsigned outcome = 0; outcome < OUTCOMES; outcome++)
			if (agent->outcomes[kind][outcome])
				str_addf(&text,
					 "relevo_agent_actions_total{action=\"%s\",outcome=\"%s\"} "
					 "%llu\n",
					 action_name((enum action_kind)kind),
					 outcome_name((enum outcome)outcome),
					 (unsigned long long)agent->outcomes[kind][outcome]);
	exchange_answer(exchange, 200, AGENT_TEXT, str_span(&text));
}

/* ---- those who waited ---- */

static void tell_probe(struct exchange *exchange, const json_t *node, const char *key)
{
	const char *error = json_string_value(json_object_get(node, "error"));

	if (json_is_true(json_object_get(node, key)))
		exchange_answer(exchange, 200, AGENT_TEXT, SPAN("ok\n"));
	else
		exchange_answer(exchange, 503, AGENT_TEXT,
				span_of(error ? error : "the node is not ready\n"));
}

void agent_tell(struct agent *agent, struct exchange *exchange, enum agent_want want)
{
	switch (want) {
	case WANT_state:
		agent_say_json(exchange, 200, agent_known(agent));
		break;
	case WANT_live:
		tell_probe(exchange, agent->node, "up");
		break;
	case WANT_ready:
		tell_probe(exchange, agent->node, "serving");
		break;
	case WANT_metrics:
		tell_metrics(agent, exchange, "");
		break;
	case WANT_action:
		if (agent->jobs[TASK_action].pid)
			agent_say_json(exchange, 202, agent_known(agent));
		else
			agent_say_json(exchange, 200, json_incref(agent->journal.last));
		break;
	}
}

/* Whoever waits for what is over, or for too long. */
static void tell_those(struct agent *agent,
		       bool (*whom)(const struct agent_waiter *waiter, int64_t what), int64_t what,
		       const char *vitals)
{
	size_t kept = 0, len = agent->waiters_len;

	for (size_t i = 0; i < len; i++) {
		struct agent_waiter *waiter = &agent->waiters[i];

		if (!whom(waiter, what))
			agent->waiters[kept++] = *waiter;
		else if (waiter->want == WANT_metrics)
			tell_metrics(agent, waiter->exchange, vitals);
		else
			agent_tell(agent, waiter->exchange, waiter->want);
	}
	agent->waiters_len = kept;
}

static bool is_late(const struct agent_waiter *waiter, int64_t now)
{
	return now >= waiter->until;
}

void agent_tell_late(struct agent *agent)
{
	tell_those(agent, is_late, clock_mono_ms(), "");
}

static bool waits_for(const struct agent_waiter *waiter, int64_t task)
{
	return (int64_t)waiter->task == task;
}

/* ---- what children told ---- */

static void count(struct agent *agent, const json_t *answer)
{
	const char *name = json_string_value(json_object_get(answer, "outcome"));

	for (unsigned i = 0; name && i < OUTCOMES; i++)
		if (strcmp(name, outcome_name((enum outcome)i)) == 0)
			agent->outcomes[agent->order.kind][i]++;
}

static void say(struct agent *agent, const json_t *answer)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct agent_order *order = &agent->order;
	const char *outcome = json_string_value(json_object_get(answer, "outcome"));
	const char *text = json_string_value(json_object_get(answer, "text"));

	if (order->kind == ACTION_probe && outcome && strcmp(outcome, "ok") == 0)
		return;
	agent->options->said(agent->options->context,
			     arena_printf(&arena, "%s %llu of %s, %s %s: %s%s%s",
					  action_name(order->kind), (unsigned long long)order->id,
					  order->attempt, order->release.name, order->release.vsn,
					  outcome ? outcome : "?", text ? ": " : "",
					  text ? text : ""));
}

static void end_action(struct agent *agent, json_t *answer, bool late)
{
	const struct agent_order *order = &agent->order;
	struct error err;

	if (!answer)
		answer = json_pack("{s:s, s:s}", "outcome",
				   outcome_name(late ? OUTCOME_silent : OUTCOME_failed), "text",
				   late ? "it did not end in time"
					: "the process that did it crashed");
	json_object_set_new(answer, "id", json_integer((json_int_t)order->id));
	json_object_set_new(answer, "action", json_string(action_name(order->kind)));
	json_object_set_new(answer, "attempt", json_string(order->attempt));
	count(agent, answer);
	say(agent, answer);
	if (agent_journal_end(&agent->journal, answer, agent_changes(order->kind), &err))
		agent->options->said(agent->options->context, err.text);
	agent_order_done(&agent->order);
	arena_done(&agent->order_arena);
	agent->order_arena = (struct arena)ARENA_EMPTY;
}

void agent_take(struct agent *agent, enum agent_task task, json_t *answer, bool late)
{
	owned_json json_t *vitals = NULL;
	const char *text = NULL;

	switch (task) {
	case TASK_action:
		end_action(agent, answer, late);
		break;
	case TASK_look:
		json_decref(agent->node);
		agent->node = answer ? answer
				     : json_pack("{s:b, s:b, s:s}", "up", false, "serving", false,
						 "error", "the node does not answer in time");
		agent->seen_at = clock_mono_ms();
		break;
	default:
		vitals = answer;
		text = json_string_value(json_object_get(vitals, "text"));
		break;
	}
	tell_those(agent, waits_for, (int64_t)task, text ? text : "");
}
