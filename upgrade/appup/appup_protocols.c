// SPDX-License-Identifier: Apache-2.0
#include "base/embed.h"
#include "upgrade/appup/appup_parts.h"

EMBED(protocols_source, "upgrade/appup/protocols.exs")

/* {apply, {'Elixir.Code', eval_string, [Source, [{from, _}, {to, _}, {modules, _}]]}} */
const struct term *instruction_protocols(const struct term *instruction)
{
	const struct term *call, *args, *bindings;

	if (!term_is_tagged(instruction, "apply", 2))
		return NULL;
	call = term_at(instruction, 1);
	if (!term_is_tagged(call, "Elixir.Code", 3) ||
	    !term_is_atom(term_at(call, 1), "eval_string"))
		return NULL;
	args = term_at(call, 2);
	if (!term_is_list(args) || args->seq.len != 2 || !term_is_list(term_at(args, 1)))
		return NULL;
	bindings = term_at(args, 1);
	if (!term_proplist_get(bindings, "from") || !term_proplist_get(bindings, "to") ||
	    !term_proplist_get(bindings, "modules"))
		return NULL;
	return bindings;
}

bool instruction_is_own_protocols(const struct term *instruction)
{
	const struct term *source;

	if (!instruction_protocols(instruction))
		return false;
	source = term_at(term_at(term_at(instruction, 1), 2), 0);
	return source->kind == TERM_BINARY && span_equal(source->text, protocols_source());
}

const struct term *script_without_protocols(struct arena *arena, const struct term *script)
{
	struct terms list = { 0 };

	for (size_t i = 0; i < script->seq.len; i++)
		if (!instruction_protocols(term_at(script, i)))
			terms_add(arena, &list, term_at(script, i));
	return list.len == script->seq.len ? script : term_list_of(arena, &list);
}

/* ---- which one carries it ---- */

static bool brings_implementation(const struct appup_made *made)
{
	for (size_t i = 0; i < made->app->modules.len; i++) {
		const struct module_diff *diff = &made->app->modules.items[i];

		if (diff->change == CHANGE_ADDED && diff->new_facts->roles & BEAM_PROTOCOL_IMPL)
			return true;
	}
	return false;
}

/* The last that brings implementations: then all of them are loaded.  Otherwise the
 * first that knows Elixir, otherwise the first.
 */
static struct appup_made *choose(const struct appups *appups)
{
	struct appup_made *chosen = NULL;

	for (size_t i = 0; i < appups->len; i++)
		if (brings_implementation(&appups->items[i]))
			chosen = &appups->items[i];
	for (size_t i = 0; i < appups->len && !chosen; i++)
		if (names_have(appups->items[i].app->new_app->app->applications, "elixir"))
			chosen = &appups->items[i];
	return chosen || appups->len == 0 ? chosen : &appups->items[0];
}

/* ---- the instruction ---- */

static const struct term *pair(struct arena *arena, const char *key, const struct term *value)
{
	return term_tuple(arena, term_atom(arena, key), value);
}

static const struct term *make(struct appup_work *work, bool down)
{
	const struct diff *diff = work->diff;
	const char *old_vsn = diff->old_release->vsn, *new_vsn = diff->new_release->vsn;
	enum change gone = down ? CHANGE_ADDED : CHANGE_REMOVED;
	struct terms modules = { 0 }, bindings = { 0 }, args = { 0 };
	struct arena *arena = work->arena;

	for (size_t i = 0; i < diff->protocols.len; i++)
		if (diff->protocols.items[i].change != gone)
			terms_add(arena, &modules, term_atom(arena, diff->protocols.items[i].name));
	terms_add(arena, &bindings,
		  pair(arena, "from", term_binary(arena, span_of(down ? new_vsn : old_vsn))));
	terms_add(arena, &bindings,
		  pair(arena, "to", term_binary(arena, span_of(down ? old_vsn : new_vsn))));
	terms_add(arena, &bindings, pair(arena, "modules", term_list_of(arena, &modules)));
	terms_add(arena, &args, term_binary(arena, protocols_source()));
	terms_add(arena, &args, term_list_of(arena, &bindings));
	return pair(arena, "apply",
		    term_tuple(arena, term_atom(arena, "Elixir.Code"),
			       term_atom(arena, "eval_string"), term_list_of(arena, &args)));
}

static bool has_tag(const struct term *instruction, const char *a, const char *b)
{
	return instruction->kind == TERM_TUPLE && instruction->seq.len > 0 &&
	       (term_is_atom(term_at(instruction, 0), a) ||
		term_is_atom(term_at(instruction, 0), b));
}

/* Whatever stands before the point of no return would be carried out by a mere check. */
static size_t after_return(const struct term *script)
{
	for (size_t i = 0; i < script->seq.len; i++)
		if (term_is_atom(term_at(script, i), "point_of_no_return"))
			return i + 1;
	return 0;
}

static size_t place(const struct term *script, bool down)
{
	size_t first = after_return(script), at = first;

	if (down) {
		for (at = script->seq.len; at > first; at--)
			if (!has_tag(term_at(script, at - 1), "delete_module",
				     "remove_application"))
				break;
		return at;
	}
	while (at < script->seq.len &&
	       has_tag(term_at(script, at), "add_module", "add_application"))
		at++;
	return at;
}

static const struct term *with(struct appup_work *work, const struct term *script, bool down)
{
	size_t at = place(script, down);
	struct terms list = { 0 };

	for (size_t i = 0; i <= script->seq.len; i++) {
		if (i == at)
			terms_add(work->arena, &list, make(work, down));
		if (i < script->seq.len)
			terms_add(work->arena, &list, term_at(script, i));
	}
	return term_list_of(work->arena, &list);
}

void appup_protocols(struct appup_work *work)
{
	const struct release *a = work->diff->old_release, *b = work->diff->new_release;
	struct appup_made *made;

	if (!a->consolidated || !b->consolidated || !a->elixir || !b->elixir)
		return;
	made = choose(work->appups);
	if (!made) {
		if (work->diff->protocols.len > 0)
			reason_add(work->arena, work->reasons, REASON_protocols_stay, NULL, NULL,
				   "consolidated protocols changed, but no application did, whose "
				   "appup could load them")
				->hint = "give the application that has the new implementations "
					 "another version";
		return;
	}
	made->up = with(work, made->up, false);
	if (made->down)
		made->down = with(work, made->down, true);
	work->appups->carrier = made->app->name;
}
