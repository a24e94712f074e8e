// SPDX-License-Identifier: Apache-2.0
/* Gates that ask the node itself. */
#include "upgrade/health/gates.h"

#include <inttypes.h>

/* ---- vitals ---- */

/* Whether it is more than it may be; then *text says so, behind what it says already. */
static bool over(const char **text, struct probing *p, const char *what, int64_t value,
		 int64_t limit)
{
	if (limit < 0 || value <= limit)
		return false;
	*text = arena_printf(p->arena, "%s%s%s is %" PRId64 ", over %" PRId64, *text,
			     **text ? ", and " : "", what, value, limit);
	return true;
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

static int64_t before(const struct probing *p, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(p->baseline, "measures"), name));
}

static int64_t crashed(const struct probing *p)
{
	int64_t was = before(p, "crashes");

	/* Counted anew. */
	return p->crashes < was ? p->crashes : p->crashes - was;
}

static bool has_grown(const char **text, struct probing *p, int64_t percent)
{
	int64_t was = before(p, "memory"), is = p->vitals.memory;

	if (percent < 0 || was <= 0 || is <= was / 100 * (100 + percent))
		return false;
	*text = arena_printf(p->arena,
			     "%s%smemory is %" PRId64 " MB, and was %" PRId64 " MB: over %" PRId64
			     " %% more",
			     *text, **text ? ", and " : "", is >> 20, was >> 20, percent);
	return true;
}

enum probe_verdict gate_vitals(const char **text, struct probing *p, const struct target_gate *gate)
{
	const struct node_vitals *v = &p->vitals;
	const char *who = "";
	int64_t count = restarts(p, &who);
	bool bad = false;

	bad |= over(text, p, "the run queue", v->run_queue, gate->run_queue);
	bad |= over(text, p, arena_printf(p->arena, "the mailbox of %s", v->queue_process),
		    v->queue_len, gate->mailbox);
	bad |= over(text, p,
		    arena_printf(p->arena, "the number of processes that were restarted (%s)", who),
		    count, gate->restarts);
	bad |= p->baseline &&
	       over(text, p, "the number of processes that crashed", crashed(p), gate->crashes);
	bad |= over(text, p, "the memory in MB", v->memory >> 20, gate->memory_mb);
	bad |= has_grown(text, p, gate->memory_growth);
	bad |= over(text, p, "the number of processes", v->processes, gate->processes);
	bad |= over(text, p, "the number of ports", v->ports, gate->ports);
	return bad ? PROBE_fail : PROBE_pass;
}

/* ---- rpc ---- */

enum probe_verdict gate_rpc(const char **text, struct probing *p, const struct target_gate *gate,
			    struct error *err)
{
	owned_str struct str words = STR_EMPTY;
	const struct term *value, *bad;

	if (node_eval(&value, &bad, node_dist(p->node), p->arena, "the rpc of health",
		      span_of(gate->expression), NULL, 0, node_deadline(p->node), err)) {
		bool said = err->kind == ERROR_INVALID || err->kind == ERROR_FAILED;

		*text = said ? arena_printf(p->arena, "%s", err->text) : NULL;
		return PROBE_none;
	}
	if (value && (term_is_atom(value, "true") || term_is_atom(value, "ok")))
		return PROBE_pass;
	if (value && (term_is_atom(value, "undefined") || term_is_atom(value, "unknown"))) {
		*text = arena_printf(p->arena, "%s says nothing", gate->expression);
		return PROBE_none;
	}
	if (value)
		rpc_reason_whole(&words, value);
	else
		rpc_reason(&words, bad);
	*text = arena_printf(p->arena, "%s %s %s, not ok", gate->expression,
			     value ? "is" : "failed with", str_text(&words));
	return PROBE_fail;
}
