// SPDX-License-Identifier: Apache-2.0
/* block.c - modules that hang together by dependencies are changed as one block: their
 * processes suspended, code loaded, state converted, processes resumed.
 */
#include "base/name_table.h"
#include "upgrade/relup/translate/depend.h"
#include "upgrade/relup/translate/stages.h"

enum kind { UPDATE, LOAD, DELETE };

/* update, load_module or delete_module. */
struct change {
	const struct op *op;
	enum kind kind;
	bool is_static; /* code is changed after loading on the way down */
	const struct term *module, *needs;
	const struct term *timeout;    /* NULL: the default */
	const struct term *extra;      /* NULL: soft, no code change */
	const struct term *pre, *post; /* NULL: brutal */
};

struct block_work {
	struct translation *translation;
	struct change *changes;
	uint32_t len;
	const uint32_t *change_at; /* by place in `after`: a change + 1, or 0 */
	struct name_table *libs;   /* modules of the target; borrowed */
	const struct resolved_app **lib_of;
	struct ops after; /* the result */
};

static bool change_read(struct change *out, const struct op *op)
{
	const struct term *term = op->term;

	if (term_is_tagged(term, "update", 8)) {
		const struct term *timeout = term_at(term, 3), *change = term_at(term, 4);

		*out = (struct change){
			.kind = UPDATE,
			.is_static = term_is_atom(term_at(term, 2), "static"),
			.timeout = term_is_atom(timeout, "default") ? NULL : timeout,
			.extra = change->kind == TERM_TUPLE ? term_at(change, 1) : NULL,
			.pre = term_at(term, 5),
			.post = term_at(term, 6),
		};
	} else if (term_is_tagged(term, "load_module", 5)) {
		*out = (struct change){ .kind = LOAD,
					.pre = term_at(term, 2),
					.post = term_at(term, 3) };
	} else if (term_is_tagged(term, "add_module", 3)) {
		*out = (struct change){ .kind = LOAD };
	} else if (term_is_tagged(term, "delete_module", 3)) {
		*out = (struct change){ .kind = DELETE };
	} else {
		return false;
	}
	out->op = op;
	out->module = term_at(term, 1);
	out->needs = term_at(term, term->seq.len - 1);
	return true;
}

static void changes_read(struct block_work *work)
{
	struct translation *translation = work->translation;
	const struct ops *after = &translation->after;
	uint32_t *change_at = arena_array(translation->arena, after->len + 1, uint32_t);

	work->changes = arena_array(translation->arena, after->len + 1, struct change);
	for (size_t i = 0; i < after->len; i++)
		if (change_read(&work->changes[work->len], &after->items[i]))
			change_at[i] = ++work->len;
	work->change_at = change_at;
}

/* ---- the graph ---- */

static int modules_number(struct name_table *modules, const struct block_work *work,
			  struct error *err)
{
	bool is_new;

	for (uint32_t i = 0; i < work->len; i++) {
		name_table_add(modules, term_atom_name(work->changes[i].module), &is_new);
		if (!is_new)
			return op_refuse(work->changes[i].op, err, "muldef_module",
					 "a second instruction for this module",
					 work->changes[i].module);
	}
	return 0;
}

static int edges_make(struct depend_edge **out, size_t *len_out, const struct block_work *work,
		      const struct name_table *modules, struct error *err)
{
	struct depend_edge *edges = NULL;
	size_t len = 0, cap = 0;

	for (uint32_t i = 0; i < work->len; i++) {
		const struct term *needs = work->changes[i].needs;

		for (size_t j = 0; j < needs->seq.len; j++) {
			size_t to = name_table_find(modules, term_at(needs, j)->text);

			if (to == NAME_ABSENT)
				return op_refuse(work->changes[i].op, err, "undef_module",
						 "depends on a module that no instruction changes",
						 term_at(needs, j));
			edges = arena_grow(work->translation->arena, edges, len, &cap);
			edges[len++] = (struct depend_edge){ i, (uint32_t)to };
		}
	}
	*out = edges;
	*len_out = len;
	return 0;
}

static int groups_make(struct depend_groups *out, const struct block_work *work, struct error *err)
{
	struct arena *arena = work->translation->arena;
	owned_name_table struct name_table *modules = name_table_new();
	struct depend_edge *edges;
	size_t len;

	if (modules_number(modules, work, err) || edges_make(&edges, &len, work, modules, err))
		return -1;
	depend_sort(out, arena, work->len, edges, len);
	return 0;
}

/* ---- object code ---- */

/* A module belongs to the first application, in start order, that lists it. */
static void libs_make(struct block_work *work)
{
	const struct resolved *target = work->translation->target;
	size_t cap = 0, number;
	bool is_new;

	for (size_t i = 0; i < target->len; i++) {
		struct names modules = target->apps[i].app->modules;

		for (size_t j = 0; j < modules.len; j++) {
			number = name_table_add(work->libs, modules.items[j], &is_new);
			if (!is_new)
				continue;
			work->lib_of =
				arena_grow(work->translation->arena, work->lib_of, number, &cap);
			work->lib_of[number] = &target->apps[i];
		}
	}
}

static int put_object_code(struct block_work *work, const struct change *change, struct error *err)
{
	struct arena *arena = work->translation->arena;
	struct terms modules = { 0 };
	size_t number = name_table_find(work->libs, change->module->text);
	const struct app *app;

	if (number == NAME_ABSENT)
		return op_refuse(change->op, err, "no_such_module",
				 "in no application of the release that is gone to",
				 change->module);
	app = work->lib_of[number]->app;
	terms_add(arena, &modules, change->module);
	ops_put(arena, &work->translation->before, change->op,
		op_pair(arena, "load_object_code",
			term_tuple(arena, term_atom(arena, app->name), term_string(arena, app->vsn),
				   term_list_of(arena, &modules))));
	return 0;
}

/* ---- one block ---- */

struct block {
	const struct change **changes; /* in the order of dependence */
	size_t len;
	const struct op *origin;
};

static void put(struct block_work *work, const struct op *origin, const struct term *term)
{
	ops_put(work->translation->arena, &work->after, origin, term);
}

static void put_list(struct block_work *work, const struct block *block, const char *tag,
		     const struct terms *list)
{
	struct arena *arena = work->translation->arena;

	if (list->len > 0)
		put(work, block->origin, op_pair(arena, tag, term_list_of(arena, list)));
}

static void put_suspend(struct block_work *work, const struct block *block)
{
	struct arena *arena = work->translation->arena;
	struct terms list = { 0 };

	for (size_t i = 0; i < block->len; i++) {
		const struct change *change = block->changes[i];

		if (change->kind == UPDATE)
			terms_add(arena, &list,
				  change->timeout
					  ? term_tuple(arena, change->module, change->timeout)
					  : change->module);
	}
	put_list(work, block, "suspend", &list);
}

static void put_resume(struct block_work *work, const struct block *block)
{
	struct terms list = { 0 };

	for (size_t i = block->len; i-- > 0;)
		if (block->changes[i]->kind == UPDATE)
			terms_add(work->translation->arena, &list, block->changes[i]->module);
	put_list(work, block, "resume", &list);
}

static void put_load(struct block_work *work, const struct change *change)
{
	struct arena *arena = work->translation->arena;
	struct terms modules = { 0 };

	if (change->kind != DELETE) {
		put(work, change->op,
		    op_module(arena, "load", change->module, change->pre, change->post));
		return;
	}
	terms_add(arena, &modules, change->module);
	put(work, change->op, op_module(arena, "remove", change->module, NULL, NULL));
	put(work, change->op, op_pair(arena, "purge", term_list_of(arena, &modules)));
}

enum when { DYNAMIC = 1, STATIC = 2 };

static void put_code_change(struct block_work *work, const struct block *block, const char *mode,
			    unsigned which)
{
	struct arena *arena = work->translation->arena;
	struct terms list = { 0 };

	for (size_t i = 0; i < block->len; i++) {
		const struct change *change = block->changes[i];

		if (change->extra && which & (change->is_static ? STATIC : DYNAMIC))
			terms_add(arena, &list, term_tuple(arena, change->module, change->extra));
	}
	if (list.len > 0)
		put(work, block->origin,
		    term_tuple(arena, term_atom(arena, "code_change"), term_atom(arena, mode),
			       term_list_of(arena, &list)));
}

/* Up: what others depend on is loaded first, and states are converted by new code.
 * Down: the other way round, and it is the new code, still there, that converts back,
 * except where the old version has to do it (static).
 */
static void put_block(struct block_work *work, const struct block *block)
{
	put_suspend(work, block);
	if (work->translation->direction == DIRECTION_UP) {
		for (size_t i = block->len; i-- > 0;)
			put_load(work, block->changes[i]);
		put_code_change(work, block, "up", DYNAMIC | STATIC);
	} else {
		put_code_change(work, block, "down", DYNAMIC);
		for (size_t i = 0; i < block->len; i++)
			put_load(work, block->changes[i]);
		put_code_change(work, block, "down", STATIC);
	}
	put_resume(work, block);
}

static int group_translate(struct block_work *work, const struct depend_groups *groups,
			   uint32_t group, const struct op *origin, struct error *err)
{
	size_t start = groups->start[group], len = groups->start[group + 1] - start;
	struct block block = { arena_array(work->translation->arena, len, const struct change *),
			       len, origin };

	for (size_t i = 0; i < len; i++)
		block.changes[i] = &work->changes[groups->order[start + i]];
	/* systools reads object code in the order of loading on the way down, whichever
	 * way it goes.
	 */
	for (size_t i = 0; i < len; i++)
		if (block.changes[i]->kind != DELETE &&
		    put_object_code(work, block.changes[i], err))
			return -1;
	put_block(work, &block);
	return 0;
}

/* A block stands where the first of its instructions stood; other instructions stay. */
int modules_translate(struct translation *translation, struct error *err)
{
	owned_name_table struct name_table *libs = name_table_new();
	struct block_work work = { .translation = translation, .libs = libs };
	struct depend_groups groups;
	bool *done;

	changes_read(&work);
	if (groups_make(&groups, &work, err))
		return -1;
	libs_make(&work);
	done = arena_array(translation->arena, (size_t)groups.len + 1, bool);
	for (size_t i = 0; i < translation->after.len; i++) {
		const struct op *op = &translation->after.items[i];
		uint32_t group;

		if (!work.change_at[i]) {
			ops_add(translation->arena, &work.after, *op);
			continue;
		}
		group = groups.group[work.change_at[i] - 1];
		if (done[group])
			continue;
		done[group] = true;
		if (group_translate(&work, &groups, group, op, err))
			return -1;
	}
	translation->after = work.after;
	return 0;
}
