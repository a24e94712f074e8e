// SPDX-License-Identifier: Apache-2.0
#include "release/assemble.h"

#include "base/file.h"
#include "release/archive.h"
#include "release/beam.h"
#include "release/boot.h"
#include "release/choose.h"
#include "release/configure.h"
#include "release/manifest.h"
#include "release/template.h"

#include <stdlib.h>

struct builder {
	struct arena *arena;
	const struct project *project;
	const struct otp *otp;
	const char *elixir_lib;         /* Elixir's applications; NULL: no Elixir here */
	const char *root;               /* of the tree */
	const char *vsn_dir;            /* releases/VSN in it, full path */
	struct lib_path path;
	const struct rel *rel;
	const struct resolved *release;
	bool has_elixir;                /* the release */
	void (*step)(void *context, const char *what);
	void *context;
	struct error *err;
};

static void tell(struct builder *b, const char *what)
{
	if (b->step)
		b->step(b->context, what);
}

static const char *in_root(struct builder *b, const char *path)
{
	return path_join(b->arena, b->root, path);
}

static const char *in_vsn(struct builder *b, const char *name)
{
	return path_join(b->arena, b->vsn_dir, name);
}

/* ---- lib/ ---- */

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

static int copy_ebin(struct builder *b, const char *from, const char *to)
{
	struct dir_entry *entries;
	size_t len;

	if (dir_list(&entries, &len, b->arena, from, b->err) || dir_make(to, b->err))
		return -1;
	for (size_t i = 0; i < len; i++) {
		const char *in = path_join(b->arena, from, entries[i].name);
		const char *out = path_join(b->arena, to, entries[i].name);

		if (entries[i].is_dir)
			continue;
		if (span_ends(span_of(in), ".beam") ? copy_beam(b, in, out)
						    : file_copy(in, out, 0644, b->err))
			return -1;
	}
	return 0;
}

/* Every module the .app names must be there: embedded mode loads them all at boot. */
static int check_modules(struct builder *b, const struct app *app)
{
	for (size_t i = 0; i < app->modules.len; i++) {
		const char *beam = arena_printf(b->arena, "%s/%s.beam", app->dir,
						app->modules.items[i]);

		if (!path_is_file(beam)) {
			error_set_(b->err, ERROR_NOT_FOUND, "%s/%s.app names the module %s, but %s is not there",
				   app->dir, app->name, app->modules.items[i], beam);
			return error_hint(b->err, "Compile %s again.", app->name);
		}
	}
	return 0;
}

static int copy_application(struct builder *b, const struct app *app)
{
	const char *home = arena_printf(b->arena, "lib/%s-%s", app->name, app->vsn);
	const char *to = in_root(b, home);
	const char *priv = path_join(b->arena, path_dir(b->arena, app->dir), "priv");

	if (check_modules(b, app) || copy_ebin(b, app->dir, path_join(b->arena, to, "ebin")))
		return -1;
	return path_is_dir(priv) ? tree_copy(priv, path_join(b->arena, to, "priv"), b->err) : 0;
}

static int copy_applications(struct builder *b)
{
	for (size_t i = 0; i < b->release->len; i++) {
		tell(b, arena_printf(b->arena, "lib/%s-%s", b->release->apps[i].app->name,
				     b->release->apps[i].app->vsn));
		if (copy_application(b, b->release->apps[i].app))
			return -1;
	}
	return 0;
}

/* ---- erts-VSN/, bin/ ---- */

static int put_template(struct builder *b, enum template_file file, const char *to, mode_t mode)
{
	owned_str struct str text = STR_EMPTY;

	template_fill(&text, template_text(file), "@NAME@", b->rel->name);
	return file_put(to, str_span(&text), mode, b->err);
}

/* Distributions patch `erl` to point at one place; ours finds itself. */
static int copy_erts(struct builder *b)
{
	const char *name = arena_printf(b->arena, "erts-%s/bin", b->otp->erts);
	const char *to = in_root(b, name);

	if (strcmp(b->project->erts, "none") == 0)
		return 0;
	tell(b, name);
	if (tree_copy(path_join(b->arena, b->otp->root, name), to, b->err))
		return -1;
	return put_template(b, TEMPLATE_ERL, path_join(b->arena, to, "erl"), 0755);
}

static int write_start_script(struct builder *b)
{
	const char *bin = in_root(b, "bin");

	if (dir_make(bin, b->err))
		return -1;
	return put_template(b, TEMPLATE_START, path_join(b->arena, bin, b->rel->name), 0755);
}

/* ---- releases/VSN/ ---- */

/* Where the protocols of a Mix project were consolidated: beside its lib folder, or in the
 * folder of the application; NULL when nowhere.
 */
static const char *find_consolidated(struct builder *b)
{
	for (size_t i = 0; i < b->project->libs.len; i++) {
		const char *lib = b->project->libs.items[i];
		const char *beside = path_join(b->arena, path_dir(b->arena, lib), "consolidated");

		if (path_is_dir(beside))
			return beside;
		for (size_t a = 0; a < b->project->apps_len; a++) {
			const char *inside = arena_printf(b->arena, "%s/%s/consolidated", lib,
							  b->project->apps[a].name);

			if (path_is_dir(inside))
				return inside;
		}
	}
	return NULL;
}

static int copy_or_template(struct builder *b, const char *file, enum template_file fallback,
			    const char *to, mode_t mode)
{
	return file ? file_copy(file, to, mode, b->err) : put_template(b, fallback, to, mode);
}

static int write_configuration(struct builder *b)
{
	owned_str struct str config = STR_EMPTY;
	const struct project *p = b->project;

	tell(b, "sys.config");
	if (configure(&config, b->arena, p, b->rel->vsn, b->err) ||
	    file_put(in_vsn(b, "sys.config"), str_span(&config), 0644, b->err) ||
	    (p->runtime_config &&
	     file_copy(p->runtime_config, in_vsn(b, "runtime.exs"), 0644, b->err)) ||
	    copy_or_template(b, p->vm_args, TEMPLATE_VM_ARGS, in_vsn(b, "vm.args"), 0644) ||
	    put_template(b, TEMPLATE_VM_ARGS, in_vsn(b, "remote.vm.args"), 0644) ||
	    copy_or_template(b, p->env, TEMPLATE_ENV, in_vsn(b, "env.sh"), 0644))
		return -1;
	return 0;
}

static int write_term(const char *path, const struct term *term, struct error *err)
{
	owned_str struct str text = STR_EMPTY;

	term_print_file(&text, term);
	return file_put(path, str_span(&text), 0644, err);
}

/* Elixir's own launcher finds OTP in PATH; in a release it must find the packed one. */
static int copy_launcher(struct builder *b, const char *name)
{
	owned_str struct str text = STR_EMPTY, without_pa = STR_EMPTY, out = STR_EMPTY;
	const char *from = arena_printf(b->arena, "%s/bin/%s",
						path_dir(b->arena, b->elixir_lib), name);
	const char *erts = arena_printf(b->arena,
					"\nERTS_BIN=\nERTS_BIN=\"$SCRIPT_PATH\"/../../erts-%s/bin/\n",
					b->otp->erts);

	if (file_read(from, 1 << 20, &text, b->err))
		return -1;
	template_fill(&without_pa, str_span(&text), " -pa \"$SCRIPT_PATH\"/../lib/*/ebin", "");
	if (strcmp(b->project->erts, "none") == 0)
		str_add(&out, str_span(&without_pa));
	else
		template_fill(&out, str_span(&without_pa), "\nERTS_BIN=\nERTS_BIN=\"$ERTS_BIN\"\n",
			      erts);
	return file_put(in_vsn(b, name), str_span(&out), 0755, b->err);
}

static int copy_launchers(struct builder *b)
{
	if (!b->has_elixir)
		return 0;
	return copy_launcher(b, "elixir") || copy_launcher(b, "iex") ? -1 : 0;
}

/* Protocols are modules of no application; stripped like the rest. */
static int copy_consolidated(struct builder *b, const char *from)
{
	return from ? copy_ebin(b, from, in_vsn(b, "consolidated")) : 0;
}

static int resolve_clean(struct builder *b, struct resolved **out)
{
	struct rel *clean = arena_new(b->arena, struct rel);
	struct rel_app *apps = arena_array(b->arena, b->rel->len, struct rel_app);

	*clean = *b->rel;
	for (size_t i = 0; i < b->rel->len; i++) {
		apps[i] = b->rel->apps[i];
		if (strcmp(apps[i].name, "kernel") != 0 && strcmp(apps[i].name, "stdlib") != 0)
			apps[i].type = START_NONE;
	}
	clean->apps = apps;
	return rel_resolve(out, b->arena, clean, tree_system(), b->path, b->err);
}

/* Applications outside OTP are found below $RELEASE_LIB, wherever they come from now. */
static void release_lib_vars(struct builder *b, struct boot_options *options)
{
	struct script_var *vars = arena_array(b->arena, b->project->libs.len + 1, struct script_var);
	size_t len = 0;

	for (size_t i = 0; i < b->project->libs.len; i++)
		vars[len++] = (struct script_var){ "RELEASE_LIB", b->project->libs.items[i] };
	if (b->elixir_lib)
		vars[len++] = (struct script_var){ "RELEASE_LIB", b->elixir_lib };
	options->vars = vars;
	options->vars_len = len;
}

static int write_boot(struct builder *b, bool consolidated)
{
	struct boot_options options = { .consolidated = consolidated,
					.providers = b->project->runtime_config,
					.atoms = atoi(b->otp->release) > 25 ? TERM_ATOMS_UTF8
									    : TERM_ATOMS_LATIN1 };
	struct resolved *clean;
	struct boot_base base;

	tell(b, "start.boot");
	release_lib_vars(b, &options);
	if (boot_base_read(&base, b->arena, tree_system(),
			   b->otp->boot, b->err) ||
	    resolve_clean(b, &clean))
		return -1;
	return boot_write(b->vsn_dir, b->arena, b->release, clean, &base, &options, b->err);
}

/* ---- releases/ ---- */

/* [{release, Name, Vsn, Erts, [{App, Vsn, "lib/App-Vsn"}], permanent}] */
static const struct term *releases_term(struct builder *b)
{
	struct arena *a = b->arena;
	struct terms libs = { NULL, 0, 0 };
	const struct term *entry;

	for (size_t i = 0; i < b->rel->len; i++) {
		const struct rel_app *app = &b->rel->apps[i];
		const char *dir = arena_printf(a, "lib/%s-%s", app->name, app->vsn);

		terms_add(a, &libs, term_tuple(a, term_atom(a, app->name), term_string(a, app->vsn),
					       term_string(a, dir)));
	}
	entry = term_tuple(a, term_atom(a, "release"), term_string(a, b->rel->name),
			   term_string(a, b->rel->vsn), term_string(a, b->rel->erts),
			   term_list_of(a, &libs), term_atom(a, "permanent"));
	return term_list(a, (const struct term *[]){ entry }, 1);
}

static int write_records(struct builder *b)
{
	const struct rel *rel = b->rel;
	const struct term *term = rel_term(b->arena, rel);
	const char *data = arena_printf(b->arena, "%s %s", rel->erts, rel->vsn);

	if (write_term(in_vsn(b, arena_printf(b->arena, "%s.rel", rel->name)), term, b->err) ||
	    write_term(in_root(b, arena_printf(b->arena, "releases/%s-%s.rel", rel->name, rel->vsn)),
		       term, b->err) ||
	    write_term(in_root(b, "releases/RELEASES"), releases_term(b), b->err) ||
	    file_put(in_root(b, "releases/start_erl.data"), span_of(data), 0644, b->err))
		return -1;
	return 0;
}

static int copy_overlays(struct builder *b)
{
	for (size_t i = 0; i < b->project->overlays.len; i++)
		if (tree_copy(b->project->overlays.items[i], b->root, b->err))
			return error_wrap(b->err, "overlay");
	return 0;
}

/* ---- the whole ---- */

static int find_libs(struct builder *b)
{
	const struct project *p = b->project;
	const char **libs = arena_array(b->arena, p->libs.len + 2, const char *);
	size_t len = 0;

	for (size_t i = 0; i < p->libs.len; i++)
		libs[len++] = p->libs.items[i];
	if (b->elixir_lib)
		libs[len++] = b->elixir_lib;
	libs[len++] = b->otp->lib;
	return lib_path_make(&b->path, b->arena, tree_system(), (struct names){ libs, len }, b->err);
}

static int resolve(struct builder *b)
{
	struct resolved *release;
	struct rel *rel;

	if (find_libs(b) ||
	    choose_applications(&rel, b->arena, b->project, b->path, b->otp->erts, b->err) ||
	    rel_resolve(&release, b->arena, rel, tree_system(), b->path, b->err))
		return -1;
	b->rel = rel;
	b->release = release;
	b->has_elixir = b->elixir_lib && rel_find(rel, "elixir");
	b->vsn_dir = in_root(b, arena_printf(b->arena, "releases/%s", rel->vsn));
	return 0;
}

int assemble(struct assembled *out, struct arena *arena, const struct project *project,
	     const struct otp *otp, const char *root,
	     void (*step)(void *context, const char *what), void *context, struct error *err)
{
	struct builder b = { .arena = arena, .project = project, .otp = otp, .root = root,
			     .elixir_lib = elixir_lib_find(arena), .step = step, .context = context, .err = err };
	const char *consolidated;

	if (resolve(&b) || dir_make(b.vsn_dir, err))
		return -1;
	consolidated = b.has_elixir ? find_consolidated(&b) : NULL;
	if (copy_applications(&b) || copy_erts(&b) || write_start_script(&b) ||
	    copy_consolidated(&b, consolidated) || write_boot(&b, consolidated) ||
	    write_configuration(&b) || copy_launchers(&b) || write_records(&b) || copy_overlays(&b))
		return -1;
	*out = (struct assembled){ root, b.rel->name, b.rel->vsn, b.rel };
	return 0;
}

static int write_manifest(const struct assembled *release, struct arena *arena, struct error *err)
{
	owned_mem char *text = NULL;
	json_t *manifest;

	if (manifest_make(&manifest, arena, release->root, release->rel, err))
		return -1;
	text = json_dumps(manifest, JSON_INDENT(1));
	json_decref(manifest);
	if (!text)
		return error_set(err, ERROR_INVALID, "a path in the release is not UTF-8");
	return file_put(path_join(arena, release->root, manifest_path(arena, release->vsn)),
			span_of(text), 0644, err);
}

int assemble_seal(const struct assembled *release, const char *tarball, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct archive_source *items;
	struct manifest_file *files;
	size_t len;

	if (write_manifest(release, &arena, err) ||
	    manifest_list(&files, &len, &arena, release->root, err))
		return -1;
	items = arena_array(&arena, len, struct archive_source);
	for (size_t i = 0; i < len; i++)
		items[i] = (struct archive_source){
			.path = files[i].path,
			.file = path_join(&arena, release->root, files[i].path),
			.mode = files[i].mode,
		};
	return archive_write(tarball, items, len, NULL, NULL, err);
}
