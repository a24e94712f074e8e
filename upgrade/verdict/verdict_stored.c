// SPDX-License-Identifier: Apache-2.0
/* What is stored beside the state of processes: rows of tables, persistent terms, values in the
 * process dictionary.  What the old code put there, the new code takes for what it puts there; and
 * on the way back the other way round.
 */
#include "erlang/code/code_facts.h"
#include "erlang/code/code_type.h"
#include "upgrade/verdict/verdict_parts.h"

/* clang-format off */
static const struct way {
	const char *module, *name;
	uint32_t arity;
	unsigned where, what; /* the arguments that say which one, and what is put there */
	const char *shown;
	enum stored stored;
} ways[] = {
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

static const struct way *way_of(const struct code_effect *effect)
{
	for (size_t i = 0; i < ARRAY_LEN(ways); i++)
		if (effect_is(effect, ways[i].module, ways[i].name, ways[i].arity))
			return &ways[i];
	return NULL;
}

/* The name of a table, the key of a term; of {tag, Key} the tag is enough, for what stands under
 * such keys is alike.  NULL: not seen.
 */
static const char *place_named(const struct value *where, struct arena *arena)
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

static const char *place_of(const struct code_effect *effect, const struct way *way,
			    struct arena *arena)
{
	return place_named(effect->args[way->where], arena);
}

/* Of tables without a name each may be the one. */
bool stored_is_at(const struct value *where, const struct stored_at *at, struct arena *arena)
{
	const char *place = place_named(where, arena);

	return place ? strcmp(place, at->place) == 0 : !*at->place;
}

/* Tables without a name, which states hold, are one place, "", for each module that fills them. */
static const char *filled_place(const struct code_effect *effect, const struct way *way,
				struct arena *arena)
{
	const char *place = place_of(effect, way, arena);

	return place || !strstr(way->module, "ets") ? place : "";
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
	static const struct way table = { .module = "ets", .where = 0 };

	for (size_t i = 0; i < effects.len; i++) {
		const struct code_effect *effect = &effects.items[i];
		const struct value *what, *head;
		const char *at;

		if (!effect_is(effect, "ets", "update_element", 3) ||
		    !(at = filled_place(effect, &table, judge->arena)) || strcmp(at, place) != 0)
			continue;
		what = effect->args[2];
		if (value_tuple_size(what) == 2)
			add_element(rows, what, judge->arena);
		while (value_uncons(what, judge->arena, &head, &what))
			add_element(rows, head, judge->arena);
	}
}

/* All that a module puts there, or its init alone, rows one by one; empty: nothing that is seen. */
static struct type *stored(struct judge *judge, struct code_effects effects, const struct way *way,
			   const char *place, bool by_init)
{
	struct type *type = type_new(judge->arena);

	for (size_t i = 0; i < effects.len; i++) {
		const struct way *other = way_of(&effects.items[i]);
		const struct value *what, *head, *tail;
		const char *at;

		if (!other || strcmp(other->shown, way->shown) != 0 ||
		    (by_init && strcmp(effects.items[i].in->name, "init") != 0) ||
		    !(at = filled_place(&effects.items[i], other, judge->arena)) ||
		    strcmp(at, place) != 0)
			continue;
		what = effects.items[i].args[other->what];
		if (strcmp(other->module, "ets") == 0 &&
		    value_uncons(what, judge->arena, &head, &tail))
			what = head;
		type_add(type, what, judge->arena);
	}
	if (way->stored == STORED_ROWS && !by_init)
		add_elements(judge, type, effects, place);
	return type;
}

/* Where something is put by the code of both releases, on one of the ways between them. */
struct storing {
	struct judge *judge;
	struct module_at *module;
	enum side to;                   /* the release that finds what the other one put there */
	const struct code *from, *code; /* the module in that other one, and in this */
	struct code_effects there, made;
};

/* A module that changed, in the release that finds it; NULL: not there. */
static const struct code *code_at(const struct storing *storing, const struct module_diff *diff)
{
	return storing->to == SIDE_NEW ? diff->new_code : diff->old_code;
}

static bool is_size_matched(const struct code *code, const void *size)
{
	return code_matches_size(code, *(const size_t *)size);
}

struct row {
	const struct code *code; /* that looks it up, and may hand it to another module */
	size_t size;
};

static bool takes_row(const struct code *code, const void *what)
{
	const struct row *row = what;

	return code == row->code ? code_matches_row(code, row->size)
				 : code_hands_row(row->code, code, row->size);
}

static bool is_row_matched(const struct storing *storing, size_t size)
{
	const struct row row = { storing->code, size };

	return code_or_library(storing->judge, storing->to, row.code, takes_row, &row);
}

/* Others read a table by its name: one that changed, and takes rows apart by their new size alone.
 */
static bool read_by_size(const struct storing *storing, const char *place,
			 const struct type_diff *diff)
{
	const struct diff *all = storing->judge->diff;

	for (size_t i = 0; i < all->len; i++)
		for (size_t j = 0; j < all->apps[i].modules.len; j++) {
			const struct code *code = code_at(storing, &all->apps[i].modules.items[j]);
			owned_name_table struct name_table *atoms = NULL;

			if (!code || code->unread || code == storing->code ||
			    !code_matches_row(code, diff->new_size) ||
			    code_matches_row(code, diff->size))
				continue;
			atoms = atoms_of(code);
			if (name_table_find(atoms, span_of(place)) != NAME_ABSENT)
				return true;
		}
	return false;
}

/* ---- rows that are read by calls ---- */

/* What a pattern takes, {'$1', '_'} or [{{'$1', '_'}, Guards, Body}]: the size of a row, or -1. */
static int pattern_size(const struct code_effect *effect, struct arena *arena)
{
	static const char *const matches[] = { "match", "match_object", "match_delete" };
	static const char *const selects[] = { "select", "select_count", "select_delete",
					       "select_replace", "select_reverse" };
	const struct value *pattern = effect->args[1], *head, *tail;

	for (size_t i = 0; i < ARRAY_LEN(matches); i++)
		if (strcmp(effect->to.name, matches[i]) == 0)
			return value_tuple_size(pattern);
	for (size_t i = 0; i < ARRAY_LEN(selects); i++)
		if (strcmp(effect->to.name, selects[i]) == 0 &&
		    value_uncons(pattern, arena, &head, &tail) && value_tuple_size(head) == 3)
			return value_tuple_size(value_element(head, 0, arena));
	return -1;
}

static bool is_beyond(const struct value *position, size_t size, struct arena *arena)
{
	const struct term *term = value_term(position, arena);
	int64_t nr;

	return term && term_get_integer(term, &nr) && nr > (int64_t)size;
}

/* It asks for an element behind the end of rows of a size: which one, {Which, What}, or a list of
 * those.
 */
static bool asks_beyond(const struct code_effect *effect, size_t size, struct arena *arena)
{
	const struct value *what = effect->args[2], *head;

	if (strcmp(effect->to.name, "lookup_element") == 0)
		return is_beyond(what, size, arena);
	if (strcmp(effect->to.name, "update_counter") != 0 &&
	    strcmp(effect->to.name, "update_element") != 0)
		return false;
	if (value_tuple_size(what) >= 2)
		return is_beyond(value_element(what, 0, arena), size, arena);
	while (value_uncons(what, arena, &head, &what))
		if (value_tuple_size(head) >= 2 &&
		    is_beyond(value_element(head, 0, arena), size, arena))
			return true;
	return false;
}

/* By calls that changed modules make, which name the table: only as they are made now. */
static bool asked_by_size(const struct storing *storing, const char *place,
			  const struct type_diff *diff)
{
	struct judge *judge = storing->judge;
	struct modules *modules = judge->modules;
	bool wide = false;

	for (size_t i = 0; i < name_table_len(modules->names[storing->to]); i++) {
		struct module_at *module = &modules->items[storing->to][i];
		struct code_effects effects = { NULL, 0 };

		if (module->diff || strcmp(module->name, storing->module->name) == 0)
			effects = effects_of(judge, storing->to, module, effect_any);
		for (size_t j = 0; j < effects.len; j++) {
			const struct code_effect *effect = &effects.items[j];
			const struct way table = { .where = 0 };
			const char *at = strcmp(effect->to.module, "ets") == 0
						 ? place_of(effect, &table, judge->arena)
						 : NULL;
			int size;

			if (!at || strcmp(at, place) != 0)
				continue;
			size = pattern_size(effect, judge->arena);
			if (size >= 0 && (size_t)size == diff->size)
				return false;
			wide = wide || (size >= 0 && (size_t)size == diff->new_size) ||
			       asks_beyond(effect, diff->size, judge->arena);
		}
	}
	return wide;
}

/* ---- keys of maps ---- */

/* It names the place in a call that stores or fetches. */
static bool uses_place(struct judge *judge, struct code_effects effects, const struct way *way,
		       const char *place)
{
	for (size_t i = 0; i < effects.len; i++) {
		const struct way here = { .where = way->where };
		const char *at = strcmp(effects.items[i].to.module, way->module) == 0 &&
						 effects.items[i].to.arity > way->where
					 ? place_of(&effects.items[i], &here, judge->arena)
					 : NULL;

		if (at && strcmp(at, place) == 0)
			return true;
	}
	return false;
}

/* By whoever puts it there, or by a changed module that fetches it. */
static bool is_key_read(const struct storing *storing, const struct way *way, const char *place,
			const char *key)
{
	struct judge *judge = storing->judge;
	struct modules *modules = judge->modules;

	if (reads_key(judge, storing->to, storing->code, key))
		return true;
	for (size_t i = 0; i < name_table_len(modules->names[storing->to]); i++) {
		struct module_at *module = &modules->items[storing->to][i];
		const struct code *code = module->diff ? code_at(storing, module->diff) : NULL;

		if (code && code != storing->code && wants_key(code, key) &&
		    uses_place(judge, effects_of(judge, storing->to, module, effect_any), way,
			       place))
			return true;
	}
	return false;
}

static bool are_both_matched(const struct code *code, const void *diff)
{
	const struct type_diff *of = diff;

	return code_matches_size(code, of->size) && code_matches_size(code, of->new_size);
}

/* What a row holds is taken apart elsewhere, too; the row itself may be of the same size as it. */
static bool is_part_understood(const struct storing *storing, const struct type_diff *diff)
{
	struct judge *judge = storing->judge;
	const struct code *code = storing->code;

	return code_or_library(judge, storing->to, code, are_both_matched, diff) ||
	       !code_or_library(judge, storing->to, code, is_size_matched, &diff->new_size);
}

/* All that was seen of it before is of other kinds than all that is seen now, though not all was.
 */
static bool is_of_other_kinds(const struct type_diff *diff)
{
	const unsigned kinds = diff->before->kinds | diff->after->kinds;

	return diff->what == TYPE_LOST && diff->before->kinds && diff->after->kinds &&
	       !(diff->before->kinds & diff->after->kinds) && !(kinds & 1U << TERM_ATOM);
}

/* Whether it looks a row of the table up by a tuple, or by something else, as it was given. */
static bool looks_up(const struct storing *storing, const char *place, bool by_tuple)
{
	static const char *const names[] = { "lookup", "lookup_element", "member",        "take",
					     "delete", "update_counter", "update_element" };
	const struct way table = { .where = 0 };

	for (size_t i = 0; i < storing->made.len; i++) {
		const struct code_effect *effect = &storing->made.items[i];
		const char *at = strcmp(effect->to.module, "ets") == 0 && effect->to.arity > 1
					 ? filled_place(effect, &table, storing->judge->arena)
					 : NULL;

		for (size_t j = 0; at && strcmp(at, place) == 0 && j < ARRAY_LEN(names); j++)
			if (strcmp(effect->to.name, names[j]) == 0 &&
			    (value_tuple_size(effect->args[1]) >= 0) == by_tuple)
				return true;
	}
	return false;
}

static bool is_given(const struct type *type)
{
	return type->unknown && !type->lost.name && !type->kinds;
}

static bool is_tuple(const struct type *type)
{
	return !type->unknown && type->kinds == 1U << TERM_TUPLE;
}

/* What rows are found by was what a function is given, and is a tuple that is made of it, or the
 * other way round.
 */
static bool is_key_made(const struct storing *storing, const struct way *way, const char *place,
			const struct type_diff *diff)
{
	const bool tuple = is_tuple(diff->before);

	return way->stored == STORED_ROWS && *place && strcmp(diff->path, "element 1") == 0 &&
	       diff->what == TYPE_LOST && (tuple || is_given(diff->before)) &&
	       (tuple ? is_given(diff->after) : is_tuple(diff->after)) &&
	       !looks_up(storing, place, tuple);
}

static void mark_called(const struct code *code, bool *marked)
{
	for (bool more = true; more;) {
		more = false;
		for (size_t f = 0; f < code->len; f++)
			for (size_t i = 0; i < code->functions[f].len && marked[f]; i++) {
				const struct code_function *to =
					code_op_local(code, &code->functions[f].ops[i]);

				more = more || (to && !marked[to - code->functions]);
				if (to)
					marked[to - code->functions] = true;
			}
	}
}

/* A module that itself fetches a persistent term takes it apart there, in what it calls for that,
 * or in what calls it; what puts the term there takes other things apart.  False: no such function
 * does, though some fetch it.
 */
static bool may_be_matched(const struct storing *storing, const struct way *way, const char *place,
			   size_t size)
{
	const struct code *code = storing->code;
	bool *marked = arena_array(storing->judge->arena, code->len, bool), any = false;
	const struct way here = { .where = 0 };

	for (size_t i = 0; way->stored == STORED_TERM && i < storing->made.len; i++) {
		const struct code_effect *effect = &storing->made.items[i];
		const char *at = !effect->through && effect_is(effect, "persistent_term", "get", 0)
					 ? place_of(effect, &here, storing->judge->arena)
					 : NULL;

		if (at && strcmp(at, place) == 0)
			any = marked[effect->in - code->functions] = true;
	}
	code_mark_callers(code, marked);
	mark_called(code, marked);
	for (size_t i = 0; i < code->len; i++)
		if (marked[i] && function_matches_size(&code->functions[i], size))
			return true;
	return !any;
}

/* Of those that make or match it the way it was, some go on to do so. */
static bool is_understood(const struct storing *storing, const struct way *way, const char *place,
			  const struct type_diff *diff)
{
	struct judge *judge = storing->judge;
	const struct code *code = storing->code;

	if (diff->what == TYPE_KEY)
		return !is_key_read(storing, way, place, diff->tag) ||
		       (diff->open &&
			may_put_key(judge, storing->to == SIDE_NEW ? SIDE_OLD : SIDE_NEW,
				    storing->from, diff->tag));
	if (diff->what == TYPE_KEYS)
		return keys_found(judge, storing->to, code, diff);
	if (diff->what != TYPE_SIZE)
		return diff->what != TYPE_OTHER && diff->what != TYPE_SWAP &&
		       !is_of_other_kinds(diff) && !is_key_made(storing, way, place, diff);
	if (!*diff->path && strcmp(way->module, "ets") == 0 && asked_by_size(storing, place, diff))
		return false;
	if (diff->tag)
		return code_matches(code, diff->tag, diff->size);
	/* Who reads elements by their number need not know how many there are. */
	if (strcmp(way->module, "ets") == 0 || strcmp(way->module, "dets") == 0)
		return (is_row_matched(storing, diff->size) ||
			!is_row_matched(storing, diff->new_size)) &&
		       (*diff->path ? is_part_understood(storing, diff)
				    : !read_by_size(storing, place, diff));
	return (code_or_library(judge, storing->to, code, is_size_matched, &diff->size) &&
		(!may_be_matched(storing, way, place, diff->new_size) ||
		 may_be_matched(storing, way, place, diff->size))) ||
	       !code_or_library(judge, storing->to, code, is_size_matched, &diff->new_size);
}

static const struct type_diff *find_harm(const struct storing *storing, const struct way *way,
					 const char *place, struct type_diffs diffs)
{
	for (size_t i = 0; i < diffs.len; i++)
		if (!is_understood(storing, way, place, &diffs.items[i]))
			return &diffs.items[i];
	return NULL;
}

/* A fun of a module that changes, whoever puts it there. */
static void judge_stored_fun(const struct storing *storing, const struct type *before,
			     const struct way *way, const char *place)
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
static void tell_harm(const struct storing *storing, const struct way *way, const char *place,
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

/* What init puts there is seen best: callbacks go on with what they fetch. */
static void judge_place(const struct storing *storing, const struct way *way, const char *place,
			bool by_init)
{
	struct judge *judge = storing->judge;
	const struct type *there = stored(judge, storing->there, way, place, by_init);
	const struct type *made = stored(judge, storing->made, way, place, by_init);
	const struct stored_at at = { .stored = way->stored,
				      .place = place,
				      .by = storing->code->module,
				      .to = storing->to,
				      .there = there,
				      .made = made };
	const struct type_diff *harm;
	const char *failing;

	if (storing->to == SIDE_NEW)
		judge_stored_fun(storing, there, way, place);
	if (type_is_empty(there) || type_is_empty(made) ||
	    is_told(judge, REASON_shared_struct_changed, storing->module->name) ||
	    is_told(judge, REASON_not_reversible, storing->module->name))
		return;
	harm = find_harm(storing, way, place, type_compare(there, made, judge->arena));
	failing = harm ? NULL : reader_that_fails(judge, &at);
	if (harm && is_key_made(storing, way, place, harm))
		tell_harm(storing, way, place,
			  "what a row is found by is made otherwise of what is given");
	else if (harm || failing)
		tell_harm(storing, way, place,
			  harm ? type_diff_shown(judge->arena, harm)
			       : arena_printf(judge->arena, "%s fails with it", failing));
}

/* Each place once, by however many calls something is put there. */
static void judge_places(const struct storing *storing)
{
	owned_name_table struct name_table *seen = name_table_new();
	struct arena *arena = storing->judge->arena;

	for (size_t i = 0; i < storing->made.len; i++) {
		const struct way *way = way_of(&storing->made.items[i]);
		const char *place = way ? filled_place(&storing->made.items[i], way, arena) : NULL;
		bool is_new = false;

		if (place)
			name_table_add(seen, arena_printf(arena, "%s %s", way->shown, place),
				       &is_new);
		if (is_new) {
			judge_place(storing, way, place, true);
			judge_place(storing, way, place, false);
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
