// SPDX-License-Identifier: Apache-2.0
/* Supervisors that are updated: their new init/1 runs in the process that is there, with what the
 * old start_link gave to it.
 */
#include "erlang/code/children.h"
#include "upgrade/verdict/verdict_starts.h"

enum { STARTS = 8 }; /* ways to start a supervisor that are looked at */

/* ---- the arguments ---- */

struct starts {
	const char *module;
	const struct value *args[STARTS];
	size_t len;
};

/* supervisor:start_link([Name,] Module, Argument), Supervisor.start_link(Module, Argument, …) */
static void note_start(struct starts *starts, const struct code_effect *effect)
{
	bool ours = strcmp(effect->to.module, "supervisor") == 0 ||
		    strcmp(effect->to.module, "Elixir.Supervisor") == 0;
	size_t at = 0;

	if (!ours || strncmp(effect->to.name, "start_link", 10) != 0 || effect->to.arity < 2 ||
	    effect->to.arity > EFFECT_ARGS)
		return;
	while (at + 1 < effect->to.arity && !value_is_atom(effect->args[at], starts->module))
		at++;
	if (at + 1 < effect->to.arity && starts->len < STARTS)
		starts->args[starts->len++] = effect->args[at + 1];
}

static void see_start(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct code_effect effect = { .to = *to };

	for (size_t i = 0; i < EFFECT_ARGS; i++)
		effect.args[i] = i < to->arity ? args[i] : &value_unknown;
	note_start(ctx, &effect);
}

/* What comes to be started when the old release's function is called with these arguments. */
static void follow_start(struct judge *judge, struct starts *starts, struct module_at *module,
			 const char *name, const struct value *const *args, uint32_t arity)
{
	const struct code *code = module ? module_code(judge->modules, SIDE_OLD, module) : NULL;
	const struct code_function *function =
		code && !code->unread ? code_function(code, name, arity) : NULL;
	struct eval eval = { .arena = judge->arena,
			     .library = &judge->modules->library[SIDE_OLD],
			     .limit = 8000,
			     .on_call = see_start,
			     .ctx = starts };

	if (function)
		eval_function(&eval, code, function, args);
}

static void follow_children(struct judge *judge, struct starts *starts, struct children children)
{
	const struct value *args[8];

	for (size_t i = 0; i < children.len; i++) {
		const struct child *child = &children.items[i];
		size_t arity = child->args && term_is_list(child->args) ? child->args->seq.len : 0;

		if (!child->module || strcmp(child->module, starts->module) != 0 ||
		    !child->function || !child->args || arity > ARRAY_LEN(args))
			continue;
		for (size_t j = 0; j < arity; j++)
			args[j] = value_of_term(judge->arena, term_at(child->args, j));
		follow_start(judge, starts, modules_find(judge->modules, SIDE_OLD, child->module),
			     child->function, args, (uint32_t)arity);
	}
}

/* The supervisors of its application, and start/2, give it what it is started with. */
static void find_given(struct judge *judge, struct starts *starts, const struct app_diff *app)
{
	const struct code_library *library = &judge->modules->library[SIDE_OLD];
	const struct term *mod = app->old_app ? app->old_app->app->mod : NULL;
	const char *top = mod ? term_atom_name(term_at(mod, 0)) : NULL;
	struct names names = app->old_app ? app->old_app->app->modules : (struct names){ 0 };
	bool found;

	for (size_t i = 0; i < names.len; i++) {
		struct module_at *module = modules_find(judge->modules, SIDE_OLD, names.items[i]);
		const struct beam_facts *facts =
			module ? module_facts(judge->modules, SIDE_OLD, module) : NULL;
		const struct code *code = facts && facts->roles & BEAM_SUPERVISOR
						  ? module_code(judge->modules, SIDE_OLD, module)
						  : NULL;

		if (code && !code->unread)
			follow_children(judge, starts,
					code_children(code, NULL, library, judge->arena));
	}
	if (top) {
		struct module_at *module = modules_find(judge->modules, SIDE_OLD, top);
		const struct code *code =
			module ? module_code(judge->modules, SIDE_OLD, module) : NULL;
		const struct value *args[] = { &value_unknown,
					       value_of_term(judge->arena, term_at(mod, 1)) };

		follow_start(judge, starts, module, "start", args, 2);
		if (code && !code->unread)
			follow_children(judge, starts,
					code_started_children(code, "start", 2, library,
							      judge->arena, &found));
	}
}

static void find_starts(struct judge *judge, struct starts *starts, const struct app_diff *app)
{
	struct module_at *self = modules_find(judge->modules, SIDE_OLD, starts->module);
	const struct term *mod = app->old_app ? app->old_app->app->mod : NULL;
	const char *start = mod ? term_atom_name(term_at(mod, 0)) : NULL;
	struct module_at *from[] = { self,
				     start ? modules_find(judge->modules, SIDE_OLD, start) : NULL };

	for (size_t i = 0; i < ARRAY_LEN(from); i++) {
		struct code_effects effects = { NULL, 0 };

		if (from[i] && (i == 0 || from[i] != self))
			effects = effects_of(judge, SIDE_OLD, from[i], effect_starts);
		for (size_t j = 0; j < effects.len; j++)
			note_start(starts, &effects.items[j]);
	}
	find_given(judge, starts, app);
}

/* Whether init/1 of the new code always fails for what the old code gave to it. */
static bool fails_for(struct judge *judge, const struct code *code, const struct value *arg)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct eval eval = { .arena = &scratch, .library = &judge->modules->library[SIDE_NEW] };
	const struct code_function *init = code_function(code, "init", 1);
	struct values values = { 0 };

	if (init)
		values = eval_function(&eval, code, init, &arg);
	return init && !eval.gave_up && !eval.cut && values.len == 0;
}

static bool judge_arguments(struct judge *judge, const struct app_diff *app, const char *name,
			    const struct code *code)
{
	struct starts starts = { .module = name };

	find_starts(judge, &starts, app);
	for (size_t i = 0; i < starts.len; i++) {
		owned_str struct str text = STR_EMPTY;

		if (!fails_for(judge, code, starts.args[i]))
			continue;
		value_print(&text, starts.args[i]);
		JUDGE(judge, REASON_supervisor_fails, app->name, name,
		      "%s is updated, which runs its new init/1 with what the old start_link gave "
		      "(%s): that fails, and the node restarts",
		      module_shown(name), str_text(&text))
			->hint = "let init/1 understand the old argument as well, or restart";
		return true;
	}
	return false;
}

/* ---- what cannot be done twice ---- */

struct makes {
	struct eval eval;
	struct arena *arena;
	const char *what; /* "the table ticks"; NULL: nothing */
};

static void see_make(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct makes *makes = ctx;
	owned_str struct str key = STR_EMPTY;
	const char *what = NULL;

	if (strcmp(to->module, "ets") == 0 && strcmp(to->name, "new") == 0 && to->arity == 2 &&
	    table_is_named(args[1], makes->arena))
		what = "makes the table";
	else if (strcmp(to->name, "register") == 0 && to->arity == 2 &&
		 strcmp(to->module, "erlang") == 0)
		what = "registers";
	else if (strncmp(to->name, "start_link", 10) == 0 && strncmp(to->module, "gen_", 4) == 0 &&
		 to->arity == 4 && value_is_tagged(args[0], "local", 2))
		what = "starts";
	if (!what || makes->what || call_is_careful(makes->eval.top))
		return;
	value_print(&key, args[0]);
	makes->what = arena_printf(makes->arena, "%s %s", what, str_text(&key));
}

/* The modules that are configured are what it is done by. */
static bool answer_modules(void *ctx, const struct beam_function *function,
			   const struct value *const *args, struct values *out)
{
	struct makes *makes = ctx;
	const struct code_library *library = makes->eval.library;
	const bool reads = known_env_read(function);
	const char *app = reads ? value_atom_name(args[0]) : NULL;
	const char *key = app ? value_atom_name(args[1]) : NULL;
	const struct term *term = key ? library->env(library->ctx, app, key) : NULL;

	if (!term || !term_is_list(term) || term->seq.len == 0)
		return false;
	for (size_t i = 0; i < term->seq.len; i++)
		if (!term_atom_name(term_at(term, i)))
			return false;
	eval_add(&makes->eval, out,
		 known_env_result(makes->arena, function, args, value_of_term(makes->arena, term)));
	return true;
}

static const char *what_it_makes(struct judge *judge, enum side side, const struct code *code)
{
	struct makes makes = { .arena = judge->arena };
	const struct code_function *init = code_function(code, "init", 1);
	const struct value *arg = &value_unknown;

	makes.eval = (struct eval){ .arena = judge->arena,
				    .library = &judge->modules->library[side],
				    .on_call = see_make,
				    .answer = answer_modules,
				    .ctx = &makes };
	if (init)
		eval_function(&makes.eval, code, init, &arg);
	return makes.what;
}

static void judge_twice(struct judge *judge, const struct app_diff *app, const char *name,
			const struct code *before, const struct code *after)
{
	const char *first = what_it_makes(judge, SIDE_OLD, before);
	const char *second = what_it_makes(judge, SIDE_NEW, after);
	struct reason *reason;

	if (!second)
		return;
	reason = JUDGE(judge, REASON_supervisor_fails, app->name, name,
		       "init/1 of %s %s, and an update runs it again in the same process: %s",
		       module_shown(name), second,
		       first ? "that fails, and the node restarts"
			     : "it fails the second time, when the node goes back and forth");
	reason->hint = "look first whether it is there (ets:whereis/1), or make it elsewhere";
	if (!first)
		reason->severity = SEVERITY_WARN;
}

/* ---- lists in start/2 ---- */

static const char *taken_at_start(const struct children *a, const struct children *b,
				  struct arena *arena)
{
	if (a->flags && b->flags && !term_equal(a->flags, b->flags))
		return "strategy or intensity";
	for (size_t i = 0; i < b->len; i++) {
		const struct child *now = &b->items[i];
		const struct child *was = now->id ? children_find(a, now->id) : NULL;

		if (was && was->restart && now->restart && was->shutdown && now->shutdown &&
		    (!term_equal(was->restart, now->restart) ||
		     !term_equal(was->shutdown, now->shutdown)))
			return arena_printf(arena, "how %s is restarted or shut down",
					    module_shown(now->module ? now->module : "a child"));
	}
	return NULL;
}

static void judge_start_list(struct judge *judge, const struct app_diff *app,
			     const struct module_diff *module)
{
	struct children before, after;
	const char *what;
	bool was, is;

	before = code_started_children(module->old_code, "start", 2,
				       &judge->modules->library[SIDE_OLD], judge->arena, &was);
	after = code_started_children(module->new_code, "start", 2,
				      &judge->modules->library[SIDE_NEW], judge->arena, &is);
	if (!was || !is || before.opaque || after.opaque ||
	    !(what = taken_at_start(&before, &after, judge->arena)))
		return;
	JUDGE(judge, REASON_wiring_changed, app->name, module->name,
	      "%s changed in the list of %s:start/2, which no update reads again", what,
	      module_shown(module->name))
		->hint = "it takes effect when the application next starts";
}

/* ---- all of it ---- */

static bool is_updated(const struct appup_made *made, const char *module)
{
	const struct term *instruction = script_find(made->up, module);

	return instruction && term_is_atom(term_at(instruction, 0), "update");
}

static bool is_same_updated(const struct appup_made *made, const char *module)
{
	for (size_t i = 0; i < made->supervisors.len; i++)
		if (made->supervisors.items[i].same_module &&
		    strcmp(made->supervisors.items[i].module, module) == 0)
			return true;
	return false;
}

void judge_supervisors(struct judge *judge, const struct app_diff *app,
		       const struct appup_made *made)
{
	for (size_t i = 0; i < app->modules.len; i++) {
		const struct module_diff *module = &app->modules.items[i];

		if (module->change != CHANGE_CHANGED || module->old_code->unread ||
		    module->new_code->unread)
			continue;
		if (module->old_facts->roles & module->new_facts->roles & BEAM_SUPERVISOR &&
		    is_updated(made, module->name) &&
		    !judge_arguments(judge, app, module->name, module->new_code))
			judge_twice(judge, app, module->name, module->old_code, module->new_code);
		if (app->new_app->app->mod &&
		    term_is_atom(term_at(app->new_app->app->mod, 0), module->name))
			judge_start_list(judge, app, module);
	}
	for (size_t i = 0; i < app->same.len; i++) {
		const char *name = app->same.items[i];
		const struct code *code = is_same_updated(made, name)
						  ? modules_code(judge->modules, SIDE_NEW, name)
						  : NULL;

		if (code)
			judge_twice(judge, app, name, code, code);
	}
}
