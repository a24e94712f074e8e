// SPDX-License-Identifier: Apache-2.0
/* New children that register a name, or make a named table, which a process that runs on has: they
 * do not start, and nobody says so, for release_handler drops what restart_child/2 answers.
 */
#include "erlang/code/children.h"
#include "upgrade/verdict/verdict_parts.h"

struct taken {
	struct judge *judge;
	const struct app_diff *app;
	struct act acts[8]; /* that the child makes as it starts */
	size_t len;
	struct eval eval;
};

static bool is_shared(const struct act *act, const struct code_effect *effect, struct arena *arena)
{
	return act->makes && (act->resource == NAME ||
			      (act->resource == TABLE && table_is_named(effect->args[1], arena)));
}

static void see_call(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct taken *taken = ctx;
	struct code_effect effect = { .to = *to };
	struct act act;

	for (size_t i = 0; i < EFFECT_ARGS; i++)
		effect.args[i] = i < to->arity ? args[i] : &value_unknown;
	if (taken->len < ARRAY_LEN(taken->acts) && act_read(&act, &effect, taken->judge->arena) &&
	    is_shared(&act, &effect, taken->judge->arena) && !call_is_careful(taken->eval.top))
		taken->acts[taken->len++] = act;
}

static void follow(struct taken *taken, const struct code *code, const char *name,
		   const struct value *const *args, uint32_t arity)
{
	const struct code_function *function = code_function(code, name, arity);

	taken->eval = (struct eval){ .arena = taken->judge->arena,
				     .library = &taken->judge->modules->library[SIDE_NEW],
				     .limit = 8000,
				     .on_call = see_call,
				     .ctx = taken };
	if (function)
		eval_function(&taken->eval, code, function, args);
}

static void find_made(struct taken *taken, const struct child *child)
{
	struct modules *modules = taken->judge->modules;
	const struct code *code = modules_code(modules, SIDE_NEW, child->module);
	const struct value *args[8], *init[] = { &value_unknown };
	size_t arity = child->args && term_is_list(child->args) ? child->args->seq.len : 0;

	if (!code || code->unread || !child->function || !child->args || arity > ARRAY_LEN(args))
		return;
	for (size_t i = 0; i < arity; i++)
		args[i] = value_of_term(taken->judge->arena, term_at(child->args, i));
	follow(taken, code, child->function, args, (uint32_t)arity);
	follow(taken, code, "init", init, 1);
}

/* ---- who has it ---- */

static bool makes(struct judge *judge, enum side side, const char *name, const struct act *wanted)
{
	struct module_at *module = modules_find(judge->modules, side, name);
	struct code_effects effects = { NULL, 0 };
	struct act act;

	if (module)
		effects = effects_of(judge, side, module, effect_any);
	for (size_t i = 0; i < effects.len; i++)
		if (act_read(&act, &effects.items[i], judge->arena) &&
		    is_shared(&act, &effects.items[i], judge->arena) && act_is_of(&act, wanted))
			return true;
	return false;
}

/* A child that is stopped in the upgrade, before this one is started. */
static bool is_stopped(const struct judge *judge, const char *module)
{
	for (size_t i = 0; i < judge->appups->len; i++) {
		const struct supervisor_changes all = judge->appups->items[i].supervisors;

		for (size_t j = 0; j < all.len; j++)
			for (size_t k = 0; k < all.items[j].len; k++) {
				const struct child *child = all.items[j].items[k].before;

				if (child && child->module && strcmp(child->module, module) == 0)
					return true;
			}
	}
	return false;
}

static bool is_child(const struct children *children, const char *module)
{
	for (size_t i = 0; i < children->len; i++)
		if (children->items[i].module && strcmp(children->items[i].module, module) == 0)
			return !children->strategy ||
			       strcmp(children->strategy, "simple_one_for_one") != 0;
	return false;
}

/* It is a supervisor or an application itself, or a child that is always there. */
static bool runs(struct taken *taken, const char *name)
{
	struct modules *modules = taken->judge->modules;
	const struct names all = taken->app->old_app->app->modules;
	struct arena *arena = taken->judge->arena;

	for (size_t i = 0; i < all.len; i++) {
		struct module_at *module = modules_find(modules, SIDE_OLD, all.items[i]);
		const struct beam_facts *facts =
			module ? module_facts(modules, SIDE_OLD, module) : NULL;
		const struct code *code =
			facts && facts->roles & (BEAM_SUPERVISOR | BEAM_APPLICATION)
				? module_code(modules, SIDE_OLD, module)
				: NULL;
		struct children children;
		bool found;

		if (!code || code->unread)
			continue;
		if (strcmp(module->name, name) == 0)
			return true;
		children =
			facts->roles & BEAM_SUPERVISOR
				? code_children(code, NULL, &modules->library[SIDE_OLD], arena)
				: code_started_children(code, "start", 2,
							&modules->library[SIDE_OLD], arena, &found);
		if (is_child(&children, name))
			return true;
	}
	return false;
}

/* The module of a process that has it, and runs on without it being its own any more, so that it
 * changed; NULL.
 */
static const char *holder(struct taken *taken, const struct child *child, const struct act *act)
{
	for (size_t i = 0; i < taken->app->modules.len; i++) {
		const struct module_diff *module = &taken->app->modules.items[i];

		if (module->change == CHANGE_CHANGED && strcmp(module->name, child->module) != 0 &&
		    makes(taken->judge, SIDE_OLD, module->name, act) &&
		    !makes(taken->judge, SIDE_NEW, module->name, act) &&
		    !is_stopped(taken->judge, module->name) && runs(taken, module->name))
			return module->name;
	}
	return NULL;
}

static void judge_child(struct judge *judge, const struct app_diff *app, const char *supervisor,
			const struct child *child)
{
	struct taken taken = { .judge = judge, .app = app };

	find_made(&taken, child);
	for (size_t i = 0; i < taken.len; i++) {
		const char *module = holder(&taken, child, &taken.acts[i]);

		if (!module)
			continue;
		JUDGE(judge, REASON_supervisor_fails, app->name, supervisor,
		      "%s, which is new under %s, %s %s, which the process of %s has from its own "
		      "start: it does not start, and nobody is told",
		      module_shown(child->module), module_shown(supervisor),
		      taken.acts[i].resource == NAME ? "registers" : "makes the table",
		      taken.acts[i].key, module_shown(module))
			->hint = "leave it with who has it for one release, take another name, or "
				 "restart";
		return;
	}
}

static void judge_new(struct judge *judge, const struct appup_made *made)
{
	for (size_t i = 0; i < made->supervisors.len; i++) {
		const struct supervisor_change *change = &made->supervisors.items[i];

		for (size_t j = 0; j < change->len; j++)
			if (change->items[j].after && !change->items[j].before &&
			    change->items[j].after->module)
				judge_child(judge, made->app, change->module,
					    change->items[j].after);
	}
}

void judge_taken(struct judge *judge)
{
	for (size_t i = 0; i < judge->appups->len; i++) {
		const struct appup_made *made = &judge->appups->items[i];

		if (made->source == APPUP_GENERATED && made->app->old_app && !appup_restarts(made))
			judge_new(judge, made);
	}
}
