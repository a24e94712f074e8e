// SPDX-License-Identifier: Apache-2.0
/* agent_parts.h - an agent while it runs: what its files share; for them alone.
 *
 * agent.c is the loop, agent_requests.c takes what is asked, agent_told.c answers it.
 */
#pragma once
#include "base/serve.h"
#include "k8s/agent.h"
#include "k8s/agent_job.h"
#include "k8s/agent_journal.h"

#define AGENT_JSON "application/json"
#define AGENT_TEXT "text/plain; version=0.0.4; charset=utf-8"

/* What is done by children, one of each kind at a time. */
enum agent_task { TASK_look, TASK_measure, TASK_action, AGENT_TASKS };

/* What somebody waits for. */
enum agent_want { WANT_state, WANT_live, WANT_ready, WANT_metrics, WANT_action };

struct agent_waiter {
	struct exchange *exchange;
	enum agent_want want;
	enum agent_task task;
	int64_t until; /* by clock_mono_ms(): then what is known is told */
};

enum { AGENT_WAITERS_MAX = 128 };

struct agent {
	const struct agent_options *options;
	struct serve *commands, *probes;
	struct str pem; /* what was served with: certificate, key and authority */
	struct agent_journal journal;
	struct agent_job jobs[AGENT_TASKS];
	struct agent_order order; /* under way */
	struct arena order_arena;
	json_t *node;    /* what was last seen of it; NULL: nothing yet */
	int64_t seen_at; /* then */
	struct agent_waiter waiters[AGENT_WAITERS_MAX];
	size_t waiters_len;
	uint64_t outcomes[ACTION_KINDS][OUTCOMES]; /* how often */
	bool ending;
};

/* agent_requests.c: what only asks is not written down: it is asked again. */
bool agent_changes(enum action_kind kind);
/* A request, of those who may command, and of anybody. */
void agent_command(void *context, struct exchange *exchange);
void agent_probe(void *context, struct exchange *exchange);

/* agent_told.c */
void agent_say_json(struct exchange *exchange, unsigned status, json_t *json); /* takes it */
void agent_say_error(struct exchange *exchange, unsigned status, const char *code,
		     const char *message);
/* What is known of the node and of what is done to it; a new reference. */
json_t *agent_known(const struct agent *agent);
/* Answers now what is wanted, by what is known. */
void agent_tell(struct agent *agent, struct exchange *exchange, enum agent_want want);
/* A child has ended: takes what it told (NULL: nothing), and answers those who waited. */
void agent_take(struct agent *agent, enum agent_task task, json_t *answer, bool late);
/* Those whose time is over. */
void agent_tell_late(struct agent *agent);
