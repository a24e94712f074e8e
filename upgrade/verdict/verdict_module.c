// SPDX-License-Identifier: Apache-2.0
/* One module that changed. */
#include "upgrade/verdict/verdict_kept.h"
#include "upgrade/verdict/verdict_running.h"
#include "upgrade/verdict/verdict_states.h"

static void judge_native(struct judge *judge, const struct app_diff *app,
			 const struct module_diff *module)
{
	const struct beam_facts *a = module->old_facts, *b = module->new_facts;

	if (a->nif || b->nif)
		JUDGE(judge, REASON_nif_changed, app->name, module->name,
		      "%s changed and loads a NIF library, which stays the one that is loaded",
		      module_shown(module->name))
			->hint =
			"restart, or keep the module as it is and move what changed to another";
	else if (module->old_code->on_load || module->new_code->on_load)
		JUDGE(judge, REASON_on_load_changed, app->name, module->name,
		      "%s runs code when it is loaded (-on_load), and would run it again",
		      module_shown(module->name))
			->hint = "restart, or allow on_load_changed when it may run again";
}

static void judge_process(struct judge *judge, const struct app_diff *app,
			  const struct module_diff *module)
{
	const unsigned kinds = BEAM_PROCESS | BEAM_SUPERVISOR;
	unsigned a = module->old_facts->roles & kinds, b = module->new_facts->roles & kinds;

	if (a && b && !(a & b))
		JUDGE(judge, REASON_behaviour_changed, app->name, module->name,
		      "%s was a %s and is a %s: its processes cannot become the other",
		      module_shown(module->name), beam_role_name((enum beam_role)(a & -a)),
		      beam_role_name((enum beam_role)(b & -b)))
			->hint = "restart, or give the new behaviour a module of its own";
}

void judge_module(struct judge *judge, const struct app_diff *app, const struct module_diff *module)
{
	if (module->change != CHANGE_CHANGED)
		return;
	judge_native(judge, app, module);
	judge_process(judge, app, module);
	judge_state(judge, app, module);
	judge_bridge(judge, app, module);
	judge_carried(judge, app, module);
	judge_kept_things(judge, app, module);
	judge_agents(judge, app, module);
	judge_assigns(judge, app, module);
	judge_pages(judge, app, module);
	judge_handed(judge, app, module);
}

/* ---- instructions for what did not change ---- */

struct stale {
	struct judge *judge;
	const struct app_diff *app;
};

static void judge_stale_one(void *context, const char *name, const struct term *instruction)
{
	const struct stale *stale = context;
	struct modules *modules = stale->judge->modules;
	struct module_at *module = modules_find(modules, SIDE_NEW, name);
	const struct beam_facts *facts;
	const struct code *code;
	unsigned roles;

	if (!module || !module->same || !instruction_is_advanced(instruction))
		return;
	facts = module_facts(modules, SIDE_NEW, module);
	code = module_code(modules, SIDE_NEW, module);
	roles = facts ? facts->roles & BEAM_PROCESS : 0;
	if (code && roles)
		judge_types(stale->judge,
			    &(struct typed){ stale->app, name, code, code, facts,
					     (enum beam_role)(roles & -roles), false });
}

void judge_stale(struct judge *judge, const struct app_diff *app, const struct appup_made *made)
{
	struct stale stale = { judge, app };

	if (made->source != APPUP_GENERATED)
		script_modules(made->up, judge_stale_one, &stale);
}
