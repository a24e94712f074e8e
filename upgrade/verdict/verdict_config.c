// SPDX-License-Identifier: Apache-2.0
/* Configuration, flags of the emulator, consolidated protocols: what is in no application. */
#include "upgrade/verdict/verdict_release.h"
#include "upgrade/verdict/verdict_starts.h"

/* ---- sys.config ---- */

static void judge_config_file(struct judge *judge)
{
	const struct config_file *config = &judge->diff->new_config;
	struct reason *reason;

	if (!config->problem)
		return;
	reason = JUDGE(
		judge, REASON_config_not_term, NULL, NULL,
		"sys.config is no configuration (%s): installed, it would count as empty, and "
		"all settings fall back to those of the .app files",
		config->problem);
	reason->hint = "put what stands for code, processes or connections elsewhere: a "
		       "configuration holds plain data";
	if (!config->template)
		return;
	reason->severity = SEVERITY_RESTART;
	reason->hint = "only a start script fills in its ${VARIABLES}: restart, or fill them in "
		       "before the install";
}

static const char *list_of(struct arena *arena, struct names names)
{
	enum { SHOWN = 6 };
	owned_str struct str text = STR_EMPTY;

	for (size_t i = 0; i < names.len && i < SHOWN; i++)
		str_addf(&text, "%s%s", i ? ", " : "", names.items[i]);
	if (names.len > SHOWN)
		str_addf(&text, " and %zu more", names.len - SHOWN);
	return arena_dup(arena, str_span(&text));
}

/* Its callback module runs in the new code when the application hears of the changes. */
static const char *callback_of(const struct app_diff *app)
{
	const struct term *mod = app->new_app->app->mod;

	return mod ? term_atom_name(term_at(mod, 0)) : NULL;
}

static bool hears(struct judge *judge, const char *callback)
{
	const struct beam_facts *facts = modules_facts(judge->modules, SIDE_NEW, callback);

	return facts && beam_exports(facts, "config_change", 3);
}

/* ---- who reads a key ---- */

static bool touches_env(const struct beam_function *to)
{
	return strcmp(to->module, "application") == 0 ||
	       strcmp(to->module, "Elixir.Application") == 0;
}

static bool reads(const struct code_effect *effect, const char *app, const char *key)
{
	bool gets = touches_env(&effect->to) && (strcmp(effect->to.name, "get_env") == 0 ||
						 strcmp(effect->to.name, "fetch_env") == 0 ||
						 strcmp(effect->to.name, "fetch_env!") == 0);

	if (strcmp(effect->to.name, "get_all_env") == 0)
		return effect->to.arity == 0 || value_is_atom(effect->args[0], app);
	if (!gets)
		return false;
	return effect->to.arity == 1
		       ? value_is_atom(effect->args[0], key)
		       : value_is_atom(effect->args[0], app) && value_is_atom(effect->args[1], key);
}

/* Who reads all keys may name them in literals alone. */
static bool may_read(const struct beam_facts *facts, const char *key)
{
	return names_have(facts->atoms, key) || names_have(facts->atoms, "get_all_env");
}

/* Whether all that reads it runs only while something starts; false: nobody is seen to read it. */
static bool is_read_at_start(struct judge *judge, const struct app_diff *app, const char *key)
{
	struct modules *modules = judge->modules;
	struct names names = app->new_app->app->modules;
	bool any = false;

	for (size_t i = 0; i < names.len; i++) {
		struct module_at *module = modules_find(modules, SIDE_NEW, names.items[i]);
		const struct beam_facts *facts =
			module ? module_facts(modules, SIDE_NEW, module) : NULL;
		struct code_effects effects = { NULL, 0 };

		if (facts && may_read(facts, key))
			effects = effects_of(judge, SIDE_NEW, module, touches_env);
		for (size_t j = 0; j < effects.len; j++) {
			if (!reads(&effects.items[j], app->name, key))
				continue;
			if (!runs_at_start(judge, module, effects.items[j].in))
				return false;
			any = true;
		}
	}
	return any;
}

static const char *key_read_at_start(struct judge *judge, const struct app_diff *app)
{
	const struct code_library *library = &judge->modules->library[SIDE_NEW];
	struct names names = app->new_app->app->modules;

	if (names.len == 0 || !library->follow(library->ctx, names.items[0]))
		return NULL;
	for (size_t i = 0; i < app->env.len; i++)
		if (is_read_at_start(judge, app, app->env.items[i]))
			return app->env.items[i];
	return NULL;
}

static void judge_env(struct judge *judge, const struct app_diff *app)
{
	const char *at_start;

	const char *callback = callback_of(app);
	bool heard = hears(judge, callback);
	struct reason *reason;

	reason = JUDGE(judge, REASON_env_changed, app->name, NULL,
		       "the environment of %s changes (%s), %s%s", app->name,
		       list_of(judge->arena, app->env),
		       heard ? "and it hears of that by config_change/3 of "
			     : "and nobody in it is told",
		       heard ? module_shown(callback) : "");
	if (heard)
		reason->hint = "look whether it takes over all of these keys";
	else if ((at_start = key_read_at_start(judge, app))) {
		reason->severity = SEVERITY_WARN;
		reason->hint = arena_printf(judge->arena,
					    "%s is read only where something starts: what runs "
					    "goes on with the old value "
					    "until it is started again",
					    at_start);
	} else
		reason->hint = "processes that keep a value go on with the old one: export "
			       "config_change/3 from the application's module, or read the value "
			       "when it is needed";
}

/* ---- keys that the system sets itself ---- */

static bool is_read_later(struct judge *judge, const struct app_diff *app, const char *key)
{
	struct names names = app->new_app->app->modules;

	for (size_t i = 0; i < names.len; i++) {
		struct module_at *module = modules_find(judge->modules, SIDE_NEW, names.items[i]);
		const struct beam_facts *facts =
			module ? module_facts(judge->modules, SIDE_NEW, module) : NULL;
		struct code_effects effects = { NULL, 0 };

		if (facts && may_read(facts, key))
			effects = effects_of(judge, SIDE_NEW, module, touches_env);
		for (size_t j = 0; j < effects.len; j++)
			if (reads(&effects.items[j], app->name, key) &&
			    !runs_at_start(judge, module, effects.items[j].in))
				return true;
	}
	return false;
}

static void judge_set_key(struct judge *judge, struct module_at *module,
			  const struct code_effect *effect)
{
	const char *key = value_atom_name(effect->args[1]);
	const struct app_diff *app = module->app;

	if ((!effect_is(effect, "application", "set_env", 0) &&
	     !effect_is(effect, "Elixir.Application", "put_env", 0)) ||
	    !key || !value_is_atom(effect->args[0], app->name) ||
	    diff_env(judge->diff, true, app, key) || !runs_at_start(judge, module, effect->in) ||
	    !is_read_later(judge, app, key))
		return;
	JUDGE(judge, REASON_env_changed, app->name, module->name,
	      "%s sets the key %s of the environment of %s where something starts: an install "
	      "makes "
	      "the environment anew from the configuration, which does not name it, and what reads "
	      "it finds nothing",
	      module_shown(module->name), key, app->name)
		->severity = SEVERITY_WARN;
	judge->reasons->items[judge->reasons->len - 1].hint =
		"name it in the configuration, set it anew in config_change/3, or keep it in a "
		"persistent term";
}

static void judge_set_keys(struct judge *judge)
{
	owned_name_table struct name_table *names = name_table_new();
	struct modules *modules = judge->modules;
	const bool *naming;

	name_table_add(names, "set_env", NULL);
	name_table_add(names, "put_env", NULL);
	naming = modules_naming(judge, names);
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];
		const struct code_library *library = &modules->library[SIDE_NEW];
		struct code_effects effects;

		if ((!module->diff && !naming[i]) || module->app->change == CHANGE_ADDED ||
		    !library->follow(library->ctx, module->name))
			continue;
		effects = effects_of(judge, SIDE_NEW, module, touches_env);
		for (size_t j = 0; j < effects.len; j++)
			judge_set_key(judge, module, &effects.items[j]);
	}
}

/* ---- vm.args ---- */

static void judge_vm_args(struct judge *judge)
{
	if (judge->diff->vm_args_changed)
		JUDGE(judge, REASON_vm_args_changed, NULL, NULL, "flags of the emulator change: %s",
		      list_of(judge->arena, judge->diff->vm_args))
			->hint = "they take effect when a node next starts";
}

/* ---- protocols ---- */

static void judge_protocols(struct judge *judge)
{
	const struct module_diffs protocols = judge->diff->protocols;

	for (size_t i = 0; i < protocols.len; i++)
		JUDGE(judge, REASON_protocol_changed, judge->appups->carrier,
		      protocols.items[i].name, "the consolidated protocol %s was %s%s",
		      module_shown(protocols.items[i].name), change_name(protocols.items[i].change),
		      judge->appups->carrier ? ", and is loaded anew" : "");
}

void judge_config(struct judge *judge)
{
	judge_config_file(judge);
	for (size_t i = 0; i < judge->diff->len; i++)
		if (judge->diff->apps[i].env.len > 0)
			judge_env(judge, &judge->diff->apps[i]);
	if (!judge->anew) {
		judge_set_keys(judge);
		judge_env_read(judge);
	}
	if (judge->diff->runtime_config_changed)
		JUDGE(judge, REASON_env_changed, NULL, NULL,
		      "runtime.exs is another one; which values it gives is known where it runs")
			->hint = "`relevo node install` evaluates it in the new code, before "
				 "anything is changed";
	judge_vm_args(judge);
	judge_protocols(judge);
}
