// SPDX-License-Identifier: Apache-2.0
/* Which event managers a handler is added to: those of another one never get to it. */
#include "upgrade/verdict/verdict_kept.h"

/* Calls that add a handler, and where it stands in their arguments, behind the manager. */
static const struct adding {
	struct beam_function to;
	unsigned handler;
} addings[] = {
	{ { "gen_event", "add_handler", 3 }, 1 },
	{ { "gen_event", "add_sup_handler", 3 }, 1 },
	{ { "gen_event", "swap_handler", 3 }, 2 },
	{ { "gen_event", "swap_sup_handler", 3 }, 2 },
};

static const struct adding *adding_of(const struct beam_function *to)
{
	for (size_t i = 0; to && i < ARRAY_LEN(addings); i++)
		if (beam_function_same(to, &addings[i].to))
			return &addings[i];
	return NULL;
}

/* Module, {Module, Id}, or of swap_handler/3 {Module, Argument} */
static const struct value *module_of(const struct value *handler, struct arena *arena)
{
	return value_tuple_size(handler) == 2 ? value_element(handler, 0, arena) : handler;
}

/* Each call in a function is among its effects, as far as their number tells. */
static bool are_seen(const struct code *code, const struct code_function *function,
		     struct code_effects effects)
{
	size_t calls = 0, seen = 0;

	for (size_t i = 0; i < function->len; i++)
		calls += adding_of(code_op_import(code, &function->ops[i])) != NULL;
	for (size_t i = 0; i < effects.len; i++)
		seen += effects.items[i].in == function && adding_of(&effects.items[i].to) != NULL;
	return seen >= calls;
}

static bool imports_adding(const struct beam_facts *facts)
{
	for (size_t i = 0; facts && i < ARRAY_LEN(addings); i++)
		if (beam_imports(facts, addings[i].to.module, addings[i].to.name,
				 addings[i].to.arity))
			return true;
	return false;
}

struct search {
	struct judge *judge;
	const char *manager, *handler;
	bool added, may; /* somewhere; to this manager, or one that is not seen */
};

static void search_effects(struct search *search, struct code_effects effects)
{
	for (size_t i = 0; i < effects.len; i++) {
		const struct code_effect *effect = &effects.items[i];
		const struct adding *adding = adding_of(&effect->to);
		const char *manager = adding ? value_atom_name(effect->args[0]) : NULL, *name;

		if (!adding)
			continue;
		name = value_atom_name(
			module_of(effect->args[adding->handler], search->judge->arena));
		if (name && strcmp(name, search->handler) != 0)
			continue;
		search->added = search->added || name;
		search->may = search->may || !manager || strcmp(manager, search->manager) == 0;
	}
}

static void search_module(struct search *search, enum side side, struct module_at *module)
{
	struct modules *modules = search->judge->modules;
	struct code_effects effects;
	const struct code *code;

	if (module->of_language || !imports_adding(module_facts(modules, side, module)))
		return;
	code = module_code(modules, side, module);
	if (!code || code->unread) {
		search->may = true;
		return;
	}
	effects = effects_of(search->judge, side, module, effect_any);
	for (size_t i = 0; i < code->len; i++)
		search->may = search->may || !are_seen(code, &code->functions[i], effects);
	search_effects(search, effects);
}

bool handler_may_get(struct judge *judge, const struct value *manager, const char *handler)
{
	struct search search = { .judge = judge,
				 .manager = value_atom_name(manager),
				 .handler = handler };
	struct modules *modules = judge->modules;

	for (enum side side = SIDE_OLD; side < SIDES && search.manager && !search.may; side++)
		for (size_t i = 0; i < name_table_len(modules->names[side]) && !search.may; i++)
			search_module(&search, side, &modules->items[side][i]);
	return !search.manager || search.may || !search.added;
}
