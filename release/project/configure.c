// SPDX-License-Identifier: Apache-2.0
#include "release/project/configure.h"

#include "base/file.h"
#include "base/process.h"
#include "release/project/config_cache.h"
#include "release/project/fill.h"
#include "release/project/template.h"
#include "release/project/vm_args.h"

enum { FILE_MAX = 1 << 20 };

struct configurer {
	struct arena *arena;
	const struct project *project;
	const struct resolved *release;
	struct error *err;
};

static bool is_exs(const char *file)
{
	return span_ends(span_of(file), ".exs");
}

static bool is_eex(const char *file)
{
	return file && span_ends(span_of(file), ".eex");
}

/* [{App, [{Key, Value}]} | "other file"] */
static int check_shape(const struct term *config, const char *name, struct error *err)
{
	if (!term_is_list(config))
		return error_set(err, ERROR_INVALID,
				 "%s: want one list of {Application, [{Key, Value}]}", name);
	for (size_t i = 0; i < config->seq.len; i++) {
		const struct term *entry = config->seq.items[i];
		bool is_app = term_is_tuple(entry, 2) && term_atom_name(term_at(entry, 0)) &&
			      term_is_list(term_at(entry, 1));

		if (!is_app && !term_is_list(entry))
			return error_set(err, ERROR_INVALID,
					 "%s:%u: want {Application, [{Key, Value}]}", name,
					 entry->line);
	}
	return 0;
}

static int read_plain(struct configurer *c, const char *file, struct span *out)
{
	owned_str struct str text = STR_EMPTY;
	const struct term *config;

	if (file_read(file, TERM_TEXT_MAX, &text, c->err) ||
	    term_parse_one(&config, c->arena, str_span(&text), file, c->err) ||
	    check_shape(config, file, c->err))
		return -1;
	*out = (struct span){ arena_dup(c->arena, str_span(&text)), text.len };
	return 0;
}

/* The values are not known yet, but what surrounds them is: it is looked at with samples. */
static int read_source(struct configurer *c, const char *file, struct configured *out)
{
	owned_str struct str text = STR_EMPTY, sample = STR_EMPTY;
	const struct term *config;

	if (out->providers) {
		error_set_(c->err, ERROR_INVALID,
			   "%s: config.sys is %s, which is filled in at each start, so it cannot "
			   "be completed by config.runtime or config.providers",
			   c->project->file, file);
		return error_hint(c->err, "Read the environment in runtime.exs instead.");
	}
	if (file_read(file, TERM_TEXT_MAX, &text, c->err))
		return -1;
	fill_sample(&sample, str_span(&text));
	if (term_parse_one(&config, c->arena, str_span(&sample), file, c->err) ||
	    check_shape(config, file, c->err))
		return -1;
	out->sys_config_src = arena_dup(c->arena, str_span(&text));
	out->sys_config = SPAN("%% The start script makes its own of sys.config.src.\n[].\n");
	return 0;
}

static int read_sys(struct configurer *c, const char *file, struct configured *out)
{
	return fill_is_source(file) ? read_source(c, file, out)
				    : read_plain(c, file, &out->sys_config);
}

/* ---- what is told to template/config.exs ---- */

struct pairs {
	const struct term *keys[12], *values[12];
	size_t len;
};

static void put(struct configurer *c, struct pairs *pairs, const char *key,
		const struct term *value)
{
	pairs->keys[pairs->len] = term_atom(c->arena, key);
	pairs->values[pairs->len++] = value;
}

static const struct term *map_of(struct configurer *c, const struct pairs *pairs)
{
	return term_map(c->arena, pairs->keys, pairs->values, pairs->len);
}

/* "" where there is none. */
static const struct term *binary(struct configurer *c, const char *text)
{
	return term_binary(c->arena, span_of(text ? text : ""));
}

static const struct term *binaries(struct configurer *c, struct names names)
{
	struct terms list = { 0 };

	for (size_t i = 0; i < names.len; i++)
		terms_add(c->arena, &list, binary(c, names.items[i]));
	return term_list_of(c->arena, &list);
}

/* #{App => compile_env}: by name, which is Mix's order. */
static const struct term *compile_envs(struct configurer *c)
{
	const struct rel *rel = c->release->rel;
	const struct term **keys = arena_array(c->arena, rel->len, const struct term *);
	const struct term **values = arena_array(c->arena, rel->len, const struct term *);

	for (size_t i = 0; i < rel->len; i++) {
		const struct app *app = resolved_find(c->release, rel->apps[i].name)->app;
		const struct term *env = term_proplist_get(term_at(app->term, 2), "compile_env");

		keys[i] = term_atom(c->arena, rel->apps[i].name);
		values[i] = env && term_is_list(env) ? env : &term_nil;
	}
	return term_map(c->arena, keys, values, rel->len);
}

/* Everything the applications remember of the configuration they were compiled with; false
 * when that is nothing.
 */
static const struct term *compile_env(struct configurer *c)
{
	const struct term *envs = compile_envs(c);
	struct terms all = { 0 };

	for (size_t i = 0; c->project->validate_compile_env && i < envs->map.len; i++)
		for (size_t k = 0; k < envs->map.values[i]->seq.len; k++)
			terms_add(c->arena, &all, envs->map.values[i]->seq.items[k]);
	return all.len ? term_list_of(c->arena, &all) : term_bool(false);
}

/* Config providers and values of the configuration may be of the project's own modules. */
static const struct term *code_paths(struct configurer *c)
{
	struct terms list = { 0 };

	for (size_t i = c->release->len; i > 0; i--)
		terms_add(c->arena, &list, binary(c, c->release->apps[i - 1].app->dir));
	return term_list_of(c->arena, &list);
}

/* [{App, Mode}] */
static const struct term *boot_script(struct configurer *c)
{
	struct terms list = { 0 };

	for (size_t i = 0; i < c->release->rel->len; i++) {
		const struct rel_app *app = &c->release->rel->apps[i];

		terms_add(c->arena, &list,
			  term_tuple(c->arena, term_atom(c->arena, app->name),
				     term_atom(c->arena, start_type_name(app->type))));
	}
	return term_list_of(c->arena, &list);
}

/* #{App => [{vsn, Vsn}, {mode, Mode}]} */
static const struct term *applications(struct configurer *c)
{
	const struct rel *rel = c->release->rel;
	const struct term **keys = arena_array(c->arena, rel->len, const struct term *);
	const struct term **values = arena_array(c->arena, rel->len, const struct term *);

	for (size_t i = 0; i < rel->len; i++) {
		const struct term *vsn = term_tuple(c->arena, term_atom(c->arena, "vsn"),
						    term_string(c->arena, rel->apps[i].vsn));
		const struct term *mode =
			term_tuple(c->arena, term_atom(c->arena, "mode"),
				   term_atom(c->arena, start_type_name(rel->apps[i].type)));
		const struct term **pair = arena_array(c->arena, 2, const struct term *);

		pair[0] = vsn;
		pair[1] = mode;
		keys[i] = term_atom(c->arena, rel->apps[i].name);
		values[i] = term_list(c->arena, pair, 2);
	}
	return term_map(c->arena, keys, values, rel->len);
}

/* The fields of Mix's %Mix.Release{}; paths are below the root, for they must not depend on
 * where the release is built.
 */
static const struct term *release_term(struct configurer *c)
{
	const struct rel *rel = c->release->rel;
	struct pairs boot = { .len = 0 }, pairs = { .len = 0 };

	put(c, &boot, "start", boot_script(c));
	put(c, &pairs, "name", term_atom(c->arena, rel->name));
	put(c, &pairs, "version", binary(c, rel->vsn));
	put(c, &pairs, "path", binary(c, "."));
	put(c, &pairs, "version_path", binary(c, arena_printf(c->arena, "releases/%s", rel->vsn)));
	put(c, &pairs, "erts_version", term_string(c->arena, rel->erts));
	put(c, &pairs, "applications", applications(c));
	put(c, &pairs, "boot_scripts", map_of(c, &boot));
	put(c, &pairs, "options", &term_nil);
	return map_of(c, &pairs);
}

static const struct term *templates(struct configurer *c)
{
	const struct project *p = c->project;
	const char *const files[][2] = { { "vm_args", p->vm_args },
					 { "remote_vm_args", p->remote_vm_args },
					 { "env", p->env } };
	struct terms list = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (is_eex(files[i][1]))
			terms_add(c->arena, &list,
				  term_tuple(c->arena, term_atom(c->arena, files[i][0]),
					     binary(c, files[i][1])));
	return term_list_of(c->arena, &list);
}

static const struct term *input_term(struct configurer *c, bool sys)
{
	const struct project *p = c->project;
	const char *runtime =
		arena_printf(c->arena, "/releases/%s/runtime.exs", c->release->rel->vsn);
	struct pairs pairs = { .len = 0 };

	put(c, &pairs, "sys", binary(c, sys ? p->sys_config : NULL));
	put(c, &pairs, "runtime", binary(c, p->runtime_config ? runtime : NULL));
	put(c, &pairs, "providers", binaries(c, p->providers));
	put(c, &pairs, "reboot", term_bool(p->reboot_after_config));
	put(c, &pairs, "prune", term_bool(p->prune_after_boot));
	put(c, &pairs, "distribution", term_bool(p->distribution_during_config));
	put(c, &pairs, "compile_env", compile_env(c));
	put(c, &pairs, "paths", code_paths(c));
	put(c, &pairs, "release", release_term(c));
	put(c, &pairs, "templates", templates(c));
	return map_of(c, &pairs);
}

/* ---- one run of elixir ---- */

/* What it said, without the start of what it always says. */
static int refused(struct configurer *c, const struct process_result *result)
{
	struct span said = span_trim(str_span(&result->err));

	return error_set(c->err, ERROR_INVALID, "what %s configures cannot be evaluated:\n%.*s",
			 c->project->file, (int)(said.len > 1500 ? 1500 : said.len), said.ptr);
}

static int run_elixir(struct configurer *c, struct span input, struct str *answer)
{
	owned_process_result struct process_result result = { 0, STR_EMPTY, STR_EMPTY };
	struct span reads = template_text(TEMPLATE_READS), script = template_text(TEMPLATE_CONFIG);
	const char *both =
		arena_printf(c->arena, SPAN_FMT SPAN_FMT, SPAN_ARG(reads), SPAN_ARG(script));
	const char *const argv[] = { "elixir", "-e", both, NULL };
	const char *const env[] = { "ERL_CRASH_DUMP=/dev/null", NULL };
	struct process_options options = { .dir = c->project->dir,
					   .env = env,
					   .input = input,
					   .output_max = TERM_TEXT_MAX,
					   .timeout_ms = 120000 };

	if (process_run(&result, argv, &options, c->err)) {
		error_wrap_(c->err, "elixir, which evaluates what %s configures", c->project->file);
		return c->err->kind == ERROR_NOT_FOUND
			       ? error_hint(c->err,
					    "Put it into PATH, or configure with plain files.")
			       : -1;
	}
	if (result.status != 0)
		return refused(c, &result);
	str_add(answer, str_span(&result.out));
	return 0;
}

/* It is asked only when the answer is not known from an earlier build. */
static int ask_elixir(struct configurer *c, const struct term *input, const struct term **out)
{
	owned_str struct str question = STR_EMPTY, answer = STR_EMPTY;
	owned_config_cache struct config_cache cache;

	term_print(&question, input);
	str_adds(&question, ".");
	config_cache_open(&cache, c->project, str_span(&question));
	if (!config_cache_get(&cache, &answer)) {
		if (run_elixir(c, str_span(&question), &answer))
			return -1;
		config_cache_put(&cache, str_span(&answer));
	}
	return term_parse_one(out, c->arena, str_span(&answer), "configuration", c->err);
}

static void print_config(struct configurer *c, const struct term *config, bool reboot,
			 struct span *out)
{
	owned_str struct str text = STR_EMPTY;

	/* bin/NAME looks for the second line. */
	str_addf(&text, "%%%% coding: utf-8\n%%%% RUNTIME_CONFIG=%s\n", reboot ? "true" : "false");
	term_print_pretty(&text, config);
	str_adds(&text, ".\n");
	*out = (struct span){ arena_dup(c->arena, str_span(&text)), text.len };
}

static void take_text(struct configurer *c, const struct term *texts, const char *name,
		      const char **out)
{
	const struct term *text = term_proplist_get(texts, name);

	if (text && text->kind == TERM_BINARY)
		*out = arena_dup(c->arena, text->text);
}

static int evaluate(struct configurer *c, struct configured *out, bool sys)
{
	const struct term *result, *texts;

	if (ask_elixir(c, input_term(c, sys), &result))
		return -1;
	if (!term_is_tuple(result, 2) || !term_is_list(term_at(result, 1)))
		return error_set(c->err, ERROR_FAILED, "elixir gave no configuration");
	if (check_shape(term_at(result, 0), "configuration", c->err))
		return -1;
	texts = term_at(result, 1);
	take_text(c, texts, "vm_args", &out->vm_args);
	take_text(c, texts, "remote_vm_args", &out->remote_vm_args);
	take_text(c, texts, "env", &out->env);
	if (sys)
		print_config(c, term_at(result, 0),
			     out->providers && c->project->reboot_after_config, &out->sys_config);
	return 0;
}

/* ---- the whole ---- */

static int read_text(struct configurer *c, const char *file, const char **out)
{
	owned_str struct str text = STR_EMPTY;

	if (!file || is_eex(file))
		return 0;
	if (file_read(file, FILE_MAX, &text, c->err))
		return -1;
	*out = arena_dup(c->arena, str_span(&text));
	return 0;
}

/* ---- the node's name and cookie ---- */

static void add_default(struct str *env, const char *variable, const char *value)
{
	str_addf(env, "[ -n \"${%s:-}\" ] || export %s=", variable, variable);
	fill_shell(env, span_of(value));
	str_addc(env, '\n');
}

/* Whether a line that is no comment says it. */
static bool says(const char *script, const char *what)
{
	struct span rest = span_of(script), line;

	while (span_next(&rest, '\n', &line))
		if (!span_starts(span_trim(line), "#") &&
		    memmem(line.ptr, line.len, what, strlen(what)))
			return true;
	return false;
}

static int move_node(struct configurer *c, const struct vm_args *args, struct str *env)
{
	if (says(str_text(env), "RELEASE_DISTRIBUTION=none") ||
	    says(str_text(env), "RELEASE_DISTRIBUTION=\"none\""))
		return error_set(c->err, ERROR_INVALID,
				 "%s has -%s %s, and %s has RELEASE_DISTRIBUTION=none: take one of "
				 "them out",
				 c->project->vm_args, args->distribution, args->node,
				 c->project->env);
	add_default(env, "RELEASE_DISTRIBUTION", args->distribution);
	add_default(env, "RELEASE_NODE", args->node);
	return 0;
}

/* One that the environment gives is asked for at each start; another is packed. */
static int move_cookie(struct configurer *c, const char *cookie, struct configured *out,
		       struct str *env)
{
	if (strstr(cookie, "${")) {
		add_default(env, "RELEASE_COOKIE", cookie);
		return 0;
	}
	if (!cookie_fits(cookie))
		return error_set(c->err, ERROR_INVALID, "%s: -setcookie: want " COOKIE_WANTED,
				 c->project->vm_args);
	if (out->cookie && strcmp(out->cookie, cookie) != 0)
		return error_set(c->err, ERROR_INVALID,
				 "%s: -setcookie is not the \"cookie\" of %s: take one of them out",
				 c->project->vm_args, c->project->file);
	out->cookie = cookie;
	return 0;
}

static const char *describe_move(struct configurer *c, const struct vm_args *args)
{
	const char *node =
		args->node ? arena_printf(c->arena, "-%s %s", args->distribution, args->node) : "";

	return arena_printf(
		c->arena, "%s: bin/%s gives %s%s%s to the VM itself: moved to env.sh%s",
		c->project->vm_args, c->release->rel->name, node,
		args->node && args->cookie ? " and " : "", args->cookie ? "-setcookie" : "",
		args->cookie && !strstr(args->cookie, "${") ? " and releases/COOKIE" : "");
}

static int move_names(struct configurer *c, struct configured *out)
{
	owned_str struct str env = STR_EMPTY;
	struct vm_args args;

	if (vm_args_read(&args, c->arena, out->vm_args, c->project->vm_args, c->err))
		return -1;
	if (!args.node && !args.cookie)
		return 0;
	str_add(&env, out->env ? span_of(out->env) : template_text(TEMPLATE_ENV));
	str_adds(&env, "\n# Of vm.args:\n");
	if ((args.node && move_node(c, &args, &env)) ||
	    (args.cookie && move_cookie(c, args.cookie, out, &env)))
		return -1;
	if (!out->fills_vm_args)
		out->named_vm_args = out->vm_args;
	out->vm_args = args.text;
	out->env = arena_dup(c->arena, str_span(&env));
	out->note = describe_move(c, &args);
	return 0;
}

/* Those that `remote` and `rpc` start are named by bin/NAME. */
static int check_remote(struct configurer *c, const struct configured *out)
{
	const char *file = c->project->remote_vm_args;
	struct vm_args args;

	if (vm_args_read(&args, c->arena, out->remote_vm_args, file, c->err))
		return -1;
	if (!args.node && !args.cookie)
		return 0;
	return error_set(c->err, ERROR_INVALID,
			 "%s: take -%s out: bin/%s gives these VMs their name and the cookie", file,
			 args.node ? args.distribution : "setcookie", c->release->rel->name);
}

/* ---- elixir in the release ---- */

static int check_elixir(struct configurer *c, bool providers)
{
	if (!providers || rel_find(c->release->rel, "elixir"))
		return 0;
	return error_set(
		c->err, ERROR_INVALID,
		"%s: config.runtime and config.providers need elixir in the release, and no "
		"application needs it",
		c->project->file);
}

int configure(struct configured *out, struct arena *arena, const struct project *project,
	      const struct resolved *release, struct error *err)
{
	struct configurer c = { arena, project, release, err };
	struct configured done = { .sys_config = SPAN("[].\n"),
				   .fills_vm_args = fill_is_source(project->vm_args),
				   .cookie = project->cookie,
				   .providers = project->runtime_config || project->providers.len };
	const char *sys = project->sys_config;
	bool sys_by_elixir = done.providers || (sys && is_exs(sys));

	if (check_elixir(&c, done.providers) || (sys && !is_exs(sys) && read_sys(&c, sys, &done)) ||
	    read_text(&c, project->vm_args, &done.vm_args) ||
	    read_text(&c, project->remote_vm_args, &done.remote_vm_args) ||
	    read_text(&c, project->env, &done.env))
		return -1;
	if ((sys_by_elixir || templates(&c)->seq.len > 0) && evaluate(&c, &done, sys_by_elixir))
		return -1;
	if ((done.vm_args && move_names(&c, &done)) ||
	    (done.remote_vm_args && check_remote(&c, &done)))
		return -1;
	*out = done;
	return 0;
}
