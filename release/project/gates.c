// SPDX-License-Identifier: Apache-2.0
/* The key "health" of a target: what tells that a node is well. */
#include "release/project/target.h"
#include "release/project/target_parts.h"

#include <math.h>

enum { GATES_MAX = 100 };

static int get_decimal(struct project_reader *r, const struct project_field *f, void *into)
{
	if (!json_is_number(f->value))
		return project_wrong(r, f, "a number");
	*(double *)into = json_number_value(f->value);
	return 0;
}

static int get_header(struct project_reader *r, const struct project_field *f, void *into)
{
	const char *text = json_string_value(f->value);

	if (!text || !strchr(text, ':') || text[0] == ':')
		return project_wrong(r, f, "a header and what is in it, such as \"x-ready: yes\"");
	return project_get_text(r, f, into);
}

static int get_metric(struct project_reader *r, const struct project_field *f, void *into)
{
	static const char *const words[] = { "memory",    "run_queue", "mailbox",
					     "processes", "latency",   NULL };

	return target_get_word(r, f, into, words,
			       "memory, run_queue, mailbox, processes or latency");
}

/* clang-format off */
#define IN(member) offsetof(struct target_gate, member)
static const struct project_key gate_keys[] = {
	{ "http.url", "URL", "", "", project_get_text, IN(url) },
	{ "http.expect", "number", "", "", target_get_positive, IN(expect) },
	{ "http.body", "text", "", "", project_get_text, IN(body) },
	{ "http.header", "NAME: TEXT", "", "", get_header, IN(header) },
	{ "http.latency", "time", "", "", target_get_duration, IN(latency_ms) },
	{ "http.ca", "file", "", "", project_get_path, IN(ca) },
	{ "tcp.port", "number", "", "", target_get_positive, IN(port) },
	{ "tcp.host", "name", "", "", project_get_text, IN(host) },
	{ "tcp.latency", "time", "", "", target_get_duration, IN(latency_ms) },
	{ "vitals.run_queue", "number", "", "", target_get_number, IN(run_queue) },
	{ "vitals.mailbox", "number", "", "", target_get_number, IN(mailbox) },
	{ "vitals.restarts", "number", "", "", target_get_number, IN(restarts) },
	{ "vitals.crashes", "number", "", "", target_get_number, IN(crashes) },
	{ "vitals.memory", "number of MB", "", "", target_get_number, IN(memory_mb) },
	{ "vitals.memory_growth", "percent", "", "", target_get_number, IN(memory_growth) },
	{ "vitals.processes", "number", "", "", target_get_number, IN(processes) },
	{ "vitals.ports", "number", "", "", target_get_number, IN(ports) },
	{ "rpc", "Erlang", "", "", project_get_text, IN(expression) },
	{ "exec", "shell command", "", "", project_get_text, IN(command) },
	{ "prometheus.url", "URL", "", "", project_get_text, IN(url) },
	{ "prometheus.query", "PromQL", "", "", project_get_text, IN(query) },
	{ "prometheus.max", "number", "", "", get_decimal, IN(at_most) },
	{ "prometheus.min", "number", "", "", get_decimal, IN(at_least) },
	{ "prometheus.ca", "file", "", "", project_get_path, IN(ca) },
	{ "prometheus.token_file", "file", "", "", project_get_path, IN(token_file) },
	{ "compare.metric", "name", "", "", get_metric, IN(metric) },
	{ "compare.min_samples", "number", "", "", target_get_positive, IN(min_samples) },
	{ NULL, NULL, NULL, NULL, NULL, 0 },
};
/* clang-format on */

/* In the order of enum gate_kind. */
static const char *const kinds[] = {
	"http", "tcp", "vitals", "rpc", "exec", "prometheus", "compare"
};

/* What is missing in it; NULL: nothing. */
static const char *lacks(const struct target_gate *gate)
{
	if (gate->kind == GATE_http && !gate->url)
		return "a url for http";
	if (gate->kind == GATE_tcp && gate->port == 0)
		return "a port for tcp";
	if (gate->kind == GATE_prometheus && (!gate->url || !gate->query))
		return "a url and a query for prometheus";
	if (gate->kind == GATE_prometheus && isnan(gate->at_most) && isnan(gate->at_least))
		return "max or min for what prometheus answers";
	if (gate->kind == GATE_compare && !gate->metric)
		return "a metric to compare";
	return NULL;
}

static int get_gate(struct project_reader *r, const struct project_field *f,
		    struct target_gate *gate)
{
	const char *lacking;

	*gate = (struct target_gate)TARGET_GATE_RESTARTS(-1);
	if (json_object_size(f->value) != 1)
		return project_wrong(r, f, "gates of one kind each: [{http: …}, {rpc: …}]");
	if (target_read_object(r, f->value, gate_keys, gate))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (json_object_get(f->value, kinds[i]))
			gate->kind = (enum gate_kind)i;
	lacking = lacks(gate);
	return lacking ? project_wrong(r, f, lacking) : 0;
}

int target_get_health(struct project_reader *r, const struct project_field *f, void *into)
{
	struct target *target = into;
	struct target_gate *gates =
		arena_array(r->arena, json_array_size(f->value), struct target_gate);
	const json_t *item;
	size_t i;

	if (!json_is_array(f->value) || json_array_size(f->value) > GATES_MAX)
		return project_wrong(r, f, "a list: [{http: …}, {vitals: …}]");
	json_array_foreach (f->value, i, item) {
		struct project_field element = { f->object, f->key, f->path, item };

		if (get_gate(r, &element, &gates[i]))
			return -1;
	}
	target->gates = gates;
	target->gates_len = json_array_size(f->value);
	return 0;
}

int target_read_gates(struct target *target, struct arena *arena, const json_t *list,
		      struct error *err)
{
	struct project project = { .dir = "/" };
	struct project_reader r = {
		.project = &project, .arena = arena, .yaml = { .name = "health" }, .err = err
	};
	const struct project_field field = { NULL, "health", "health", list };
	int ret = target_get_health(&r, &field, target);

	arena_done(&r.yaml.arena);
	return ret;
}

const char *target_gate_name(enum gate_kind kind)
{
	return kinds[kind];
}
