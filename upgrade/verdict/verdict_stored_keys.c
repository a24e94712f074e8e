// SPDX-License-Identifier: Apache-2.0
/* Keys that are made otherwise.  Rows of which some have a key {tag, …}, or a text that is built,
 * which nobody looks up any more, though who puts rows there does: a function makes the keys, in
 * several ways, of which one changed.  Persistent terms, and values in the process dictionary, that
 * the same functions put and fetch under another one.
 */
#include "upgrade/verdict/verdict_running.h"
#include "upgrade/verdict/verdict_stored.h"

/* Which argument is the pattern of rows, or the key; all else that reads a table may find any row.
 */
static bool is_keyed(const struct beam_function *to)
{
	static const char *const names[] = { "lookup", "lookup_element", "member",        "take",
					     "delete", "update_counter", "update_element" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(to->name, names[i]) == 0)
			return to->arity > 1;
	return false;
}

static bool reads_nothing(const struct beam_function *to)
{
	static const char *const names[] = {
		"new",    "insert", "insert_new", "info",      "whereis",
		"delete", "rename", "setopts",    "give_away", "delete_all_objects"
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(to->name, names[i]) == 0)
			return true;
	return false;
}

static const struct value *pattern_key(const struct code_effect *effect, struct arena *arena)
{
	const struct value *row = effect->args[1], *head, *tail;

	if (strncmp(effect->to.name, "match", 5) != 0 && strncmp(effect->to.name, "select", 6) != 0)
		return &value_unknown;
	if (strncmp(effect->to.name, "select", 6) == 0)
		row = value_uncons(row, arena, &head, &tail) && value_tuple_size(head) == 3
			      ? value_element(head, 0, arena)
			      : &value_unknown;
	return value_tuple_size(row) > 0 ? value_element(row, 0, arena) : &value_unknown;
}

/* Whether it may be, or match, {tag, …} or a text; an atom in a pattern may be '$1'. */
static bool may_be(const struct value *key, const struct value *wanted, bool pattern,
		   struct arena *arena)
{
	if (value_tuple_size(key) < 0)
		return value_equal(key, wanted) != NO || (pattern && value_atom_name(key));
	return value_tuple_size(key) == value_tuple_size(wanted) &&
	       value_equal(value_element(key, 0, arena), value_element(wanted, 0, arena)) != NO;
}

/* {tag, …}, or a text of which it is seen what it begins with. */
static bool is_shaped(const struct value *key)
{
	return value_tuple_size(key) > 0 || (key->kind == VALUE_UNKNOWN && key->begins);
}

struct looks {
	bool any;   /* by a key of such a shape */
	bool finds; /* the one in question */
};

static void look(struct looks *looks, struct code_effects effects, const char *place,
		 const struct value *wanted, struct arena *arena)
{
	for (size_t i = 0; i < effects.len; i++) {
		const struct code_effect *effect = &effects.items[i];
		const bool keyed = is_keyed(&effect->to);
		const struct value *key;

		if (strcmp(effect->to.module, "ets") != 0 || effect->to.arity == 0 ||
		    (!keyed && reads_nothing(&effect->to)) ||
		    strcmp(storage_table(effect, arena), place) != 0 || effect->seen_better)
			continue;
		key = keyed ? effect->args[1] : pattern_key(effect, arena);
		looks->any = looks->any || (keyed && is_shaped(key));
		looks->finds = looks->finds || may_be(key, wanted, !keyed, arena);
	}
}

/* By another module, which names the table. */
static bool found_elsewhere(const struct storing *storing, const char *place,
			    const struct value *wanted)
{
	struct judge *judge = storing->judge;
	struct modules *modules = judge->modules;
	struct looks looks = { false, false };

	for (size_t i = 0; i < name_table_len(modules->names[storing->to]) && !looks.finds; i++) {
		struct module_at *module = &modules->items[storing->to][i];

		if (!module->of_language && strcmp(module->name, storing->module->name) != 0 &&
		    (module->diff || module->app == storing->module->app))
			look(&looks, effects_through(judge, storing->to, module), place, wanted,
			     judge->arena);
	}
	return looks.finds;
}

/* What a row is found by; NULL: it is none. */
static const struct type *key_of(const struct type_variant *row)
{
	return row->map || row->len == 0 ? NULL : row->items[0];
}

/* Of the keys of some rows, those that were seen, from the first: {tag, …}, texts.  NULL: no more.
 */
static const struct value *nth_key(const struct type *key, size_t nth, struct arena *arena)
{
	if (nth < key->len)
		return key->variants[nth].map ? value_of_kind(arena, TERM_MAP)
					      : type_value(key, nth, arena);
	nth -= key->len;
	if (nth >= key->texts_len)
		return NULL;
	return key->texts[nth].whole
		       ? value_of_term(arena, term_binary(arena, span_of(key->texts[nth].text)))
		       : value_of_text(arena, span_of(key->texts[nth].text));
}

static bool is_put(const struct type *rows, const struct value *wanted, struct arena *arena)
{
	const struct value *one;

	for (size_t i = 0; i < rows->len; i++) {
		const struct type *key = key_of(&rows->variants[i]);

		if (key && (key->unknown || (wanted->kind == VALUE_UNKNOWN && key->any_text)))
			return true;
		for (size_t j = 0; key && (one = nth_key(key, j, arena)); j++)
			if (may_be(one, wanted, false, arena))
				return true;
	}
	return rows->unknown;
}

/* Which of those may be missed: {tag, …}, and texts that are built. */
static bool is_one_of_many(const struct type *key, const struct value *one, size_t nth)
{
	return nth < key->len ? key->variants[nth].tag && !key->variants[nth].map
			      : one->kind == VALUE_UNKNOWN;
}

/* The release that finds the rows puts some there under such a key that the other one does not: it
 * took the place of one.
 */
static bool puts_others(const struct type *made, const struct type *there, struct arena *arena)
{
	const struct value *one;

	for (size_t i = 0; i < made->len; i++) {
		const struct type *key = key_of(&made->variants[i]);

		for (size_t j = 0; key && (one = nth_key(key, j, arena)); j++)
			if (is_one_of_many(key, one, j) && !is_put(there, one, arena))
				return true;
	}
	return false;
}

/* code_change of the new release, which goes back with it, reads them to put them right. */
static bool are_moved(const struct storing *storing, const char *place, const struct value *wanted)
{
	const struct code_effects effects = storing->there;
	struct looks looks = { false, false };

	for (size_t i = 0; storing->to == SIDE_OLD && i < effects.len; i++)
		if (is_of_code_change(storing->from, effects.items[i].in))
			look(&looks, (struct code_effects){ &effects.items[i], 1 }, place, wanted,
			     storing->judge->arena);
	return looks.finds;
}

/* ---- a cache: who finds no row makes it ---- */

enum { MISS_STEPS = 8000, MISSES_MAX = 60 };

/* What a function does where no row is found, or no look at one comes back. */
struct miss {
	struct eval *eval;
	const char *place;
	bool returns; /* a look does, with no row */
	bool looks, needs;
	unsigned puts;
};

static bool is_miss_at(const struct miss *miss, const struct beam_function *to,
		       const struct value *const *args)
{
	const char *place;

	if (strcmp(to->module, "ets") != 0 || to->arity < 2)
		return false;
	place = storage_named(args[0], miss->eval->arena);
	return strcmp(place ? place : "", miss->place) == 0;
}

static bool is_looked_up(const struct beam_function *to, const struct value *const *args)
{
	return is_keyed(to) && strcmp(to->name, "delete") != 0 && is_shaped(args[1]);
}

static void see_miss(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct miss *miss = ctx;
	struct arena *arena = miss->eval->arena;
	const struct value *row, *tail;

	if (!is_miss_at(miss, to, args))
		return;
	if (strncmp(to->name, "insert", 6) == 0) {
		row = value_uncons(args[1], arena, &row, &tail) ? row : args[1];
		miss->puts += value_tuple_size(row) < 1 || is_shaped(value_element(row, 0, arena));
	} else if (is_looked_up(to, args)) {
		miss->looks = true;
		miss->needs = miss->needs ||
			      (strcmp(to->name, "lookup") != 0 && strcmp(to->name, "member") != 0 &&
			       strcmp(to->name, "take") != 0);
	}
}

static bool answer_miss(void *ctx, const struct beam_function *to, const struct value *const *args,
			struct values *out)
{
	struct miss *miss = ctx;
	struct arena *arena = miss->eval->arena;

	if (!is_miss_at(miss, to, args) || !is_looked_up(to, args))
		return false;
	if (miss->returns)
		eval_add(miss->eval, out,
			 strcmp(to->name, "member") == 0
				 ? value_of_atom(arena, "false")
				 : value_of_term(arena, term_list_of(arena, &(struct terms){ 0 })));
	return true;
}

/* False: not all is seen. */
static bool follow_miss(const struct storing *storing, const struct code_function *function,
			struct miss *miss, size_t *returned)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct value *args[256];
	struct eval eval = { .arena = &scratch,
			     .library = &storing->judge->modules->library[storing->to],
			     .limit = MISS_STEPS,
			     .on_call = see_miss,
			     .answer = answer_miss,
			     .ctx = miss };

	miss->eval = &eval;
	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = &value_unknown;
	*returned = eval_function(&eval, storing->code, function, args).len;
	return !eval.gave_up;
}

/* Rows are put there only where none was found, and whoever finds none goes on. */
static bool is_cache(const struct storing *storing, const char *place)
{
	const struct code *code = storing->code;
	unsigned followed = 0, puts = 0;

	for (size_t i = 0; i < code->len; i++) {
		struct miss never = { .place = place }, none = never;
		size_t returned, beside;

		none.returns = true;
		if (!code->functions[i].exported)
			continue;
		if (++followed > MISSES_MAX ||
		    !follow_miss(storing, &code->functions[i], &never, &beside) ||
		    !follow_miss(storing, &code->functions[i], &none, &returned) ||
		    never.puts > 0 || none.needs ||
		    (none.looks && none.puts == 0 && (beside > 0 || returned == 0)))
			return false;
		puts += none.puts;
	}
	return puts > 0;
}

const char *stored_key_not_found(const struct storing *storing, const struct storage *way,
				 const char *place, const struct type *there,
				 const struct type *made)
{
	struct arena *arena = storing->judge->arena;
	const struct value *wanted;

	if (way->stored != STORED_ROWS || strcmp(way->module, "ets") != 0 ||
	    !puts_others(made, there, arena))
		return NULL;
	for (size_t i = 0; i < there->len; i++) {
		const struct type *key = key_of(&there->variants[i]);

		for (size_t j = 0; key && (wanted = nth_key(key, j, arena)); j++) {
			struct looks was = { false, false }, is = { false, false };

			if (!is_one_of_many(key, wanted, j) || value_tuple_size(wanted) == 1 ||
			    is_put(made, wanted, arena))
				continue;
			look(&was, storing->there, place, wanted, arena);
			look(&is, storing->made, place, wanted, arena);
			if (was.any && was.finds && is.any && !is.finds &&
			    !found_elsewhere(storing, place, wanted) &&
			    !are_moved(storing, place, wanted) && !is_cache(storing, place)) {
				owned_str struct str text = STR_EMPTY;

				value_print(&text, wanted);
				return arena_printf(arena,
						    "nobody looks for a row under %s any more",
						    str_text(&text));
			}
		}
	}
	return NULL;
}

/* ---- persistent terms and the process dictionary ---- */

enum access { ACCESS_OTHER, ACCESS_PUT, ACCESS_FETCH };

static bool is_of(const struct code_effect *effect, enum stored stored)
{
	static const char *const names[] = { "put", "get", "erase", "delete", "put_new" };
	const char *module = effect->to.module;

	if (stored == STORED_TERM
		    ? strcmp(module, "persistent_term") != 0
		    : strcmp(module, "erlang") != 0 && strcmp(module, "Elixir.Process") != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], effect->to.name) == 0)
			return true;
	return false;
}

/* Only what takes it to be there fetches it: not with a default, nor where somebody looks whether
 * it is there.
 */
static enum access access_of(const struct code *code, const struct code_effect *effect)
{
	const struct code_function *in = effect->in;

	if (effect->to.arity == 2 && strcmp(effect->to.name, "put") == 0)
		return ACCESS_PUT;
	if (effect->to.arity == 1 && strcmp(effect->to.name, "get") == 0 &&
	    !fetch_goes_on(code, in, effect->args[0]) && !calls_are_careful(code, in, &effect->to))
		return ACCESS_FETCH;
	return ACCESS_OTHER;
}

/* Whether a call is given the place, or one that is not seen. */
static bool is_named(struct code_effects effects, enum stored stored, const char *place,
		     struct arena *arena)
{
	for (size_t i = 0; i < effects.len; i++) {
		const char *at = effects.items[i].to.arity > 0
					 ? storage_place(&effects.items[i], 0, arena)
					 : NULL;

		if (is_of(&effects.items[i], stored) && (!at || strcmp(at, place) == 0))
			return true;
	}
	return false;
}

static bool is_named_anywhere(const struct storing *storing, enum stored stored, const char *place)
{
	struct judge *judge = storing->judge;
	struct modules *modules = judge->modules;

	for (size_t i = 0; stored == STORED_TERM && i < name_table_len(modules->names[storing->to]);
	     i++) {
		struct module_at *module = &modules->items[storing->to][i];

		if (!module->of_language && (module->diff || module->app == storing->module->app) &&
		    is_named(effects_through(judge, storing->to, module), stored, place,
			     judge->arena))
			return true;
	}
	return is_named(storing->made, stored, place, judge->arena);
}

/* The same function, which may differ in what it names: something else that took its place would
 * hardly be alike.
 */
static bool is_same_function(const struct code_function *a, const struct code_function *b)
{
	if (a->len != b->len || a->arity != b->arity || strcmp(a->name, b->name) != 0)
		return false;
	for (size_t i = 0; i < a->len; i++)
		if (a->ops[i].opcode != b->ops[i].opcode)
			return false;
	return true;
}

/* A function of that name accesses the place in that way. */
static bool accesses(const struct code *code, struct code_effects effects, enum stored stored,
		     enum access access, const char *place, const struct code_function *as,
		     struct arena *arena)
{
	for (size_t i = 0; i < effects.len; i++) {
		const struct code_effect *effect = &effects.items[i];
		const char *at = storage_place(effect, 0, arena);

		if (at && is_of(effect, stored) && strcmp(at, place) == 0 &&
		    access_of(code, effect) == access && is_same_function(effect->in, as))
			return true;
	}
	return false;
}

/* Some function fetches the one in one release and the other in the other. */
static bool are_fetched(const struct storing *storing, enum stored stored, const char *was,
			const char *is)
{
	struct arena *arena = storing->judge->arena;

	for (size_t i = 0; i < storing->made.len; i++) {
		const struct code_effect *effect = &storing->made.items[i];
		const char *at = storage_place(effect, 0, arena);

		if (at && is_of(effect, stored) && strcmp(at, is) == 0 &&
		    access_of(storing->code, effect) == ACCESS_FETCH &&
		    accesses(storing->from, storing->there, stored, ACCESS_FETCH, was, effect->in,
			     arena))
			return true;
	}
	return false;
}

/* What a function does with a place of the process dictionary. */
struct setting {
	struct eval *eval;
	const char *place;
	bool ends; /* a way does where something is put there */
	bool puts, fetches;
	bool later;  /* fetches after it has waited for a message */
	bool itself; /* fetches it, none that it calls does */
};

static bool is_at(const struct setting *setting, const struct beam_function *to, const char *name,
		  unsigned arity, const struct value *const *args)
{
	const struct code_effect effect = { .to = *to };
	const char *place;

	if (to->arity != arity || strcmp(to->name, name) != 0 || !is_of(&effect, STORED_IN_PROCESS))
		return false;
	place = storage_named(args[0], setting->eval->arena);
	return place && strcmp(place, setting->place) == 0;
}

static void see_setting(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct setting *setting = ctx;

	setting->puts = setting->puts || is_at(setting, to, "put", 2, args);
	if (is_at(setting, to, "get", 1, args)) {
		setting->fetches = true;
		setting->itself = setting->eval->top && !setting->eval->top->caller;
		setting->later = setting->later || setting->eval->waited;
	}
}

static bool answer_setting(void *ctx, const struct beam_function *to,
			   const struct value *const *args, struct values *out)
{
	const struct setting *setting = ctx;

	(void)out;
	return setting->ends && is_at(setting, to, "put", 2, args);
}

/* False: not all is seen. */
static bool follow_setting(const struct storing *storing, const struct code_function *function,
			   struct setting *setting)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct value *args[256];
	struct eval eval = { .arena = &scratch,
			     .library = &storing->judge->modules->library[storing->to],
			     .limit = MISS_STEPS,
			     .on_call = see_setting,
			     .answer = answer_setting,
			     .ctx = setting };

	setting->eval = &eval;
	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = &value_unknown;
	eval_function(&eval, storing->code, function, args);
	return !eval.gave_up;
}

/* Others call it, having put something there. */
static bool is_accessor(const struct code *code, const struct code_function *function,
			const struct setting *setting)
{
	const struct code_function *caller;

	return (function->arity == 0 && setting->itself) ||
	       code_callers(code, function, &caller, 1) > 0;
}

/* Whoever fetches it has put it there before, in the same call. */
static bool is_set_first(const struct storing *storing, enum stored stored, const char *place)
{
	const struct code *code = storing->code;
	unsigned followed = 0;
	bool is = false;

	for (size_t i = 0; stored == STORED_IN_PROCESS && i < code->len; i++) {
		const struct code_function *function = &code->functions[i];
		struct setting all = { .place = place }, before = { .place = place, .ends = true };

		if (!function->exported)
			continue;
		if (++followed > MISSES_MAX || !follow_setting(storing, function, &all) ||
		    !follow_setting(storing, function, &before) || all.later ||
		    (all.puts && strcmp(function->name, "init") == 0) ||
		    (before.fetches && !is_accessor(code, function, &before)))
			return false;
		is = is || (all.fetches && !before.fetches);
	}
	return is;
}

const char *stored_place_before(const struct storing *storing, const struct code_effect *put,
				const struct storage *way, const char *place)
{
	struct arena *arena = storing->judge->arena;
	const enum stored stored = way->stored;

	if ((stored != STORED_TERM && stored != STORED_IN_PROCESS) ||
	    is_named(storing->there, stored, place, arena))
		return NULL;
	for (size_t i = 0; i < storing->there.len; i++) {
		const struct code_effect *effect = &storing->there.items[i];
		const char *was = storage_place(effect, 0, arena);

		if (was && is_of(effect, stored) &&
		    access_of(storing->from, effect) == ACCESS_PUT &&
		    is_same_function(effect->in, put->in) &&
		    are_fetched(storing, stored, was, place) &&
		    !is_named_anywhere(storing, stored, was))
			return is_set_first(storing, stored, place) ? NULL : was;
	}
	return NULL;
}

/* Whether something is put there, or somewhere that is not seen. */
static bool is_put_there(struct code_effects effects, enum stored stored, const char *place,
			 struct arena *arena)
{
	for (size_t i = 0; i < effects.len; i++) {
		const struct code_effect *effect = &effects.items[i];
		const char *at = storage_place(effect, 0, arena);

		if (is_of(effect, stored) && strncmp(effect->to.name, "put", 3) == 0 &&
		    (!at || strcmp(at, place) == 0))
			return true;
	}
	return false;
}

static bool is_fetched(const struct code *code, struct code_effects effects, enum stored stored,
		       const char *place, struct arena *arena)
{
	for (size_t i = 0; i < effects.len; i++) {
		const char *at = storage_place(&effects.items[i], 0, arena);

		if (at && is_of(&effects.items[i], stored) && strcmp(at, place) == 0 &&
		    access_of(code, &effects.items[i]) == ACCESS_FETCH)
			return true;
	}
	return false;
}

/* Another place that a function which takes what is at this one looks at, or puts it, and that the
 * release in question knows nothing of.
 */
static const char *place_beside(const struct storing *storing, const struct code_effect *taken,
				enum stored stored, const char *place)
{
	struct arena *arena = storing->judge->arena;

	for (size_t i = 0; i < storing->there.len; i++) {
		const struct code_effect *effect = &storing->there.items[i];
		const char *at = storage_place(effect, 0, arena);

		if (at && effect->in == taken->in && is_of(effect, stored) &&
		    strcmp(at, place) != 0 && is_put_there(storing->there, stored, at, arena) &&
		    !is_named(storing->made, stored, at, arena))
			return at;
	}
	return NULL;
}

const char *stored_place_left(const struct storing *storing, const struct storage *way,
			      const char *place)
{
	struct arena *arena = storing->judge->arena;
	const char *is;

	if (way->stored != STORED_IN_PROCESS ||
	    is_put_there(storing->there, way->stored, place, arena) ||
	    !is_fetched(storing->code, storing->made, way->stored, place, arena))
		return NULL;
	for (size_t i = 0; i < storing->there.len; i++) {
		const struct code_effect *effect = &storing->there.items[i];
		const char *at = storage_place(effect, 0, arena);

		if (at && is_of(effect, way->stored) && strcmp(at, place) == 0 &&
		    (is = place_beside(storing, effect, way->stored, place)))
			return is_set_first(storing, way->stored, place) ? NULL : is;
	}
	return NULL;
}
