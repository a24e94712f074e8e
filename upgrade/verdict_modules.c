// SPDX-License-Identifier: Apache-2.0
/* Every module of both releases by its name; facts of those that somebody asks for. */
#include "upgrade/verdict_parts.h"

static const struct resolved_app *app_of(const struct app_diff *app, enum side side)
{
	return side == SIDE_OLD ? app->old_app : app->new_app;
}

static void add(struct judge_modules *modules, const struct judge_module *module)
{
	bool is_new;
	size_t id = name_table_add(modules->names, module->name, &is_new);

	if (is_new)
		modules->items[id] = *module;
}

static void add_app(struct judge_modules *modules, const struct app_diff *app, enum side side)
{
	struct names names = app_of(app, side)->app->modules;

	for (size_t i = 0; i < app->same.len; i++)
		add(modules, &(struct judge_module){ .name = app->same.items[i].name,
						     .app = app,
						     .same = &app->same.items[i] });
	for (size_t i = 0; i < app->modules.len; i++) {
		const struct module_diff *diff = &app->modules.items[i];
		const struct beam_facts *facts = side == SIDE_OLD ? diff->old_facts : diff->new_facts;

		if (facts)
			add(modules, &(struct judge_module){ .name = diff->name, .app = app, .diff = diff, .facts = facts });
	}
	for (size_t i = 0; app->change != CHANGE_SAME && i < names.len; i++)
		add(modules, &(struct judge_module){ .name = names.items[i], .app = app });
}

void judge_modules_init(struct judge *judge)
{
	for (enum side side = SIDE_OLD; side <= SIDE_NEW; side++) {
		struct judge_modules *modules = &judge->modules[side];
		size_t total = 0;

		for (size_t i = 0; i < judge->diff->len; i++)
			if (app_of(&judge->diff->apps[i], side))
				total += app_of(&judge->diff->apps[i], side)->app->modules.len;
		modules->names = name_table_new();
		modules->items = arena_array(judge->arena, total, struct judge_module);
		for (size_t i = 0; i < judge->diff->len; i++)
			if (app_of(&judge->diff->apps[i], side))
				add_app(modules, &judge->diff->apps[i], side);
	}
}

void judge_modules_done(struct judge *judge)
{
	name_table_free(judge->modules[SIDE_OLD].names);
	name_table_free(judge->modules[SIDE_NEW].names);
}

struct judge_module *judge_find(const struct judge *judge, enum side side, const char *module)
{
	const struct judge_modules *modules = &judge->modules[side];
	size_t id = name_table_find(modules->names, span_of(module));

	return id == NAME_ABSENT ? NULL : &modules->items[id];
}

static void note(struct judge *judge, enum side side, const struct judge_module *module)
{
	error_wrap_(judge->err, "%s release: application %s: module %s",
		    side == SIDE_OLD ? "old" : "new", module->app->name, module->name);
	judge->failed = true;
}

/* The whole file, in the arena. */
static int read_beam(struct beam *out, struct judge *judge, enum side side,
		     const struct judge_module *module, struct error *err)
{
	const struct release *release = side == SIDE_OLD ? judge->diff->old_release
							 : judge->diff->new_release;
	const char *path = path_join(judge->arena, app_of(module->app, side)->app->dir,
				     arena_printf(judge->arena, "%s.beam", module->name));
	owned_str struct str bytes = STR_EMPTY;

	return tree_read(release->tree, path, BEAM_MAX, &bytes, err) ||
			       beam_open(out, judge->arena,
					 (struct span){ arena_dup(judge->arena, str_span(&bytes)),
							bytes.len },
					 err)
		       ? -1
		       : 0;
}

static int read_facts(const struct beam_facts **out, struct judge *judge, enum side side,
		      const struct judge_module *module, struct error *err)
{
	struct beam_facts *facts;
	struct beam beam;

	if (!module->same && read_beam(&beam, judge, side, module, err))
		return -1;
	if (beam_read_facts(&facts, judge->arena, module->same ? &module->same->beam : &beam, err))
		return -1;
	*out = facts;
	return 0;
}

const struct beam_facts *judge_facts(struct judge *judge, enum side side,
				     struct judge_module *module)
{
	if (!module->facts && !judge->failed &&
	    read_facts(&module->facts, judge, side, module, judge->err))
		note(judge, side, module);
	return module->facts;
}

static int read_code(const struct code **out, struct judge *judge, enum side side,
		     const struct judge_module *module, struct error *err)
{
	struct beam_facts *facts;
	struct code *code;
	struct beam beam;

	if (read_beam(&beam, judge, side, module, err) ||
	    beam_read_facts(&facts, judge->arena, &beam, err) ||
	    code_read(&code, judge->arena, &beam, facts, err))
		return -1;
	*out = code;
	return 0;
}

const struct code *judge_code(struct judge *judge, enum side side, struct judge_module *module)
{
	if (!module->code && module->diff)
		module->code = side == SIDE_OLD ? module->diff->old_code : module->diff->new_code;
	if (!module->code && !judge->failed &&
	    read_code(&module->code, judge, side, module, judge->err))
		note(judge, side, module);
	return module->code;
}
