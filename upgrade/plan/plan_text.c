// SPDX-License-Identifier: Apache-2.0
#include "upgrade/plan/plan_text.h"

#include "upgrade/verdict/births.h"
#include "upgrade/verdict/relup_calls.h"

enum { SHOWN_MAX = 60, LISTED_MAX = 12 };

const char *term_shown(struct arena *arena, const struct term *term)
{
	owned_str struct str text = STR_EMPTY;

	if (term->kind == TERM_ATOM && term_atom_name(term))
		return module_shown(term_atom_name(term));
	term_print(&text, term);
	if (text.len > SHOWN_MAX)
		return arena_printf(arena, "%.*s…", SHOWN_MAX - 1, str_text(&text));
	return arena_dup(arena, str_span(&text));
}

/* ---- lists of modules ---- */

/* M of M, {M, Timeout}, {M, Extra}. */
static const struct term *first_of(const struct term *element)
{
	return element->kind == TERM_TUPLE && element->seq.len > 0 ? term_at(element, 0) : element;
}

static const char *list_shown(struct arena *arena, const struct term *list)
{
	owned_str struct str text = STR_EMPTY;
	size_t shown = list->seq.len <= LISTED_MAX + 1 ? list->seq.len : LISTED_MAX;

	for (size_t i = 0; i < shown; i++)
		str_addf(&text, "%s%s", i ? ", " : "",
			 term_shown(arena, first_of(term_at(list, i))));
	if (shown < list->seq.len)
		str_addf(&text, " and %zu more", list->seq.len - shown);
	return arena_dup(arena, str_span(&text));
}

/* ---- calls ---- */

static const struct call_words {
	const char *module, *function;
	size_t args;
	const char *words; /* $1, $2: the arguments */
} call_words[] = {
	{ "application", "start", 2, "start the application $1" },
	{ "application", "start", 1, "start the application $1" },
	{ "application", "stop", 1, "stop the application $1" },
	{ "application", "unload", 1, "unload the application $1" },
	{ "supervisor", "restart_child", 2, "start the child $2 of $1" },
	{ "supervisor", "terminate_child", 2, "stop the child $2 of $1" },
	{ "supervisor", "delete_child", 2, "forget the child $2 of $1" },
	{ "supervisor", "start_child", 2, "start the child $2 of $1" },
};

/* Of a child specification, {Id, …} or #{id => Id}, the name. */
static const char *argument_shown(struct arena *arena, const struct term *term)
{
	const struct term *id = term->kind == TERM_MAP ? term_map_get(term, "id") : NULL;

	if (term->kind == TERM_TUPLE && term->seq.len == 6)
		id = term_at(term, 0);
	return term_shown(arena, id ? id : term);
}

static const char *fill_in(struct arena *arena, const char *words, const struct term *args)
{
	owned_str struct str text = STR_EMPTY;

	for (; *words; words++) {
		if (*words == '$') {
			words++;
			str_adds(&text,
				 argument_shown(arena, term_at(args, (size_t)(*words - '1'))));
		} else {
			str_addc(&text, *words);
		}
	}
	return arena_dup(arena, str_span(&text));
}

/* NULL: no call that has words of its own. */
static const char *call_in_words(struct arena *arena, const struct term *call)
{
	const char *module, *function;
	const struct term *args;

	if (!term_is_tuple(call, 3) || !(module = term_atom_name(term_at(call, 0))) ||
	    !(function = term_atom_name(term_at(call, 1))) || !term_is_list(term_at(call, 2)))
		return NULL;
	args = term_at(call, 2);
	for (size_t i = 0; i < ARRAY_LEN(call_words); i++) {
		const struct call_words *words = &call_words[i];

		if (strcmp(words->module, module) == 0 && strcmp(words->function, function) == 0 &&
		    words->args == args->seq.len)
			return fill_in(arena, words->words, args);
	}
	return NULL;
}

/* ---- one step ---- */

static const char *apply_shown(struct arena *arena, const struct term *step)
{
	const struct term *protocols = instruction_protocols(step), *modules;
	const char *words;

	if (!protocols) {
		words = birth_step_shown(step);
		if (!words)
			words = call_in_words(arena, term_at(step, 1));
		return words ? words
			     : arena_printf(arena, "call %s", relup_call_shown(arena, step));
	}
	modules = term_proplist_get(protocols, "modules");
	if (!term_is_list(modules) || modules->seq.len == 0)
		return "look for consolidated protocols in the other release";
	return arena_printf(arena, "reload consolidated protocols: %s", list_shown(arena, modules));
}

static const char *change_shown(struct arena *arena, const char *way, const struct term *modules)
{
	return arena_printf(arena, "change state (%s) of %s", way, list_shown(arena, modules));
}

static const char *read_shown(struct arena *arena, const struct term *what)
{
	size_t modules;
	const char *vsn;

	if (!term_is_tuple(what, 3) || !term_is_list(term_at(what, 2)) ||
	    !term_get_string(term_at(what, 1), arena, &vsn))
		return term_shown(arena, what);
	modules = term_at(what, 2)->seq.len;
	return arena_printf(arena, "read %zu module%s of %s %s", modules, modules == 1 ? "" : "s",
			    term_shown(arena, term_at(what, 0)), vsn);
}

/* {Tag, List} that reads "words LIST". */
static const struct {
	const char *tag, *words;
} list_words[] = {
	{ "suspend", "suspend" },          { "resume", "resume" }, { "stop", "stop processes of" },
	{ "start", "start processes of" }, { "purge", "purge" },
};

static const char *step_shown(struct arena *arena, const struct term *step)
{
	if (term_is_atom(step, "point_of_no_return"))
		return "(from here on, a failure restarts the node)";
	if (term_is_atom(step, "restart_new_emulator") || term_is_atom(step, "restart_emulator"))
		return "restart the emulator";
	for (size_t i = 0; i < ARRAY_LEN(list_words); i++)
		if (term_is_tagged(step, list_words[i].tag, 2) && term_is_list(term_at(step, 1)))
			return arena_printf(arena, "%s %s", list_words[i].words,
					    list_shown(arena, term_at(step, 1)));
	if (term_is_tagged(step, "code_change", 3) && term_is_list(term_at(step, 2)))
		return change_shown(arena, term_shown(arena, term_at(step, 1)), term_at(step, 2));
	if (term_is_tagged(step, "code_change", 2) && term_is_list(term_at(step, 1)))
		return change_shown(arena, "up", term_at(step, 1));
	if (term_is_tagged(step, "load_object_code", 2))
		return read_shown(arena, term_at(step, 1));
	if (term_is_tagged(step, "apply", 2))
		return apply_shown(arena, step);
	if (term_is_tagged(step, "sync_nodes", 3))
		return arena_printf(arena, "wait for other nodes: %s",
				    term_shown(arena, term_at(step, 1)));
	return term_shown(arena, step);
}

/* ---- all of them ---- */

/* {load, {M, _, _}} and {remove, {M, _, _}} are gathered; a purge of what was just removed goes
 * without saying.
 */
static bool is_single(const struct term *step, const char *tag)
{
	return term_is_tagged(step, tag, 2) && term_is_tuple(term_at(step, 1), 3);
}

static const char *gather(struct arena *arena, const struct term *steps, size_t *at,
			  const char *tag)
{
	bool removes = strcmp(tag, "remove") == 0;
	struct terms modules = { 0 };

	for (; *at < steps->seq.len; (*at)++) {
		const struct term *step = term_at(steps, *at);

		if (is_single(step, tag))
			terms_add(arena, &modules, term_at(step, 1));
		else if (!removes || modules.len == 0 || !term_is_tagged(step, "purge", 2))
			break;
	}
	return arena_printf(arena, "%s %s", tag, list_shown(arena, term_list_of(arena, &modules)));
}

struct names plan_steps_text(struct arena *arena, const struct term *steps)
{
	const char **lines = arena_array(arena, steps->seq.len, const char *);
	size_t len = 0;

	for (size_t at = 0; at < steps->seq.len; len++) {
		const struct term *step = term_at(steps, at);

		if (is_single(step, "load"))
			lines[len] = gather(arena, steps, &at, "load");
		else if (is_single(step, "remove"))
			lines[len] = gather(arena, steps, &at, "remove");
		else
			lines[len] = step_shown(arena, term_at(steps, at++));
	}
	return (struct names){ lines, len };
}
