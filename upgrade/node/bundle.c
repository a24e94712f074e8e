// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/bundle.h"

#include "base/file.h"
#include "base/hash.h"

#include <sys/stat.h>

enum {
	MANIFEST_MAX = 64 << 20,
	TERM_FILE_MAX = 16 << 20,
	MODULES_MAX = 1000000,
};

/* ---- the manifest ---- */

int bundle_parse_manifest(struct bundle *out, struct arena *arena, struct span json,
			  const char *name, struct error *err)
{
	struct manifest manifest;

	if (manifest_parse(&manifest, arena, json, name, err))
		return -1;
	out->name = manifest.name;
	out->vsn = manifest.vsn;
	out->erts = manifest.erts;
	out->files = manifest.files;
	out->files_len = manifest.files_len;
	out->modules = manifest.modules;
	out->modules_len = manifest.modules_len;
	return 0;
}

int bundle_take_modules(struct bundle *out, struct arena *arena, const struct term *list,
			struct error *err)
{
	struct manifest_module *modules;

	if (!term_is_list(list) || list->seq.len > MODULES_MAX)
		return error_set(err, ERROR_INVALID, "no list of modules");
	modules = arena_array(arena, list->seq.len, struct manifest_module);
	for (size_t i = 0; i < list->seq.len; i++) {
		const struct term *entry = term_at(list, i);

		if (!term_is_tuple(entry, 3) ||
		    !term_get_text(term_at(entry, 0), arena, &modules[i].application) ||
		    !term_get_text(term_at(entry, 1), arena, &modules[i].module) ||
		    !term_get_text(term_at(entry, 2), arena, &modules[i].md5))
			return error_set(err, ERROR_INVALID, "modules: entry %zu is not sound", i);
	}
	*out = (struct bundle){ .modules = modules, .modules_len = list->seq.len };
	return 0;
}

/* releases/VSN/relevo.manifest.json: VSN is not known before it is found. */
static int read_manifest(struct bundle *out, struct arena *arena, const struct tree *tree,
			 struct error *err)
{
	owned_str struct str json = STR_EMPTY;
	struct dir_entry *entries;
	size_t len;

	if (tree_list(&entries, &len, arena, tree, "releases", err))
		return -1;
	for (size_t i = 0; i < len; i++) {
		const char *path =
			arena_printf(arena, "releases/%s/relevo.manifest.json", entries[i].name);

		if (!entries[i].is_dir || !tree_has(tree, path))
			continue;
		if (tree_read(tree, path, MANIFEST_MAX, &json, err) ||
		    bundle_parse_manifest(out, arena, str_span(&json), path, err))
			return -1;
		if (strcmp(out->vsn, entries[i].name) != 0)
			return error_set(err, ERROR_INVALID, "%s is that of version %s", path,
					 out->vsn);
		out->manifest = path;
		hash_hex(HASH_SHA256, str_span(&json), out->manifest_sha256);
		return 0;
	}
	error_set_(err, ERROR_INVALID, "no releases/VSN/relevo.manifest.json inside");
	return error_hint(err, "Build it with relevo build.");
}

/* ---- .rel and relup ---- */

static bool is_rel_of(const struct bundle *bundle, struct arena *arena, const struct tree *tree,
		      const char *path)
{
	owned_str struct str text = STR_EMPTY;
	const struct term *term, *id;
	const char *name, *vsn;
	struct error ignored;

	if (tree_read(tree, path, TERM_FILE_MAX, &text, &ignored) ||
	    term_parse(&term, arena, str_span(&text), path, &ignored) ||
	    !term_is_tagged(term, "release", 4) || !term_is_tuple(term_at(term, 1), 2))
		return false;
	id = term_at(term, 1);
	return term_get_string(term_at(id, 0), arena, &name) &&
	       term_get_string(term_at(id, 1), arena, &vsn) && strcmp(name, bundle->name) == 0 &&
	       strcmp(vsn, bundle->vsn) == 0;
}

static int find_base(struct bundle *out, struct arena *arena, const struct tree *tree,
		     struct error *err)
{
	const char *usual = arena_printf(arena, "%s-%s", out->name, out->vsn);
	struct dir_entry *entries;
	size_t len;

	if (tree_list(&entries, &len, arena, tree, "releases", err))
		return -1;
	for (size_t i = 0; i < len; i++) {
		struct span name = span_of(entries[i].name);

		if (entries[i].is_dir || !span_ends(name, ".rel") ||
		    !is_rel_of(out, arena, tree, path_join(arena, "releases", entries[i].name)))
			continue;
		name.len -= strlen(".rel");
		if (!out->base || span_is(name, usual))
			out->base = arena_dup(arena, name);
	}
	if (out->base)
		return 0;
	error_set_(err, ERROR_INVALID, "no releases/%s.rel inside, which release_handler needs",
		   usual);
	return error_hint(err, "Build it with relevo build, or put the .rel there.");
}

static int read_relup(struct bundle *out, struct arena *arena, const struct tree *tree,
		      struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	const char *path = arena_printf(arena, "releases/%s/relup", out->vsn);
	const struct term *term;

	if (!tree_has(tree, path))
		return 0;
	if (tree_read(tree, path, TERM_FILE_MAX, &text, err) ||
	    term_parse_one(&term, arena, str_span(&text), path, err))
		return -1;
	if (!term_is_tuple(term, 3) || !term_is_list(term_at(term, 1)) ||
	    !term_is_list(term_at(term, 2)))
		return error_set(err, ERROR_INVALID, "%s is no relup", path);
	out->relup = term;
	return 0;
}

static int read_plans(struct bundle *out, struct arena *arena, const struct tree *tree,
		      struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	const char *path = arena_printf(arena, "releases/%s/" CARRIED_FILE, out->vsn);

	if (!tree_has(tree, path))
		return 0;
	return tree_read(tree, path, TERM_FILE_MAX, &text, err) ||
			       carried_parse(&out->plans, arena, str_span(&text), path, err)
		       ? -1
		       : 0;
}

/* release_handler takes a sys.config that it cannot read for an empty one; so do we. */
static void read_config(struct bundle *out, struct arena *arena, const struct tree *tree)
{
	owned_str struct str text = STR_EMPTY;
	const char *path = arena_printf(arena, "releases/%s/sys.config", out->vsn);
	const struct term *term;
	struct error ignored;

	if (tree_has(tree, path) && tree_read(tree, path, TERM_FILE_MAX, &text, &ignored) == 0 &&
	    term_parse_one(&term, arena, str_span(&text), path, &ignored) == 0 &&
	    term_is_list(term))
		out->config = term;
}

/* {App, Vsn, Module, Env} of {application, App, Keys}; NULL: not one. */
static const struct term *app_term(struct arena *arena, const struct term *file)
{
	const struct term *keys, *vsn, *mod, *env;

	if (!term_is_tagged(file, "application", 3) || !term_is_list(term_at(file, 2)))
		return NULL;
	keys = term_at(file, 2);
	vsn = term_proplist_get(keys, "vsn");
	mod = term_proplist_get(keys, "mod");
	env = term_proplist_get(keys, "env");
	return term_tuple(arena, term_at(file, 1), vsn ? vsn : &term_nil,
			  mod && term_is_tuple(mod, 2) ? term_at(mod, 0) : &term_nil,
			  env && term_is_list(env) ? env : &term_nil);
}

static bool is_app_file(const char *path)
{
	struct span rest = span_of(path), part;

	return span_ends(rest, ".app") && span_next(&rest, '/', &part) && span_is(part, "lib") &&
	       span_next(&rest, '/', &part) && span_next(&rest, '/', &part) &&
	       span_is(part, "ebin") && !memchr(rest.ptr, '/', rest.len);
}

/* One that cannot be read is a matter of those that need it. */
static void read_apps(struct bundle *out, struct arena *arena, const struct tree *tree)
{
	struct terms list = { 0 };

	for (size_t i = 0; i < out->files_len; i++) {
		const char *path = out->files[i].path;
		owned_str struct str text = STR_EMPTY;
		const struct term *file, *app;
		struct error ignored;

		if (!is_app_file(path) || tree_read(tree, path, TERM_FILE_MAX, &text, &ignored) ||
		    term_parse_one(&file, arena, str_span(&text), path, &ignored))
			continue;
		app = app_term(arena, file);
		if (app)
			terms_add(arena, &list, app);
	}
	out->apps = term_list_of(arena, &list);
}

static const struct term *way(const struct term *list, struct arena *arena, const char *vsn)
{
	const char *found;

	for (size_t i = 0; i < list->seq.len; i++) {
		const struct term *entry = term_at(list, i);

		if (term_is_tuple(entry, 3) && term_get_string(term_at(entry, 0), arena, &found) &&
		    strcmp(found, vsn) == 0 && term_is_list(term_at(entry, 2)))
			return term_at(entry, 2);
	}
	return NULL;
}

const struct term *bundle_up(const struct bundle *bundle, struct arena *arena, const char *from)
{
	return bundle->relup ? way(term_at(bundle->relup, 1), arena, from) : NULL;
}

const struct term *bundle_down(const struct bundle *bundle, struct arena *arena, const char *to)
{
	return bundle->relup ? way(term_at(bundle->relup, 2), arena, to) : NULL;
}

const char *bundle_sources(const struct bundle *bundle, struct arena *arena)
{
	const struct term *list = bundle->relup ? term_at(bundle->relup, 1) : &term_nil;
	const char *all = NULL, *vsn;

	for (size_t i = 0; i < list->seq.len; i++)
		if (term_is_tuple(term_at(list, i), 3) &&
		    term_get_string(term_at(term_at(list, i), 0), arena, &vsn))
			all = all ? arena_printf(arena, "%s, %s", all, vsn) : vsn;
	return all ? all : "none";
}

/* ---- the tarball ---- */

static int read_digests(struct bundle *out, const char *file, struct error *err)
{
	char hex[HASH_HEX_MAX];
	struct stat info;

	if (stat(file, &info) < 0)
		return error_sys(err, "%s", file);
	if (!S_ISREG(info.st_mode))
		return error_set(err, ERROR_INVALID, "%s: want the tarball of a release", file);
	out->size = info.st_size;
	if (hash_file_hex(HASH_SHA256, file, hex, err))
		return -1;
	memcpy(out->sha256, hex, sizeof(out->sha256));
	if (hash_file_hex(HASH_MD5, file, hex, err))
		return -1;
	memcpy(out->md5, hex, sizeof(out->md5));
	return 0;
}

int bundle_read(struct bundle *out, struct arena *arena, const char *file, struct error *err)
{
	owned_tree struct tree *tree = NULL;
	struct bundle bundle = { .file = file };

	if (read_digests(&bundle, file, err) || tree_open(&tree, file, err))
		return -1;
	if (read_manifest(&bundle, arena, tree, err) || bundle_check_files(&bundle, tree, err) ||
	    find_base(&bundle, arena, tree, err) || read_relup(&bundle, arena, tree, err) ||
	    read_plans(&bundle, arena, tree, err))
		return error_wrap(err, "%s", file);
	read_config(&bundle, arena, tree);
	read_apps(&bundle, arena, tree);
	*out = bundle;
	return 0;
}
