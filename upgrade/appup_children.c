// SPDX-License-Identifier: Apache-2.0
/* Supervisors whose children changed.
 *
 * {update, S, supervisor} lets a supervisor take over its new list, but starts nothing that is
 * new in it, stops nothing that is gone, and leaves alone what is to be started otherwise.
 * Instructions for that name the supervisor, so it must be registered under a name that can be
 * seen, and be seen to run: a call of one that does not run restarts the node.
 */
#include "upgrade/appup_parts.h"

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
	} else if (is_call(function, "supervisor", 3) &&
		   value_is_atom(args[1], naming->module)) {
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
	const struct value **args = arena_array(naming->arena, function->arity, const struct value *);

	for (unsigned i = 0; i < function->arity; i++)
		args[i] = value_argument(naming->arena, i);
	naming->eval.steps = naming->eval.depth = 0;
	eval_function(&naming->eval, code, function, args);
}

/* N of {local, N}; {global, _} and {via, _, _} as they are.  NULL: none is seen. */
static const struct term *name_of(struct appup_work *work, const struct code *code, enum side side,
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

	if (facts && facts->roles & BEAM_SUPERVISOR)
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
	add_children(running,
		     code_started_children(code, "start", 2,
					   &running->work->modules->library[SIDE_OLD], arena,
					   &found));
}

/* The supervisors of an application that are seen to run, from its start function on. */
static void find_running(struct running *running, const struct resolved_app *app)
{
	struct modules *modules = running->work->modules;
	const char *start = app->app->mod ? term_atom_name(term_at(app->app->mod, 0)) : NULL;
	struct module_at *module = start ? modules_find(modules, SIDE_OLD, start) : NULL;
	const struct code *code = module ? module_code(modules, SIDE_OLD, module) : NULL;

	if (!code || app->entry->type > START_TEMPORARY)
		return;
	add_started(running, code);
	for (size_t i = 0; i < name_table_len(running->names); i++) {
		module = modules_find(modules, SIDE_OLD, name_table_name(running->names, i));
		code = module_code(modules, SIDE_OLD, module);
		if (code)
			add_children(running,
				     code_children(code, &modules->library[SIDE_OLD],
						   running->work->arena));
	}
}

/* ---- comparing two lists ---- */

struct comparer {
	struct arena *arena;
	struct supervisor_change *change;
	struct child_change *items;
	size_t cap;
};

static void note_change(struct comparer *comparer, const struct child *before,
			const struct child *after)
{
	struct supervisor_change *change = comparer->change;

	comparer->items = arena_grow(comparer->arena, comparer->items, change->len, &comparer->cap);
	comparer->items[change->len++] = (struct child_change){ before, after };
	change->items = comparer->items;
}

static const char *id_shown(struct arena *arena, const struct child *child)
{
	owned_str struct str text = STR_EMPTY;

	if (!child->id)
		return "a child";
	if (term_atom_name(child->id))
		return module_shown(term_atom_name(child->id));
	term_print(&text, child->id);
	return arena_dup(arena, str_span(&text));
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Restart, shutdown and the like are taken over by the update alone. */
static void compare_child(struct comparer *comparer, const struct child *a, const struct child *b)
{
	struct supervisor_change *change = comparer->change;

	if (!a->module || !b->module || !a->function || !b->function || !a->args != !b->args)
		change->opaque = arena_printf(comparer->arena, "how %s is started",
					      id_shown(comparer->arena, b));
	else if (!same_text(a->module, b->module) || !same_text(a->function, b->function) ||
		 (a->args && !term_equal(a->args, b->args)))
		note_change(comparer, a, b);
}

static bool is_simple(const struct children *children)
{
	return children->strategy && strcmp(children->strategy, "simple_one_for_one") == 0;
}

static void compare_lists(struct comparer *comparer, const struct children *a,
			  const struct children *b)
{
	struct supervisor_change *change = comparer->change;

	for (size_t i = 0; i < b->len; i++) {
		const struct child *after = &b->items[i];
		const struct child *before = after->id ? children_find(a, after->id) : NULL;

		if (!after->id)
			change->opaque = after->opaque;
		else if (before)
			compare_child(comparer, before, after);
		else if (!a->opaque)
			note_change(comparer, NULL, after);
	}
	for (size_t i = 0; i < a->len; i++) {
		if (!a->items[i].id)
			change->opaque = a->items[i].opaque;
		else if (!b->opaque && !children_find(b, a->items[i].id))
			note_change(comparer, &a->items[i], NULL);
	}
	if (a->opaque || b->opaque)
		change->opaque = b->opaque ? b->opaque : a->opaque;
}

static void compare(struct supervisor_change *change, struct arena *arena,
		    const struct children *before, const struct children *after)
{
	/* Kept: what changes points into them. */
	struct children *a = arena_new(arena, struct children);
	struct children *b = arena_new(arena, struct children);
	struct comparer comparer = { .arena = arena, .change = change };

	*a = *before;
	*b = *after;
	if (a->dynamic != b->dynamic || is_simple(a) != is_simple(b))
		change->kind_changed = (a->dynamic || a->strategy) && (b->dynamic || b->strategy);
	if (a->dynamic || b->dynamic || is_simple(a) || is_simple(b))
		return;
	compare_lists(&comparer, a, b);
}

/* ---- what can be done about it ---- */

/* A specification that is handed over must be known, all of it. */
static bool is_known(const struct child *child)
{
	return child->id && child->module && child->function && child->args && child->restart &&
	       child->shutdown && child->type && child->modules;
}

static void check_feasible(struct appup_work *work, const struct running *running,
			   struct supervisor_change *change)
{
	bool runs = change->in_application ||
		    name_table_find(running->names, span_of(change->module)) != NAME_ABSENT;

	for (size_t i = 0; change->in_application && i < change->len; i++) {
		const struct child_change *item = &change->items[i];
		const struct child *unknown = item->after && !is_known(item->after) ? item->after
					      : item->before && !is_known(item->before)
						      ? item->before
						      : NULL;

		if (unknown)
			change->opaque = arena_printf(work->arena, "the specification of %s",
						      id_shown(work->arena, unknown));
	}
	if (change->len > 0 && !change->name)
		change->opaque = "the name it is registered under";
	else if (change->len > 0 && !runs)
		change->opaque = "whether it runs";
	if (change->opaque && (!change->name || !runs || change->in_application))
		change->len = 0;
}

/* ---- which supervisors ---- */

struct finder {
	struct appup_work *work;
	struct running running;
	struct supervisor_change *items;
	size_t len, cap;
};

static void keep(struct finder *finder, const struct supervisor_change *change)
{
	if (change->len == 0 && !change->opaque && !change->kind_changed && !change->same_module)
		return; /* the same, or nothing that the update alone would not do */
	finder->items = arena_grow(finder->work->arena, finder->items, finder->len, &finder->cap);
	finder->items[finder->len++] = *change;
}

static void look_at_supervisor(struct finder *finder, const char *name, const struct code *a,
			       const struct code *b, bool same_module)
{
	struct appup_work *work = finder->work;
	struct supervisor_change change = { .module = name };
	struct children before = code_children(a, &work->modules->library[SIDE_OLD], work->arena);
	struct children after = code_children(b, &work->modules->library[SIDE_NEW], work->arena);
	const struct term *old_name;

	if (same_module && children_equal(&before, &after))
		return;
	change.same_module = same_module;
	compare(&change, work->arena, &before, &after);
	if (change.len > 0) {
		old_name = name_of(work, a, SIDE_OLD, false);
		change.name = name_of(work, b, SIDE_NEW, false);
		if (!old_name || !change.name || !term_equal(old_name, change.name))
			change.name = NULL;
	}
	check_feasible(work, &finder->running, &change);
	keep(finder, &change);
}

static void look_at_application(struct finder *finder, const struct module_diff *module)
{
	struct appup_work *work = finder->work;
	struct supervisor_change change = { .module = module->name, .in_application = true };
	struct children before, after;
	bool old_found, new_found;

	before = code_started_children(module->old_code, "start", 2,
				       &work->modules->library[SIDE_OLD], work->arena, &old_found);
	after = code_started_children(module->new_code, "start", 2,
				      &work->modules->library[SIDE_NEW], work->arena, &new_found);
	if (!old_found && !new_found)
		return;
	if (old_found != new_found)
		change.opaque = "how the supervisor is started";
	else
		compare(&change, work->arena, &before, &after);
	if (change.len > 0)
		change.name = name_of(work, module->new_code, SIDE_NEW, true);
	check_feasible(work, &finder->running, &change);
	keep(finder, &change);
}

static bool is_start_module(const struct appup_made *made, const char *module)
{
	const struct term *mod = made->app->new_app->app->mod;

	return mod && term_is_atom(term_at(mod, 0), module);
}

static void look_at_changed(struct finder *finder, const struct appup_made *made)
{
	const struct module_diffs modules = made->app->modules;

	for (size_t i = 0; i < modules.len; i++) {
		const struct module_diff *module = &modules.items[i];

		if (module->change != CHANGE_CHANGED)
			continue;
		if (module->old_facts->roles & module->new_facts->roles & BEAM_SUPERVISOR)
			look_at_supervisor(finder, module->name, module->old_code,
					   module->new_code, false);
		if (is_start_module(made, module->name))
			look_at_application(finder, module);
	}
}

/* A supervisor that is the same asks modules for their specification, which may have changed. */
static void look_at_same(struct finder *finder, const struct appup_made *made)
{
	struct modules *modules = finder->work->modules;
	bool specs = false;

	for (size_t i = 0; i < made->app->modules.len && !specs; i++)
		specs = names_have(made->app->modules.items[i].functions, "child_spec/1");
	for (size_t i = 0; specs && i < made->app->same.len; i++) {
		const char *name = made->app->same.items[i].name;
		struct module_at *before = modules_find(modules, SIDE_OLD, name);
		struct module_at *after = modules_find(modules, SIDE_NEW, name);
		const struct beam_facts *facts = module_facts(modules, SIDE_NEW, after);
		const struct code *a, *b;

		if (!facts || !(facts->roles & BEAM_SUPERVISOR))
			continue;
		a = module_code(modules, SIDE_OLD, before);
		b = module_code(modules, SIDE_NEW, after);
		if (a && b)
			look_at_supervisor(finder, name, a, b, true);
	}
}

void appup_children(struct appup_work *work, struct appup_made *made)
{
	owned_name_table struct name_table *names = name_table_new();
	struct finder finder = { .work = work, .running = { work, names } };

	if (appup_restart(made->app->name) || made->app->modules.len == 0)
		return;
	find_running(&finder.running, made->app->old_app);
	look_at_changed(&finder, made);
	look_at_same(&finder, made);
	made->supervisors = (struct supervisor_changes){ finder.items, finder.len };
}
