// SPDX-License-Identifier: Apache-2.0
#include "release/name_table.h"
#include "upgrade/verdict_parts.h"

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = { "hot", "hot_with_warnings", "restart", "impossible" };

	return names[verdict];
}

enum verdict verdict_of(const struct reasons *reasons)
{
	enum severity worst = SEVERITY_INFO;

	for (size_t i = 0; i < reasons->len; i++)
		if (!reasons->items[i].allowed && reasons->items[i].severity > worst)
			worst = reasons->items[i].severity;
	return (enum verdict)worst;
}

/* ---- the release as a whole ---- */

static void judge_names(struct judge *judge)
{
	const struct release *a = judge->diff->old_release, *b = judge->diff->new_release;

	if (strcmp(a->name, b->name) != 0)
		JUDGE(judge, REASON_name_changed, NULL, NULL,
		      "\"%s\" and \"%s\" are different releases", a->name, b->name);
	else if (strcmp(a->vsn, b->vsn) == 0)
		JUDGE(judge, REASON_version_reused, NULL, NULL, "both are version %s", a->vsn)
			->hint = "give the new release a version of its own";
}

static void judge_erts(struct judge *judge)
{
	const struct release *a = judge->diff->old_release, *b = judge->diff->new_release;

	if (judge->diff->erts_changed)
		JUDGE(judge, REASON_erts_changed, NULL, NULL,
		      "the Erlang runtime changes: erts %s to %s", a->erts, b->erts)
			->hint = "the emulator cannot be exchanged while it runs";
}

/* "kernel 8.5 to 8.5.3" of an application that has another version. */
static void judge_base(struct judge *judge, const char *name, enum reason_code code)
{
	const struct app_diff *app = diff_find(judge->diff, name);
	const char *old_vsn, *new_vsn;

	if (!app)
		return;
	old_vsn = app_diff_old_vsn(app);
	new_vsn = app_diff_new_vsn(app);
	if (!old_vsn || !new_vsn || strcmp(old_vsn, new_vsn) == 0)
		return;
	JUDGE(judge, code, name, NULL, "%s %s to %s, on which everything else stands", name,
	      old_vsn, new_vsn)
		->hint = "restart the nodes, one after the other";
}

static void judge_config(struct judge *judge)
{
	const struct module_diffs protocols = judge->diff->protocols;

	if (judge->diff->sys_config_changed)
		JUDGE(judge, REASON_env_changed, NULL, NULL, "sys.config is another one")->hint =
			"applications that export config_change/3 are told; others read it when "
			"they "
			"next ask";
	if (judge->diff->vm_args_changed)
		JUDGE(judge, REASON_vm_args_changed, NULL, NULL, "vm.args is another one")->hint =
			"it takes effect when the node next starts";
	for (size_t i = 0; i < protocols.len; i++)
		JUDGE(judge, REASON_protocol_changed, judge->appups->carrier,
		      protocols.items[i].name, "consolidated protocol %s was %s",
		      protocols.items[i].name, change_name(protocols.items[i].change));
}

/* ---- one module ---- */

static void judge_native(struct judge *judge, const struct app_diff *app,
			 const struct module_diff *module)
{
	const struct beam_facts *a = module->old_facts, *b = module->new_facts;

	if (a->nif || b->nif)
		JUDGE(judge, REASON_nif_changed, app->name, module->name,
		      "%s has a NIF library, which cannot be loaded twice", module->name)
			->hint =
			"restart, or keep the module as it is and move what changed to another";
	else if (a->on_load || b->on_load)
		JUDGE(judge, REASON_on_load_changed, app->name, module->name,
		      "%s runs code when it is loaded (-on_load)", module->name)
			->hint = "restart, or allow on_load_changed when it may run again";
}

static void judge_process(struct judge *judge, const struct app_diff *app,
			  const struct module_diff *module, bool generated)
{
	const unsigned kinds = BEAM_PROCESS | BEAM_SUPERVISOR;
	unsigned a = module->old_facts->roles & kinds, b = module->new_facts->roles & kinds;

	if (a && b && !(a & b))
		JUDGE(judge, REASON_behaviour_changed, app->name, module->name,
		      "%s was a %s and is a %s: its processes cannot become the other",
		      module->name, beam_role_name((enum beam_role)(a & -a)),
		      beam_role_name((enum beam_role)(b & -b)))
			->hint = "restart, or give the new behaviour a module of its own";
	else if (generated && a & b & BEAM_PROCESS && !(a & b & BEAM_SUPERVISOR) &&
		 !module->new_facts->code_change) {
		struct reason *reason = JUDGE(
			judge, REASON_code_change_missing, app->name, module->name,
			"%s is a %s without code_change: its processes keep their state as it is",
			module->name, beam_role_name((enum beam_role)(a & b & -(a & b))));

		/* No call is made that could fail; only the state may not fit. */
		reason->severity = SEVERITY_WARN;
		reason->hint =
			"fine while the state keeps its shape; otherwise write code_change/3";
	}
}

/* ---- one application ---- */

static void judge_module(struct judge *judge, const struct app_diff *app,
			 const struct module_diff *module, bool generated)
{
	if (module->change != CHANGE_CHANGED)
		return;
	judge_native(judge, app, module);
	judge_process(judge, app, module, generated);
	judge_state(judge, app, module);
	if (generated)
		judge_children(judge, app, module);
}

static void judge_files(struct judge *judge, const struct app_diff *app)
{
	if (app->nifs.len > 0)
		JUDGE(judge, REASON_nif_changed, app->name, NULL,
		      "priv/%s%s is another library; the old one stays loaded", app->nifs.items[0],
		      app->nifs.len > 1 ? " (and more)" : "")
			->hint = "restart the nodes, one after the other";
	else if (app->priv.len > 0)
		JUDGE(judge, REASON_static_changed, app->name, NULL,
		      "files below priv changed: %s%s", app->priv.items[0],
		      app->priv.len > 1 ? " and others" : "");
}

static void judge_spec(struct judge *judge, const struct app_diff *app)
{
	if (app->env_changed)
		JUDGE(judge, REASON_env_changed, app->name, NULL,
		      "the default environment of %s changed", app->name);
	if (app->mod_changed || app->start_phases_changed)
		JUDGE(judge, REASON_mod_changed, app->name, NULL, "%s of %s changed",
		      app->mod_changed ? "the start module" : "the start phases", app->name)
			->hint = "it takes effect when the application next starts";
}

static void judge_not_bumped(struct judge *judge, const struct app_diff *app)
{
	const char *module = app->modules.len > 0 ? app->modules.items[0].name : NULL;

	JUDGE(judge, REASON_version_not_bumped, app->name, module,
	      "%s changed (%s%s), but its version is still %s", app->name,
	      module ? module : app->priv.items[0],
	      app->modules.len + app->priv.len > 1 ? " and more" : "", app_diff_new_vsn(app))
		->hint =
		"a node keeps one folder for each version: raise the version in the .app file";
}

static void judge_app(struct judge *judge, const struct app_diff *app)
{
	const struct appup_made *made = appups_find(judge->appups, app->name);

	if (app->change == CHANGE_ADDED)
		JUDGE(judge, REASON_application_added, app->name, NULL,
		      "%s %s is new; it is started before the others change", app->name,
		      app_diff_new_vsn(app));
	else if (app->change == CHANGE_REMOVED)
		JUDGE(judge, REASON_application_removed, app->name, NULL,
		      "%s %s is gone; it is stopped after the others have changed", app->name,
		      app_diff_old_vsn(app));
	if (app->change != CHANGE_CHANGED)
		return;
	if (app_diff_not_bumped(app)) {
		judge_not_bumped(judge, app);
		return;
	}
	judge_spec(judge, app);
	if (appup_restarts(made))
		return;
	judge_files(judge, app);
	for (size_t i = 0; i < app->modules.len; i++)
		judge_module(judge, app, &app->modules.items[i], made->source == APPUP_GENERATED);
}

/* ---- modules that moved ---- */

static void add_names(struct name_table *table, struct names names)
{
	for (size_t i = 0; i < names.len; i++)
		name_table_add(table, names.items[i], NULL);
}

static void add_removed(struct name_table *table, struct module_diffs modules)
{
	for (size_t i = 0; i < modules.len; i++)
		if (modules.items[i].change == CHANGE_REMOVED)
			name_table_add(table, modules.items[i].name, NULL);
}

static void judge_move(struct judge *judge, const struct name_table *gone,
		       const struct app_diff *app, const char *module)
{
	if (name_table_find(gone, span_of(module)) == NAME_ABSENT)
		return;
	JUDGE(judge, REASON_module_moved, app->name, module,
	      "%s moved to %s from another application, and one of the two is itself new or gone",
	      module, app->name)
		->hint =
		"restart the nodes, one after the other, or move it in a release of its own";
}

/* release_handler deletes the modules of a removed application at the very end, also
 * those that another application has by then brought anew; and the other way round on
 * the way back.
 */
static void judge_moves(struct judge *judge)
{
	owned_name_table struct name_table *gone = name_table_new();
	const struct diff *diff = judge->diff;

	for (size_t i = 0; i < diff->len; i++)
		if (diff->apps[i].change == CHANGE_REMOVED)
			add_names(gone, diff->apps[i].old_app->app->modules);
	for (size_t i = 0; i < diff->len; i++)
		for (size_t j = 0; j < diff->apps[i].modules.len; j++)
			if (diff->apps[i].modules.items[j].change == CHANGE_ADDED)
				judge_move(judge, gone, &diff->apps[i],
					   diff->apps[i].modules.items[j].name);
	for (size_t i = 0; i < diff->len; i++)
		add_removed(gone, diff->apps[i].modules);
	for (size_t i = 0; i < diff->len; i++) {
		const struct app_diff *app = &diff->apps[i];

		for (size_t j = 0;
		     app->change == CHANGE_ADDED && j < app->new_app->app->modules.len; j++)
			judge_move(judge, gone, app, app->new_app->app->modules.items[j]);
	}
}

void verdict_reasons(struct arena *arena, const struct diff *diff, const struct appups *appups,
		     struct reasons *reasons)
{
	struct judge judge = { .arena = arena, .diff = diff, .appups = appups, .reasons = reasons };

	judge_names(&judge);
	judge_erts(&judge);
	judge_base(&judge, "kernel", REASON_otp_changed);
	judge_base(&judge, "stdlib", REASON_otp_changed);
	judge_base(&judge, "sasl", REASON_otp_changed);
	judge_base(&judge, "elixir", REASON_elixir_changed);
	for (size_t i = 0; i < diff->len; i++)
		judge_app(&judge, &diff->apps[i]);
	judge_moves(&judge);
	judge_config(&judge);
	name_table_free(judge.modules);
}
