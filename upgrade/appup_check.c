// SPDX-License-Identifier: Apache-2.0
#include "upgrade/appup_parts.h"

struct check {
	struct appup_work *work;
	const struct appup_made *made;
	struct name_table *mentioned;
	const char *way; /* "up" or "down" */
	bool down;
};

static bool is_listed(const struct resolved_app *app, const char *module)
{
	return names_have(app->app->modules, module);
}

/* Nothing in either release changes under that instruction. */
static void check_stale(const struct check *check, const char *module)
{
	const struct app_diff *app = check->made->app;
	struct reason *reason;

	if (vertex_find(check->work, module))
		return;
	reason = reason_add(check->work->arena, check->work->reasons, REASON_appup_stale, app->name,
			    module, "%s (%s) changes %s, which is the same in both releases",
			    check->made->file, check->way, module_shown(module));
	reason->hint = "take the instruction out";
	if (is_listed(app->old_app, module) || is_listed(app->new_app, module))
		return;
	reason->severity = SEVERITY_WARN;
	reason->message =
		arena_printf(check->work->arena, "%s (%s) changes %s, which %s does not have",
			     check->made->file, check->way, module_shown(module), app->name);
}

/* code_change is called in the new code, upwards and downwards. */
static void check_advanced(const struct check *check, const char *module)
{
	const struct vertex *vertex = vertex_find(check->work, module);
	const struct beam_facts *facts = vertex ? vertex->diff->new_facts : NULL;

	if (!facts || facts->code_change || facts->roles & BEAM_SUPERVISOR)
		return;
	reason_add(check->work->arena, check->work->reasons, REASON_code_change_missing,
		   check->made->app->name, module,
		   "%s (%s) wants code_change of %s, which does not export it: the node would "
		   "restart in the middle of the upgrade",
		   check->made->file, check->way, module_shown(module))
		->hint = "write code_change/3, or say {update, M, soft}";
}

static void see(void *context, const char *module, const struct term *instruction)
{
	const struct check *check = context;
	bool is_new;

	name_table_add(check->mentioned, module, &is_new);
	if (is_new)
		check_stale(check, module);
	if (instruction_is_advanced(instruction))
		check_advanced(check, module);
}

static void check_coverage(const struct check *check)
{
	const struct module_diffs modules = check->made->app->modules;
	const struct diff *diff = check->work->diff;

	for (size_t i = 0; i < modules.len; i++) {
		const struct module_diff *module = &modules.items[i];

		if (name_table_find(check->mentioned, span_of(module->name)) != NAME_ABSENT)
			continue;
		if (!(check->down ? generates_down : generates_up)(diff, module))
			continue;
		reason_add(check->work->arena, check->work->reasons, REASON_appup_incomplete,
			   check->made->app->name, module->name,
			   "%s (%s) does not mention %s, which was %s", check->made->file,
			   check->way, module_shown(module->name), change_name(module->change))
			->hint = "add an instruction for it; `relevo appup` shows one";
	}
}

static void check_script(struct check *check, const struct term *script)
{
	owned_name_table struct name_table *mentioned = name_table_new();

	check->mentioned = mentioned;
	script_modules(script, see, check);
	if (!script_restarts(script))
		check_coverage(check);
}

void appup_check(struct appup_work *work, const struct appup_made *made)
{
	struct check check = { .work = work, .made = made, .way = "up" };

	check_script(&check, made->up);
	if (!made->down) {
		reason_add(work->arena, work->reasons, REASON_not_reversible, made->app->name, NULL,
			   "%s: no way down to version \"%s\"", made->file,
			   app_diff_old_vsn(made->app))
			->hint = "add an entry to its second list";
		return;
	}
	check.way = "down";
	check.down = true;
	check_script(&check, made->down);
}
