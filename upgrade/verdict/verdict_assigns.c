// SPDX-License-Identifier: Apache-2.0
/* Assigns of pages (LiveView), their components, and channels (Phoenix) as state.
 *
 * What the old mount/3, handle_params/3, on_mount/4 and join/3 never wrote, the new ones write, and
 * the new code takes for given, is missing in those that live on: they crash at their next event.
 * A component begins with mount/1; update/2 is called whenever its page renders it, so what that
 * writes is given to those that live on as well.
 */
#include "erlang/code/code_facts.h"
#include "erlang/code/code_type.h"
#include "upgrade/verdict/verdict_parts.h"

enum { KINDS_MAX = 64 };
#define KIND_UNSEEN (1U << 31)

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

struct written {
	struct judge *judge;
	enum side side;
	struct arena *scratch;
	struct name_table *keys;
	struct name_table *helpers; /* modules that are called, and may write others */
	const char *module;
	unsigned kinds[KINDS_MAX]; /* what is written under the first keys: bits of term_kind … */
	struct type *types[KINDS_MAX]; /* … and all that is seen of it; NULL: nothing */
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

static void run(struct written *w, const struct code *code, const char *name, uint32_t arity)
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
		run(w, code, "on_mount", 4);
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

static void find_written(struct written *w, const struct app_diff *app, const struct code *code)
{
	struct eval eval = { .arena = w->judge->arena };
	const struct code_function *live = code_function(code, "__live__", 0);
	const struct term *lifecycle =
		live ? value_term(eval_one(&eval, code, live, NULL), w->judge->arena) : NULL;

	w->module = code->module;
	run(w, code, "mount", 3);
	run(w, code, "handle_params", 3);
	run(w, code, "on_mount", 4);
	run(w, code, "join", 3);
	if (lifecycle)
		run_hooks(w, lifecycle);
	if (live)
		run_routers(w, app);
}

/* What only the begin of a component writes. */
static void find_begun(struct written *w, const struct code *code)
{
	w->module = code->module;
	run(w, code, "mount", 1);
}

static void find_updated(struct written *w, const struct code *code)
{
	w->module = code->module;
	run(w, code, "update", 2);
	run(w, code, "update_many", 1);
}

/* ---- what is read ---- */

/* What runs when a process begins, and its funs: "-mount/3-fun-0-". */
static bool runs_at_begin(const char *name)
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
static bool takes_for_given(const struct code *code, const char *key)
{
	struct updates updates = { .key = key };
	bool wants = false;

	for (size_t i = 0; i < code->len; i++) {
		const struct code_function *function = &code->functions[i];
		owned_arena struct arena scratch = ARENA_EMPTY;
		struct eval eval = {
			.arena = &scratch, .on_call = see_update, .ctx = &updates, .limit = 8000
		};

		if (runs_at_begin(function->name))
			continue;
		wants = wants || function_wants_key(code, function, key);
		eval_any(&eval, code, function);
	}
	return (wants || updates.reads) && !updates.gives;
}

/* A module of the release that mount/3 calls, and that knows the key, may write it. */
static bool may_write(struct written *w, const char *key)
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

/* ---- the verdict ---- */

static const char *shown_keys(struct arena *arena, struct names keys)
{
	owned_str struct str text = STR_EMPTY;

	for (size_t i = 0; i < keys.len; i++)
		str_addf(&text, "%s%s", i ? ", " : "", keys.items[i]);
	return arena_dup(arena, str_span(&text));
}

/* Assigns that `after` writes at the begin and takes for given later, and `before` never wrote. */
static struct names missing(struct judge *judge, struct written *before, struct written *after,
			    const struct code *code)
{
	const char **keys = arena_array(judge->arena, name_table_len(after->keys), const char *);
	size_t len = 0;

	for (size_t i = 0; i < name_table_len(after->keys); i++) {
		const char *key = name_table_name(after->keys, i);

		if (!may_write(before, key) && takes_for_given(code, key))
			keys[len++] = arena_dup(judge->arena, span_of(key));
	}
	return (struct names){ keys, len };
}

/* What code_change does not give either. */
static struct names not_given(struct judge *judge, enum side side, const struct code *code,
			      struct names keys)
{
	owned_name_table struct name_table *given = name_table_new(), *helpers = name_table_new();
	struct written w = { judge, side, NULL, given, helpers, code->module, { 0 }, { 0 } };
	const struct code_function *function = code_function(code, "code_change", 3);
	const char **left = arena_array(judge->arena, keys.len, const char *);
	size_t len = 0;

	run(&w, code, "code_change", 3);
	for (size_t i = 0; i < keys.len; i++)
		if (!may_write(&w, keys.items[i]) && !function_names(function, keys.items[i]))
			left[len++] = keys.items[i];
	return (struct names){ left, len };
}

/* Whether an appup, which may be that of the process that asks it, has its code_change called. */
static bool is_converted(struct judge *judge, const struct module_diff *module)
{
	for (size_t i = 0; module->new_facts->code_change && i < judge->appups->len; i++)
		if (script_converts(judge->appups->items[i].up, module->name))
			return true;
	return false;
}

static void judge_missing(struct judge *judge, const struct app_diff *app,
			  const struct module_diff *module, struct names keys)
{
	bool view = module->new_facts->roles & BEAM_LIVE_VIEW, converted;
	struct names left = keys;

	converted = is_converted(judge, module);
	if (converted)
		left = not_given(judge, SIDE_NEW, module->new_code, keys);
	if (left.len == 0)
		return;
	JUDGE(judge, REASON_state_shape_changed, app->name, module->name,
	      "%s of %s that %s open have no assign %s, which the new code takes for given%s: they "
	      "crash, and begin anew",
	      view ? "pages" : "channels", module_shown(module->name), "are",
	      shown_keys(judge->arena, left),
	      converted ? ", and its code_change does not give it" : "")
		->hint = "give it in code_change(_vsn, socket, _extra), or read it with a default "
			 "(assigns[:key]), or let them begin anew: --allow state_shape_changed";
}

/* A key under which something of another kind is written now, which the code takes for given, and
 * does not newly ask for the kind that it had; NULL: none is.
 */
static const char *other_kind(struct judge *judge, const struct written *before,
			      const struct written *after, const struct code *maker,
			      const struct code *code)
{
	for (size_t i = 0; i < name_table_len(after->keys) && i < KINDS_MAX; i++) {
		const char *key = name_table_name(after->keys, i);
		size_t id = name_table_find(before->keys, span_of(key));
		unsigned was = id < KINDS_MAX ? before->kinds[id] : 0, is = after->kinds[i];

		if (was && is && was != is && !(was & (was - 1)) && !(is & (is - 1)) &&
		    !((was | is) & KIND_UNSEEN) && takes_for_given(code, key) &&
		    !asks_newly_for(code, maker, was))
			return arena_dup(judge->arena, span_of(key));
	}
	return NULL;
}

static void judge_kinds(struct judge *judge, const struct app_diff *app,
			const struct module_diff *module, const struct written *before,
			const struct written *after)
{
	const struct code *was = module->old_code, *is = module->new_code;
	const char *shown = module->new_facts->roles & BEAM_LIVE_VIEW ? "pages" : "channels";
	const char *key;

	if (is_converted(judge, module))
		return;
	key = other_kind(judge, before, after, was, is);
	if (key)
		JUDGE(judge, REASON_state_shape_changed, app->name, module->name,
		      "%s of %s that are open have an assign %s of another kind than the new code "
		      "makes: they crash, and begin anew",
		      shown, module_shown(module->name), key)
			->hint = "convert it in code_change(_vsn, socket, _extra), or where it is "
				 "used, or let them begin anew: --allow state_shape_changed";
	key = other_kind(judge, after, before, is, was);
	if (key)
		JUDGE(judge, REASON_not_reversible, app->name, module->name,
		      "on the way back, %s of %s that were opened meanwhile have an assign %s of "
		      "another kind than the old code makes",
		      shown, module_shown(module->name), key)
			->hint = "convert it in code_change({:down, _vsn}, socket, _extra)";
}

/* ---- below the first level: cart: %{items: [], total: 0} ---- */

struct reading {
	const struct code *code;
	const char *key;
};

static bool is_read_there(const struct code *code, const void *what)
{
	const struct reading *reading = what;

	return code == reading->code ? takes_for_given(code, reading->key)
				     : wants_key(code, reading->key);
}

/* By the code itself, behind its begin, or a changed module that it calls. */
static bool is_read(struct judge *judge, enum side side, const struct code *code, const char *key)
{
	const struct reading reading = { code, key };

	return code_or_library(judge, side, code, is_read_there, &reading);
}

/* "under items" of "under cart, under items" */
static const char *last_key(const struct type_diff *diff)
{
	const char *key = NULL;

	for (const char *at = diff->path; (at = strstr(at, "under ")); at++)
		key = at + strlen("under ");
	return key && !strstr(key, ", ") && strcmp(key, "*") != 0 ? key : NULL;
}

/* Nothing that is `nil` at first, and no number in place of another one. */
static bool are_other_kinds(const struct type *was, const struct type *is)
{
	const unsigned numbers = 1U << TERM_INTEGER | 1U << TERM_FLOAT, both = was->kinds | is->kinds;

	return !(both & 1U << TERM_ATOM) && both & ~numbers;
}

/* Whether the code of `side` fails for what is written under an assign by the maker. */
static bool harms_inside(struct judge *judge, enum side side, const struct code *code,
			 const struct code *maker, const struct type_diff *diff)
{
	const char *key = last_key(diff);

	switch (diff->what) {
	case TYPE_KEY:
		return !diff->of && !diff->open && is_read(judge, side, code, diff->tag) &&
		       !may_put_key(judge, side == SIDE_NEW ? SIDE_OLD : SIDE_NEW, maker,
				    diff->tag);
	case TYPE_SIZE:
		return diff->size < 64 && diff->new_size < 64 &&
		       !code_matches_size(code, diff->size) &&
		       code_matches_size(code, diff->new_size);
	case TYPE_OTHER:
		return key && can_be_seen_in_use(diff) && are_other_kinds(diff->before, diff->after) &&
		       is_read(judge, side, code, key) &&
		       !asks_newly_for(code, maker, diff->before->kinds);
	default:
		return false;
	}
}

/* The first difference below the first level with which the code does not go on; NULL: none is
 * seen.
 *
 * key  takes the assign
 */
static const struct type_diff *other_inside(struct judge *judge, enum side side,
					    const struct written *before,
					    const struct written *after, const struct code *maker,
					    const struct code *code, const char **key)
{
	for (size_t i = 0; i < name_table_len(after->keys) && i < KINDS_MAX; i++) {
		size_t id = name_table_find(before->keys, span_of(name_table_name(after->keys, i)));
		struct type_diffs diffs = { 0 };

		*key = name_table_name(after->keys, i);
		if (id < KINDS_MAX && !before->types[id]->unknown && takes_for_given(code, *key))
			diffs = type_compare(before->types[id], after->types[i], judge->arena);
		for (size_t j = 0; j < diffs.len; j++)
			if (harms_inside(judge, side, code, maker, &diffs.items[j]))
				return &diffs.items[j];
	}
	return NULL;
}

static void judge_inside(struct judge *judge, const struct app_diff *app,
			 const struct module_diff *module, const struct written *before,
			 const struct written *after)
{
	const struct code *was = module->old_code, *is = module->new_code;
	const char *shown = module->new_facts->roles & BEAM_LIVE_VIEW ? "pages" : "channels";
	const struct type_diff *diff;
	const char *key;

	if (is_converted(judge, module))
		return;
	diff = is_told(judge, REASON_state_shape_changed, module->name)
		       ? NULL
		       : other_inside(judge, SIDE_NEW, before, after, was, is, &key);
	if (diff)
		JUDGE(judge, REASON_state_shape_changed, app->name, module->name,
		      "in the assign %s of %s of %s that are open %s: they crash, and begin anew", key,
		      shown, module_shown(module->name), type_diff_shown(judge->arena, diff))
			->hint = "convert it in code_change(_vsn, socket, _extra), or read it with a "
				 "default, or let them begin anew: --allow state_shape_changed";
	diff = is_told(judge, REASON_not_reversible, module->name)
		       ? NULL
		       : other_inside(judge, SIDE_OLD, after, before, is, was, &key);
	if (diff)
		JUDGE(judge, REASON_not_reversible, app->name, module->name,
		      "on the way back, in the assign %s of %s of %s that were opened meanwhile %s",
		      key, shown, module_shown(module->name), type_diff_shown(judge->arena, diff))
			->hint = "convert it in code_change({:down, _vsn}, socket, _extra)";
}

/* What only the old code has is missing in pages that are opened meanwhile. */
static void judge_back(struct judge *judge, const struct app_diff *app,
		       const struct module_diff *module, struct names keys)
{
	if (keys.len == 0 || is_converted(judge, module))
		return;
	JUDGE(judge, REASON_not_reversible, app->name, module->name,
	      "on the way back, %s of %s that were opened meanwhile have no assign %s, which the "
	      "old "
	      "code takes for given",
	      module->new_facts->roles & BEAM_LIVE_VIEW ? "pages" : "channels",
	      module_shown(module->name), shown_keys(judge->arena, keys))
		->hint =
		"go on writing it for one release, or give it in code_change({:down, _vsn}, "
		"socket, _extra)";
}

/* ---- components ---- */

static bool mentions(const struct term *term, const char *atom)
{
	bool some = term_is_atom(term, atom);

	for (size_t i = 0;
	     !some && (term->kind == TERM_LIST || term->kind == TERM_TUPLE) && i < term->seq.len;
	     i++)
		some = mentions(term_at(term, i), atom);
	for (size_t i = 0; !some && term->kind == TERM_MAP && i < term->map.len; i++)
		some = mentions(term->map.keys[i], atom) || mentions(term->map.values[i], atom);
	return some;
}

static bool knows(const struct code *code, const char *atom)
{
	return names_have(code->atoms, atom) || mentions(code->literals, atom);
}

/* A module that knows the component and the key, as a page that gives it by that name. */
static bool somebody_gives(struct written *w, const struct app_diff *app, const char *component,
			   const char *key)
{
	const struct resolved_app *resolved = w->side == SIDE_OLD ? app->old_app : app->new_app;
	struct names names = resolved->app->modules;

	for (size_t i = 0; i < names.len; i++) {
		struct module_at *module = modules_find(w->judge->modules, w->side, names.items[i]);
		const struct code *code = NULL;

		if (module && strcmp(names.items[i], component) != 0)
			code = module_code(w->judge->modules, w->side, module);
		if (code && knows(code, component) && knows(code, key))
			return true;
	}
	return false;
}

/* As missing(), of components of `before` that go on in `code`. */
static struct names missing_in_components(struct judge *judge, const struct app_diff *app,
					  enum side from, const struct code *before,
					  const struct code *code)
{
	owned_name_table struct name_table *olds = name_table_new(), *news = name_table_new();
	owned_name_table struct name_table *given = name_table_new(), *helpers = name_table_new();
	enum side to = from == SIDE_OLD ? SIDE_NEW : SIDE_OLD;
	struct written was = { judge, from, NULL, olds, helpers, NULL, { 0 }, { 0 } };
	struct written begun = { judge, to, NULL, news, helpers, NULL, { 0 }, { 0 } };
	struct written updated = { judge, to, NULL, given, helpers, NULL, { 0 }, { 0 } };
	struct names keys;
	const char **left;
	size_t len = 0;

	find_begun(&was, before);
	find_updated(&was, before);
	find_begun(&begun, code);
	find_updated(&updated, code);
	keys = missing(judge, &was, &begun, code);
	left = arena_array(judge->arena, keys.len, const char *);
	for (size_t i = 0; i < keys.len; i++)
		if (!may_write(&updated, keys.items[i]) &&
		    !somebody_gives(&was, app, code->module, keys.items[i]))
			left[len++] = keys.items[i];
	return (struct names){ left, len };
}

static void judge_components(struct judge *judge, const struct app_diff *app,
			     const struct module_diff *module)
{
	struct names on =
		missing_in_components(judge, app, SIDE_OLD, module->old_code, module->new_code);
	struct names back =
		missing_in_components(judge, app, SIDE_NEW, module->new_code, module->old_code);

	if (on.len > 0)
		JUDGE(judge, REASON_state_shape_changed, app->name, module->name,
		      "components of %s in open pages have no assign %s, which the new code takes "
		      "for given: they crash, and their pages with them",
		      module_shown(module->name), shown_keys(judge->arena, on))
			->hint = "give it with assign_new in update/2, which is called when the "
				 "page renders anew, or read it with a default (assigns[:key]), or "
				 "let them begin anew: --allow state_shape_changed";
	if (back.len > 0)
		JUDGE(judge, REASON_not_reversible, app->name, module->name,
		      "on the way back, components of %s that were mounted meanwhile have no "
		      "assign %s, which the old code takes for given",
		      module_shown(module->name), shown_keys(judge->arena, back))
			->hint = "go on writing it in mount/1 for one release";
}

void judge_assigns(struct judge *judge, const struct app_diff *app,
		   const struct module_diff *module)
{
	const unsigned roles = BEAM_LIVE_VIEW | BEAM_CHANNEL;
	owned_name_table struct name_table *olds = name_table_new(), *news = name_table_new();
	owned_name_table struct name_table *old_helpers = name_table_new();
	owned_name_table struct name_table *new_helpers = name_table_new();
	struct written before = { judge, SIDE_OLD, NULL, olds, old_helpers, NULL, { 0 }, { 0 } };
	struct written after = { judge, SIDE_NEW, NULL, news, new_helpers, NULL, { 0 }, { 0 } };

	if (module->old_code->unread || module->new_code->unread)
		return;
	if (module->old_facts->roles & module->new_facts->roles & BEAM_LIVE_COMPONENT)
		judge_components(judge, app, module);
	if (!(module->old_facts->roles & module->new_facts->roles & roles))
		return;
	find_written(&before, app, module->old_code);
	find_written(&after, app, module->new_code);
	judge_missing(judge, app, module, missing(judge, &before, &after, module->new_code));
	judge_back(judge, app, module, missing(judge, &after, &before, module->old_code));
	judge_kinds(judge, app, module, &before, &after);
	judge_inside(judge, app, module, &before, &after);
}
