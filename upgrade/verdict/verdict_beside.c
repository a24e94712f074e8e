// SPDX-License-Identifier: Apache-2.0
/* Handlers that are added at any time under another name than before, and of which the old one
 * stays beside the new one: what comes is handled twice.
 */
#include "base/name_table.h"
#include "upgrade/verdict/verdict_parts.h"

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

/* [a, b] of attach/4, [[a, b], [a, c]] of attach_many/4. */
static bool has_event(const struct code_effect *effect, const struct value *event,
		      struct arena *arena)
{
	const struct value *events = effect->args[1], *head;

	if (strcmp(effect->to.name, "attach") == 0)
		return value_equal(events, event) == YES;
	while (value_uncons(events, arena, &head, &events))
		if (value_equal(head, event) == YES)
			return true;
	return false;
}

static bool share_event(const struct code_effect *a, const struct code_effect *b,
			struct arena *arena)
{
	const struct value *events = a->args[1], *head;

	if (strcmp(a->to.name, "attach") == 0)
		return has_event(b, events, arena);
	while (value_uncons(events, arena, &head, &events))
		if (has_event(b, head, arena))
			return true;
	return false;
}

static const struct value *module_of(const struct value *handler, struct arena *arena)
{
	return value_tuple_size(handler) == 2 ? value_element(handler, 0, arena) : handler;
}

/* Whether two of them do the same, whatever they are called. */
static bool are_alike(const struct code_effect *a, const struct code_effect *b, struct arena *arena)
{
	const struct adding *adding = adding_of(a);

	switch (adding->alike) {
	case BY_MANAGER:
		return value_equal(a->args[0], b->args[0]) == YES &&
		       value_equal(module_of(a->args[1], arena), module_of(b->args[1], arena)) ==
			       YES;
	case BY_EVENTS:
		return share_event(a, b, arena) && may_be_same_fun(a->args[2], b->args[2]);
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
	struct module_at *module;
	enum side to; /* the release whose code adds one beside that of the other one */
	struct code_effects theirs, own;
};

/* Some code adds, or also removes, one that may be called so. */
static bool is_named_by(const struct added_way *way, struct code_effects effects,
			const struct adding *of, const struct value *id, bool also)
{
	for (size_t i = 0; i < effects.len; i++) {
		const struct adding *adding = adding_of(&effects.items[i]);

		if (adding && adding->alike == of->alike && (also || !adding->removes) &&
		    value_equal(id_of(&effects.items[i], adding, way->judge->arena), id) != NO)
			return true;
	}
	return false;
}

static bool is_named_anywhere(const struct added_way *way, const struct adding *of,
			      const struct value *id)
{
	struct judge *judge = way->judge;
	struct modules *modules = judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *after = &modules->items[SIDE_NEW][i];
		struct module_at *module = modules_find(modules, way->to, after->name);

		if (module && !module->of_language && module_may_differ(judge, after) &&
		    is_named_by(way, effects_through(judge, way->to, module), of, id, true))
			return true;
	}
	return is_named_by(way, way->own, of, id, true);
}

/* The one of the other release that stays beside it; NULL: none is seen to. */
static const struct value *stays_beside(const struct added_way *way,
					const struct code_effect *added)
{
	struct arena *arena = way->judge->arena;
	const struct adding *adding = adding_of(added);

	if (!adding || adding->removes || !value_term(added->args[adding->id], arena) ||
	    is_named_by(way, way->theirs, adding, added->args[adding->id], false))
		return NULL;
	for (size_t i = 0; i < way->theirs.len; i++) {
		const struct code_effect *theirs = &way->theirs.items[i];
		const struct adding *other = adding_of(theirs);
		const struct value *id = other ? theirs->args[other->id] : NULL;

		if (other && !other->removes && other->alike == adding->alike &&
		    value_term(id, arena) && are_alike(added, theirs, arena) &&
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

void judge_beside(struct judge *judge, struct module_at *module)
{
	struct module_at *before = modules_find(judge->modules, SIDE_OLD, module->name);
	struct added_way up = { .judge = judge, .module = module, .to = SIDE_NEW }, down;

	/* What starts anew has been stopped by then, with what that removes. */
	if (!before || starts_anew(judge, module->name) ||
	    !module_code(judge->modules, SIDE_NEW, module) ||
	    !module_code(judge->modules, SIDE_OLD, before))
		return;
	up.theirs = effects_through(judge, SIDE_OLD, before);
	up.own = effects_through(judge, SIDE_NEW, module);
	down = (struct added_way){ judge, before, SIDE_OLD, up.own, up.theirs };
	judge_way(&up);
	judge_way(&down);
}
