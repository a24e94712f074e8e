// SPDX-License-Identifier: Apache-2.0
/* Configuration: values are compared, and never told, for they may be secrets. */
#include "base/name_table.h"
#include "upgrade/diff/diff_modules.h"

#include <stdio.h>
#include <stdlib.h>

enum { CONFIG_MAX = 16 << 20 };

/* ---- sys.config ---- */

/* What io:format leaves of things that cannot be written. */
static const char *unwritable(struct span text)
{
	static const char *const marks[] = { "#Fun<",      "#Ref<",       "#Port<",
					     "#Function<", "#Reference<", "#PID<" };

	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (memmem(text.ptr, text.len, marks[i], strlen(marks[i])))
			return marks[i];
	return NULL;
}

/* {App, [{Key, Value}]}, or the name of another file of them. */
static bool is_section(const struct term *term, struct arena *arena)
{
	const struct term *env;
	const char *file;

	if (term_get_string(term, arena, &file))
		return true;
	if (!term_is_tuple(term, 2) || term_at(term, 0)->kind != TERM_ATOM)
		return false;
	env = term_at(term, 1);
	if (!term_is_list(env))
		return false;
	for (size_t i = 0; i < env->seq.len; i++)
		if (!term_is_tuple(term_at(env, i), 2) ||
		    term_at(term_at(env, i), 0)->kind != TERM_ATOM)
			return false;
	return true;
}

static const char *problem_of(const struct term *term, struct arena *arena)
{
	const char *app;

	if (!term_is_list(term))
		return "it is no list";
	for (size_t i = 0; i < term->seq.len; i++) {
		if (is_section(term_at(term, i), arena))
			continue;
		app = term_is_tuple(term_at(term, i), 2)
			      ? term_atom_name(term_at(term_at(term, i), 0))
			      : NULL;
		return arena_printf(arena, "element %zu%s%s is no {Application, [{Key, Value}]}",
				    i + 1, app ? ", of " : "", app ? app : "");
	}
	return NULL;
}

/* "line 3, column 7"; the parser's own words might quote a value. */
static const char *place_of(struct arena *arena, const char *text)
{
	int line, column;

	if (sscanf(text, "sys.config:%d:%d:", &line, &column) == 2)
		return arena_printf(arena, "line %d, column %d", line, column);
	return "its text";
}

static int read_config(struct config_file *out, struct arena *arena, const struct tree *tree,
		       const char *file, struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	const struct term *term;
	struct error why;
	const char *mark;

	*out = (struct config_file){ .term = &term_nil };
	if (!file)
		return 0;
	if (tree_read(tree, file, CONFIG_MAX, &text, err))
		return -1;
	if (term_parse_one(&term, arena, str_span(&text), "sys.config", &why)) {
		mark = unwritable(str_span(&text));
		out->template = !mark && memmem(text.ptr, text.len, "${", 2);
		out->problem = mark ? arena_printf(arena,
						   "it holds %s…>, which stands for a value "
						   "that cannot be written down",
						   mark)
				    : arena_printf(arena, "it cannot be read at %s",
						   place_of(arena, why.text));
		return 0;
	}
	out->problem = problem_of(term, arena);
	if (!out->problem)
		out->term = term;
	return 0;
}

/* ---- environments ---- */

/* What the application controller would answer: of equal keys the last one counts, and
 * the configuration over the .app file.
 */
static const struct term *value_in(const struct term *env, const struct term *key)
{
	for (size_t i = env ? env->seq.len : 0; i-- > 0;)
		if (term_is_tuple(term_at(env, i), 2) &&
		    term_equal(term_at(term_at(env, i), 0), key))
			return term_at(term_at(env, i), 1);
	return NULL;
}

struct environment {
	const struct term *app; /* of the .app file */
	const struct config_file *config;
	const char *name;
};

static const struct term *section(const struct environment *env, size_t nr)
{
	const struct term *term = term_at(env->config->term, nr);

	return term_is_tagged(term, env->name, 2) ? term_at(term, 1) : NULL;
}

static const struct term *value_of(const struct environment *env, const struct term *key)
{
	for (size_t i = env->config->term->seq.len; i-- > 0;) {
		const struct term *value = value_in(section(env, i), key);

		if (value)
			return value;
	}
	return value_in(env->app, key);
}

static void add_keys(struct name_table *keys, const struct term *env)
{
	for (size_t i = 0; env && i < env->seq.len; i++) {
		const char *name = term_is_tuple(term_at(env, i), 2)
					   ? term_atom_name(term_at(term_at(env, i), 0))
					   : NULL;

		if (name)
			name_table_add(keys, name, NULL);
	}
}

static void add_all_keys(struct name_table *keys, const struct environment *env)
{
	add_keys(keys, env->app);
	for (size_t i = 0; i < env->config->term->seq.len; i++)
		add_keys(keys, section(env, i));
}

/* What the release's own start needs, and nobody reads later. */
static bool is_for_start(const struct environment *env, const char *key)
{
	return strcmp(env->name, "elixir") == 0 && strcmp(key, "config_provider_init") == 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct names changed_keys(struct arena *arena, const struct environment *a,
				 const struct environment *b)
{
	owned_name_table struct name_table *keys = name_table_new();
	const char **names;
	size_t len = 0;

	add_all_keys(keys, a);
	add_all_keys(keys, b);
	names = arena_array(arena, name_table_len(keys), const char *);
	for (size_t i = 0; i < name_table_len(keys); i++) {
		const char *name = name_table_name(keys, i);
		const struct term *key = term_atom(arena, name);
		const struct term *before = value_of(a, key), *after = value_of(b, key);

		if (!is_for_start(b, name) &&
		    (!before != !after || (before && !term_equal(before, after))))
			names[len++] = name;
	}
	if (len > 0)
		qsort(names, len, sizeof(*names), by_text);
	return (struct names){ names, len };
}

static void compare_environments(struct diff *diff, struct arena *arena)
{
	if (diff->old_config.problem || diff->new_config.problem)
		return;
	for (size_t i = 0; i < diff->len; i++) {
		struct app_diff *app = &diff->apps[i];

		if (!app->old_app || !app->new_app)
			continue;
		app->env = changed_keys(arena,
					&(struct environment){ app->old_app->app->env,
							       &diff->old_config, app->name },
					&(struct environment){ app->new_app->app->env,
							       &diff->new_config, app->name });
	}
}

/* ---- vm.args ---- */

/* A flag with its value on one line; without comments, with single spaces. */
static const char *clean_line(struct arena *arena, struct span line)
{
	owned_str struct str text = STR_EMPTY;
	struct span word;

	while (span_next(&line, ' ', &word)) {
		word = span_trim(word);
		if (word.len == 0)
			continue;
		if (word.ptr[0] == '#')
			break;
		str_addf(&text, "%s" SPAN_FMT, text.len ? " " : "", SPAN_ARG(word));
	}
	return arena_dup(arena, str_span(&text));
}

static int read_lines(struct name_table *lines, struct arena *arena, const struct tree *tree,
		      const char *file, struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	struct span rest, line;

	if (!file)
		return 0;
	if (tree_read(tree, file, CONFIG_MAX, &text, err))
		return -1;
	rest = str_span(&text);
	while (span_next(&rest, '\n', &line)) {
		const char *clean = clean_line(arena, line);

		if (clean[0])
			name_table_add(lines, clean, NULL);
	}
	return 0;
}

/* "-kernel inet_dist_listen_min", "-env HOME", "+S": what it is about, not what it says. */
static const char *flag_of(struct arena *arena, const char *line)
{
	struct span rest = span_of(line), first = { "", 0 }, second = { "", 0 }, third;

	span_next(&rest, ' ', &first);
	span_next(&rest, ' ', &second);
	if (first.ptr[0] == '-' && span_next(&rest, ' ', &third))
		return arena_printf(arena, SPAN_FMT " " SPAN_FMT, SPAN_ARG(first),
				    SPAN_ARG(second));
	return arena_dup(arena, first);
}

static void add_flags(struct name_table *flags, struct arena *arena, const struct name_table *some,
		      const struct name_table *others)
{
	for (size_t i = 0; i < name_table_len(some); i++) {
		const char *line = name_table_name(some, i);

		if (name_table_find(others, span_of(line)) == NAME_ABSENT)
			name_table_add(flags, flag_of(arena, line), NULL);
	}
}

/* "-config FILE", or "-APP KEY VALUE" of an application that is no ground of all others. */
static bool is_configuring(const struct diff *diff, const char *line)
{
	static const char *const ground[] = { "kernel", "stdlib", "sasl" };
	struct span rest = span_of(line), flag = { "", 0 };

	span_next(&rest, ' ', &flag);
	if (flag.len < 2 || flag.ptr[0] != '-')
		return false;
	flag = (struct span){ flag.ptr + 1, flag.len - 1 };
	if (span_is(flag, "config"))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(ground); i++)
		if (span_is(flag, ground[i]))
			return false;
	for (size_t i = 0; i < diff->len; i++)
		if (span_is(flag, diff->apps[i].name))
			return true;
	return false;
}

static bool are_configuring(const struct diff *diff, const struct name_table *lines)
{
	for (size_t i = 0; i < name_table_len(lines); i++)
		if (is_configuring(diff, name_table_name(lines, i)))
			return true;
	return false;
}

static int compare_vm_args(struct diff *diff, struct arena *arena, struct error *err)
{
	owned_name_table struct name_table *olds = name_table_new(), *news = name_table_new();
	owned_name_table struct name_table *flags = name_table_new();
	const struct release *a = diff->old_release, *b = diff->new_release;
	const char **names;

	if (read_lines(olds, arena, a->tree, a->vm_args, err) ||
	    read_lines(news, arena, b->tree, b->vm_args, err))
		return -1;
	diff->old_config.elsewhere = are_configuring(diff, olds);
	diff->new_config.elsewhere = are_configuring(diff, news);
	add_flags(flags, arena, olds, news);
	add_flags(flags, arena, news, olds);
	names = arena_array(arena, name_table_len(flags), const char *);
	for (size_t i = 0; i < name_table_len(flags); i++)
		names[i] = name_table_name(flags, i);
	diff->vm_args = (struct names){ names, name_table_len(flags) };
	diff->vm_args_changed = diff->vm_args.len > 0;
	return 0;
}

/* ---- all of it ---- */

/* runtime.exs lies beside sys.config, where there is one. */
static const char *runtime_file(struct arena *arena, const struct release *release)
{
	const char *file = path_join(arena, release->dir, "runtime.exs");

	return tree_has(release->tree, file) ? file : NULL;
}

static int same_files(bool *same, const struct diff *diff, const char *old_file,
		      const char *new_file, struct error *err)
{
	struct places places = { .old_tree = diff->old_release->tree,
				 .new_tree = diff->new_release->tree,
				 .old_dir = old_file,
				 .new_dir = new_file };

	return compare_file(same, &places, err);
}

/* Elixir's providers have a place of their own in it. */
static bool is_elsewhere(const struct config_file *config, const char *runtime)
{
	return config->elsewhere || runtime || config->problem || config->template ||
	       (config->term && term_is_list(config->term) &&
		term_proplist_get(config->term, "elixir"));
}

const struct term *diff_env(const struct diff *diff, bool new, const struct app_diff *app,
			    const char *key)
{
	const struct resolved_app *in = new ? app->new_app : app->old_app;
	owned_arena struct arena scratch = ARENA_EMPTY;

	return value_of(&(struct environment){ in ? in->app->env : NULL,
					       new ? &diff->new_config : &diff->old_config,
					       app->name },
			term_atom(&scratch, key));
}

int compare_config(struct diff *diff, struct arena *arena, struct error *err)
{
	const struct release *a = diff->old_release, *b = diff->new_release;
	bool sys_same, runtime_same;

	if (same_files(&sys_same, diff, a->sys_config, b->sys_config, err) ||
	    same_files(&runtime_same, diff, runtime_file(arena, a), runtime_file(arena, b), err) ||
	    read_config(&diff->old_config, arena, a->tree, a->sys_config, err) ||
	    read_config(&diff->new_config, arena, b->tree, b->sys_config, err) ||
	    compare_vm_args(diff, arena, err))
		return -1;
	diff->old_config.elsewhere = is_elsewhere(&diff->old_config, runtime_file(arena, a));
	diff->new_config.elsewhere = is_elsewhere(&diff->new_config, runtime_file(arena, b));
	diff->sys_config_changed = !sys_same;
	diff->runtime_config_changed = !runtime_same;
	compare_environments(diff, arena);
	return 0;
}
