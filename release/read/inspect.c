// SPDX-License-Identifier: Apache-2.0
#include "release/read/inspect.h"

#include "release/read/inspect_parts.h"
#include "release/read/manifest_read.h"

#include <stdlib.h>

enum { FILES_MAX = 1000000, FOLDERS_DEPTH = 32 };

const char *maker_name(enum maker maker)
{
	static const char *const names[] = { "relevo", "mix", "rebar3", "systools" };

	return names[maker];
}

/* ---- sizes ---- */

struct totals {
	size_t files, modules;
	uint64_t size;
};

/* Links are followed; the depth ends those that go round in circles. */
static int add_folder(struct totals *totals, const struct tree *tree, const char *dir,
		      unsigned depth, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct dir_entry *entries;
	size_t len;

	if (depth > FOLDERS_DEPTH || totals->files > FILES_MAX)
		return error_set(err, ERROR_INVALID, "%s: too many files and folders", dir);
	if (tree_list(&entries, &len, &arena, tree, dir, err))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (entries[i].is_dir) {
			if (add_folder(totals, tree, path_join(&arena, dir, entries[i].name),
				       depth + 1, err))
				return -1;
			continue;
		}
		totals->files++;
		totals->modules += span_ends(span_of(entries[i].name), ".beam");
		totals->size += (uint64_t)entries[i].size;
	}
	return 0;
}

static int look_at_apps(struct inspection *in, struct arena *arena, struct error *err)
{
	const struct resolved *resolved = in->release->resolved;
	struct inspected_app *apps = arena_array(arena, resolved->len, struct inspected_app);

	for (size_t i = 0; i < resolved->len; i++) {
		const struct resolved_app *app = &resolved->apps[i];
		struct totals totals = { 0 };

		if (add_folder(&totals, in->release->tree, path_dir(arena, app->app->dir), 0, err))
			return -1;
		apps[i] = (struct inspected_app){ app, totals.modules, totals.size };
		in->modules += totals.modules;
		in->size += totals.size;
	}
	in->apps = apps;
	in->len = resolved->len;
	return 0;
}

static int look_at_rest(struct inspection *in, struct arena *arena, struct error *err)
{
	const struct release *release = in->release;
	const char *const dirs[] = { arena_printf(arena, "erts-%s", release->erts), "bin",
				     release->dir };
	struct totals protocols = { 0 }, totals = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++)
		if (add_folder(&totals, release->tree, dirs[i], 0, err))
			return -1;
	if (release->consolidated &&
	    add_folder(&protocols, release->tree, release->consolidated, 0, err))
		return -1;
	in->size += totals.size;
	in->protocols = protocols.modules;
	return 0;
}

/* ---- where it is from ---- */

static int look_at_manifest(struct inspection *in, struct arena *arena, struct error *err)
{
	struct manifest manifest;

	if (!in->release->manifest)
		return 0;
	if (manifest_read(&manifest, arena, in->release->tree, in->release->manifest, err))
		return -1;
	in->manifest_files = manifest.files_len;
	in->commit = manifest.commit;
	in->branch = manifest.branch;
	in->describe = manifest.describe;
	in->dirty = manifest.dirty;
	return 0;
}

/* What only one of them puts into a release. */
static enum maker find_maker(const struct release *release, struct arena *arena)
{
	if (release->manifest)
		return MAKER_RELEVO;
	if (tree_has(release->tree, path_join(arena, release->dir, "env.sh")))
		return MAKER_MIX;
	if (tree_has(release->tree, arena_printf(arena, "bin/%s", release->name)))
		return MAKER_REBAR3;
	return MAKER_SYSTOOLS;
}

/* Since OTP 23, with ERTS 11, both count by one. */
static const char *otp_of(struct arena *arena, const char *erts)
{
	long major = strtol(erts, NULL, 10);

	return major >= 11 && major < 1000 ? arena_printf(arena, "%ld", major + 12) : NULL;
}

int inspect(struct inspection **out, struct arena *arena, const struct release *release,
	    struct error *err)
{
	struct inspection *in = arena_new(arena, struct inspection);

	in->release = release;
	in->maker = find_maker(release, arena);
	in->otp = otp_of(arena, release->erts);
	if (look_at_apps(in, arena, err) || look_at_rest(in, arena, err) ||
	    look_at_manifest(in, arena, err))
		return error_wrap(err, "%s", release->path);
	inspect_gaps(in, arena);
	inspect_config(in, arena);
	inspect_relup(in, arena);
	*out = in;
	return 0;
}

bool inspection_ready_from(const struct inspection *in)
{
	for (size_t i = 0; i < in->gaps_len; i++)
		if (in->gaps[i].from)
			return false;
	return true;
}

bool inspection_ready_to(const struct inspection *in)
{
	for (size_t i = 0; i < in->gaps_len; i++)
		if (in->gaps[i].to)
			return false;
	return true;
}
