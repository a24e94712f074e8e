// SPDX-License-Identifier: Apache-2.0
/* Options under another name: what is given under the old one is ignored, and what the new code
 * reads is not there, so that it takes its default, and nothing fails.  Where it is seen that the
 * old name is still what is given: in the environment, in what a child is started with, in the
 * states that there are.
 */
#include "erlang/code/code_facts.h"
#include "upgrade/verdict/verdict_kept.h"

enum { READS_MAX = 64, STEPS = 8000, DEPTH = 2 };

/* A key that is read with a default; app: of the environment, or NULL. */
struct read {
	const char *app, *key;
};

struct reads {
	struct read items[READS_MAX];
	size_t len;
};

static void add(struct reads *reads, const char *app, const char *key)
{
	for (size_t i = 0; i < reads->len; i++)
		if (strcmp(reads->items[i].key, key) == 0 &&
		    (!app || strcmp(reads->items[i].app, app) == 0))
			return;
	if (reads->len < READS_MAX)
		reads->items[reads->len++] = (struct read){ app, key };
}

static bool has(const struct reads *reads, const struct read *read)
{
	for (size_t i = 0; i < reads->len; i++)
		if (strcmp(reads->items[i].key, read->key) == 0 &&
		    (!read->app || strcmp(reads->items[i].app, read->app) == 0))
			return true;
	return false;
}

/* A changed module, and what it reads in both releases. */
struct ignored {
	struct judge *judge;
	const struct app_diff *app;
	const struct module_diff *module;
	struct name_table *atoms[SIDES];
	struct reads *into;
};

static bool names(const struct ignored *ignored, enum side side, const char *atom)
{
	return name_table_find(ignored->atoms[side], span_of(atom)) != NAME_ABSENT;
}

static bool is_named_in(struct judge *judge, const char *module, const char *atom)
{
	const struct code *code = modules_code(judge->modules, SIDE_NEW, module);
	owned_name_table struct name_table *atoms = code && !code->unread ? atoms_of(code) : NULL;

	return atoms && name_table_find(atoms, span_of(atom)) != NAME_ABSENT;
}

/* The new code may hand all that it is given to one that reads it.  Those of OTP and Elixir name a
 * lot, but read nothing of ours.
 */
static bool is_read_by_called(const struct ignored *ignored, const char *key)
{
	struct judge *judge = ignored->judge;
	const struct beam_functions imports = ignored->module->new_facts->imports;

	for (size_t i = 0; i < imports.len; i++) {
		const char *name = imports.items[i].module;
		const struct module_at *module = modules_find(judge->modules, SIDE_NEW, name);

		if (module && !module->of_language && strcmp(name, ignored->module->name) != 0 &&
		    is_named_in(judge, name, key))
			return true;
	}
	return false;
}

static void tell(const struct ignored *ignored, const char *module, const char *given,
		 const char *key, const char *read)
{
	JUDGE(ignored->judge, REASON_option_ignored, ignored->app->name, module,
	      "%s %s, which the new code of %s does not name any more: it reads %s, which is not "
	      "there, and takes its default",
	      given, key, module_shown(ignored->module->name), read)
		->hint = "give it under the new name, or read the old one, too";
}

/* ---- the environment ---- */

static void see_env_read(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct ignored *ignored = ctx;
	const char *app = known_env_read(to) ? value_atom_name(args[0]) : NULL;
	const char *key = app ? value_atom_name(args[1]) : NULL;
	struct arena *arena = ignored->judge->arena;

	if (key && strcmp(to->name, "get_env") == 0)
		add(ignored->into, arena_dup(arena, span_of(app)), arena_dup(arena, span_of(key)));
}

static bool reads_env(const struct code *code, const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct beam_function *to = code_op_import(code, &function->ops[i]);

		if (to && known_env_read(to))
			return true;
	}
	return false;
}

static void find_env_reads(struct ignored *ignored, struct reads *out, const struct code *code)
{
	ignored->into = out;
	for (size_t i = 0; i < code->len; i++) {
		owned_arena struct arena scratch = ARENA_EMPTY;
		struct eval eval = {
			.arena = &scratch, .limit = STEPS, .on_call = see_env_read, .ctx = ignored
		};

		if (reads_env(code, &code->functions[i]))
			eval_any(&eval, code, &code->functions[i]);
	}
}

static bool is_configured(struct judge *judge, const struct read *read)
{
	const struct app_diff *app = diff_find(judge->diff, read->app);

	return app && app->new_app && app->old_app && diff_env(judge->diff, true, app, read->key);
}

/* Some other module of the application may read it now. */
static bool is_read_elsewhere(const struct ignored *ignored, const char *key)
{
	const struct names all = ignored->app->new_app->app->modules;

	for (size_t i = 0; i < all.len; i++) {
		const struct beam_facts *facts =
			modules_facts(ignored->judge->modules, SIDE_NEW, all.items[i]);

		if (facts && strcmp(all.items[i], ignored->module->name) != 0 &&
		    names_have(facts->atoms, key) &&
		    (names_have(facts->atoms, "get_env") || names_have(facts->atoms, "fetch_env") ||
		     names_have(facts->atoms, "fetch_env!")))
			return true;
	}
	return false;
}

static void judge_env(struct ignored *ignored)
{
	const struct module_diff *module = ignored->module;
	struct judge *judge = ignored->judge;
	struct reads olds = { .len = 0 }, news = { .len = 0 };

	if (judge->diff->new_config.elsewhere || !names_have(module->old_facts->atoms, "get_env") ||
	    !names_have(module->new_facts->atoms, "get_env"))
		return;
	find_env_reads(ignored, &olds, module->old_code);
	find_env_reads(ignored, &news, module->new_code);
	for (size_t i = 0; i < olds.len; i++)
		for (size_t j = 0; j < news.len; j++) {
			const struct read *old = &olds.items[i], *new = &news.items[j];

			if (strcmp(old->app, new->app) != 0 || has(&news, old) || has(&olds, new) ||
			    names(ignored, SIDE_NEW, old->key) ||
			    names(ignored, SIDE_OLD, new->key) || !is_configured(judge, old) ||
			    is_configured(judge, new) || is_read_elsewhere(ignored, old->key))
				continue;
			tell(ignored, module->name,
			     arena_printf(judge->arena, "the environment of %s has", old->app),
			     old->key, new->key);
			return;
		}
}

/* ---- options and keys of maps ---- */

/* Which argument of a read with a default is the key; -1: another call. */
static int key_argument(const struct beam_function *to)
{
	static const struct {
		struct beam_function function;
		int key;
	} rows[] = {
		{ { "proplists", "get_value", 3 }, 0 },
		{ { "proplists", "get_value", 2 }, 0 },
		{ { "maps", "get", 3 }, 0 },
		{ { "Elixir.Keyword", "get", 2 }, 1 },
		{ { "Elixir.Keyword", "get", 3 }, 1 },
		{ { "Elixir.Keyword", "pop", 2 }, 1 },
		{ { "Elixir.Keyword", "pop", 3 }, 1 },
		{ { "Elixir.Map", "get", 2 }, 1 },
		{ { "Elixir.Map", "get", 3 }, 1 },
		{ { "Elixir.Access", "get", 2 }, 1 },
		{ { "Elixir.Access", "get", 3 }, 1 },
		{ { "Elixir.Map", "pop", 2 }, 1 },
		{ { "Elixir.Map", "pop", 3 }, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (beam_function_same(&rows[i].function, to))
			return rows[i].key;
	return -1;
}

/* Those that the old code does not name. */
static void find_new_reads(const struct ignored *ignored, struct reads *out)
{
	const struct code *code = ignored->module->new_code;

	for (size_t i = 0; i < code->len; i++)
		for (size_t j = 0; j < code->functions[i].len; j++) {
			const struct code_function *function = &code->functions[i];
			const struct beam_function *to = code_op_import(code, &function->ops[j]);
			const int at = to ? key_argument(to) : -1;
			const struct term *key =
				at < 0 ? NULL : argument_at(function, j, (uint64_t)at);
			const char *name = key ? term_atom_name(key) : NULL;

			if (name && !names(ignored, SIDE_OLD, name))
				add(out, NULL, name);
		}
}

static bool has_pair(const struct term *list, const char *key)
{
	for (size_t i = 0; i < list->seq.len; i++)
		if (term_is_tuple(term_at(list, i), 2) &&
		    term_is_atom(term_at(term_at(list, i), 0), key))
			return true;
	return false;
}

/* A key of options that only the old code names, where what is read now is not among them. */
static const char *given_in_vain(const struct ignored *ignored, const struct term *args,
				 const char *read, unsigned depth)
{
	const char *found = NULL;

	if (!term_is_list(args) || has_pair(args, read))
		return NULL;
	for (size_t i = 0; i < args->seq.len && !found; i++) {
		const struct term *item = term_at(args, i);
		const char *key = term_is_tuple(item, 2) ? term_atom_name(term_at(item, 0)) : NULL;

		if (key && names(ignored, SIDE_OLD, key) && !names(ignored, SIDE_NEW, key) &&
		    !is_read_by_called(ignored, key))
			found = key;
		else if (!key && depth > 0)
			found = given_in_vain(ignored, item, read, depth - 1);
	}
	return found;
}

/* True: told. */
static bool judge_child(struct ignored *ignored, const char *supervisor, const struct child *child,
			const char *read)
{
	const char *key;

	if (!child->module || strcmp(child->module, ignored->module->name) != 0 || !child->args ||
	    !(key = given_in_vain(ignored, child->args, read, DEPTH)))
		return false;
	tell(ignored, ignored->module->name,
	     arena_printf(ignored->judge->arena, "%s starts %s with", module_shown(supervisor),
			  module_shown(child->module)),
	     key, read);
	return true;
}

static bool judge_children_with(struct ignored *ignored, const struct reads *reads)
{
	struct judge *judge = ignored->judge;
	const struct names all = ignored->app->new_app->app->modules;

	for (size_t i = 0; i < all.len; i++) {
		const struct children children =
			module_children(judge, SIDE_NEW, all.items[i], judge->arena);

		for (size_t j = 0; j < children.len; j++)
			for (size_t k = 0; k < reads->len; k++)
				if (judge_child(ignored, all.items[i], &children.items[j],
						reads->items[k].key))
					return true;
	}
	return false;
}

/* ---- states ---- */

/* The map that init/1 returns as state, whatever it is given; NULL: it is not that. */
static const struct value *initial(struct judge *judge, enum side side, const struct code *code,
				   struct arena *arena)
{
	struct eval eval = { .arena = arena,
			     .library = &judge->modules->library[side],
			     .limit = STEPS };
	const struct code_function *init = code_function(code, "init", 1);
	const struct value *state = NULL;
	struct values values = { 0 };

	if (init)
		values = eval_any(&eval, code, init);
	for (size_t i = 0; i < values.len; i++) {
		int size = value_tuple_size(values.items[i]);

		if (size < 2 || !value_is_tagged(values.items[i], "ok", (size_t)size))
			continue;
		if (state)
			return NULL;
		state = value_element(values.items[i], 1, arena);
	}
	return state;
}

/* The key that one shape has and the other one does not, if it is just one. */
static const char *only_in(const struct code_shape *shape, const struct code_shape *other)
{
	const char *only = NULL;

	for (size_t i = 0; i < shape->keys.len; i++)
		if (!names_have(other->keys, shape->keys.items[i])) {
			if (only)
				return NULL;
			only = shape->keys.items[i];
		}
	return only;
}

/* The new init/1 puts there under one name what the old one did under another. */
static void judge_state_key(struct ignored *ignored, const struct reads *reads)
{
	const struct module_diff *module = ignored->module;
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct value *olds = initial(ignored->judge, SIDE_OLD, module->old_code, &scratch);
	const struct value *news = initial(ignored->judge, SIDE_NEW, module->new_code, &scratch);
	const struct value *was, *is;
	struct code_shape before, after;
	const char *old, *new;

	if (!olds || !news)
		return;
	before = code_shape_of(olds, &scratch);
	after = code_shape_of(news, &scratch);
	if (before.kind != SHAPE_MAP || after.kind != SHAPE_MAP || !before.all_keys ||
	    !after.all_keys || !(old = only_in(&before, &after)) ||
	    !(new = only_in(&after, &before)) || !has(reads, &(struct read){ NULL, new }) ||
	    names(ignored, SIDE_NEW, old))
		return;
	was = value_map_at(olds, old, &scratch);
	is = value_map_at(news, new, &scratch);
	if (was && is && value_same(was, is) && !is_read_by_called(ignored, old))
		tell(ignored, module->name, "the state of processes that run has",
		     arena_dup(ignored->judge->arena, span_of(old)),
		     arena_dup(ignored->judge->arena, span_of(new)));
}

/* ---- one module ---- */

static void judge_options(struct ignored *ignored)
{
	struct judge *judge = ignored->judge;
	struct reads reads = { .len = 0 };

	find_new_reads(ignored, &reads);
	if (reads.len == 0 || is_told(judge, REASON_state_shape_changed, ignored->module->name))
		return;
	if (judge_children_with(ignored, &reads))
		return;
	if (ignored->module->old_facts->roles & BEAM_GEN_SERVER)
		judge_state_key(ignored, &reads);
}

void judge_ignored(struct judge *judge)
{
	for (size_t i = 0; i < judge->diff->len; i++) {
		const struct app_diff *app = &judge->diff->apps[i];

		for (size_t j = 0; app->new_app && j < app->modules.len; j++) {
			const struct module_diff *module = &app->modules.items[j];
			struct ignored ignored = { .judge = judge, .app = app, .module = module };

			if (module->change != CHANGE_CHANGED || module->old_code->unread ||
			    module->new_code->unread)
				continue;
			for (enum side side = SIDE_OLD; side < SIDES; side++)
				ignored.atoms[side] = atoms_of(side == SIDE_OLD ? module->old_code
										: module->new_code);
			judge_env(&ignored);
			if (module->old_facts->roles & module->new_facts->roles & BEAM_PROCESS)
				judge_options(&ignored);
			for (enum side side = SIDE_OLD; side < SIDES; side++)
				name_table_free(ignored.atoms[side]);
		}
	}
}
