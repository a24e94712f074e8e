// SPDX-License-Identifier: Apache-2.0
/* What sys.config and the relup say. */
#include "release/read/inspect_parts.h"

enum { FILE_MAX = 16 << 20 };

bool inspect_read_term(const struct term **out, struct inspection *in, struct arena *arena,
		       const char *path, struct gap gap)
{
	owned_str struct str text = STR_EMPTY;
	struct error err;

	if (!path)
		return false;
	if (tree_read(in->release->tree, path, FILE_MAX, &text, &err) == 0 &&
	    term_parse(out, arena, str_span(&text), path, &err) == 0)
		return true;
	gap.message = arena_dup(arena, span_of(err.text));
	inspect_add_gap(in, arena, gap);
	return false;
}

/* ---- providers ---- */

/* {system, <<"RELEASE_ROOT">>, <<"/a/file">>}, or a text: the path of a file. */
static const char *file_of(struct arena *arena, const struct term *term)
{
	const char *var, *path;

	if ((term->kind == TERM_BINARY || term_is_text(term)) && term_get_text(term, arena, &path))
		return path;
	if (!term_is_tagged(term, "system", 3) || !term_get_text(term_at(term, 1), arena, &var) ||
	    !term_get_text(term_at(term, 2), arena, &path))
		return NULL;
	return arena_printf(arena, "$%s%s", var, path);
}

/* What Elixir's own reader is given: {File, Options}; Erlang text for others. */
static const char *argument_of(struct arena *arena, const struct term *term)
{
	bool is_pair = term_is_tuple(term, 2);
	const char *file = file_of(arena, is_pair ? term_at(term, 0) : term);
	owned_str struct str text = STR_EMPTY;

	if (file)
		return file;
	term_print(&text, term);
	return arena_dup(arena, str_span(&text));
}

static void add_providers(struct inspection *in, struct arena *arena, const struct term *list)
{
	struct provider *providers = arena_array(arena, list->seq.len, struct provider);

	for (size_t i = 0; i < list->seq.len; i++) {
		const struct term *item = term_at(list, i);

		if (!term_is_tuple(item, 2) || !term_atom_name(term_at(item, 0)))
			continue;
		providers[in->providers_len++] =
			(struct provider){ term_atom_name(term_at(item, 0)),
					   argument_of(arena, term_at(item, 1)) };
	}
	in->providers = providers;
}

/* As Mix writes them: [{elixir, [{config_provider_init, #{providers => […]}}]}]. */
void inspect_config(struct inspection *in, struct arena *arena)
{
	const struct gap gap = { .code = "config_invalid",
				 .from = true,
				 .to = true,
				 .hint = "an upgrade would take a file that does not parse for an "
					 "empty one" };
	const struct term *config, *elixir, *init, *list;

	if (!inspect_read_term(&config, in, arena, in->release->sys_config, gap))
		return;
	elixir = term_is_list(config) ? term_proplist_get(config, "elixir") : NULL;
	init = elixir && term_is_list(elixir) ? term_proplist_get(elixir, "config_provider_init")
					      : NULL;
	list = init && init->kind == TERM_MAP ? term_map_get(init, "providers") : NULL;
	if (list && term_is_list(list))
		add_providers(in, arena, list);
}

/* ---- relup ---- */

/* The versions of [{Vsn, Description, Instructions}]. */
static struct names versions_of(struct arena *arena, const struct term *list)
{
	const char **items;
	size_t len = 0;

	if (!term_is_list(list))
		return (struct names){ NULL, 0 };
	items = arena_array(arena, list->seq.len, const char *);
	for (size_t i = 0; i < list->seq.len; i++) {
		const struct term *item = term_at(list, i);

		if (term_is_tuple(item, 3) && term_get_string(term_at(item, 0), arena, &items[len]))
			len++;
	}
	return (struct names){ items, len };
}

void inspect_relup(struct inspection *in, struct arena *arena)
{
	struct gap gap = { .code = "relup_invalid",
			   .to = true,
			   .hint = "relevo plan OLD NEW --out DIR makes one" };
	const struct release *release = in->release;
	const struct term *relup;
	const char *vsn;

	if (!inspect_read_term(&relup, in, arena, release->relup, gap))
		return;
	if (!term_is_tuple(relup, 3) || !term_get_string(term_at(relup, 0), arena, &vsn)) {
		gap.message = arena_printf(arena, "%s is not {Version, Up, Down}", release->relup);
		inspect_add_gap(in, arena, gap);
		return;
	}
	if (strcmp(vsn, release->vsn) != 0) {
		gap.message = arena_printf(arena, "%s leads to %s, not to %s", release->relup, vsn,
					   release->vsn);
		inspect_add_gap(in, arena, gap);
	}
	in->relup_from = versions_of(arena, term_at(relup, 1));
	in->relup_to = versions_of(arena, term_at(relup, 2));
}
