// SPDX-License-Identifier: Apache-2.0
/* Which modules know a name at all. */
#include "base/name_table.h"
#include "base/parallel.h"
#include "upgrade/verdict/verdict_parts.h"

#include <stdlib.h>

enum { TERM_DEPTH = 32 };

/* ---- the atoms of a module ---- */

struct atoms {
	struct arena *arena;
	uint32_t *hashes;
	size_t len, cap;
};

static void add_atom(struct atoms *atoms, const char *name)
{
	atoms->hashes = arena_grow(atoms->arena, atoms->hashes, atoms->len, &atoms->cap);
	atoms->hashes[atoms->len++] = text_hash(name);
}

static void add_atoms_of(struct atoms *atoms, const struct term *term, unsigned depth)
{
	const char *name = term_atom_name(term);
	struct beam_function to;

	if (name)
		add_atom(atoms, name);
	else if (term->kind == TERM_OPAQUE && code_capture(&to, atoms->arena, term))
		add_atom(atoms, to.module);
	if (name || depth == 0)
		return;
	if (term->kind == TERM_MAP)
		for (size_t i = 0; i < term->map.len; i++) {
			add_atoms_of(atoms, term->map.keys[i], depth - 1);
			add_atoms_of(atoms, term->map.values[i], depth - 1);
		}
	if (term->kind == TERM_LIST || term->kind == TERM_TUPLE)
		for (size_t i = 0; i < term->seq.len; i++)
			add_atoms_of(atoms, term_at(term, i), depth - 1);
}

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Elixir's structs are named in literals only, behaviours in attributes. */
static int find_atoms(struct atoms *out, const struct modules *modules,
		      const struct module_at *module, struct error *err)
{
	const struct term *literals;
	struct beam_facts *facts;
	struct beam beam;

	if (module_read(&beam, out->arena, modules, SIDE_NEW, module, err) ||
	    beam_read_facts(&facts, out->arena, &beam, err) ||
	    beam_read_literals(&literals, out->arena, &beam, err))
		return error_wrap(err, "new release: application %s: module %s", module->app->name,
				  module->name);
	for (size_t i = 0; i < facts->atoms.len; i++)
		add_atom(out, facts->atoms.items[i]);
	add_atoms_of(out, facts->attributes, TERM_DEPTH);
	add_atoms_of(out, literals, TERM_DEPTH);
	qsort(out->hashes, out->len, sizeof(*out->hashes), by_number);
	return 0;
}

struct reading {
	struct modules *modules;
	bool language; /* its modules, too */
};

static bool is_looked_at(const struct module_at *module, bool language)
{
	return module->same && (language || !module->of_language);
}

static int read_atoms(void *context, size_t nr, struct error *err)
{
	const struct reading *reading = context;
	struct module_at *module = &reading->modules->items[SIDE_NEW][nr];
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct atoms atoms = { .arena = &scratch };
	struct atom_set *set, *others = NULL;

	if (module->atoms || !is_looked_at(module, reading->language))
		return 0;
	if (find_atoms(&atoms, reading->modules, module, err))
		return -1;
	set = mem_zero(1, sizeof(*set) + atoms.len * sizeof(*set->hashes));
	for (size_t i = 0; i < atoms.len; i++)
		if (i == 0 || atoms.hashes[i] != atoms.hashes[i - 1])
			set->hashes[set->len++] = atoms.hashes[i];
	if (!atomic_compare_exchange_strong(&module->atoms, &others, set))
		free(set);
	return 0;
}

/* ---- who names one ---- */

static bool has_any(const struct atom_set *set, const uint32_t *hashes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bsearch(&hashes[i], set->hashes, set->len, sizeof(*hashes), by_number))
			return true;
	return false;
}

/* Whether a name is that of a module of OTP or Elixir that is another one, or gone: else their own
 * modules name nothing that anybody wrote for this system.
 */
static bool asks_for_language(const struct modules *modules, const struct name_table *names)
{
	for (size_t i = 0; i < name_table_len(names); i++)
		for (enum side side = SIDE_OLD; side < SIDES; side++) {
			const struct module_at *module =
				modules_find(modules, side, name_table_name(names, i));

			if (module && module->of_language && !module->same)
				return true;
		}
	return false;
}

static bool read_all_atoms(struct reading *reading)
{
	struct modules *modules = reading->modules;
	atomic_bool *is_read =
		reading->language ? &modules->atoms_of_language_read : &modules->atoms_read;
	struct error err;

	if (*is_read)
		return true;
	if (parallel(name_table_len(modules->names[SIDE_NEW]), read_atoms, reading, &err)) {
		modules_fail(modules, &err);
		return false;
	}
	*is_read = true;
	return true;
}

bool *modules_naming(struct judge *judge, const struct name_table *names)
{
	struct modules *modules = judge->modules;
	const size_t count = name_table_len(names), len = name_table_len(modules->names[SIDE_NEW]);
	struct reading reading = { modules, asks_for_language(modules, names) };
	uint32_t *hashes = arena_array(judge->arena, count, uint32_t);
	bool *found = arena_array(judge->arena, len, bool);

	if (count == 0 || modules->failed || !read_all_atoms(&reading))
		return found;
	for (size_t i = 0; i < count; i++)
		hashes[i] = text_hash(name_table_name(names, i));
	for (size_t i = 0; i < len; i++) {
		const struct module_at *module = &modules->items[SIDE_NEW][i];

		found[i] = is_looked_at(module, reading.language) &&
			   has_any(module->atoms, hashes, count);
	}
	return found;
}

static bool names_atom(struct judge *judge, struct module_at *module, const char *name)
{
	const struct code *code = module_code(judge->modules, SIDE_OLD, module);
	owned_name_table struct name_table *named = code ? atoms_of(code) : NULL;

	return !code || name_table_find(named, span_of(name)) != NAME_ABSENT;
}

/* Those that are the same have their atoms read. */
static bool names_in_old(struct judge *judge, struct module_at *module, const char *name)
{
	const struct module_at *same =
		module->same ? modules_find(judge->modules, SIDE_NEW, module->name) : NULL;
	const uint32_t hash = text_hash(name);

	return same ? has_any(same->atoms, &hash, 1) : names_atom(judge, module, name);
}

/* A map with that key, or a pair that may come into one. */
static bool term_has_key(const struct term *term, const char *name, unsigned depth)
{
	if (depth == 0)
		return false;
	for (size_t i = 0; term->kind == TERM_MAP && i < term->map.len; i++)
		if (term_is_atom(term->map.keys[i], name) ||
		    term_has_key(term->map.values[i], name, depth - 1))
			return true;
	if (term->kind != TERM_LIST && term->kind != TERM_TUPLE)
		return false;
	if (term_is_tagged(term, name, 2))
		return true;
	for (size_t i = 0; i < term->seq.len; i++)
		if (term_has_key(term_at(term, i), name, depth - 1))
			return true;
	return false;
}

static bool op_puts_key(const struct code_op *op, const char *name)
{
	const struct code_arg *list = op->opcode == OP_PUT_TUPLE2      ? &op->args[1]
				      : op->opcode == OP_PUT_MAP_ASSOC ? &op->args[4]
								       : NULL;
	size_t len = !list || list->kind != CODE_LIST ? 0
		     : op->opcode == OP_PUT_MAP_ASSOC ? list->len
		     : list->len == 2                 ? 1
						      : 0;

	for (size_t i = 0; i < len; i += 2) {
		const struct term *key = code_term(&list->items[i]);

		if (key && term_is_atom(key, name))
			return true;
	}
	return false;
}

static bool puts_key(const struct code *code, const char *name)
{
	if (!code || (code->literals && term_has_key(code->literals, name, TERM_DEPTH)))
		return true;
	for (size_t i = 0; i < code->len; i++)
		for (size_t j = 0; j < code->functions[i].len; j++)
			if (op_puts_key(&code->functions[i].ops[j], name))
				return true;
	return false;
}

/* By a module that is none of OTP or Elixir itself. */
static bool is_called(struct judge *judge, const struct module_at *module)
{
	struct modules *modules = judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_OLD]); i++) {
		struct module_at *from = &modules->items[SIDE_OLD][i];
		const struct beam_facts *facts =
			from->of_language ? NULL : module_facts(modules, SIDE_OLD, from);

		for (size_t j = 0; facts && j < facts->imports.len; j++)
			if (strcmp(facts->imports.items[j].module, module->name) == 0)
				return true;
	}
	return false;
}

bool atom_was_known(struct judge *judge, const char *name)
{
	struct modules *modules = judge->modules;
	struct reading reading = { modules, true };

	if (modules->failed || !read_all_atoms(&reading))
		return true;
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_OLD]); i++) {
		struct module_at *module = &modules->items[SIDE_OLD][i];

		if (names_in_old(judge, module, name) &&
		    (!module->of_language ||
		     (puts_key(module_code(modules, SIDE_OLD, module), name) &&
		      is_called(judge, module))))
			return true;
	}
	return false;
}

bool named_elsewhere(struct judge *judge, const char *module, const char *function)
{
	struct modules *modules = judge->modules;
	/* Modules of the language do not know ours. */
	struct reading reading = { modules, false };
	const uint32_t hash = text_hash(module), other = text_hash(function);

	if (modules->failed || !read_all_atoms(&reading))
		return true;
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		const struct module_at *at = &modules->items[SIDE_NEW][i];

		if (is_looked_at(at, false) && strcmp(at->name, module) != 0 &&
		    has_any(at->atoms, &hash, 1) && has_any(at->atoms, &other, 1))
			return true;
	}
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_OLD]); i++) {
		struct module_at *at = &modules->items[SIDE_OLD][i];

		if (!at->same && strcmp(at->name, module) != 0 && !at->of_language &&
		    names_atom(judge, at, module) && names_atom(judge, at, function))
			return true;
	}
	return false;
}

/* ---- who calls what changed ---- */

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

bool module_may_differ(struct judge *judge, const struct module_at *module)
{
	return module->diff || calls_changed(judge, module);
}
