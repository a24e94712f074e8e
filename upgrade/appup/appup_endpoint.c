// SPDX-License-Identifier: Apache-2.0
/* Sockets of an endpoint (Phoenix), which come and go.
 *
 * An endpoint has a child for each socket module, and another that ends its processes at a stop.
 * Its supervisor's init/1 is another module's and asks the endpoint for its sockets, so an update
 * of the endpoint's module, which is what its child specification names, makes it learn of them.
 */
#include "upgrade/appup/appup_parts.h"

/* [{Path, Module, Options}]; NULL: not seen. */
static const struct term *sockets_of(struct appup_work *work, const struct code *code,
				     enum side side)
{
	const struct code_function *function = code_function(code, "__sockets__", 0);
	struct eval eval = { .arena = work->arena, .library = &work->modules->library[side] };
	const struct term *term =
		function ? value_term(eval_one(&eval, code, function, NULL), work->arena) : NULL;

	return term && term_is_list(term) ? term : NULL;
}

static const char *socket_at(const struct term *sockets, size_t nr)
{
	const struct term *socket = term_at(sockets, nr);

	return term_is_tuple(socket, 3) ? term_atom_name(term_at(socket, 1)) : NULL;
}

/* Before number `end`: one module may stand there at several paths. */
static bool has_socket(const struct term *sockets, size_t end, const char *module)
{
	for (size_t i = 0; i < end; i++)
		if (socket_at(sockets, i) && strcmp(socket_at(sockets, i), module) == 0)
			return true;
	return false;
}

static const struct child *child_of(struct arena *arena, const char *socket, bool terminator)
{
	struct child *child = arena_new(arena, struct child);
	const struct term *name = term_atom(arena, socket);

	child->id = terminator ? term_tuple(arena, term_atom(arena, "terminator"), name) : name;
	child->module = socket;
	return child;
}

struct sockets {
	struct appup_work *work;
	struct child_change *items;
	size_t len, cap;
};

static void add(struct sockets *all, const char *socket, bool comes)
{
	for (int terminator = 0; terminator < 2; terminator++) {
		const struct child *child = child_of(all->work->arena, socket, terminator);

		all->items = arena_grow(all->work->arena, all->items, all->len, &all->cap);
		all->items[all->len++] = comes ? (struct child_change){ NULL, child }
					       : (struct child_change){ child, NULL };
	}
}

/* What the one list has, and the other has not. */
static void add_missing(struct sockets *all, const struct term *has, const struct term *lacks,
			bool comes)
{
	for (size_t i = 0; i < has->seq.len; i++) {
		const char *socket = socket_at(has, i);

		if (socket && !has_socket(has, i, socket) &&
		    !has_socket(lacks, lacks->seq.len, socket))
			add(all, socket, comes);
	}
}

bool endpoint_change(struct supervisor_change *out, struct appup_work *work,
		     const struct module_diff *module)
{
	const struct term *before = sockets_of(work, module->old_code, SIDE_OLD);
	const struct term *after = sockets_of(work, module->new_code, SIDE_NEW);
	struct sockets all = { .work = work };

	*out = (struct supervisor_change){ .module = module->name,
					   .name = term_atom(work->arena, module->name) };
	if (!before || !after) {
		out->opaque = "its sockets";
		return true;
	}
	add_missing(&all, after, before, true);
	add_missing(&all, before, after, false);
	out->items = all.items;
	out->len = all.len;
	return all.len > 0;
}
