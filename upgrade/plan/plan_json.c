// SPDX-License-Identifier: Apache-2.0
#include "upgrade/plan/plan_text.h"

/* Names come from files of others: what is not UTF-8 cannot be JSON. */
static json_t *text(const char *value)
{
	json_t *json = value ? json_string(value) : json_null();

	return json ? json : json_string("(not UTF-8)");
}

static json_t *term_text(const struct term *term)
{
	owned_str struct str out = STR_EMPTY;

	if (!term)
		return json_null();
	term_print(&out, term);
	return text(str_text(&out));
}

static json_t *names_list(struct names names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names.len; i++)
		json_array_append_new(list, text(names.items[i]));
	return list;
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

static json_t *modules_json(struct module_diffs modules, const struct appup_made *made,
			    bool instructions)
{
	json_t *list = json_array();

	for (size_t i = 0; i < modules.len; i++) {
		const struct module_diff *module = &modules.items[i];
		json_t *json = json_object();

		json_object_set_new(json, "name", text(module->name));
		json_object_set_new(json, "change", text(change_name(module->change)));
		json_object_set_new(json, "kinds", kinds_json(module->kinds));
		json_object_set_new(json, "functions", names_list(module->functions));
		if (instructions)
			json_object_set_new(
				json, "instruction",
				term_text(made ? script_find(made->up, module->name) : NULL));
		json_array_append_new(list, json);
	}
	return list;
}

static json_t *app_json(const struct app_diff *app, const struct appups *appups)
{
	const struct appup_made *made = appups ? appups_find(appups, app->name) : NULL;
	static const char *const sources[] = { "generated", "folder", "release" };
	json_t *json = json_object();

	json_object_set_new(json, "name", text(app->name));
	json_object_set_new(json, "old", text(app_diff_old_vsn(app)));
	json_object_set_new(json, "new", text(app_diff_new_vsn(app)));
	json_object_set_new(json, "change", text(change_name(app->change)));
	json_object_set_new(json, "modules", modules_json(app->modules, made, appups != NULL));
	json_object_set_new(json, "priv", names_list(app->priv));
	json_object_set_new(json, "env", names_list(app->env));
	if (appups)
		json_object_set_new(json, "appup",
				    made ? text(sources[made->source]) : json_null());
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

	json_object_set_new(json, "name", text(release->name));
	json_object_set_new(json, "version", text(release->vsn));
	json_object_set_new(json, "erts", text(release->erts));
	json_object_set_new(json, "elixir", text(release->elixir));
	return json;
}

static json_t *reasons_json(const struct reasons *reasons)
{
	json_t *list = json_array();

	for (size_t i = 0; i < reasons->len; i++) {
		const struct reason *reason = &reasons->items[i];
		json_t *json = json_object();

		json_object_set_new(json, "code", text(reason_name(reason->code)));
		json_object_set_new(json, "severity", text(severity_name(reason->severity)));
		json_object_set_new(json, "application", text(reason->application));
		json_object_set_new(json, "module", text(reason->module));
		json_object_set_new(json, "message", text(reason->message));
		json_object_set_new(json, "hint", text(reason->hint));
		json_object_set_new(json, "allowed", json_boolean(reason->allowed));
		json_array_append_new(list, json);
	}
	return list;
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

	return names_list(plan_steps_text(&arena, steps));
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
	json_object_set_new(json, "vm_args", names_list(diff->vm_args));
	return json;
}

json_t *plan_json(const struct plan *plan)
{
	json_t *json = json_object(), *steps = json_object(), *words = json_object();

	json_object_set_new(json, "verdict", text(verdict_name(plan->verdict)));
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
