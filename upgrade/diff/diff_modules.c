// SPDX-License-Identifier: Apache-2.0
#include "upgrade/diff/diff_modules.h"

#include "base/name_table.h"

#include <stdlib.h>

/* One side of a module: its file, of a folder.  Both are used again for the next module. */
struct side {
	struct tree_folder folder;
	struct str bytes;
	struct arena arena; /* of the bytes, when the file is compressed */
	struct beam beam;
};

static void side_done(struct side *side)
{
	tree_folder_close(&side->folder);
	str_done(&side->bytes);
	arena_done(&side->arena);
}

struct found {
	struct arena *arena;
	struct side old_side, new_side;
	struct module_diffs list;
	const char **same;
	size_t cap, same_len, same_cap;
};

static void found_done(struct found *found)
{
	side_done(&found->old_side);
	side_done(&found->new_side);
}
#define owned_found owned(found_done)

static int side_read(struct side *side, const char *module, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *path = beam_path(&arena, side->folder.path, module);

	str_clear(&side->bytes);
	if (tree_folder_read(&side->folder, path, BEAM_MAX, &side->bytes, err))
		return error_wrap(err, "module %s", module);
	return 0;
}

static int side_open(struct side *side, const char *module, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct tree_folder *folder = &side->folder;

	arena_done(&side->arena);
	if (beam_open(&side->beam, &side->arena, str_span(&side->bytes), err))
		return error_wrap(err, "%s: %s", tree_name(folder->tree),
				  beam_path(&arena, folder->path, module));
	if (strcmp(side->beam.module, module) != 0)
		return error_set(err, ERROR_INVALID, "%s: %s: holds the module %s",
				 tree_name(folder->tree), beam_path(&arena, folder->path, module),
				 side->beam.module);
	return 0;
}

/* Nearly all are the same, byte for byte: only the others are looked into. */
static int read_sides(struct found *found, const char *name, bool is_old, bool is_new,
		      bool *same_out, struct error *err)
{
	struct side *a = &found->old_side, *b = &found->new_side;
	bool same;

	if ((is_old && side_read(a, name, err)) || (is_new && side_read(b, name, err)) ||
	    (is_new && side_open(b, name, err)))
		return -1;
	same = is_old && is_new && span_equal(str_span(&a->bytes), str_span(&b->bytes));
	if (is_old && !same && side_open(a, name, err))
		return -1;
	*same_out = same || (is_old && is_new && beam_same(&a->beam, &b->beam));
	return 0;
}

/* The code borrows from the bytes, which are moved to where the differences live. */
static int side_facts(const struct beam_facts **facts_out, const struct code **code_out,
		      struct arena *arena, const struct side *side, struct error *err)
{
	struct span bytes = { arena_dup(arena, str_span(&side->bytes)), side->bytes.len };
	struct beam_facts *facts;
	struct code *code;
	struct beam beam;

	if (beam_open(&beam, arena, bytes, err) || beam_read_facts(&facts, arena, &beam, err) ||
	    code_read(&code, arena, &beam, facts, err))
		return error_wrap(err, "module %s", side->beam.module);
	*facts_out = facts;
	*code_out = code;
	return 0;
}

static int compare_module(struct found *found, const char *name, bool is_old, bool is_new,
			  struct error *err)
{
	struct module_diff diff = { .name = name };
	struct arena *arena = found->arena;
	bool same;

	if (read_sides(found, name, is_old, is_new, &same, err))
		return -1;
	if (same) {
		found->same = arena_grow(arena, found->same, found->same_len, &found->same_cap);
		found->same[found->same_len++] = name;
		return 0;
	}
	if ((is_old && side_facts(&diff.old_facts, &diff.old_code, arena, &found->old_side, err)) ||
	    (is_new && side_facts(&diff.new_facts, &diff.new_code, arena, &found->new_side, err)))
		return -1;
	diff.change = !is_old ? CHANGE_ADDED : !is_new ? CHANGE_REMOVED : CHANGE_CHANGED;
	if (diff.change == CHANGE_CHANGED)
		find_kinds(&diff, arena);
	found->list.items = arena_grow(arena, found->list.items, found->list.len, &found->cap);
	found->list.items[found->list.len++] = diff;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct module_diff *)a)->name, ((const struct module_diff *)b)->name);
}

int compare_modules(struct module_diffs *out, struct names *same_out, struct arena *arena,
		    const struct places *places, struct names old_names, struct names new_names,
		    struct error *err)
{
	owned_name_table struct name_table *olds = name_table_new(), *news = name_table_new();
	owned_found struct found found = { .arena = arena,
					   .old_side.folder = TREE_FOLDER_NONE,
					   .new_side.folder = TREE_FOLDER_NONE };

	if (old_names.len > 0)
		found.old_side.folder = tree_folder_open(places->old_tree, places->old_dir);
	if (new_names.len > 0)
		found.new_side.folder = tree_folder_open(places->new_tree, places->new_dir);
	for (size_t i = 0; i < old_names.len; i++)
		name_table_add(olds, old_names.items[i], NULL);
	for (size_t i = 0; i < new_names.len; i++) {
		const char *name = new_names.items[i];
		bool is_old = name_table_find(olds, span_of(name)) != NAME_ABSENT, is_new;

		name_table_add(news, name, &is_new);
		if (is_new && compare_module(&found, name, is_old, true, err))
			return -1;
	}
	for (size_t i = 0; i < name_table_len(olds); i++) {
		const char *name = name_table_name(olds, i);

		if (name_table_find(news, span_of(name)) == NAME_ABSENT &&
		    compare_module(&found, name, true, false, err))
			return -1;
	}
	if (found.list.len > 0)
		qsort(found.list.items, found.list.len, sizeof(*found.list.items), by_name);
	*out = found.list;
	*same_out = (struct names){ found.same, found.same_len };
	return 0;
}

const struct module_diff *module_diffs_find(struct module_diffs modules, const char *name)
{
	struct module_diff key = { .name = name };

	if (modules.len == 0)
		return NULL;
	return bsearch(&key, modules.items, modules.len, sizeof(key), by_name);
}
