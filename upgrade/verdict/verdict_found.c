// SPDX-License-Identifier: Apache-2.0
/* Processes that release_handler does not find.
 *
 * It looks for them from the top supervisors down: at children whose `modules` name the module, or
 * are dynamic, and below children of the type supervisor.  Who was started by another process, or
 * stands below something that is not said to be a supervisor, is neither suspended nor changed.
 */
#include "erlang/code/children.h"
#include "erlang/code/code_facts.h"
#include "upgrade/verdict/verdict_running.h"
#include "upgrade/verdict/verdict_starts.h"
#include "upgrade/verdict/verdict_states.h"

struct search {
	struct judge *judge;
	const struct module_diff *wanted;
	const char *missed; /* how it is missed; NULL: it is not, as far as is seen */
	bool specified;     /* some child specification is its own */
	bool plain_managers, dynamic_managers; /* event managers */
};

static bool mentions(const struct term *term, const char *module, unsigned depth)
{
	if (term_is_atom(term, module))
		return true;
	if (depth == 0)
		return false;
	if (term->kind == TERM_LIST || term->kind == TERM_TUPLE)
		for (size_t i = 0; i < term->seq.len; i++)
			if (mentions(term_at(term, i), module, depth - 1))
				return true;
	if (term->kind == TERM_MAP)
		for (size_t i = 0; i < term->map.len; i++)
			if (mentions(term->map.values[i], module, depth - 1))
				return true;
	return false;
}

static bool is_dynamic(const struct child *child)
{
	return child->modules && term_is_atom(child->modules, "dynamic");
}

static void look_at_own(struct search *search, const char *supervisor, const struct child *child)
{
	search->specified = true;
	if (child->modules && !is_dynamic(child) &&
	    !mentions(child->modules, search->wanted->name, 2))
		search->missed = arena_printf(search->judge->arena,
					      "its child specification in %s names other modules",
					      module_shown(supervisor));
}

/* Handed to something that starts processes in a way of its own, as pools do. */
static void look_at_pool(struct search *search, const char *supervisor, const struct child *child)
{
	const struct beam_facts *facts =
		modules_facts(search->judge->modules, SIDE_OLD, child->module);

	if (facts && facts->roles & BEAM_PROCESS && !(facts->roles & BEAM_SUPERVISOR))
		search->missed =
			arena_printf(search->judge->arena, "%s starts them itself (a child of %s)",
				     module_shown(child->module), module_shown(supervisor));
}

static bool is_start(const struct beam_function *to)
{
	return strncmp(to->name, "start", 5) == 0 && strcmp(to->module, "erlang") != 0;
}

static bool is_start_child(const struct beam_function *to)
{
	return strcmp(to->name, "start_child") == 0;
}

/* P:start_link(…), or gen_server:start_link(…, P, …). */
static bool starts(const struct code_effect *effect, const char *module)
{
	if (strncmp(effect->to.name, "start", 5) != 0)
		return false;
	if (strcmp(effect->to.module, module) == 0)
		return true;
	if (strncmp(effect->to.module, "gen_", 4) != 0 &&
	    strcmp(effect->to.module, "Elixir.GenServer") != 0)
		return false;
	return value_is_atom(effect->args[0], module) || value_is_atom(effect->args[1], module);
}

/* A child that another module starts, where `modules` names that one, as it does where it is left
 * out.
 */
static void look_at_other(struct search *search, const char *supervisor, const struct child *child)
{
	const struct beam_facts *facts =
		modules_facts(search->judge->modules, SIDE_OLD, child->module);
	const struct code_library *library = &search->judge->modules->library[SIDE_OLD];
	struct code_effects effects = { NULL, 0 };

	if (!child->modules || is_dynamic(child) || !child->function || !facts ||
	    facts->roles & BEAM_SUPERVISOR || !names_have(facts->atoms, search->wanted->name) ||
	    !library->follow(library->ctx, child->module))
		return;
	effects =
		effects_of(search->judge, SIDE_OLD,
			   modules_find(search->judge->modules, SIDE_OLD, child->module), is_start);
	for (size_t i = 0; i < effects.len; i++)
		if (starts(&effects.items[i], search->wanted->name) &&
		    strcmp(effects.items[i].in->name, child->function) == 0)
			search->missed = arena_printf(
				search->judge->arena,
				"%s starts them as a child of %s, whose specification names other "
				"modules",
				module_shown(child->module), module_shown(supervisor));
}

/* A supervisor that its own supervisor takes for a worker: whose children are below it? */
static bool is_hidden_parent(struct search *search, const struct child *child)
{
	const struct beam_facts *facts =
		modules_facts(search->judge->modules, SIDE_OLD, child->module);
	struct module_at *module;
	struct children below;
	const struct code *code;

	if (!facts || !(facts->roles & BEAM_SUPERVISOR) || !child->type ||
	    term_is_atom(child->type, "supervisor"))
		return false;
	module = modules_find(search->judge->modules, SIDE_OLD, child->module);
	code = module_code(search->judge->modules, SIDE_OLD, module);
	below = code ? code_children(code, NULL, &search->judge->modules->library[SIDE_OLD],
				     search->judge->arena)
		     : (struct children){ 0 };
	for (size_t i = 0; i < below.len; i++)
		if (below.items[i].module &&
		    strcmp(below.items[i].module, search->wanted->name) == 0)
			return true;
	return false;
}

static void look_at_children(struct search *search, const char *supervisor,
			     struct children children)
{
	for (size_t i = 0; i < children.len; i++) {
		const struct child *child = &children.items[i];

		if (!child->module)
			continue;
		if (strcmp(child->module, search->wanted->name) == 0)
			look_at_own(search, supervisor, child);
		else if (child->modules && mentions(child->modules, search->wanted->name, 2))
			search->specified = true;
		else if (child->args && mentions(child->args, search->wanted->name, 6))
			look_at_pool(search, supervisor, child);
		else
			look_at_other(search, supervisor, child);
		if (is_hidden_parent(search, child))
			search->missed = arena_printf(
				search->judge->arena,
				"%s, above them, is not said to be of the type supervisor in %s",
				module_shown(child->module), module_shown(supervisor));
		if (strcmp(child->module, "gen_event") == 0) {
			search->dynamic_managers = search->dynamic_managers || is_dynamic(child);
			search->plain_managers = search->plain_managers || !is_dynamic(child);
		}
	}
}

/* ---- started by another process ---- */

static bool is_callback(const struct code_function *function)
{
	return strcmp(function->name, "init") == 0 || strncmp(function->name, "handle_", 7) == 0 ||
	       (function->arity == 3 && strcmp(function->name, "terminate") != 0);
}

static bool from_callback(const struct code *code, const struct code_function *function,
			  unsigned depth)
{
	const struct code_function *callers[16];
	size_t len;

	function = code_owner(code, function);
	if (code_exports(code, function->name, function->arity) && is_callback(function))
		return true;
	if (depth == 0)
		return false;
	len = code_callers(code, function, callers, ARRAY_LEN(callers));
	for (size_t i = 0; i < len; i++)
		if (callers[i] != function && from_callback(code, callers[i], depth - 1))
			return true;
	return false;
}

/* DynamicSupervisor.start_child(Supervisor, {P, Argument}) */
static void look_at_start_child(struct search *search, struct module_at *module)
{
	struct code_effects effects = effects_of(search->judge, SIDE_OLD, module, is_start_child);

	for (size_t i = 0; i < effects.len; i++) {
		const struct value *spec = effects.items[i].args[1];

		if (!effect_is(&effects.items[i], "Elixir.DynamicSupervisor", "start_child", 2))
			continue;
		if (value_tuple_size(spec) == 2)
			spec = value_element(spec, 0, search->judge->arena);
		if (value_is_atom(spec, search->wanted->name))
			search->specified = true;
	}
}

/* P:start(Supervisor, …) may ask that one to start it. */
static bool asks_supervisor(struct search *search, const struct code_effect *effect)
{
	struct module_at *module =
		modules_find(search->judge->modules, SIDE_OLD, search->wanted->name);
	const struct code *code = module && strcmp(effect->to.module, search->wanted->name) == 0
					  ? module_code(search->judge->modules, SIDE_OLD, module)
					  : NULL;
	const struct code_function *called =
		code ? code_function(code, effect->to.name, effect->to.arity) : NULL;
	struct code_effects effects = { NULL, 0 };
	bool *asks;

	if (!called)
		return false;
	effects = effects_of(search->judge, SIDE_OLD, module, is_start_child);
	asks = arena_array(search->judge->arena, code->len, bool);
	for (size_t i = 0; i < effects.len; i++)
		if (strcmp(effects.items[i].to.name, "start_child") == 0)
			asks[effects.items[i].in - code->functions] = true;
	code_mark_callers(code, asks);
	return asks[called - code->functions];
}

static void look_at_starter(struct search *search, struct module_at *module)
{
	struct code_effects effects = effects_of(search->judge, SIDE_OLD, module, is_start);
	const struct code *code = module_code(search->judge->modules, SIDE_OLD, module);

	for (size_t i = 0; code && i < effects.len; i++)
		if (starts(&effects.items[i], search->wanted->name) &&
		    !asks_supervisor(search, &effects.items[i]) &&
		    from_callback(code, effects.items[i].in, 6))
			search->missed = arena_printf(search->judge->arena,
						      "%s starts them, and no supervisor has them",
						      module_shown(module->name));
}

static bool starts_itself(struct search *search)
{
	struct module_at *module =
		modules_find(search->judge->modules, SIDE_OLD, search->wanted->name);
	struct code_effects effects = { NULL, 0 };

	if (module)
		effects = effects_of(search->judge, SIDE_OLD, module, effect_starts);
	for (size_t i = 0; i < effects.len; i++)
		/* Who hibernates runs already, wherever it began. */
		if (strncmp(effects.items[i].to.name, "spawn", 5) == 0 ||
		    (strcmp(effects.items[i].to.module, "proc_lib") == 0 &&
		     strcmp(effects.items[i].to.name, "hibernate") != 0))
			return true;
	return false;
}

/* ---- one module ---- */

static void look_at(struct search *search, struct module_at *module)
{
	struct modules *modules = search->judge->modules;
	const struct code_library *library = &modules->library[SIDE_OLD];
	const struct beam_facts *facts = module_facts(modules, SIDE_OLD, module);
	const struct code *code;
	bool found;

	if (!facts || !library->follow(library->ctx, module->name))
		return;
	code = module_code(modules, SIDE_OLD, module);
	if (!code || code->unread)
		return;
	if (facts->roles & BEAM_SUPERVISOR)
		look_at_children(
			search, module->name,
			code_children(code,
				      code_start_argument(code, library, search->judge->arena),
				      library, search->judge->arena));
	else if (facts->roles & BEAM_PROCESS && strcmp(module->name, search->wanted->name) != 0)
		look_at_starter(search, module);
	look_at_start_child(search, module);
	if (facts->roles & BEAM_APPLICATION)
		look_at_children(search, module->name,
				 code_started_children(code, "start", 2, library,
						       search->judge->arena, &found));
}

enum converts { STAYS, MAY_CONVERT, MUST_CONVERT };

static void tell(struct search *search, const struct app_diff *app, enum converts converts)
{
	static const char *const what[] = {
		[STAYS] = "stay in the old code until it is purged, which kills them",
		[MAY_CONVERT] = "are not asked to convert their state, which may not stay",
		[MUST_CONVERT] = "are not asked to convert their state, and fail when they use it",
	};
	struct reason *reason =
		JUDGE(search->judge, REASON_process_not_found, app->name, search->wanted->name,
		      "release_handler does not find the processes of %s: %s; they %s",
		      module_shown(search->wanted->name), search->missed, what[converts]);

	reason->hint = "let supervisors have them, with `modules` and `type` that say what they "
		       "are, or restart";
	if (converts == MUST_CONVERT)
		reason->severity = SEVERITY_RESTART;
}

static bool state_differs(struct judge *judge, const struct module_diff *module,
			  enum beam_role role)
{
	struct type_diffs diffs = type_compare(
		module_state(judge->modules, SIDE_OLD, module->name, module->old_code, role),
		module_state(judge->modules, SIDE_NEW, module->name, module->new_code, role),
		judge->arena);

	for (size_t i = 0; i < diffs.len; i++)
		if (diffs.items[i].what != TYPE_LOST)
			return true;
	return false;
}

bool state_changes(struct judge *judge, const struct module_diff *module, enum beam_role role)
{
	const struct typed typed = {
		NULL, module->name, module->old_code, module->new_code, module->old_facts,
		role, false
	};
	const struct type *before =
		module_state(judge->modules, SIDE_OLD, module->name, module->old_code, role);
	const struct type *after =
		module_state(judge->modules, SIDE_NEW, module->name, module->new_code, role);

	return state_differs(judge, module, role) || state_is_lost(judge, &typed, before, after);
}

static void judge_module_found(struct judge *judge, const struct app_diff *app,
			       const struct module_diff *module, const bool *naming)
{
	struct modules *modules = judge->modules;
	struct search search = { .judge = judge, .wanted = module };
	unsigned roles = module->old_facts->roles & module->new_facts->roles & BEAM_PROCESS;
	enum code_change change = code_change(module->new_code, (enum beam_role)(roles & -roles));
	enum beam_role role = (enum beam_role)(roles & -roles);
	enum converts converts = STAYS;

	if (change == CODE_CHANGE_CONVERTS || change == CODE_CHANGE_UNKNOWN)
		converts = state_differs(judge, module, role)   ? MUST_CONVERT
			   : state_changes(judge, module, role) ? MAY_CONVERT
								: STAYS;
	if (!converts && roles != BEAM_SPECIAL)
		return;
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *after = &modules->items[SIDE_NEW][i];
		struct module_at *before = modules_find(modules, SIDE_OLD, after->name);

		if (before && (after->diff || naming[i]))
			look_at(&search, before);
	}
	if (!search.missed && roles & BEAM_GEN_EVENT && search.plain_managers &&
	    !search.dynamic_managers)
		search.missed =
			"their event manager's child specification does not say `modules => "
			"dynamic`";
	if (!search.missed && roles == BEAM_SPECIAL && !search.specified && !starts_itself(&search))
		search.missed = "they begin in another module, and no child specification names it";
	if (search.missed)
		tell(&search, app, converts);
	if (search.missed && roles == BEAM_SPECIAL)
		judge_staying_calls(judge, app, module, NULL);
}

void judge_found(struct judge *judge)
{
	owned_name_table struct name_table *names = name_table_new();
	const bool *naming;

	for (size_t i = 0; i < judge->diff->len; i++)
		for (size_t j = 0; j < judge->diff->apps[i].modules.len; j++) {
			const struct module_diff *module = &judge->diff->apps[i].modules.items[j];

			if (module->change == CHANGE_CHANGED &&
			    module->old_facts->roles & module->new_facts->roles & BEAM_PROCESS)
				name_table_add(names, module->name, NULL);
		}
	if (name_table_len(names) == 0)
		return;
	name_table_add(names, "gen_event", NULL);
	name_table_add(names, "supervisor", NULL);
	name_table_add(names, "Elixir.Supervisor", NULL);
	naming = modules_naming(judge, names);
	for (size_t i = 0; i < judge->diff->len; i++) {
		const struct app_diff *app = &judge->diff->apps[i];
		const struct appup_made *made = appups_find(judge->appups, app->name);

		for (size_t j = 0; made && !appup_restarts(made) && j < app->modules.len; j++) {
			const struct module_diff *module = &app->modules.items[j];

			if (module->change == CHANGE_CHANGED && !module->old_code->unread &&
			    !module->new_code->unread &&
			    module->old_facts->roles & module->new_facts->roles & BEAM_PROCESS)
				judge_module_found(judge, app, module, naming);
		}
	}
}
