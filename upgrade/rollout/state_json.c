// SPDX-License-Identifier: Apache-2.0
/* The state as JSON, and from it. */
#include "upgrade/rollout/engine.h"

#include <stdio.h>

enum { COUNT_MAX = 1000000 }; /* nodes, percent, tries */

/* ---- names ---- */

static const char *const action_names[ACTION_KINDS] = {
	"none",    "look",   "stage", "install", "probe",   "commit",  "revert",
	"undrain", "before", "judge", "after",   "failure", "foresee",
};
static const char *const outcome_names[OUTCOMES] = {
	"ok", "refused", "rolled_back", "failed", "stuck", "down", "silent", "fenced",
};
static const char *const stage_names[STAGES] = {
	"unknown", "seen", "staged", "installed", "committed", "back", "gone",
};
static const char *const phase_names[PHASES] = {
	"look", "stage", "before", "waves", "commit", "after", "back", "end",
};
static const char *const result_names[RESULTS] = {
	"none", "done", "refused", "rolled_back", "stuck", "fenced", "superseded",
};
static const char *const paused_names[PAUSES] = {
	"no", "wave", "operator", "failure", "no_data", "once", "interrupt",
};
static const char *const mode_names[] = { "auto", "hot", "restart" };
static const char *const failure_names[] = { "rollback", "pause", "stop" };
static const char *const commit_names[] = { "end", "wave" };
static const char *const way_names[] = { "none", "hot", "restart" };
static const char *const health_names[] = { "unknown", "pass", "fail" };
static const char *const once_names[] = { "waiting", "running", "done" };

const char *action_name(enum action_kind kind)
{
	return action_names[kind];
}

const char *outcome_name(enum outcome outcome)
{
	return outcome_names[outcome];
}

const char *stage_name(enum stage stage)
{
	return stage_names[stage];
}

const char *rollout_phase_name(enum phase phase)
{
	return phase_names[phase];
}

const char *result_name(enum result result)
{
	return result_names[result];
}

const char *paused_name(enum paused paused)
{
	return paused_names[paused];
}

/* ---- fields: one list each, written and read by the same rows ---- */

enum field_type {
	FIELD_TEXT,
	FIELD_INT,
	FIELD_LATER_INT, /* the same; 0 in what an older relevo wrote */
	FIELD_UNSIGNED,
	FIELD_U64,
	FIELD_BOOL,
	FIELD_ENUM,
	FIELD_BUFFER, /* char[WHY_MAX] */
	FIELD_AMOUNT,
};

struct field {
	const char *key;
	enum field_type type;
	size_t offset;
	const char *const *names; /* of an enum */
	size_t names_len;
};

#define F(type, what, field)                                        \
	{                                                           \
#field, type, offsetof(struct what, field), NULL, 0 \
	}
#define E(what, field, list)                                                            \
	{                                                                               \
#field, FIELD_ENUM, offsetof(struct what, field), list, ARRAY_LEN(list) \
	}
#define END                                  \
	{                                    \
		NULL, FIELD_TEXT, 0, NULL, 0 \
	}

/* clang-format off */
static const struct field policy_fields[] = {
	E(rollout_policy, mode, mode_names),
	E(rollout_policy, on_failure, failure_names),
	E(rollout_policy, commit, commit_names),
	F(FIELD_AMOUNT, rollout_policy, max_unavailable),
	F(FIELD_INT, rollout_policy, bake_ms),
	F(FIELD_INT, rollout_policy, pause_ms),
	F(FIELD_BOOL, rollout_policy, pause),
	F(FIELD_INT, rollout_policy, probe_ms),
	F(FIELD_UNSIGNED, rollout_policy, fail_limit),
	F(FIELD_INT, rollout_policy, node_ms),
	F(FIELD_INT, rollout_policy, once_ms),
	F(FIELD_INT, rollout_policy, progress_ms),
	F(FIELD_INT, rollout_policy, total_ms),
	F(FIELD_UNSIGNED, rollout_policy, parallel),
	F(FIELD_BOOL, rollout_policy, drain),
	F(FIELD_BOOL, rollout_policy, before),
	F(FIELD_BOOL, rollout_policy, after),
	F(FIELD_BOOL, rollout_policy, judge),
	END,
};

static const struct field doing_fields[] = {
	E(rollout_doing, kind, action_names),
	F(FIELD_U64, rollout_doing, id),
	F(FIELD_INT, rollout_doing, deadline),
	END,
};

static const struct field head_fields[] = {
	F(FIELD_TEXT, rollout, release),
	F(FIELD_TEXT, rollout, to),
	F(FIELD_TEXT, rollout, digest),
	F(FIELD_U64, rollout, token),
	F(FIELD_U64, rollout, last_id),
	F(FIELD_INT, rollout, clock),
	F(FIELD_INT, rollout, wall),
	E(rollout, phase, phase_names),
	E(rollout, result, result_names),
	E(rollout, paused, paused_names),
	F(FIELD_BOOL, rollout, failed),
	F(FIELD_BOOL, rollout, aborted),
	F(FIELD_BOOL, rollout, superseded),
	F(FIELD_UNSIGNED, rollout, wave),
	F(FIELD_INT, rollout, bake_until),
	F(FIELD_INT, rollout, pause_until),
	F(FIELD_BOOL, rollout, promoted),
	E(rollout, judged, health_names),
	F(FIELD_INT, rollout, judged_at),
	F(FIELD_BUFFER, rollout, judged_why),
	F(FIELD_INT, rollout, progress_by),
	F(FIELD_INT, rollout, total_by),
	F(FIELD_U64, rollout, progress),
	E(rollout, before, once_names),
	E(rollout, after, once_names),
	F(FIELD_BUFFER, rollout, why),
	F(FIELD_UNSIGNED, rollout, in_flight),
	END,
};

static const struct field node_fields[] = {
	F(FIELD_TEXT, rollout_node, name),
	F(FIELD_TEXT, rollout_node, zone),
	F(FIELD_TEXT, rollout_node, from),
	F(FIELD_TEXT, rollout_node, runs),
	F(FIELD_TEXT, rollout_node, boots),
	F(FIELD_LATER_INT, rollout_node, born),
	E(rollout_node, way, way_names),
	E(rollout_node, stage, stage_names),
	F(FIELD_UNSIGNED, rollout_node, wave),
	F(FIELD_BOOL, rollout_node, staged),
	F(FIELD_BOOL, rollout_node, touched),
	F(FIELD_BOOL, rollout_node, drained),
	F(FIELD_BOOL, rollout_node, serving),
	F(FIELD_BOOL, rollout_node, cold),
	F(FIELD_BOOL, rollout_node, stuck),
	E(rollout_node, health, health_names),
	F(FIELD_UNSIGNED, rollout_node, fails),
	F(FIELD_UNSIGNED, rollout_node, tries),
	F(FIELD_INT, rollout_node, seen_at),
	F(FIELD_INT, rollout_node, lost_at),
	F(FIELD_BOOL, rollout_node, down),
	F(FIELD_INT, rollout_node, passed_at),
	F(FIELD_INT, rollout_node, installed_at),
	F(FIELD_INT, rollout_node, not_before),
	F(FIELD_INT, rollout_node, undrain_by),
	F(FIELD_BUFFER, rollout_node, why),
	END,
};
/* clang-format on */

/* ---- writing ---- */

static json_t *amount_json(const struct rollout_amount *amount)
{
	return json_pack("{s:I, s:b}", "value", (json_int_t)amount->value, "percent",
			 (int)amount->percent);
}

static json_t *field_json(const struct field *field, const void *from)
{
	const void *at = (const char *)from + field->offset;
	const char *text;

	switch (field->type) {
	case FIELD_TEXT:
		text = *(const char *const *)at;
		return text ? json_string(text) : json_null();
	case FIELD_BUFFER:
		return json_string(at);
	case FIELD_INT:
	case FIELD_LATER_INT:
		return json_integer(*(const int64_t *)at);
	case FIELD_U64:
		return json_integer((json_int_t) * (const uint64_t *)at);
	case FIELD_UNSIGNED:
		return json_integer(*(const unsigned *)at);
	case FIELD_BOOL:
		return json_boolean(*(const bool *)at);
	case FIELD_ENUM:
		return json_string(field->names[*(const unsigned *)at]);
	case FIELD_AMOUNT:
		return amount_json(at);
	}
	return NULL;
}

static json_t *fields_json(const struct field *fields, const void *from)
{
	json_t *object = json_object();

	for (; fields->key; fields++) {
		json_t *value = field_json(fields, from);

		/* A text of a node that is no UTF-8. */
		json_object_set_new(object, fields->key, value ? value : json_string("?"));
	}
	return object;
}

json_t *rollout_policy_json(const struct rollout_policy *policy)
{
	json_t *object = fields_json(policy_fields, policy), *waves = json_array();

	for (size_t i = 0; i < policy->waves_len; i++)
		json_array_append_new(waves, amount_json(&policy->waves[i]));
	json_object_set_new(object, "waves", waves);
	return object;
}

json_t *rollout_head_json(const struct rollout *r)
{
	json_t *object = fields_json(head_fields, r), *bad = json_array();

	for (size_t i = 0; i < r->bad_len; i++)
		json_array_append_new(bad, json_string(r->bad[i]));
	json_object_set_new(object, "bad", bad);
	json_object_set_new(object, "doing", fields_json(doing_fields, &r->doing));
	json_object_set_new(object, "policy", rollout_policy_json(&r->policy));
	return object;
}

json_t *rollout_node_json(const struct rollout_node *node)
{
	json_t *object = fields_json(node_fields, node);

	json_object_set_new(object, "doing", fields_json(doing_fields, &node->doing));
	return object;
}

/* ---- reading ---- */

static int wrong(const char *key, struct error *err)
{
	return error_set(err, ERROR_INVALID, "the state of a rollout: \"%s\" is missing or wrong",
			 key);
}

static int read_amount(struct rollout_amount *out, const json_t *value, const char *key,
		       struct error *err)
{
	const json_t *number = json_object_get(value, "value");
	const json_t *percent = json_object_get(value, "percent");

	if (!json_is_integer(number) || !json_is_boolean(percent) ||
	    json_integer_value(number) < 0 || json_integer_value(number) > COUNT_MAX)
		return wrong(key, err);
	*out = (struct rollout_amount){ json_integer_value(number), json_is_true(percent) };
	return 0;
}

static int read_enum(const struct field *field, unsigned *out, const json_t *value,
		     struct error *err)
{
	for (unsigned i = 0; json_is_string(value) && i < field->names_len; i++) {
		if (strcmp(json_string_value(value), field->names[i]) == 0) {
			*out = i;
			return 0;
		}
	}
	return wrong(field->key, err);
}

static int read_integer(const struct field *field, void *at, const json_t *value, struct error *err)
{
	json_int_t number = json_integer_value(value);
	bool later = field->type == FIELD_LATER_INT, is_signed = later || field->type == FIELD_INT;
	json_int_t least = is_signed ? -ROLLOUT_NEVER_MS : 0;
	json_int_t most = field->type == FIELD_UNSIGNED ? COUNT_MAX : 2 * ROLLOUT_NEVER_MS;

	if ((!json_is_integer(value) && !(later && !value)) || number < least || number > most)
		return wrong(field->key, err);
	if (is_signed)
		*(int64_t *)at = number;
	else if (field->type == FIELD_U64)
		*(uint64_t *)at = (uint64_t)number;
	else
		*(unsigned *)at = (unsigned)number;
	return 0;
}

static int read_field(const struct field *field, void *into, const json_t *value, struct rollout *r,
		      struct error *err)
{
	void *at = (char *)into + field->offset;

	switch (field->type) {
	case FIELD_TEXT:
		if (!json_is_string(value) && !json_is_null(value))
			return wrong(field->key, err);
		*(const char **)at = rollout_text(r, json_string_value(value));
		return 0;
	case FIELD_BUFFER:
		if (!json_is_string(value))
			return wrong(field->key, err);
		snprintf(at, WHY_MAX, "%s", json_string_value(value));
		return 0;
	case FIELD_INT:
	case FIELD_LATER_INT:
	case FIELD_U64:
	case FIELD_UNSIGNED:
		return read_integer(field, at, value, err);
	case FIELD_BOOL:
		if (!json_is_boolean(value))
			return wrong(field->key, err);
		*(bool *)at = json_is_true(value);
		return 0;
	case FIELD_ENUM:
		return read_enum(field, at, value, err);
	case FIELD_AMOUNT:
		return read_amount(at, value, field->key, err);
	}
	return 0;
}

static int read_fields(const struct field *fields, void *into, const json_t *object,
		       struct rollout *r, struct error *err)
{
	for (; fields->key; fields++)
		if (read_field(fields, into, json_object_get(object, fields->key), r, err))
			return -1;
	return 0;
}

static int read_policy(struct rollout *r, const json_t *object, struct error *err)
{
	const json_t *waves = json_object_get(object, "waves"), *item;
	size_t i;

	if (!json_is_array(waves) || json_array_size(waves) > ROLLOUT_WAVES_MAX)
		return wrong("waves", err);
	json_array_foreach (waves, i, item)
		if (read_amount(&r->policy.waves[i], item, "waves", err))
			return -1;
	r->policy.waves_len = json_array_size(waves);
	return read_fields(policy_fields, &r->policy, object, r, err);
}

int rollout_read_head(struct rollout **out, const json_t *head, struct error *err)
{
	owned_rollout struct rollout *r = mem_zero(1, sizeof(*r));
	const json_t *item;
	size_t i;

	if (read_fields(head_fields, r, head, r, err) ||
	    read_fields(doing_fields, &r->doing, json_object_get(head, "doing"), r, err) ||
	    read_policy(r, json_object_get(head, "policy"), err))
		return -1;
	if (!r->to || !r->release)
		return wrong("to", err);
	json_array_foreach (json_object_get(head, "bad"), i, item)
		if (json_is_string(item))
			rollout_add_bad(r, json_string_value(item));
	*out = steal(&r);
	return 0;
}

int rollout_read_node(struct rollout *r, const json_t *object, struct error *err)
{
	const json_t *name = json_object_get(object, "name");
	const char *kept;
	struct rollout_node *node;

	if (!json_is_string(name))
		return wrong("name", err);
	if (rollout_add(r, json_string_value(name), "", err))
		return -1;
	node = &r->nodes[r->len - 1];
	kept = node->name;
	if (read_fields(node_fields, node, object, r, err) ||
	    read_fields(doing_fields, &node->doing, json_object_get(object, "doing"), r, err))
		return -1;
	node->name = kept;
	node->zone = node->zone ? node->zone : "";
	node->dirty = false;
	return 0;
}
