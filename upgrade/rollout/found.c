// SPDX-License-Identifier: Apache-2.0
#include "upgrade/rollout/found.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *clock_text(struct arena *arena, int64_t seconds)
{
	time_t at = (time_t)seconds;
	char text[16] = "?";
	struct tm tm;

	if (localtime_r(&at, &tm))
		strftime(text, sizeof(text), "%H:%M:%S", &tm);
	return arena_dup(arena, span_of(text));
}

const char *found_text(bool *changed, json_t **known, struct arena *arena, const json_t *findings)
{
	owned_str struct str text = STR_EMPTY;
	json_t *since = json_object(), *was = *known;
	const json_t *finding;
	const char *said;
	size_t i;

	*changed = false;
	json_array_foreach (findings, i, finding) {
		char gate[24];
		json_t *at;

		snprintf(gate, sizeof(gate), "%s%lld",
			 json_is_true(json_object_get(finding, "fails")) ? "" : "?",
			 (long long)json_integer_value(json_object_get(finding, "gate")));
		said = json_string_value(json_object_get(finding, "text"));
		at = json_object_get(was, gate);
		*changed = *changed || !at;
		at = at ? json_incref(at) : json_integer((json_int_t)time(NULL));
		json_object_set_new(since, gate, at);
		str_addf(&text, "%s%s, since %s", text.len ? "; " : "", said ? said : "",
			 clock_text(arena, json_integer_value(at)));
	}
	json_decref(was);
	*known = since;
	return arena_dup(arena, str_span(&text));
}
