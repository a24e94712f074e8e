// SPDX-License-Identifier: Apache-2.0
/* What applications have to agree on: names, modules, who includes and who uses whom. */
#include "release/model/resolve.h"

#include <stdlib.h>

/* ---- undefined ---- */

/* Keeps those that are not in the release, each once. */
static void add_undefined(struct resolve *r, struct ids ids, struct ids *out, bool *seen)
{
	for (size_t i = 0; i < ids.len; i++) {
		size_t id = ids.items[i];

		if (id < r->defined || seen[id])
			continue;
		seen[id] = true;
		out->items[out->len++] = id;
	}
}

static int check_defined(struct resolve *r, struct error *err)
{
	size_t names = name_table_len(r->names);
	struct ids undefined = { arena_array(&r->scratch, names, size_t), 0 };
	bool *seen = arena_array(&r->scratch, names, bool);
	owned_str struct str list = STR_EMPTY;

	for (size_t i = 0; i < r->len; i++) {
		const struct resolve_app *app = &r->apps[i];

		add_undefined(r, ids_subtract(r, app->uses, app->optional), &undefined, seen);
		add_undefined(r, app->includes, &undefined, seen);
	}
	if (!undefined.len)
		return 0;
	resolve_list(r, undefined, &list);
	return error_otp(err, "undefined_applications",
			 "other applications need %s, which the release does not have; add what is "
			 "missing, or make it optional",
			 str_text(&list));
}

/* ---- duplicates ---- */

/* Names that only one application may have: the table, and who had each first. */
struct claims {
	struct name_table *names;
	const struct resolve_app **first;
	size_t cap;
	struct str clashes;
	size_t len;
};

static void claims_done(struct claims *claims)
{
	name_table_free(claims->names);
	free(claims->first);
	str_done(&claims->clashes);
}

static void add_clash(struct claims *claims, const char *name, const struct resolve_app *a,
		      const struct resolve_app *b)
{
	enum { SHOWN = 10 };

	if (claims->len++ < SHOWN)
		str_addf(&claims->clashes, "\n  %s: in %s-%s (%s) and %s-%s (%s)", name,
			 a->entry->name, a->entry->vsn, a->app->dir, b->entry->name, b->entry->vsn,
			 b->app->dir);
}

static void claim(struct claims *claims, const struct resolve_app *app, const char *name)
{
	bool is_new;
	size_t id = name_table_add(claims->names, name, &is_new);

	if (!is_new) {
		add_clash(claims, name, claims->first[id], app);
		return;
	}
	if (id == claims->cap) {
		claims->cap = claims->cap ? 2 * claims->cap : 256;
		claims->first = mem_resize(claims->first, claims->cap, sizeof(claims->first[0]));
	}
	claims->first[id] = app;
}

/* `offset` is that of the struct names in struct app. */
static int check_unique(const struct resolve *r, size_t offset, const char *otp, const char *what,
			struct error *err)
{
	owned(claims_done) struct claims claims = { .names = name_table_new() };

	for (size_t i = 0; i < r->len; i++) {
		const struct names *names = (const void *)((const char *)r->apps[i].app + offset);

		for (size_t k = 0; k < names->len; k++)
			claim(&claims, &r->apps[i], names->items[k]);
	}
	if (!claims.len)
		return 0;
	return error_otp(err, otp, "%zu %s:%s", claims.len, what, str_text(&claims.clashes));
}

int resolve_check_modules(struct resolve *r, struct error *err)
{
	return check_unique(r, offsetof(struct app, modules), "duplicate_modules",
			    "module names are used twice", err);
}

/* ---- includes ---- */

static int check_includes(struct resolve *r, struct error *err)
{
	for (size_t i = 0; i < r->len; i++) {
		const struct resolve_app *app = &r->apps[i];

		for (size_t k = 0; k < app->includes.len; k++) {
			size_t id = app->includes.items[k];

			if (r->includer[id] != NAME_ABSENT)
				return error_otp(err, "duplicate_include",
						 "%s is included by %s and by %s; only one "
						 "application may include it",
						 name_table_name(r->names, id),
						 name_table_name(r->names, r->includer[id]),
						 app->entry->name);
			r->includer[id] = app->id;
		}
	}
	return 0;
}

/* The application that includes `id`, or includes who includes it, …; itself when nobody does.
 * NAME_ABSENT when they include each other in a circle.
 */
static size_t top_of(const struct resolve *r, size_t id)
{
	for (size_t steps = 0; steps <= r->defined; steps++) {
		if (r->includer[id] == NAME_ABSENT)
			return id;
		id = r->includer[id];
	}
	return NAME_ABSENT;
}

/* systools never comes back from this one. */
static int check_circles(const struct resolve *r, struct error *err)
{
	for (size_t i = 0; i < r->len; i++) {
		size_t id = r->apps[i].id;

		if (top_of(r, id) != NAME_ABSENT)
			continue;
		return error_otp(
			err, "circular_dependencies",
			"%s is included by %s, and so on in a circle; take one of them out "
			"of included_applications",
			name_table_name(r->names, id), name_table_name(r->names, r->includer[id]));
	}
	return 0;
}

int resolve_check(struct resolve *r, struct error *err)
{
	if (check_defined(r, err) ||
	    check_unique(r, offsetof(struct app, registered), "duplicate_register",
			 "registered names are used twice", err) ||
	    check_includes(r, err) || check_circles(r, err))
		return -1;
	return 0;
}

/* ---- uses ---- */

/* The uses of one application while they are rewritten.  Names are only ever appended, or
 * taken out at their first place, so counting who is out is enough: no list is searched.
 */
struct uses {
	struct ids all;   /* with those that are out */
	size_t *in, *out; /* by number */
};

static void uses_append(struct uses *uses, size_t id)
{
	uses->all.items[uses->all.len++] = id;
	uses->in[id]++;
}

static void uses_take_out(struct uses *uses, size_t id)
{
	if (!uses->in[id])
		return;
	uses->in[id]--;
	uses->out[id]++;
}

/* systools folds over the uses as they were, changing the result as it goes. */
static void rewrite_one(const struct resolve *r, struct uses *uses, size_t my_top, size_t used)
{
	size_t top;

	if (used == my_top) {
		uses_take_out(uses, used);
		return;
	}
	if (r->includer[used] == NAME_ABSENT)
		return;
	top = top_of(r, used);
	if (!uses->in[top] && top == my_top)
		return;
	uses_take_out(uses, used);
	if (!uses->in[top])
		uses_append(uses, top);
}

/* What is still in, in order; the counters are zeros again afterwards. */
static struct ids uses_end(struct uses *uses)
{
	struct ids rest = { uses->all.items, 0 };

	for (size_t i = 0; i < uses->all.len; i++) {
		size_t id = uses->all.items[i];

		uses->in[id] = 0;
		if (uses->out[id])
			uses->out[id]--;
		else
			rest.items[rest.len++] = id;
	}
	return rest;
}

void resolve_rewrite_uses(struct resolve *r)
{
	size_t *out = arena_array(&r->scratch, name_table_len(r->names), size_t);

	for (size_t i = 0; i < r->len; i++) {
		struct resolve_app *app = &r->apps[i];
		struct uses uses = { .in = r->count, .out = out };

		/* At most one name more for each one that is there. */
		uses.all.items = arena_array(&r->scratch, 2 * app->uses.len, size_t);
		for (size_t k = 0; k < app->uses.len; k++)
			uses_append(&uses, app->uses.items[k]);
		for (size_t k = 0; k < app->uses.len; k++)
			rewrite_one(r, &uses, top_of(r, app->id), app->uses.items[k]);
		app->uses = uses_end(&uses);
	}
}

struct place {
	size_t rank, nr, id;
};

static int compare_places(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return a->nr < b->nr ? -1 : 1;
}

static void order_ids(struct resolve *r, struct ids ids)
{
	struct place *places;

	if (ids.len < 2)
		return;
	places = arena_array(&r->scratch, ids.len, struct place);
	for (size_t i = 0; i < ids.len; i++) {
		size_t id = ids.items[i];

		/* Names that are not in the .rel go last, as they came. */
		places[i] = (struct place){ id < r->defined ? id : r->defined, i, id };
	}
	qsort(places, ids.len, sizeof(places[0]), compare_places);
	for (size_t i = 0; i < ids.len; i++)
		ids.items[i] = places[i].id;
}

void resolve_order_uses(struct resolve *r)
{
	for (size_t i = 0; i < r->len; i++) {
		order_ids(r, r->apps[i].uses);
		order_ids(r, r->apps[i].includes);
	}
}
