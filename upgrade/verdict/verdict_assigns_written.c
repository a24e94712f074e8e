// SPDX-License-Identifier: Apache-2.0
/* What mount/3 and its like write into assigns, and what runs later takes for given. */
#include "upgrade/verdict/verdict_assigns.h"

#include "erlang/code/code_facts.h"

/* ---- what is written ---- */

/* Which argument says the key, or the keys; `key` where it is always the same one. */
static const struct writer {
	const char *module, *name;
	uint32_t arity;
	unsigned what;
	const char *key;
} writers[] = {
	{ "Elixir.Phoenix.Component", "assign", 3, 1, NULL },
	{ "Elixir.Phoenix.Component", "assign", 2, 1, NULL },
	{ "Elixir.Phoenix.Component", "assign_new", 3, 1, NULL },
	{ "Elixir.Phoenix.Component", "update", 3, 1, NULL },
	{ "Elixir.Phoenix.LiveView", "assign", 3, 1, NULL }, /* up to 0.17 */
	{ "Elixir.Phoenix.LiveView", "assign", 2, 1, NULL },
	{ "Elixir.Phoenix.LiveView", "assign_new", 3, 1, NULL },
	{ "Elixir.Phoenix.LiveView", "update", 3, 1, NULL },
	{ "Elixir.Phoenix.Socket", "assign", 3, 1, NULL },
	{ "Elixir.Phoenix.Socket", "assign", 2, 1, NULL },
	{ "Elixir.Phoenix.LiveView", "stream", 3, 0, "streams" },
	{ "Elixir.Phoenix.LiveView", "stream", 4, 0, "streams" },
	{ "Elixir.Phoenix.LiveView", "stream_configure", 3, 0, "streams" },
	{ "Elixir.Phoenix.LiveView", "allow_upload", 3, 0, "uploads" },
	{ "Elixir.Phoenix.LiveView", "put_flash", 3, 0, "flash" },
	{ "Elixir.Phoenix.LiveView.Async", "assign_async", 4, 1, NULL },
};

/* Numbers are alike; 0: not seen, or an atom, as nil, in whose place anything may come. */
static unsigned kind_of(const struct value *value)
{
	const int kind = value ? value_term_kind(value) : -1;

	switch (kind) {
	case TERM_INTEGER:
	case TERM_BIG:
	case TERM_FLOAT:
		return 1U << TERM_INTEGER;
	case TERM_LIST:
	case TERM_MAP:
	case TERM_TUPLE:
	case TERM_BINARY:
		return 1U << kind;
	default:
		return 0;
	}
}

/* value  NULL: it is not looked at */
static void add_key(struct written *w, const char *key, const struct value *value)
{
	const unsigned kind = kind_of(value);
	size_t id;

	if (!key)
		return;
	id = name_table_add(w->keys, key, NULL);
	if (id >= KINDS_MAX)
		return;
	w->kinds[id] |= kind ? kind : KIND_UNSEEN;
	if (!w->types[id])
		w->types[id] = type_new(w->judge->arena);
	type_add(w->types[id], value ? value : &value_unknown, w->judge->arena);
}

/* :key, [:key], [key: value], %{key: value}
 *
 * value  of a single key, or NULL
 */
static void add_keys(struct written *w, const struct value *what, const struct value *value)
{
	struct code_shape shape = code_shape_of(what, w->scratch);
	const struct value *head;

	add_key(w, value_atom_name(what), value);
	for (size_t i = 0; i < shape.keys.len; i++)
		add_key(w, shape.keys.items[i],
			value_map_at(what, shape.keys.items[i], w->scratch));
	while (value_uncons(what, w->scratch, &head, &what)) {
		if (value_tuple_size(head) == 2)
			add_key(w, value_atom_name(value_element(head, 0, w->scratch)),
				value_element(head, 1, w->scratch));
		else
			add_key(w, value_atom_name(head), NULL);
	}
}

static const struct writer *writer_of(const struct beam_function *function)
{
	for (size_t i = 0; i < ARRAY_LEN(writers); i++)
		if (writers[i].arity == function->arity &&
		    strcmp(writers[i].name, function->name) == 0 &&
		    strcmp(writers[i].module, function->module) == 0)
			return &writers[i];
	return NULL;
}

static void see_write(void *ctx, const struct beam_function *function,
		      const struct value *const *args)
{
	const struct writer *writer = writer_of(function);
	struct written *w = ctx;

	if (!writer)
		name_table_add(w->helpers, function->module, NULL);
	else if (writer->key)
		add_key(w, writer->key, NULL);
	else
		add_keys(w, args[writer->what],
			 strcmp(writer->name, "assign") == 0 && writer->arity == 3 ? args[2]
										   : NULL);
}

void assigns_run(struct written *w, const struct code *code, const char *name, uint32_t arity)
{
	const struct code_function *function = code_function(code, name, arity);
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct eval eval = { .arena = &scratch,
			     .library = &w->judge->modules->library[w->side],
			     .on_call = see_write,
			     .ctx = w };

	w->scratch = &scratch;
	if (function)
		eval_any(&eval, code, function);
}

/* Modules named in a term that have on_mount/4. */
static void run_hooks(struct written *w, const struct term *term)
{
	const struct code *code;

	for (size_t i = 0;
	     (term->kind == TERM_LIST || term->kind == TERM_TUPLE) && i < term->seq.len; i++)
		run_hooks(w, term_at(term, i));
	for (size_t i = 0; term->kind == TERM_MAP && i < term->map.len; i++)
		run_hooks(w, term->map.values[i]);
	if (!term_atom_name(term) || strcmp(term_atom_name(term), w->module) == 0)
		return;
	code = modules_code(w->judge->modules, w->side, term_atom_name(term));
	if (code)
		assigns_run(w, code, "on_mount", 4);
}

/* Of a router: {View, Action, Options, Session} in the routes. */
static void run_sessions(struct written *w, const struct term *term)
{
	for (size_t i = 0;
	     (term->kind == TERM_LIST || term->kind == TERM_TUPLE) && i < term->seq.len; i++) {
		if (term_is_tagged(term_at(term, i), w->module, 4))
			run_hooks(w, term_at(term_at(term, i), 3));
		else
			run_sessions(w, term_at(term, i));
	}
	for (size_t i = 0; term->kind == TERM_MAP && i < term->map.len; i++) {
		if (term_is_tagged(term->map.values[i], w->module, 4))
			run_hooks(w, term_at(term->map.values[i], 3));
		else
			run_sessions(w, term->map.values[i]);
	}
}

/* Routers of its application, changed or not. */
static void run_routers(struct written *w, const struct app_diff *app)
{
	const struct resolved_app *resolved = w->side == SIDE_OLD ? app->old_app : app->new_app;
	struct names names = resolved->app->modules;

	for (size_t i = 0; i < names.len; i++) {
		struct module_at *module = modules_find(w->judge->modules, w->side, names.items[i]);
		const struct beam_facts *facts =
			module ? module_facts(w->judge->modules, w->side, module) : NULL;
		const struct code *code = NULL;

		if (facts && facts->roles & BEAM_ROUTER)
			code = module_code(w->judge->modules, w->side, module);
		if (code)
			run_sessions(w, code->literals);
	}
}

void assigns_written(struct written *w, const struct app_diff *app, const struct code *code)
{
	struct eval eval = { .arena = w->judge->arena };
	const struct code_function *live = code_function(code, "__live__", 0);
	const struct term *lifecycle =
		live ? value_term(eval_one(&eval, code, live, NULL), w->judge->arena) : NULL;

	w->module = code->module;
	assigns_run(w, code, "mount", 3);
	assigns_run(w, code, "handle_params", 3);
	assigns_run(w, code, "on_mount", 4);
	assigns_run(w, code, "join", 3);
	if (lifecycle)
		run_hooks(w, lifecycle);
	if (live)
		run_routers(w, app);
}

/* What only the begin of a component writes. */
void assigns_begun(struct written *w, const struct code *code)
{
	w->module = code->module;
	assigns_run(w, code, "mount", 1);
}

void assigns_updated(struct written *w, const struct code *code)
{
	w->module = code->module;
	assigns_run(w, code, "update", 2);
	assigns_run(w, code, "update_many", 1);
}

/* ---- what is read ---- */

bool assigns_begin_in(const char *name)
{
	static const char *const names[] = { "mount", "on_mount", "join", "code_change" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t len = strlen(names[i]);

		if (strcmp(name, names[i]) == 0 ||
		    (name[0] == '-' && strncmp(name + 1, names[i], len) == 0 &&
		     name[1 + len] == '/'))
			return true;
	}
	return false;
}

struct updates {
	const char *key;
	bool reads, gives;
};

/* update/3 takes what is there; assign_new/3 gives it where it is not. */
static void see_update(void *ctx, const struct beam_function *function,
		       const struct value *const *args)
{
	struct updates *updates = ctx;

	if (function->arity != 3 ||
	    (strcmp(function->module, "Elixir.Phoenix.Component") != 0 &&
	     strcmp(function->module, "Elixir.Phoenix.LiveView") != 0) ||
	    !value_is_atom(args[1], updates->key))
		return;
	updates->reads = updates->reads || strcmp(function->name, "update") == 0;
	updates->gives = updates->gives || strcmp(function->name, "assign_new") == 0;
}

/* Whether what runs later takes an assign for given. */
bool assign_is_taken(const struct code *code, const char *key)
{
	struct updates updates = { .key = key };
	bool wants = false;

	for (size_t i = 0; i < code->len; i++) {
		const struct code_function *function = &code->functions[i];
		owned_arena struct arena scratch = ARENA_EMPTY;
		struct eval eval = {
			.arena = &scratch, .on_call = see_update, .ctx = &updates, .limit = 8000
		};

		if (assigns_begin_in(function->name))
			continue;
		wants = wants || function_wants_key(code, function, key);
		eval_any(&eval, code, function);
	}
	return (wants || updates.reads) && !updates.gives;
}

/* A module of the release that mount/3 calls, and that knows the key, may write it. */
bool assign_may_be_written(struct written *w, const char *key)
{
	if (name_table_find(w->keys, span_of(key)) != NAME_ABSENT)
		return true;
	for (size_t i = 0; i < name_table_len(w->helpers); i++) {
		const char *name = name_table_name(w->helpers, i);
		struct module_at *module = modules_find(w->judge->modules, w->side, name);
		const struct code *code = module && module->app && !module->of_language
						  ? module_code(w->judge->modules, w->side, module)
						  : NULL;

		if (code && names_have(code->atoms, key))
			return true;
	}
	return false;
}

/* ---- what is not written ---- */

const char *assigns_shown(struct arena *arena, struct names keys)
{
	owned_str struct str text = STR_EMPTY;

	for (size_t i = 0; i < keys.len; i++)
		str_addf(&text, "%s%s", i ? ", " : "", keys.items[i]);
	return arena_dup(arena, str_span(&text));
}

/* Assigns that `after` writes at the begin and takes for given later, and `before` never wrote. */
struct names assigns_missing(struct judge *judge, struct written *before, struct written *after,
			     const struct code *code)
{
	const char **keys = arena_array(judge->arena, name_table_len(after->keys), const char *);
	size_t len = 0;

	for (size_t i = 0; i < name_table_len(after->keys); i++) {
		const char *key = name_table_name(after->keys, i);

		if (!assign_may_be_written(before, key) && assign_is_taken(code, key))
			keys[len++] = arena_dup(judge->arena, span_of(key));
	}
	return (struct names){ keys, len };
}
