// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "erlang/code/code_report.h"
#include "upgrade/plan/plan_text.h"

static json_t *term_text(const struct term *term)
{
	owned_str struct str out = STR_EMPTY;

	if (!term)
		return json_null();
	term_print(&out, term);
	return json_text(str_text(&out));
}

static json_t *kinds_json(unsigned kinds)
{
	json_t *list = json_array();

#define X(name, bit, word)       \
	if (kinds & KIND_##name) \
		json_array_append_new(list, json_string(word));
	CHANGE_KINDS(X)
#undef X
	return list;
}

static json_t *roles_json(const struct module_diff *module)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	return json_texts(
		beam_roles(module->new_facts ? module->new_facts : module->old_facts, &arena));
}

static json_t *modules_json(struct module_diffs modules, const struct appup_made *made,
			    bool instructions)
{
	json_t *list = json_array();

	for (size_t i = 0; i < modules.len; i++) {
		const struct module_diff *module = &modules.items[i];
		json_t *json = json_object();

		json_object_set_new(json, "name", json_text(module->name));
		json_object_set_new(json, "change", json_text(change_name(module->change)));
		json_object_set_new(json, "kinds", kinds_json(module->kinds));
		json_object_set_new(json, "functions", json_texts(module->functions));
		json_object_set_new(json, "roles", roles_json(module));
		if (instructions)
			json_object_set_new(
				json, "instruction",
				term_text(made ? appup_instruction(made, false, module->name)
					       : NULL));
		if (instructions && made && names_have(made->quiet, module->name))
			json_object_set_new(
				json, "loaded",
				json_text("nobody is suspended: state, code_change and what it "
					  "calls in other changed modules stay as they are"));
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *app_json(const struct app_diff *app, const struct appups *appups)
{
	const struct appup_made *made = appups ? appups_find(appups, app->name) : NULL;
	json_t *json = json_object();

	json_object_set_new(json, "name", json_text(app->name));
	json_object_set_new(json, "old", json_text(app_diff_old_vsn(app)));
	json_object_set_new(json, "new", json_text(app_diff_new_vsn(app)));
	json_object_set_new(json, "change", json_text(change_name(app->change)));
	json_object_set_new(json, "modules", modules_json(app->modules, made, appups != NULL));
	json_object_set_new(json, "priv", json_texts(app->priv));
	json_object_set_new(json, "env", json_texts(app->env));
	if (appups)
		json_object_set_new(json, "appup",
				    made ? json_text(appup_source_name(made->source))
					 : json_null());
	return json;
}

static json_t *apps_json(const struct diff *diff, const struct appups *appups)
{
	json_t *list = json_array();

	for (size_t i = 0; i < diff->len; i++)
		json_array_append_new(list, app_json(&diff->apps[i], appups));
	return list;
}

static json_t *release_json(const struct release *release)
{
	json_t *json = json_object();

	json_object_set_new(json, "name", json_text(release->name));
	json_object_set_new(json, "version", json_text(release->vsn));
	json_object_set_new(json, "erts", json_text(release->erts));
	json_object_set_new(json, "elixir", json_text(release->elixir));
	return json;
}

static json_t *steps_json(const struct term *steps)
{
	json_t *list = json_array();

	for (size_t i = 0; i < steps->seq.len; i++)
		json_array_append_new(list, term_text(term_at(steps, i)));
	return list;
}

static json_t *words_json(const struct term *steps)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	return json_texts(plan_steps_text(&arena, steps));
}

json_t *diff_json(const struct diff *diff)
{
	json_t *json = json_object();

	json_object_set_new(json, "old", release_json(diff->old_release));
	json_object_set_new(json, "new", release_json(diff->new_release));
	json_object_set_new(json, "applications", apps_json(diff, NULL));
	json_object_set_new(json, "protocols", modules_json(diff->protocols, NULL, false));
	json_object_set_new(json, "sys_config_changed", json_boolean(diff->sys_config_changed));
	json_object_set_new(json, "runtime_config_changed",
			    json_boolean(diff->runtime_config_changed));
	json_object_set_new(json, "vm_args_changed", json_boolean(diff->vm_args_changed));
	json_object_set_new(json, "vm_args", json_texts(diff->vm_args));
	return json;
}

json_t *plan_json(const struct plan *plan)
{
	json_t *json = json_object(), *steps = json_object(), *words = json_object();

	json_object_set_new(json, "verdict", json_text(verdict_name(plan->verdict)));
	json_object_set_new(json, "reversible", json_boolean(plan->reversible));
	json_object_set_new(json, "old", release_json(plan->diff->old_release));
	json_object_set_new(json, "new", release_json(plan->diff->new_release));
	json_object_set_new(json, "reasons", reasons_json(&plan->reasons));
	json_object_set_new(json, "applications", apps_json(plan->diff, &plan->appups));
	json_object_set_new(steps, "up", steps_json(plan->up));
	json_object_set_new(steps, "down", steps_json(plan->down));
	json_object_set_new(json, "steps", steps);
	json_object_set_new(words, "up", words_json(plan->up));
	json_object_set_new(words, "down", words_json(plan->down));
	json_object_set_new(json, "steps_in_words", words);
	return json;
}
