// SPDX-License-Identifier: Apache-2.0
/* What the steps of a relup leave open: code that still runs, or runs already, while what it calls
 * is gone, or has not come yet.
 */
#include "upgrade/verdict/verdict_running.h"

enum { DEPTH = 64 };
static const size_t NEVER = SIZE_MAX, UNKNOWN = SIZE_MAX - 1;

/* One way through a relup, and the modules that its steps load or remove. */
struct way {
	struct judge *judge;
	const struct term *steps;
	enum side from, to;
	const char *back;        /* "on the way back, ", or "" */
	struct name_table *told; /* applications */
	struct name_table *names;
	size_t *changed; /* of each: the step that loads it anew, or removes it */
	size_t *ends;    /* the step behind which no process of its own runs the code of before */
	size_t *until;   /* the same of any process; UNKNOWN: not looked at yet */
	size_t *seen;    /* behind the start that was looked at last with it in mind */
};

static void first(size_t *at, size_t step)
{
	if (step < *at)
		*at = step;
}

static size_t number_of(const struct way *way, const char *name)
{
	return name ? name_table_find(way->names, span_of(name)) : NAME_ABSENT;
}

/* ---- what the steps do ---- */

/* Args of {apply, {M, F, Args}} where it is that one; NULL: it is not. */
static const struct term *args_of(const struct term *step, const char *module, const char *function,
				  size_t len)
{
	const struct term *call = term_is_tagged(step, "apply", 2) ? term_at(step, 1) : NULL;
	bool is_one = call && term_is_tagged(call, module, 3) &&
		      term_is_atom(term_at(call, 1), function) && term_is_list(term_at(call, 2)) &&
		      term_at(call, 2)->seq.len == len;

	return is_one ? term_at(call, 2) : NULL;
}

/* The child that [Supervisor, Id] stands for, as it is on one side; NULL: it is not known. */
static const struct child *child_of(const struct way *way, enum side side, const struct term *args)
{
	const struct appups *appups = way->judge->appups;
	const struct term *id = term_at(args, 1);

	if (id->kind == TERM_MAP)
		id = term_map_get(id, "id");
	for (size_t i = 0; id && i < appups->len; i++) {
		const struct supervisor_changes all = appups->items[i].supervisors;

		for (size_t j = 0; j < all.len; j++)
			for (size_t k = 0; k < all.items[j].len; k++) {
				const struct child_change *item = &all.items[j].items[k];
				const struct child *child =
					side == SIDE_OLD ? item->before : item->after;

				if (child && child->module && all.items[j].name &&
				    term_equal(all.items[j].name, term_at(args, 0)) &&
				    term_equal(child->id, id))
					return child;
			}
	}
	return NULL;
}

static void see_end(struct way *way, const char *module, size_t step)
{
	size_t nr = number_of(way, module);

	if (nr != NAME_ABSENT)
		first(&way->ends[nr], step);
}

static void see_ends(struct way *way, size_t nr)
{
	const struct term *step = term_at(way->steps, nr), *args;
	const struct child *child;

	if (term_is_tagged(step, "suspend", 2) && term_is_list(term_at(step, 1)))
		for (size_t i = 0; i < term_at(step, 1)->seq.len; i++) {
			const struct term *name = term_at(term_at(step, 1), i);

			see_end(way,
				term_atom_name(term_is_tuple(name, 2) ? term_at(name, 0) : name),
				nr);
		}
	args = args_of(step, "supervisor", "terminate_child", 2);
	if (args && (child = child_of(way, way->from, args)))
		see_end(way, child->module, nr);
	args = args_of(step, "application", "stop", 1);
	for (size_t i = 0; args && i < name_table_len(way->names); i++) {
		const char *name = name_table_name(way->names, i);
		const struct module_at *module = modules_find(way->judge->modules, way->from, name);

		if (module && term_is_atom(term_at(args, 0), module->app->name))
			see_end(way, name, nr);
	}
}

static void see_steps(struct way *way)
{
	size_t cap = way->steps->seq.len;

	way->changed = arena_array(way->judge->arena, cap + 1, size_t);
	way->ends = arena_array(way->judge->arena, cap + 1, size_t);
	way->until = arena_array(way->judge->arena, cap + 1, size_t);
	way->seen = arena_array(way->judge->arena, cap + 1, size_t);
	for (size_t i = 0; i < cap; i++) {
		const struct term *step = term_at(way->steps, i);
		const char *name = NULL;
		bool is_new;
		size_t nr;

		if ((term_is_tagged(step, "load", 2) || term_is_tagged(step, "remove", 2)) &&
		    term_is_tuple(term_at(step, 1), 3))
			name = term_atom_name(term_at(term_at(step, 1), 0));
		if (!name)
			continue;
		nr = name_table_add(way->names, name, &is_new);
		if (is_new) {
			way->changed[nr] = i;
			way->ends[nr] = NEVER;
			way->until[nr] = UNKNOWN;
		}
	}
	for (size_t i = 0; i < cap; i++)
		see_ends(way, i);
}

/* Whether more is done between two steps than that modules are loaded, one directly behind the
 * other.
 */
static bool takes_time(const struct way *way, size_t from, size_t to)
{
	for (size_t i = from + 1; i <= to; i++) {
		const struct term *step = term_at(way->steps, i);

		if (!term_is_tagged(step, "load", 2) && !term_is_tagged(step, "remove", 2) &&
		    !term_is_tagged(step, "purge", 2))
			return true;
	}
	return false;
}

/* ---- code that still runs ---- */

static size_t own_end(const struct way *way, size_t nr)
{
	return way->ends[nr] < way->changed[nr] ? way->ends[nr] : way->changed[nr];
}

static bool calls(const struct beam_facts *facts, const char *module)
{
	for (size_t i = 0; facts && i < facts->imports.len; i++)
		if (strcmp(facts->imports.items[i].module, module) == 0)
			return true;
	return false;
}

static size_t runs_until(struct way *way, size_t nr, unsigned depth);

/* The last of those that call it, but not behind `own`, its own end. */
static size_t callers_run_until(struct way *way, size_t nr, size_t own, unsigned depth)
{
	const char *name = name_table_name(way->names, nr);
	size_t until = 0;
	bool is_called = false;

	for (size_t i = 0; i < name_table_len(way->names) && until < own; i++) {
		size_t end;

		if (i == nr || !calls(modules_facts(way->judge->modules, way->from,
						    name_table_name(way->names, i)),
				      name))
			continue;
		is_called = true;
		end = runs_until(way, i, depth - 1);
		if (end > until)
			until = end;
	}
	return is_called && until < own ? until : own;
}

/* The step up to which the code of before may run: in processes of its own, or for others that
 * change as well, or end.
 */
static size_t runs_until(struct way *way, size_t nr, unsigned depth)
{
	const struct beam_facts *facts =
		modules_facts(way->judge->modules, way->from, name_table_name(way->names, nr));
	size_t own = own_end(way, nr);

	if (depth == 0 || !facts || facts->roles & (BEAM_PROCESS | BEAM_SUPERVISOR))
		return own;
	if (way->until[nr] == UNKNOWN) {
		way->until[nr] = 0; /* those that call each other wait for nobody else */
		way->until[nr] = callers_run_until(way, nr, own, depth);
	}
	return way->until[nr];
}

/* What runs already on one way runs still on the other: one line for an application is enough. */
static bool is_first(const struct way *way, const char *app)
{
	bool is_new;

	name_table_add(way->told, app, &is_new);
	return is_new;
}

/* True: told of. */
static bool judge_late(struct way *way, size_t caller, const struct beam_function *call)
{
	const char *name = name_table_name(way->names, caller);
	const char *app = modules_find(way->judge->modules, way->from, name)->app->name;
	size_t called = number_of(way, call->module), gone, end;
	struct reason *reason;

	if (called == NAME_ABSENT || (gone = way->changed[called]) >= own_end(way, caller) ||
	    !modules_export(way->judge->modules, way->from, call) ||
	    modules_export(way->judge->modules, way->to, call))
		return false;
	end = runs_until(way, caller, DEPTH);
	if (end <= gone || !takes_time(way, gone, end) || !is_first(way, app))
		return false;
	reason = JUDGE(way->judge, REASON_function_missing, app, name,
		       "%s%s still runs when %s changes, and calls %s:%s/%u, which is gone then: "
		       "that fails until %s is stopped or changed as well",
		       way->back, module_shown(name), module_shown(call->module),
		       module_shown(call->module), call->name, call->arity, module_shown(name));
	reason->severity = SEVERITY_WARN;
	reason->hint = "keep the function for one release";
	return true;
}

static void judge_still_running(struct way *way)
{
	for (size_t i = 0; i < name_table_len(way->names); i++) {
		const struct beam_facts *facts = modules_facts(way->judge->modules, way->from,
							       name_table_name(way->names, i));

		for (size_t j = 0; facts && j < facts->imports.len; j++)
			if (judge_late(way, i, &facts->imports.items[j]))
				break;
	}
}

/* ---- code that runs already ---- */

/* A function that a module which is started calls, also by way of others that come, and that is
 * there only behind a later step; NULL: none.
 */
static const struct beam_function *comes_late(struct way *way, const char *module, size_t step,
					      unsigned depth)
{
	const struct beam_facts *facts = modules_facts(way->judge->modules, way->to, module);
	const struct beam_function *late = NULL;

	for (size_t i = 0; facts && !late && i < facts->imports.len; i++) {
		const struct beam_function *call = &facts->imports.items[i];
		size_t nr = number_of(way, call->module);

		if (nr == NAME_ABSENT)
			continue;
		if (way->changed[nr] > step) {
			if (modules_export(way->judge->modules, way->to, call) &&
			    !modules_export(way->judge->modules, way->from, call))
				late = call;
		} else if (way->seen[nr] <= step && depth > 0 &&
			   !modules_find(way->judge->modules, way->from, call->module)) {
			way->seen[nr] = step + 1;
			late = comes_late(way, call->module, step, depth - 1);
		}
	}
	return late;
}

static void judge_start(struct way *way, const char *name, size_t step)
{
	const struct module_at *module = modules_find(way->judge->modules, way->to, name);
	const struct beam_function *late = module ? comes_late(way, name, step, DEPTH) : NULL;
	struct reason *reason;

	if (!late || !is_first(way, module->app->name))
		return;
	reason = JUDGE(way->judge, REASON_started_too_early, module->app->name, name,
		       "%s%s is started before %s comes, and calls %s:%s/%u: that fails until then",
		       way->back, module_shown(name), module_shown(late->module),
		       module_shown(late->module), late->name, late->arity);
	reason->severity = SEVERITY_WARN;
	reason->hint = "bring the function one release earlier";
}

/* All that runs by itself in it. */
static void judge_app_start(struct way *way, const struct term *app, size_t step)
{
	const struct modules *modules = way->judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[way->to]); i++) {
		const struct module_at *module = &modules->items[way->to][i];
		const struct beam_facts *facts;

		if (!term_is_atom(app, module->app->name))
			continue;
		facts = modules_facts(way->judge->modules, way->to, module->name);
		if (facts && facts->roles & BEAM_PROCESS)
			judge_start(way, module->name, step);
	}
}

/* The new code_change calls a function that comes behind it. */
static void judge_conversion(struct way *way, const char *name, size_t step)
{
	struct module_at *module = modules_find(way->judge->modules, way->to, name);
	const struct code *code = module ? module_code(way->judge->modules, way->to, module) : NULL;
	struct code_remotes remotes = { NULL, 0 };

	if (code && !code->unread)
		remotes = code_remote(code, way->judge->arena);
	for (size_t i = 0; i < remotes.len; i++) {
		const struct beam_function *call = &remotes.items[i].to;
		size_t nr = number_of(way, call->module);
		struct reason *reason;

		if (nr == NAME_ABSENT || way->changed[nr] <= step ||
		    !modules_export(way->judge->modules, way->to, call) ||
		    modules_export(way->judge->modules, way->from, call) ||
		    !is_of_code_change(code, remotes.items[i].from))
			continue;
		reason = JUDGE(way->judge, REASON_function_missing, module->app->name, name,
			       "code_change of %s runs before %s is loaded, and calls %s:%s/%u, "
			       "which is not there yet: that fails, and the node restarts",
			       module_shown(name), module_shown(call->module),
			       module_shown(call->module), call->name, call->arity);
		reason->severity = SEVERITY_RESTART;
		reason->hint = "let the update name what it depends on ({update, M, {advanced, "
			       "Extra}, [Other]}), or load that first";
		return;
	}
}

/* Upwards code_change runs in the code that comes. */
static void judge_conversions(struct way *way, const struct term *step, size_t nr)
{
	const struct term *list = term_is_tagged(step, "code_change", 3)   ? term_at(step, 2)
				  : term_is_tagged(step, "code_change", 2) ? term_at(step, 1)
									   : NULL;

	for (size_t i = 0; way->to == SIDE_NEW && list && term_is_list(list) && i < list->seq.len;
	     i++) {
		const struct term *item = term_at(list, i);

		if (term_is_tuple(item, 2) && term_atom_name(term_at(item, 0)))
			judge_conversion(way, term_atom_name(term_at(item, 0)), nr);
	}
}

static void judge_running_already(struct way *way)
{
	for (size_t i = 0; i < way->steps->seq.len; i++) {
		const struct term *step = term_at(way->steps, i), *args;
		const struct child *child;

		judge_conversions(way, step, i);
		if ((args = args_of(step, "supervisor", "restart_child", 2)) ||
		    (args = args_of(step, "supervisor", "start_child", 2))) {
			child = child_of(way, way->to, args);
			if (child)
				judge_start(way, child->module, i);
		}
		if ((args = args_of(step, "application", "start", 1)) ||
		    (args = args_of(step, "application", "start", 2)))
			judge_app_start(way, term_at(args, 0), i);
	}
}

static void judge_way(struct judge *judge, struct name_table *told, const struct term *steps,
		      enum side from)
{
	owned_name_table struct name_table *names = name_table_new();
	struct way way = { .judge = judge,
			   .steps = steps,
			   .from = from,
			   .to = from == SIDE_OLD ? SIDE_NEW : SIDE_OLD,
			   .back = from == SIDE_OLD ? "" : "on the way back, ",
			   .told = told,
			   .names = names };

	see_steps(&way);
	judge_running_already(&way);
	judge_still_running(&way);
}

void judge_steps(struct judge *judge)
{
	owned_name_table struct name_table *told = name_table_new();

	/* judge_order_of_change() was here before, and knows more of what happens then. */
	for (size_t i = 0; i < judge->reasons->len; i++)
		if (judge->reasons->items[i].code == REASON_started_too_early)
			name_table_add(told, judge->reasons->items[i].application, NULL);
	judge_way(judge, told, judge->up, SIDE_OLD);
	judge_way(judge, told, judge->down, SIDE_NEW);
}
