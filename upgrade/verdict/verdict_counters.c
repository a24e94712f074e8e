// SPDX-License-Identifier: Apache-2.0
/* Counters that have other places: in an array of counters, or in a row of a table.  What the old
 * code counted there stays there, and the new one goes on from it with something else.
 */
#include "base/name_table.h"
#include "upgrade/verdict/verdict_kept.h"
#include "upgrade/verdict/verdict_running.h"
#include "upgrade/verdict/verdict_starts.h"
#include "upgrade/verdict/verdict_states.h"

enum {
	STEPS = 8000,
	STEPS_IN_ALL = 4000000,
	COUNTS_MAX = 60,
	TOLD_MAX = 24,
	DEPTH = 3,
	NR_MAX = 63,
	FOLLOWED_MAX = 200
};

/* Of all modules. */
struct counters {
	unsigned steps;
	/* Applications that were asked for, and those of them that have one array. */
	struct name_table *asked[SIDES], *one_array[SIDES];
};

/* What a function, or a clause of it, counts. */
struct count {
	const char *by;    /* "hit/1", "hit/1 for error" */
	const char *where; /* "an array of counters", "the row total of the table stats" */
	uint64_t nrs;      /* the places there, a bit for each */
};

struct counting {
	struct judge *judge;
	struct counters *counters;
	enum side side;
	const struct code *code;
	struct count items[COUNTS_MAX];
	size_t len;
	bool unseen;    /* not all that counts is seen */
	const char *by; /* who is followed */
	bool open;      /* counts where a caller says */
	bool fetched;   /* has looked at an array */
	unsigned followed;
};

static bool counts(const struct beam_function *to)
{
	static const char *const names[] = {
		"add", "sub", "put", "add_get", "sub_get", "exchange", "compare_exchange"
	};

	if (strcmp(to->module, "ets") == 0)
		return strcmp(to->name, "update_counter") == 0;
	if (strcmp(to->module, "counters") != 0 && strcmp(to->module, "atomics") != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(to->name, names[i]) == 0)
			return true;
	return false;
}

static struct count *count_at(struct counting *counting, const char *where)
{
	struct count *count;

	for (size_t i = 0; i < counting->len; i++)
		if (strcmp(counting->items[i].by, counting->by) == 0 &&
		    strcmp(counting->items[i].where, where) == 0)
			return &counting->items[i];
	if (counting->len == COUNTS_MAX) {
		counting->unseen = true;
		return NULL;
	}
	count = &counting->items[counting->len++];
	*count = (struct count){ .by = counting->by,
				 .where = arena_dup(counting->judge->arena, span_of(where)) };
	return count;
}

static bool is_zero(const struct value *value)
{
	int64_t number;

	return value->kind == VALUE_TERM && term_get_integer(value->constant.term, &number) &&
	       number == 0;
}

/* What is put without a look at what is there is no count, and soon right; nor is a reset. */
static bool is_put_anew(const struct counting *counting, const struct beam_function *to,
			const struct value *what)
{
	return (strcmp(to->name, "put") == 0 || strcmp(to->name, "exchange") == 0) &&
	       (!counting->fetched || what->kind == VALUE_TERM);
}

static void add_nr(struct counting *counting, const char *where, const struct value *nr)
{
	const struct term *term = nr->kind == VALUE_TERM ? nr->constant.term : NULL;
	struct count *count;
	int64_t at;

	if (!term || !term_get_integer(term, &at) || at < 1 || at > NR_MAX)
		counting->open = true;
	else if ((count = count_at(counting, where)))
		count->nrs |= UINT64_C(1) << at;
}

/* Who adds 0 looks only. */
static void see_element(struct counting *counting, const char *where, const struct value *what)
{
	struct arena *arena = counting->judge->arena;

	if (value_tuple_size(what) > 1 && !is_zero(value_element(what, 1, arena)))
		add_nr(counting, where, value_element(what, 0, arena));
}

/* {Place, By}, {Place, By, Limit, To}, or a list of those; of a number alone the place depends on
 * the table.
 */
static void see_update(struct counting *counting, const struct value *const *args)
{
	struct arena *arena = counting->judge->arena;
	const struct value *what = args[2], *head;
	owned_str struct str where = STR_EMPTY;

	/* Rows under keys that are computed may be of several kinds. */
	if (!value_atom_name(args[0]) || args[1]->kind != VALUE_TERM)
		return;
	str_adds(&where, "the row ");
	value_print(&where, args[1]);
	str_addf(&where, " of the table %s", value_atom_name(args[0]));
	see_element(counting, str_text(&where), what);
	for (unsigned i = 0; i < NR_MAX && value_uncons(what, arena, &head, &what); i++)
		see_element(counting, str_text(&where), head);
}

static void see(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct counting *counting = ctx;

	if (strcmp(to->name, "get") == 0 && to->arity == 2 &&
	    (strcmp(to->module, "counters") == 0 || strcmp(to->module, "atomics") == 0))
		counting->fetched = true;
	if (!counts(to) || to->arity < 3)
		return;
	if (strcmp(to->module, "ets") == 0)
		see_update(counting, args);
	else if (!is_zero(args[2]) && !is_put_anew(counting, to, args[2]))
		add_nr(counting, "an array of counters", args[1]);
}

/* With such a first argument, or any. */
static void follow_with(struct counting *counting, const struct code_function *function,
			const struct value *first)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct value *args[256];
	owned_str struct str by = STR_EMPTY;
	struct eval eval = { .arena = &scratch,
			     .library = &counting->judge->modules->library[counting->side],
			     .limit = STEPS,
			     .on_call = see,
			     .ctx = counting };

	if (++counting->followed > FOLLOWED_MAX || counting->counters->steps > STEPS_IN_ALL) {
		counting->unseen = true;
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(args); i++)
		args[i] = i == 0 && first ? first : &value_unknown;
	str_addf(&by, "%s/%u", function->name, function->arity);
	if (first) {
		str_adds(&by, " for ");
		value_print(&by, first);
	}
	counting->by = arena_dup(counting->judge->arena, str_span(&by));
	counting->fetched = false;
	eval_function(&eval, counting->code, function, args);
	counting->counters->steps += eval.steps;
	counting->unseen = counting->unseen || eval.gave_up;
}

/* By what it is given, where it tells things apart; else, and where a caller says what is counted,
 * by who calls it.
 */
static void follow(struct counting *counting, const struct code_function *function, unsigned depth)
{
	const struct code_function *callers[TOLD_MAX];
	const struct value *firsts[TOLD_MAX];
	struct arena *arena = counting->judge->arena;
	const size_t before = counting->len;
	size_t len = function->arity > 0 ? messages_told_apart(firsts, TOLD_MAX, counting->code,
							       function, 0, arena)
					 : 0;

	counting->open = false;
	if (len > 0 && len < TOLD_MAX)
		firsts[len++] = value_of_atom(arena, "something else");
	for (size_t i = 0; i < len; i++)
		follow_with(counting, function, firsts[i]);
	if (counting->len == before || counting->open) {
		counting->open = false;
		follow_with(counting, function, NULL);
	}
	if (!counting->open)
		return;
	counting->len = before;
	len = depth > 0 && !function->exported
		      ? code_callers(counting->code, function, callers, TOLD_MAX)
		      : 0;
	counting->unseen = counting->unseen || len == 0 || len == TOLD_MAX;
	for (size_t i = 0; i < len && !counting->unseen; i++)
		if (callers[i] != function)
			follow(counting, callers[i], depth - 1);
}

static bool is_counting(const struct code *code, const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct beam_function *to = code_op_import(code, &function->ops[i]);

		if (to && counts(to))
			return true;
	}
	return false;
}

/* A fun that puts the same into several places, having looked at none. */
static bool is_reset(const struct code *code, const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct beam_function *to = code_op_import(code, &function->ops[i]);

		if (to &&
		    (strcmp(to->name, "get") == 0 || (counts(to) && strcmp(to->name, "put") != 0 &&
						      strcmp(to->name, "exchange") != 0)))
			return false;
	}
	return *function->name == '-';
}

/* All that a module counts; false: not all of it is seen, or it is put right when it changes. */
static bool count_all(struct counting *counting)
{
	const struct code *code = counting->code;

	for (size_t i = 0; i < code->len && !counting->unseen; i++) {
		const struct code_function *function = &code->functions[i];

		if (!is_counting(code, function) || is_reset(code, function))
			continue;
		if (*function->name == '-' || is_of_code_change(code, function))
			return false;
		follow(counting, function, DEPTH);
	}
	return !counting->unseen;
}

/* ---- arrays ---- */

static bool makes_array(const struct beam_function *to)
{
	return strcmp(to->name, "new") == 0 &&
	       (strcmp(to->module, "counters") == 0 || strcmp(to->module, "atomics") == 0);
}

/* From how many places inside a function is called, or the one that alone calls it. */
static unsigned calls_of(const struct code *code, const struct code_function *function)
{
	unsigned calls = 0;

	for (unsigned depth = 0; depth < DEPTH && calls < 2; depth++) {
		const struct code_function *by = NULL;

		calls = 0;
		for (size_t f = 0; f < code->len; f++)
			for (size_t i = 0; i < code->functions[f].len; i++)
				if (code_op_local(code, &code->functions[f].ops[i]) == function) {
					by = &code->functions[f];
					calls++;
				}
		if (!by)
			break;
		function = by;
	}
	return calls;
}

/* How often an array is made in a module, and its function that does: two if that is asked from
 * more than one place.
 */
static unsigned arrays_in(struct judge *judge, enum side side, struct module_at *module)
{
	const struct beam_facts *facts = module_facts(judge->modules, side, module);
	const struct code *code;
	unsigned arrays = 0;

	if (!facts || (!beam_imports(facts, "counters", "new", 2) &&
		       !beam_imports(facts, "atomics", "new", 2)))
		return 0;
	code = module_code(judge->modules, side, module);
	for (size_t f = 0; code && f < code->len; f++)
		for (size_t i = 0; i < code->functions[f].len; i++) {
			const struct beam_function *to =
				code_op_import(code, &code->functions[f].ops[i]);

			if (!to || !makes_array(to))
				continue;
			arrays += calls_of(code, &code->functions[f]) > 1 ? 2 : 1;
			if (side == SIDE_NEW &&
			    (!runs_at_start(judge, module, &code->functions[f]) ||
			     starts_anew(judge, module->name)))
				arrays += 2; /* it may be another one than the old code had */
		}
	return code ? arrays : 2;
}

/* Whether all that is counted in an array of an application is in the same one. */
static bool is_one_array(struct judge *judge, struct counters *counters, enum side side,
			 const struct module_at *module)
{
	struct modules *modules = judge->modules;
	const struct resolved_app *app =
		side == SIDE_NEW ? module->app->new_app : module->app->old_app;
	const char *name = module->app->name;
	unsigned arrays = 0;
	bool is_new;

	name_table_add(counters->asked[side], name, &is_new);
	if (!is_new)
		return name_table_find(counters->one_array[side], span_of(name)) != NAME_ABSENT;
	for (size_t i = 0; app && i < app->app->modules.len && arrays < 2; i++) {
		struct module_at *other = modules_find(modules, side, app->app->modules.items[i]);

		arrays += other ? arrays_in(judge, side, other) : 0;
	}
	if (arrays == 1)
		name_table_add(counters->one_array[side], name, NULL);
	return arrays == 1;
}

/* ---- both ---- */

/* The places there that somebody counts at; 0: he does not. */
static uint64_t nrs_of(const struct counting *counting, const struct count *like)
{
	for (size_t i = 0; i < counting->len; i++)
		if (strcmp(counting->items[i].by, like->by) == 0 &&
		    strcmp(counting->items[i].where, like->where) == 0)
			return counting->items[i].nrs;
	return 0;
}

/* The first that counts at a place. */
static const struct count *who_counts(const struct counting *counting, const char *where,
				      uint64_t nr)
{
	for (size_t i = 0; i < counting->len; i++)
		if (counting->items[i].nrs & nr && strcmp(counting->items[i].where, where) == 0)
			return &counting->items[i];
	return NULL;
}

/* All that counted there count elsewhere now. */
static bool all_moved(const struct counting *olds, const struct counting *news, const char *where,
		      uint64_t nr)
{
	for (size_t i = 0; i < olds->len; i++) {
		const struct count *count = &olds->items[i];
		uint64_t now;

		if (!(count->nrs & nr) || strcmp(count->where, where) != 0)
			continue;
		now = nrs_of(news, count);
		if (now == 0 || now & nr)
			return false;
	}
	return true;
}

static void judge_counting(struct judge *judge, struct counters *counters, struct module_at *old,
			   struct module_at *module)
{
	struct counting olds = { .judge = judge,
				 .counters = counters,
				 .side = SIDE_OLD,
				 .code = module_code(judge->modules, SIDE_OLD, old) };
	struct counting news = { .judge = judge,
				 .counters = counters,
				 .side = SIDE_NEW,
				 .code = module_code(judge->modules, SIDE_NEW, module) };
	bool one_array;

	if (!olds.code || olds.code->unread || !news.code || news.code->unread ||
	    !count_all(&olds) || !count_all(&news) || olds.len == 0 || news.len == 0)
		return;
	one_array = is_one_array(judge, counters, SIDE_OLD, old) &&
		    is_one_array(judge, counters, SIDE_NEW, module);
	for (size_t i = 0; i < olds.len; i++)
		for (unsigned nr = 1; nr <= NR_MAX; nr++) {
			const struct count *was = &olds.items[i];
			const uint64_t bit = UINT64_C(1) << nr;
			const struct count *is =
				was->nrs & bit ? who_counts(&news, was->where, bit) : NULL;
			const bool array = strncmp(was->where, "an array", 8) == 0;

			if (!is || !all_moved(&olds, &news, was->where, bit) ||
			    (array && !one_array))
				continue;
			JUDGE(judge, REASON_shared_struct_changed, module->app->name, module->name,
			      "%s counts at place %u of %s now by %s, where the old code did by "
			      "%s, "
			      "which counts elsewhere now: what is there stays there",
			      module_shown(module->name), nr, was->where, is->by, was->by)
				->hint = "leave each its place, and put new ones behind them";
			return;
		}
}

static bool may_count(struct judge *judge, struct module_at *module)
{
	const struct beam_facts *facts = module_facts(judge->modules, SIDE_NEW, module);

	for (size_t i = 0; facts && i < facts->imports.len; i++)
		if (counts(&facts->imports.items[i]))
			return true;
	return false;
}

void judge_counters(struct judge *judge)
{
	struct modules *modules = judge->modules;
	struct counters counters = { 0 };

	for (unsigned side = 0; side < SIDES; side++) {
		counters.asked[side] = name_table_new();
		counters.one_array[side] = name_table_new();
	}
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];
		struct module_at *old = modules_find(modules, SIDE_OLD, module->name);

		if (old && module_may_differ(judge, module) && may_count(judge, module) &&
		    !is_told(judge, REASON_shared_struct_changed, module->name))
			judge_counting(judge, &counters, old, module);
	}
	for (unsigned side = 0; side < SIDES; side++) {
		name_table_free(counters.asked[side]);
		name_table_free(counters.one_array[side]);
	}
}
