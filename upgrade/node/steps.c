// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/steps.h"

#include "upgrade/node/session.h"

static void add_name(struct arena *arena, struct terms *names, const struct term *module)
{
	if (term_is_tuple(module, 2)) /* {Module, Timeout} */
		module = term_at(module, 0);
	if (term_atom_name(module))
		terms_add(arena, names, term_binary(arena, module->text));
}

int steps_pack_loaded(const struct term **out, struct arena *arena, const struct term *steps,
		      struct error *err)
{
	struct terms names = { 0 };

	for (size_t i = 0; i < steps->seq.len; i++) {
		const struct term *step = term_at(steps, i);

		if ((term_is_tagged(step, "load", 2) || term_is_tagged(step, "remove", 2)) &&
		    term_is_tuple(term_at(step, 1), 3))
			add_name(arena, &names, term_at(term_at(step, 1), 0));
	}
	return node_session_pack(out, arena, term_list_of(arena, &names), err);
}

int steps_pack_suspended(const struct term **out, struct arena *arena, const struct term *steps,
			 struct error *err)
{
	const struct term *modules;
	struct terms names = { 0 };

	for (size_t i = 0; i < steps->seq.len; i++) {
		if (!term_is_tagged(term_at(steps, i), "suspend", 2))
			continue;
		modules = term_at(term_at(steps, i), 1);
		for (size_t k = 0; term_is_list(modules) && k < modules->seq.len; k++)
			add_name(arena, &names, term_at(modules, k));
	}
	return node_session_pack(out, arena, term_list_of(arena, &names), err);
}
