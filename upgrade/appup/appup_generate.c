// SPDX-License-Identifier: Apache-2.0
#include "erlang/code/code_facts.h"
#include "upgrade/appup/appup_parts.h"

static const struct term *names_term(struct arena *arena, struct names names)
{
	struct terms list = { 0 };

	for (size_t i = 0; i < names.len; i++)
		terms_add(arena, &list, term_atom(arena, names.items[i]));
	return term_list_of(arena, &list);
}

/* {Tag, M} or {Tag, M, Deps} or, with a change, {Tag, M, Change, Deps}. */
static const struct term *instruction(struct arena *arena, const char *tag, const char *module,
				      const struct term *change, struct names deps)
{
	const struct term *items[4] = { term_atom(arena, tag), term_atom(arena, module) };
	size_t len = 2;

	if (change)
		items[len++] = change;
	if (deps.len > 0)
		items[len++] = names_term(arena, deps);
	return term_tuple_of(arena, items, len);
}

static bool is_supervisor(const struct module_diff *module)
{
	return module->new_facts->roles & module->old_facts->roles & BEAM_SUPERVISOR;
}

/* It returns nothing that the behaviour takes: only its callers would come to harm. */
static bool is_futile(const struct module_diff *module, unsigned roles)
{
	return roles && module->new_code && !module->new_code->unread &&
	       code_change(module->new_code, (enum beam_role)(roles & -roles)) ==
		       CODE_CHANGE_FUTILE;
}

/* code_change runs in the new code, on the way up and on the way down.  A channel is found by its
 * own module, though its process is of another: without code_change it is loaded.
 */
static const struct term *change_of(const struct appup_work *work, const struct module_diff *module)
{
	unsigned both = module->new_facts->roles & module->old_facts->roles;
	struct arena *arena = work->arena;
	bool converts = module->new_facts->code_change && !host_is_broken(work, module->name);

	if (is_supervisor(module))
		return term_atom(arena, "supervisor");
	if (!(both & BEAM_PROCESS) && !(both & BEAM_CHANNEL && converts))
		return NULL;
	if (converts && !is_futile(module, both & BEAM_PROCESS))
		return term_tuple(arena, term_atom(arena, "advanced"), &term_nil);
	return term_atom(arena, "soft");
}

struct script_maker {
	struct appup_work *work;
	const struct appup_made *made;
	bool down;
	struct terms list;
};

/* {update, S, supervisor}, or what it stands for: the short form has no place for dependencies. */
static void put_supervisor(struct script_maker *maker, const char *module, struct names deps)
{
	struct arena *arena = maker->work->arena;
	const struct term *purge = term_atom(arena, "brutal_purge");
	const struct term *items[] = { term_atom(arena, "update"),
				       term_atom(arena, module),
				       term_atom(arena, "static"),
				       term_atom(arena, "default"),
				       term_tuple(arena, term_atom(arena, "advanced"), &term_nil),
				       purge,
				       purge,
				       names_term(arena, deps) };

	terms_add(arena, &maker->list,
		  deps.len > 0 ? term_tuple_of(arena,
					       memcpy(arena_array(arena, ARRAY_LEN(items),
								  const struct term *),
						      items, sizeof(items)),
					       ARRAY_LEN(items))
			       : instruction(arena, "update", module,
					     term_atom(arena, "supervisor"), deps));
}

static void put(struct script_maker *maker, const char *tag, const struct vertex *vertex,
		const struct term *change)
{
	struct arena *arena = maker->work->arena;
	struct names deps = maker->down ? vertex->down_deps : vertex->up_deps;

	if (change && term_is_atom(change, "supervisor"))
		put_supervisor(maker, vertex->diff->name, deps);
	else
		terms_add(arena, &maker->list,
			  instruction(arena, tag, vertex->diff->name, change, deps));
}

/* ---- children ---- */

static void put_call(struct script_maker *maker, const char *function, const struct term *name,
		     const struct term *what)
{
	struct arena *arena = maker->work->arena;
	const struct term *args[] = { name, what };

	terms_add(arena, &maker->list,
		  term_tuple(arena, term_atom(arena, "apply"),
			     term_tuple(arena, term_atom(arena, "supervisor"),
					term_atom(arena, function),
					term_list(arena,
						  memcpy(arena_array(arena, 2, const struct term *),
							 args, sizeof(args)),
						  2))));
}

/* As a map, which every supervisor since OTP 18 takes. */
static const struct term *spec_of(struct arena *arena, const struct child *child)
{
	static const char *const names[] = {
		"id", "start", "restart", "shutdown", "type", "modules"
	};
	const struct term *start = term_tuple(arena, term_atom(arena, child->module),
					      term_atom(arena, child->function), child->args);
	const struct term *values[] = { child->id,       start,       child->restart,
					child->shutdown, child->type, child->modules };
	const struct term *keys[ARRAY_LEN(names)];

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		keys[i] = term_atom(arena, names[i]);
	return term_map(arena, keys, values, ARRAY_LEN(names));
}

/* What a child is before and after, seen in the direction that is gone. */
static struct child_change seen_from(const struct child_change *item, bool down)
{
	return down ? (struct child_change){ item->after, item->before } : *item;
}

/* Whether a child is of that module, or a supervisor above one that is. */
static bool has_below(const struct script_maker *maker, enum side side, const char *top,
		      const char *module, const struct above *above, unsigned depth)
{
	const struct above own = { above, top };
	struct children children = { 0 };

	if (strcmp(top, module) == 0)
		return true;
	if (depth > 0 && !is_above(above, top))
		children = children_of(maker->work, side, top);
	for (size_t i = 0; i < children.len; i++)
		if (children.items[i].module &&
		    has_below(maker, side, children.items[i].module, module, &own, depth - 1))
			return true;
	return false;
}

/* Whether a child of the same module is started in place of one that goes: by another id, or by
 * another supervisor, which may be new itself, or go with it.
 */
static bool is_moved(const struct script_maker *maker, const struct child *gone)
{
	const struct supervisor_changes all = maker->made->supervisors;
	const enum side from = maker->down ? SIDE_NEW : SIDE_OLD,
			to = maker->down ? SIDE_OLD : SIDE_NEW;

	for (size_t i = 0; i < all.len; i++) {
		for (size_t j = 0; j < all.items[i].len; j++) {
			const struct child *comes =
				seen_from(&all.items[i].items[j], maker->down).after;

			if (comes && comes->module && gone->module &&
			    (has_below(maker, to, comes->module, gone->module, NULL, TREE_DEPTH) ||
			     has_below(maker, from, gone->module, comes->module, NULL, TREE_DEPTH)))
				return true;
		}
	}
	return false;
}

/* Whether one that comes, and is not there before, registers the name of one that goes. */
static bool gives_name(const struct script_maker *maker, const struct child *gone)
{
	const struct supervisor_changes all = maker->made->supervisors;
	const enum side from = maker->down ? SIDE_NEW : SIDE_OLD,
			to = maker->down ? SIDE_OLD : SIDE_NEW;
	const char *name = child_name(maker->work, gone, from);

	for (size_t i = 0; name && i < all.len; i++)
		for (size_t j = 0; j < all.items[i].len; j++) {
			const struct child_change item =
				seen_from(&all.items[i].items[j], maker->down);
			const char *other = item.after && !item.before && item.after->module
						    ? child_name(maker->work, item.after, to)
						    : NULL;

			if (other && strcmp(other, name) == 0)
				return true;
		}
	return false;
}

static bool is_replaced(const struct script_maker *maker, const struct child *gone)
{
	return is_moved(maker, gone) || (gone->module && gives_name(maker, gone));
}

static void tell_moved(const struct script_maker *maker, const struct supervisor_change *change,
		       const struct child *gone)
{
	struct arena *arena = maker->work->arena;
	owned_str struct str id = STR_EMPTY;

	term_print(&id, gone->id);
	reason_add(arena, maker->work->reasons, REASON_child_restarted, maker->made->app->name,
		   change->module,
		   "the child %s of %s is started under another id now, or by another supervisor: "
		   "it is "
		   "stopped and started, and loses its state",
		   term_atom_name(gone->id) ? module_shown(term_atom_name(gone->id))
					    : str_text(&id),
		   module_shown(change->module))
		->hint = "fine when it can do without; otherwise leave it where it is";
}

/* A child that stays is stopped in front of the update, so that its supervisor forgets nothing of
 * it but the process; what is gone is stopped and forgotten, and before one that replaces it takes
 * its name.
 */
static void put_stops(struct script_maker *maker, const struct supervisor_change *change, bool late)
{
	for (size_t i = change->len; i-- > 0;) {
		struct child_change item = seen_from(&change->items[i], maker->down);

		if (!item.before || late != (!item.after && !is_replaced(maker, item.before)))
			continue;
		put_call(maker, "terminate_child", change->name, item.before->id);
		if (!item.after && !late && !maker->down && is_moved(maker, item.before))
			tell_moved(maker, change, item.before);
		if (!item.after || change->in_application)
			put_call(maker, "delete_child", change->name, item.before->id);
	}
}

static void put_starts(struct script_maker *maker, const struct supervisor_change *change)
{
	for (size_t i = 0; i < change->len; i++) {
		struct child_change item = seen_from(&change->items[i], maker->down);

		if (!item.after)
			continue;
		if (change->in_application)
			put_call(maker, "start_child", change->name,
				 spec_of(maker->work->arena, item.after));
		else
			put_call(maker, "restart_child", change->name, item.after->id);
	}
}

/* Of the supervisor itself, which may be the same while what it asks for its children is not. */
static void put_update(struct script_maker *maker, const char *module)
{
	const struct vertex *vertex = vertex_find(maker->work, module);
	const size_t app = (size_t)(maker->made - maker->work->appups->items);
	struct names deps;

	if (vertex)
		deps = maker->down ? vertex->down_deps : vertex->up_deps;
	else
		deps = later_calls(maker->work, app, module, maker->down);
	put_supervisor(maker, module, deps);
}

static const struct supervisor_change *change_at(const struct script_maker *maker,
						 const char *module)
{
	const struct supervisor_changes all = maker->made->supervisors;

	for (size_t i = 0; i < all.len; i++)
		if (!all.items[i].in_application && strcmp(all.items[i].module, module) == 0)
			return &all.items[i];
	return NULL;
}

/* Those that start something: together with their update. */
static void put_starting(struct script_maker *maker)
{
	const struct supervisor_changes all = maker->made->supervisors;

	for (size_t i = 0; i < all.len; i++)
		put_stops(maker, &all.items[i], false);
	for (size_t i = 0; i < all.len; i++) {
		const struct supervisor_change *change = &all.items[i];

		if (!supervisor_starts(change, maker->down))
			continue;
		if (!change->in_application)
			put_update(maker, change->module);
		put_starts(maker, change);
	}
}

/* What is gone is stopped when nothing calls it any more. */
static void put_stopping(struct script_maker *maker)
{
	const struct supervisor_changes all = maker->made->supervisors;

	for (size_t i = 0; i < all.len; i++)
		put_stops(maker, &all.items[i], true);
}

/* Supervisors that are the same, and learn of other specifications. */
static void put_same(struct script_maker *maker)
{
	const struct supervisor_changes all = maker->made->supervisors;

	for (size_t i = 0; i < all.len; i++)
		if (all.items[i].same_module && !supervisor_starts(&all.items[i], maker->down))
			put_update(maker, all.items[i].module);
}

/* ---- processes that ask other modules ---- */

/* One that changes itself has an instruction of its own, with these as dependencies. */
static void put_hosts(struct script_maker *maker)
{
	struct appup_work *work = maker->work;
	const char *host;

	for (size_t i = 0; (host = host_module(work, i)); i++) {
		struct names views = host_views(work, maker->made, i);

		if (*host && views.len > 0 && !vertex_find(work, host))
			terms_add(work->arena, &maker->list,
				  instruction(work->arena, "update", host,
					      term_tuple(work->arena,
							 term_atom(work->arena, "advanced"),
							 &term_nil),
					      views));
	}
}

/* ---- all of it ---- */

enum part {
	PART_ADD,
	PART_EARLY,
	PART_STARTING,
	PART_CHANGE,
	PART_LATE,
	PART_SUPERVISORS,
	PART_DELETE
};

static enum part part_of(const struct script_maker *maker, const struct vertex *vertex)
{
	const struct module_diff *diff = vertex->diff;
	const struct supervisor_change *change;

	if (diff->change != CHANGE_CHANGED)
		return diff->change == (maker->down ? CHANGE_REMOVED : CHANGE_ADDED) ? PART_ADD
										     : PART_DELETE;
	change = change_at(maker, diff->name);
	if (!is_supervisor(diff) && !change)
		return (maker->down ? vertex->early_down : vertex->early_up) ? PART_EARLY
		       : (maker->down ? vertex->late_down : vertex->late_up) ? PART_LATE
									     : PART_CHANGE;
	return change && supervisor_starts(change, maker->down) ? PART_STARTING : PART_SUPERVISORS;
}

static void put_vertex(struct script_maker *maker, const struct vertex *vertex, enum part part)
{
	const struct term *change = NULL;

	if (vertex->diff->change == CHANGE_CHANGED &&
	    (!vertex->quiet ||
	     (is_supervisor(vertex->diff) && change_at(maker, vertex->diff->name))))
		change = change_at(maker, vertex->diff->name)
				 ? term_atom(maker->work->arena, "supervisor")
				 : change_of(maker->work, vertex->diff);
	put(maker,
	    part == PART_ADD      ? "add_module"
	    : part == PART_DELETE ? "delete_module"
	    : change              ? "update"
				  : "load_module",
	    vertex, change);
}

static size_t carrier_of(const struct script_maker *maker, const struct vertex *vertex)
{
	return maker->down ? vertex->carrier_down : vertex->carrier_up;
}

static void put_part(struct script_maker *maker, enum part part)
{
	const struct appup_work *work = maker->work;
	const struct module_diffs modules = maker->made->app->modules;
	size_t app = (size_t)(maker->made - work->appups->items);

	for (size_t i = 0; i < modules.len; i++) {
		const struct vertex *vertex = vertex_find(work, modules.items[i].name);

		if (vertex->listed == &modules.items[i] &&
		    (maker->down ? vertex->down : vertex->up) && part_of(maker, vertex) == part &&
		    carrier_of(maker, vertex) == app)
			put_vertex(maker, vertex, part);
	}
	for (size_t i = 0; i < work->guests_len; i++) {
		const struct vertex *guest = work->guests[i];
		struct appup_made *home = &work->appups->items[guest->app];

		if (guest->app == app || carrier_of(maker, guest) != app ||
		    part_of(maker, guest) != part)
			continue;
		put_vertex(maker, guest, part);
		terms_add(work->arena, maker->down ? &home->down_later : &home->up_later,
			  maker->list.items[maker->list.len - 1]);
	}
}

static const struct term *script(struct appup_work *work, const struct appup_made *made, bool down)
{
	struct script_maker maker = { .work = work, .made = made, .down = down };
	const char *restart = appup_restart(made->app->name);

	if (restart) {
		terms_add(work->arena, &maker.list, term_atom(work->arena, restart));
	} else {
		put_part(&maker, PART_ADD);
		put_part(&maker, PART_EARLY);
		put_starting(&maker);
		put_part(&maker, PART_CHANGE);
		put_hosts(&maker);
		put_stopping(&maker);
		put_part(&maker, PART_LATE);
		put_part(&maker, PART_SUPERVISORS);
		put_same(&maker);
		put_part(&maker, PART_DELETE);
	}
	return term_list_of(work->arena, &maker.list);
}

/* Which modules of processes are loaded only. */
static void find_quiet(struct appup_work *work, struct appup_made *made)
{
	const struct module_diffs modules = made->app->modules;
	const char **names = arena_array(work->arena, modules.len, const char *);

	made->quiet = (struct names){ names, 0 };
	for (size_t i = 0; i < modules.len; i++) {
		struct vertex *vertex = vertex_find(work, modules.items[i].name);

		if (vertex->listed != &modules.items[i] || vertex->diff->change != CHANGE_CHANGED)
			continue;
		vertex->quiet = !host_is_updated(work, vertex->diff->name) &&
				needs_no_suspension(work, vertex);
		if (vertex->quiet)
			names[made->quiet.len++] = vertex->diff->name;
	}
}

void appup_generate(struct appup_work *work, struct appup_made *made)
{
	find_quiet(work, made);
	host_tell(work, made);
	made->file = arena_printf(work->arena, "%s.appup", made->app->name);
	made->up = script(work, made, false);
	made->down = script(work, made, true);
}
