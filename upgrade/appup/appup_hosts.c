// SPDX-License-Identifier: Apache-2.0
/* Modules whose code_change is asked by a process of another module: LiveView's pages are processes
 * of one module, whatever view they show.  An update of that module reaches them all, also those of
 * views that are the same.
 */
#include "release/read/store.h"
#include "upgrade/appup/appup_parts.h"

/* clang-format off */
static const struct host {
	enum beam_role role; /* of modules that … */
	const char *module;  /* … this one calls back */
	const char *app, *broken; /* the newest version of its application that cannot do it */
	const char *why;
} hosts[] = {
	{ BEAM_LIVE_VIEW, "Elixir.Phoenix.LiveView.Channel", "phoenix_live_view", "1.0.5",
	  "takes what code_change of a view returns for the whole state of its page" },
};
/* clang-format on */

/* code_change runs in the new code, on the way up and on the way down. */
static bool converts(const struct module_diff *module, const struct host *host)
{
	return module->change == CHANGE_CHANGED && module->new_facts->code_change &&
	       module->old_facts->roles & module->new_facts->roles & host->role;
}

static const struct beam_facts *host_facts(struct appup_work *work, const struct host *host)
{
	return modules_find(work->modules, SIDE_OLD, host->module)
		       ? modules_facts(work->modules, SIDE_NEW, host->module)
		       : NULL;
}

static const char *host_vsn(const struct appup_work *work, const struct host *host)
{
	const struct app_diff *app = diff_find(work->diff, host->app);

	return app ? app_diff_new_vsn(app) : NULL;
}

static bool is_broken(const struct appup_work *work, const struct host *host)
{
	const char *vsn = host_vsn(work, host);

	return vsn && version_compare(vsn, host->broken) <= 0;
}

static void add(struct arena *arena, struct names *names, size_t *cap, const char *name)
{
	const char **items = (const char **)(uintptr_t)names->items;

	items = arena_grow(arena, items, names->len, cap);
	items[names->len++] = name;
	names->items = items;
}

struct names host_views(struct appup_work *work, const struct appup_made *made, size_t nr)
{
	struct names views = { NULL, 0 };
	size_t cap = 0;

	for (size_t i = 0; i < made->app->modules.len; i++)
		if (converts(&made->app->modules.items[i], &hosts[nr]))
			add(work->arena, &views, &cap, made->app->modules.items[i].name);
	return views;
}

const char *host_module(struct appup_work *work, size_t nr)
{
	const struct beam_facts *facts;

	if (nr >= ARRAY_LEN(hosts))
		return NULL;
	facts = host_facts(work, &hosts[nr]);
	return facts && facts->code_change && !is_broken(work, &hosts[nr]) ? hosts[nr].module : "";
}

bool host_is_broken(const struct appup_work *work, const char *module)
{
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
		if (strcmp(hosts[i].module, module) == 0)
			return is_broken(work, &hosts[i]);
	return false;
}

/* An update by hand of such a process, for the sake of modules that changed. */
bool host_is_updated(const struct appup_work *work, const char *module)
{
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
		if (strcmp(hosts[i].module, module) == 0)
			return modules_find(work->modules, SIDE_NEW, module) != NULL;
	return false;
}

/* Where the process of the host changes, too, it has an instruction of its own. */
void host_deps(struct appup_work *work)
{
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		struct vertex *host = vertex_find(work, hosts[i].module);

		if (!host || host->diff->change != CHANGE_CHANGED || is_broken(work, &hosts[i]))
			continue;
		for (size_t j = 0; j < name_table_len(work->names); j++) {
			const struct vertex *view = &work->vertices[j];

			if (!converts(view->diff, &hosts[i]))
				continue;
			if (host->up && view->up)
				add(work->arena, &host->up_deps, &host->up_cap, view->diff->name);
			if (host->down && view->down)
				add(work->arena, &host->down_deps, &host->down_cap,
				    view->diff->name);
		}
	}
}

void host_tell(struct appup_work *work, const struct appup_made *made)
{
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		struct names views = host_views(work, made, i);

		for (size_t j = 0; is_broken(work, &hosts[i]) && j < views.len; j++)
			reason_add(work->arena, work->reasons, REASON_code_change_left_out,
				   made->app->name, views.items[j],
				   "code_change of %s is not called: %s %s %s",
				   module_shown(views.items[j]), hosts[i].app,
				   host_vsn(work, &hosts[i]), hosts[i].why)
				->hint =
				arena_printf(work->arena,
					     "its pages keep their state as it is; go to a "
					     "version of %s after %s first",
					     hosts[i].app, hosts[i].broken);
	}
}
