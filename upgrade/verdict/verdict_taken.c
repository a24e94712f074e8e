// SPDX-License-Identifier: Apache-2.0
/* New children that register a name, or make a named table, which a process that runs on has: they
 * do not start, and nobody says so, for release_handler drops what restart_child/2 answers.
 */
#include "upgrade/verdict/verdict_starts.h"

enum { DEPTH = 3, ARGS = 8, STARTS = 200 };

/* What is looked at for one application. */
struct taken {
	struct judge *judge;
	const struct app_diff *app;
	struct arena *arena; /* what is seen of starts need not outlive it */
	unsigned left;       /* so many starts: supervisors may be wide, or list themselves */
	struct act acts[8];  /* that the child makes as it starts, or one below it */
	size_t len;
	struct eval eval;
	const char *behaviour_of; /* the module whose init/1 it calls next, and … */
	const struct value *arg;  /* … what with; NULL: not seen */
};

static bool is_shared(const struct act *act, const struct code_effect *effect, struct arena *arena)
{
	return act->makes && (act->resource == NAME ||
			      (act->resource == TABLE && table_is_named(effect->args[1], arena)));
}

/* Where the module stands among the arguments, and behind it what init/1 is given; -1: another
 * call.
 */
static int module_argument(const struct beam_function *to)
{
	if (strncmp(to->name, "start", 5) != 0)
		return -1;
	if (strcmp(to->module, "supervisor") == 0)
		return to->arity == 2 || to->arity == 3 ? (int)to->arity - 2 : -1;
	if (strcmp(to->module, "gen_server") == 0 || strcmp(to->module, "gen_statem") == 0)
		return to->arity == 3 || to->arity == 4 ? (int)to->arity - 3 : -1;
	if (strcmp(to->module, "Elixir.GenServer") == 0 ||
	    strcmp(to->module, "Elixir.Supervisor") == 0)
		return to->arity == 2 || to->arity == 3 ? 0 : -1;
	return -1;
}

static void see_call(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct taken *taken = ctx;
	struct code_effect effect = { .to = *to };
	const int at = module_argument(to);
	struct act act;

	for (size_t i = 0; i < EFFECT_ARGS; i++)
		effect.args[i] = i < to->arity ? args[i] : &value_unknown;
	if (at >= 0 && value_atom_name(args[at])) {
		taken->behaviour_of = value_atom_name(args[at]);
		taken->arg = args[at + 1];
	}
	if (taken->len < ARRAY_LEN(taken->acts) && act_read(&act, &effect, taken->arena) &&
	    is_shared(&act, &effect, taken->arena) && !call_is_careful(taken->eval.top))
		taken->acts[taken->len++] = act;
}

static void follow(struct taken *taken, const struct code *code, const char *name,
		   const struct value *const *args, uint32_t arity)
{
	const struct code_function *function = code_function(code, name, arity);

	taken->eval = (struct eval){ .arena = taken->arena,
				     .library = &taken->judge->modules->library[SIDE_NEW],
				     .limit = 8000,
				     .on_call = see_call,
				     .ctx = taken };
	if (function)
		eval_function(&taken->eval, code, function, args);
}

static void find_made(struct taken *taken, const struct child *child, unsigned depth);

/* A supervisor fails where one of its children does. */
static void find_below(struct taken *taken, const struct code *code, const struct value *arg,
		       unsigned depth)
{
	const struct children below =
		code_children(code, arg, &taken->judge->modules->library[SIDE_NEW], taken->arena);

	for (size_t i = 0; i < below.len; i++)
		if (below.items[i].module &&
		    (!below.strategy || strcmp(below.strategy, "simple_one_for_one") != 0))
			find_made(taken, &below.items[i], depth - 1);
}

static void find_made(struct taken *taken, const struct child *child, unsigned depth)
{
	struct modules *modules = taken->judge->modules;
	const struct code *code = modules_code(modules, SIDE_NEW, child->module);
	const struct value *args[ARGS], *arg;
	size_t arity = child->args && term_is_list(child->args) ? child->args->seq.len : 0;
	const struct beam_facts *facts;

	if (!code || code->unread || !child->function || !child->args || arity > ARRAY_LEN(args) ||
	    taken->left == 0 || taken->len == ARRAY_LEN(taken->acts))
		return;
	taken->left--;
	for (size_t i = 0; i < arity; i++)
		args[i] = value_of_term(taken->arena, term_at(child->args, i));
	taken->behaviour_of = NULL;
	follow(taken, code, child->function, args, (uint32_t)arity);
	arg = taken->behaviour_of ? taken->arg : &value_unknown;
	if (taken->behaviour_of)
		code = modules_code(modules, SIDE_NEW, taken->behaviour_of);
	facts = code ? modules_facts(modules, SIDE_NEW, code->module) : NULL;
	if (!facts || code->unread)
		return;
	follow(taken, code, "init", &arg, 1);
	if (facts->roles & BEAM_SUPERVISOR && depth > 0)
		find_below(taken, code, arg, depth);
}

/* ---- who has it ---- */

static bool makes(struct judge *judge, enum side side, const char *name, const struct act *wanted)
{
	struct module_at *module = modules_find(judge->modules, side, name);
	struct code_effects effects = { NULL, 0 };
	struct act act;

	if (module)
		effects = effects_of(judge, side, module, effect_any);
	for (size_t i = 0; i < effects.len; i++)
		if (act_read(&act, &effects.items[i], judge->arena) &&
		    is_shared(&act, &effects.items[i], judge->arena) && act_is_of(&act, wanted))
			return true;
	return false;
}

/* {apply, {supervisor, Name, [_, Id | _]}}; start_child has the specification there. */
static bool is_of_child(const struct term *step, const char *name, const struct term *id)
{
	const struct term *call = term_is_tagged(step, "apply", 2) ? term_at(step, 1) : NULL, *args;

	if (!call || !term_is_tuple(call, 3) || !term_is_atom(term_at(call, 0), "supervisor") ||
	    !term_is_atom(term_at(call, 1), name) || !term_is_list(args = term_at(call, 2)) ||
	    args->seq.len < 2)
		return false;
	args = term_at(args, 1);
	if (args->kind == TERM_MAP) {
		const struct term *own = term_map_get(args, "id");

		return own && term_equal(own, id);
	}
	return term_equal(args, id) ||
	       (args->kind == TERM_TUPLE && args->seq.len == 6 && term_equal(term_at(args, 0), id));
}

/* The step that does it; SIZE_MAX: none. */
static size_t step_of_child(const struct judge *judge, const char *name, const struct term *id)
{
	for (size_t i = 0; id && i < judge->up->seq.len; i++)
		if (is_of_child(term_at(judge->up, i), name, id))
			return i;
	return SIZE_MAX;
}

static size_t step_of_start(const struct judge *judge, const struct child *child)
{
	const size_t again = step_of_child(judge, "restart_child", child->id);

	return again < SIZE_MAX ? again : step_of_child(judge, "start_child", child->id);
}

static size_t step_of_app(const struct judge *judge, const char *app)
{
	for (size_t i = 0; i < judge->up->seq.len; i++) {
		const struct term *step = term_at(judge->up, i), *call, *args;

		call = term_is_tagged(step, "apply", 2) ? term_at(step, 1) : NULL;
		if (call && term_is_tuple(call, 3) &&
		    term_is_atom(term_at(call, 0), "application") &&
		    term_is_atom(term_at(call, 1), "start") &&
		    term_is_list(args = term_at(call, 2)) && args->seq.len > 0 &&
		    term_is_atom(term_at(args, 0), app))
			return i;
	}
	return SIZE_MAX;
}

/* A child that is stopped in the upgrade, before the step in which this one is started. */
static bool is_stopped(const struct judge *judge, const char *module, size_t start)
{
	for (size_t i = 0; i < judge->appups->len; i++) {
		const struct supervisor_changes all = judge->appups->items[i].supervisors;

		for (size_t j = 0; j < all.len; j++)
			for (size_t k = 0; k < all.items[j].len; k++) {
				const struct child *child = all.items[j].items[k].before;

				if (child && child->module && strcmp(child->module, module) == 0) {
					const size_t stop =
						step_of_child(judge, "terminate_child", child->id);

					return stop == SIZE_MAX || stop < start;
				}
			}
	}
	return false;
}

static bool is_child(const struct children *children, const char *module)
{
	for (size_t i = 0; i < children->len; i++)
		if (children->items[i].module && strcmp(children->items[i].module, module) == 0)
			return !children->strategy ||
			       strcmp(children->strategy, "simple_one_for_one") != 0;
	return false;
}

/* It is a supervisor or an application itself, or a child that is always there. */
static bool runs(struct judge *judge, const struct app_diff *app, const char *name)
{
	const struct names all = app->old_app->app->modules;

	for (size_t i = 0; i < all.len; i++) {
		const struct children children =
			module_children(judge, SIDE_OLD, all.items[i], judge->arena);

		if (is_child(&children, name) ||
		    (strcmp(all.items[i], name) == 0 && starting_code(judge, SIDE_OLD, name)))
			return true;
	}
	return false;
}

/* Its code_change may let go of it. */
static bool lets_go(const struct module_diff *module)
{
	static const struct beam_function calls[] = {
		{ "erlang", "unregister", 1 },
		{ "Elixir.Process", "unregister", 1 },
		{ "ets", "delete", 1 },
		{ "ets", "rename", 2 },
	};

	for (size_t i = 0; module->new_facts && i < ARRAY_LEN(calls); i++)
		if (beam_imports(module->new_facts, calls[i].module, calls[i].name, calls[i].arity))
			return true;
	return false;
}

/* It runs on without it being its own any more, so that it changed. */
static const char *changed_holder(struct judge *judge, const char *started, const struct act *act,
				  size_t start)
{
	for (size_t i = 0; i < judge->diff->len; i++) {
		const struct app_diff *app = &judge->diff->apps[i];

		for (size_t j = 0; j < app->modules.len; j++) {
			const struct module_diff *module = &app->modules.items[j];

			if (module->change == CHANGE_CHANGED &&
			    strcmp(module->name, started) != 0 &&
			    makes(judge, SIDE_OLD, module->name, act) &&
			    !makes(judge, SIDE_NEW, module->name, act) && !lets_go(module) &&
			    !is_stopped(judge, module->name, start) &&
			    runs(judge, app, module->name))
				return module->name;
		}
	}
	return NULL;
}

/* A child that goes, but only behind that step. */
static const char *going_holder(struct judge *judge, const struct act *act, size_t start)
{
	for (size_t i = 0; i < judge->appups->len; i++) {
		const struct supervisor_changes all = judge->appups->items[i].supervisors;

		for (size_t j = 0; j < all.len; j++)
			for (size_t k = 0; k < all.items[j].len; k++) {
				const struct child *child = all.items[j].items[k].before;
				const size_t stop =
					child && child->module && !all.items[j].items[k].after
						? step_of_child(judge, "terminate_child", child->id)
						: SIZE_MAX;

				if (stop < SIZE_MAX && stop > start &&
				    makes(judge, SIDE_OLD, child->module, act))
					return child->module;
			}
	}
	return NULL;
}

/* Applications that go are stopped when all else has changed. */
static const char *removed_holder(struct judge *judge, const struct act *act)
{
	for (size_t i = 0; i < judge->diff->len; i++) {
		const struct app_diff *app = &judge->diff->apps[i];
		const struct names all =
			app->old_app ? app->old_app->app->modules : (struct names){ 0 };

		for (size_t j = 0; app->change == CHANGE_REMOVED && j < all.len; j++)
			if (makes(judge, SIDE_OLD, all.items[j], act) &&
			    runs(judge, app, all.items[j]))
				return all.items[j];
	}
	return NULL;
}

/* The module of a process that has it when this one is started; NULL. */
static const char *holder(struct judge *judge, const char *started, const struct act *act,
			  size_t start)
{
	const char *module = changed_holder(judge, started, act, start);

	if (!module)
		module = going_holder(judge, act, start);
	return module ? module : removed_holder(judge, act);
}

/* supervisor: NULL, for what an application that is new starts. */
static bool judge_child(struct taken *taken, const char *supervisor, const struct child *child,
			size_t start)
{
	const char *app = taken->app->name;

	taken->len = 0;
	find_made(taken, child, DEPTH);
	for (size_t i = 0; i < taken->len; i++) {
		const struct act *act = &taken->acts[i];
		const char *module = holder(taken->judge, child->module, act, start);

		if (!module)
			continue;
		JUDGE(taken->judge, REASON_supervisor_fails, app,
		      supervisor ? supervisor : child->module,
		      "%s, which is new under %s, %s %s, which the process of %s has from its own "
		      "start: %s does not start, and nobody is told",
		      module_shown(child->module), supervisor ? module_shown(supervisor) : app,
		      act->resource == NAME ? "registers" : "makes the table", act->key,
		      module_shown(module), supervisor ? "it" : app)
			->hint = "leave it with who has it for one release, take another name, or "
				 "restart";
		return true;
	}
	return false;
}

static void judge_new(struct judge *judge, const struct appup_made *made)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct taken taken = {
		.judge = judge, .app = made->app, .arena = &scratch, .left = STARTS
	};

	for (size_t i = 0; i < made->supervisors.len; i++) {
		const struct supervisor_change *change = &made->supervisors.items[i];

		for (size_t j = 0; j < change->len; j++) {
			const struct child *child = change->items[j].after;
			size_t start;

			if (!child || change->items[j].before || !child->module)
				continue;
			start = step_of_start(judge, child);
			if (start < SIZE_MAX || made->source == APPUP_GENERATED)
				judge_child(&taken, change->module, child, start);
		}
	}
}

/* All that runs from the start of an application that comes; one line is enough. */
static void judge_added(struct judge *judge, const struct app_diff *app)
{
	const size_t start = step_of_app(judge, app->name);
	const struct names all = app->new_app->app->modules;
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct taken taken = { .judge = judge, .app = app, .arena = &scratch, .left = STARTS };

	for (size_t i = 0; start < SIZE_MAX && i < all.len; i++) {
		const struct children children =
			module_children(judge, SIDE_NEW, all.items[i], &scratch);

		for (size_t j = 0; j < children.len; j++)
			if (children.items[j].module &&
			    is_child(&children, children.items[j].module) &&
			    judge_child(&taken, NULL, &children.items[j], start))
				return;
	}
}

void judge_taken(struct judge *judge)
{
	for (size_t i = 0; i < judge->diff->len; i++)
		if (judge->diff->apps[i].change == CHANGE_ADDED)
			judge_added(judge, &judge->diff->apps[i]);
	for (size_t i = 0; i < judge->appups->len; i++) {
		const struct appup_made *made = &judge->appups->items[i];

		if (made->app->old_app && made->app->new_app && !appup_restarts(made))
			judge_new(judge, made);
	}
}
