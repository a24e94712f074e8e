// SPDX-License-Identifier: Apache-2.0
/* Resolving follows systools_make:get_release() step by step, so that the same input is
 * refused for the same reason and accepted in the same order.
 */
#include "release/model/resolve.h"

static void resolve_done(struct resolve *r)
{
	name_table_free(r->names);
	arena_done(&r->scratch);
}

#define owned_resolve owned(resolve_done)

static bool same_entry(const struct rel_app *a, const struct rel_app *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->vsn, b->vsn) == 0;
}

/* Entries are nearly always unique; only a name that is not new is searched for. */
static size_t key_of(const struct rel *rel, size_t nr, bool is_new)
{
	size_t first = 0;

	if (is_new)
		return nr;
	while (!same_entry(&rel->apps[first], &rel->apps[nr]))
		first++;
	return first;
}

static void number_entries(struct resolve *r)
{
	const struct rel *rel = r->rel;

	r->len = rel->len;
	r->apps = arena_array(&r->scratch, rel->len, struct resolve_app);
	for (size_t i = 0; i < rel->len; i++) {
		bool is_new;

		r->apps[i].entry = &rel->apps[i];
		r->apps[i].id = name_table_add(r->names, rel->apps[i].name, &is_new);
		r->apps[i].key = key_of(rel, i, is_new);
	}
	r->defined = name_table_len(r->names);
}

static struct ids numbers(struct resolve *r, struct names names)
{
	struct ids ids = { arena_array(&r->scratch, names.len, size_t), names.len };

	for (size_t i = 0; i < names.len; i++)
		ids.items[i] = name_table_add(r->names, names.items[i], NULL);
	return ids;
}

static void number_names(struct resolve *r)
{
	for (size_t i = 0; i < r->len; i++) {
		const struct app *app = r->apps[i].app;
		const struct rel_app *override = resolve_includes_entry(r->rel, app->name);

		r->apps[i].uses = numbers(r, app->applications);
		r->apps[i].optional = numbers(r, app->optional);
		r->apps[i].includes = numbers(r, override ? override->includes : app->includes);
	}
	r->count = arena_array(&r->scratch, name_table_len(r->names), size_t);
	r->includer = arena_array(&r->scratch, name_table_len(r->names), size_t);
	for (size_t i = 0; i < name_table_len(r->names); i++)
		r->includer[i] = NAME_ABSENT;
}

static struct names names_of(const struct resolve *r, struct ids ids)
{
	const char **items = arena_array(r->arena, ids.len, const char *);

	for (size_t i = 0; i < ids.len; i++)
		items[i] = name_table_name(r->names, ids.items[i]);
	return (struct names){ items, ids.len };
}

static struct resolved *result(const struct resolve *r, const size_t *order)
{
	struct resolved *out = arena_new(r->arena, struct resolved);
	struct resolved_app *apps = arena_array(r->arena, r->len, struct resolved_app);

	for (size_t i = 0; i < r->len; i++) {
		const struct resolve_app *from = &r->apps[order[i]];

		apps[i] = (struct resolved_app){
			.app = from->app,
			.entry = from->entry,
			.uses = names_of(r, from->uses),
			.includes = names_of(r, from->includes),
			.included = r->includer[from->id] != NAME_ABSENT,
		};
	}
	*out = (struct resolved){ .rel = r->rel, .tree = r->tree, .apps = apps, .len = r->len };
	return out;
}

int rel_resolve(struct resolved **out, struct arena *arena, const struct rel *rel,
		const struct tree *tree, struct lib_path path, struct error *err)
{
	owned_resolve struct resolve r = {
		.arena = arena,
		.rel = rel,
		.tree = tree,
		.path = path,
		.names = name_table_new(),
	};
	size_t *order;

	number_entries(&r);
	if (resolve_find(&r, err))
		return -1;
	number_names(&r);
	if (resolve_check(&r, err))
		return -1;
	resolve_rewrite_uses(&r);
	resolve_order_uses(&r);
	order = arena_array(&r.scratch, r.len, size_t);
	if (resolve_check_modules(&r, err) || resolve_sort(&r, order, err))
		return -1;
	*out = result(&r, order);
	return 0;
}

const struct resolved_app *resolved_find(const struct resolved *release, const char *name)
{
	for (size_t i = 0; i < release->len; i++)
		if (strcmp(release->apps[i].app->name, name) == 0)
			return &release->apps[i];
	return NULL;
}
