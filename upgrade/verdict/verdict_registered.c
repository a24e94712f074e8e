// SPDX-License-Identifier: Apache-2.0
/* Names of processes that are not those of their modules: who of the changed modules runs under
 * one, as far as it is seen where they are started.
 */
#include "upgrade/verdict/verdict_starts.h"

enum { DEPTH = 2 };

struct process_name {
	const char *name, *module;
	const struct process_name *next;
};

static void add(struct judge *judge, const char *name, const char *module)
{
	struct process_name *registered;
	const struct module_at *at = modules_find(judge->modules, SIDE_OLD, module);

	if (!at || !at->diff || at->diff->change != CHANGE_CHANGED || strcmp(name, module) == 0)
		return;
	registered = arena_new(judge->arena, struct process_name);
	*registered = (struct process_name){ arena_dup(judge->arena, span_of(name)), at->name,
					     judge->registered };
	judge->registered = registered;
}

/* Registered is what a function of another module gave: it may run any code. */
static bool is_of_others(const struct code_effect *effect)
{
	const bool erlang = effect_is(effect, "erlang", "register", 2);
	const struct value *pid;

	if (!erlang && !effect_is(effect, "Elixir.Process", "register", 2))
		return false;
	pid = effect->args[erlang ? 1 : 0];
	return pid->kind == VALUE_UNKNOWN && pid->where.module &&
	       strcmp(pid->where.module, "erlang") != 0;
}

/* Whose callbacks run in what a call starts: those of the module that makes it, or one it names. */
static const char *started_module(const struct code_effect *effect, const char *self)
{
	const char *module = NULL;

	if (strncmp(effect->to.module, "gen_", 4) == 0 && effect->to.arity == 4)
		module = value_atom_name(effect->args[1]);
	else if (strcmp(effect->to.module, "Elixir.GenServer") == 0)
		module = value_atom_name(effect->args[0]);
	return module ? module : self;
}

static void add_started(struct judge *judge, struct module_at *module)
{
	const struct code_effects effects = effects_through(judge, SIDE_OLD, module);

	for (size_t i = 0; i < effects.len; i++) {
		const char *name = started_as(&effects.items[i], judge->arena);

		if (name && !is_of_others(&effects.items[i]))
			add(judge, name, started_module(&effects.items[i], module->name));
	}
}

/* [{name, Name}, …] among what a child is started with. */
static void add_named(struct judge *judge, const char *module, const struct term *args,
		      unsigned depth)
{
	for (size_t i = 0; term_is_list(args) && i < args->seq.len; i++) {
		const struct term *item = term_at(args, i);
		const char *name =
			term_is_tagged(item, "name", 2) ? term_atom_name(term_at(item, 1)) : NULL;

		if (name)
			add(judge, name, module);
		else if (depth > 0)
			add_named(judge, module, item, depth - 1);
	}
}

static void add_children(struct judge *judge, const char *module)
{
	const struct children children = module_children(judge, SIDE_OLD, module, judge->arena);

	for (size_t i = 0; i < children.len; i++)
		if (children.items[i].module && children.items[i].args)
			add_named(judge, children.items[i].module, children.items[i].args, DEPTH);
}

static void find_all(struct judge *judge)
{
	for (size_t i = 0; i < judge->diff->len; i++) {
		const struct app_diff *app = &judge->diff->apps[i];
		const struct names names =
			app->old_app ? app->old_app->app->modules : (struct names){ 0 };
		bool changes = false;

		for (size_t j = 0; j < app->modules.len; j++)
			changes =
				changes || (app->modules.items[j].change == CHANGE_CHANGED &&
					    app->modules.items[j].old_facts->roles & BEAM_PROCESS);
		for (size_t j = 0; j < names.len; j++) {
			struct module_at *module =
				modules_find(judge->modules, SIDE_OLD, names.items[j]);

			if (module && module->diff && module->diff->change == CHANGE_CHANGED)
				add_started(judge, module);
			if (module && changes)
				add_children(judge, module->name);
		}
	}
}

static const struct process_name *registered_of(struct judge *judge)
{
	if (!judge->knows_registered)
		find_all(judge);
	judge->knows_registered = true;
	return judge->registered;
}

const char *module_registered_as(struct judge *judge, const char *name)
{
	const struct process_name *at = registered_of(judge);

	while (at && strcmp(at->name, name) != 0)
		at = at->next;
	return at ? at->module : NULL;
}

void add_registered_names(struct judge *judge, struct name_table *names)
{
	for (const struct process_name *at = registered_of(judge); at; at = at->next)
		if (name_table_find(names, span_of(at->module)) != NAME_ABSENT)
			name_table_add(names, at->name, NULL);
}
