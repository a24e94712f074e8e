// SPDX-License-Identifier: Apache-2.0
#include "upgrade/verdict/births.h"

#include "erlang/code/children.h"
#include "erlang/code/code_facts.h"
#include "upgrade/verdict/verdict_starts.h"

struct search {
	struct judge *judge;
	/* The module, and the supervisors that are children themselves; */
	struct name_table *children;
	struct name_table *supervisors; /* those that start one of them. */
};

static bool is_child(const struct search *search, const char *name)
{
	return name && name_table_find(search->children, span_of(name)) != NAME_ABSENT;
}

static bool mentions(const struct search *search, const struct value *value, unsigned depth)
{
	int size = value_tuple_size(value);
	const struct value *start;

	if (is_child(search, value_atom_name(value)))
		return true;
	if (depth == 0)
		return false;
	for (int i = 0; i < size; i++)
		if (mentions(search, value_element(value, (size_t)i, search->judge->arena),
			     depth - 1))
			return true;
	start = value_map_at(value, "start", search->judge->arena);
	return start && mentions(search, start, depth - 1);
}

static void add_supervisor(struct search *search, const char *name)
{
	bool is_new;

	name_table_add(search->supervisors, name, &is_new);
	/* It may be a child of one like it, and be born meanwhile. */
	name_table_add(search->children, name, &is_new);
}

/* A supervisor whose children are all alike. */
static void look_at_children(struct search *search, struct module_at *module,
			     const struct code *code)
{
	const struct code_library *library = &search->judge->modules->library[SIDE_OLD];
	struct arena *arena = search->judge->arena;
	struct children all =
		code_children(code, code_start_argument(code, library, arena), library, arena);

	if (!all.strategy || strcmp(all.strategy, "simple_one_for_one") != 0)
		return;
	for (size_t i = 0; i < all.len; i++) {
		const struct term *modules = all.items[i].modules;

		if (is_child(search, all.items[i].module))
			add_supervisor(search, module->name);
		for (size_t j = 0; modules && term_is_list(modules) && j < modules->seq.len; j++)
			if (is_child(search, term_atom_name(term_at(modules, j))))
				add_supervisor(search, module->name);
	}
}

/* Without a name that is seen, it may be any DynamicSupervisor. */
static void add_dynamic(struct search *search)
{
	struct modules *modules = search->judge->modules;

	add_supervisor(search, "Elixir.DynamicSupervisor");
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_OLD]); i++) {
		struct module_at *module = &modules->items[SIDE_OLD][i];
		const struct beam_facts *facts =
			module->diff ? module->diff->old_facts : module->facts;

		if (facts && names_have(facts->behaviours, "Elixir.DynamicSupervisor"))
			add_supervisor(search, module->name);
	}
}

static bool is_start_child(const struct beam_function *to)
{
	return strcmp(to->name, "start_child") == 0;
}

/* start_child(Supervisor, Specification) */
static void look_at_calls(struct search *search, struct module_at *module)
{
	struct code_effects effects = effects_of(search->judge, SIDE_OLD, module, is_start_child);

	for (size_t i = 0; i < effects.len; i++) {
		const struct code_effect *effect = &effects.items[i];
		bool dynamic = effect_is(effect, "Elixir.DynamicSupervisor", "start_child", 2);

		if ((!dynamic && !effect_is(effect, "supervisor", "start_child", 2) &&
		     !effect_is(effect, "Elixir.Supervisor", "start_child", 2)) ||
		    !mentions(search, effect->args[1], 2))
			continue;
		if (value_atom_name(effect->args[0]))
			add_supervisor(search, value_atom_name(effect->args[0]));
		else if (dynamic)
			add_dynamic(search);
	}
}

static void look_at(struct search *search, struct module_at *module)
{
	struct modules *modules = search->judge->modules;
	const struct code_library *library = &modules->library[SIDE_OLD];
	const struct beam_facts *facts = module_facts(modules, SIDE_OLD, module);
	const struct code *code;

	if (!facts || !library->follow(library->ctx, module->name))
		return;
	code = module_code(modules, SIDE_OLD, module);
	if (!code || code->unread)
		return;
	if (facts->roles & BEAM_SUPERVISOR)
		look_at_children(search, module, code);
	look_at_calls(search, module);
}

static struct names names_of(struct arena *arena, const struct name_table *table)
{
	const char **names = arena_array(arena, name_table_len(table), const char *);

	for (size_t i = 0; i < name_table_len(table); i++)
		names[i] = arena_dup(arena, span_of(name_table_name(table, i)));
	return (struct names){ names, name_table_len(table) };
}

static struct names find_supervisors(struct judge *judge, const struct module_diff *module,
				     const bool *naming)
{
	owned_name_table struct name_table *children = name_table_new();
	owned_name_table struct name_table *supervisors = name_table_new();
	struct search search = { judge, children, supervisors };
	struct modules *modules = judge->modules;
	size_t before;

	name_table_add(children, module->name, NULL);
	do {
		before = name_table_len(supervisors);
		for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
			struct module_at *after = &modules->items[SIDE_NEW][i];
			struct module_at *at = modules_find(modules, SIDE_OLD, after->name);

			if (at && (after->diff || naming[i]))
				look_at(&search, at);
		}
	} while (name_table_len(supervisors) > before);
	return names_of(judge->arena, supervisors);
}

static bool converts(struct judge *judge, const struct module_diff *module)
{
	enum code_change change;
	enum beam_role role;
	unsigned roles;

	if (module->change != CHANGE_CHANGED || module->old_code->unread ||
	    module->new_code->unread)
		return false;
	roles = module->old_facts->roles & module->new_facts->roles & BEAM_PROCESS;
	role = (enum beam_role)(roles & -roles);
	change = roles ? code_change(module->new_code, role) : CODE_CHANGE_ABSENT;
	return (change == CODE_CHANGE_CONVERTS || change == CODE_CHANGE_UNKNOWN) &&
	       state_changes(judge, module, role);
}

struct births births_find(struct modules *modules)
{
	struct judge judge = judge_of(modules);
	owned_name_table struct name_table *names = name_table_new();
	struct birth *items = NULL;
	size_t len = 0, cap = 0;
	const bool *naming;

	for (size_t i = 0; i < modules->diff->len; i++)
		for (size_t j = 0; j < modules->diff->apps[i].modules.len; j++)
			if (converts(&judge, &modules->diff->apps[i].modules.items[j]))
				name_table_add(names, modules->diff->apps[i].modules.items[j].name,
					       NULL);
	if (name_table_len(names) == 0)
		return (struct births){ NULL, 0 };
	naming = modules_naming(&judge, names);
	for (size_t i = 0; i < modules->diff->len; i++) {
		const struct app_diff *app = &modules->diff->apps[i];

		for (size_t j = 0; j < app->modules.len; j++) {
			const struct module_diff *module = &app->modules.items[j];
			struct names found = { NULL, 0 };

			if (converts(&judge, module))
				found = find_supervisors(&judge, module, naming);
			if (found.len == 0)
				continue;
			items = arena_grow(modules->arena, items, len, &cap);
			items[len++] = (struct birth){ app, module, found };
		}
	}
	return (struct births){ items, len };
}
