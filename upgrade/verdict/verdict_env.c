// SPDX-License-Identifier: Apache-2.0
/* Keys of an application's environment that code reads newly, without a default, and that no
 * configuration names: it fails there.  What reads the environment is followed with what the new
 * release configures, and again as if all that it asks for were there.
 */
#include "upgrade/verdict/verdict_parts.h"

enum { STEPS = 8000, ENDS_MAX = 32 };

/* Where a function ends by an exception, and what it asked the environment for last. */
struct end {
	const struct code_function *in;
	size_t at;
	const char *app, *key; /* NULL: nothing yet */
};

struct ends {
	struct end items[ENDS_MAX];
	size_t len;
};

struct reading {
	struct judge *judge;
	enum side side;
	bool there; /* whatever it asks for */
	struct eval *eval;
	struct ends ends;
	const char *app, *key; /* the last that was asked for; of one that fails: that fails it */
};

static bool has_end(const struct ends *ends, const struct end *end)
{
	for (size_t i = 0; i < ends->len; i++)
		if (ends->items[i].in == end->in && ends->items[i].at == end->at)
			return true;
	return false;
}

static void note_end(void *ctx)
{
	struct reading *reading = ctx;
	const struct end end = { reading->eval->top->function, reading->eval->at, reading->app,
				 reading->key };

	if (reading->ends.len < ENDS_MAX && !has_end(&reading->ends, &end))
		reading->ends.items[reading->ends.len++] = end;
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
	reading->app = app->name;
	reading->key = arena_dup(reading->judge->arena, span_of(key));
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
	const struct value *args[256];

	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = &value_unknown;
	reading->eval = &eval;
	eval_function(&eval, code, function, args);
	return !eval.gave_up && reading->ends.len < ENDS_MAX;
}

/* Whether it fails with what is configured, where it did not if all were there; now->key: what it
 * asked for last.
 */
static bool fails(struct judge *judge, enum side side, const struct code *code,
		  const struct code_function *function, struct reading *now)
{
	struct reading otherwise = { .judge = judge, .side = side, .there = true };

	*now = (struct reading){ .judge = judge, .side = side };
	if (!follow(now, code, function) || !now->key || !follow(&otherwise, code, function))
		return false;
	for (size_t i = 0; i < now->ends.len; i++) {
		const struct end *end = &now->ends.items[i];

		if (!end->key || has_end(&otherwise.ends, end))
			continue;
		now->app = end->app;
		now->key = end->key;
		return true;
	}
	return false;
}

static bool reads_env(const struct code *code, const struct code_function *function)
{
	bool reads = false;

	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		const struct beam_function *to = code_op_import(code, op);

		if (op->opcode == OP_TRY || op->opcode == OP_CATCH)
			return false;
		reads = reads || (to && known_env_read(to));
	}
	return reads;
}

/* Some module of the application that is asked sets it, perhaps: that is told of by
 * judge_set_keys().
 */
static bool is_set(struct judge *judge, const struct reading *reading)
{
	const struct app_diff *app = diff_find(judge->diff, reading->app);
	const struct names names = app->new_app->app->modules;

	for (size_t i = 0; i < names.len; i++) {
		struct module_at *module = modules_find(judge->modules, SIDE_NEW, names.items[i]);
		const struct beam_facts *facts =
			module ? module_facts(judge->modules, SIDE_NEW, module) : NULL;

		if (facts && names_have(facts->atoms, reading->key) &&
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
			    strcmp(then.key, now->key) == 0 && strcmp(then.app, now->app) == 0)
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
		struct reading now;

		if (!reads_env(module->new_code, function) || runs_at_start(judge, at, function) ||
		    !fails(judge, SIDE_NEW, module->new_code, function, &now) ||
		    failed_before(judge, app, &now) || is_set(judge, &now))
			continue;
		owner = code_owner(module->new_code, function);
		JUDGE(judge, REASON_env_changed, app->name, module->name,
		      "%s:%s/%u fails with the environment of %s as it is configured: %s, which it "
		      "asks for, is not there, or not all of it",
		      module_shown(module->name), owner->name, owner->arity, now.app, now.key)
			->severity = SEVERITY_WARN;
		judge->reasons->items[judge->reasons->len - 1].hint =
			"name it in the configuration, or read it with a default";
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
