// SPDX-License-Identifier: Apache-2.0
/* The order of systools_make:sort_appls().
 *
 * Its work list is kept as it is there, because ties fall where that list puts them: an
 * application whose dependencies are still in the list goes back into it, behind them.
 */
#include "release/model/resolve.h"

struct sort_node {
	struct sort_node *prev, *next;
	const struct resolve_app *app;
	bool listed;
	struct sort_node *twin; /* another entry of the .rel with the same name */
};

struct sorting {
	struct resolve *r;
	struct sort_node *nodes;      /* by entry of the .rel */
	struct sort_node **by_id;     /* the first of those with that name */
	struct sort_node head;        /* of the list, which is a ring */
	bool *seen_name;              /* by number */
	size_t *seen_key;             /* by key: how often */
	struct ids missing, circular; /* what stands against it */
	size_t missing_cap, circular_cap;
};

static void unlink_node(struct sort_node *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
}

static void link_before(struct sort_node *at, struct sort_node *node)
{
	node->prev = at->prev;
	node->next = at;
	at->prev->next = node;
	at->prev = node;
}

/* In the list, before `at`; in a ring a node counts as out of it. */
static void put_in(struct sort_node *at, struct sort_node *node)
{
	link_before(at, node);
	node->listed = true;
}

static void take_out(struct sort_node *node)
{
	unlink_node(node);
	node->listed = false;
}

static void add_id(struct sorting *w, struct ids *ids, size_t *cap, size_t id)
{
	ids->items = arena_grow(&w->r->scratch, ids->items, ids->len, cap);
	ids->items[ids->len++] = id;
}

static struct sort_node *first_listed(struct sorting *w, size_t id)
{
	struct sort_node *only = w->by_id[id];

	if (!only || !only->twin)
		return only && only->listed ? only : NULL;
	for (struct sort_node *node = w->head.next; node != &w->head; node = node->next)
		if (node->app->id == id)
			return node;
	return NULL;
}

static void add_missing(struct sorting *w, struct ids ids)
{
	for (size_t i = 0; i < ids.len; i++)
		add_id(w, &w->missing, &w->missing_cap, ids.items[i]);
}

static void ring_init(struct sort_node *ring)
{
	ring->prev = ring->next = ring;
}

/* Takes what is found of `wanted` out of the list, into the ring, in that order.  Gives those
 * that are neither found nor done.
 */
static struct ids take(struct sorting *w, const struct resolve_app *app, struct ids wanted,
		       struct sort_node *ring)
{
	struct ids missing = { arena_array(&w->r->scratch, wanted.len, size_t), 0 };
	struct sort_node *at = ring;

	/* From the last to the first: of a name in there twice, the last place counts. */
	for (size_t i = wanted.len; i-- > 0;) {
		size_t id = wanted.items[i];
		struct sort_node *node = first_listed(w, id);

		/* Who includes this one may start later, although it is used. */
		if (node && w->r->includer[app->id] != id) {
			take_out(node);
			link_before(at, node);
			at = node;
		} else if (!w->seen_name[id]) {
			missing.items[missing.len++] = id;
		}
	}
	return missing;
}

/* Puts the whole ring in front of the list. */
static void put_back(struct sorting *w, struct sort_node *ring)
{
	struct sort_node *front = w->head.next;

	while (ring->next != ring) {
		struct sort_node *node = ring->next;

		unlink_node(node);
		put_in(front, node);
	}
}

static void delete_first(struct sorting *w, size_t key)
{
	for (struct sort_node *node = w->head.next; node != &w->head; node = node->next) {
		if (node->app->key != key)
			continue;
		take_out(node);
		return;
	}
}

/* The first `len` of the list are what `app` waits for.  Those that were looked at before
 * wait for it in turn; without them the work comes to an end.
 */
static void cut_circles(struct sorting *w, size_t len, const struct resolve_app *app)
{
	size_t *keys = arena_array(&w->r->scratch, len, size_t);
	size_t cut = 0;
	struct sort_node *node = w->head.next;

	for (size_t i = 0; i < len; i++, node = node->next) {
		if (!w->seen_key[node->app->key])
			continue;
		add_id(w, &w->circular, &w->circular_cap, node->app->id);
		keys[cut++] = node->app->key;
	}
	for (size_t i = 0; i < cut; i++)
		for (size_t k = 0; k < w->seen_key[keys[i]]; k++)
			delete_first(w, keys[i]);
	if (cut)
		add_id(w, &w->circular, &w->circular_cap, app->id);
}

static size_t ring_len(const struct sort_node *ring)
{
	size_t len = 0;

	for (const struct sort_node *node = ring->next; node != ring; node = node->next)
		len++;
	return len;
}

/* Looks at the first of the list; true when it can start now, and is out of the list. */
static bool turn(struct sorting *w, struct sort_node *node)
{
	const struct resolve_app *app = node->app;
	struct sort_node uses, includes;
	size_t waits_for;

	ring_init(&uses);
	ring_init(&includes);
	take_out(node);
	add_missing(w, ids_subtract(w->r, take(w, app, app->uses, &uses), app->optional));
	add_missing(w, take(w, app, app->includes, &includes));
	waits_for = ring_len(&uses) + ring_len(&includes);
	if (waits_for) {
		put_in(w->head.next, node);
		put_back(w, &includes);
		put_back(w, &uses);
		cut_circles(w, waits_for, app);
	}
	w->seen_name[app->id] = true;
	w->seen_key[app->key]++;
	return !waits_for;
}

static void work_init(struct sorting *w, struct resolve *r)
{
	size_t names = name_table_len(r->names);

	*w = (struct sorting){ .r = r };
	w->nodes = arena_array(&r->scratch, r->len, struct sort_node);
	w->by_id = arena_array(&r->scratch, names, struct sort_node *);
	w->seen_name = arena_array(&r->scratch, names, bool);
	w->seen_key = arena_array(&r->scratch, r->len, size_t);
	ring_init(&w->head);
	for (size_t i = 0; i < r->len; i++) {
		struct sort_node *node = &w->nodes[i];

		node->app = &r->apps[i];
		node->twin = w->by_id[node->app->id];
		w->by_id[node->app->id] = node;
		put_in(&w->head, node);
	}
}

/* Each name once. */
static struct ids unique(struct resolve *r, struct ids ids)
{
	struct ids out = { arena_array(&r->scratch, ids.len, size_t), 0 };
	bool *seen = arena_array(&r->scratch, name_table_len(r->names), bool);

	for (size_t i = 0; i < ids.len; i++) {
		if (!seen[ids.items[i]])
			out.items[out.len++] = ids.items[i];
		seen[ids.items[i]] = true;
	}
	return out;
}

static int judge(const struct sorting *w, struct error *err)
{
	const char *otp = w->circular.len ? "circular_dependencies" : "undefined_applications";
	owned_str struct str text = STR_EMPTY;

	if (!w->circular.len && !w->missing.len)
		return 0;
	if (w->circular.len && w->missing.len)
		otp = "apps";
	if (w->circular.len) {
		resolve_list(w->r, unique(w->r, w->circular), &text);
		str_adds(&text, " wait for each other in a circle: take one out of another's "
				"applications");
	}
	if (w->missing.len) {
		str_adds(&text, text.len ? "; " : "");
		resolve_list(w->r, unique(w->r, w->missing), &text);
		str_adds(&text, " cannot start before the applications that use it");
	}
	return error_otp(err, otp, "%s", str_text(&text));
}

int resolve_sort(struct resolve *r, size_t *order, struct error *err)
{
	struct sorting w;
	size_t len = 0;

	work_init(&w, r);
	while (w.head.next != &w.head) {
		const struct resolve_app *app = w.head.next->app;

		if (turn(&w, w.head.next))
			order[len++] = (size_t)(app - r->apps);
	}
	return judge(&w, err);
}
