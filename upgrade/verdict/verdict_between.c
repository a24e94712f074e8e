// SPDX-License-Identifier: Apache-2.0
/* Libraries that change what they call each other by, or give each other, are loaded one after the
 * other; a process whose own module is the same is not suspended meanwhile, and may come by while
 * one of them is new and the other is not.
 */
#include "upgrade/diff/stays.h"
#include "upgrade/verdict/verdict_running.h"

#include <stdlib.h>

enum { STEPS = 16000, ALL_STEPS_MAX = 2000000, LIBRARIES_MAX = 64, MOMENTS_MAX = 8 };

/* Changed modules that a server comes to, in the order in which they are loaded. */
struct load {
	const char *name;
	size_t step;
};

struct between {
	struct judge *judge;
	const struct term *steps;
	enum side from, to;
	struct load loads[LIBRARIES_MAX];
	size_t len;
	size_t loaded; /* so many of them at the moment that is looked at */
	bool too_many;
};

/* ---- a release in which some modules are of the other one ---- */

static enum side side_of(const struct between *between, const char *name)
{
	for (size_t i = 0; i < between->loaded; i++)
		if (strcmp(between->loads[i].name, name) == 0)
			return between->to;
	return between->from;
}

static const struct code *open_mixed(void *ctx, const char *name)
{
	const struct between *between = ctx;
	const struct code_library *library =
		&between->judge->modules->library[side_of(between, name)];

	return library->open(library->ctx, name);
}

static bool follow_mixed(void *ctx, const char *name)
{
	const struct between *between = ctx;
	const struct code_library *library =
		&between->judge->modules->library[side_of(between, name)];

	return library->follow(library->ctx, name);
}

struct outcome {
	struct eval eval;
	const struct between *between;
	size_t returned;
	struct spots ends; /* where a way ends by an exception, or the call of what is not there */
};

static void see_raise(void *ctx)
{
	struct outcome *outcome = ctx;

	spots_add(&outcome->ends, spot_of(&outcome->eval));
}

/* A function that is not there, or not yet. */
static bool see_missing(void *ctx, const struct beam_function *to, const struct value *const *args,
			struct values *out)
{
	struct outcome *outcome = ctx;
	struct modules *modules = outcome->between->judge->modules;
	const enum side side = side_of(outcome->between, to->module);
	const struct module_at *module = modules_find(modules, side, to->module);

	(void)args;
	(void)out;
	if (!module || !module->diff || module->diff->change != CHANGE_CHANGED)
		return false;
	if (modules_export(modules, side, to))
		return false;
	if (outcome->eval.caught == 0)
		see_raise(outcome);
	return true;
}

static struct outcome outcome_at(struct between *between, size_t loaded, const struct code *code,
				 const struct code_function *function, struct arena *scratch)
{
	const struct code_library library = { open_mixed, follow_mixed, between, NULL, NULL };
	struct outcome outcome = { .between = between };

	between->loaded = loaded;
	outcome.eval = (struct eval){ .arena = scratch,
				      .library = &library,
				      .limit = STEPS,
				      .answer = see_missing,
				      .on_raise = see_raise,
				      .ctx = &outcome };
	outcome.returned = eval_any(&outcome.eval, code, function).len;
	between->judge->between_steps += outcome.eval.steps;
	return outcome;
}

/* Some way through it ends by an exception at that moment, which it does neither before nor behind
 * the upgrade, and so returns less.
 */
static bool fails_at(const struct outcome *at, const struct outcome *before,
		     const struct outcome *behind)
{
	bool ends = false;

	for (size_t i = 0; i < at->ends.len; i++)
		ends = ends || (!spots_have(&before->ends, at->ends.items[i]) &&
				!spots_have(&behind->ends, at->ends.items[i]));
	return ends && before->ends.len < SPOTS_MAX && behind->ends.len < SPOTS_MAX &&
	       at->returned < before->returned && at->returned < behind->returned &&
	       !at->eval.gave_up && at->eval.cut == before->eval.cut &&
	       at->eval.cut == behind->eval.cut;
}

/* ---- what a server comes to ---- */

static size_t step_of(const struct between *between, const char *name)
{
	for (size_t i = 0; i < between->steps->seq.len; i++) {
		const struct term *step = term_at(between->steps, i);

		if (term_is_tagged(step, "load", 2) && term_is_tuple(term_at(step, 1), 3) &&
		    term_is_atom(term_at(term_at(step, 1), 0), name))
			return i;
	}
	return SIZE_MAX;
}

static bool is_loaded(const struct between *between, const char *name)
{
	for (size_t i = 0; i < between->len; i++)
		if (strcmp(between->loads[i].name, name) == 0)
			return true;
	return false;
}

/* Adds the changed modules that code calls, in functions that are not what they were. */
static void add_called(struct between *between, const struct beam_facts *facts)
{
	struct modules *modules = between->judge->modules;

	for (size_t i = 0; facts && i < facts->imports.len; i++) {
		const struct beam_function *call = &facts->imports.items[i];
		const struct module_at *to = modules_find(modules, between->to, call->module);
		size_t step;

		if (!to || !to->diff || to->diff->change != CHANGE_CHANGED ||
		    is_loaded(between, to->name) ||
		    function_stays(modules, call->module, call->name, call->arity) ||
		    (step = step_of(between, to->name)) == SIZE_MAX)
			continue;
		if (between->len == LIBRARIES_MAX)
			between->too_many = true;
		else
			between->loads[between->len++] = (struct load){ to->name, step };
	}
}

static int by_step(const void *a, const void *b)
{
	const struct load *x = a, *y = b;

	return (x->step > y->step) - (x->step < y->step);
}

static void find_loads(struct between *between, const struct beam_facts *facts)
{
	struct modules *modules = between->judge->modules;

	add_called(between, facts);
	for (size_t i = 0; i < between->len; i++) {
		const struct module_diff *diff =
			modules_find(modules, between->to, between->loads[i].name)->diff;

		add_called(between, diff->old_facts);
		add_called(between, diff->new_facts);
	}
	qsort(between->loads, between->len, sizeof(*between->loads), by_step);
}

/* ---- one server ---- */

static bool is_suspended(const struct between *between, const char *name)
{
	for (size_t i = 0; i < between->steps->seq.len; i++) {
		const struct term *step = term_at(between->steps, i), *list;

		if (!term_is_tagged(step, "suspend", 2) || !term_is_list(list = term_at(step, 1)))
			continue;
		for (size_t j = 0; j < list->seq.len; j++) {
			const struct term *item = term_at(list, j);

			if (term_is_atom(term_is_tuple(item, 2) ? term_at(item, 0) : item, name))
				return true;
		}
	}
	return false;
}

/* handle_call/3 and the like, and the states of a gen_statem; not what ends with the process. */
static bool is_callback(const struct code_function *function)
{
	return function->exported &&
	       (strncmp(function->name, "handle_", 7) == 0 ||
		(function->arity == 3 && strcmp(function->name, "code_change") != 0 &&
		 strcmp(function->name, "terminate") != 0));
}

static bool calls_loaded(const struct between *between, const struct code *code,
			 const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct beam_function *to = code_op_import(code, &function->ops[i]);

		if (to && is_loaded(between, to->module))
			return true;
	}
	return false;
}

static void tell(const struct between *between, const struct module_at *module,
		 const struct code_function *function, size_t loaded)
{
	JUDGE(between->judge, REASON_answer_unknown, module->app->name, module->name,
	      "%s%s is the same, so that its processes go on while %s is loaded before %s: "
	      "%s/%u fails in between, where what the two expect of each other changed",
	      between->to == SIDE_NEW ? "" : "on the way back, ", module_shown(module->name),
	      module_shown(between->loads[loaded - 1].name),
	      module_shown(between->loads[loaded].name), function->name, function->arity)
		->hint = "let the new one of them understand the old one, too, or suspend these "
			 "processes meanwhile by an appup written by hand";
}

/* True: told. */
static bool judge_callback(struct between *between, const struct module_at *module,
			   const struct code *code, const struct code_function *function)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const size_t moments = between->len - 1;
	const struct outcome before = outcome_at(between, 0, code, function, &scratch);
	const struct outcome behind = outcome_at(between, between->len, code, function, &scratch);

	if (before.eval.gave_up || behind.eval.gave_up)
		return false;
	for (size_t i = 0; i < moments && i < MOMENTS_MAX; i++) {
		/* Where there are many, those between modules all along the way. */
		const size_t loaded = 1 + (moments <= MOMENTS_MAX ? i : i * moments / MOMENTS_MAX);
		const struct outcome at = outcome_at(between, loaded, code, function, &scratch);

		if (fails_at(&at, &before, &behind)) {
			tell(between, module, function, loaded);
			return true;
		}
	}
	return false;
}

static bool judge_way(struct judge *judge, struct module_at *module, const struct term *steps,
		      enum side from)
{
	struct between between = { .judge = judge,
				   .steps = steps,
				   .from = from,
				   .to = from == SIDE_OLD ? SIDE_NEW : SIDE_OLD };
	const struct code *code;
	bool *marked;

	find_loads(&between, module_facts(judge->modules, SIDE_NEW, module));
	if (between.len < 2 || between.too_many || is_suspended(&between, module->name))
		return false;
	code = module_code(judge->modules, SIDE_NEW, module);
	if (!code || code->unread)
		return false;
	marked = arena_array(judge->arena, code->len, bool);
	for (size_t i = 0; i < code->len; i++)
		marked[i] = calls_loaded(&between, code, &code->functions[i]);
	code_mark_callers(code, marked);
	for (size_t i = 0; i < code->len; i++)
		if (marked[i] && is_callback(&code->functions[i]) &&
		    judge_callback(&between, module, code, &code->functions[i]))
			return true;
	return false;
}

void judge_between(struct judge *judge)
{
	struct modules *modules = judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];
		const struct beam_facts *facts =
			module->same && !module->of_language && calls_changed(judge, module)
				? module_facts(modules, SIDE_NEW, module)
				: NULL;

		if (judge->between_steps > ALL_STEPS_MAX)
			return;
		if (facts && facts->roles & BEAM_PROCESS && !(facts->roles & BEAM_SUPERVISOR) &&
		    !judge_way(judge, module, judge->up, SIDE_OLD))
			judge_way(judge, module, judge->down, SIDE_NEW);
	}
}
