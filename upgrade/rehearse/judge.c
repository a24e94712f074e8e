// SPDX-License-Identifier: Apache-2.0
#include "upgrade/rehearse/judge.h"

#include "base/utf8.h"

#include <inttypes.h>

static const struct {
	const char *name;
	enum finding_severity severity;
} codes[] = {
#define X(name, severity) [FINDING_##name] = { #name, severity },
	REHEARSE_CODES(X)
#undef X
};

const char *finding_name(enum finding_code code)
{
	return codes[code].name;
}

enum finding_severity finding_severity(enum finding_code code)
{
	return codes[code].severity;
}

bool finding_fails(enum finding_code code, bool strict)
{
	return codes[code].severity >= (strict ? FINDING_WARNING : FINDING_FAULT);
}

const char *finding_severity_name(enum finding_severity severity)
{
	static const char *const names[] = { "note", "warning", "fault" };

	return names[severity];
}

/* What a command has printed may be anything; reports are UTF-8, without control characters. */
static const char *clean(struct arena *arena, struct span text)
{
	owned_str struct str out = STR_EMPTY;

	while (text.len > 0) {
		uint32_t code;

		if (!utf8_next(&text, &code)) {
			code = '?';
			text.ptr++;
			text.len--;
		}
		if ((code >= 0x20 && code != 0x7f) || code == '\n' || code == '\t')
			utf8_add(&out, code);
	}
	return arena_dup(arena, str_span(&out));
}

void judge_add(struct rehearse_judge *judge, enum finding_code code, const char *subject,
	       const char *format, ...)
{
	owned_str struct str text = STR_EMPTY;
	unsigned bit = 1u << judge->phase;
	va_list args;

	va_start(args, format);
	str_addv(&text, format, args);
	va_end(args);
	subject = clean(judge->arena, subject ? span_of(subject) : str_span(&text));
	if (finding_fails(code, judge->strict))
		judge->failed |= bit;
	for (size_t i = 0; i < judge->len; i++) {
		if (judge->items[i].code == code && strcmp(judge->items[i].subject, subject) == 0) {
			judge->items[i].phases |= bit;
			return;
		}
	}
	judge->items = arena_grow(judge->arena, judge->items, judge->len, &judge->cap);
	judge->items[judge->len++] = (struct finding){
		.code = code,
		.phases = bit,
		.subject = subject,
		.message = clean(judge->arena, str_span(&text)),
	};
}

/* ---- moves ---- */

/* The installation tells what it found in words. */
static bool says(enum finding_code *code, const char *text)
{
	static const struct {
		const char *words;
		enum finding_code code;
	} known[] = {
		{ "code_change_failed", FINDING_code_change_failed },
		{ "still suspended", FINDING_process_suspended },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strstr(text, known[i].words)) {
			*code = known[i].code;
			return true;
		}
	}
	return false;
}

void judge_move(struct rehearse_judge *judge, bool down, const struct error *err)
{
	enum finding_code code;

	if (err->kind == ERROR_REFUSED)
		code = down ? FINDING_downgrade_refused : FINDING_upgrade_refused;
	else if (!says(&code, err->text) || down)
		code = down ? FINDING_downgrade_failed : FINDING_upgrade_failed;
	judge_add(judge, code, NULL, "%s", err->text);
}

/* How many of the ends are like this one. */
static size_t alike(const struct observed *seen, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < seen->ends_len; i++)
		count += strcmp(seen->ends[i].who, seen->ends[n].who) == 0 &&
			 strcmp(seen->ends[i].kind, seen->ends[n].kind) == 0;
	return count;
}

static void judge_end(struct rehearse_judge *judge, const struct observed *seen, size_t n)
{
	const struct observed_end *end = &seen->ends[n];
	size_t count = alike(seen, n);
	const char *many = count > 1 ? arena_printf(judge->arena, " (%zu of them)", count) : "";

	if (strcmp(end->kind, "killed") == 0)
		judge_add(judge, FINDING_process_killed, end->who,
			  "%s%s was killed, as a purge does to what still runs old code%s",
			  end->who, many,
			  end->back ? "; it was started again, its state is lost" : "");
	else if (strcmp(end->kind, "crashed") == 0)
		judge_add(judge, FINDING_process_crashed, end->who, "%s%s crashed: %s", end->who,
			  many, end->reason);
	else if (end->back)
		judge_add(judge, FINDING_process_restarted, end->who, "%s was stopped and started",
			  end->who);
	else
		judge_add(judge, FINDING_process_stopped, end->who, "%s has ended: %s", end->who,
			  end->reason);
}

void judge_seen(struct rehearse_judge *judge, const struct observed *seen)
{
	for (size_t i = 0; i < seen->ends_len; i++)
		judge_end(judge, seen, i);
	for (size_t i = 0; i < seen->held.len; i++)
		judge_add(judge, FINDING_process_suspended, seen->held.items[i].name,
			  "%s is still suspended: it answers nobody", seen->held.items[i].name);
	if (seen->logged > 0)
		judge_add(judge, FINDING_errors_logged, NULL,
			  seen->logged == 1 ? "an error was logged: %s"
					    : "errors were logged, the first: %s",
			  seen->logs_len ? seen->logs[0] : "?");
}

/* ---- snapshots ---- */

/* Below a child that is not there, nothing is. */
static bool is_below(const char *name, const char *above)
{
	size_t len = above ? strlen(above) : 0;

	return above && strncmp(name, above, len) == 0 && strncmp(name + len, " / ", 3) == 0;
}

void judge_after(struct rehearse_judge *judge, const struct snapshot *before,
		 const struct snapshot *after)
{
	for (size_t i = 0; i < after->children.len; i++) {
		const struct snapshot_entry *child = &after->children.items[i];
		const struct snapshot_entry *was = snapshot_find(&before->children, child->name);

		if (!child->value && (!was || was->value))
			judge_add(judge, FINDING_child_not_started, child->name,
				  "%s does not run%s", child->name,
				  was ? " any more"
				      : ": its supervisor knows it, nothing starts it");
	}
	for (size_t i = 0; i < after->suspended.len; i++) {
		const char *who = after->suspended.items[i].name;

		if (!snapshot_find(&before->suspended, who))
			judge_add(judge, FINDING_process_suspended, who,
				  "%s is still suspended: it answers nobody", who);
	}
	for (size_t i = 0; i < after->lingering.len; i++)
		if (!snapshot_find(&before->lingering, after->lingering.items[i].name))
			judge_add(judge, FINDING_old_code, after->lingering.items[i].name,
				  "%s: when that is purged, it is killed",
				  after->lingering.items[i].name);
}

static void fresh_children(struct rehearse_judge *judge, const struct snapshot *moved,
			   const struct snapshot *fresh, const char *vsn)
{
	const char *missing = NULL;

	for (size_t i = 0; i < fresh->children.len; i++) {
		const struct snapshot_entry *child = &fresh->children.items[i];
		const struct snapshot_entry *is = snapshot_find(&moved->children, child->name);

		if (!child->value || (is && is->value) || is_below(child->name, missing))
			continue;
		missing = child->name;
		judge_add(judge, FINDING_child_not_started, child->name,
			  "%s does not run; a fresh start of %s has it", child->name, vsn);
	}
}

static void left_children(struct rehearse_judge *judge, const struct snapshot *moved,
			  const struct snapshot *fresh, const char *vsn)
{
	const char *left = NULL;

	for (size_t i = 0; i < moved->children.len; i++) {
		const struct snapshot_entry *child = &moved->children.items[i];

		/* OTP starts some of its own when they are first needed. */
		if (!child->value || snapshot_find(&fresh->children, child->name) ||
		    is_below(child->name, left) || is_below(child->name, "kernel"))
			continue;
		left = child->name;
		judge_add(judge, FINDING_child_left_over, child->name,
			  "%s runs; a fresh start of %s has no such child", child->name, vsn);
	}
}

static void fresh_applications(struct rehearse_judge *judge, const struct snapshot *moved,
			       const struct snapshot *fresh, const char *vsn)
{
	for (size_t i = 0; i < fresh->applications.len; i++) {
		const char *app = fresh->applications.items[i].name;

		if (!snapshot_find(&moved->applications, app))
			judge_add(judge, FINDING_application_not_started, app,
				  "the application %s does not run; a fresh start of %s has it",
				  app, vsn);
	}
	for (size_t i = 0; i < moved->applications.len; i++) {
		const char *app = moved->applications.items[i].name;

		if (!snapshot_find(&fresh->applications, app))
			judge_add(judge, FINDING_application_left_over, app,
				  "the application %s runs; a fresh start of %s has it not", app,
				  vsn);
	}
}

/* What OTP's and Elixir's own applications set as they start is gone after any move, and nobody
 * asks for it again.
 */
static bool sets_by_itself(const char *key)
{
	static const char *const apps[] = { "kernel ",        "stdlib ", "sasl ",
					    "runtime_tools ", "elixir ", "logger " };

	for (size_t i = 0; i < ARRAY_LEN(apps); i++)
		if (strncmp(key, apps[i], strlen(apps[i])) == 0)
			return true;
	return false;
}

static void fresh_env(struct rehearse_judge *judge, const struct snapshot *moved,
		      const struct snapshot *fresh, const char *vsn)
{
	for (size_t i = 0; i < fresh->env.len; i++) {
		const struct snapshot_entry *key = &fresh->env.items[i];
		const struct snapshot_entry *is = snapshot_find(&moved->env, key->name);

		if (is ? is->value != key->value : !sets_by_itself(key->name))
			judge_add(judge, FINDING_env_differs, key->name,
				  is ? "the configuration %s has another value than after a fresh "
				       "start of %s"
				     : "the configuration %s is not set; after a fresh start of %s "
				       "it is",
				  key->name, vsn);
	}
	for (size_t i = 0; i < moved->env.len; i++)
		if (!snapshot_find(&fresh->env, moved->env.items[i].name))
			judge_add(
				judge, FINDING_env_differs, moved->env.items[i].name,
				"the configuration %s is set; after a fresh start of %s it is not",
				moved->env.items[i].name, vsn);
}

void judge_fresh(struct rehearse_judge *judge, const struct snapshot *moved,
		 const struct snapshot *fresh, const char *vsn)
{
	fresh_applications(judge, moved, fresh, vsn);
	fresh_children(judge, moved, fresh, vsn);
	left_children(judge, moved, fresh, vsn);
	fresh_env(judge, moved, fresh, vsn);
}
