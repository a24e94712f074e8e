// SPDX-License-Identifier: Apache-2.0
#include "upgrade/health/probe.h"

#include "base/http.h"
#include "upgrade/node/watch.h"

#include <inttypes.h>
#include <string.h>

enum { BODY_MAX = 64 * 1024, CENSUS_MAX = 10000 };

struct probing {
	struct node *node;
	struct arena *arena;
	const struct target *target;
	const json_t *baseline;
	struct probe *probe;
	struct node_vitals vitals;
};

/* The worst counts; of two the same the first. */
static void say(struct probing *p, enum probe_verdict verdict, const char *text)
{
	if (verdict == PROBE_pass || p->probe->verdict == PROBE_fail ||
	    (p->probe->verdict == PROBE_none && verdict == PROBE_none))
		return;
	p->probe->verdict = verdict;
	p->probe->text = text;
}

static void measure(struct probing *p, const char *name, int64_t value)
{
	json_object_set_new(p->probe->measures, name, json_integer(value));
}

/* ---- http ---- */

const char *probe_url(struct arena *arena, const char *url, const char *node)
{
	const char *at = strchr(node, '@');
	struct span name = { node, at ? (size_t)(at - node) : strlen(node) };
	struct span host = span_of(at ? at + 1 : "");
	owned_str struct str out = STR_EMPTY;

	while (*url) {
		if (strncmp(url, "{host}", 6) == 0) {
			/* An IPv6 address is written in brackets. */
			bool six = memchr(host.ptr, ':', host.len) != NULL;

			str_addf(&out, "%s" SPAN_FMT "%s", six ? "[" : "", SPAN_ARG(host),
				 six ? "]" : "");
			url += 6;
		} else if (strncmp(url, "{name}", 6) == 0) {
			str_add(&out, name);
			url += 6;
		} else {
			str_addc(&out, *url++);
		}
	}
	return arena_dup(arena, str_span(&out));
}

static void judge_http(struct probing *p, const struct target_gate *gate)
{
	const char *url = probe_url(p->arena, gate->url, node_name(p->node));
	owned_http_answer struct http_answer answer = { 0 };
	struct error err;

	if (http_get(&answer,
		     &(struct http_request){ .url = url,
					     .timeout_ms = p->target->timeout_ms,
					     .body_max = BODY_MAX },
		     &err)) {
		say(p, PROBE_fail, arena_printf(p->arena, "%s", err.text));
		return;
	}
	measure(p, "latency", answer.us);
	if (answer.status != gate->expect)
		say(p, PROBE_fail,
		    arena_printf(p->arena, "%s answers with %d, not %" PRId64, url, answer.status,
				 gate->expect));
	else if (gate->body && !strstr(str_text(&answer.body), gate->body))
		say(p, PROBE_fail,
		    arena_printf(p->arena, "%s answers without \"%s\"", url, gate->body));
	else if (gate->latency_ms >= 0 && answer.us > gate->latency_ms * 1000)
		say(p, PROBE_fail,
		    arena_printf(p->arena, "%s took %" PRId64 " ms, over %" PRId64, url,
				 answer.us / 1000, gate->latency_ms));
}

/* ---- vitals ---- */

static void over(struct probing *p, const char *what, int64_t value, int64_t limit)
{
	if (limit >= 0 && value > limit)
		say(p, PROBE_fail,
		    arena_printf(p->arena, "%s is %" PRId64 ", over %" PRId64, what, value, limit));
}

/* Registered processes that have another pid than in the baseline. */
static int64_t restarts(const struct probing *p, const char **who)
{
	const json_t *was = json_object_get(p->baseline, "census"), *is;
	const char *name;
	json_t *pid;
	int64_t count = 0;

	json_object_foreach ((json_t *)(uintptr_t)was, name, pid) {
		is = json_object_get(p->probe->census, name);
		if (is && !json_equal(is, pid)) {
			*who = name;
			count++;
		}
	}
	return count;
}

static void judge_vitals(struct probing *p, const struct target_gate *gate)
{
	const json_t *measures = json_object_get(p->baseline, "measures");
	int64_t memory = json_integer_value(json_object_get(measures, "memory"));
	const char *who = NULL;
	int64_t count = restarts(p, &who);

	over(p, "the run queue", p->vitals.run_queue, gate->run_queue);
	over(p, arena_printf(p->arena, "the mailbox of %s", p->vitals.queue_process),
	     p->vitals.queue_len, gate->mailbox);
	if (gate->restarts >= 0 && count > gate->restarts)
		say(p, PROBE_fail,
		    arena_printf(p->arena,
				 "%" PRId64 " processes were restarted, %s for one; over %" PRId64,
				 count, who, gate->restarts));
	if (gate->memory_growth >= 0 && memory > 0 &&
	    p->vitals.memory > memory / 100 * (100 + gate->memory_growth))
		say(p, PROBE_fail,
		    arena_printf(p->arena,
				 "memory is %" PRId64 " MB, and was %" PRId64 " MB: over %" PRId64
				 " %% more",
				 p->vitals.memory >> 20, memory >> 20, gate->memory_growth));
}

/* ---- rpc ---- */

static int judge_rpc(struct probing *p, const struct target_gate *gate, struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	const struct term *value, *bad;

	if (node_eval(&value, &bad, node_dist(p->node), p->arena, "the rpc of health",
		      span_of(gate->expression), NULL, 0, node_deadline(p->node), err))
		return err->kind == ERROR_INVALID || err->kind == ERROR_FAILED
			       ? (say(p, PROBE_none, arena_printf(p->arena, "%s", err->text)), 0)
			       : -1;
	if (value && (term_is_atom(value, "true") || term_is_atom(value, "ok")))
		return 0;
	if (value && (term_is_atom(value, "undefined") || term_is_atom(value, "unknown"))) {
		say(p, PROBE_none, arena_printf(p->arena, "%s says nothing", gate->expression));
		return 0;
	}
	if (value)
		rpc_reason_whole(&text, value);
	else
		rpc_reason(&text, bad);
	say(p, PROBE_fail,
	    arena_printf(p->arena, "%s %s %s, not ok", gate->expression,
			 value ? "is" : "failed with", str_text(&text)));
	return 0;
}

/* ---- all of them ---- */

static void take_vitals(struct probing *p)
{
	measure(p, "run_queue", p->vitals.run_queue);
	measure(p, "mailbox", p->vitals.queue_len);
	measure(p, "memory", p->vitals.memory);
	measure(p, "processes", p->vitals.processes);
}

static int take_census(struct probing *p, struct error *err)
{
	struct census census;

	if (census_take(&census, p->node, p->arena, err))
		return -1;
	for (size_t i = 0; i < census.names->seq.len && i < CENSUS_MAX; i++) {
		const struct term *entry = term_at(census.names, i);
		const char *name =
			term_is_tuple(entry, 2) ? term_atom_name(term_at(entry, 0)) : NULL;
		owned_str struct str pid = STR_EMPTY;

		if (!name)
			continue;
		term_print(&pid, term_at(entry, 1));
		json_object_set_new(p->probe->census, name, json_string(str_text(&pid)));
	}
	return 0;
}

static int judge(struct probing *p, struct error *err)
{
	if (node_vitals(&p->vitals, p->node, p->arena, err) || take_census(p, err))
		return -1;
	take_vitals(p);
	for (size_t i = 0; i < p->target->gates_len; i++) {
		const struct target_gate *gate = &p->target->gates[i];

		if (gate->kind == GATE_http)
			judge_http(p, gate);
		else if (gate->kind == GATE_vitals)
			judge_vitals(p, gate);
		else if (gate->kind == GATE_rpc && judge_rpc(p, gate, err))
			return -1;
	}
	return 0;
}

int probe_node(struct probe *out, struct node *node, struct arena *arena,
	       const struct target *target, const json_t *baseline, struct error *err)
{
	struct probe probe = {
		.verdict = PROBE_pass,
		.text = "",
		.measures = json_object(),
		.census = json_object(),
	};
	struct probing p = {
		.node = node,
		.arena = arena,
		.target = target,
		.baseline = baseline,
		.probe = &probe,
	};

	if (judge(&p, err)) {
		probe_done(&probe);
		return -1;
	}
	*out = probe;
	return 0;
}

void probe_done(struct probe *probe)
{
	json_decref(probe->measures);
	json_decref(probe->census);
}
