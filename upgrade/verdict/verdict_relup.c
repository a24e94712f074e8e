// SPDX-License-Identifier: Apache-2.0
/* What the relup does to the processes that run. */
#include "erlang/code/code_facts.h"
#include "upgrade/verdict/verdict_running.h"
#include "upgrade/verdict/verdict_starts.h"
#include "upgrade/verdict/verdict_states.h"

/* ---- processes that cannot be suspended ---- */

static bool is_special(const struct beam_facts *facts)
{
	return beam_exports(facts, "system_continue", 3) ||
	       beam_imports(facts, "sys", "handle_system_msg", 6);
}

static bool understands_system(const struct beam_facts *facts)
{
	return facts->roles & (BEAM_PROCESS | BEAM_SUPERVISOR) || is_special(facts);
}

static bool spawns(const struct beam_facts *facts)
{
	for (size_t i = 0; i < facts->imports.len; i++) {
		const struct beam_function *import = &facts->imports.items[i];

		if ((strcmp(import->module, "erlang") == 0 ||
		     strcmp(import->module, "proc_lib") == 0) &&
		    (strncmp(import->name, "spawn", 5) == 0 ||
		     strncmp(import->name, "start", 5) == 0))
			return true;
	}
	return false;
}

/* It starts its processes itself, and none of them would answer. */
static bool is_deaf(const struct module_diff *module)
{
	const struct beam_facts *facts = module->old_facts;

	return facts && !understands_system(facts) && facts->behaviours.len == 0 && spawns(facts) &&
	       code_loop(module->old_code) == CODE_LOOP_DEAF;
}

/* The module of an element of {suspend, [M | {M, Timeout}]}. */
static const char *suspended(const struct term *element)
{
	if (element->kind == TERM_TUPLE && element->seq.len == 2)
		element = term_at(element, 0);
	return term_atom_name(element);
}

static void judge_suspend(struct judge *judge, struct name_table *told, const struct term *modules)
{
	for (size_t i = 0; i < modules->seq.len; i++) {
		const char *name = suspended(term_at(modules, i));
		struct module_at *module =
			name ? modules_find(judge->modules, SIDE_OLD, name) : NULL;
		bool is_new;

		if (!module || !module->diff || !is_deaf(module->diff))
			continue;
		name_table_add(told, module->name, &is_new);
		if (!is_new)
			continue;
		JUDGE(judge, REASON_not_suspendable, module->app->name, module->name,
		      "%s is to be suspended, but its processes do not understand system messages: "
		      "each is waited for in vain, and goes on while its code changes",
		      module_shown(module->name))
			->hint = "let its loop pass {system, From, Request} to "
				 "sys:handle_system_msg/6, or say {load_module, M}";
	}
}

/* A function that code of one release calls, and that is not in the other one; NULL: none.  A loop
 * that goes on by one is told of already.
 */
static const struct beam_function *call_between(struct judge *judge, enum side side,
						const struct beam_facts *facts, const char *self)
{
	const bool told = is_told(judge, REASON_state_shape_changed, self);
	enum side other = side == SIDE_OLD ? SIDE_NEW : SIDE_OLD;

	for (size_t i = 0; i < facts->imports.len; i++) {
		const struct beam_function *call = &facts->imports.items[i];
		struct module_at *from = modules_find(judge->modules, side, call->module);

		if (from && !from->same && !(told && strcmp(call->module, self) == 0) &&
		    !modules_export(judge->modules, other, call))
			return call;
	}
	return NULL;
}

/* Who waits for messages by itself goes on while one module after the other changes. */
static void judge_unsuspended(struct judge *judge, const struct module_diff *module,
			      const struct app_diff *app)
{
	const struct beam_function *up, *down;

	if (!is_deaf(module))
		return;
	up = call_between(judge, SIDE_OLD, module->old_facts, module->name);
	down = call_between(judge, SIDE_NEW, module->new_facts, module->name);
	if (!up && !down)
		return;
	JUDGE(judge, REASON_not_suspendable, app->name, module->name,
	      "processes of %s are not suspended, and call %s:%s/%u%s while it %s",
	      module_shown(module->name), module_shown((up ? up : down)->module),
	      (up ? up : down)->name, (up ? up : down)->arity, up ? "" : ", on the way back,",
	      up ? "may be gone already" : "may be gone again")
		->hint = "keep the function for one release, or let the loop pass {system, From, "
			 "Request} to sys:handle_system_msg/6";
}

static bool is_list_of(const struct term *step, const char *tag)
{
	return term_is_tagged(step, tag, 2) && term_is_list(term_at(step, 1));
}

static void judge_suspends(struct judge *judge)
{
	owned_name_table struct name_table *told = name_table_new();
	const struct term *ways[] = { judge->up, judge->down };

	for (size_t w = 0; w < ARRAY_LEN(ways); w++)
		for (size_t i = 0; i < ways[w]->seq.len; i++)
			if (is_list_of(term_at(ways[w], i), "suspend"))
				judge_suspend(judge, told, term_at(term_at(ways[w], i), 1));
}

/* ---- code that is purged under its processes ---- */

static void judge_twice(struct judge *judge, const struct term *steps, const char *way)
{
	owned_name_table struct name_table *loaded = name_table_new();

	for (size_t i = 0; i < steps->seq.len; i++) {
		const struct term *step = term_at(steps, i), *load;
		const struct module_at *module;
		const char *name;
		bool is_new;

		if (!term_is_tagged(step, "load", 2) ||
		    !term_is_tuple(load = term_at(step, 1), 3) ||
		    !(name = term_atom_name(term_at(load, 0))))
			continue;
		name_table_add(loaded, name, &is_new);
		if (is_new)
			continue;
		module = modules_find(judge->modules, SIDE_NEW, name);
		JUDGE(judge, REASON_second_purge, module ? module->app->name : NULL, name,
		      "%s is loaded twice on the way %s: the second time kills what still runs the "
		      "code from before the upgrade",
		      module_shown(name), way)
			->hint = "one instruction is enough: take the other out of the appups";
	}
}

/* Only who changed, too, or has the module's name is looked at. */
static const struct code_function *loop_started_elsewhere(struct judge *judge,
							  const struct module_diff *module)
{
	owned_name_table struct name_table *names = name_table_new();
	struct modules *modules = judge->modules;
	const struct code_function *ending = NULL;
	const bool *naming;

	if (!has_loop(judge, module->old_code))
		return NULL;
	name_table_add(names, module->name, NULL);
	naming = modules_naming(judge, names);
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *after = &modules->items[SIDE_NEW][i];
		struct module_at *before = modules_find(modules, SIDE_OLD, after->name);
		const struct code *starter = before && (after->diff || naming[i])
						     ? module_code(modules, SIDE_OLD, before)
						     : NULL;
		const struct code_function *begun =
			starter && starter != module->old_code &&
					imports_from(starter, module->name)
				? loop_begun_in(judge, starter, module->old_code)
				: NULL;
		struct code_effects effects = { NULL, 0 };

		if (begun && !loop_ends(judge, module->old_code, begun))
			return begun;
		ending = begun ? begun : ending;
		if (starter)
			effects = effects_of(judge, SIDE_OLD, before, effect_starts);
		for (size_t j = 0; j < effects.len; j++) {
			const char *name = effect_begins(&effects.items[j], module->name, NULL);
			const struct code_function *loop =
				name ? loop_begun_at(judge, module->old_code, name) : NULL;

			if (loop && !loop_ends(judge, module->old_code, loop))
				return loop;
			ending = loop ? loop : ending;
		}
	}
	return ending;
}

static bool is_gone(void *ctx, const struct beam_function *function)
{
	struct judge *judge = ctx;

	return modules_export(judge->modules, SIDE_OLD, function) &&
	       !modules_export(judge->modules, SIDE_NEW, function);
}

/* They are under way in the old code, and come to a call that enters the new one. */
static void judge_under_way(struct judge *judge, const struct module_diff *module,
			    const struct app_diff *app)
{
	const struct beam_function *gone =
		begun_call(module->old_code, judge->arena, is_gone, judge);

	if (gone)
		JUDGE(judge, REASON_function_missing, app->name, module->name,
		      "processes that the old code of %s has started, and that are under way, call "
		      "%s:%s/%u by its full name, which is no longer there: they fail at that",
		      module_shown(module->name), module_shown(gone->module), gone->name,
		      gone->arity)
			->hint = "keep the function for one release, or call it without its module";
}

/* *ends: it soon ends by itself, as all others that are seen. */
static const struct code_function *loop_of_processes(struct judge *judge,
						     const struct module_diff *module, bool *ends)
{
	const struct code_function *loop = loop_that_stays(judge, module->old_code), *other;

	*ends = !loop || loop_ends(judge, module->old_code, loop);
	if (!*ends)
		return loop;
	other = loop_started_elsewhere(judge, module);
	loop = other ? other : loop;
	*ends = loop && loop_ends(judge, module->old_code, loop);
	return loop;
}

static void tell_staying(struct judge *judge, const struct module_diff *module,
			 const struct app_diff *app, const struct code_function *loop)
{
	JUDGE(judge, REASON_second_purge, app->name, module->name,
	      "processes in %s%s%s/%u go on by calling themselves locally, so they stay in the old "
	      "code, and are killed when it is purged: at the commit, or by the next upgrade",
	      module_shown(module->name), module_shown(module->name) == module->name ? ":" : ".",
	      loop->name, loop->arity)
		->hint =
		"go on by a fully qualified call (?MODULE:loop(…)), which enters the newest "
		"code, and start them again after this upgrade";
}

/* The old code is what they stay in.  A server, too, may start them beside itself: who accepts, who
 * polls.
 */
static void judge_staying(struct judge *judge, const struct module_diff *module,
			  const struct app_diff *app)
{
	const struct code_function *loop;
	const struct beam_function *gone;
	bool ends;

	if (!module->old_code || is_special(module->old_facts))
		return;
	loop = loop_of_processes(judge, module, &ends);
	if (!loop) {
		judge_under_way(judge, module, app);
		return;
	}
	if (!ends)
		tell_staying(judge, module, app, loop);
	gone = loop_call(module->old_code, loop, is_gone, judge);
	if (gone)
		JUDGE(judge, REASON_function_missing, app->name, module->name,
		      "processes that stay in the old code of %s:%s/%u call %s:%s/%u, which is no "
		      "longer there: they fail at that",
		      module_shown(module->name), loop->name, loop->arity,
		      module_shown(gone->module), gone->name, gone->arity)
			->hint = "keep the function for one release, or start them again right "
				 "behind this upgrade";
	else if (ends)
		judge_under_way(judge, module, app);
	judge_staying_calls(judge, app, module, loop);
}

static void judge_processes(struct judge *judge)
{
	judge_twice(judge, judge->up, "up");
	judge_twice(judge, judge->down, "down");
	for (size_t i = 0; i < judge->diff->len; i++) {
		const struct app_diff *app = &judge->diff->apps[i];
		const struct appup_made *made = appups_find(judge->appups, app->name);

		for (size_t j = 0; made && !appup_restarts(made) && j < app->modules.len; j++)
			if (app->modules.items[j].change == CHANGE_CHANGED) {
				judge_staying(judge, &app->modules.items[j], app);
				judge_unsuspended(judge, &app->modules.items[j], app);
			}
	}
}

/* ---- what starts anew ---- */

static const struct term *restart_in(const struct term *script)
{
	for (size_t i = 0; i < script->seq.len; i++) {
		const struct term *instruction = term_at(script, i);

		if (term_is_atom(instruction, "restart_emulator") ||
		    term_is_atom(instruction, "restart_new_emulator"))
			return instruction;
	}
	return NULL;
}

/* Those that relevo itself writes have a reason of their own. */
static void judge_restarts(struct judge *judge, const struct appup_made *made)
{
	const struct term *restart = restart_in(made->up);

	if (made->source == APPUP_GENERATED)
		return;
	/* That these change is told already. */
	if (restart && !is_base(made->app->name))
		JUDGE(judge, REASON_emulator_restarted, made->app->name, NULL,
		      "%s says %s: all processes are lost", made->file, term_atom_name(restart))
			->hint = "restart the nodes, one after the other";
	else if (!restart && appup_restarts(made) && !judge->anew)
		JUDGE(judge, REASON_application_restarted, made->app->name, NULL,
		      "%s restarts %s: its processes lose their state, and nobody is served "
		      "meanwhile",
		      made->file, made->app->name)
			->hint =
			"fine when it can do without; otherwise change its modules one by one";
}

void judge_relup(struct judge *judge)
{
	for (size_t i = 0; i < judge->appups->len; i++)
		judge_restarts(judge, &judge->appups->items[i]);
	if (judge->anew)
		return;
	judge_suspends(judge);
	judge_processes(judge);
	judge_tops(judge);
}
