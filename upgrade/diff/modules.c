// SPDX-License-Identifier: Apache-2.0
#include "upgrade/diff/modules.h"

#include "base/parallel.h"

#include <stdlib.h>

static const struct resolved_app *app_of(const struct app_diff *app, enum side side)
{
	return side == SIDE_OLD ? app->old_app : app->new_app;
}

static void add(struct modules *modules, enum side side, const struct module_at *module)
{
	bool is_new;
	size_t id = name_table_add(modules->names[side], module->name, &is_new);

	if (is_new)
		modules->items[side][id] = *module;
}

/* Only OTP's own .app files have this key; Elixir's own applications are known by name. */
static bool is_of_language(const struct app_diff *app)
{
	static const char *const names[] = { "elixir", "logger", "mix", "eex", "iex", "ex_unit" };
	const struct resolved_app *resolved = app->new_app ? app->new_app : app->old_app;
	const struct term *term = resolved->app->term;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], app->name) == 0)
			return true;
	return term && term_proplist_get(term_at(term, 2), "runtime_dependencies");
}

static void add_app(struct modules *modules, const struct app_diff *app, enum side side)
{
	struct names names = app_of(app, side)->app->modules;
	const bool of_language = is_of_language(app);

	for (size_t i = 0; i < app->same.len; i++)
		add(modules, side,
		    &(struct module_at){ .name = app->same.items[i],
					 .app = app,
					 .same = true,
					 .of_language = of_language });
	for (size_t i = 0; i < app->modules.len; i++) {
		const struct module_diff *diff = &app->modules.items[i];
		bool old = side == SIDE_OLD;

		if (old ? diff->old_facts : diff->new_facts)
			add(modules, side,
			    &(struct module_at){
				    .name = diff->name,
				    .app = app,
				    .diff = diff,
				    .of_language = of_language,
				    .facts = old ? diff->old_facts : diff->new_facts,
				    .code = old ? diff->old_code : diff->new_code,
				    .does_same =
					    old ? NULL
						: arena_array(modules->arena, diff->new_code->len,
							      _Atomic enum does_same) });
	}
	for (size_t i = 0; i < names.len; i++)
		add(modules, side,
		    &(struct module_at){
			    .name = names.items[i], .app = app, .of_language = of_language });
}

static const struct code *open_code(void *ctx, const char *name)
{
	const struct library_side *side = ctx;

	return modules_code(side->modules, side->side, name);
}

/* Only where it is known of both releases: else nothing could be compared. */
static const struct term *env_of(void *ctx, const char *name, const char *key)
{
	const struct library_side *side = ctx;
	const struct diff *diff = side->modules->diff;
	const bool elsewhere = diff->old_config.elsewhere || diff->new_config.elsewhere;
	const struct app_diff *app = elsewhere ? NULL : diff_find(diff, name);

	return app ? diff_env(diff, side->side == SIDE_NEW, app, key) : NULL;
}

/* What somebody wrote for this system, or a library: to be looked into. */
static bool is_ours(void *ctx, const char *name)
{
	const struct library_side *side = ctx;
	const struct module_at *module = modules_find(side->modules, side->side, name);

	return module && !module->of_language;
}

struct modules *modules_new(struct arena *arena, const struct diff *diff)
{
	struct modules *modules = arena_new(arena, struct modules);

	pthread_mutex_init(&modules->lock, NULL);
	pthread_mutex_init(&modules->states_lock, NULL);
	for (size_t i = 0; i < MODULES_READING; i++)
		pthread_mutex_init(&modules->reading[i].lock, NULL);
	modules->arena = arena;
	modules->diff = diff;
	for (enum side side = SIDE_OLD; side < SIDES; side++) {
		size_t total = 0;

		for (size_t i = 0; i < diff->len; i++)
			if (app_of(&diff->apps[i], side))
				total += app_of(&diff->apps[i], side)->app->modules.len;
		modules->names[side] = name_table_new();
		modules->items[side] = arena_array(arena, total, struct module_at);
		for (size_t i = 0; i < diff->len; i++)
			if (app_of(&diff->apps[i], side))
				add_app(modules, &diff->apps[i], side);
		modules->sides[side] = (struct library_side){ modules, side };
		modules->library[side] =
			(struct code_library){ open_code, is_ours, &modules->sides[side], NULL,
					       env_of };
	}
	return modules;
}

void modules_free(struct modules *modules)
{
	if (!modules)
		return;
	for (enum side side = SIDE_OLD; side < SIDES; side++) {
		for (size_t i = 0; i < name_table_len(modules->names[side]); i++)
			free(modules->items[side][i].atoms);
		name_table_free(modules->names[side]);
		modules->names[side] = NULL;
	}
	for (size_t i = 0; i < MODULES_READING; i++) {
		pthread_mutex_destroy(&modules->reading[i].lock);
		arena_join(modules->arena, &modules->reading[i].arena);
	}
	arena_join(modules->arena, &modules->states);
	pthread_mutex_destroy(&modules->states_lock);
	pthread_mutex_destroy(&modules->lock);
}

struct module_at *modules_find(const struct modules *modules, enum side side, const char *name)
{
	size_t id = name_table_find(modules->names[side], span_of(name));

	return id == NAME_ABSENT ? NULL : &modules->items[side][id];
}

/* ---- reading ---- */

void modules_fail(struct modules *modules, const struct error *err)
{
	pthread_mutex_lock(&modules->lock);
	if (!modules->failed)
		modules->error = *err;
	modules->failed = true;
	pthread_mutex_unlock(&modules->lock);
}

static int unreadable(enum side side, const struct module_at *module, struct error *err)
{
	return error_wrap(err, "%s release: application %s: module %s",
			  side == SIDE_OLD ? "old" : "new", module->app->name, module->name);
}

int module_read(struct beam *out, struct arena *arena, const struct modules *modules,
		enum side side, const struct module_at *module, struct error *err)
{
	const struct release *release =
		side == SIDE_OLD ? modules->diff->old_release : modules->diff->new_release;
	const char *dir = app_of(module->app, side)->app->dir;
	owned_str struct str bytes = STR_EMPTY;

	if (tree_read(release->tree, beam_path(arena, dir, module->name), BEAM_MAX, &bytes, err))
		return -1;
	return beam_open(out, arena, (struct span){ arena_dup(arena, str_span(&bytes)), bytes.len },
			 err);
}

static const struct beam_facts *read_facts(struct modules *modules, enum side side,
					   const struct module_at *module, struct arena *arena)
{
	struct beam_facts *facts;
	struct error err;
	struct beam beam;

	if (!module_read(&beam, arena, modules, side, module, &err) &&
	    !beam_read_facts(&facts, arena, &beam, &err))
		return facts;
	unreadable(side, module, &err);
	modules_fail(modules, &err);
	return NULL;
}

/* The code of a module, anew. */
static int open_module(struct code **out, struct arena *arena, const struct modules *modules,
		       enum side side, const struct module_at *module, struct error *err)
{
	struct beam_facts *facts;
	struct beam beam;

	if (module_read(&beam, arena, modules, side, module, err) ||
	    beam_read_facts(&facts, arena, &beam, err) || code_read(out, arena, &beam, facts, err))
		return unreadable(side, module, err);
	return 0;
}

static const struct code *read_code(struct modules *modules, enum side side,
				    const struct module_at *module, struct arena *arena)
{
	struct code *code;
	struct error err;

	if (!open_module(&code, arena, modules, side, module, &err))
		return code;
	modules_fail(modules, &err);
	return NULL;
}

/* One that is the same in both is read once, for both of that name. */
static struct module_reading *begin_reading(struct modules *modules, enum side side,
					    struct module_at *module)
{
	struct module_reading *reading =
		&modules->reading[text_hash(module->name) % MODULES_READING];
	const struct module_at *twin;

	pthread_mutex_lock(&reading->lock);
	twin = module->same ? modules_find(modules, !side, module->name) : NULL;
	if (twin && twin->same) {
		module->facts = module->facts ? module->facts : twin->facts;
		module->code = module->code ? module->code : twin->code;
	}
	return reading;
}

const struct beam_facts *module_facts(struct modules *modules, enum side side,
				      struct module_at *module)
{
	struct module_reading *reading;

	if (module->facts)
		return module->facts;
	reading = begin_reading(modules, side, module);
	if (!module->facts && !modules->failed)
		module->facts = read_facts(modules, side, module, &reading->arena);
	pthread_mutex_unlock(&reading->lock);
	return module->facts;
}

const struct code *module_code(struct modules *modules, enum side side, struct module_at *module)
{
	struct module_reading *reading;

	if (module->code)
		return module->code;
	reading = begin_reading(modules, side, module);
	if (!module->code && !modules->failed)
		module->code = read_code(modules, side, module, &reading->arena);
	pthread_mutex_unlock(&reading->lock);
	return module->code;
}

const struct beam_facts *modules_facts(struct modules *modules, enum side side, const char *name)
{
	struct module_at *module = name ? modules_find(modules, side, name) : NULL;

	return module ? module_facts(modules, side, module) : NULL;
}

const struct code *modules_code(struct modules *modules, enum side side, const char *name)
{
	struct module_at *module = name ? modules_find(modules, side, name) : NULL;

	return module ? module_code(modules, side, module) : NULL;
}

bool modules_export(struct modules *modules, enum side side, const struct beam_function *function)
{
	const struct beam_facts *facts = modules_facts(modules, side, function->module);

	return facts && beam_exports(facts, function->name, function->arity);
}

/* Numbers of the old release's modules, and behind them of the new one's. */
static int try_nth(void *context, size_t nr, struct error *err)
{
	const struct modules *modules = context;
	const size_t olds = name_table_len(modules->names[SIDE_OLD]);
	const enum side side = nr < olds ? SIDE_OLD : SIDE_NEW;
	const struct module_at *module = &modules->items[side][side == SIDE_OLD ? nr : nr - olds];
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct code *code;

	return open_module(&code, &scratch, modules, side, module, err);
}

/* Which of several was come to first is the threads' luck: the first of all is told. */
int modules_check(struct modules *modules, struct error *err)
{
	const size_t len =
		name_table_len(modules->names[SIDE_OLD]) + name_table_len(modules->names[SIDE_NEW]);

	if (!modules->failed)
		return 0;
	if (parallel(len, try_nth, modules, err) == 0)
		*err = modules->error;
	return -1;
}
