// SPDX-License-Identifier: Apache-2.0
/* Supervisors whose children changed.
 *
 * {update, S, supervisor} lets a supervisor take over its new list, but starts nothing that is
 * new in it, stops nothing that is gone, and leaves alone what is to be started otherwise.
 * Instructions for that name the supervisor, so it must be registered under a name that can be
 * seen, and be seen to run: a call of one that does not run restarts the node.
 */
#include "erlang/code/code_type.h"
#include "upgrade/appup/appup_parts.h"
#include "upgrade/diff/stays.h"

/* ---- comparing two lists ---- */

struct comparer {
	struct arena *arena;
	struct supervisor_change *change;
	struct child_change *items;
	size_t cap;
};

static void note_change(struct comparer *comparer, const struct child *before,
			const struct child *after)
{
	struct supervisor_change *change = comparer->change;

	comparer->items = arena_grow(comparer->arena, comparer->items, change->len, &comparer->cap);
	comparer->items[change->len++] = (struct child_change){ before, after };
	change->items = comparer->items;
}

static const char *id_shown(struct arena *arena, const struct child *child)
{
	owned_str struct str text = STR_EMPTY;

	if (!child->id)
		return "a child";
	if (term_atom_name(child->id))
		return module_shown(term_atom_name(child->id));
	term_print(&text, child->id);
	return arena_dup(arena, str_span(&text));
}

static bool same_text(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Options in another order, each there once, say the same. */
static bool same_options(const struct term *a, const struct term *b)
{
	if (!term_is_list(a) || !term_is_list(b) || a->seq.len != b->seq.len)
		return false;
	for (size_t i = 0; i < a->seq.len; i++) {
		const struct term *option = term_at(a, i);
		size_t found = 0;

		for (size_t j = 0; term_is_tuple(option, 2) && j < b->seq.len; j++) {
			const struct term *other = term_at(b, j);

			if (term_is_tuple(other, 2) &&
			    term_equal(term_at(other, 0), term_at(option, 0)))
				found += term_equal(other, option) ? 1 : 2;
		}
		if (found != 1 || !term_atom_name(term_at(option, 0)))
			return false;
	}
	return true;
}

static bool same_args(const struct term *a, const struct term *b)
{
	if (term_equal(a, b))
		return true;
	if (!term_is_list(a) || !term_is_list(b) || a->seq.len != b->seq.len)
		return false;
	for (size_t i = 0; i < a->seq.len; i++)
		if (!term_equal(term_at(a, i), term_at(b, i)) &&
		    !same_options(term_at(a, i), term_at(b, i)))
			return false;
	return true;
}

/* Of lists of options that are seen as a whole. */
static bool has_more_options(const struct type *before, const struct type *after)
{
	struct names names;

	if (!before || !after || before->pairs_len == 0 || before->unknown || before->argument ||
	    before->other_list || after->other_list)
		return false;
	names = (struct names){ before->pairs, before->pairs_len };
	for (size_t i = 0; i < after->pairs_len; i++)
		if (!names_have(names, after->pairs[i]))
			return true;
	return false;
}

/* Of what is not constant: a key, an element or an option more, or something else in its place. */
static bool is_given_otherwise(struct arena *arena, const struct child *a, const struct child *b)
{
	struct type *before = type_new(arena), *after = type_new(arena);
	struct type_diffs diffs;

	if (!a->given || !b->given)
		return false;
	type_add(before, a->given, arena);
	type_add(after, b->given, arena);
	if (has_more_options(before->item, after->item))
		return true;
	diffs = type_compare(before, after, arena);
	for (size_t i = 0; i < diffs.len; i++)
		if (diffs.items[i].what <= TYPE_PAIR && !diffs.items[i].open)
			return true;
	return false;
}

/* Restart, shutdown and the like are taken over by the update alone. */
static void compare_child(struct comparer *comparer, const struct child *a, const struct child *b)
{
	struct supervisor_change *change = comparer->change;

	if (!a->module || !b->module || !a->function || !b->function || !a->args != !b->args ||
	    (!a->args && is_given_otherwise(comparer->arena, a, b)))
		change->opaque = arena_printf(comparer->arena, "how %s is started",
					      id_shown(comparer->arena, b));
	else if (!same_text(a->module, b->module) || !same_text(a->function, b->function) ||
		 (a->args && !same_args(a->args, b->args)))
		note_change(comparer, a, b);
}

static bool is_simple(const struct children *children)
{
	return children->strategy && strcmp(children->strategy, "simple_one_for_one") == 0;
}

static void compare_lists(struct comparer *comparer, const struct children *a,
			  const struct children *b)
{
	struct supervisor_change *change = comparer->change;

	for (size_t i = 0; i < b->len; i++) {
		const struct child *after = &b->items[i];
		const struct child *before = after->id ? children_find(a, after->id) : NULL;

		if (!after->id)
			change->opaque = after->opaque;
		else if (before)
			compare_child(comparer, before, after);
		else if (!a->opaque)
			note_change(comparer, NULL, after);
	}
	for (size_t i = 0; i < a->len; i++) {
		if (!a->items[i].id)
			change->opaque = a->items[i].opaque;
		else if (!b->opaque && !children_find(b, a->items[i].id))
			note_change(comparer, &a->items[i], NULL);
	}
	if (a->opaque || b->opaque)
		change->opaque = b->opaque ? b->opaque : a->opaque;
}

static void compare(struct supervisor_change *change, struct arena *arena,
		    const struct children *before, const struct children *after)
{
	/* Kept: what changes points into them. */
	struct children *a = arena_new(arena, struct children);
	struct children *b = arena_new(arena, struct children);
	struct comparer comparer = { .arena = arena, .change = change };

	*a = *before;
	*b = *after;
	if (a->dynamic != b->dynamic || is_simple(a) != is_simple(b))
		change->kind_changed = (a->dynamic || a->strategy) && (b->dynamic || b->strategy);
	if (a->dynamic || b->dynamic || is_simple(a) || is_simple(b))
		return;
	compare_lists(&comparer, a, b);
}

/* ---- what can be done about it ---- */

/* A specification that is handed over must be known, all of it. */
static bool is_known(const struct child *child)
{
	return child->id && child->module && child->function && child->args && child->restart &&
	       child->shutdown && child->type && child->modules;
}

static void check_feasible(struct appup_work *work, const struct name_table *running,
			   struct supervisor_change *change)
{
	bool runs = change->in_application ||
		    name_table_find(running, span_of(change->module)) != NAME_ABSENT;

	for (size_t i = 0; change->in_application && i < change->len; i++) {
		const struct child_change *item = &change->items[i];
		const struct child *unknown = item->after && !is_known(item->after) ? item->after
					      : item->before && !is_known(item->before)
						      ? item->before
						      : NULL;

		if (unknown)
			change->opaque = arena_printf(work->arena, "the specification of %s",
						      id_shown(work->arena, unknown));
	}
	if (change->len > 0 && !change->name)
		change->opaque = "the name it is registered under";
	else if (change->len > 0 && !runs)
		change->opaque = "whether it runs";
	if (change->opaque && (!change->name || !runs || change->in_application))
		change->len = 0;
}

/* ---- which supervisors ---- */

struct finder {
	struct appup_work *work;
	const struct app_diff *app;
	struct name_table *running; /* supervisors that are seen to run */
	struct supervisor_change *items;
	size_t len, cap;
};

static void keep(struct finder *finder, const struct supervisor_change *change)
{
	if (change->len == 0 && !change->opaque && !change->kind_changed && !change->same_module)
		return; /* the same, or nothing that the update alone would not do */
	finder->items = arena_grow(finder->work->arena, finder->items, finder->len, &finder->cap);
	finder->items[finder->len++] = *change;
}

static bool all_specs_stay(const struct appup_work *work)
{
	for (size_t i = 0; i < work->diff->len; i++) {
		const struct module_diffs all = work->diff->apps[i].modules;

		for (size_t j = 0; j < all.len; j++)
			if (all.items[j].change == CHANGE_CHANGED &&
			    beam_exports(all.items[j].new_facts, "child_spec", 1) &&
			    !function_stays(work->modules, all.items[j].name, "child_spec", 1))
				return false;
	}
	return true;
}

bool child_specs_stay(const struct appup_work *work)
{
	_Atomic enum does_same *asked = &work->modules->specs;

	if (*asked == SAME_NOT_ASKED)
		*asked = all_specs_stay(work) ? DOES_SAME : DOES_OTHER;
	return *asked == DOES_SAME;
}

/* A module that answers child_spec/1 otherwise, is named by the supervisor, and is no child that is
 * seen: it may be asked for one that is not.
 */
static bool asks_changed(const struct appup_work *work, const struct code *supervisor,
			 const struct children *seen)
{
	for (size_t i = 0; i < supervisor->atoms.len; i++) {
		const char *name = supervisor->atoms.items[i];
		const struct module_at *at = modules_find(work->modules, SIDE_NEW, name);
		bool is_seen = false;

		for (size_t j = 0; j < seen->len; j++)
			is_seen = is_seen ||
				  (seen->items[j].module && same_text(seen->items[j].module, name));
		if (at && at->diff && at->diff->change == CHANGE_CHANGED && !is_seen &&
		    beam_exports(at->diff->new_facts, "child_spec", 1) &&
		    !function_stays(work->modules, name, "child_spec", 1))
			return true;
	}
	return false;
}

/* Children that a function which is the same makes, and which cannot be seen: of what changed. */
static bool are_made_otherwise(const struct appup_work *work, const struct code *supervisor,
			       const char *function, uint32_t arity, const struct children *seen)
{
	return !result_stays(work->modules, supervisor->module, function, arity) ||
	       asks_changed(work, supervisor, seen);
}

/* The new start gives the supervisor something else, which an update does not, and that is handed
 * on to a child; NULL: not that.
 */
static const char *handed_otherwise(struct arena *arena, const struct code *code,
				    const struct code_library *library, const struct value *arg,
				    const struct children *updated)
{
	const struct value *now = code_start_argument(code, library, arena);
	struct children fresh;

	if (!arg || !now || value_same(arg, now))
		return NULL;
	fresh = code_children(code, now, library, arena);
	for (size_t i = 0; i < fresh.len; i++) {
		const struct child *child = &fresh.items[i];
		const struct child *other = child->id ? children_find(updated, child->id) : NULL;

		if (other && is_given_otherwise(arena, other, child))
			return arena_printf(arena, "how %s is started", id_shown(arena, child));
	}
	return NULL;
}

static void look_at_supervisor(struct finder *finder, const char *name, const struct code *a,
			       const struct code *b, bool same_module)
{
	struct appup_work *work = finder->work;
	struct supervisor_change change = { .module = name };
	const struct code_library *library = work->modules->library;
	/* An update runs the new init/1 with what the old code gave. */
	const struct value *arg = code_start_argument(a, &library[SIDE_OLD], work->arena);
	struct children before = code_children(a, arg, &library[SIDE_OLD], work->arena);
	struct children after = code_children(b, arg, &library[SIDE_NEW], work->arena);
	const struct term *old_name;
	const bool equal = children_equal(&before, &after);

	change.opaque = same_module
				? NULL
				: handed_otherwise(work->arena, b, &library[SIDE_NEW], arg, &after);
	if (change.opaque) {
		keep(finder, &change);
		return;
	}
	if (same_module && equal && !are_made_otherwise(work, b, "init", 1, &after))
		return;
	/* What cannot be seen is the same where it is made in the same way. */
	if (((before.opaque && after.opaque) || equal) &&
	    ((!before.opaque && !after.opaque) || child_specs_stay(work)) &&
	    finder->app->env.len == 0 && function_stays(work->modules, name, "init", 1))
		return;
	/* Where nothing is seen to differ an update is no use, and may fail. */
	change.same_module = same_module && !equal;
	compare(&change, work->arena, &before, &after);
	if (change.len > 0) {
		old_name = supervisor_name(work, a, SIDE_OLD, false);
		change.name = supervisor_name(work, b, SIDE_NEW, false);
		if (!old_name || !change.name || !term_equal(old_name, change.name))
			change.name = NULL;
	}
	check_feasible(work, finder->running, &change);
	keep(finder, &change);
}

static void look_at_application(struct finder *finder, const char *name, const struct code *a,
				const struct code *b, bool same_module)
{
	struct appup_work *work = finder->work;
	struct supervisor_change change = { .module = name, .in_application = true };
	struct children before, after;
	bool old_found, new_found;

	before = code_started_children(a, "start", 2, &work->modules->library[SIDE_OLD],
				       work->arena, &old_found);
	after = code_started_children(b, "start", 2, &work->modules->library[SIDE_NEW], work->arena,
				      &new_found);
	if (!old_found && !new_found)
		return;
	if (same_module && children_equal(&before, &after) &&
	    !are_made_otherwise(work, b, "start", 2, &after))
		return;
	if (old_found != new_found)
		change.opaque = "how the supervisor is started";
	else
		compare(&change, work->arena, &before, &after);
	if (change.len > 0)
		change.name = supervisor_name(work, b, SIDE_NEW, true);
	check_feasible(work, finder->running, &change);
	keep(finder, &change);
}

static void look_at_endpoint(struct finder *finder, const struct module_diff *module)
{
	struct supervisor_change change;

	if (!endpoint_change(&change, finder->work, module))
		return;
	check_feasible(finder->work, finder->running, &change);
	keep(finder, &change);
}

static bool is_start_module(const struct app_diff *app, const char *module)
{
	const struct term *mod = app->new_app->app->mod;

	return mod && term_is_atom(term_at(mod, 0), module);
}

static void look_at_changed(struct finder *finder, const struct appup_made *made)
{
	const struct module_diffs modules = made->app->modules;

	for (size_t i = 0; i < modules.len; i++) {
		const struct module_diff *module = &modules.items[i];

		if (module->change != CHANGE_CHANGED)
			continue;
		if (module->old_facts->roles & module->new_facts->roles & BEAM_SUPERVISOR)
			look_at_supervisor(finder, module->name, module->old_code, module->new_code,
					   false);
		if (module->old_facts->roles & module->new_facts->roles & BEAM_ENDPOINT)
			look_at_endpoint(finder, module);
		if (is_start_module(made->app, module->name))
			look_at_application(finder, module->name, module->old_code,
					    module->new_code, false);
	}
}

/* A supervisor that is the same asks other modules for specifications, or for what stands in them.
 */
static void look_at_same(struct finder *finder, const char *name, bool specs_stay)
{
	struct modules *modules = finder->work->modules;
	const struct code_library *library = &modules->library[SIDE_NEW];
	struct module_at *after = modules_find(modules, SIDE_NEW, name);
	const struct beam_facts *facts = after && library->follow(library->ctx, name)
						 ? module_facts(modules, SIDE_NEW, after)
						 : NULL;
	bool starts = is_start_module(finder->app, name) &&
		      !(specs_stay && function_stays(modules, name, "start", 2));
	bool supervises = facts && facts->roles & BEAM_SUPERVISOR &&
			  !(specs_stay && function_stays(modules, name, "init", 1));
	const struct code *a, *b;

	if (!facts || !(starts || supervises))
		return;
	a = modules_code(modules, SIDE_OLD, name);
	b = modules_code(modules, SIDE_NEW, name);
	if (a && b && supervises)
		look_at_supervisor(finder, name, a, b, true);
	if (a && b && starts)
		look_at_application(finder, name, a, b, true);
}

static void look_at_all_same(struct finder *finder, struct names same)
{
	const bool specs_stay = child_specs_stay(finder->work);

	for (size_t i = 0; i < same.len; i++)
		look_at_same(finder, same.items[i], specs_stay);
}

bool is_above(const struct above *above, const char *module)
{
	for (; above; above = above->above)
		if (strcmp(above->module, module) == 0)
			return true;
	return false;
}

struct children children_of(struct appup_work *work, enum side side, const char *module)
{
	struct modules *modules = work->modules;
	const struct code_library *library = &modules->library[side];
	struct module_at *at = modules_find(modules, side, module);
	const struct beam_facts *facts = at ? module_facts(modules, side, at) : NULL;
	const struct code *code =
		facts && facts->roles & BEAM_SUPERVISOR ? module_code(modules, side, at) : NULL;

	if (!code)
		return (struct children){ 0 };
	return code_children(code, code_start_argument(code, library, work->arena), library,
			     work->arena);
}

void appup_children(struct appup_work *work, struct appup_made *made)
{
	owned_name_table struct name_table *names = name_table_new();
	struct finder finder = { .work = work, .app = made->app, .running = names };

	if (appup_restart(made->app->name))
		return;
	find_running(names, work, made->app->old_app);
	look_at_changed(&finder, made);
	look_at_all_same(&finder, made->app->same);
	made->supervisors = (struct supervisor_changes){ finder.items, finder.len };
}

struct supervisor_changes appup_others(struct modules *modules, const struct app_diff *app)
{
	owned_name_table struct name_table *none = name_table_new();
	struct appup_work work = { .arena = modules->arena,
				   .diff = modules->diff,
				   .modules = modules };
	struct finder finder = { .work = &work, .app = app, .running = none };

	look_at_all_same(&finder, app->new_app->app->modules);
	return (struct supervisor_changes){ finder.items, finder.len };
}
