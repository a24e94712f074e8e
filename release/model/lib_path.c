// SPDX-License-Identifier: Apache-2.0
/* Where applications are looked for: folders and globs become a list of ebin folders. */
#include "base/name_table.h"
#include "release/model/rel.h"

struct paths {
	const char **items;
	size_t len, cap;
};

struct search {
	struct arena *arena;
	const struct tree *tree;
	struct name_table *seen;
	struct paths found;
};

static void add_path(struct paths *paths, struct arena *arena, const char *path)
{
	paths->items = arena_grow(arena, paths->items, paths->len, &paths->cap);
	paths->items[paths->len++] = path;
}

/* "a//b/" is "a/b". */
static const char *clean(struct arena *arena, const char *path)
{
	char *out = arena_dup(arena, span_of(path));
	size_t len = 0;

	for (const char *at = path; *at; at++)
		if (*at != '/' || len == 0 || out[len - 1] != '/')
			out[len++] = *at;
	if (len > 1 && out[len - 1] == '/')
		len--;
	out[len] = '\0';
	return out;
}

static int list(struct dir_entry **out, size_t *len, struct search *s, const char *path,
		struct error *err)
{
	if (!path[0] && s->tree == tree_system())
		path = ".";
	return tree_names(out, len, s->arena, s->tree, path, err);
}

/* ---- globs ---- */

/* "*" stands for any bytes.  Only the last star is ever taken back. */
static bool fits(struct span pattern, const char *name)
{
	size_t p = 0, n = 0, star = SIZE_MAX, from = 0, len = strlen(name);

	while (n < len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = p++;
			from = n;
		} else if (p < pattern.len && pattern.ptr[p] == name[n]) {
			p++;
			n++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			n = ++from;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

static int expand_star(struct paths *out, struct search *s, const char *dir, struct span pattern,
		       struct error *err)
{
	struct dir_entry *entries;
	size_t len;

	if (list(&entries, &len, s, dir, err))
		return -1;
	for (size_t i = 0; i < len; i++)
		if (entries[i].is_dir && fits(pattern, entries[i].name))
			add_path(out, s->arena, path_join(s->arena, dir, entries[i].name));
	return 0;
}

/* One component of the glob, for all folders found so far. */
static int expand_part(struct paths *dirs, struct search *s, struct span part, struct error *err)
{
	struct paths next = { 0 };

	for (size_t i = 0; i < dirs->len; i++) {
		if (!memchr(part.ptr, '*', part.len))
			add_path(&next, s->arena,
				 path_join(s->arena, dirs->items[i], arena_dup(s->arena, part)));
		else if (expand_star(&next, s, dirs->items[i], part, err))
			return -1;
	}
	*dirs = next;
	return 0;
}

static int expand(struct paths *out, struct search *s, const char *glob, struct error *err)
{
	struct paths dirs = { 0 };
	struct span rest = span_of(glob), part;

	add_path(&dirs, s->arena, glob[0] == '/' ? "/" : "");
	while (span_next(&rest, '/', &part))
		if (part.len && expand_part(&dirs, s, part, err))
			return -1;
	*out = dirs;
	return 0;
}

/* ---- what a folder is ---- */

static bool has_app_file(const struct dir_entry *entries, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!entries[i].is_dir && span_ends(span_of(entries[i].name), ".app"))
			return true;
	return false;
}

static void add_found(struct search *s, const char *dir)
{
	bool is_new;

	name_table_add(s->seen, dir, &is_new);
	if (is_new)
		add_path(&s->found, s->arena, dir);
}

/* An ebin folder stands for itself; an application for its ebin; any other folder for the
 * applications in it.
 */
static int add_folder(struct search *s, const char *dir, struct error *err)
{
	struct dir_entry *entries;
	size_t len;

	if (list(&entries, &len, s, dir, err))
		return -1;
	if (strcmp(path_base(dir), "ebin") == 0 || has_app_file(entries, len)) {
		if (len)
			add_found(s, dir);
		return 0;
	}
	for (size_t i = 0; i < len; i++) {
		const char *ebin = path_join(s->arena, dir, entries[i].name);

		if (!entries[i].is_dir)
			continue;
		if (strcmp(entries[i].name, "ebin") != 0)
			ebin = path_join(s->arena, ebin, "ebin");
		if (tree_has(s->tree, ebin))
			add_found(s, ebin);
	}
	return 0;
}

static int add_lib(struct search *s, const char *lib, struct error *err)
{
	struct paths dirs = { 0 };

	if (strchr(lib, '*')) {
		if (expand(&dirs, s, lib, err))
			return -1;
	} else {
		add_path(&dirs, s->arena, lib);
	}
	for (size_t i = 0; i < dirs.len; i++)
		if (add_folder(s, dirs.items[i], err))
			return -1;
	return 0;
}

const struct registered *registered_find(const struct lib_path *path, const char *app)
{
	for (size_t i = 0; i < path->registered_len; i++)
		if (strcmp(path->registered[i].app, app) == 0)
			return &path->registered[i];
	return NULL;
}

int lib_path_make(struct lib_path *out, struct arena *arena, const struct tree *tree,
		  struct names libs, struct error *err)
{
	owned_name_table struct name_table *seen = name_table_new();
	struct search s = { .arena = arena, .tree = tree, .seen = seen };

	for (size_t i = 0; i < libs.len; i++)
		if (add_lib(&s, clean(arena, libs.items[i]), err))
			return error_wrap(err, "%s", libs.items[i]);
	*out = (struct lib_path){ .dirs = { s.found.items, s.found.len } };
	return 0;
}
