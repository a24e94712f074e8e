// SPDX-License-Identifier: Apache-2.0
#include "upgrade/appup_parts.h"

/* A consolidated protocol comes from its own folder, not from the application's: to
 * load the latter over it would undo the consolidation.
 */
bool generates_up(const struct diff *diff, const struct module_diff *module)
{
	return module->change == CHANGE_REMOVED || !names_have(diff->new_protocols, module->name);
}

bool generates_down(const struct diff *diff, const struct module_diff *module)
{
	return module->change == CHANGE_ADDED || !names_have(diff->old_protocols, module->name);
}

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

/* code_change runs in the new code, on the way up and on the way down. */
static const struct term *change_of(struct arena *arena, const struct module_diff *module)
{
	unsigned both = module->new_facts->roles & module->old_facts->roles;

	if (is_supervisor(module))
		return term_atom(arena, "supervisor");
	if (!(both & BEAM_PROCESS))
		return NULL;
	if (module->new_facts->code_change)
		return term_tuple(arena, term_atom(arena, "advanced"), &term_nil);
	return term_atom(arena, "soft");
}

struct script_maker {
	struct appup_work *work;
	const struct appup_made *made;
	bool down;
	struct terms list;
};

static void put(struct script_maker *maker, const char *tag, const struct vertex *vertex,
		const struct term *change)
{
	struct arena *arena = maker->work->arena;
	struct names deps = maker->down ? vertex->down_deps : vertex->up_deps;

	/* The short form for supervisors has no place for dependencies. */
	if (change && term_is_atom(change, "supervisor"))
		deps.len = 0;
	terms_add(arena, &maker->list, instruction(arena, tag, vertex->diff->name, change, deps));
}

enum part { PART_ADD, PART_CHANGE, PART_SUPERVISORS, PART_DELETE };

static void put_part(struct script_maker *maker, enum part part)
{
	const struct module_diffs modules = maker->made->app->modules;

	for (size_t i = 0; i < modules.len; i++) {
		const struct vertex *vertex = vertex_find(maker->work, modules.items[i].name);
		const struct module_diff *diff = vertex->diff;
		bool changed = diff->change == CHANGE_CHANGED;
		bool arrives = diff->change == (maker->down ? CHANGE_REMOVED : CHANGE_ADDED);

		if (vertex->listed != &modules.items[i] ||
		    !(maker->down ? vertex->down : vertex->up))
			continue;
		if (!changed && part == (arrives ? PART_ADD : PART_DELETE)) {
			put(maker, arrives ? "add_module" : "delete_module", vertex, NULL);
		} else if (changed &&
			   part == (is_supervisor(diff) ? PART_SUPERVISORS : PART_CHANGE)) {
			const struct term *change = change_of(maker->work->arena, diff);

			put(maker, change ? "update" : "load_module", vertex, change);
		}
	}
}

/* What the rest of the system stands on is not changed under it: OTP's own appups say
 * the same.  The whole of Elixir needs the new boot file as well.
 */
const char *appup_restart(const char *app)
{
	static const char *const otp[] = { "kernel", "stdlib", "sasl" };

	for (size_t i = 0; i < ARRAY_LEN(otp); i++)
		if (strcmp(app, otp[i]) == 0)
			return "restart_new_emulator";
	return strcmp(app, "elixir") == 0 ? "restart_emulator" : NULL;
}

static const struct term *script(struct appup_work *work, const struct appup_made *made, bool down)
{
	struct script_maker maker = { .work = work, .made = made, .down = down };
	const char *restart = appup_restart(made->app->name);

	if (restart) {
		terms_add(work->arena, &maker.list, term_atom(work->arena, restart));
	} else {
		put_part(&maker, PART_ADD);
		put_part(&maker, PART_CHANGE);
		put_part(&maker, PART_SUPERVISORS);
		put_part(&maker, PART_DELETE);
	}
	return term_list_of(work->arena, &maker.list);
}

void appup_generate(struct appup_work *work, struct appup_made *made)
{
	made->file = arena_printf(work->arena, "%s.appup", made->app->name);
	made->up = script(work, made, false);
	made->down = script(work, made, true);
}
