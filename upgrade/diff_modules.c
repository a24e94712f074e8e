// SPDX-License-Identifier: Apache-2.0
#include "upgrade/diff_modules.h"

#include "release/name_table.h"

#include <stdlib.h>

/* One side of a module: its file, opened.  The bytes are gone when the module turns
 * out to be the same.
 */
struct side {
	struct str bytes;
	struct arena arena;
	struct beam beam;
};

static void side_done(struct side *side)
{
	str_done(&side->bytes);
	arena_done(&side->arena);
}
#define owned_side owned(side_done)

static const char *beam_path(struct arena *arena, const char *dir, const char *module)
{
	return path_join(arena, dir, arena_printf(arena, "%s.beam", module));
}

static int side_read(struct side *side, const struct tree *tree, const char *dir,
		     const char *module, struct error *err)
{
	const char *path = beam_path(&side->arena, dir, module);

	if (tree_read(tree, path, BEAM_MAX, &side->bytes, err))
		return error_wrap(err, "module %s", module);
	if (beam_open(&side->beam, &side->arena, str_span(&side->bytes), err))
		return error_wrap(err, "%s: %s", tree_name(tree), path);
	if (strcmp(side->beam.module, module) != 0)
		return error_set(err, ERROR_INVALID, "%s: %s: holds the module %s", tree_name(tree),
				 path, side->beam.module);
	return 0;
}

/* Nearly all are the same to the last byte. */
static bool same_module(const struct side *a, const struct side *b)
{
	uint8_t digests[2][BEAM_DIGEST];

	if (span_equal(str_span(&a->bytes), str_span(&b->bytes)))
		return true;
	beam_digest(&a->beam, digests[0]);
	beam_digest(&b->beam, digests[1]);
	return memcmp(digests[0], digests[1], BEAM_DIGEST) == 0;
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

struct found {
	struct module_diffs list;
	struct modules_same same;
	size_t cap, same_cap;
};

static void keep_same(struct found *found, struct arena *arena, const char *name,
		      const struct beam *beam)
{
	static const enum beam_chunk kept[] = { BEAM_ATOM, BEAM_ATU8, BEAM_IMPT, BEAM_EXPT,
						BEAM_ATTR };
	struct module_same *same;

	found->same.items = arena_grow(arena, found->same.items, found->same.len, &found->same_cap);
	same = &found->same.items[found->same.len++];
	*same = (struct module_same){ .name = name, .beam = { .module = name } };
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		struct span chunk = beam->chunks[kept[i]];

		if (chunk.ptr)
			same->beam.chunks[kept[i]] =
				(struct span){ arena_dup(arena, chunk), chunk.len };
	}
}

static int compare_module(struct found *found, struct arena *arena, const struct places *places,
			  const char *name, bool is_old, bool is_new, struct error *err)
{
	struct module_diff diff = { .name = name };
	owned_side struct side old_side = { 0 }, new_side = { 0 };

	if ((is_old && side_read(&old_side, places->old_tree, places->old_dir, name, err)) ||
	    (is_new && side_read(&new_side, places->new_tree, places->new_dir, name, err)))
		return -1;
	if (is_old && is_new && same_module(&old_side, &new_side)) {
		keep_same(found, arena, name, &new_side.beam);
		return 0;
	}
	if ((is_old && side_facts(&diff.old_facts, &diff.old_code, arena, &old_side, err)) ||
	    (is_new && side_facts(&diff.new_facts, &diff.new_code, arena, &new_side, err)))
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

int compare_modules(struct module_diffs *out, struct modules_same *same_out, struct arena *arena,
		    const struct places *places, struct names old_names, struct names new_names,
		    struct error *err)
{
	owned_name_table struct name_table *olds = name_table_new(), *news = name_table_new();
	struct found found = { 0 };

	for (size_t i = 0; i < old_names.len; i++)
		name_table_add(olds, old_names.items[i], NULL);
	for (size_t i = 0; i < new_names.len; i++) {
		const char *name = new_names.items[i];
		bool is_old = name_table_find(olds, span_of(name)) != NAME_ABSENT, is_new;

		name_table_add(news, name, &is_new);
		if (is_new && compare_module(&found, arena, places, name, is_old, true, err))
			return -1;
	}
	for (size_t i = 0; i < name_table_len(olds); i++) {
		const char *name = name_table_name(olds, i);

		if (name_table_find(news, span_of(name)) == NAME_ABSENT &&
		    compare_module(&found, arena, places, name, true, false, err))
			return -1;
	}
	if (found.list.len > 0)
		qsort(found.list.items, found.list.len, sizeof(*found.list.items), by_name);
	*out = found.list;
	*same_out = found.same;
	return 0;
}

const struct module_diff *module_diffs_find(struct module_diffs modules, const char *name)
{
	struct module_diff key = { .name = name };

	if (modules.len == 0)
		return NULL;
	return bsearch(&key, modules.items, modules.len, sizeof(key), by_name);
}
