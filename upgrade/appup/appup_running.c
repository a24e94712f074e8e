// SPDX-License-Identifier: Apache-2.0
/* Under which name a supervisor, or a child, is registered, and whether a supervisor is seen to
 * run. */
#include "upgrade/appup/appup_parts.h"

/* ---- the name ---- */

struct naming {
	struct eval eval;
	struct arena *arena;
	bool in_application;
	const char *module;
	const struct value *name; /* {local, N} or N; NULL: none seen */
	bool several;
};

static void note_name(struct naming *naming, const struct value *name)
{
	if (naming->name && value_equal(naming->name, name) != YES)
		naming->several = true;
	naming->name = name;
}

/* The value of a key in [{Key, Value}, …]. */
static const struct value *option(const struct value *list, const char *key, struct arena *arena)
{
	const struct value *head;

	while (value_uncons(list, arena, &head, &list))
		if (value_is_tagged(head, key, 2))
			return value_element(head, 1, arena);
	return NULL;
}

static bool is_call(const struct beam_function *function, const char *module, uint32_t arity)
{
	return function->arity == arity && strcmp(function->name, "start_link") == 0 &&
	       strcmp(function->module, module) == 0;
}

static void see_start(void *ctx, const struct beam_function *function,
		      const struct value *const *args)
{
	struct naming *naming = ctx;
	const struct value *name = NULL;

	if (naming->in_application) {
		if (is_call(function, "Elixir.Supervisor", 2))
			name = option(args[1], "name", naming->arena);
	} else if (is_call(function, "supervisor", 3) && value_is_atom(args[1], naming->module)) {
		name = args[0];
	} else if ((is_call(function, "Elixir.Supervisor", 3) ||
		    is_call(function, "Elixir.DynamicSupervisor", 3)) &&
		   value_is_atom(args[0], naming->module)) {
		name = option(args[2], "name", naming->arena);
	}
	if (name)
		note_name(naming, name);
}

static void look_at_start(struct naming *naming, const struct code *code,
			  const struct code_function *function)
{
	const struct value **args =
		arena_array(naming->arena, function->arity, const struct value *);

	for (unsigned i = 0; i < function->arity; i++)
		args[i] = value_argument(naming->arena, i);
	naming->eval.steps = naming->eval.depth = 0;
	eval_function(&naming->eval, code, function, args);
}

const struct term *supervisor_name(struct appup_work *work, const struct code *code, enum side side,
				   bool in_application)
{
	struct naming naming = { .arena = work->arena,
				 .in_application = in_application,
				 .module = code->module };
	const struct term *term;

	naming.eval = (struct eval){ .arena = work->arena,
				     .library = &work->modules->library[side],
				     .on_call = see_start,
				     .ctx = &naming };
	for (size_t i = 0; i < code->len; i++) {
		const struct code_function *function = &code->functions[i];

		if (strncmp(function->name, "start", 5) == 0 &&
		    code_exports(code, function->name, function->arity))
			look_at_start(&naming, code, function);
	}
	if (!naming.name || naming.several || !(term = value_term(naming.name, work->arena)))
		return NULL;
	return term_is_tagged(term, "local", 2) ? term_at(term, 1) : term;
}

/* ---- the name of a child ---- */

/* {local, N} of OTP's behaviours, `name: N` among the options of Elixir's. */
static void see_child_start(void *ctx, const struct beam_function *function,
			    const struct value *const *args)
{
	struct naming *naming = ctx;
	const struct value *name = NULL;

	if (strncmp(function->name, "start", 5) != 0 || function->arity == 0)
		return;
	if (strncmp(function->module, "gen_", 4) == 0 ||
	    strcmp(function->module, "supervisor") == 0)
		name = value_is_tagged(args[0], "local", 2)
			       ? value_element(args[0], 1, naming->arena)
			       : NULL;
	else if (strncmp(function->module, "Elixir.", 7) == 0)
		name = option(args[function->arity - 1], "name", naming->arena);
	if (name)
		note_name(naming, name);
}

const char *child_name(struct appup_work *work, const struct child *child, enum side side)
{
	struct naming naming = { .arena = work->arena };
	const struct code *code = modules_code(work->modules, side, child->module);
	const uint32_t arity =
		child->args && term_is_list(child->args) ? (uint32_t)child->args->seq.len : 0;
	const struct code_function *function =
		code && !code->unread && child->function && child->args
			? code_function(code, child->function, arity)
			: NULL;
	const struct value **args = arena_array(work->arena, arity, const struct value *);

	for (uint32_t i = 0; i < arity; i++)
		args[i] = value_of_term(work->arena, term_at(child->args, i));
	naming.eval = (struct eval){ .arena = work->arena,
				     .library = &work->modules->library[side],
				     .limit = 8000,
				     .on_call = see_child_start,
				     .ctx = &naming };
	if (function)
		eval_function(&naming.eval, code, function, args);
	return naming.name && !naming.several ? value_atom_name(naming.name) : NULL;
}

/* ---- whether it runs ---- */

struct running {
	struct appup_work *work;
	struct name_table *names;
};

static void add_supervisor(struct running *running, const char *name)
{
	struct module_at *module =
		name ? modules_find(running->work->modules, SIDE_OLD, name) : NULL;
	const struct beam_facts *facts =
		module ? module_facts(running->work->modules, SIDE_OLD, module) : NULL;

	if (facts && facts->roles & (BEAM_SUPERVISOR | BEAM_ENDPOINT))
		name_table_add(running->names, module->name, NULL);
}

static void add_children(struct running *running, struct children children)
{
	for (size_t i = 0; i < children.len; i++)
		add_supervisor(running, children.items[i].module);
}

static void add_started(struct running *running, const struct code *code)
{
	struct arena *arena = running->work->arena;
	struct code_remotes remotes = code_remote(code, arena);
	bool found;

	for (size_t i = 0; i < remotes.len; i++)
		if (strncmp(remotes.items[i].to.name, "start", 5) == 0)
			add_supervisor(running, remotes.items[i].to.module);
	add_supervisor(running, code->module);
	add_children(running, code_started_children(code, "start", 2,
						    &running->work->modules->library[SIDE_OLD],
						    arena, &found));
}

void find_running(struct name_table *names, struct appup_work *work, const struct resolved_app *app)
{
	struct running running = { work, names };
	struct modules *modules = work->modules;
	const char *start = app->app->mod ? term_atom_name(term_at(app->app->mod, 0)) : NULL;
	struct module_at *module = start ? modules_find(modules, SIDE_OLD, start) : NULL;
	const struct code *code = module ? module_code(modules, SIDE_OLD, module) : NULL;

	if (!code || app->entry->type > START_TEMPORARY)
		return;
	add_started(&running, code);
	for (size_t i = 0; i < name_table_len(names); i++) {
		module = modules_find(modules, SIDE_OLD, name_table_name(names, i));
		code = module_code(modules, SIDE_OLD, module);
		if (code)
			add_children(
				&running,
				code_children(code,
					      code_start_argument(code, &modules->library[SIDE_OLD],
								  work->arena),
					      &modules->library[SIDE_OLD], work->arena));
	}
}
