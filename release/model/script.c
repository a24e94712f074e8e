// SPDX-License-Identifier: Apache-2.0
/* The term of a start script: what systools_make:generate_script() writes. */
#include "release/model/script.h"
#include "base/name_table.h"
#include "erlang/term/text.h"

#include <stdlib.h>
#include <unistd.h>

enum { BOOT_MAX = 64 << 20 };

struct maker {
	struct arena *arena;
	const struct resolved *release;
	const struct boot_base *base;
	const struct script_options *options;
	const char **ebins;       /* as the script names them, by application */
	struct name_table *early; /* modules that are loaded before any application */
	struct terms out;
};

/* ---- small terms ---- */

static const struct term *atom(struct maker *m, const char *name)
{
	return term_atom(m->arena, name);
}

static const struct term *pair(struct maker *m, const char *tag, const struct term *value)
{
	return term_tuple(m->arena, atom(m, tag), value);
}

static const struct term *atoms(struct maker *m, struct names names)
{
	const struct term **items = arena_array(m->arena, names.len, const struct term *);

	for (size_t i = 0; i < names.len; i++)
		items[i] = atom(m, names.items[i]);
	return term_list(m->arena, items, names.len);
}

static const struct term *one(struct maker *m, const struct term *term)
{
	struct terms list = { 0 };

	terms_add(m->arena, &list, term);
	return term_list_of(m->arena, &list);
}

static void say(struct maker *m, const struct term *instruction)
{
	terms_add(m->arena, &m->out, instruction);
}

static void say_progress(struct maker *m, const char *what)
{
	say(m, pair(m, "progress", atom(m, what)));
}

/* {apply, {Module, Function, [argument …]}} */
static void say_apply(struct maker *m, const char *module, const char *function,
		      const struct term *args)
{
	say(m, pair(m, "apply", term_tuple(m->arena, atom(m, module), atom(m, function), args)));
}

/* ---- where applications lie ---- */

/* filename:join(): one slash between parts; an absolute part begins anew. */
static void join(struct str *path, struct span part)
{
	if (part.len && part.ptr[0] == '/')
		str_clear(path);
	else if (path->len && path->ptr[path->len - 1] != '/')
		str_addc(path, '/');
	str_add(path, part);
}

/* The next part of filename:split(): an absolute path begins with "/". */
static bool next_part(struct span *rest, struct span *part, bool first)
{
	if (first && rest->len && rest->ptr[0] == '/') {
		*part = (struct span){ rest->ptr, 1 };
		*rest = (struct span){ rest->ptr + 1, rest->len - 1 };
		return true;
	}
	while (span_next(rest, '/', part))
		if (part->len)
			return true;
	return false;
}

static size_t count_parts(struct span path)
{
	struct span part;
	size_t len = 0;

	while (next_part(&path, &part, len == 0))
		len++;
	return len;
}

/* Do the last two parts say NAME/ebin or NAME-VSN/ebin? */
static bool is_usual_folder(const struct app *app, struct span dir)
{
	struct span name = span_of(app->name), vsn = span_of(app->vsn), folder;
	const char *slash;

	if (!span_ends(dir, "/ebin"))
		return false;
	folder = (struct span){ dir.ptr, dir.len - strlen("/ebin") };
	slash = memrchr(folder.ptr, '/', folder.len);
	if (slash)
		folder = (struct span){ slash + 1, folder.len - (size_t)(slash + 1 - dir.ptr) };
	if (span_equal(folder, name))
		return true;
	return folder.len == name.len + 1 + vsn.len && span_starts(folder, app->name) &&
	       folder.ptr[name.len] == '-' && span_ends(folder, app->vsn);
}

/* "$NAME/…": the folder's parts behind as many as the variable's path has, without the
 * application's own two where they are as usual.
 */
static const char *variable_dir(struct maker *m, const struct script_var *var, size_t skip,
				const struct app *app)
{
	struct span rest = span_of(app->dir), part;
	size_t parts = count_parts(rest);
	owned_str struct str path = STR_EMPTY;

	/* What is left after skipping has to hold both. */
	if (parts >= skip + 2 && is_usual_folder(app, rest))
		parts -= 2;
	str_addf(&path, "$%s", var->name);
	for (size_t i = 0; i < parts && next_part(&rest, &part, i == 0); i++)
		if (i >= skip)
			join(&path, part);
	return arena_dup(m->arena, str_span(&path));
}

static const char *parent_folder(struct maker *m, const struct app *app)
{
	for (size_t i = 0; i < m->options->vars_len; i++) {
		const struct script_var *var = &m->options->vars[i];
		struct span prefix = span_of(var->path);

		while (prefix.len && prefix.ptr[prefix.len - 1] == '/')
			prefix.len--;
		/* Characters, not folders: systools takes /x/lib for a prefix of /x/lib2. */
		if (strncmp(app->dir, prefix.ptr, prefix.len) == 0)
			return variable_dir(m, var, count_parts(prefix), app);
	}
	return "$ROOT/lib";
}

static int absolute_dir(const char **out, struct maker *m, const char *dir, struct error *err)
{
	owned_mem char *here = NULL;

	if (dir[0] == '/') {
		*out = dir;
		return 0;
	}
	here = getcwd(NULL, 0);
	if (!here)
		return error_sys(err, "cannot tell which folder this is run in");
	*out = path_join(m->arena, arena_dup(m->arena, span_of(here)), dir);
	return 0;
}

static int name_ebin(const char **out, struct maker *m, const struct app *app, struct error *err)
{
	owned_str struct str path = STR_EMPTY;

	if (m->options->local)
		return absolute_dir(out, m, app->dir, err);
	join(&path, span_of(parent_folder(m, app)));
	join(&path, span_of(app->name));
	str_addf(&path, "-%s/ebin", app->vsn);
	*out = arena_dup(m->arena, str_span(&path));
	return 0;
}

static int name_ebins(struct maker *m, struct error *err)
{
	m->ebins = arena_array(m->arena, m->release->len, const char *);
	for (size_t i = 0; i < m->release->len; i++)
		if (name_ebin(&m->ebins[i], m, m->release->apps[i].app, err))
			return -1;
	return 0;
}

/* ---- the parts of the script, in order ---- */

static bool is_kernel(const struct app *app)
{
	return strcmp(app->name, "kernel") == 0;
}

/* Of kernel and stdlib only, or of all applications; each folder once. */
static void say_path(struct maker *m, bool all)
{
	owned_name_table struct name_table *seen = name_table_new();
	struct terms path = { 0 };

	for (size_t i = 0; i < m->release->len; i++) {
		const struct app *app = m->release->apps[i].app;
		bool is_new;

		if (!all && !is_kernel(app) && strcmp(app->name, "stdlib") != 0)
			continue;
		name_table_add(seen, m->ebins[i], &is_new);
		if (is_new)
			terms_add(m->arena, &path, term_string(m->arena, m->ebins[i]));
	}
	say(m, pair(m, "path", term_list_of(m->arena, &path)));
}

static void say_begin(struct maker *m)
{
	say(m, pair(m, "preLoaded", atoms(m, m->base->preloaded)));
	say_progress(m, "preloaded");
	say_path(m, false);
	say(m, pair(m, "primLoad", atoms(m, m->base->mandatory)));
	say(m, term_tuple(m->arena, atom(m, "kernel_load_completed")));
	say_progress(m, "kernel_load_completed");
}

static int compare_names(const void *left, const void *right)
{
	/* UTF-8 in byte order is in the order of the code points, as atoms are compared. */
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void say_modules(struct maker *m, size_t nr)
{
	struct names modules = m->release->apps[nr].app->modules;
	const char **late = arena_array(m->arena, modules.len, const char *);
	size_t len = 0;

	for (size_t i = 0; i < modules.len; i++)
		if (name_table_find(m->early, span_of(modules.items[i])) == NAME_ABSENT)
			late[len++] = modules.items[i];
	if (len)
		qsort(late, len, sizeof(late[0]), compare_names);
	say(m, pair(m, "path", one(m, term_string(m->arena, m->ebins[nr]))));
	say(m, pair(m, "primLoad", atoms(m, (struct names){ late, len })));
}

static void add_pair(struct maker *m, struct terms *list, const char *key, const struct term *value)
{
	terms_add(m->arena, list, pair(m, key, value));
}

/* What application:load/1 is given: the .app file with uses and includes rewritten. */
static const struct term *app_spec(struct maker *m, const struct resolved_app *resolved)
{
	const struct app *app = resolved->app;
	struct terms keys = { 0 };

	add_pair(m, &keys, "description", app->description);
	add_pair(m, &keys, "vsn", term_string(m->arena, app->vsn));
	add_pair(m, &keys, "id", app->id);
	add_pair(m, &keys, "modules", atoms(m, app->modules));
	add_pair(m, &keys, "registered", atoms(m, app->registered));
	add_pair(m, &keys, "applications", atoms(m, resolved->uses));
	add_pair(m, &keys, "optional_applications", atoms(m, app->optional));
	add_pair(m, &keys, "included_applications", atoms(m, resolved->includes));
	add_pair(m, &keys, "env", app->env);
	add_pair(m, &keys, "maxT", app->max_t);
	add_pair(m, &keys, "maxP", app->max_p);
	if (app->start_phases)
		add_pair(m, &keys, "start_phases", app->start_phases);
	if (app->mod)
		add_pair(m, &keys, "mod", app->mod);
	return term_tuple(m->arena, atom(m, "application"), atom(m, app->name),
			  term_list_of(m->arena, &keys));
}

static void say_process(struct maker *m, const char *name, const char *module, const char *function,
			const struct term *args)
{
	say(m, term_tuple(m->arena, atom(m, "kernelProcess"), atom(m, name),
			  term_tuple(m->arena, atom(m, module), atom(m, function), args)));
}

static void say_kernel_processes(struct maker *m)
{
	const struct term *kernel = app_spec(m, resolved_find(m->release, "kernel"));

	say_process(m, "heart", "heart", "start", &term_nil);
	say_process(m, "logger", "logger_server", "start_link", &term_nil);
	say_process(m, "application_controller", "application_controller", "start", one(m, kernel));
	say_progress(m, "init_kernel_started");
}

static void say_loads(struct maker *m)
{
	for (size_t i = 0; i < m->release->len; i++) {
		const struct resolved_app *app = &m->release->apps[i];

		if (!is_kernel(app->app) && app->entry->type != START_NONE)
			say_apply(m, "application", "load", one(m, app_spec(m, app)));
	}
	say_progress(m, "applications_loaded");
}

static void say_starts(struct maker *m)
{
	for (size_t i = 0; i < m->release->len; i++) {
		const struct resolved_app *app = &m->release->apps[i];
		enum start_type type = app->entry->type;
		struct terms args = { 0 };

		if (app->included || type == START_LOAD || type == START_NONE)
			continue;
		terms_add(m->arena, &args, atom(m, app->app->name));
		terms_add(m->arena, &args, atom(m, start_type_name(type)));
		say_apply(m, "application", "start_boot", term_list_of(m->arena, &args));
	}
}

static void say_all(struct maker *m)
{
	say_begin(m);
	for (size_t i = 0; i < m->release->len; i++)
		say_modules(m, i);
	say_progress(m, "modules_loaded");
	say_path(m, true);
	say_kernel_processes(m);
	say_loads(m);
	say_starts(m);
	if (!m->options->no_dot_erlang)
		say_apply(m, "c", "erlangrc", &term_nil);
	say_progress(m, "started");
}

static void collect_early(struct name_table *early, struct names names)
{
	for (size_t i = 0; i < names.len; i++)
		name_table_add(early, names.items[i], NULL);
}

static int check_one_kernel(const struct resolved *release, struct error *err)
{
	size_t len = 0;

	for (size_t i = 0; i < release->len; i++)
		len += is_kernel(release->apps[i].app);
	if (len == 1)
		return 0;
	return error_otp(err, "badmatch", "the release must list kernel once, not %zu times", len);
}

int script_make(const struct term **out, struct arena *arena, const struct resolved *release,
		const struct boot_base *base, const struct script_options *options,
		struct error *err)
{
	owned_name_table struct name_table *early = name_table_new();
	struct maker m = {
		.arena = arena,
		.release = release,
		.base = base,
		.options = options,
		.early = early,
	};

	collect_early(early, base->mandatory);
	collect_early(early, base->preloaded);
	if (check_one_kernel(release, err) || name_ebins(&m, err))
		return -1;
	say_all(&m);
	*out = term_tuple(arena, atom(&m, "script"),
			  term_tuple(arena, term_string(arena, release->rel->name),
				     term_string(arena, release->rel->vsn)),
			  term_list_of(arena, &m.out));
	return 0;
}

/* ---- what every script begins with ---- */

/* The module list of the first instruction of that name. */
static bool first_modules(struct names *out, struct arena *arena, const struct term *instructions,
			  const char *tag)
{
	const struct term *list = term_proplist_get(instructions, tag);

	return list && names_from_list(out, arena, list);
}

int boot_base_read(struct boot_base *out, struct arena *arena, const struct tree *tree,
		   const char *file, struct error *err)
{
	owned_str struct str bytes = STR_EMPTY;
	const struct term *script;
	struct boot_base base;

	if (tree_read(tree, file, BOOT_MAX, &bytes, err))
		return -1;
	if (term_decode(&script, arena, str_span(&bytes), TERM_LIMITS_FILE, NULL, err))
		return error_wrap(err, "%s", file);
	if (!term_is_tagged(script, "script", 3) || !term_is_list(term_at(script, 2)) ||
	    !first_modules(&base.preloaded, arena, term_at(script, 2), "preLoaded") ||
	    !first_modules(&base.mandatory, arena, term_at(script, 2), "primLoad"))
		return error_set(err, ERROR_INVALID,
				 "%s is no boot file: it must hold {script, _, [{preLoaded, _}, …, "
				 "{primLoad, _}, …]}",
				 file);
	*out = base;
	return 0;
}
