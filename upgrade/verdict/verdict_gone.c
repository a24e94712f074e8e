// SPDX-License-Identifier: Apache-2.0
/* Modules that are gone, and whose processes or handlers run on. */
#include "upgrade/verdict/verdict_running.h"

/* A child of that module is stopped by the appup, or by what somebody wrote into it. */
static bool is_stopped(const struct appup_made *made, const char *module)
{
	const struct supervisor_changes all = made->supervisors;

	if (appup_restarts(made))
		return true;
	for (size_t i = 0; i < all.len; i++)
		for (size_t j = 0; j < all.items[i].len; j++) {
			const struct child_change *item = &all.items[i].items[j];

			if (item->before && item->before->module &&
			    strcmp(item->before->module, module) == 0)
				return true;
		}
	for (size_t i = 0; made->source != APPUP_GENERATED && i < made->up->seq.len; i++)
		if (term_is_tagged(term_at(made->up, i), "apply", 2))
			return true;
	return false;
}

/* How it comes to run; NULL: not seen. */
static const char *begins(const struct code_effect *effect, const char *module, struct arena *arena)
{
	const struct value *what = effect->args[1];

	if (strcmp(effect->to.module, module) == 0 && strncmp(effect->to.name, "start", 5) == 0)
		return "its processes";
	if (effect_is(effect, "Elixir.DynamicSupervisor", "start_child", 2) ||
	    effect_is(effect, "supervisor", "start_child", 2)) {
		if (value_tuple_size(what) == 2)
			what = value_element(what, 0, arena);
		if (value_is_atom(what, module))
			return "its processes";
	}
	if ((effect_is(effect, "gen_event", "add_handler", 3) ||
	     effect_is(effect, "gen_event", "add_sup_handler", 3) ||
	     effect_is(effect, "logger", "add_handler", 3)) &&
	    value_is_atom(what, module))
		return "a handler of it";
	return NULL;
}

/* Some other module of the application calls what stands in that function. */
static bool is_called(struct judge *judge, const struct app_diff *app, const char *module,
		      const struct code_function *function)
{
	struct names names = app->old_app->app->modules;

	for (size_t i = 0; i < names.len; i++) {
		const struct beam_facts *facts =
			modules_facts(judge->modules, SIDE_OLD, names.items[i]);

		if (facts && beam_imports(facts, module, function->name, function->arity))
			return true;
	}
	return false;
}

/* gen_event:add_handler(Manager, ?MODULE, …) in a function for others. */
static const char *adds_itself(struct judge *judge, const struct app_diff *app, const char *module)
{
	struct module_at *own = modules_find(judge->modules, SIDE_OLD, module);
	struct code_effects effects = { NULL, 0 };

	if (own)
		effects = effects_of(judge, SIDE_OLD, own, effect_starts);
	for (size_t i = 0; i < effects.len; i++)
		if (strstr(effects.items[i].to.name, "add") &&
		    begins(&effects.items[i], module, judge->arena) &&
		    is_called(judge, app, module, effects.items[i].in))
			return "a handler of it";
	return NULL;
}

static const char *find_beginning(struct judge *judge, const struct app_diff *app,
				  const char *module)
{
	struct modules *modules = judge->modules;
	struct names names = app->old_app->app->modules;

	for (size_t i = 0; i < names.len; i++) {
		struct module_at *other = modules_find(modules, SIDE_OLD, names.items[i]);
		const struct beam_facts *facts =
			other ? module_facts(modules, SIDE_OLD, other) : NULL;
		struct code_effects effects = { NULL, 0 };

		if (facts && strcmp(other->name, module) != 0 && names_have(facts->atoms, module))
			effects = effects_of(judge, SIDE_OLD, other, effect_starts);
		for (size_t j = 0; j < effects.len; j++) {
			const char *what = begins(&effects.items[j], module, judge->arena);

			if (what)
				return what;
		}
	}
	return adds_itself(judge, app, module);
}

void judge_gone(struct judge *judge, const struct app_diff *app, const struct appup_made *made)
{
	for (size_t i = 0; i < app->modules.len; i++) {
		const struct module_diff *module = &app->modules.items[i];
		const char *what;

		if (module->change != CHANGE_REMOVED ||
		    modules_find(judge->modules, SIDE_NEW, module->name) ||
		    is_stopped(made, module->name) ||
		    !(what = find_beginning(judge, app, module->name)))
			continue;
		JUDGE(judge, REASON_module_gone, app->name, module->name,
		      "%s is gone, and nothing stops %s: what runs in it is killed, or fails with "
		      "its "
		      "next message",
		      module_shown(module->name), what)
			->hint =
			"keep the module for one release, or stop them by an {apply, …} in an "
			"appup by hand";
	}
}
