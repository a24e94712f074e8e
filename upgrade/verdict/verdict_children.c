// SPDX-License-Identifier: Apache-2.0
/* Supervisors whose children may have changed. */
#include "base/name_table.h"
#include "upgrade/verdict/verdict_starts.h"

/* ---- modules that are named ---- */

/* ": A, B" of the modules that one version names and the other does not; "" for none. */
static const char *newly_named(struct judge *judge, const struct code *before,
			       const struct code *after, const char *what)
{
	owned_name_table struct name_table *olds = atoms_of(before), *news = atoms_of(after);
	owned_str struct str text = STR_EMPTY;

	for (size_t i = 0; i < name_table_len(news); i++) {
		const char *name = name_table_name(news, i);

		if (name_table_find(olds, span_of(name)) == NAME_ABSENT &&
		    (modules_find(judge->modules, SIDE_OLD, name) ||
		     modules_find(judge->modules, SIDE_NEW, name)))
			str_addf(&text, "%s%s", text.len ? ", " : what, module_shown(name));
	}
	return arena_dup(judge->arena, str_span(&text));
}

/* ---- what a generated appup does about them ---- */

static void judge_opaque(struct judge *judge, const struct app_diff *app,
			 const struct supervisor_change *change)
{
	const struct module_diff *module = module_diffs_find(app->modules, change->module);
	const struct code *before = module ? module->old_code : NULL;
	const struct code *after = module ? module->new_code : NULL;
	const char *added = before ? newly_named(judge, before, after, "; it now names ") : "";
	const char *removed =
		before ? newly_named(judge, after, before, "; it no longer names ") : "";

	JUDGE(judge, REASON_supervisor_opaque, app->name, change->module,
	      "the children of %s may have changed, which cannot be seen (%s): what is new is not "
	      "started, what is gone not stopped%s%s",
	      module_shown(change->module), change->opaque, added, removed)
		->hint = "fine when the children are the same; otherwise write an appup with "
			 "supervisor:restart_child/2 or terminate_child/2";
}

static void judge_kind(struct judge *judge, const struct app_diff *app,
		       const struct supervisor_change *change)
{
	JUDGE(judge, REASON_behaviour_changed, app->name, change->module,
	      "%s was a supervisor of named children and is one of children that are all alike, or "
	      "the "
	      "other way round: it cannot become the other while it runs",
	      module_shown(change->module))
		->hint = "restart, or give the new supervisor a module of its own";
}

static const char *id_shown(struct arena *arena, const struct child *child)
{
	owned_str struct str text = STR_EMPTY;

	if (term_atom_name(child->id))
		return module_shown(term_atom_name(child->id));
	term_print(&text, child->id);
	return arena_dup(arena, str_span(&text));
}

static void judge_restarts(struct judge *judge, const struct app_diff *app,
			   const struct supervisor_change *change)
{
	for (size_t i = 0; i < change->len; i++)
		if (change->items[i].before && change->items[i].after)
			JUDGE(judge, REASON_child_restarted, app->name, change->module,
			      "the child %s of %s is started in another way now: it is stopped and "
			      "started, and loses its state",
			      id_shown(judge->arena, change->items[i].after),
			      module_shown(change->module))
				->hint = "fine when it can do without; otherwise leave it out in "
					 "an appup by "
					 "hand: it goes on as it was started";
}

void judge_children(struct judge *judge, const struct appup_made *made)
{
	for (size_t i = 0; i < made->supervisors.len; i++) {
		const struct supervisor_change *change = &made->supervisors.items[i];

		if (change->kind_changed)
			judge_kind(judge, made->app, change);
		if (change->opaque && made->source == APPUP_GENERATED &&
		    !is_told(judge, REASON_supervisor_fails, change->module))
			judge_opaque(judge, made->app, change);
		if (made->source == APPUP_GENERATED)
			judge_restarts(judge, made->app, change);
	}
}

void judge_others_children(struct judge *judge, const struct app_diff *app)
{
	const struct supervisor_changes all = appup_others(judge->modules, app);

	for (size_t i = 0; i < all.len; i++) {
		const char *module = all.items[i].module;

		if (all.items[i].kind_changed)
			judge_kind(judge, app, &all.items[i]);
		if (all.items[i].len == 0 && !all.items[i].opaque)
			continue;
		JUDGE(judge, REASON_supervisor_opaque, app->name, module,
		      "the children of %s are made by what other applications have, and may have "
		      "changed: %s did not, and has no appup, so what is new is not started, what "
		      "is gone not stopped",
		      module_shown(module), app->name)
			->hint = "fine when the children are the same; otherwise raise the version "
				 "of that application, or start and stop them in an appup of "
				 "another one";
	}
}
