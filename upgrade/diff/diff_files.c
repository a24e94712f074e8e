// SPDX-License-Identifier: Apache-2.0
#include "base/name_table.h"
#include "upgrade/diff/diff_modules.h"

enum { DEPTH_MAX = 32 };

int compare_file(bool *same_out, const struct places *files, struct error *err)
{
	*same_out = !files->old_dir == !files->new_dir;
	return files->old_dir && files->new_dir
		       ? tree_same(same_out, files->old_tree, files->old_dir, files->new_tree,
				   files->new_dir, err)
		       : 0;
}

/* Puts the paths of all files below root/dir into the table. */
static int collect(struct name_table *table, struct arena *arena, const struct tree *tree,
		   const char *root, const char *dir, unsigned depth, struct error *err)
{
	struct dir_entry *entries;
	size_t len;

	if (depth > DEPTH_MAX)
		return error_set(err, ERROR_INVALID, "%s: folders are nested too deeply", root);
	if (tree_list(&entries, &len, arena, tree, dir[0] ? path_join(arena, root, dir) : root,
		      err))
		return -1;
	for (size_t i = 0; i < len; i++) {
		const char *path = path_join(arena, dir, entries[i].name);

		if (!entries[i].is_dir)
			name_table_add(table, path, NULL);
		else if (collect(table, arena, tree, root, path, depth + 1, err))
			return -1;
	}
	return 0;
}

static void add(struct arena *arena, const char ***names, size_t *len, size_t *cap,
		const char *name)
{
	*names = arena_grow(arena, *names, *len, cap);
	(*names)[(*len)++] = name;
}

int compare_files(struct names *out, struct names *added_out, struct arena *arena,
		  const struct places *places, struct error *err)
{
	owned_name_table struct name_table *olds = name_table_new(), *all = name_table_new();
	owned_name_table struct name_table *news = name_table_new();
	const char **changed = NULL, **added = NULL;
	size_t len = 0, cap = 0, added_len = 0, added_cap = 0;

	if ((places->old_dir &&
	     collect(olds, arena, places->old_tree, places->old_dir, "", 0, err)) ||
	    (places->new_dir &&
	     collect(news, arena, places->new_tree, places->new_dir, "", 0, err)))
		return -1;
	for (size_t i = 0; i < name_table_len(olds); i++)
		name_table_add(all, name_table_name(olds, i), NULL);
	for (size_t i = 0; i < name_table_len(news); i++)
		name_table_add(all, name_table_name(news, i), NULL);
	for (size_t i = 0; i < name_table_len(all); i++) {
		const char *name = name_table_name(all, i);
		bool old_has = name_table_find(olds, span_of(name)) != NAME_ABSENT;
		bool new_has = name_table_find(news, span_of(name)) != NAME_ABSENT;
		struct places files = *places;
		bool same;

		files.old_dir = old_has ? path_join(arena, places->old_dir, name) : NULL;
		files.new_dir = new_has ? path_join(arena, places->new_dir, name) : NULL;
		if (old_has && new_has && compare_file(&same, &files, err))
			return -1;
		if (old_has && new_has && same)
			continue;
		add(arena, &changed, &len, &cap, name);
		if (!old_has)
			add(arena, &added, &added_len, &added_cap, name);
	}
	*added_out = (struct names){ added, added_len };
	*out = (struct names){ changed, len };
	return 0;
}
