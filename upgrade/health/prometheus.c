// SPDX-License-Identifier: Apache-2.0
/* The answer of Prometheus to an instant query: a scalar, or a vector of which each must be well.
 */
#include "upgrade/health/gates.h"

#include <math.h>
#include <stdlib.h>

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* [TIME, "NUMBER"]; false: it is none. */
static bool read_value(double *out, const json_t *pair)
{
	const char *text = json_string_value(json_array_get(pair, 1));
	char *end;

	if (!text)
		return false;
	*out = strtod(text, &end);
	return end > text && *end == '\0' && !isnan(*out);
}

static const char *labels(struct arena *arena, const json_t *metric)
{
	char *text =
		json_object_size(metric) ? json_dumps(metric, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	const char *out = text ? arena_printf(arena, " for %.200s", text) : "";

	free(text);
	return out;
}

static enum probe_verdict judge_value(const char **text, struct arena *arena, const json_t *pair,
				      const json_t *metric, const struct target_gate *gate,
				      const char *where)
{
	double value;

	if (!read_value(&value, pair)) {
		*text = arena_printf(arena, "%s is no number%s", where, labels(arena, metric));
		return PROBE_none;
	}
	if (value > gate->at_most)
		*text = arena_printf(arena, "%s is %g%s, over %g", where, value,
				     labels(arena, metric), gate->at_most);
	else if (value < gate->at_least)
		*text = arena_printf(arena, "%s is %g%s, under %g", where, value,
				     labels(arena, metric), gate->at_least);
	else
		return PROBE_pass;
	return PROBE_fail;
}

static enum probe_verdict judge_vector(const char **text, struct arena *arena, const json_t *vector,
				       const struct target_gate *gate, const char *where)
{
	enum probe_verdict worst = PROBE_pass;
	const json_t *each;
	size_t i;

	if (json_array_size(vector) == 0) {
		*text = arena_printf(arena, "%s: no data", where);
		return PROBE_none;
	}
	json_array_foreach (vector, i, each) {
		const char *said = "";
		enum probe_verdict verdict =
			judge_value(&said, arena, json_object_get(each, "value"),
				    json_object_get(each, "metric"), gate, where);

		if (verdict == PROBE_pass || worst == PROBE_fail ||
		    (worst == PROBE_none && verdict == PROBE_none))
			continue;
		worst = verdict;
		*text = said;
	}
	return worst;
}

enum probe_verdict prometheus_judge(const char **text, struct arena *arena, const char *answer,
				    size_t len, const struct target_gate *gate, const char *where)
{
	json_t *root = json_loadb(answer, len, 0, NULL);
	const json_t *data = json_object_get(root, "data"),
		     *result = json_object_get(data, "result");
	const char *kind = text_of(data, "resultType");
	enum probe_verdict verdict = PROBE_none;

	if (strcmp(text_of(root, "status"), "success") != 0)
		*text = arena_printf(arena, "%s: %s", where,
				     *text_of(root, "error") ? text_of(root, "error")
							     : "no answer of Prometheus");
	else if (strcmp(kind, "vector") == 0)
		verdict = judge_vector(text, arena, result, gate, where);
	else if (strcmp(kind, "scalar") == 0)
		verdict = judge_value(text, arena, result, NULL, gate, where);
	else
		*text = arena_printf(arena, "%s is neither a number nor a list of them", where);
	json_decref(root);
	return verdict;
}
