// SPDX-License-Identifier: Apache-2.0
/* Handlers that are added at any time under another name than before, and of which the old one
 * stays beside the new one: what comes is handled twice.
 */
#include "base/name_table.h"
#include "upgrade/verdict/verdict_starts.h"

/* What tells one handler from another. */
enum alike { BY_MANAGER, BY_EVENTS, BY_MODULE, BY_FILTER };

static const struct adding {
	const char *module, *name;
	uint32_t arity;
	unsigned id; /* the argument */
	enum alike alike;
	bool removes;
	const char *shown;
} addings[] = {
	{ "gen_event", "add_handler", 3, 1, BY_MANAGER, false, "a handler of events" },
	{ "gen_event", "delete_handler", 3, 1, BY_MANAGER, true, NULL },
	{ "gen_event", "swap_handler", 3, 1, BY_MANAGER, true, NULL },
	{ "gen_event", "swap_sup_handler", 3, 1, BY_MANAGER, true, NULL },
	{ "telemetry", "attach", 4, 0, BY_EVENTS, false, "a handler of telemetry" },
	{ "telemetry", "attach_many", 4, 0, BY_EVENTS, false, "a handler of telemetry" },
	{ "telemetry", "detach", 1, 0, BY_EVENTS, true, NULL },
	{ "logger", "add_handler", 3, 0, BY_MODULE, false, "a handler of the log" },
	{ "logger", "remove_handler", 1, 0, BY_MODULE, true, NULL },
	{ "logger", "add_primary_filter", 2, 0, BY_FILTER, false, "a filter of the log" },
	{ "logger", "remove_primary_filter", 1, 0, BY_FILTER, true, NULL },
	{ "logger", "add_handler_filter", 3, 1, BY_FILTER, false, "a filter of the log" },
	{ "logger", "remove_handler_filter", 2, 1, BY_FILTER, true, NULL },
};

static const struct adding *adding_of(const struct code_effect *effect)
{
	for (size_t i = 0; i < ARRAY_LEN(addings); i++)
		if (effect_is(effect, addings[i].module, addings[i].name, addings[i].arity))
			return &addings[i];
	return NULL;
}

/* swap_handler/3 is given {Handler, Arguments}. */
static const struct value *id_of(const struct code_effect *effect, const struct adding *adding,
				 struct arena *arena)
{
	const struct value *id = effect->args[adding->id];

	return strncmp(adding->name, "swap", 4) == 0 ? value_element(id, 0, arena) : id;
}

/* Funs of a module by their names: those of two releases are never the same. */
static bool may_be_same_fun(const struct value *a, const struct value *b)
{
	if (a->kind == VALUE_FUN && b->kind == VALUE_FUN)
		return strcmp(a->fun.function->name, b->fun.function->name) == 0;
	return value_equal(a, b) != NO;
}

/* What is compared in all, and what is named without being seen to be this or that. */
enum { COMPARED_MAX = 200000, UNSEEN_MAX = 64 };

/* All that a release adds or removes, by its name. */
struct named {
	struct name_table *ids; /* NULL: not looked for yet */
	struct {
		enum alike alike;
		const struct value *id;
	} unseen[UNSEEN_MAX]; /* names that are not constants */
	size_t len;
};

struct beside {
	struct judge *judge;
	struct named named[SIDES];
	unsigned compared;
};

static void named_done(struct beside *beside)
{
	name_table_free(beside->named[SIDE_OLD].ids);
	name_table_free(beside->named[SIDE_NEW].ids);
}

/* [a, b] of attach/4, [[a, b], [a, c]] of attach_many/4. */
static bool has_event(struct beside *beside, const struct code_effect *effect,
		      const struct value *event)
{
	const struct value *events = effect->args[1], *head;

	if (strcmp(effect->to.name, "attach") == 0)
		return value_equal(events, event) == YES;
	while (beside->compared++ < COMPARED_MAX &&
	       value_uncons(events, beside->judge->arena, &head, &events))
		if (value_equal(head, event) == YES)
			return true;
	return false;
}

static bool share_event(struct beside *beside, const struct code_effect *a,
			const struct code_effect *b)
{
	const struct value *events = a->args[1], *head;

	if (strcmp(a->to.name, "attach") == 0)
		return has_event(beside, b, events);
	while (beside->compared++ < COMPARED_MAX &&
	       value_uncons(events, beside->judge->arena, &head, &events))
		if (has_event(beside, b, head))
			return true;
	return false;
}

static const struct value *module_of(const struct value *handler, struct arena *arena)
{
	return value_tuple_size(handler) == 2 ? value_element(handler, 0, arena) : handler;
}

/* Whether two of them do the same, whatever they are called. */
static bool are_alike(struct beside *beside, const struct code_effect *a,
		      const struct code_effect *b)
{
	struct arena *arena = beside->judge->arena;
	const struct adding *adding = adding_of(a);

	switch (adding->alike) {
	case BY_MANAGER:
		return value_equal(a->args[0], b->args[0]) == YES &&
		       value_equal(module_of(a->args[1], arena), module_of(b->args[1], arena)) ==
			       YES;
	case BY_EVENTS:
		return may_be_same_fun(a->args[2], b->args[2]) && share_event(beside, a, b);
	case BY_MODULE:
		return value_equal(a->args[1], b->args[1]) == YES;
	case BY_FILTER:
		break;
	}
	return strcmp(a->to.name, b->to.name) == 0 &&
	       (adding->id == 0 || value_equal(a->args[0], b->args[0]) == YES) &&
	       may_be_same_fun(value_element(a->args[adding->id + 1], 0, arena),
			       value_element(b->args[adding->id + 1], 0, arena));
}

struct added_way {
	struct judge *judge;
	struct beside *beside;
	struct module_at *module;
	enum side to; /* the release whose code adds one beside that of the other one */
	struct code_effects theirs, own;
};

/* How a constant name is found among those of a kind; NULL: it is none. */
static const char *id_text(enum alike alike, const struct value *id, struct arena *arena)
{
	const struct term *term = value_term(id, arena);
	owned_str struct str text = STR_EMPTY;

	if (!term)
		return NULL;
	str_addf(&text, "%d ", (int)alike);
	term_print(&text, term);
	return arena_dup(arena, str_span(&text));
}

static void add_named(struct named *named, struct code_effects effects, struct arena *arena)
{
	for (size_t i = 0; i < effects.len; i++) {
		const struct adding *adding = adding_of(&effects.items[i]);
		const struct value *id = adding ? id_of(&effects.items[i], adding, arena) : NULL;
		const char *text = id ? id_text(adding->alike, id, arena) : NULL;

		if (text) {
			name_table_add(named->ids, text, NULL);
		} else if (id && named->len < UNSEEN_MAX) {
			named->unseen[named->len].alike = adding->alike;
			named->unseen[named->len++].id = id;
		}
	}
}

static const struct named *named_in(struct beside *beside, enum side side)
{
	struct judge *judge = beside->judge;
	struct modules *modules = judge->modules;
	struct named *named = &beside->named[side];

	if (named->ids)
		return named;
	named->ids = name_table_new();
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *after = &modules->items[SIDE_NEW][i];
		struct module_at *module = modules_find(modules, side, after->name);

		if (module && !module->of_language && module_may_differ(judge, after))
			add_named(named, effects_through(judge, side, module), judge->arena);
	}
	return named;
}

/* Some code adds, or removes, one that may be called so. */
static bool is_named_anywhere(const struct added_way *way, const struct adding *of,
			      const struct value *id)
{
	const struct named *named = named_in(way->beside, way->to);
	const char *text = id_text(of->alike, id, way->judge->arena);

	if (named->len == UNSEEN_MAX || name_table_find(named->ids, span_of(text)) != NAME_ABSENT)
		return true;
	for (size_t i = 0; i < named->len; i++)
		if (named->unseen[i].alike == of->alike &&
		    value_equal(named->unseen[i].id, id) != NO)
			return true;
	return false;
}

/* The other release adds one in this module that may be called so. */
static bool is_added_by_both(const struct added_way *way, const struct adding *of,
			     const struct value *id)
{
	for (size_t i = 0; i < way->theirs.len; i++) {
		const struct code_effect *theirs = &way->theirs.items[i];
		const struct adding *adding = adding_of(theirs);

		if (adding && adding->alike == of->alike && !adding->removes &&
		    (++way->beside->compared > COMPARED_MAX ||
		     value_equal(id_of(theirs, adding, way->judge->arena), id) != NO))
			return true;
	}
	return false;
}

/* The one of the other release that stays beside it; NULL: none is seen to. */
static const struct value *stays_beside(const struct added_way *way,
					const struct code_effect *added)
{
	struct arena *arena = way->judge->arena;
	const struct adding *adding = adding_of(added);

	if (!adding || adding->removes || !value_term(added->args[adding->id], arena) ||
	    is_added_by_both(way, adding, added->args[adding->id]))
		return NULL;
	for (size_t i = 0; i < way->theirs.len && way->beside->compared++ < COMPARED_MAX; i++) {
		const struct code_effect *theirs = &way->theirs.items[i];
		const struct adding *other = adding_of(theirs);
		const struct value *id = other ? theirs->args[other->id] : NULL;

		if (other && !other->removes && other->alike == adding->alike &&
		    value_term(id, arena) && are_alike(way->beside, added, theirs) &&
		    !is_named_anywhere(way, adding, id))
			return id;
	}
	return NULL;
}

static const char *shown(const struct value *value, struct arena *arena)
{
	owned_str struct str text = STR_EMPTY;

	value_print(&text, value);
	return arena_dup(arena, str_span(&text));
}

/* What a start adds alone is looked at where all else is that only a start sets up. */
static bool is_at_start(const struct added_way *way, const struct code_effect *added)
{
	struct judge *judge = way->judge;
	struct module_at *module = modules_find(judge->modules, SIDE_NEW, way->module->name);
	const struct code_function *in =
		code_function(module->code, added->in->name, added->in->arity);

	return !in || (!added->waited && runs_at_start(judge, module, in));
}

/* By a module that adds it for this one. */
static bool is_told_with(const struct judge *judge, const char *what)
{
	for (size_t i = 0; i < judge->reasons->len; i++)
		if (strstr(judge->reasons->items[i].message, what))
			return true;
	return false;
}

static void tell(const struct added_way *way, const struct code_effect *added,
		 const struct value *stays)
{
	struct judge *judge = way->judge;
	const struct module_at *module = way->module;
	const bool back = way->to == SIDE_OLD;
	const struct adding *adding = adding_of(added);
	const struct code_function *owner = code_owner(module->code, added->in);
	const char *what =
		arena_printf(judge->arena, "adds %s under %s, and the %s code did under %s",
			     adding->shown, shown(added->args[adding->id], judge->arena),
			     back ? "new" : "old", shown(stays, judge->arena));

	if (!is_told_with(judge, what))
		JUDGE(judge, back ? REASON_not_reversible : REASON_wiring_changed,
		      module->app->name, module->name,
		      "%s%s:%s/%u %s: that one stays, and nobody removes it",
		      back ? "on the way back, " : "", module_shown(module->name), owner->name,
		      owner->arity, what)
			->hint = "remove that of before as well, where one is added";
}

static void judge_way(const struct added_way *way)
{
	struct judge *judge = way->judge;
	const char *name = way->module->name;

	for (size_t i = 0; i < way->own.len; i++) {
		const struct code_effect *added = &way->own.items[i];
		const struct value *stays;

		if (is_told(judge, REASON_wiring_changed, name) ||
		    is_told(judge, REASON_not_reversible, name))
			return;
		stays = stays_beside(way, added);
		if (stays && !is_at_start(way, added))
			tell(way, added, stays);
	}
}

static bool is_read(struct judge *judge, enum side side, struct module_at *module)
{
	const struct code *code = module_code(judge->modules, side, module);

	return code && !code->unread;
}

static void judge_beside_in(struct beside *beside, struct module_at *module)
{
	struct judge *judge = beside->judge;
	struct module_at *before = modules_find(judge->modules, SIDE_OLD, module->name);
	struct added_way up = { judge, beside, module, .to = SIDE_NEW }, down;

	/* What starts anew has been stopped by then, with what that removes. */
	if (!before || starts_anew(judge, module->name) || !is_read(judge, SIDE_NEW, module) ||
	    !is_read(judge, SIDE_OLD, before))
		return;
	up.theirs = effects_through(judge, SIDE_OLD, before);
	up.own = effects_through(judge, SIDE_NEW, module);
	down = (struct added_way){ judge, beside, before, SIDE_OLD, up.own, up.theirs };
	judge_way(&up);
	judge_way(&down);
}

void judge_beside(struct judge *judge)
{
	struct beside beside = { .judge = judge };
	struct modules *modules = judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++)
		if (module_may_differ(judge, &modules->items[SIDE_NEW][i]))
			judge_beside_in(&beside, &modules->items[SIDE_NEW][i]);
	named_done(&beside);
}
