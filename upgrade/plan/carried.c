// SPDX-License-Identifier: Apache-2.0
#include "upgrade/plan/carried.h"

#include "base/hash.h"
#include "upgrade/plan/plan.h"

enum { PLANS_MAX = 1000, REASONS_MAX = 100000, MANIFEST_MAX = 64 << 20 };

json_t *carried_json(const struct plan *plan, const char *digest)
{
	return json_pack("{s:s, s:s, s:s, s:b, s:o}", "from", plan->diff->old_release->vsn,
			 "digest", digest, "verdict", verdict_name(plan->verdict), "reversible",
			 plan->reversible, "reasons", reasons_json(&plan->reasons));
}

int carried_digest(const char **out, struct arena *arena, const struct release *release,
		   struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	char hex[HASH_HEX_MAX];

	*out = "";
	if (!release->manifest)
		return 0;
	if (tree_read(release->tree, release->manifest, MANIFEST_MAX, &text, err))
		return -1;
	hash_hex(HASH_SHA256, str_span(&text), hex);
	*out = arena_dup(arena, span_of(hex));
	return 0;
}

/* ---- reading ---- */

static const char *text_of(struct arena *arena, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? arena_dup(arena, span_of(text)) : NULL;
}

static bool severity_find(const char *name, enum severity *out)
{
	for (int i = SEVERITY_INFO; i <= SEVERITY_IMPOSSIBLE; i++) {
		if (strcmp(severity_name((enum severity)i), name) == 0) {
			*out = (enum severity)i;
			return true;
		}
	}
	return false;
}

static int parse_reason(struct reason *out, struct arena *arena, const json_t *json,
			struct error *err)
{
	const char *code = json_string_value(json_object_get(json, "code"));
	const char *severity = json_string_value(json_object_get(json, "severity"));
	struct reason reason = { .application = text_of(arena, json, "application"),
				 .module = text_of(arena, json, "module"),
				 .message = text_of(arena, json, "message"),
				 .hint = text_of(arena, json, "hint"),
				 .allowed = json_is_true(json_object_get(json, "allowed")) };

	if (!code || !severity || !reason.message)
		return error_set(err, ERROR_INVALID, "a reason without code, severity or message");
	if (!reason_find(code, &reason.code) || !severity_find(severity, &reason.severity)) {
		error_set_(err, ERROR_INVALID, "a reason that is not known here: %s (%s)", code,
			   severity);
		return error_hint(err, "A newer relevo has built it: install it with that one.");
	}
	*out = reason;
	return 0;
}

static int parse_plan(struct carried_plan *out, struct arena *arena, const json_t *json,
		      struct error *err)
{
	const json_t *list = json_object_get(json, "reasons");
	size_t len = json_array_size(list);
	struct carried_plan plan = { .from = text_of(arena, json, "from"),
				     .digest = text_of(arena, json, "digest"),
				     .reversible =
					     json_is_true(json_object_get(json, "reversible")) };

	if (!plan.from || !plan.digest || !json_is_array(list) || len > REASONS_MAX)
		return error_set(err, ERROR_INVALID, "want \"from\", \"digest\" and \"reasons\"");
	plan.reasons = (struct reasons){ arena_array(arena, len, struct reason), len, len };
	for (size_t i = 0; i < len; i++)
		if (parse_reason(&plan.reasons.items[i], arena, json_array_get(list, i), err))
			return -1;
	*out = plan;
	return 0;
}

static int parse_plans(struct carried *out, struct arena *arena, const json_t *root,
		       struct error *err)
{
	const json_t *list = json_object_get(root, "plans");
	size_t len = json_array_size(list);
	struct carried_plan *items;

	if (!json_is_array(list) || len > PLANS_MAX)
		return error_set(err, ERROR_INVALID, "want a list of \"plans\"");
	items = arena_array(arena, len, struct carried_plan);
	for (size_t i = 0; i < len; i++)
		if (parse_plan(&items[i], arena, json_array_get(list, i), err))
			return -1;
	*out = (struct carried){ items, len };
	return 0;
}

int carried_parse(struct carried *out, struct arena *arena, struct span json, const char *name,
		  struct error *err)
{
	json_error_t fault;
	json_t *root = json_loadb(json.ptr, json.len, JSON_REJECT_DUPLICATES, &fault);
	int ret;

	if (!root)
		return error_set(err, ERROR_INVALID, "%s:%d: %s", name, fault.line, fault.text);
	ret = parse_plans(out, arena, root, err);
	json_decref(root);
	return ret ? error_wrap(err, "%s", name) : 0;
}

const struct carried_plan *carried_from(const struct carried *carried, const char *vsn)
{
	for (size_t i = 0; i < carried->len; i++)
		if (strcmp(carried->items[i].from, vsn) == 0)
			return &carried->items[i];
	return NULL;
}
