// SPDX-License-Identifier: Apache-2.0
/* Whether who finds what is stored goes on with it: who looks rows up, takes them apart, or fetches
 * what stands under a key.
 */
#include "upgrade/verdict/verdict_states.h"
#include "upgrade/verdict/verdict_stored.h"

#include "erlang/code/code_facts.h"

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
			const char *at = strcmp(effect->to.module, "ets") == 0
						 ? storage_place(effect, 0, judge->arena)
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
static bool uses_place(struct judge *judge, struct code_effects effects, const struct storage *way,
		       const char *place)
{
	for (size_t i = 0; i < effects.len; i++) {
		const char *at =
			strcmp(effects.items[i].to.module, way->module) == 0
				? storage_place(&effects.items[i], way->where, judge->arena)
				: NULL;

		if (at && strcmp(at, place) == 0)
			return true;
	}
	return false;
}

/* A module of the same application that did not even name it before: it is handed on to there. */
static bool is_read_newly(const struct storing *storing, const struct module_at *module,
			  const char *key)
{
	const struct module_diff *diff = module->diff;
	owned_name_table struct name_table *before = NULL;

	if (module->app != storing->module->app || diff->change != CHANGE_CHANGED)
		return false;
	before = atoms_of(storing->to == SIDE_NEW ? diff->old_code : diff->new_code);
	return name_table_find(before, span_of(key)) == NAME_ABSENT;
}

/* By whoever puts it there, or by a changed module that fetches it. */
static bool is_key_read(const struct storing *storing, const struct storage *way, const char *place,
			const struct type_diff *diff)
{
	struct judge *judge = storing->judge;
	struct modules *modules = judge->modules;
	const char *key = diff->tag;

	if (reads_key(judge, storing->to, storing->code, key))
		return true;
	for (size_t i = 0; i < name_table_len(modules->names[storing->to]); i++) {
		struct module_at *module = &modules->items[storing->to][i];
		const struct code *code = module->diff ? code_at(storing, module->diff) : NULL;

		if (!code || code == storing->code)
			continue;
		if (wants_key(code, key) &&
		    /* Of a struct more is told where that changed. */
		    ((!diff->of && way->stored != STORED_ELSEWHERE &&
		      is_read_newly(storing, module, key)) ||
		     uses_place(judge, effects_of(judge, storing->to, module, effect_any), way,
				place)))
			return true;
		if (gets_key(judge, storing->to, code, key) &&
		    uses_place(judge, effects_through(judge, storing->to, module), way, place))
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

	for (size_t i = 0; i < storing->made.len; i++) {
		const struct code_effect *effect = &storing->made.items[i];
		const char *at = strcmp(effect->to.module, "ets") == 0 && effect->to.arity > 1
					 ? storage_table(effect, storing->judge->arena)
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

bool stored_key_is_made(const struct storing *storing, const struct storage *way, const char *place,
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
static bool may_be_matched(const struct storing *storing, const struct storage *way,
			   const char *place, size_t size)
{
	const struct code *code = storing->code;
	bool *marked = arena_array(storing->judge->arena, code->len, bool), any = false;

	for (size_t i = 0; way->stored == STORED_TERM && i < storing->made.len; i++) {
		const struct code_effect *effect = &storing->made.items[i];
		const char *at = !effect->through && effect_is(effect, "persistent_term", "get", 0)
					 ? storage_place(effect, 0, storing->judge->arena)
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
static bool is_understood(const struct storing *storing, const struct storage *way,
			  const char *place, const struct type_diff *diff)
{
	struct judge *judge = storing->judge;
	const struct code *code = storing->code;

	if (diff->what == TYPE_KEY)
		return !is_key_read(storing, way, place, diff) ||
		       (diff->open &&
			may_put_key(judge, storing->to == SIDE_NEW ? SIDE_OLD : SIDE_NEW,
				    storing->from, diff->tag));
	if (diff->what == TYPE_KEYS)
		return keys_found(judge, storing->to, code, diff);
	if (diff->what != TYPE_SIZE)
		return diff->what != TYPE_OTHER && diff->what != TYPE_SWAP &&
		       !is_of_other_kinds(diff) && !stored_key_is_made(storing, way, place, diff);
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

const struct type_diff *stored_harm(const struct storing *storing, const struct storage *way,
				    const char *place, struct type_diffs diffs)
{
	for (size_t i = 0; i < diffs.len; i++)
		if ((!diffs.items[i].packed ||
		     binaries_are_read(storing->judge, storing->to, storing->code)) &&
		    !is_understood(storing, way, place, &diffs.items[i]))
			return &diffs.items[i];
	return NULL;
}
