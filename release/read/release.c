// SPDX-License-Identifier: Apache-2.0
#include "release/read/release.h"

#include "base/parallel.h"

#include <stdlib.h>

/* The VSN of "ERTS VSN" in releases/start_erl.data; NULL when there is no such file. */
static const char *permanent_version(struct release *release)
{
	owned_str struct str text = STR_EMPTY;
	struct span rest, erts, vsn;
	struct error ignored;

	if (tree_read(release->tree, "releases/start_erl.data", 1024, &text, &ignored))
		return NULL;
	rest = span_trim(str_span(&text));
	if (!span_next(&rest, ' ', &erts) || !span_next(&rest, ' ', &vsn) ||
	    memchr(vsn.ptr, '/', vsn.len))
		return NULL;
	return arena_dup(&release->arena, vsn);
}

static bool is_release_file(const struct dir_entry *entry)
{
	return !entry->is_dir && span_ends(span_of(entry->name), ".rel") &&
	       strcmp(entry->name, "start_clean.rel") != 0;
}

/* The .rel file in releases/VSN; *out stays NULL when there is none. */
static int find_rel(struct release *release, const char *dir, const char **out, struct error *err)
{
	struct dir_entry *entries;
	size_t len;

	if (tree_list(&entries, &len, &release->arena, release->tree, dir, err))
		return -1;
	for (size_t i = 0; i < len && !*out; i++)
		if (is_release_file(&entries[i]))
			*out = path_join(&release->arena, dir, entries[i].name);
	return 0;
}

/* Without start_erl.data: the one folder below releases/ with a .rel in it. */
static int find_only(struct release *release, const char **rel, struct error *err)
{
	struct dir_entry *entries;
	size_t len;

	if (tree_list(&entries, &len, &release->arena, release->tree, "releases", err))
		return -1;
	for (size_t i = 0; i < len; i++) {
		const char *dir = path_join(&release->arena, "releases", entries[i].name);
		const char *found = NULL;

		if (entries[i].is_dir && find_rel(release, dir, &found, err))
			return -1;
		if (found && *rel)
			return error_set(
				err, ERROR_INVALID,
				"%s and %s: several versions, and no releases/start_erl.data "
				"that says which one counts",
				*rel, found);
		if (found)
			*rel = found;
	}
	return 0;
}

static int find_version(struct release *release, const char **rel, struct error *err)
{
	const char *vsn = permanent_version(release);

	*rel = NULL;
	if (vsn ? find_rel(release, arena_printf(&release->arena, "releases/%s", vsn), rel, err)
		: find_only(release, rel, err))
		return -1;
	if (*rel)
		return 0;
	if (vsn)
		return error_set(err, ERROR_INVALID, "no .rel file in releases/%s", vsn);
	return error_set(err, ERROR_NOT_FOUND, "no release in it (no releases/VSN/NAME.rel)");
}

static const char *if_there(struct release *release, const char *name)
{
	const char *path = path_join(&release->arena, release->dir, name);

	return tree_has(release->tree, path) ? path : NULL;
}

static bool has_erts(const struct dir_entry *entries, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (entries[i].is_dir && span_starts(span_of(entries[i].name), "erts-"))
			return true;
	return false;
}

/* A release without ERTS has nothing of OTP in it: it runs on the OTP of its host. */
static int find_outside(struct lib_path *path, struct release *release, const struct rel *rel,
			struct error *err)
{
	const char **names = arena_array(&release->arena, rel->len, const char *);
	struct dir_entry *entries;
	size_t len;

	if (tree_list(&entries, &len, &release->arena, release->tree, "", err))
		return -1;
	release->has_erts = has_erts(entries, len);
	if (release->has_erts)
		return 0;
	for (size_t i = 0; i < rel->len; i++)
		names[i] = rel->apps[i].name;
	path->outside = (struct names){ names, rel->len };
	return 0;
}

static int read_release(struct release *release, struct error *err)
{
	static const char *const libs[] = { "lib" };
	struct lib_path path;
	struct resolved *resolved;
	const struct rel_app *elixir;
	const char *file;
	struct rel *rel;

	if (find_version(release, &file, err) ||
	    rel_read(&rel, &release->arena, release->tree, file, err) ||
	    lib_path_make(&path, &release->arena, release->tree, (struct names){ libs, 1 }, err) ||
	    find_outside(&path, release, rel, err) ||
	    rel_resolve(&resolved, &release->arena, rel, release->tree, path, err))
		return -1;
	elixir = rel_find(rel, "elixir");
	release->dir = path_dir(&release->arena, file);
	release->rel = rel;
	release->resolved = resolved;
	release->name = rel->name;
	release->vsn = rel->vsn;
	release->erts = rel->erts;
	release->elixir = elixir ? elixir->vsn : NULL;
	release->consolidated = if_there(release, "consolidated");
	release->sys_config = if_there(release, "sys.config");
	release->vm_args = if_there(release, "vm.args");
	release->relup = if_there(release, "relup");
	release->manifest = if_there(release, "relevo.manifest.json");
	return 0;
}

int release_open(struct release **out, const char *path, struct error *err)
{
	owned_release struct release *release = mem_zero(1, sizeof(*release));

	if (tree_open(&release->tree, path, err))
		return -1;
	release->path = arena_dup(&release->arena, span_of(path));
	if (read_release(release, err))
		return error_wrap(err, "%s", path);
	*out = steal(&release);
	return 0;
}

struct opening {
	const char *const *paths;
	struct release *releases[2];
};

static int open_nth(void *context, size_t nr, struct error *err)
{
	struct opening *opening = context;

	return release_open(&opening->releases[nr], opening->paths[nr], err);
}

int release_open_two(struct release **one, struct release **other,
		     const char *const paths[static 2], struct error *err)
{
	struct opening opening = { .paths = paths };

	if (parallel(2, open_nth, &opening, err)) {
		release_free(opening.releases[0]);
		release_free(opening.releases[1]);
		return -1;
	}
	*one = opening.releases[0];
	*other = opening.releases[1];
	return 0;
}

void release_free(struct release *release)
{
	if (!release)
		return;
	tree_free(release->tree);
	arena_done(&release->arena);
	free(release);
}
