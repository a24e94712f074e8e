// SPDX-License-Identifier: Apache-2.0
#include "upgrade/health/probe.h"

#include "upgrade/health/gates.h"
#include "upgrade/node/watch.h"

#include <inttypes.h>
#include <string.h>

enum { CENSUS_MAX = 10000, CRASHES_KEPT_MS = 900000 };

const char *probe_fill(struct arena *arena, const char *text, const char *node, bool url)
{
	const char *at = strchr(node, '@');
	struct span name = { node, at ? (size_t)(at - node) : strlen(node) };
	struct span host = span_of(at ? at + 1 : "");
	bool six = url && memchr(host.ptr, ':', host.len) != NULL;
	owned_str struct str out = STR_EMPTY;

	while (*text) {
		if (strncmp(text, "{host}", 6) == 0) {
			str_addf(&out, "%s" SPAN_FMT "%s", six ? "[" : "", SPAN_ARG(host),
				 six ? "]" : "");
			text += 6;
		} else if (strncmp(text, "{name}", 6) == 0) {
			str_add(&out, name);
			text += 6;
		} else if (strncmp(text, "{node}", 6) == 0) {
			str_add(&out, span_of(node));
			text += 6;
		} else {
			str_addc(&out, *text++);
		}
	}
	return arena_dup(arena, str_span(&out));
}

/* ---- what is measured ---- */

void probe_note(struct probing *p, const char *name, int64_t value)
{
	json_object_set_new(p->probe->measures, name, json_integer(value));
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
		/* A VM that was restarted may give its processes the same pids again. */
		str_addf(&pid, "%" PRIu32 " ", node_creation(p->node));
		term_print(&pid, term_at(entry, 1));
		json_object_set_new(p->probe->census, name, json_string(str_text(&pid)));
	}
	return 0;
}

/* Only where a gate asks for it: counting puts a filter into the node's logger. */
static int take_crashes(struct probing *p, struct error *err)
{
	const char *began;
	bool wanted = false;

	for (size_t i = 0; i < p->target->gates_len; i++)
		wanted = wanted || p->target->gates[i].crashes >= 0;
	p->crashes = -1;
	if (!wanted)
		return 0;
	if (crashes_count(&p->crashes, &began, p->node, p->arena, CRASHES_KEPT_MS, err))
		return -1;
	probe_note(p, "crashes", p->crashes);
	return 0;
}

static int measure(struct probing *p, struct error *err)
{
	if (node_vitals(&p->vitals, p->node, p->arena, err) || take_census(p, err) ||
	    take_crashes(p, err))
		return -1;
	probe_note(p, "run_queue", p->vitals.run_queue);
	probe_note(p, "mailbox", p->vitals.queue_len);
	probe_note(p, "memory", p->vitals.memory);
	probe_note(p, "processes", p->vitals.processes);
	probe_note(p, "ports", p->vitals.ports);
	return 0;
}

/* ---- the verdict ---- */

/* The worst counts. */
static void find(struct probing *p, size_t gate, enum probe_verdict verdict, const char *text)
{
	json_t *words;

	if (verdict == PROBE_pass)
		return;
	if (p->probe->verdict != PROBE_fail)
		p->probe->verdict = verdict;
	words = json_string(text);
	json_array_append_new(p->probe->findings,
			      json_pack("{s:I, s:b, s:o}", "gate", (json_int_t)gate, "fails",
					verdict == PROBE_fail, "text",
					words ? words : json_string("(not to be printed)")));
}

typedef enum probe_verdict gate_fn(const char **text, struct probing *p,
				   const struct target_gate *gate);

static int judge(struct probing *p, struct error *err)
{
	static gate_fn *const gates[] = {
		[GATE_http] = gate_http,
		[GATE_tcp] = gate_tcp,
		[GATE_vitals] = gate_vitals,
		[GATE_exec] = gate_exec,
		[GATE_prometheus] = gate_prometheus,
	};

	for (size_t i = 0; i < p->target->gates_len; i++) {
		const struct target_gate *gate = &p->target->gates[i];
		enum probe_verdict verdict;
		const char *text = "";

		if (gate->kind == GATE_compare)
			continue; /* between nodes */
		verdict = gate->kind == GATE_rpc ? gate_rpc(&text, p, gate, err)
						 : gates[gate->kind](&text, p, gate);
		if (!text)
			return -1;
		find(p, i, verdict, text);
	}
	return 0;
}

static int look(struct probe *out, struct node *node, struct arena *arena,
		const struct target *target, const json_t *baseline, bool judges, struct error *err)
{
	struct probe probe = {
		.verdict = PROBE_pass,
		.findings = json_array(),
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

	if (measure(&p, err) || (judges && judge(&p, err))) {
		probe_done(&probe);
		return -1;
	}
	*out = probe;
	return 0;
}

int probe_node(struct probe *out, struct node *node, struct arena *arena,
	       const struct target *target, const json_t *baseline, struct error *err)
{
	return look(out, node, arena, target, baseline, true, err);
}

int probe_measure(struct probe *out, struct node *node, struct arena *arena,
		  const struct target *target, struct error *err)
{
	return look(out, node, arena, target, NULL, false, err);
}

void probe_done(struct probe *probe)
{
	json_decref(probe->findings);
	json_decref(probe->measures);
	json_decref(probe->census);
}
