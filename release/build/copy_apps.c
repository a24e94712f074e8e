// SPDX-License-Identifier: Apache-2.0
/* lib/ of a release: what of an application is packed. */
#include "base/file.h"
#include "base/parallel.h"
#include "erlang/beam/beam.h"
#include "release/build/builder.h"

#include <unistd.h>

bool app_is_otp(const struct builder *b, const struct app *app)
{
	struct span dir = span_of(app->dir);
	size_t len = strlen(b->otp->lib);

	return span_starts(dir, b->otp->lib) && dir.len > len && dir.ptr[len] == '/';
}

/* ---- what is there, against what the .app says ---- */

/* Every module the .app names must be there: embedded mode loads them all at boot. */
static int check_listed(struct builder *b, const struct app *app)
{
	for (size_t i = 0; i < app->modules.len; i++) {
		const char *beam =
			arena_printf(b->arena, "%s/%s.beam", app->dir, app->modules.items[i]);

		if (path_is_file(beam))
			continue;
		error_set_(b->err, ERROR_NOT_FOUND,
			   "%s/%s.app names the module %s, but %s is not there", app->dir,
			   app->name, app->modules.items[i], beam);
		return error_hint(b->err, "Compile %s again.", app->name);
	}
	return 0;
}

static void warn_unlisted(struct builder *b, const struct app *app, const char *file)
{
	struct span module = { file, strlen(file) - strlen(".beam") };

	if (names_have(app->modules, arena_dup(b->arena, module)))
		return;
	builder_warn(
		b, arena_printf(b->arena,
				"%s/%s is not among the modules of %s.app: a running release does "
				"not load it",
				app->dir, file, app->name));
}

/* The other way round it is only suspicious. */
static int check_unlisted(struct builder *b, const struct app *app)
{
	struct dir_entry *entries;
	size_t len;

	if (app_is_otp(b, app))
		return 0;
	if (dir_names(&entries, &len, b->arena, app->dir, b->err))
		return -1;
	for (size_t i = 0; i < len; i++)
		if (span_ends(span_of(entries[i].name), ".beam"))
			warn_unlisted(b, app, entries[i].name);
	return 0;
}

/* ---- copies ---- */

static int copy_beam(struct builder *b, const char *from, const char *to)
{
	owned_str struct str whole = STR_EMPTY, stripped = STR_EMPTY;

	if (!b->project->strip)
		return file_copy(from, to, 0644, b->err);
	if (file_read(from, BEAM_MAX, &whole, b->err))
		return -1;
	if (beam_strip(&stripped, str_span(&whole), b->err))
		return error_wrap(b->err, "%s", from);
	return file_put(to, str_span(&stripped), 0644, b->err);
}

int copy_ebin(struct builder *b, const char *from, const char *to)
{
	struct links links = { .builder = b };
	struct dir_entry *entries;
	size_t len;

	if (path_real(&links.root, b->arena, from, b->err) ||
	    dir_names(&entries, &len, b->arena, from, b->err) || dir_make(to, b->err))
		return -1;
	for (size_t i = 0; i < len; i++) {
		const char *in = path_join(b->arena, from, entries[i].name);
		const char *out = path_join(b->arena, to, entries[i].name);

		if (entries[i].is_dir)
			continue;
		if (entries[i].is_link && links_may(&links, in, b->err))
			return -1;
		if (span_ends(span_of(in), ".beam") ? copy_beam(b, in, out)
						    : file_copy(in, out, 0644, b->err))
			return -1;
	}
	return 0;
}

static int make_link(struct builder *b, const char *from, const char *to)
{
	const char *real;

	if (path_real(&real, b->arena, from, b->err))
		return -1;
	return symlink(real, to) ? error_sys(b->err, "cannot link %s", to) : 0;
}

/* Mix and rebar3 link priv to the sources, wherever those are: they are part of the project. */
static bool is_source(struct arena *arena, const char *folder)
{
	static const char *const files[] = { "mix.exs", "rebar.config", "Makefile" };

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (path_is_file(path_join(arena, folder, files[i])))
			return true;
	return false;
}

static int copy_folder(struct builder *b, const char *from, const char *to)
{
	struct links links = { .builder = b };
	struct tree_links asked = { links_may, &links };
	const char *real, *home;

	if (path_real(&real, b->arena, from, b->err))
		return -1;
	home = path_dir(b->arena, real);
	if (is_source(b->arena, home))
		links.root = home;
	else if (path_is_link(from) && links_may(&links, from, b->err))
		return -1;
	else
		links.root = real;
	return tree_copy(from, to, &asked, b->err);
}

/* A folder beside ebin, when it is there. */
static int take_folder(struct builder *b, const struct app *app, const char *to, const char *name)
{
	const char *from = path_join(b->arena, path_dir(b->arena, app->dir), name);
	const char *into = path_join(b->arena, to, name);

	if (!path_is_dir(from))
		return 0;
	return b->options->links ? make_link(b, from, into) : copy_folder(b, from, into);
}

/* rebar3 leaves an appup written by hand where it was written; NULL: there is none. */
static const char *appup_source(const struct builder *b, const struct app *app)
{
	const char *home = path_dir(b->arena, app->dir);
	const char *places[] = {
		path_join(b->arena, home, "src"),
		arena_printf(b->arena, "%s/apps/%s/src", b->project->dir, app->name),
		path_join(b->arena, b->project->dir, "src"),
	};

	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		const char *file = arena_printf(b->arena, "%s/%s.appup.src", places[i], app->name);

		if (path_is_file(file))
			return file;
	}
	return NULL;
}

/* An appup in ebin wins: something has compiled it. */
static int take_appup(struct builder *b, const struct app *app, const char *ebin)
{
	const char *to = arena_printf(b->arena, "%s/%s.appup", ebin, app->name);
	const char *from = path_is_file(to) ? NULL : appup_source(b, app);
	const struct term *appup;

	if (!from)
		return 0;
	if (term_read(&appup, b->arena, from, b->err))
		return -1;
	return file_copy(from, to, 0644, b->err);
}

/* {application, Name, Keys} with other names registered. */
static const struct term *with_registered(struct arena *arena, const struct term *app,
					  struct names names)
{
	const struct term *keys = term_at(app, 2);
	struct terms list = { 0 }, corrected = { 0 };

	for (size_t i = 0; i < names.len; i++)
		terms_add(arena, &list, term_atom(arena, names.items[i]));
	for (size_t i = 0; i < keys->seq.len; i++) {
		const struct term *key = term_at(keys, i);

		if (term_is_tagged(key, "registered", 2))
			key = term_tuple(arena, term_at(key, 0), term_list_of(arena, &list));
		terms_add(arena, &corrected, key);
	}
	return term_tuple(arena, term_at(app, 0), term_at(app, 1), term_list_of(arena, &corrected));
}

/* So that systools, and whoever reads the release, takes it as it was built. */
static int correct_app(struct builder *b, const struct app *app, const char *ebin)
{
	const struct registered *registered = registered_find(&b->path, app->name);
	owned_str struct str text = STR_EMPTY;

	if (!registered)
		return 0;
	term_print_file(&text, with_registered(b->arena, app->term, registered->names));
	return file_put(arena_printf(b->arena, "%s/%s.app", ebin, app->name), str_span(&text), 0644,
			b->err);
}

static int take_ebin(struct builder *b, const struct app *app, const char *to)
{
	const char *into = path_join(b->arena, to, "ebin");

	if (b->options->links)
		return dir_make(to, b->err) || make_link(b, app->dir, into) ? -1 : 0;
	return copy_ebin(b, app->dir, into) || correct_app(b, app, into) || take_appup(b, app, into)
		       ? -1
		       : 0;
}

static const char *home_of(const struct builder *b, const struct app *app)
{
	return arena_printf(b->arena, "lib/%s-%s", app->name, app->vsn);
}

static int copy_application(struct builder *b, const struct app *app)
{
	const char *to = in_root(b, home_of(b, app));

	if (take_ebin(b, app, to) || take_folder(b, app, to, "priv"))
		return -1;
	if (!b->project->include_src)
		return 0;
	return take_folder(b, app, to, "src") || take_folder(b, app, to, "include") ? -1 : 0;
}

static bool is_packed(const struct builder *b, const struct app *app)
{
	return strcmp(b->project->erts, "none") != 0 || !app_is_otp(b, app);
}

/* On some thread: with an arena and an error of its own.  The runtime system has the largest
 * files, so it is begun first.
 */
static int copy_one(void *context, size_t nr, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct builder b = *(const struct builder *)context;
	const struct app *app;

	b.arena = &arena;
	b.err = err;
	if (nr == 0)
		return copy_erts(&b);
	app = b.release->apps[nr - 1].app;
	return is_packed(&b, app) ? copy_application(&b, app) : 0;
}

int copy_applications(struct builder *b)
{
	for (size_t i = 0; i < b->release->len; i++) {
		const struct app *app = b->release->apps[i].app;

		if (!is_packed(b, app))
			continue;
		builder_tell(b, home_of(b, app));
		if (check_listed(b, app) || check_unlisted(b, app))
			return -1;
	}
	return parallel(b->release->len + 1, copy_one, b, b->err);
}
