// SPDX-License-Identifier: Apache-2.0
/* application.c - what adding, removing and restarting an application comes down to. */
#include "upgrade/relup/translate/stages.h"

static int find(const struct resolved_app **out, const struct resolved *release,
		const struct op *op, const char *which, struct error *err)
{
	const struct term *name = term_at(op->term, 1);
	const struct resolved_app *app = resolved_find(release, term_atom_name(name));

	if (!app)
		return op_refuse(op, err, "no_such_application", which, name);
	*out = app;
	return 0;
}

static const struct term *one(struct arena *arena, const struct term *term)
{
	const struct term **items = arena_array(arena, 1, const struct term *);

	items[0] = term;
	return term_list(arena, items, 1);
}

static const struct term *two(struct arena *arena, const struct term *a, const struct term *b)
{
	const struct term **items = arena_array(arena, 2, const struct term *);

	items[0] = a;
	items[1] = b;
	return term_list(arena, items, 2);
}

static void put_stop(struct translation *translation, struct ops *out, const struct op *op)
{
	struct arena *arena = translation->arena;

	ops_put(arena, out, op, op_application(arena, "stop", one(arena, term_at(op->term, 1))));
}

/* Nothing, a load or a start, as its type in the release says. */
static void put_start(struct translation *translation, struct ops *out, const struct op *op,
		      const struct term *type)
{
	struct arena *arena = translation->arena;
	const struct term *name = term_at(op->term, 1);

	if (term_is_atom(type, "none"))
		return;
	if (term_is_atom(type, "load"))
		ops_put(arena, out, op, op_application(arena, "load", one(arena, name)));
	else
		ops_put(arena, out, op, op_application(arena, "start", two(arena, name, type)));
}

/* New modules depend on nothing, but others may depend on them: they become
 * load_module instructions like any other.
 */
static void put_modules(struct translation *translation, struct ops *out, const struct op *op,
			const struct app *app)
{
	struct arena *arena = translation->arena;

	for (size_t i = 0; i < app->modules.len; i++)
		ops_put(arena, out, op,
			term_tuple(arena, term_atom(arena, "add_module"),
				   term_atom(arena, app->modules.items[i]), &term_nil));
}

static void remove_modules(struct translation *translation, struct ops *out, const struct op *op,
			   const struct app *app)
{
	struct arena *arena = translation->arena;
	struct terms modules = { 0 };

	for (size_t i = 0; i < app->modules.len; i++)
		terms_add(arena, &modules, term_atom(arena, app->modules.items[i]));
	for (size_t i = 0; i < modules.len; i++)
		ops_put(arena, out, op, op_module(arena, "remove", modules.items[i], NULL, NULL));
	ops_put(arena, out, op, op_pair(arena, "purge", term_list_of(arena, &modules)));
}

static int add(struct translation *translation, struct ops *out, const struct op *op,
	       struct error *err)
{
	const struct resolved_app *app;

	if (find(&app, translation->target, op, "not in the release that is gone to", err))
		return -1;
	put_modules(translation, out, op, app->app);
	put_start(translation, out, op, term_at(op->term, 2));
	return 0;
}

static int remove_app(struct translation *translation, struct ops *out, const struct op *op,
		      struct error *err)
{
	struct arena *arena = translation->arena;
	const struct term *name = term_at(op->term, 1);
	const struct resolved_app *app;

	if (resolved_find(translation->target, term_atom_name(name)))
		return op_refuse(op, err, "removed_application_present",
				 "removed, but in the release that is gone to", name);
	if (find(&app, translation->left, op, "not in the release that is left", err))
		return -1;
	put_stop(translation, out, op);
	remove_modules(translation, out, op, app->app);
	ops_put(arena, out, op, op_application(arena, "unload", one(arena, name)));
	return 0;
}

static int restart(struct translation *translation, struct ops *out, const struct op *op,
		   struct error *err)
{
	const struct resolved_app *old, *new;

	if (find(&old, translation->left, op, "not in the release that is left", err) ||
	    find(&new, translation->target, op, "not in the release that is gone to", err))
		return -1;
	put_stop(translation, out, op);
	remove_modules(translation, out, op, old->app);
	put_modules(translation, out, op, new->app);
	put_start(translation, out, op,
		  term_atom(translation->arena, start_type_name(new->entry->type)));
	return 0;
}

static int translate_one(struct translation *translation, struct ops *out, const struct op *op,
			 struct error *err)
{
	if (term_is_tagged(op->term, "add_application", 3))
		return add(translation, out, op, err);
	if (term_is_tagged(op->term, "remove_application", 2))
		return remove_app(translation, out, op, err);
	if (term_is_tagged(op->term, "restart_application", 2))
		return restart(translation, out, op, err);
	ops_add(translation->arena, out, *op);
	return 0;
}

int applications_translate(struct translation *translation, struct error *err)
{
	struct ops after = { 0 };

	for (size_t i = 0; i < translation->after.len; i++)
		if (translate_one(translation, &after, &translation->after.items[i], err))
			return -1;
	translation->after = after;
	return 0;
}
