// SPDX-License-Identifier: Apache-2.0
/* Which modules know a name at all. */
#include "base/name_table.h"
#include "base/parallel.h"
#include "upgrade/verdict/verdict_parts.h"

struct naming {
	const struct modules *modules;
	const struct name_table *names;
	bool *found;
};

static bool has_name(const struct naming *naming, struct span atoms)
{
	if (!atoms.ptr)
		return false;
	for (size_t i = 0; i < name_table_len(naming->names); i++) {
		const char *name = name_table_name(naming->names, i);

		if (memmem(atoms.ptr, atoms.len, name, strlen(name)))
			return true;
	}
	return false;
}

/* Elixir's structs are named in literals only. */
static bool in_term(const struct naming *naming, const struct term *term, unsigned depth)
{
	const char *name = term_atom_name(term);

	if (name)
		return name_table_find(naming->names, span_of(name)) != NAME_ABSENT;
	if (depth == 0)
		return false;
	if (term->kind == TERM_MAP)
		for (size_t i = 0; i < term->map.len; i++)
			if (in_term(naming, term->map.keys[i], depth - 1) ||
			    in_term(naming, term->map.values[i], depth - 1))
				return true;
	if (term->kind == TERM_LIST || term->kind == TERM_TUPLE)
		for (size_t i = 0; i < term->seq.len; i++)
			if (in_term(naming, term_at(term, i), depth - 1))
				return true;
	return false;
}

static int see_names(void *context, size_t nr, struct error *err)
{
	const struct naming *naming = context;
	const struct module_at *module = &naming->modules->items[SIDE_NEW][nr];
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct term *literals;
	struct beam beam;

	if (!module->same)
		return 0;
	if (module_read(&beam, &arena, naming->modules, SIDE_NEW, module, err))
		return error_wrap(err, "new release: application %s: module %s", module->app->name,
				  module->name);
	if (beam_read_literals(&literals, &arena, &beam, err))
		return error_wrap(err, "new release: application %s: module %s", module->app->name,
				  module->name);
	naming->found[nr] = in_term(naming, literals, 32) ||
			    has_name(naming, beam.chunks[BEAM_ATTR]) ||
			    has_name(naming, beam.chunks[BEAM_ATU8].ptr ? beam.chunks[BEAM_ATU8]
									: beam.chunks[BEAM_ATOM]);
	return 0;
}

bool *modules_naming(struct judge *judge, const struct name_table *names)
{
	struct modules *modules = judge->modules;
	size_t len = name_table_len(modules->names[SIDE_NEW]);
	struct naming naming = { modules, names, arena_array(judge->arena, len, bool) };

	if (name_table_len(names) > 0 && !modules->failed &&
	    parallel(len, see_names, &naming, &modules->error))
		modules->failed = true;
	return naming.found;
}

/* Whether it calls a function that is not what it was. */
static bool imports_changed(struct judge *judge, const struct beam_facts *facts)
{
	for (size_t i = 0; i < facts->imports.len; i++) {
		const struct beam_function *call = &facts->imports.items[i];
		const struct module_at *to = modules_find(judge->modules, SIDE_NEW, call->module);

		if (to && to->diff && to->diff->change == CHANGE_CHANGED &&
		    !function_stays(judge->modules, call->module, call->name, call->arity))
			return true;
	}
	return false;
}

static void find_callers(struct judge *judge)
{
	owned_name_table struct name_table *names = name_table_new();
	struct modules *modules = judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		const struct module_diff *diff = modules->items[SIDE_NEW][i].diff;

		if (diff && diff->change == CHANGE_CHANGED)
			name_table_add(names, diff->name, NULL);
	}
	judge->callers = modules_naming(judge, names);
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];
		const struct beam_facts *facts =
			judge->callers[i] ? module_facts(modules, SIDE_NEW, module) : NULL;

		judge->callers[i] = facts && imports_changed(judge, facts) &&
				    modules->library[SIDE_NEW].follow(
					    modules->library[SIDE_NEW].ctx, module->name);
	}
}

bool calls_changed(struct judge *judge, const struct module_at *module)
{
	if (!judge->callers)
		find_callers(judge);
	return judge->callers[module - judge->modules->items[SIDE_NEW]];
}
