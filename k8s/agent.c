// SPDX-License-Identifier: Apache-2.0
#include "k8s/agent.h"

#include "base/clock.h"
#include "base/file.h"
#include "k8s/agent_parts.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_MAX = 1 << 20, PEM_MAX = 256 * 1024, TURN_MS = 1000, REFRESH_MS = 30000 };

static volatile sig_atomic_t signals_seen;

static void on_signal(int number)
{
	(void)number;
	signals_seen = 1;
}

static void say(struct agent *agent, const char *line)
{
	agent->options->said(agent->options->context, line);
}

/* ---- who we are ---- */

/* The three files, each with a NUL behind it. */
static int read_pem(struct str *out, const struct agent_options *options, struct error *err)
{
	const char *const files[] = { options->cert, options->key, options->ca };

	str_room(out, 3 * PEM_MAX + 3); /* so that it never moves and leaves a copy behind */
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if (file_read_given(files[i], PEM_MAX, out, err))
			return -1;
		str_addc(out, '\0');
	}
	return 0;
}

static void pem_done(struct str *pem)
{
	if (pem->ptr)
		explicit_bzero(pem->ptr, pem->cap);
	str_done(pem);
	*pem = (struct str)STR_EMPTY;
}

static int serve_commands(struct agent *agent, const struct str *pem, struct error *err)
{
	const char *cert = str_text(pem), *key = cert + strlen(cert) + 1;
	const struct serve_options options = {
		.address = agent->options->listen,
		.cert = cert,
		.key = key,
		.ca = key + strlen(key) + 1,
		.client = agent->options->client,
		.body_max = BODY_MAX,
		.handle = agent_command,
		.context = agent,
	};

	return serve_open(&agent->commands, &options, err);
}

/* Certificates change while we run; what is no good leaves the old ones in place. */
static int refresh(struct agent *agent, struct error *err)
{
	owned(pem_done) struct str pem = STR_EMPTY;
	struct error why;

	if (read_pem(&pem, agent->options, &why)) {
		say(agent, why.text);
		return 0;
	}
	if (span_equal(str_span(&pem), str_span(&agent->pem)))
		return 0;
	serve_close(agent->commands);
	agent->commands = NULL;
	if (serve_commands(agent, &pem, &why)) {
		say(agent, why.text);
		return serve_commands(agent, &agent->pem, err);
	}
	pem_done(&agent->pem);
	agent->pem = pem;
	pem = (struct str)STR_EMPTY;
	say(agent, "the certificates were read anew");
	return 0;
}

/* ---- the loop ---- */

static int shorter(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int patience(const struct agent *agent)
{
	int ms = shorter(TURN_MS, serve_wait_ms(agent->commands));
	int64_t now = clock_mono_ms();

	if (agent->probes)
		ms = shorter(ms, serve_wait_ms(agent->probes));
	for (size_t i = 0; i < agent->waiters_len; i++)
		if (agent->waiters[i].until - now < ms)
			ms = agent->waiters[i].until > now ? (int)(agent->waiters[i].until - now)
							   : 0;
	return ms;
}

static void wait_turn(const struct agent *agent)
{
	struct pollfd fds[2 + AGENT_TASKS];
	nfds_t len = 0;

	fds[len++] = (struct pollfd){ serve_fd(agent->commands), POLLIN, 0 };
	if (agent->probes)
		fds[len++] = (struct pollfd){ serve_fd(agent->probes), POLLIN, 0 };
	for (size_t i = 0; i < AGENT_TASKS; i++)
		if (agent->jobs[i].pid)
			fds[len++] = (struct pollfd){ agent->jobs[i].fd, POLLIN, 0 };
	poll(fds, len, patience(agent));
}

static void take_jobs(struct agent *agent)
{
	for (unsigned i = 0; i < AGENT_TASKS; i++) {
		json_t *answer = NULL;
		bool late;

		if (agent->jobs[i].pid && agent_job_over(&agent->jobs[i], &answer, &late))
			agent_take(agent, (enum agent_task)i, answer, late);
	}
}

static bool is_over(struct agent *agent)
{
	if (signals_seen && !agent->ending) {
		agent->ending = true;
		if (agent->jobs[TASK_action].pid)
			say(agent, "ends when what is under way is done");
	}
	return agent->ending && !agent->jobs[TASK_action].pid && agent->waiters_len == 0;
}

static int run(struct agent *agent, struct error *err)
{
	int64_t refresh_at = clock_mono_ms() + REFRESH_MS;

	while (!is_over(agent)) {
		wait_turn(agent);
		serve_turn(agent->commands);
		if (agent->probes)
			serve_turn(agent->probes);
		take_jobs(agent);
		agent_tell_late(agent);
		if (clock_mono_ms() < refresh_at || serve_waiting(agent->commands) > 0)
			continue;
		refresh_at = clock_mono_ms() + REFRESH_MS;
		if (refresh(agent, err))
			return -1;
	}
	/* What was answered last is sent. */
	serve_turn(agent->commands);
	return 0;
}

/* ---- from beginning to end ---- */

static void agent_done(struct agent *agent)
{
	for (size_t i = 0; i < AGENT_TASKS; i++)
		agent_job_kill(&agent->jobs[i]);
	for (size_t i = 0; i < agent->waiters_len; i++)
		agent_say_error(agent->waiters[i].exchange, 503, "ending", "this agent ends");
	serve_close(agent->commands);
	serve_close(agent->probes);
	agent_order_done(&agent->order);
	arena_done(&agent->order_arena);
	agent_journal_done(&agent->journal);
	json_decref(agent->node);
	pem_done(&agent->pem);
}

static int begin(struct agent *agent, struct error *err)
{
	const struct agent_options *options = agent->options;
	const struct serve_options probes = {
		.address = options->probes,
		.handle = agent_probe,
		.context = agent,
	};

	if (agent_journal_open(&agent->journal, options->setup.root, err) ||
	    read_pem(&agent->pem, options, err) || serve_commands(agent, &agent->pem, err) ||
	    (options->probes && serve_open(&agent->probes, &probes, err)))
		return -1;
	return 0;
}

static void tell_begun(struct agent *agent)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *action = json_string_value(json_object_get(agent->journal.doing, "action"));

	say(agent, arena_printf(&arena, "%s: commands at port %d%s", agent->options->setup.node,
				serve_port(agent->commands),
				agent->probes ? arena_printf(&arena, ", probes at port %d",
							     serve_port(agent->probes))
					      : ""));
	if (action)
		say(agent,
		    arena_printf(&arena, "%s was cut short when the last agent ended", action));
}

int agent_run(const struct agent_options *options, struct error *err)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	owned(agent_done) struct agent agent = { .options = options };
	const struct sigaction action = { .sa_handler = on_signal };

	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaction(signals[i], &action, NULL);
	if (begin(&agent, err))
		return -1;
	tell_begun(&agent);
	return run(&agent, err);
}
