// SPDX-License-Identifier: Apache-2.0
#include "release/project/stale.h"

#include "base/file.h"
#include "base/hash.h"
#include "erlang/term/term.h"
#include "release/project/discover.h"
#include "release/project/mix_tokens.h"

#include <sys/stat.h>

enum { DEPTH_MAX = 16, SOURCE_MAX = 4 << 20, MANIFEST_MAX = 64 << 20, HASH_MD5_SIZE = 16 };

struct looker {
	struct arena *arena;
	const struct project *project;
	const struct discovered *found;
	void (*tell)(void *context, const char *what);
	void *context;
};

/* ---- times, in whole seconds: so coarse are those that Mix writes ---- */

static time_t time_of(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 ? info.st_mtime : 0;
}

struct newest {
	const char *path; /* NULL: nothing seen */
	time_t time;
	const struct term *known; /* what names the contents that do not count; NULL: all do */
};

static bool has_binary(const struct term *term, struct span bytes)
{
	switch (term->kind) {
	case TERM_BINARY:
		return span_equal(term->text, bytes);
	case TERM_LIST:
	case TERM_TUPLE:
		for (size_t i = 0; i < term->seq.len; i++)
			if (has_binary(term->seq.items[i], bytes))
				return true;
		return false;
	case TERM_MAP:
		for (size_t i = 0; i < term->map.len; i++)
			if (has_binary(term->map.values[i], bytes))
				return true;
		return false;
	default:
		return false;
	}
}

/* Mix keeps the digest of each source in its manifest: MD5 (Elixir 1.14) or BLAKE2b (later ones).
 */
static bool is_known(const struct term *known, const char *path)
{
	owned_hash struct hash *md5 = hash_new(HASH_MD5);
	owned_str struct str text = STR_EMPTY;
	uint8_t old[HASH_SIZE_MAX], new[HASH_BLAKE2B_SIZE];
	struct error ignored;

	if (file_read(path, SOURCE_MAX, &text, &ignored))
		return false;
	hash_add(md5, str_span(&text));
	hash_end(md5, old);
	hash_blake2b(str_span(&text), new);
	return has_binary(known, (struct span){ (char *)old, HASH_MD5_SIZE }) ||
	       has_binary(known, (struct span){ (char *)new, sizeof(new) });
}

static void see(struct newest *newest, const char *path)
{
	time_t time = time_of(path);

	if (time <= newest->time || (newest->known && is_known(newest->known, path)))
		return;
	newest->path = path;
	newest->time = time;
}

static bool has_ending(const char *name, const char *const *endings)
{
	for (; *endings; endings++)
		if (span_ends(span_of(name), *endings))
			return true;
	return false;
}

/* The files below a folder whose names end in one of these. */
static void see_folder(struct newest *newest, struct looker *l, const char *dir,
		       const char *const *endings, int depth)
{
	struct dir_entry *entries;
	struct error ignored;
	size_t len;

	if (depth == DEPTH_MAX || !path_is_dir(dir) ||
	    dir_list(&entries, &len, l->arena, dir, &ignored))
		return;
	for (size_t i = 0; i < len; i++) {
		const char *path = path_join(l->arena, dir, entries[i].name);

		if (entries[i].is_dir)
			see_folder(newest, l, path, endings, depth + 1);
		else if (has_ending(path, endings))
			see(newest, path);
	}
}

/* ---- one application of the project ---- */

static const char *in_project(const struct looker *l, const char *path)
{
	return path_join(l->arena, l->project->dir, path);
}

static void say_newer(struct looker *l, const struct app *app, const char *source)
{
	l->tell(l->context,
		arena_printf(l->arena,
			     "%s is newer than what was compiled of %s: compile again (%s)", source,
			     app->name, discovered_compile(l->found)));
}

/* The term in `bytes`, which must live as long as it; NULL: there is none that can be read. */
static const struct term *mix_manifest(struct looker *l, const char *path, struct str *bytes)
{
	const struct term *manifest;
	struct error ignored;

	if (file_read(path, MANIFEST_MAX, bytes, &ignored) ||
	    term_decode(&manifest, l->arena, str_span(bytes), TERM_LIMITS_FILE, NULL, &ignored))
		return NULL;
	return manifest;
}

/* Mix notes in its manifests when it has found everything compiled; newer ones (Elixir 1.20) do not
 * when only a source's time has changed.
 */
static void look_at_mix(struct looker *l, const struct app *app, const char *home)
{
	static const char *const sources[] = { ".ex",  ".erl", ".hrl",  ".xrl",
					       ".yrl", ".eex", ".heex", NULL };
	static const char *const compiled[] = { ".beam", ".app", NULL };
	static const char *const manifests[] = { "compile.elixir", "compile.erlang",
						 "compile.elixir_scm", NULL };
	const char *mix = path_join(l->arena, path_dir(l->arena, app->dir), ".mix");
	struct newest source = { 0 }, made = { 0 };
	owned_str struct str bytes = STR_EMPTY;

	see_folder(&made, l, app->dir, compiled, 0);
	see_folder(&made, l, mix, manifests, 0);
	source.time = made.time;
	source.known = mix_manifest(l, path_join(l->arena, mix, "compile.elixir"), &bytes);
	see(&source, path_join(l->arena, home, "mix.exs"));
	see_folder(&source, l, path_join(l->arena, home, "lib"), sources, 0);
	see_folder(&source, l, path_join(l->arena, home, "src"), sources, 0);
	if (source.path)
		say_newer(l, app, source.path);
}

/* The first module whose source is newer; one that was not compiled at all may be meant so. */
static bool look_at_modules(struct looker *l, const struct app *app, const char *dir, int depth)
{
	struct dir_entry *entries;
	struct error ignored;
	size_t len;

	if (depth == DEPTH_MAX || !path_is_dir(dir) ||
	    dir_list(&entries, &len, l->arena, dir, &ignored))
		return false;
	for (size_t i = 0; i < len; i++) {
		const char *path = path_join(l->arena, dir, entries[i].name);
		struct span name = span_of(entries[i].name);
		const char *beam;

		if (entries[i].is_dir && look_at_modules(l, app, path, depth + 1))
			return true;
		if (entries[i].is_dir || !span_ends(name, ".erl"))
			continue;
		beam = arena_printf(l->arena, "%s/%.*s.beam", app->dir, (int)(name.len - 4),
				    name.ptr);
		if (path_exists(beam) && time_of(path) > time_of(beam)) {
			say_newer(l, app, path);
			return true;
		}
	}
	return false;
}

/* `version: "1.0.0"`, or `version: @version` where that is a text; NULL: computed. */
static const char *mix_version(struct looker *l, struct span text)
{
	struct mix_tokens tokens = mix_tokens_split(l->arena, text);
	const struct mix_token *value = mix_value_of(&tokens, "version");

	for (size_t i = 0; value && value->kind == MIX_WORD && i + 1 < tokens.len; i++)
		if (span_equal(tokens.items[i].text, value->text) &&
		    span_starts(value->text, "@") && tokens.items[i + 1].kind == MIX_STRING)
			value = &tokens.items[i + 1];
	return value && value->kind == MIX_STRING ? arena_dup(l->arena, value->text) : NULL;
}

/* {application, Name, [{vsn, "1.0.0"}, …]}; NULL: rebar3 computes it. */
static const char *rebar_version(struct looker *l, struct span text, const char *file)
{
	const struct term *term, *vsn;
	struct error ignored;
	const char *version;

	if (term_parse_one(&term, l->arena, text, file, &ignored) ||
	    !term_is_tagged(term, "application", 3) || !term_is_list(term_at(term, 2)))
		return NULL;
	vsn = term_proplist_get(term_at(term, 2), "vsn");
	return vsn && term_get_string(vsn, l->arena, &version) ? version : NULL;
}

static void look_at_version(struct looker *l, const struct app *app, const char *file, bool mix)
{
	owned_str struct str text = STR_EMPTY;
	struct error ignored;
	const char *version;

	if (!path_is_file(file) || file_read(file, SOURCE_MAX, &text, &ignored))
		return;
	version = mix ? mix_version(l, str_span(&text)) : rebar_version(l, str_span(&text), file);
	if (version && version_is_word(version) && strcmp(version, app->vsn) != 0)
		l->tell(l->context,
			arena_printf(l->arena,
				     "%s was compiled as %s, but %s says %s: compile again (%s)",
				     app->name, app->vsn, file, version,
				     discovered_compile(l->found)));
}

static void look_at_app(struct looker *l, const struct app *app, const char *dir)
{
	const char *home = strcmp(dir, ".") == 0 ? l->project->dir : in_project(l, dir);
	const char *source = arena_printf(l->arena, "%s/src/%s.app.src", home, app->name);

	if (l->found->kind == DISCOVERED_REBAR) {
		look_at_version(l, app, source, false);
		look_at_modules(l, app, path_join(l->arena, home, "src"), 0);
		return;
	}
	look_at_version(l, app, path_join(l->arena, home, "mix.exs"), true);
	look_at_mix(l, app, home);
}

/* ---- applications that are no more ---- */

/* Some word of a mix.exs, or of what it has locked. */
static bool is_mentioned(struct looker *l, const char *file, const char *name)
{
	owned_str struct str text = STR_EMPTY;
	struct mix_tokens tokens;
	struct error ignored;

	if (!path_is_file(file) || file_read(file, SOURCE_MAX, &text, &ignored))
		return false;
	tokens = mix_tokens_split(l->arena, str_span(&text));
	for (size_t i = 0; i < tokens.len; i++)
		if (span_is(tokens.items[i].text, name) ||
		    mix_token_is(&tokens.items[i], MIX_KEY, "path"))
			return true;
	return false;
}

/* What a dependency by path needs is named in its own mix.exs only: then nothing is known. */
static bool is_needed_by_mix(struct looker *l, const char *name)
{
	if (path_exists(in_project(l, arena_printf(l->arena, "deps/%s", name))) ||
	    is_mentioned(l, in_project(l, "mix.exs"), name) ||
	    is_mentioned(l, in_project(l, "mix.lock"), name))
		return true;
	for (size_t i = 0; i < l->found->own_len; i++)
		if (is_mentioned(l,
				 arena_printf(l->arena, "%s/mix.exs",
					      in_project(l, l->found->own[i].dir)),
				 name))
			return true;
	return false;
}

/* rebar3 links the sources of the project's own applications. */
static bool has_lost_source(struct looker *l, const struct app *app)
{
	const char *src = path_join(l->arena, path_dir(l->arena, app->dir), "src");
	struct stat info;

	return lstat(src, &info) == 0 && S_ISLNK(info.st_mode) && !path_exists(src);
}

static void look_at_other(struct looker *l, const struct app *app)
{
	const char *home = path_dir(l->arena, app->dir);

	if (l->found->kind == DISCOVERED_REBAR ? !has_lost_source(l, app)
					       : is_needed_by_mix(l, app->name))
		return;
	l->tell(l->context,
		arena_printf(l->arena,
			     "%s is packed, but the project has no such application any more: "
			     "remove %s, and what needs it",
			     app->name, home));
}

/* ---- all of it ---- */

static const char *folder_of(const struct looker *l, const char *name)
{
	for (size_t i = 0; i < l->found->own_len; i++)
		if (strcmp(l->found->own[i].name, name) == 0)
			return l->found->own[i].dir;
	return NULL;
}

void stale_look(const struct project *project, const struct resolved *release,
		void (*tell)(void *context, const char *what), void *context)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct looker l = { .arena = &arena, .project = project, .tell = tell, .context = context };
	const char *build = path_join(&arena, project->dir, "_build/");
	struct discovered *found;
	struct error ignored;

	if (discover(&found, &arena, project->dir, &ignored) || found->kind == DISCOVERED_EBIN)
		return;
	l.found = found;
	for (size_t i = 0; i < release->len; i++) {
		const struct app *app = release->apps[i].app;
		const char *dir = folder_of(&l, app->name);

		if (!span_starts(span_of(app->dir), build))
			continue;
		if (dir)
			look_at_app(&l, app, dir);
		else
			look_at_other(&l, app);
	}
}
