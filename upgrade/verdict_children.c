// SPDX-License-Identifier: Apache-2.0
/* Supervisors whose children may have changed. */
#include "release/name_table.h"
#include "upgrade/verdict_parts.h"

static bool starts_children(const struct beam_facts *facts)
{
	return beam_imports(facts, "supervisor", "start_link", 2) ||
	       beam_imports(facts, "supervisor", "start_link", 3) ||
	       beam_imports(facts, "Elixir.Supervisor", "start_link", 2);
}

/* ---- modules that are named ---- */

static void collect(struct name_table *table, const struct term *term)
{
	switch (term->kind) {
	case TERM_ATOM:
		name_table_add(table, term_atom_name(term), NULL);
		break;
	case TERM_LIST:
	case TERM_TUPLE:
		for (size_t i = 0; i < term->seq.len; i++)
			collect(table, term_at(term, i));
		break;
	case TERM_MAP:
		for (size_t i = 0; i < term->map.len; i++) {
			collect(table, term->map.keys[i]);
			collect(table, term->map.values[i]);
		}
		break;
	default:
		break;
	}
}

/* Every atom a module knows: child specifications are data, often literal. */
static struct name_table *atoms_of(const struct code *code)
{
	struct name_table *table = name_table_new();

	for (size_t i = 0; i < code->atoms.len; i++)
		name_table_add(table, code->atoms.items[i], NULL);
	collect(table, code->literals);
	return table;
}

/* ": A, B" of the modules that one version names and the other does not; "" for none. */
static const char *newly_named(struct judge *judge, const struct code *before,
			       const struct code *after, const char *what)
{
	owned_name_table struct name_table *olds = atoms_of(before), *news = atoms_of(after);
	owned_str struct str text = STR_EMPTY;

	for (size_t i = 0; i < name_table_len(news); i++) {
		const char *name = name_table_name(news, i);

		if (name_table_find(olds, span_of(name)) == NAME_ABSENT &&
		    (modules_find(judge->modules, SIDE_OLD, name) || modules_find(judge->modules, SIDE_NEW, name)))
			str_addf(&text, "%s%s", text.len ? ", " : what, module_shown(name));
	}
	return arena_dup(judge->arena, str_span(&text));
}

void judge_children(struct judge *judge, const struct app_diff *app,
		    const struct module_diff *module)
{
	const struct beam_facts *b = module->new_facts;
	const struct code *before = module->old_code, *after = module->new_code;
	const char *added = newly_named(judge, before, after, "; it now names ");
	const char *removed = newly_named(judge, after, before, "; it no longer names ");

	if (b->roles & BEAM_SUPERVISOR)
		JUDGE(judge, REASON_supervisor_opaque, app->name, module->name,
		      "the supervisor %s changed: children that are new are not started, those "
		      "that are gone not stopped%s%s",
		      module_shown(module->name), added, removed)
			->hint =
			"fine when the children are the same; otherwise write an appup with "
			"supervisor:restart_child/2 or terminate_child/2";
	else if (b->roles & BEAM_APPLICATION && starts_children(b))
		JUDGE(judge, REASON_supervisor_opaque, app->name, module->name,
		      "%s starts the application's children, and is not called again%s%s",
		      module_shown(module->name), added, removed)
			->hint =
			"fine when the children are the same; otherwise write an appup with "
			"supervisor:start_child/2";
}
