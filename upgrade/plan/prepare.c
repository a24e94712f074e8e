// SPDX-License-Identifier: Apache-2.0
#include "upgrade/plan/prepare.h"

#include "base/file.h"
#include "upgrade/plan/carried.h"

/* {Vsn, [Up], [Down]}, of a relup or of one appup, with the ways from several releases. */
struct merged {
	const char *app; /* NULL: the relup */
	const char *dir; /* ebin folder in the tree */
	const struct term *vsn;
	struct terms up, down;
};

struct preparer {
	struct arena *arena;
	const char *root;
	struct merged relup;
	struct merged *appups;
	size_t len, cap;
	json_t *plans; /* as they are carried */
};

static bool has_version(const struct terms *entries, const struct term *entry)
{
	for (size_t i = 0; i < entries->len; i++)
		if (term_equal(term_at(entries->items[i], 0), term_at(entry, 0)))
			return true;
	return false;
}

/* Two old releases may hold the same version of an application: one entry serves both. */
static void merge_entries(struct arena *arena, struct terms *into, const struct term *list)
{
	for (size_t i = 0; i < list->seq.len; i++)
		if (!has_version(into, list->seq.items[i]))
			terms_add(arena, into, list->seq.items[i]);
}

static void merge(struct arena *arena, struct merged *into, const struct term *term)
{
	into->vsn = term_at(term, 0);
	merge_entries(arena, &into->up, term_at(term, 1));
	merge_entries(arena, &into->down, term_at(term, 2));
}

static struct merged *appup_of(struct preparer *p, const struct app *app)
{
	for (size_t i = 0; i < p->len; i++)
		if (strcmp(p->appups[i].app, app->name) == 0)
			return &p->appups[i];
	p->appups = arena_grow(p->arena, p->appups, p->len, &p->cap);
	p->appups[p->len] = (struct merged){ .app = arena_dup(p->arena, span_of(app->name)),
					     .dir = arena_dup(p->arena, span_of(app->dir)) };
	return &p->appups[p->len++];
}

static void take_plan(struct preparer *p, const struct plan *plan)
{
	merge(p->arena, &p->relup, plan->relup);
	for (size_t i = 0; i < plan->appups.len; i++) {
		const struct appup_made *made = &plan->appups.items[i];

		merge(p->arena, appup_of(p, made->app->new_app->app), made->term);
	}
}

static int write_merged(struct preparer *p, const struct merged *merged, const char *path,
			struct error *err)
{
	owned_str struct str text = STR_EMPTY;
	const struct term *term =
		term_tuple(p->arena, merged->vsn, term_list_of(p->arena, &merged->up),
			   term_list_of(p->arena, &merged->down));

	term_print_file(&text, term);
	return file_put(path_join(p->arena, p->root, path), str_span(&text), 0644, err);
}

static int write_plans(struct preparer *p, const char *release_dir, struct error *err)
{
	json_t *root = json_pack("{s:O}", "plans", p->plans);
	char *text = root ? json_dumps(root, JSON_INDENT(2) | JSON_SORT_KEYS) : NULL;
	const char *path = path_join(p->arena, release_dir, CARRIED_FILE);
	int ret = text ? file_put(path_join(p->arena, p->root, path), span_of(text), 0644, err)
		       : error_set(err, ERROR_FAILED, "%s cannot be written as JSON", path);

	free(text);
	json_decref(root);
	return ret;
}

static int write_all(struct preparer *p, const char *release_dir, struct error *err)
{
	if (json_array_size(p->plans) > 0 && write_plans(p, release_dir, err))
		return -1;
	if (!p->relup.vsn)
		return 0;
	for (size_t i = 0; i < p->len; i++)
		if (write_merged(p, &p->appups[i],
				 arena_printf(p->arena, "%s/%s.appup", p->appups[i].dir,
					      p->appups[i].app),
				 err))
			return -1;
	return write_merged(p, &p->relup, path_join(p->arena, release_dir, "relup"), err);
}

/* Names in them are those of the releases, which are closed before they are told. */
static struct reasons reasons_copy(struct arena *arena, const struct reasons *reasons)
{
	struct reasons copy = { arena_array(arena, reasons->len, struct reason), reasons->len,
				reasons->len };

	for (size_t i = 0; i < reasons->len; i++) {
		struct reason *reason = &copy.items[i];

		*reason = reasons->items[i];
		if (reason->application)
			reason->application = arena_dup(arena, span_of(reason->application));
		if (reason->module)
			reason->module = arena_dup(arena, span_of(reason->module));
	}
	return copy;
}

static int prepare_from(struct preparer *p, struct prepared *result, const char *old_path,
			const struct release *new_release, const struct plan_options *options,
			struct release **keep, struct error *err)
{
	const char *digest;
	struct plan *plan;

	if (release_open(keep, old_path, err) || carried_digest(&digest, p->arena, *keep, err) ||
	    plan_make(&plan, p->arena, *keep, new_release, options, err))
		return -1;
	*result = (struct prepared){ arena_dup(p->arena, span_of((*keep)->vsn)), plan->verdict,
				     plan->relup != NULL, reasons_copy(p->arena, &plan->reasons) };
	json_array_append_new(p->plans, carried_json(plan, digest));
	if (plan->relup)
		take_plan(p, plan);
	return 0;
}

/* The terms of a plan borrow from its releases, so all stay open to the end. */
int prepare_upgrade(struct prepared **results, struct arena *arena, const char *root,
		    struct names olds, const struct plan_options *options, struct error *err)
{
	struct preparer p = { .arena = arena, .root = root, .plans = json_array() };
	struct prepared *made = arena_array(arena, olds.len, struct prepared);
	struct release **open = arena_array(arena, olds.len, struct release *);
	owned_release struct release *new_release = NULL;
	int ret = release_open(&new_release, root, err);

	for (size_t i = 0; ret == 0 && i < olds.len; i++)
		ret = prepare_from(&p, &made[i], olds.items[i], new_release, options, &open[i],
				   err);
	if (ret == 0)
		ret = write_all(&p, new_release->dir, err);
	for (size_t i = 0; i < olds.len; i++)
		release_free(open[i]);
	json_decref(p.plans);
	if (ret == 0)
		*results = made;
	return ret;
}
