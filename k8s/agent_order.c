// SPDX-License-Identifier: Apache-2.0
#include "k8s/agent_order.h"

#include <string.h>

enum { TEXT_MAX = 256, ALLOW_MAX = 64, SECONDS_MAX = 86400, NODE_S = 300, ANSWER_S = 10 };

static const enum action_kind kinds[] = { ACTION_look,    ACTION_stage,  ACTION_install,
					  ACTION_probe,   ACTION_commit, ACTION_revert,
					  ACTION_undrain, ACTION_foresee };

enum action_kind agent_action_of(const char *path)
{
	if (strncmp(path, "/v1/", 4) != 0)
		return ACTION_none;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(path + 4, action_name(kinds[i])) == 0)
			return kinds[i];
	return ACTION_none;
}

static const char *const ways[] = {
	[WAY_none] = "none", [WAY_hot] = "hot", [WAY_restart] = "restart"
};

const char *agent_way_name(enum way way)
{
	return ways[way];
}

void agent_order_done(struct agent_order *order)
{
	json_decref(order->json);
	order->json = NULL;
}

static int wrong(struct error *err, const char *key, const char *want)
{
	return error_set(err, ERROR_INVALID, "\"%s\" is not %s", key, want);
}

static int get_number(uint64_t *out, const json_t *json, const char *key, struct error *err)
{
	const json_t *value = json_object_get(json, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return wrong(err, key, "a number from 0 on");
	*out = (uint64_t)json_integer_value(value);
	return 0;
}

/* Absent, null, or a text of one line. */
static int get_text(const char **out, struct arena *arena, const json_t *json, const char *key,
		    struct error *err)
{
	const json_t *value = json_object_get(json, key);
	const char *text = json_string_value(value);

	*out = NULL;
	if (!value || json_is_null(value))
		return 0;
	if (!text || !text[0] || json_string_length(value) > TEXT_MAX ||
	    strlen(text) != json_string_length(value))
		return wrong(err, key, "a text, or null");
	*out = arena_dup(arena, span_of(text));
	return 0;
}

static int get_version(const char **out, struct arena *arena, const json_t *json, const char *key,
		       struct error *err)
{
	if (get_text(out, arena, json, key, err))
		return -1;
	return *out && !version_is_word(*out) ? wrong(err, key, "a version, or null") : 0;
}

static int get_way(enum way *out, const json_t *json, struct error *err)
{
	const json_t *value = json_object_get(json, "way");

	*out = WAY_none;
	if (!value || json_is_null(value))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		if (json_is_string(value) && strcmp(json_string_value(value), ways[i]) == 0) {
			*out = (enum way)i;
			return 0;
		}
	return wrong(err, "way", "\"hot\", \"restart\" or \"none\"");
}

static int get_seconds(int64_t *out_ms, const json_t *timeouts, const char *key, int64_t otherwise,
		       struct error *err)
{
	const json_t *value = json_object_get(timeouts, key);
	json_int_t seconds = value ? json_integer_value(value) : otherwise;

	if (seconds < 1 || seconds > SECONDS_MAX)
		return wrong(err, key, "a number of seconds, from 1 to 86400");
	*out_ms = seconds * 1000;
	return 0;
}

static int get_allow(struct names *out, struct arena *arena, const json_t *json, struct error *err)
{
	const json_t *list = json_object_get(json, "allow");
	const char **items = arena_array(arena, ALLOW_MAX, const char *);
	const json_t *item;
	size_t i;

	*out = (struct names){ items, 0 };
	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list) || json_array_size(list) > ALLOW_MAX)
		return wrong(err, "allow", "a list of codes");
	json_array_foreach (list, i, item) {
		if (!json_is_string(item) || !name_is_word(json_string_value(item)) ||
		    json_string_length(item) > TEXT_MAX)
			return wrong(err, "allow", "a list of codes");
		items[i] = arena_dup(arena, span_of(json_string_value(item)));
	}
	out->len = json_array_size(list);
	return 0;
}

/* Absent, null, or of that type. */
static int get_part(const json_t **out, const json_t *json, const char *key, json_type type,
		    struct error *err)
{
	const json_t *value = json_object_get(json, key);

	*out = NULL;
	if (!value || json_is_null(value))
		return 0;
	if (json_typeof(value) != type)
		return wrong(err, key, type == JSON_ARRAY ? "a list" : "an object");
	*out = value;
	return 0;
}

/* Of what can be seen from here: nothing is run for whoever commands, nobody else is asked. */
static int get_gates(struct agent_order *out, struct arena *arena, const json_t *json,
		     struct error *err)
{
	const json_t *list;
	struct target target = { .gates = NULL };

	if (get_part(&list, json, "health", JSON_ARRAY, err))
		return -1;
	if (!list)
		return 0;
	if (target_read_gates(&target, arena, list, err))
		return -1;
	for (size_t i = 0; i < target.gates_len; i++) {
		enum gate_kind kind = target.gates[i].kind;

		if (kind != GATE_http && kind != GATE_tcp && kind != GATE_vitals &&
		    kind != GATE_rpc)
			return error_set(err, ERROR_INVALID,
					 "\"health\": %s is not asked by an agent",
					 target_gate_name(kind));
	}
	out->gates = target.gates;
	out->gates_len = target.gates_len;
	return 0;
}

static int read_order(struct agent_order *out, struct arena *arena, struct error *err)
{
	const json_t *json = out->json, *timeouts;

	if (get_number(&out->token, json, "token", err) || get_number(&out->id, json, "id", err) ||
	    get_text(&out->attempt, arena, json, "attempt", err) ||
	    desired_read(&out->release, arena, json_object_get(json, "release"), err) ||
	    get_way(&out->way, json, err) || get_version(&out->vsn, arena, json, "version", err) ||
	    get_version(&out->from, arena, json, "from", err) ||
	    get_part(&timeouts, json, "timeouts", JSON_OBJECT, err) ||
	    get_seconds(&out->node_ms, timeouts, "node", NODE_S, err) ||
	    get_seconds(&out->answer_ms, timeouts, "answer", ANSWER_S, err) ||
	    get_allow(&out->allow, arena, json, err) ||
	    get_part(&out->baseline, json, "baseline", JSON_OBJECT, err) ||
	    get_gates(out, arena, json, err))
		return -1;
	if (!out->attempt)
		return wrong(err, "attempt", "the name of one");
	if (!out->vsn && (out->kind == ACTION_commit || out->kind == ACTION_revert))
		return wrong(err, "version", "a version");
	return 0;
}

int agent_order_read(struct agent_order *out, struct arena *arena, enum action_kind kind,
		     struct span body, struct error *err)
{
	struct agent_order order = { .kind = kind };
	json_error_t where;

	order.json = json_loadb(body.ptr, body.len, JSON_REJECT_DUPLICATES, &where);
	if (!json_is_object(order.json)) {
		agent_order_done(&order);
		return error_set(err, ERROR_INVALID, "the body is no JSON object: %s", where.text);
	}
	if (read_order(&order, arena, err)) {
		agent_order_done(&order);
		return -1;
	}
	*out = order;
	return 0;
}
