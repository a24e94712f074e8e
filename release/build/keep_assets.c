// SPDX-License-Identifier: Apache-2.0
#include "release/build/keep_assets.h"

#include "base/file.h"
#include "base/json.h"
#include "release/read/release.h"

#define MANIFEST "cache_manifest.json"

enum { MANIFEST_MAX = 16 << 20, ASSET_MAX = 512 << 20 };

struct keeper {
	struct arena *arena;
	const struct tree *from;
	const char *old_dir, *new_dir; /* priv/static in the old release's tree, and here */
	size_t kept;
};

static int keep_file(struct keeper *k, const char *name, struct error *err)
{
	const char *from = path_join(k->arena, k->old_dir, name);
	const char *to = path_join(k->arena, k->new_dir, name);
	owned_str struct str bytes = STR_EMPTY;

	if (path_exists(to) || !tree_has(k->from, from))
		return 0;
	if (tree_read(k->from, from, ASSET_MAX, &bytes, err) ||
	    dir_make(path_dir(k->arena, to), err) || file_put(to, str_span(&bytes), 0644, err))
		return -1;
	k->kept++;
	return 0;
}

static int keep_digests(struct keeper *k, json_t *digests, struct error *err)
{
	static const char *const endings[] = { "", ".gz", ".br" };
	const char *name;
	json_t *value;

	json_object_foreach (digests, name, value) {
		/* Somebody else's names: none that leads out. */
		if (!path_is_inside(name))
			continue;
		for (size_t i = 0; i < ARRAY_LEN(endings); i++)
			if (keep_file(k, arena_printf(k->arena, "%s%s", name, endings[i]), err))
				return -1;
	}
	return 0;
}

/* What is no manifest names nothing. */
static int keep_of_app(struct keeper *k, struct error *err)
{
	const char *manifest = path_join(k->arena, k->old_dir, MANIFEST);
	owned_str struct str text = STR_EMPTY;
	owned_json json_t *json = NULL;

	if (!path_exists(path_join(k->arena, k->new_dir, MANIFEST)) || !tree_has(k->from, manifest))
		return 0;
	if (tree_read(k->from, manifest, MANIFEST_MAX, &text, err))
		return -1;
	json = json_loadb(str_text(&text), text.len, 0, NULL);
	return keep_digests(k, json_object_get(json, "digests"), err);
}

static int keep_of(struct keeper *k, const char *path, const char *root, const struct rel *rel,
		   struct error *err)
{
	owned_release struct release *old = NULL;

	if (release_open(&old, path, err))
		return -1;
	k->from = old->tree;
	for (size_t i = 0; i < old->resolved->len; i++) {
		const struct app *app = old->resolved->apps[i].app;
		const struct rel_app *now = rel_find(rel, app->name);

		if (!now || strcmp(now->vsn, app->vsn) == 0)
			continue;
		k->old_dir = path_join(k->arena, path_dir(k->arena, app->dir), "priv/static");
		k->new_dir = arena_printf(k->arena, "%s/lib/%s-%s/priv/static", root, now->name,
					  now->vsn);
		if (keep_of_app(k, err))
			return error_wrap(err, "%s", path);
	}
	return 0;
}

int keep_assets(size_t *kept, struct arena *arena, const char *root, const struct rel *rel,
		struct names olds, struct error *err)
{
	struct keeper keeper = { .arena = arena };

	for (size_t i = 0; i < olds.len; i++)
		if (keep_of(&keeper, olds.items[i], root, rel, err))
			return -1;
	*kept = keeper.kept;
	return 0;
}
