// SPDX-License-Identifier: Apache-2.0
/* object_code.c - one load_object_code for each application, at its first place. */
#include "base/name_table.h"
#include "upgrade/relup/translate/stages.h"

/* The load_object_code instructions of one application. */
struct lib {
	const struct op **ops;
	size_t len, cap;
};

struct libs {
	struct name_table *names; /* borrowed */
	struct lib *items;        /* by number in names */
	size_t cap;
};

static bool is_object_code(const struct op *op)
{
	return term_is_tagged(op->term, "load_object_code", 2);
}

static const struct term *part(const struct op *op, size_t nr)
{
	return term_at(term_at(op->term, 1), nr);
}

static void libs_add(struct libs *libs, struct arena *arena, const struct op *op)
{
	struct lib *lib;
	bool is_new;
	size_t number = name_table_add(libs->names, term_atom_name(part(op, 0)), &is_new);

	if (is_new) {
		libs->items = arena_grow(arena, libs->items, number, &libs->cap);
		libs->items[number] = (struct lib){ 0 };
	}
	lib = &libs->items[number];
	lib->ops = arena_grow(arena, lib->ops, lib->len, &lib->cap);
	lib->ops[lib->len++] = op;
}

static int check_versions(const struct lib *lib, struct error *err)
{
	const struct term *vsn = part(lib->ops[0], 1);

	for (size_t i = lib->len; i-- > 1;)
		if (!term_equal(part(lib->ops[i], 1), vsn))
			return op_refuse(lib->ops[i], err, "conflicting_versions",
					 "another version of this application is loaded too",
					 term_at(lib->ops[i]->term, 1));
	return 0;
}

/* A module that several instructions name is read where the last of them names it;
 * one instruction that names it twice is left alone.
 */
static const struct term *merge_modules(struct arena *arena, const struct lib *lib)
{
	owned_name_table struct name_table *later = name_table_new();
	struct terms backwards = { 0 }, list = { 0 };

	for (size_t i = lib->len; i-- > 0;) {
		const struct term *modules = part(lib->ops[i], 2);

		for (size_t j = modules->seq.len; j-- > 0;)
			if (name_table_find(later, term_at(modules, j)->text) == NAME_ABSENT)
				terms_add(arena, &backwards, term_at(modules, j));
		for (size_t j = 0; j < modules->seq.len; j++)
			name_table_add(later, term_atom_name(term_at(modules, j)), NULL);
	}
	for (size_t i = backwards.len; i-- > 0;)
		terms_add(arena, &list, backwards.items[i]);
	return term_list_of(arena, &list);
}

static void put_lib(struct ops *out, struct arena *arena, const struct lib *lib)
{
	ops_put(arena, out, lib->ops[0],
		op_pair(arena, "load_object_code",
			term_tuple(arena, part(lib->ops[0], 0), part(lib->ops[0], 1),
				   merge_modules(arena, lib))));
}

int object_code_merge(struct translation *translation, struct error *err)
{
	struct arena *arena = translation->arena;
	struct ops *before = &translation->before, merged = { 0 };
	owned_name_table struct name_table *names = name_table_new();
	struct libs libs = { .names = names };

	for (size_t i = 0; i < before->len; i++)
		if (is_object_code(&before->items[i]))
			libs_add(&libs, arena, &before->items[i]);
	for (size_t i = 0; i < name_table_len(names); i++) {
		if (check_versions(&libs.items[i], err))
			return -1;
		put_lib(&merged, arena, &libs.items[i]);
	}
	for (size_t i = 0; i < before->len; i++)
		if (!is_object_code(&before->items[i]))
			ops_add(arena, &merged, before->items[i]);
	*before = merged;
	return 0;
}
