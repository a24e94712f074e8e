// SPDX-License-Identifier: Apache-2.0
#include "release/build/assemble.h"

#include "base/file.h"
#include "base/parallel.h"
#include "base/process.h"
#include "release/build/builder.h"
#include "release/files/archive.h"
#include "release/model/boot.h"
#include "release/project/choose.h"
#include "release/project/git.h"
#include "release/project/stale.h"
#include "release/read/manifest.h"

#include <unistd.h>

enum { HOOK_OUTPUT_MAX = 16 << 20, HOOK_TIMEOUT_MS = 3600 * 1000 };

/* ---- bin/ ---- */

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

static int put_text(struct builder *b, const char *text, enum template_file fallback,
		    const char *to)
{
	return text ? file_put(to, span_of(text), 0644, b->err)
		    : put_template(b, fallback, to, 0644);
}

/* What the start script fills in, and how. */
static int write_sources(struct builder *b)
{
	const struct configured *c = &b->configured;

	if (!c->sys_config_src && !c->fills_vm_args)
		return 0;
	if ((c->sys_config_src &&
	     file_put(in_vsn(b, "sys.config.src"), span_of(c->sys_config_src), 0644, b->err)) ||
	    (c->fills_vm_args &&
	     file_put(in_vsn(b, "vm.args.src"), span_of(c->vm_args), 0644, b->err)))
		return -1;
	return put_template(b, TEMPLATE_FILL, in_vsn(b, "fill.sh"), 0644);
}

/* bin/NAME reads the one without the node's name and cookie; other start scripts, as relx's that
 * went on when the system was adopted, know only vm.args.
 */
static int write_vm_args(struct builder *b)
{
	const struct configured *c = &b->configured;

	if (!c->named_vm_args)
		return put_text(b, c->vm_args, TEMPLATE_VM_ARGS, in_vsn(b, "vm.args"));
	return file_put(in_vsn(b, "vm.args"), span_of(c->named_vm_args), 0600, b->err) ||
			       file_put(in_vsn(b, "relevo.vm.args"), span_of(c->vm_args), 0644,
					b->err)
		       ? -1
		       : 0;
}

static int write_configuration(struct builder *b)
{
	const struct configured *c = &b->configured;
	const char *runtime = b->project->runtime_config;

	if (c->note)
		builder_warn(b, c->note);
	if (write_sources(b) || file_put(in_vsn(b, "sys.config"), c->sys_config, 0644, b->err) ||
	    (runtime && file_copy(runtime, in_vsn(b, "runtime.exs"), 0644, b->err)) ||
	    write_vm_args(b) ||
	    put_text(b, c->remote_vm_args, TEMPLATE_VM_ARGS, in_vsn(b, "remote.vm.args")) ||
	    put_text(b, c->env, TEMPLATE_ENV, in_vsn(b, "env.sh")) ||
	    put_template(b, TEMPLATE_READY, in_vsn(b, "ready.args"), 0644))
		return -1;
	return 0;
}

static int write_term(const char *path, const struct term *term, struct error *err)
{
	owned_str struct str text = STR_EMPTY;

	term_print_file(&text, term);
	return file_put(path, str_span(&text), 0644, err);
}

/* Where Elixir's applications are, as its versions say it; a release has its own path. */
static void take_out_paths(struct str *out, struct span launcher)
{
	static const char *const flags[] = {
		" -pa \"$SCRIPT_PATH\"/../lib/*/ebin",
		" -elixir_root \"$SCRIPT_PATH\"/../lib -pa \"$SCRIPT_PATH\"/../lib/elixir/ebin",
	};
	owned_str struct str without_first = STR_EMPTY;

	template_fill(&without_first, launcher, flags[0], "");
	template_fill(out, str_span(&without_first), flags[1], "");
}

/* Elixir's own launcher finds OTP in PATH; in a release it must find the packed one. */
static int copy_launcher(struct builder *b, const char *name)
{
	owned_str struct str text = STR_EMPTY, relocated = STR_EMPTY, out = STR_EMPTY;
	const char *from =
		arena_printf(b->arena, "%s/bin/%s", path_dir(b->arena, b->elixir_lib), name);
	const char *erts = arena_printf(
		b->arena, "\nERTS_BIN=\nERTS_BIN=\"$SCRIPT_PATH\"/../../erts-%s/bin/\n",
		b->otp->erts);

	if (file_read(from, 1 << 20, &text, b->err))
		return -1;
	take_out_paths(&relocated, str_span(&text));
	if (!packs_erts(b))
		str_add(&out, str_span(&relocated));
	else
		template_fill(&out, str_span(&relocated), "\nERTS_BIN=\nERTS_BIN=\"$ERTS_BIN\"\n",
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
	const char *to = in_vsn(b, "consolidated");

	if (!from)
		return 0;
	if (!b->options->links)
		return copy_ebin(b, from, to);
	return symlink(from, to) ? error_sys(b->err, "cannot link %s", to) : 0;
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

/* The release with its applications where they are now, in the tree: applications outside OTP lie
 * below $RELEASE_LIB as App-Vsn, whatever their folder was called; OTP's own stay below $ROOT.
 */
static const struct resolved *as_copied(struct builder *b, const struct resolved *release)
{
	struct resolved *copied = arena_new(b->arena, struct resolved);
	struct resolved_app *apps = arena_array(b->arena, release->len, struct resolved_app);

	for (size_t i = 0; i < release->len; i++) {
		struct app *app = arena_new(b->arena, struct app);

		apps[i] = release->apps[i];
		*app = *apps[i].app;
		if (!span_starts(span_of(app->dir), b->otp->lib))
			app->dir = arena_printf(b->arena, "%s/lib/%s-%s/ebin", b->root, app->name,
						app->vsn);
		apps[i].app = app;
	}
	*copied = *release;
	copied->apps = apps;
	return copied;
}

static int write_boot(struct builder *b, bool consolidated)
{
	const struct script_var lib = { "RELEASE_LIB", in_root(b, "lib") };
	struct boot_options options = { .vars = &lib,
					.vars_len = 1,
					.consolidated = consolidated,
					.providers = b->configured.providers,
					.atoms = otp_atoms(b->otp) };
	struct resolved *clean;
	struct boot_base base;

	builder_tell(b, "start.boot");
	if (boot_base_read(&base, b->arena, tree_system(), b->otp->boot, b->err) ||
	    resolve_clean(b, &clean))
		return -1;
	return boot_write(b->vsn_dir, b->arena, as_copied(b, b->release), as_copied(b, clean),
			  &base, &options, b->err);
}

/* ---- releases/ ---- */

/* [{Module, Function}] of "Shop.Release.told" and "shop:told". */
static const struct term *functions_term(struct arena *arena, struct names names)
{
	struct terms list = { 0 };

	for (size_t i = 0; i < names.len; i++) {
		const char *text = names.items[i], *colon = strchr(text, ':');
		const char *cut = colon ? colon : strrchr(text, '.');
		const char *module = arena_printf(arena, "%s%.*s", colon ? "" : "Elixir.",
						  (int)(cut - text), text);

		terms_add(arena, &list,
			  term_tuple(arena, term_atom(arena, module), term_atom(arena, cut + 1)));
	}
	return term_list_of(arena, &list);
}

static int write_records(struct builder *b)
{
	const struct rel *rel = b->rel;
	const struct term *term = rel_term(b->arena, rel);
	const char *data = arena_printf(b->arena, "%s %s", rel->erts, rel->vsn);
	const char *cookie = b->configured.cookie;

	if (write_term(in_vsn(b, arena_printf(b->arena, "%s.rel", rel->name)), term, b->err) ||
	    write_term(
		    in_root(b, arena_printf(b->arena, "releases/%s-%s.rel", rel->name, rel->vsn)),
		    term, b->err) ||
	    write_term(in_root(b, "releases/RELEASES"), rel_releases_term(b->arena, rel), b->err) ||
	    file_put(in_root(b, "releases/start_erl.data"), span_of(data), 0644, b->err))
		return -1;
	if (b->project->upgrade_after.len > 0 &&
	    write_term(in_vsn(b, "relevo.after"),
		       functions_term(b->arena, b->project->upgrade_after), b->err))
		return -1;
	return cookie ? file_put(in_root(b, "releases/COOKIE"), span_of(cookie), 0600, b->err) : 0;
}

/* ---- the whole ---- */

/* Nothing was, or for development only. */
static int not_compiled(struct builder *b, const char *where)
{
	const char *dir = b->project->dir;
	bool rebar = path_exists(path_join(b->arena, dir, "rebar.config")) &&
		     !path_exists(path_join(b->arena, dir, "mix.exs"));
	bool dev = path_is_dir(path_join(b->arena, dir, "_build/dev/lib"));

	error_set_(b->err, ERROR_NOT_FOUND, "%s: no compiled applications in %s%s", dir, where,
		   dev ? ", only in _build/dev/lib" : "");
	return error_hint(b->err, "Compile first (%s), or set \"libs\".",
			  rebar ? "rebar3 compile" : "MIX_ENV=prod mix compile");
}

/* A glob may be for what comes later. */
static bool any_there(struct names libs)
{
	for (size_t i = 0; i < libs.len; i++)
		if (strchr(libs.items[i], '*') || path_is_dir(libs.items[i]))
			return true;
	return false;
}

static int find_libs(struct builder *b)
{
	const struct project *p = b->project;
	const char **libs = arena_array(b->arena, p->libs.len + 2, const char *);
	size_t len = 0;

	if (p->libs.len == 0)
		return not_compiled(b, "_build/prod/lib or _build/default/lib");
	if (!any_there(p->libs))
		return not_compiled(b, p->libs.items[0]);
	for (size_t i = 0; i < p->libs.len; i++)
		libs[len++] = p->libs.items[i];
	if (b->elixir_lib)
		libs[len++] = b->elixir_lib;
	libs[len++] = b->otp->lib;
	if (lib_path_make(&b->path, b->arena, tree_system(), (struct names){ libs, len }, b->err))
		return -1;
	b->path.registered = p->registered;
	b->path.registered_len = p->registered_len;
	return 0;
}

static int check_registered(struct builder *b, const struct rel *rel)
{
	for (size_t i = 0; i < b->project->registered_len; i++)
		if (!rel_find(rel, b->project->registered[i].app))
			return error_set(b->err, ERROR_INVALID,
					 "%s: registered: %s is not in the release",
					 b->project->file, b->project->registered[i].app);
	return 0;
}

/* The names are often those of a dependency, which its user cannot change. */
static int resolve_release(struct builder *b, struct resolved **out, const struct rel *rel)
{
	if (check_registered(b, rel))
		return -1;
	if (rel_resolve(out, b->arena, rel, tree_system(), b->path, b->err) == 0)
		return 0;
	if (strcmp(b->err->otp, "duplicate_register") != 0)
		return -1;
	return error_hint(b->err,
			  "Where an .app claims a name that its application does not "
			  "have, %s corrects it: registered: {APPLICATION: [NAME, ...]}",
			  path_base(b->project->file));
}

static int resolve(struct builder *b)
{
	struct resolved *release;
	struct rel *rel;

	if (find_libs(b) ||
	    choose_applications(&rel, b->arena, b->project, b->path, b->otp->erts, b->err) ||
	    resolve_release(b, &release, rel))
		return -1;
	b->rel = rel;
	b->release = release;
	b->has_elixir = b->elixir_lib && rel_find(rel, "elixir");
	b->vsn_dir = in_root(b, arena_printf(b->arena, "releases/%s", rel->vsn));
	return 0;
}

static struct archive_source source_of(struct arena *arena, const char *root,
				       const struct manifest_file *file)
{
	return (struct archive_source){
		.path = file->path,
		.file = path_join(arena, root, file->path),
		.mode = file->mode,
	};
}

static bool is_awaited(void *configuration)
{
	return !beside_over(configuration);
}

/* Applications and the runtime system are as they will be packed, but for an appup or an overlay.
 */
static int pack_ahead(struct builder *b, struct beside *configuration)
{
	struct archive_source *items;
	struct manifest_file *files;
	size_t len, count = 0;

	if (b->options->links || beside_over(configuration))
		return 0;
	if (manifest_list(&files, &len, b->arena, b->root, b->err))
		return -1;
	items = arena_array(b->arena, len, struct archive_source);
	for (size_t i = 0; i < len; i++)
		if (!span_starts(span_of(files[i].path), "releases/"))
			items[count++] = source_of(b->arena, b->root, &files[i]);
	return archive_ahead(items, count, is_awaited, configuration, b->err);
}

/* What does not depend on the configuration. */
static int make_first(struct builder *b, const char *consolidated, struct beside *configuration)
{
	return copy_applications(b) || write_start_script(b) ||
			       copy_consolidated(b, consolidated) || copy_launchers(b) ||
			       pack_ahead(b, configuration)
		       ? -1
		       : 0;
}

static int make_rest(struct builder *b, const char *consolidated)
{
	return write_boot(b, consolidated) || write_configuration(b) || write_records(b) ||
			       copy_overlays(b)
		       ? -1
		       : 0;
}

/* On a thread of its own: Elixir takes its time. */
static int configure_beside(void *context, struct error *err)
{
	struct builder *b = context;

	return configure(&b->configured, b->arena, b->project, b->release, err);
}

static int make(struct builder *b)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct builder own = *b;
	struct beside configuration = { .work = configure_beside, .context = &own };
	const char *consolidated = b->has_elixir ? find_consolidated(b) : NULL;
	int ret;

	own.arena = &arena;
	builder_tell(b, "configuration");
	beside_begin(&configuration);
	ret = make_first(b, consolidated, &configuration);
	/* Of two errors it is always the same that is told. */
	if (beside_end(&configuration, b->err) || ret)
		return -1;
	b->configured = own.configured;
	if (b->configured.cookie) /* it is wanted for longer than the rest */
		b->configured.cookie = arena_dup(b->arena, span_of(b->configured.cookie));
	return make_rest(b, consolidated);
}

int assemble(struct assembled *out, struct arena *arena, const struct project *project,
	     const struct otp *otp, const char *root, const struct assemble_options *options,
	     struct error *err)
{
	struct builder b = { .arena = arena,
			     .project = project,
			     .otp = otp,
			     .root = root,
			     .elixir_lib = elixir_lib_find(arena),
			     .options = options,
			     .err = err };

	if (resolve(&b) || check_given_files(&b) || dir_make(b.vsn_dir, err))
		return -1;
	if (options->warn)
		stale_look(project, b.release, options->warn, options->context);
	if (make(&b))
		return -1;
	*out = (struct assembled){ root,  b.rel->name, b.rel->vsn,
				   b.rel, project,     b.configured.cookie };
	return 0;
}

int assemble_hook(const struct project *project, const char *command, const char *const *env,
		  struct error *err)
{
	owned_process_result struct process_result result = { 0, STR_EMPTY, STR_EMPTY };
	const char *const argv[] = { "sh", "-c", command, NULL };
	struct process_options options = { .dir = project->dir,
					   .env = env,
					   .output_max = HOOK_OUTPUT_MAX,
					   .timeout_ms = HOOK_TIMEOUT_MS };
	char how[PROCESS_ENDING_MAX];

	if (process_run(&result, argv, &options, err))
		return error_wrap(err, "%s: hook \"%.80s\"", project->file, command);
	if (result.status == 0)
		return 0;
	error_set_(err, ERROR_FAILED, "%s: hook \"%.80s\" %s", project->file, command,
		   process_ending(result.status, how));
	return error_hint(err, "%.1000s%.500s", str_text(&result.err), str_text(&result.out));
}

static json_t *provenance(const struct git *git)
{
	return json_pack("{s:s, s:s*, s:s*, s:b}", "commit", git->commit, "branch", git->branch,
			 "describe", git->describe, "dirty", git->dirty);
}

static int write_manifest(const struct assembled *release, struct arena *arena, struct error *err)
{
	owned_mem char *text = NULL;
	struct git *git;
	json_t *manifest;

	if (git_read(&git, arena, release->project->dir, err) ||
	    manifest_make(&manifest, arena, release->root, release->rel, err))
		return -1;
	if (git)
		json_object_set_new(manifest, "provenance", provenance(git));
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
	items = arena_array(&arena, len + 1, struct archive_source);
	for (size_t i = 0; i < len; i++)
		items[i] = source_of(&arena, release->root, &files[i]);
	if (release->cookie)
		items[len++] = (struct archive_source){
			.path = "releases/COOKIE",
			.file = path_join(&arena, release->root, "releases/COOKIE"),
			.mode = 0600,
		};
	return archive_write(tarball, items, len, NULL, NULL, err);
}
