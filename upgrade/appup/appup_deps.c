// SPDX-License-Identifier: Apache-2.0
/* Which changed modules belong together.
 *
 * Upwards, what is called must be new before what calls it is: the caller depends on
 * it, and systools loads dependencies first.  Downwards systools turns the order
 * round, so the same dependencies, those of the new code, bring the caller back
 * before what it calls.  Who reads a struct depends on the module that defines it.
 * A function that is gone turns this round: its callers of before go first, unless they
 * call in the same module what only its new version has.
 *
 * Added modules are loaded first of all, and deleted last, without taking part, so
 * that nothing is pulled in front of the protocols' instruction; a caller depends on
 * what they call instead, unless it is a child to be started, which has an order of its own
 * (appup_order.c).  Only where the order of the applications would put an
 * added module behind its caller (or delete it before) it takes part after all.  So does what
 * a child to be started needs of an application further on.
 */
#include "upgrade/appup/appup_parts.h"

static void add_dep(struct arena *arena, struct names *deps, size_t *cap, const char *module)
{
	const char **items = (const char **)(uintptr_t)deps->items;

	items = arena_grow(arena, items, deps->len, cap);
	items[deps->len++] = module;
	deps->items = items;
}

static void add_up(struct appup_work *work, struct vertex *from, const char *module)
{
	add_dep(work->arena, &from->up_deps, &from->up_cap, module);
}

static void add_down(struct appup_work *work, struct vertex *from, const char *module)
{
	add_dep(work->arena, &from->down_deps, &from->down_cap, module);
}

static bool is_implementation(const struct vertex *vertex)
{
	const struct beam_facts *facts =
		vertex->diff->new_facts ? vertex->diff->new_facts : vertex->diff->old_facts;

	return facts->roles & BEAM_PROTOCOL_IMPL;
}

static void depend_on_added(struct appup_work *work, struct vertex *from, const struct vertex *to)
{
	if (is_implementation(to))
		return;
	if (to->up && to->app > from->app)
		add_up(work, from, to->diff->name);
	if (to->down && to->app < from->app)
		add_down(work, from, to->diff->name);
}

/* Both ways: one of them is changed together with the other. */
static void depend(struct appup_work *work, struct vertex *from, const struct vertex *to)
{
	if (to->up)
		add_up(work, from, to->diff->name);
	if (to->down)
		add_down(work, from, to->diff->name);
}

void vertex_depend(struct appup_work *work, struct vertex *from, const struct vertex *to)
{
	if (to->up && !names_have(from->up_deps, to->diff->name))
		add_up(work, from, to->diff->name);
	if (to->down && !names_have(from->down_deps, to->diff->name))
		add_down(work, from, to->diff->name);
}

/* Whether the old code of `from` calls a function that is gone from `to`. */
static bool calls_gone(const struct vertex *from, const struct vertex *to)
{
	return calls_more(from->diff->old_facts, to->diff->name, to->diff->new_facts);
}

/* What is called goes first; but what loses a function waits for its callers of before, where these
 * can do with the old one.
 */
static void depend_on_changed(struct appup_work *work, struct vertex *from, struct vertex *to)
{
	if (calls_gone(from, to) &&
	    !calls_more(from->diff->new_facts, to->diff->name, to->diff->old_facts))
		depend(work, to, from);
	else
		depend(work, from, to);
}

/* All that `facts` calls, and through added modules further on. */
static void walk_calls(struct appup_work *work, struct vertex *from, const struct beam_facts *facts)
{
	for (size_t i = 0; i < facts->imports.len; i++) {
		struct vertex *to = vertex_find(work, facts->imports.items[i].module);

		if (!to || to == from || to->mark == work->walk)
			continue;
		to->mark = work->walk;
		if (to->diff->change == CHANGE_CHANGED) {
			if (facts == from->diff->new_facts)
				depend_on_changed(work, from, to);
			else
				depend(work, from, to);
		} else if (to->diff->change == CHANGE_ADDED) {
			depend_on_added(work, from, to);
			if (!is_moving_child(work, to->diff->name))
				walk_calls(work, from, to->diff->new_facts);
		}
	}
}

/* What loses a function, and is not called any more. */
static void wait_for_old_calls(struct appup_work *work, struct vertex *from)
{
	const struct beam_facts *facts = from->diff->old_facts;

	for (size_t i = 0; i < facts->imports.len; i++) {
		struct vertex *to = vertex_find(work, facts->imports.items[i].module);

		if (!to || to == from || to->mark == work->walk ||
		    to->diff->change != CHANGE_CHANGED || !calls_gone(from, to))
			continue;
		to->mark = work->walk;
		depend(work, to, from);
	}
}

/* Who names a struct whose fields changed reads them, also without a call of its module. */
static void read_structs(struct appup_work *work, struct vertex *from)
{
	struct names atoms = from->diff->new_facts->atoms;

	for (size_t i = 0; i < atoms.len; i++) {
		struct vertex *to = vertex_find(work, atoms.items[i]);

		if (!to || to == from || to->mark == work->walk ||
		    to->diff->change != CHANGE_CHANGED || !(to->diff->kinds & KIND_STRUCT))
			continue;
		to->mark = work->walk;
		depend(work, from, to);
	}
}

void init_calls(struct appup_work *work, enum side side, const char *supervisor,
		void (*on_call)(void *ctx, const struct beam_function *function,
				const struct value *const *args),
		void *ctx)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct eval eval = { .arena = &scratch,
			     .library = &work->modules->library[side],
			     .on_call = on_call,
			     .ctx = ctx };
	const struct beam_facts *facts = modules_facts(work->modules, side, supervisor);
	const struct code *code = facts && facts->roles & BEAM_SUPERVISOR
					  ? modules_code(work->modules, side, supervisor)
					  : NULL;
	const struct code_function *init = code ? code_function(code, "init", 1) : NULL;
	const struct value *arg = &value_unknown;

	if (init)
		eval_function(&eval, code, init, &arg);
}

/* What the new init/1 of a supervisor calls, also by names that are handed about: an update runs
 * it.
 */
struct run_init {
	struct appup_work *work;
	struct vertex *from;
};

static void see_init_call(void *ctx, const struct beam_function *function,
			  const struct value *const *args)
{
	const struct run_init *run = ctx;
	struct appup_work *work = run->work;
	struct vertex *to = vertex_find(work, function->module);

	(void)args;
	if (!to || to == run->from || to->mark == work->walk || to->diff->change != CHANGE_CHANGED)
		return;
	to->mark = work->walk;
	depend(work, run->from, to);
}

static void run_init(struct appup_work *work, struct vertex *from)
{
	struct run_init run = { work, from };

	init_calls(work, SIDE_NEW, from->diff->name, see_init_call, &run);
}

/* What goes together with a child that calls it, which is stopped by the script of a later
 * application, is deleted there.
 */
static void delete_behind(struct appup_work *work, const char *module, size_t app, bool down)
{
	enum change gone = down ? CHANGE_ADDED : CHANGE_REMOVED;
	struct vertex *vertex = vertex_find(work, module);
	const struct beam_facts *facts;

	if (!vertex || vertex->mark == work->walk || vertex->diff->change != gone)
		return;
	vertex->mark = work->walk;
	if (appup_is_ours(work, app))
		vertex_carry(work, vertex, app, down);
	facts = down ? vertex->diff->new_facts : vertex->diff->old_facts;
	for (size_t i = 0; i < facts->imports.len; i++)
		delete_behind(work, facts->imports.items[i].module, app, down);
}

static void stop_deps(struct appup_work *work, size_t app, const struct supervisor_change *change,
		      bool down)
{
	for (size_t i = 0; i < change->len; i++) {
		const struct child_change *item = &change->items[i];
		const struct child *stopped = down ? item->after : item->before;

		work->walk++;
		if (stopped && stopped->module && !(down ? item->before : item->after))
			delete_behind(work, stopped->module, app, down);
	}
}

/* A module of an earlier application is deleted before a later one stops calling it,
 * unless the deletion waits.
 */
static void deletions_wait(struct appup_work *work, struct vertex *caller)
{
	const struct beam_facts *facts = caller->diff->old_facts;

	work->walk++;
	for (size_t i = 0; i < facts->imports.len; i++) {
		struct vertex *to = vertex_find(work, facts->imports.items[i].module);

		if (!to || to->mark == work->walk || to->diff->change != CHANGE_REMOVED)
			continue;
		to->mark = work->walk;
		if (!caller->up || !to->up || to->app >= caller->app)
			continue;
		if (to->carrier_up == to->app || !appup_is_ours(work, caller->app))
			add_up(work, to, caller->diff->name);
		else
			vertex_carry(work, to, caller->app, false);
	}
}

/* ---- children that are started before an application further on has its turn ---- */

struct start {
	struct appup_work *work;
	struct vertex *root; /* stands in front of the start, and is made to depend on … */
	size_t app;          /* … what comes in applications behind this one */
	bool down;
};

static bool comes(const struct vertex *vertex, bool down)
{
	return vertex->diff->change == (down ? CHANGE_REMOVED : CHANGE_ADDED);
}

static void start_needs_called(const struct start *start, const struct vertex *caller);

/* The module, and what it calls, by way of modules that come as well, or that change further on:
 * they are pulled in front of what their own application adds.
 */
static void start_needs(const struct start *start, const char *module)
{
	struct vertex *to = vertex_find(start->work, module);
	bool later;

	if (!to || to->mark == start->work->walk || is_implementation(to))
		return;
	to->mark = start->work->walk;
	later = to->app > start->app && (start->down ? to->down : to->up) &&
		(comes(to, start->down) || to->diff->change == CHANGE_CHANGED);
	if (later && to != start->root)
		(start->down ? add_down : add_up)(start->work, start->root, to->diff->name);
	if (later || comes(to, start->down))
		start_needs_called(start, to);
}

static void start_needs_called(const struct start *start, const struct vertex *caller)
{
	const struct beam_facts *facts =
		start->down ? caller->diff->old_facts : caller->diff->new_facts;

	for (size_t i = 0; i < facts->imports.len; i++)
		start_needs(start, facts->imports.items[i].module);
}

/* Modules that come and that its arguments name: what it is to call. */
static void start_needs_named(const struct start *start, const struct term *args)
{
	const struct vertex *named;

	if (args->kind == TERM_ATOM) {
		named = vertex_find(start->work, term_atom_name(args));
		if (named && comes(named, start->down))
			start_needs(start, named->diff->name);
	} else if (args->kind == TERM_TUPLE || args->kind == TERM_LIST) {
		for (size_t i = 0; i < args->seq.len; i++)
			start_needs_named(start, term_at(args, i));
	}
}

static void start_deps(struct appup_work *work, size_t app, const struct supervisor_change *change,
		       bool down)
{
	for (size_t i = 0; i < change->len; i++) {
		const struct child_change *item = &change->items[i];
		const struct child *child = down ? item->before : item->after;
		struct start start = { work, NULL, app, down };

		if (!child || !child->module)
			continue;
		start.root = vertex_find(work, child->module);
		if (!start.root || !comes(start.root, down) || start.root->app > app)
			start.root =
				change->in_application ? NULL : vertex_find(work, change->module);
		if (!start.root)
			continue;
		work->walk++;
		start_needs(&start, child->module);
		if (child->args)
			start_needs_named(&start, child->args);
	}
}

static void see_later_call(void *ctx, const struct beam_function *function,
			   const struct value *const *args)
{
	(void)args;
	start_needs(ctx, function->module);
}

struct names later_calls(struct appup_work *work, size_t app, const char *supervisor, bool down)
{
	const enum side side = down ? SIDE_OLD : SIDE_NEW;
	const struct beam_facts *facts = modules_facts(work->modules, side, supervisor);
	struct vertex root = { 0 };
	struct start start = { work, &root, app, down };

	work->walk++;
	for (size_t i = 0; facts && i < facts->imports.len; i++)
		start_needs(&start, facts->imports.items[i].module);
	init_calls(work, side, supervisor, see_later_call, &start);
	return down ? root.down_deps : root.up_deps;
}

/* What changes further on, and is depended on, is pulled in front of what its own application adds:
 * so that is depended on, too.
 */
static void needs_of_pulled(struct appup_work *work, struct vertex *vertex, bool down)
{
	const struct names deps = down ? vertex->down_deps : vertex->up_deps;
	const struct start start = { work, vertex, vertex->app, down };

	work->walk++;
	for (size_t i = 0; i < deps.len; i++)
		vertex_find(work, deps.items[i])->mark = work->walk;
	for (size_t i = 0; i < deps.len; i++) {
		const struct vertex *to = vertex_find(work, deps.items[i]);

		if (to->app > vertex->app && to->diff->change == CHANGE_CHANGED)
			start_needs_called(&start, to);
	}
}

/* ---- who has an instruction ---- */

struct mentions {
	struct appup_work *work;
	size_t app;
	bool down;
};

static void mentioned(void *context, const char *module, const struct term *instruction)
{
	const struct mentions *mentions = context;
	struct vertex *vertex = vertex_find(mentions->work, module);

	/* What is loaded by low-level instructions takes no part in dependencies. */
	if (!vertex || term_is_tagged(instruction, "load", 2) ||
	    term_is_tagged(instruction, "remove", 2))
		return;
	if (mentions->down)
		vertex->down = true;
	else
		vertex->up = true;
}

/* A module that moved from one application to another is one that changed, and has its
 * instruction where it is now.
 */
static void add_moved(struct appup_work *work, struct vertex *vertex,
		      const struct module_diff *listed, size_t app)
{
	struct module_diff *both = arena_new(work->arena, struct module_diff);

	*both = *listed;
	both->change = CHANGE_CHANGED;
	if (listed->change == CHANGE_ADDED) {
		both->old_facts = vertex->diff->old_facts;
		vertex->listed = listed;
		vertex->app = app;
	} else {
		both->new_facts = vertex->diff->new_facts;
	}
	vertex->diff = both;
}

static void add_vertex(struct appup_work *work, const struct module_diff *listed, size_t app)
{
	bool is_new;
	struct vertex *vertex = &work->vertices[name_table_add(work->names, listed->name, &is_new)];

	if (is_new)
		*vertex = (struct vertex){ .listed = listed, .diff = listed, .app = app };
	else
		add_moved(work, vertex, listed, app);
	vertex->carrier_up = vertex->carrier_down = vertex->app;
}

static void add_vertices(struct appup_work *work)
{
	const struct appups *appups = work->appups;
	size_t total = 0;

	for (size_t i = 0; i < appups->len; i++)
		total += appups->items[i].app->modules.len;
	work->vertices = arena_array(work->arena, total, struct vertex);
	for (size_t i = 0; i < appups->len; i++)
		for (size_t j = 0; j < appups->items[i].app->modules.len; j++)
			add_vertex(work, &appups->items[i].app->modules.items[j], i);
}

static void find_instructions(struct appup_work *work, size_t nr)
{
	const struct appup_made *made = &work->appups->items[nr];
	struct mentions mentions = { work, nr, false };

	if (made->source != APPUP_GENERATED) {
		script_modules(made->up, mentioned, &mentions);
		mentions.down = true;
		if (made->down)
			script_modules(made->down, mentioned, &mentions);
		return;
	}
	if (appup_restart(made->app->name))
		return;
	for (size_t i = 0; i < made->app->modules.len; i++) {
		const struct module_diff *listed = &made->app->modules.items[i];
		struct vertex *vertex = vertex_find(work, listed->name);

		if (vertex->listed != listed)
			continue;
		vertex->up = generates_up(work->diff, vertex->diff);
		vertex->down = generates_down(work->diff, vertex->diff);
	}
}

/* What children that come or go need. */
static void children_deps(struct appup_work *work,
			  void (*deps)(struct appup_work *work, size_t app,
				       const struct supervisor_change *change, bool down))
{
	for (size_t i = 0; i < work->appups->len; i++)
		for (size_t j = 0; j < work->appups->items[i].supervisors.len; j++)
			for (int down = 0; down < 2; down++)
				deps(work, i, &work->appups->items[i].supervisors.items[j], down);
}

void appup_deps(struct appup_work *work)
{
	add_vertices(work);
	for (size_t i = 0; i < work->appups->len; i++)
		find_instructions(work, i);
	children_deps(work, stop_deps);
	for (size_t i = 0; i < name_table_len(work->names); i++) {
		struct vertex *vertex = &work->vertices[i];

		if (vertex->diff->change != CHANGE_CHANGED)
			continue;
		work->walk++;
		walk_calls(work, vertex, vertex->diff->new_facts);
		wait_for_old_calls(work, vertex);
		read_structs(work, vertex);
		run_init(work, vertex);
		deletions_wait(work, vertex);
	}
	children_deps(work, start_deps);
	for (size_t i = 0; i < name_table_len(work->names); i++)
		for (int down = 0; down < 2; down++)
			needs_of_pulled(work, &work->vertices[i], down);
	through_deps(work);
	host_deps(work);
}
