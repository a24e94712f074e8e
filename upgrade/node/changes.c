// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/changes.h"

/* Keys are atoms by custom alone. */
static const char *name_of(struct arena *arena, const struct term *term)
{
	owned_str struct str text = STR_EMPTY;
	const char *name = term_atom_name(term);

	if (name)
		return name;
	term_print(&text, term);
	return arena_dup(arena, str_span(&text));
}

struct config_changes config_changes_read(struct arena *arena, const struct term *list)
{
	struct config_change *items;
	size_t len = 0;

	if (!list || !term_is_list(list))
		return (struct config_changes){ NULL, 0 };
	items = arena_array(arena, list->seq.len, struct config_change);
	for (size_t i = 0; i < list->seq.len; i++) {
		const struct term *entry = term_at(list, i);
		struct config_change *item = &items[len];

		if (!term_is_tuple(entry, 6) ||
		    !term_get_text(term_at(entry, 3), arena, &item->was) ||
		    !term_get_text(term_at(entry, 4), arena, &item->becomes))
			continue;
		item->application = name_of(arena, term_at(entry, 0));
		item->key = name_of(arena, term_at(entry, 1));
		item->change = name_of(arena, term_at(entry, 2));
		item->heard = term_is_atom(term_at(entry, 5), "true");
		len++;
	}
	return (struct config_changes){ items, len };
}

const char *config_change_text(struct arena *arena, const struct config_change *change)
{
	const char *arrow = *change->was && *change->becomes ? " -> " : "";

	return arena_printf(arena, "%s %s %s: %s%s%s%s", change->application, change->key,
			    change->change, change->was, arrow, change->becomes,
			    change->heard ? " (config_change/3 is told)" : "");
}
