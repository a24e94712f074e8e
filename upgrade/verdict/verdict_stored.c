// SPDX-License-Identifier: Apache-2.0
/* What is stored beside the state of processes: rows of tables, persistent terms, values in the
 * process dictionary.  What the old code put there, the new code takes for what it puts there; and
 * on the way back the other way round.
 */
#include "upgrade/verdict/verdict_stored.h"
#include "upgrade/verdict/verdict_starts.h"
#include "upgrade/verdict/verdict_states.h"

/* clang-format off */
static const struct storage ways[] = {
	{ "ets", "insert", 2, 0, 1, "rows of the table", STORED_ROWS },
	{ "ets", "insert_new", 2, 0, 1, "rows of the table", STORED_ROWS },
	{ "ets", "update_counter", 4, 0, 3, "rows of the table", STORED_ROWS },
	{ "dets", "insert", 2, 0, 1, "rows of the table", STORED_ROWS },
	{ "persistent_term", "put", 2, 0, 1, "the persistent term", STORED_TERM },
	{ "erlang", "put", 2, 0, 1, "the process dictionary under", STORED_IN_PROCESS },
	{ "Elixir.Process", "put", 2, 0, 1, "the process dictionary under", STORED_IN_PROCESS },
	{ "Elixir.Registry", "register", 3, 0, 2, "the registry", STORED_IN_REGISTRY },
	{ "Elixir.Registry", "put_meta", 3, 1, 2, "the registry's meta", STORED_META },
	{ "application", "set_env", 3, 1, 2, "the environment, under", STORED_ENV },
	{ "Elixir.Application", "put_env", 3, 1, 2, "the environment, under", STORED_ENV },
	{ "logger", "add_handler", 3, 0, 2, "the handler of the log", STORED_ELSEWHERE },
	{ "telemetry", "attach", 4, 0, 3, "the handler of telemetry", STORED_ELSEWHERE },
	{ "telemetry", "attach_many", 4, 0, 3, "the handler of telemetry", STORED_ELSEWHERE },
};
/* clang-format on */

static const struct storage *way_of(const struct code_effect *effect)
{
	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		if (effect_is(effect, ways[i].module, ways[i].name, ways[i].arity))
			return &ways[i];
	return NULL;
}

const char *storage_named(const struct value *where, struct arena *arena)
{
	const struct term *term = value_term(where, arena);
	owned_str struct str text = STR_EMPTY;

	if (term)
		term_print(&text, term);
	else if (value_tuple_size(where) > 1 && value_atom_name(value_element(where, 0, arena)))
		value_print(&text, where);
	else
		return NULL;
	return arena_dup(arena, str_span(&text));
}

const char *storage_place(const struct code_effect *effect, unsigned where, struct arena *arena)
{
	return where < effect->to.arity ? storage_named(effect->args[where], arena) : NULL;
}

const char *storage_table(const struct code_effect *effect, struct arena *arena)
{
	const char *place = storage_place(effect, 0, arena);

	return place ? place : "";
}

/* Of tables without a name each may be the one. */
bool stored_is_at(const struct value *where, const struct stored_at *at, struct arena *arena)
{
	const char *place = storage_named(where, arena);

	return place ? strcmp(place, at->place) == 0 : !*at->place;
}

static const char *place_of(const struct code_effect *effect, const struct storage *way,
			    struct arena *arena)
{
	return way->stored == STORED_ROWS ? storage_table(effect, arena)
					  : storage_place(effect, way->where, arena);
}

static void add_element(struct type *rows, const struct value *put, struct arena *arena)
{
	const struct term *nr = value_term(value_element(put, 0, arena), arena);
	int64_t at;

	if (!nr || !term_get_integer(nr, &at) || at < 1)
		return;
	for (size_t i = 0; i < rows->len; i++)
		if (!rows->variants[i].map && at <= (int64_t)rows->variants[i].len)
			type_add(rows->variants[i].items[at - 1], value_element(put, 1, arena),
				 arena);
}

/* What ets:update_element puts into rows that others put there: {Position, Value}, or a list of
 * those.
 */
static void add_elements(struct judge *judge, struct type *rows, struct code_effects effects,
			 const char *place)
{
	for (size_t i = 0; i < effects.len; i++) {
		const struct code_effect *effect = &effects.items[i];
		const struct value *what, *head;

		if (!effect_is(effect, "ets", "update_element", 3) ||
		    strcmp(storage_table(effect, judge->arena), place) != 0)
			continue;
		what = effect->args[2];
		if (value_tuple_size(what) == 2)
			add_element(rows, what, judge->arena);
		while (value_uncons(what, judge->arena, &head, &what))
			add_element(rows, head, judge->arena);
	}
}

static void add_stored(struct judge *judge, struct type *type, struct code_effects effects,
		       const struct storage *way, const char *place, bool by_init)
{
	for (size_t i = 0; i < effects.len; i++) {
		const struct storage *other = way_of(&effects.items[i]);
		const struct value *what, *head, *tail;
		const char *at;

		if (!other || strcmp(other->shown, way->shown) != 0 ||
		    (by_init && strcmp(effects.items[i].in->name, "init") != 0) ||
		    effects.items[i].seen_better ||
		    !(at = place_of(&effects.items[i], other, judge->arena)) ||
		    strcmp(at, place) != 0)
			continue;
		what = effects.items[i].args[other->what];
		if (strcmp(other->module, "ets") == 0 &&
		    value_uncons(what, judge->arena, &head, &tail))
			what = head;
		type_add(type, what, judge->arena);
	}
}

/* What other modules put there. */
static struct type *rows_of_others(const struct storing *storing, const struct storage *way,
				   const char *place, enum side side)
{
	struct judge *judge = storing->judge;
	const struct module_at *module = storing->module;
	struct type *type = type_new(judge->arena);

	for (size_t i = 0; i < name_table_len(judge->modules->names[side]); i++) {
		struct module_at *other = &judge->modules->items[side][i];

		if (!other->of_language && strcmp(other->name, module->name) != 0 &&
		    (other->diff || other->app == module->app))
			add_stored(judge, type, effects_through(judge, side, other), way, place,
				   false);
	}
	return type;
}

/* A module that only puts elements into rows of others: those, where they stay as they are. */
static struct type *rows_to_update(const struct storing *storing, const struct storage *way,
				   const char *place)
{
	struct type *olds = rows_of_others(storing, way, place, SIDE_OLD);
	struct type *news = rows_of_others(storing, way, place, SIDE_NEW);

	return type_same(olds, news) ? news : type_new(storing->judge->arena);
}

/* All that a module puts there, or its init alone, rows one by one; empty: nothing that is seen.
 *
 * side  of the release that does
 */
static struct type *stored(const struct storing *storing, enum side side, const struct storage *way,
			   const char *place, bool by_init)
{
	const struct code_effects effects = side == storing->to ? storing->made : storing->there;
	struct type *type = type_new(storing->judge->arena);

	add_stored(storing->judge, type, effects, way, place, by_init);
	if (way->stored != STORED_ROWS || by_init)
		return type;
	if (*place && type_is_empty(type))
		type = rows_to_update(storing, way, place);
	add_elements(storing->judge, type, effects, place);
	return type;
}

/* A fun of a module that changes, whoever puts it there. */
static void judge_stored_fun(const struct storing *storing, const struct type *before,
			     const struct storage *way, const char *place)
{
	struct judge *judge = storing->judge;
	const struct code *code = type_fun(before);
	const struct module_at *from =
		code ? modules_find(judge->modules, SIDE_OLD, code->module) : NULL;

	if (from && from->diff && !is_told(judge, REASON_fun_kept, storing->module->name))
		JUDGE(judge, REASON_fun_kept, storing->module->app->name, storing->module->name,
		      "%s puts a fun of %s into %s%s%s: it is gone when the old code is purged, "
		      "and "
		      "calling it fails",
		      module_shown(storing->module->name), module_shown(code->module),
		      *place ? way->shown : "rows of a table", *place ? " " : "", place)
			->hint = "keep fun Module:name/arity or {Module, Function} instead";
}

/* Where another module puts it there, by this one or for it. */
static bool is_told_of(const struct judge *judge, enum reason_code code, const char *what)
{
	for (size_t i = 0; i < judge->reasons->len; i++) {
		const struct reason *reason = &judge->reasons->items[i];
		const char *at = reason->code == code ? strstr(reason->message, what) : NULL;

		if (at && strchr(": ", at[strlen(what)]))
			return true;
	}
	return false;
}

/* what: is the matter with it */
static void tell_harm(const struct storing *storing, const struct storage *way, const char *place,
		      const char *what)
{
	struct judge *judge = storing->judge;
	const struct module_at *module = storing->module;
	const bool back = storing->to == SIDE_OLD;
	const enum reason_code code = back ? REASON_not_reversible : REASON_shared_struct_changed;

	const char *into =
		arena_printf(judge->arena, " puts something else into %s %s", way->shown, place);

	/* What is told of the way up is enough for the way back. */
	if (*place && (is_told_of(judge, code, into) ||
		       is_told_of(judge, REASON_shared_struct_changed, into)))
		return;
	JUDGE(judge, code, module->app->name, module->name,
	      "%s puts something else into %s%s%s%s: %s; what is there stays as it is",
	      module_shown(module->name), *place ? way->shown : "rows of a table",
	      *place ? " " : "", place,
	      back ? " than the old code, on the way back, takes from there" : "", what)
		->hint = "understand both for one release, or change what is there behind the "
			 "upgrade";
}

/* Of the process dictionary what becomes of what is there, too, where that is seen. */
static const struct type *what_is_put(const struct storing *storing, enum side side,
				      const struct storage *way, const struct stored_at *at,
				      bool by_init)
{
	const struct type *put = stored(storing, side, way, at->place, by_init);
	struct type *grown;

	if (by_init || way->stored != STORED_IN_PROCESS || !put->unknown)
		return put;
	grown = stored(storing, side, way, at->place, true);
	return stored_grow(storing, side, at, grown) ? grown : put;
}

/* What init puts there is seen best: callbacks go on with what they fetch. */
static void judge_place(const struct storing *storing, const struct storage *way, const char *place,
			bool by_init)
{
	struct judge *judge = storing->judge;
	struct stored_at at = { .stored = way->stored,
				.place = place,
				.by = storing->code->module,
				.to = storing->to };
	const struct type *there = what_is_put(storing, !storing->to, way, &at, by_init);
	const struct type *made = what_is_put(storing, storing->to, way, &at, by_init);
	const struct type_diff *harm;
	const char *failing, *lost;
	bool fails;

	at.there = there;
	at.made = made;
	if (storing->to == SIDE_NEW)
		judge_stored_fun(storing, there, way, place);
	if (type_is_empty(there) || type_is_empty(made) ||
	    is_told(judge, REASON_shared_struct_changed, storing->module->name) ||
	    is_told(judge, REASON_not_reversible, storing->module->name))
		return;
	at.there = stored_behind_change(storing, &at, &fails);
	if (fails) {
		tell_harm(storing, way, place, "code_change fails with it");
		return;
	}
	harm = stored_harm(storing, way, place, type_compare(at.there, made, judge->arena));
	if (harm && (way->stored == STORED_IN_PROCESS || way->stored == STORED_TERM) &&
	    can_be_seen_in_use(harm) && readers_go_on(judge, &at))
		harm = NULL;
	failing = harm ? NULL : reader_that_fails(judge, &at);
	if (harm && stored_key_is_made(storing, way, place, harm))
		tell_harm(storing, way, place,
			  "what a row is found by is made otherwise of what is given");
	else if (harm || failing)
		tell_harm(storing, way, place,
			  harm ? type_diff_shown(judge->arena, harm)
			       : arena_printf(judge->arena, "%s fails with it", failing));
	else if ((lost = stored_key_not_found(storing, way, place, at.there, made)))
		tell_harm(storing, way, place, lost);
}

/* What a start puts there alone is looked at where all else is that only a start makes. */
static bool is_put_at_start(const struct storing *storing, const struct code_effect *put)
{
	struct judge *judge = storing->judge;
	struct module_at *module = modules_find(judge->modules, SIDE_NEW, storing->module->name);
	const struct code *code = module_code(judge->modules, SIDE_NEW, module);
	const struct code_function *in =
		code ? code_function(code, put->in->name, put->in->arity) : NULL;

	return !in || runs_at_start(judge, module, in);
}

static void judge_moved(const struct storing *storing, const struct code_effect *put,
			const struct storage *way, const char *place)
{
	struct judge *judge = storing->judge;
	const struct module_at *module = storing->module;
	const bool back = storing->to == SIDE_OLD;
	const char *was;

	if (is_told(judge, REASON_shared_struct_changed, module->name) ||
	    is_told(judge, REASON_not_reversible, module->name))
		return;
	was = stored_place_before(storing, put, way, place);
	if (was && is_put_at_start(storing, put))
		return;
	if (!was && back)
		was = stored_place_left(storing, way, place);
	if (!was)
		return;
	JUDGE(judge, back ? REASON_not_reversible : REASON_shared_struct_changed, module->app->name,
	      module->name,
	      "%s%s fetches %s %s what the %s code put under %s: nobody looks there any more, and "
	      "what is there is not found",
	      back ? "on the way back, " : "", module_shown(module->name),
	      way->stored == STORED_TERM ? "as the persistent term"
					 : "from the process dictionary under",
	      place, back ? "new" : "old", was)
		->hint = "look under both for one release, or move what is there in code_change";
}

/* Each place once, by however many calls something is put there. */
static void judge_places(const struct storing *storing)
{
	owned_name_table struct name_table *seen = name_table_new();
	struct arena *arena = storing->judge->arena;

	for (size_t i = 0; i < storing->made.len; i++) {
		const struct code_effect *effect = &storing->made.items[i];
		const struct storage *way =
			effect_is(effect, "ets", "update_element", 3) ? &ways[0] : way_of(effect);
		const char *place = way ? place_of(effect, way, arena) : NULL;
		bool is_new = false;

		if (place)
			name_table_add(seen, arena_printf(arena, "%s %s", way->shown, place),
				       &is_new);
		if (is_new) {
			judge_place(storing, way, place, true);
			judge_place(storing, way, place, false);
			judge_moved(storing, effect, way, place);
		}
	}
}

void judge_stored_by(struct judge *judge, struct module_at *old, struct module_at *module,
		     const struct code *old_code, const struct code *code)
{
	const struct code_effects olds = effects_through(judge, SIDE_OLD, old);
	const struct code_effects news = effects_through(judge, SIDE_NEW, module);
	const struct storing up = { judge, module, SIDE_NEW, old_code, code, olds, news };
	const struct storing down = { judge, module, SIDE_OLD, code, old_code, news, olds };

	judge_places(&up);
	judge_places(&down);
}

static bool stores(const struct beam_facts *facts)
{
	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		if (beam_imports(facts, ways[i].module, ways[i].name, ways[i].arity))
			return true;
	return false;
}

/* Whether a module that is the same puts anything anywhere, itself or by one that changed. */
static bool is_storing(struct judge *judge, struct module_at *module)
{
	const struct beam_facts *facts = module_facts(judge->modules, SIDE_NEW, module);
	bool is = facts && stores(facts);

	for (size_t i = 0; facts && i < facts->imports.len && !is; i++) {
		const struct module_at *to =
			modules_find(judge->modules, SIDE_NEW, facts->imports.items[i].module);

		is = to && to->diff && to->diff->change == CHANGE_CHANGED &&
		     stores(to->diff->new_facts);
	}
	return is && module_code(judge->modules, SIDE_NEW, module);
}

void judge_stored(struct judge *judge)
{
	struct modules *modules = judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];
		struct module_at *old = modules_find(modules, SIDE_OLD, module->name);
		const struct module_diff *diff = module->diff;

		if (old && calls_changed(judge, module) && is_storing(judge, module))
			judge_stored_by(judge, old, module, module->code, module->code);
		if (old && diff && diff->change == CHANGE_CHANGED && !diff->old_code->unread &&
		    !diff->new_code->unread) {
			judge_stored_by(judge, old, module, diff->old_code, diff->new_code);
			judge_served(judge, module);
		}
	}
}
