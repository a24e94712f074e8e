// SPDX-License-Identifier: Apache-2.0
/* Which changed modules belong together.
 *
 * Upwards, what is called must be new before what calls it is: the caller depends on
 * it, and systools loads dependencies first.  Downwards systools turns the order
 * round, so the same dependencies, those of the new code, bring the caller back
 * before what it calls.  Who reads a struct depends on the module that defines it.
 *
 * Added modules are loaded first of all, and deleted last, without taking part, so
 * that nothing is pulled in front of the protocols' instruction; a caller depends on
 * what they call instead, unless it is a child to be started, which has an order of its own
 * (appup_order.c).  Only where the order of the applications would put an
 * added module behind its caller (or delete it before) it takes part after all.
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

/* All that `facts` calls, and through added modules further on. */
static void walk_calls(struct appup_work *work, struct vertex *from, const struct beam_facts *facts)
{
	for (size_t i = 0; i < facts->imports.len; i++) {
		struct vertex *to = vertex_find(work, facts->imports.items[i].module);

		if (!to || to == from || to->mark == work->walk)
			continue;
		to->mark = work->walk;
		if (to->diff->change == CHANGE_CHANGED) {
			if (to->up)
				add_up(work, from, to->diff->name);
			if (to->down)
				add_down(work, from, to->diff->name);
		} else if (to->diff->change == CHANGE_ADDED) {
			depend_on_added(work, from, to);
			if (!is_moving_child(work, to->diff->name))
				walk_calls(work, from, to->diff->new_facts);
		}
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
		if (to->up)
			add_up(work, from, to->diff->name);
		if (to->down)
			add_down(work, from, to->diff->name);
	}
}

/* What the new init/1 of a supervisor calls, also by names that are handed about: an update runs
 * it.
 */
struct init_calls {
	struct appup_work *work;
	struct vertex *from;
};

static void see_init_call(void *ctx, const struct beam_function *function,
			  const struct value *const *args)
{
	const struct init_calls *calls = ctx;
	struct appup_work *work = calls->work;
	struct vertex *to = vertex_find(work, function->module);

	(void)args;
	if (!to || to == calls->from || to->mark == work->walk ||
	    to->diff->change != CHANGE_CHANGED)
		return;
	to->mark = work->walk;
	if (to->up)
		add_up(work, calls->from, to->diff->name);
	if (to->down)
		add_down(work, calls->from, to->diff->name);
}

static void run_init(struct appup_work *work, struct vertex *from)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct init_calls calls = { work, from };
	struct eval eval = { .arena = &scratch,
			     .library = &work->modules->library[SIDE_NEW],
			     .on_call = see_init_call,
			     .ctx = &calls };
	const struct code *code = from->diff->new_code;
	const struct code_function *init = code ? code_function(code, "init", 1) : NULL;
	const struct value *arg = &value_unknown;

	if (init && from->diff->new_facts->roles & BEAM_SUPERVISOR)
		eval_function(&eval, code, init, &arg);
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
		if (caller->up && to->up && to->app < caller->app)
			add_up(work, to, caller->diff->name);
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

void appup_deps(struct appup_work *work)
{
	add_vertices(work);
	for (size_t i = 0; i < work->appups->len; i++)
		find_instructions(work, i);
	for (size_t i = 0; i < name_table_len(work->names); i++) {
		struct vertex *vertex = &work->vertices[i];

		if (vertex->diff->change != CHANGE_CHANGED)
			continue;
		work->walk++;
		walk_calls(work, vertex, vertex->diff->new_facts);
		read_structs(work, vertex);
		run_init(work, vertex);
		deletions_wait(work, vertex);
	}
	host_deps(work);
}
