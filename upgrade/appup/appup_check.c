// SPDX-License-Identifier: Apache-2.0
#include "upgrade/appup/appup_parts.h"

struct check {
	struct appup_work *work;
	const struct appup_made *made;
	struct name_table *mentioned;
	struct name_table *stale, *unknown; /* modules with an instruction for nothing, both ways */
	const char *way;                    /* "up" or "down" */
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
	bool known = is_listed(app->old_app, module) || is_listed(app->new_app, module);

	if (!vertex_find(check->work, module) && !host_is_updated(check->work, module))
		name_table_add(known ? check->stale : check->unknown, module, NULL);
}

/* One line for all of them, both ways. */
static void tell_stale(const struct check *check, const struct name_table *names, bool known)
{
	size_t len = name_table_len(names);
	const char *first, *others;
	struct reason *reason;

	if (len == 0)
		return;
	first = name_table_name(names, 0);
	others = len == 1 ? "" : arena_printf(check->work->arena, " and %zu more", len - 1);
	reason = reason_add(check->work->arena, check->work->reasons, REASON_appup_stale,
			    check->made->app->name, first, "%s changes %s%s, which %s%s",
			    check->made->file, module_shown(first), others,
			    known ? "did not change" : check->made->app->name,
			    known ? "" : " does not have");
	reason->hint = "take the instructions out";
	if (!known)
		reason->severity = SEVERITY_WARN;
}

/* code_change is called in the new code, upwards and downwards. */
static void check_advanced(const struct check *check, const char *module)
{
	const struct vertex *vertex = vertex_find(check->work, module);
	const struct beam_facts *facts = vertex ? vertex->diff->new_facts : NULL;

	/* A behaviour of one's own calls what it likes. */
	if (!facts || facts->code_change || facts->roles & BEAM_SUPERVISOR ||
	    beam_exports(facts, "code_change", 3) || beam_exports(facts, "code_change", 4) ||
	    beam_exports(facts, "system_code_change", 4))
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

/* ---- children ---- */

static bool mentions(const struct term *term, const struct term *id)
{
	if (term_equal(term, id))
		return true;
	if (term->kind == TERM_MAP)
		for (size_t i = 0; i < term->map.len; i++)
			if (mentions(term->map.values[i], id))
				return true;
	if (term->kind == TERM_LIST || term->kind == TERM_TUPLE)
		for (size_t i = 0; i < term->seq.len; i++)
			if (mentions(term_at(term, i), id))
				return true;
	return false;
}

/* Whatever is called with its name may take care of it; so may a call with nothing to see. */
static bool is_cared_for(const struct term *script, const struct term *id)
{
	for (size_t i = 0; i < script->seq.len; i++) {
		const struct term *instruction = term_at(script, i);

		if (!term_is_tagged(instruction, "apply", 2))
			continue;
		if (!term_is_tagged(term_at(instruction, 1), "supervisor", 3) ||
		    mentions(term_at(instruction, 1), id))
			return true;
	}
	return false;
}

static const char *id_shown(struct arena *arena, const struct term *id)
{
	owned_str struct str text = STR_EMPTY;

	if (term_atom_name(id))
		return module_shown(term_atom_name(id));
	term_print(&text, id);
	return arena_dup(arena, str_span(&text));
}

static void check_child(const struct check *check, const struct term *script,
			const struct supervisor_change *change, const struct child_change *item)
{
	bool comes = check->down ? !item->after : !item->before;
	const struct term *id = item->after ? item->after->id : item->before->id;

	if ((item->before && item->after) || is_cared_for(script, id))
		return;
	reason_add(
		check->work->arena, check->work->reasons, REASON_appup_incomplete,
		check->made->app->name, change->module,
		"%s (%s) does not %s the child %s of %s, which an update of the supervisor leaves "
		"%s",
		check->made->file, check->way, comes ? "start" : "stop",
		id_shown(check->work->arena, id), module_shown(change->module),
		comes ? "unstarted" : "running")
		->hint =
		comes ? "add {apply, {supervisor, restart_child, [Supervisor, Id]}} behind the "
			"update"
		      : "add {apply, {supervisor, terminate_child, …}} and delete_child";
}

static void check_children(const struct check *check, const struct term *script)
{
	const struct supervisor_changes all = check->made->supervisors;

	for (size_t i = 0; i < all.len; i++)
		for (size_t j = 0; j < all.items[i].len; j++)
			check_child(check, script, &all.items[i], &all.items[i].items[j]);
}

static void check_script(struct check *check, const struct term *script)
{
	owned_name_table struct name_table *mentioned = name_table_new();

	check->mentioned = mentioned;
	script_modules(script, see, check);
	if (script_restarts(script))
		return;
	check_coverage(check);
	check_children(check, script);
}

/* A way back that mentions nothing of what changed. */
static bool changes_nothing(const struct appup_work *work, const struct appup_made *made)
{
	bool any = false;

	if (script_restarts(made->down))
		return false;
	for (size_t i = 0; i < made->app->modules.len; i++) {
		const struct module_diff *module = &made->app->modules.items[i];

		any = any || generates_down(work->diff, module);
		if (script_find(made->down, module->name))
			return false;
	}
	return any;
}

static void check_back(struct check *check, struct appup_made *made)
{
	struct appup_work *work = check->work;

	made->changes_nothing_down = made->down && changes_nothing(work, made);
	if (made->down && !made->changes_nothing_down) {
		check->way = "down";
		check->down = true;
		check_script(check, made->down);
		return;
	}
	reason_add(work->arena, work->reasons, REASON_not_reversible, made->app->name, NULL,
		   "%s: %s version \"%s\"", made->file,
		   made->down ? "nothing of what changed is changed back on the way down to"
			      : "no way down to",
		   app_diff_old_vsn(made->app))
		->hint = made->down ? "say what is to be done in its second list"
				    : "add an entry to its second list";
}

void appup_check(struct appup_work *work, struct appup_made *made)
{
	owned_name_table struct name_table *stale = name_table_new(), *unknown = name_table_new();
	struct check check = {
		.work = work, .made = made, .stale = stale, .unknown = unknown, .way = "up"
	};

	check_script(&check, made->up);
	check_back(&check, made);
	tell_stale(&check, unknown, false);
	tell_stale(&check, stale, true);
}
