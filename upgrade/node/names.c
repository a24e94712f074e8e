// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/names.h"

#include "base/name_table.h"
#include "upgrade/node/session.h"

#include <inttypes.h>

/* What questions and the work of an upgrade take besides. */
enum { ATOMS_SPARE = 10000 };

struct counting {
	struct arena arena;
	struct name_table *names;
};

static void count_name(struct counting *c, struct span name)
{
	if (name_table_find(c->names, name) == NAME_ABSENT)
		name_table_add(c->names, arena_dup(&c->arena, name), NULL);
}

static void count_term(struct counting *c, const struct term *term)
{
	switch (term->kind) {
	case TERM_ATOM:
		count_name(c, term->text);
		break;
	case TERM_LIST:
	case TERM_TUPLE:
		for (size_t i = 0; i < term->seq.len; i++)
			count_term(c, term_at(term, i));
		if (term->kind == TERM_LIST && term->seq.tail)
			count_term(c, term->seq.tail);
		break;
	case TERM_MAP:
		for (size_t i = 0; i < term->map.len; i++) {
			count_term(c, term->map.keys[i]);
			count_term(c, term->map.values[i]);
		}
		break;
	default:
		break;
	}
}

static void count_all(struct counting *c, const struct bundle *bundle)
{
	if (bundle->relup)
		count_term(c, bundle->relup);
	if (bundle->config)
		count_term(c, bundle->config);
	count_term(c, bundle->apps);
	for (size_t i = 0; i < bundle->modules_len; i++)
		count_name(c, span_of(bundle->modules[i].module));
}

static const struct term *names_term(struct counting *c)
{
	struct terms list = { 0 };

	for (size_t i = 0; i < name_table_len(c->names); i++)
		terms_add(&c->arena, &list,
			  term_binary(&c->arena, span_of(name_table_name(c->names, i))));
	return term_list_of(&c->arena, &list);
}

/* How many of them the node does not know. */
static int ask(int64_t *unknown, struct counting *c, struct node *node, struct error *err)
{
	const struct term *packed, *answer;

	if (node_session_pack(&packed, &c->arena, names_term(c), err) ||
	    node_run(&answer, NULL, node, &c->arena, SCRIPT_names,
		     (const struct binding[]){ { "Names", packed } }, 1, node_work_deadline(node),
		     err))
		return -1;
	if (!term_get_integer(answer, unknown))
		return error_set(err, ERROR_INVALID, "%s: an answer of another shape",
				 node_name(node));
	return 0;
}

static int fit(struct counting *c, struct node *node, const struct bundle *bundle,
	       struct error *err)
{
	int64_t room = node_free_atoms(node), unknown;

	if ((int64_t)name_table_len(c->names) <= room - ATOMS_SPARE)
		return 0;
	if (ask(&unknown, c, node, err))
		return -1;
	if (unknown <= room - ATOMS_SPARE)
		return 0;
	error_set_(err, ERROR_REFUSED,
		   "%s: %s brings %" PRId64 " names that are new there, and its table of atoms has "
		   "room for %" PRId64 ": the VM would end; nothing was changed",
		   node_name(node), bundle->file, unknown, room);
	return error_hint(err, "Restart the node with a larger table (+t in its vm.args), or look "
			       "where the names come from.");
}

int names_fit(struct node *node, const struct bundle *bundle, struct error *err)
{
	owned_name_table struct name_table *names = name_table_new();
	struct counting c = { .names = names };
	int ret;

	count_all(&c, bundle);
	ret = fit(&c, node, bundle, err);
	arena_done(&c.arena);
	return ret;
}
