// SPDX-License-Identifier: Apache-2.0
#include "upgrade/plan/obey.h"

static const char *shown(struct arena *arena, const struct reason *reason)
{
	const char *where = reason->module ? module_shown(reason->module) : reason->application;

	if (!where || strstr(reason->message, where))
		return arena_printf(arena, "%s: %s", reason_name(reason->code), reason->message);
	return arena_printf(arena, "%s: %s: %s", reason_name(reason->code), where, reason->message);
}

static struct names texts_of(struct arena *arena, const struct reasons *reasons, enum severity from,
			     enum severity to)
{
	const char **items = arena_array(arena, reasons->len, const char *);
	size_t len = 0;

	for (size_t i = 0; i < reasons->len; i++)
		if (!reasons->items[i].allowed && reasons->items[i].severity >= from &&
		    reasons->items[i].severity <= to)
			items[len++] = shown(arena, &reasons->items[i]);
	return (struct names){ items, len };
}

static const char *hint_for(enum verdict verdict)
{
	return verdict == VERDICT_IMPOSSIBLE
		       ? "Nothing leads there but another build of it; --allow CODE takes a "
			 "reason for none."
		       : "--restart goes there by a restart of the VM; --allow CODE takes a reason "
			 "for none.";
}

int obey(struct obeyed *out, struct arena *arena, const struct reasons *reasons, struct names allow,
	 enum obey_mode mode, struct error *err)
{
	struct reasons all = { arena_array(arena, reasons->len, struct reason), reasons->len,
			       reasons->len };
	enum severity refuses = mode == OBEY_HOT ? SEVERITY_RESTART : SEVERITY_IMPOSSIBLE;
	struct obeyed made = { .answer = OBEY_GO };

	for (size_t i = 0; i < reasons->len; i++)
		all.items[i] = reasons->items[i];
	if (reasons_allow(&all, allow, err))
		return -1;
	made.texts = texts_of(arena, &all, refuses, SEVERITY_IMPOSSIBLE);
	if (made.texts.len > 0) {
		made.answer = OBEY_REFUSED;
		made.hint = hint_for(verdict_of(&all));
	} else if (mode == OBEY_HOT) {
		made.texts = texts_of(arena, &all, SEVERITY_WARN, SEVERITY_WARN);
		made.answer = made.texts.len > 0 ? OBEY_GO_WARNED : OBEY_GO;
	}
	*out = made;
	return 0;
}
