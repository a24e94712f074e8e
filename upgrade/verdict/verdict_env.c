// SPDX-License-Identifier: Apache-2.0
/* Keys of an application's environment that code reads newly, without a default, and that no
 * configuration names: it fails there.  What reads the environment is followed with what the new
 * release configures, and again as if all that it asks for were there.
 */
#include "upgrade/verdict/verdict_release.h"
#include "upgrade/verdict/verdict_running.h"
#include "upgrade/verdict/verdict_starts.h"

enum { STEPS = 8000 };

/* A key of an application's environment. */
struct env_key {
	const char *app, *key; /* NULL: none */
};

struct reading {
	struct judge *judge;
	enum side side;
	bool there; /* whatever it asks for */
	struct eval *eval;
	struct env_key asked;                   /* last; of one that fails: that fails it */
	struct spots ends;                      /* where it ends by an exception … */
	struct env_key asked_before[SPOTS_MAX]; /* … what it had asked for last by then */
};

static void note_end(void *ctx)
{
	struct reading *reading = ctx;

	if (spots_add(&reading->ends, spot_of(reading->eval)))
		reading->asked_before[reading->ends.len - 1] = reading->asked;
}

/* ---- what is configured ---- */

/* Of applications that are ours, in both releases: others may have it from flags of the emulator.
 */
static const struct app_diff *app_of(const struct reading *reading, const char *name)
{
	const struct code_library *library = &reading->judge->modules->library[reading->side];
	const struct app_diff *app = diff_find(reading->judge->diff, name);

	return app && app->old_app && app->new_app && app->new_app->app->modules.len > 0 &&
			       library->follow(library->ctx, app->new_app->app->modules.items[0])
		       ? app
		       : NULL;
}

static bool answer(void *ctx, const struct beam_function *to, const struct value *const *args,
		   struct values *out)
{
	struct reading *reading = ctx;
	struct arena *arena = reading->eval->arena;
	const char *name = known_env_read(to) ? value_atom_name(args[0]) : NULL;
	const char *key = name ? value_atom_name(args[1]) : NULL;
	const struct app_diff *app = key ? app_of(reading, name) : NULL;
	const struct term *term;
	const struct value *result;

	if (!app)
		return false;
	term = diff_env(reading->judge->diff, reading->side == SIDE_NEW, app, key);
	reading->asked =
		(struct env_key){ app->name, arena_dup(reading->judge->arena, span_of(key)) };
	result = known_env_result(arena, to, args,
				  reading->there ? &value_unknown
				  : term         ? value_of_term(arena, term)
						 : NULL);
	if (result)
		eval_add(reading->eval, out, result);
	else
		note_end(reading);
	return true;
}

/* ---- who reads it ---- */

static bool follow(struct reading *reading, const struct code *code,
		   const struct code_function *function)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct eval eval = { .arena = &scratch,
			     .library = &reading->judge->modules->library[reading->side],
			     .limit = STEPS,
			     .answer = answer,
			     .on_raise = note_end,
			     .ctx = reading };

	reading->eval = &eval;
	eval_any(&eval, code, function);
	return !eval.gave_up && reading->ends.len < SPOTS_MAX;
}

/* Whether it fails with what is configured, where it did not if all were there; now->asked: what it
 * asked for last.
 */
static bool fails(struct judge *judge, enum side side, const struct code *code,
		  const struct code_function *function, struct reading *now)
{
	struct reading otherwise = { .judge = judge, .side = side, .there = true };

	*now = (struct reading){ .judge = judge, .side = side };
	if (!follow(now, code, function) || !now->asked.key || !follow(&otherwise, code, function))
		return false;
	for (size_t i = 0; i < now->ends.len; i++) {
		now->asked = now->asked_before[i];
		if (now->asked.key && !spots_have(&otherwise.ends, now->ends.items[i]))
			return true;
	}
	return false;
}

static bool is_env_read(void *ctx, const struct beam_function *to)
{
	(void)ctx;
	return known_env_read(to);
}

static bool reads_env(const struct code *code, const struct code_function *function)
{
	return uncaught_call(code, function, is_env_read, NULL);
}

/* Some module of the application that is asked sets it, perhaps: that is told of by
 * judge_set_keys().
 */
static bool is_set(struct judge *judge, const struct reading *reading)
{
	const struct app_diff *app = diff_find(judge->diff, reading->asked.app);
	const struct names names = app->new_app->app->modules;

	for (size_t i = 0; i < names.len; i++) {
		const struct beam_facts *facts =
			modules_facts(judge->modules, SIDE_NEW, names.items[i]);

		if (facts && names_have(facts->atoms, reading->asked.key) &&
		    (names_have(facts->atoms, "set_env") || names_have(facts->atoms, "put_env")))
			return true;
	}
	return false;
}

/* In whatever function, also one that was moved to another module since. */
static bool failed_before(struct judge *judge, const struct app_diff *app,
			  const struct reading *now)
{
	for (size_t i = 0; i < app->modules.len; i++) {
		const struct code *code = app->modules.items[i].old_code;

		for (size_t j = 0; code && j < code->len; j++) {
			const struct code_function *function = &code->functions[j];
			struct reading then;

			if (reads_env(code, function) &&
			    fails(judge, SIDE_OLD, code, function, &then) &&
			    strcmp(then.asked.key, now->asked.key) == 0 &&
			    strcmp(then.asked.app, now->asked.app) == 0)
				return true;
		}
	}
	return false;
}

static void judge_reader(struct judge *judge, const struct app_diff *app,
			 const struct module_diff *module, struct module_at *at)
{
	for (size_t i = 0; i < module->new_code->len; i++) {
		const struct code_function *function = &module->new_code->functions[i], *owner;
		struct reason *reason;
		struct reading now;

		if (!reads_env(module->new_code, function) || runs_at_start(judge, at, function) ||
		    !fails(judge, SIDE_NEW, module->new_code, function, &now) ||
		    failed_before(judge, app, &now) || is_set(judge, &now))
			continue;
		owner = code_owner(module->new_code, function);
		reason = JUDGE(judge, REASON_env_changed, app->name, module->name,
			       "%s:%s/%u fails with the environment of %s as it is configured: %s, "
			       "which it asks for, is not there, or not all of it",
			       module_shown(module->name), owner->name, owner->arity, now.asked.app,
			       now.asked.key);
		reason->severity = SEVERITY_WARN;
		reason->hint = "name it in the configuration, or read it with a default";
		return;
	}
}

void judge_env_read(struct judge *judge)
{
	if (judge->diff->new_config.elsewhere)
		return;
	for (size_t i = 0; i < judge->diff->len; i++) {
		const struct app_diff *app = &judge->diff->apps[i];

		for (size_t j = 0; j < app->modules.len; j++) {
			const struct module_diff *module = &app->modules.items[j];
			struct module_at *at = modules_find(judge->modules, SIDE_NEW, module->name);

			if (at && module->change == CHANGE_CHANGED && !module->old_code->unread &&
			    !module->new_code->unread &&
			    !is_told(judge, REASON_env_changed, module->name))
				judge_reader(judge, app, module, at);
		}
	}
}
