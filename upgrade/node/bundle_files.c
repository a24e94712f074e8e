// SPDX-License-Identifier: Apache-2.0
/* Which files a tarball may bring to a node: those that its manifest lists, and none where the node
 * keeps its own records.
 */
#include "upgrade/node/bundle.h"

#include "base/file.h"
#include "base/name_table.h"
#include "release/read/manifest.h"

struct checking {
	const struct bundle *bundle;
	const struct tree *tree;
	struct arena arena;
	struct name_table *listed;
};

static int refuse(const char *path, const char *why, struct error *err)
{
	error_set_(err, ERROR_INVALID, "%s %s", path, why);
	return error_hint(err, "relevo build makes no such tarball: nothing of it is brought to a "
			       "node.");
}

/* Below releases/ there is the folder of the version, without what relevo leaves aside there while
 * it works, and its .rel.
 */
static bool has_its_place(const struct bundle *bundle, const char *path)
{
	struct span rest = span_of(path), top, second;

	span_next(&rest, '/', &top);
	if (span_is(top, "tmp"))
		return false;
	if (!span_is(top, "releases"))
		return true;
	if (!span_next(&rest, '/', &second) || rest.len == 0)
		return span_ends(second, ".rel");
	return span_is(second, bundle->vsn) && !span_ends(rest, ".relevo") &&
	       !span_ends(rest, ".ready") && !span_ends(rest, ".new");
}

static int check_file(struct checking *c, const char *path, struct error *err)
{
	if (manifest_leaves_out(path, c->bundle->manifest))
		return 0;
	if (name_table_find(c->listed, span_of(path)) == NAME_ABSENT)
		return refuse(path, "is in it, but not in its manifest", err);
	if (!has_its_place(c->bundle, path))
		return refuse(path, "is where a node keeps what is its own", err);
	return 0;
}

static int check_folder(struct checking *c, const char *dir, struct error *err)
{
	struct dir_entry *entries;
	size_t len;

	if (tree_list(&entries, &len, &c->arena, c->tree, dir, err))
		return -1;
	for (size_t i = 0; i < len; i++) {
		const char *path = path_join(&c->arena, dir, entries[i].name);

		if (entries[i].is_dir ? check_folder(c, path, err) : check_file(c, path, err))
			return -1;
	}
	return 0;
}

int bundle_check_files(const struct bundle *bundle, const struct tree *tree, struct error *err)
{
	owned_name_table struct name_table *listed = name_table_new();
	struct checking c = { .bundle = bundle, .tree = tree, .listed = listed };
	int ret;

	for (size_t i = 0; i < bundle->files_len; i++)
		name_table_add(listed, bundle->files[i].path, NULL);
	ret = check_folder(&c, "", err);
	arena_done(&c.arena);
	return ret;
}
