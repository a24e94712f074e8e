// SPDX-License-Identifier: Apache-2.0
#include "upgrade/reason.h"

#include "base/json.h"
#include "base/nearest.h"

static const struct {
	const char *name;
	enum severity severity;
} codes[] = {
#define X(name, severity) [REASON_##name] = { #name, SEVERITY_##severity },
	REASONS(X)
#undef X
};

const char *reason_name(enum reason_code code)
{
	return codes[code].name;
}

bool reason_find(const char *name, enum reason_code *out)
{
	for (size_t i = 0; i < REASON_COUNT; i++) {
		if (strcmp(codes[i].name, name) == 0) {
			*out = (enum reason_code)i;
			return true;
		}
	}
	return false;
}

enum severity reason_default(enum reason_code code)
{
	return codes[code].severity;
}

const char *severity_name(enum severity severity)
{
	static const char *const names[] = { "info", "warn", "restart", "impossible" };

	return names[severity];
}

const char *module_shown(const char *module)
{
	static const char prefix[] = "Elixir.";
	size_t len = sizeof(prefix) - 1;

	if (strncmp(module, prefix, len) == 0 && module[len] >= 'A' && module[len] <= 'Z')
		return module + len;
	return module;
}

struct reason *reasons_add(struct arena *arena, struct reasons *reasons)
{
	reasons->items = arena_grow(arena, reasons->items, reasons->len, &reasons->cap);
	return &reasons->items[reasons->len++];
}

struct reason *reason_add(struct arena *arena, struct reasons *reasons, enum reason_code code,
			  const char *application, const char *module, const char *format, ...)
{
	owned_str struct str text = STR_EMPTY;
	struct reason *reason;
	va_list args;

	va_start(args, format);
	str_addv(&text, format, args);
	va_end(args);
	reason = reasons_add(arena, reasons);
	*reason = (struct reason){ .code = code,
				   .severity = codes[code].severity,
				   .application = application,
				   .module = module,
				   .message = arena_dup(arena, str_span(&text)) };
	return reason;
}

/* Insertion keeps the order of equals; there are few reasons. */
void reasons_sort(struct reasons *reasons)
{
	for (size_t i = 1; i < reasons->len; i++) {
		struct reason reason = reasons->items[i];
		size_t at = i;

		for (; at > 0 && reasons->items[at - 1].severity < reason.severity; at--)
			reasons->items[at] = reasons->items[at - 1];
		reasons->items[at] = reason;
	}
}

static int no_such_code(const char *name, struct error *err)
{
	struct nearest nearest = nearest_to(name);
	const char *best;

	for (size_t i = 0; i < REASON_COUNT; i++)
		nearest_try(&nearest, codes[i].name);
	best = nearest_best(&nearest);
	return error_set(err, ERROR_USAGE, "\"%s\" is no code of a reason%s%s%s", name,
			 best ? "; did you mean " : "", best ? best : "", best ? "?" : "");
}

int reasons_allow(struct reasons *reasons, struct names allowed, struct error *err)
{
	enum reason_code code;

	for (size_t i = 0; i < allowed.len; i++) {
		if (!reason_find(allowed.items[i], &code))
			return no_such_code(allowed.items[i], err);
		for (size_t j = 0; j < reasons->len; j++)
			if (reasons->items[j].code == code)
				reasons->items[j].allowed = true;
	}
	return 0;
}

json_t *reasons_json(const struct reasons *reasons)
{
	json_t *list = json_array();

	for (size_t i = 0; i < reasons->len; i++) {
		const struct reason *reason = &reasons->items[i];
		json_t *json = json_object();

		json_object_set_new(json, "code", json_text(reason_name(reason->code)));
		json_object_set_new(json, "severity", json_text(severity_name(reason->severity)));
		json_object_set_new(json, "application", json_text(reason->application));
		json_object_set_new(json, "module", json_text(reason->module));
		json_object_set_new(json, "message", json_text(reason->message));
		json_object_set_new(json, "hint", json_text(reason->hint));
		json_object_set_new(json, "allowed", json_boolean(reason->allowed));
		json_array_append_new(list, json);
	}
	return list;
}
