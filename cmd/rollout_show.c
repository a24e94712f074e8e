// SPDX-License-Identifier: Apache-2.0
/* A rollout as people and scripts see it. */
#include "base/clock.h"
#include "cmd/output.h"
#include "cmd/rollout.h"

#include <inttypes.h>

enum { CLOCK_MAX_MS = 15000 };

static const char *const way_words[] = { "-", "hot", "restart" };
static const char *const health_words[] = { "-", "well", "not well" };
static const char *const health_codes[] = { "unknown", "pass", "fail" };

/* ---- for scripts ---- */

/* The rollout's clock is written down now and then only; whoever drives it has gone on since.  The
 * clock that it follows is that of this machine since it booted.
 */
static int64_t clock_now(const struct rollout *r)
{
	int64_t since = r->wall >= 0 && r->phase != PHASE_end ? clock_mono_ms() - r->wall : 0;

	return since > 0 && since < CLOCK_MAX_MS ? r->clock + since : r->clock;
}

static int64_t left(const struct rollout *r, int64_t until)
{
	int64_t now = clock_now(r);

	return r->phase == PHASE_waves && until > now ? until - now : 0;
}

static json_t *node_json(const struct rollout_node *node)
{
	return json_pack(
		"{s:s, s:s, s:i, s:s, s:s, s:s?, s:s?, s:s?, s:s, s:b, s:b, s:b, s:s?, s:s}",
		"node", node->name, "zone", node->zone, "wave", (int)node->wave + 1, "stage",
		stage_name(node->stage), "way",
		node->way == WAY_none ? "none" : way_words[node->way], "from", node->from, "runs",
		node->runs, "boots", node->boots, "health", health_codes[node->health], "touched",
		node->touched, "drained", node->drained, "lost", node->lost_at >= 0, "doing",
		node->doing.id ? action_name(node->doing.kind) : NULL, "why", node->why);
}

json_t *session_json(const struct session *s, const char *driver)
{
	const struct rollout *r = s->rollout;
	json_t *nodes = json_array();

	for (size_t i = 0; i < r->len; i++)
		json_array_append_new(nodes, node_json(&r->nodes[i]));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:I, s:I, s:I, s:s?, s:o}",
			 "target", s->target->name, "release", r->release, "version", r->to,
			 "phase", rollout_phase_name(r->phase), "result", result_name(r->result),
			 "paused", paused_name(r->paused), "wave", (int)r->wave + 1, "waves",
			 (int)rollout_waves(r), "why", r->why, "bake_left_ms",
			 (json_int_t)left(r, r->bake_until), "pause_left_ms",
			 (json_int_t)left(r, r->pause_until), "max_unavailable",
			 (json_int_t)rollout_max_unavailable(r), "driver",
			 driver && driver[0] ? driver : NULL, "nodes", nodes);
}

/* ---- for people ---- */

static const char *state_words(struct arena *arena, const struct rollout *r, bool times)
{
	int64_t bake = times ? left(r, r->bake_until) : 0;
	int64_t pause = times ? left(r, r->pause_until) : 0;

	if (r->phase == PHASE_end)
		return r->result == RESULT_rolled_back ? "taken back"
		       : r->result == RESULT_stuck     ? "needs a person"
						       : result_name(r->result);
	if (r->paused != PAUSED_no)
		return "paused";
	if (r->phase != PHASE_waves)
		return r->phase == PHASE_back ? "going back" : rollout_phase_name(r->phase);
	if (bake > 0)
		return arena_printf(arena, "wave %u of %u, watched for %" PRId64 " s more",
				    r->wave + 1, rollout_waves(r), (bake + 999) / 1000);
	if (pause > 0)
		return arena_printf(arena, "wave %u of %u, waits for %" PRId64 " s more",
				    r->wave + 1, rollout_waves(r), (pause + 999) / 1000);
	return arena_printf(arena, "wave %u of %u", r->wave + 1, rollout_waves(r));
}

static void add_state(struct str *out, struct arena *arena, const struct session *s,
		      const char *driver, bool times)
{
	const struct rollout *r = s->rollout;

	str_addf(out, "%s: %s %s, %s", s->target->name, r->release, r->to,
		 state_words(arena, r, times));
	if (r->why[0])
		str_addf(out, ": %s", r->why);
	if (r->phase != PHASE_end)
		str_addf(out, "%s%s", driver[0] ? "; driven by " : "; nobody drives it", driver);
}

/* What a node is at: more than the stage that it has reached. */
static const char *stage_words(const struct rollout_node *node)
{
	if (node->stuck)
		return "stuck";
	if (node->doing.id && node->doing.kind == ACTION_stage)
		return "staging";
	if (node->doing.id && node->doing.kind == ACTION_install)
		return node->way == WAY_restart ? "restarting" : "installing";
	if (node->doing.id && node->doing.kind == ACTION_revert)
		return "going back";
	if (node->doing.id && node->doing.kind == ACTION_commit)
		return "committing";
	return node->drained ? "drained" : stage_name(node->stage);
}

static const char *health_of(const struct rollout_node *node)
{
	return node->lost_at >= 0 ? "lost" : health_words[node->health];
}

static enum style style_of(const struct rollout_node *node)
{
	if (node->stuck || node->health == HEALTH_fail)
		return STYLE_BAD;
	if (node->lost_at >= 0 || node->drained || node->stage == STAGE_back)
		return STYLE_WARN;
	return node->stage == STAGE_committed ? STYLE_GOOD : STYLE_PLAIN;
}

/* Whether what was last said of it is of interest. */
static bool has_trouble(const struct rollout_node *node)
{
	return node->why[0] &&
	       (node->stuck || node->health == HEALTH_fail || node->lost_at >= 0 ||
		node->stage == STAGE_back || (node->way == WAY_none && node->stage == STAGE_seen));
}

static size_t longest_name(const struct rollout *r)
{
	size_t longest = strlen("NODE");

	for (size_t i = 0; i < r->len; i++)
		if (strlen(r->nodes[i].name) > longest)
			longest = strlen(r->nodes[i].name);
	return longest;
}

static void add_line(struct str *out, const char *text)
{
	print_add(out, span_of(text), PRINT_LINE);
}

void session_text(struct str *out, const struct session *s, const char *driver, FILE *stream,
		  bool times)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_str struct str state = STR_EMPTY;
	const struct rollout *r = s->rollout;
	int name = (int)longest_name(r);

	add_state(&state, &arena, s, driver, times);
	add_line(out, str_text(&state));
	str_addf(out, "\n%-*s  WAVE  STAGE       WAY      RUNS         HEALTH\n", name, "NODE");
	for (size_t i = 0; i < r->len; i++) {
		const struct rollout_node *node = &r->nodes[i];

		enum style style = style_of(node);

		str_adds(out, style == STYLE_PLAIN ? "" : style_on(stream, style));
		add_line(out, arena_printf(&arena, "%-*s  %-4u  %-10s  %-7s  %-11s  %s", name,
					   node->name, node->wave + 1, stage_words(node),
					   way_words[node->way], node->runs ? node->runs : "-",
					   health_of(node)));
		str_adds(out, style == STYLE_PLAIN ? "" : style_off(stream));
		str_addc(out, '\n');
	}
	for (size_t i = 0; i < r->len; i++)
		if (has_trouble(&r->nodes[i])) {
			add_line(out,
				 arena_printf(&arena, "%s: %s", r->nodes[i].name, r->nodes[i].why));
			str_addc(out, '\n');
		}
}

void session_print(const struct session *s, const char *driver)
{
	owned_str struct str text = STR_EMPTY;

	session_text(&text, s, driver, stdout, true);
	output_lines(&text);
}

/* ---- before anything is done ---- */

static json_t *hooks_json(const struct target *target)
{
	const struct {
		const char *name;
		bool there;
	} hooks[] = {
		{ "before", target->before != NULL },
		{ "once", target->once != NULL },
		{ "before_node", target->before_node != NULL },
		{ "drain", target->drain != NULL },
		{ "drained", target->drained != NULL || target->drained_port != 0 },
		{ "start", target->start != NULL },
		{ "undrain", target->undrain != NULL },
		{ "after_node", target->after_node != NULL },
		{ "after", target->after != NULL },
		{ "failure", target->failure != NULL },
		{ "notify", target->notify_len > 0 },
	};
	json_t *names = json_array();

	for (size_t i = 0; i < ARRAY_LEN(hooks); i++)
		if (hooks[i].there)
			json_array_append_new(names, json_string(hooks[i].name));
	return names;
}

/* That all goes well, and nothing but watching takes time. */
static int64_t watched_ms(const struct rollout *r)
{
	int64_t waves = rollout_waves(r);

	return waves * r->policy.bake_ms + (waves - 1) * r->policy.pause_ms;
}

json_t *session_foreseen_json(const struct session *s, json_t *const *foreseen)
{
	json_t *json = session_json(s, NULL), *nodes = json_object_get(json, "nodes"), *node;
	size_t i;

	json_array_foreach (nodes, i, node)
		json_object_set_new(node, "foreseen",
				    foreseen[i] ? json_incref(foreseen[i]) : json_null());
	json_object_set_new(json, "hooks", hooks_json(s->target));
	json_object_set_new(json, "watched_ms", json_integer(watched_ms(s->rollout)));
	return json;
}

static int64_t number_in(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *suspends(struct arena *arena, const struct rollout_node *node,
			    const json_t *foreseen)
{
	if (!foreseen || node->way == WAY_none)
		return "-";
	if (node->way == WAY_restart)
		return "all of it";
	return arena_printf(arena, "%" PRId64 " for about %" PRId64 " ms",
			    number_in(foreseen, "suspends"),
			    (number_in(foreseen, "suspended_us") + 999) / 1000);
}

/* Nodes of one release have the same way, for the same reason: it is told once. */
static void print_reasons(const struct rollout *r)
{
	for (size_t i = 0; i < r->len; i++) {
		const struct rollout_node *node = &r->nodes[i];
		bool told = node->way == WAY_hot || !node->why[0];

		for (size_t k = 0; k < i && !told; k++)
			told = strcmp(r->nodes[k].why, node->why) == 0;
		if (!told)
			print("%s: %s\n", node->way == WAY_restart ? "by a restart" : node->name,
			      node->why);
	}
}

static void print_refusals(const struct rollout *r, json_t *const *foreseen)
{
	const json_t *refusal;
	size_t k;

	for (size_t i = 0; i < r->len; i++)
		json_array_foreach (json_object_get(foreseen[i], "refusals"), k, refusal)
			print("%s would refuse it: %s\n", r->nodes[i].name,
			      json_string_value(json_object_get(refusal, "message")));
}

static void print_hooks(const struct target *target)
{
	json_t *hooks = hooks_json(target);
	const json_t *hook;
	size_t i;

	json_array_foreach (hooks, i, hook)
		print("%s%s", i ? ", " : "hooks: ", json_string_value(hook));
	if (json_array_size(hooks) > 0)
		print("\n");
	json_decref(hooks);
}

void session_foreseen_print(const struct session *s, json_t *const *foreseen)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_table struct table *table = table_new(6);
	const struct rollout *r = s->rollout;
	char bytes[32];

	print("%s: %s %s would go to %zu nodes in %u waves, at most %zu out at once, watched for "
	      "%lld s\n",
	      s->target->name, r->release, r->to, r->len, rollout_waves(r),
	      rollout_max_unavailable(r), (long long)(watched_ms(r) / 1000));
	table_row(table, "NODE", "WAVE", "RUNS", "WAY", "SUSPENDED", "SENT");
	for (size_t i = 0; i < r->len; i++) {
		const struct rollout_node *node = &r->nodes[i];
		int64_t lacks = number_in(foreseen[i], "lacked_bytes");

		table_row(table, node->name, arena_printf(&arena, "%u", node->wave + 1),
			  node->runs ? node->runs : "-", way_words[node->way],
			  suspends(&arena, node, foreseen[i]),
			  foreseen[i] && lacks > 0 ? human_bytes((uint64_t)lacks, bytes) : "-");
	}
	table_print(table, stdout, "", true);
	print_reasons(r);
	print_refusals(r, foreseen);
	print_hooks(s->target);
	print("Nothing was changed.\n");
}

size_t session_foreseen_refused(const struct session *s, json_t *const *foreseen)
{
	size_t count = 0;

	for (size_t i = 0; i < s->rollout->len; i++)
		count += json_array_size(json_object_get(foreseen[i], "refusals")) > 0;
	return count;
}
