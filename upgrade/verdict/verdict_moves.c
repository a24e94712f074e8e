// SPDX-License-Identifier: Apache-2.0
/* Modules that moved from one application to another. */
#include "upgrade/verdict/verdict_release.h"

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
	      module_shown(module), app->name)
		->hint =
		"restart the nodes, one after the other, or move it in a release of its own";
}

/* release_handler deletes the modules of a removed application at the very end, also
 * those that another application has by then brought anew; and the other way round on
 * the way back.
 */
void judge_moves(struct judge *judge)
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
