// SPDX-License-Identifier: Apache-2.0
#include "base/embed.h"
#include "upgrade/verdict/births.h"

EMBED(births_find_text, "upgrade/verdict/births_find.erl")
EMBED(births_hold_text, "upgrade/verdict/births_hold.erl")
EMBED(births_change_text, "upgrade/verdict/births_change.erl")
EMBED(births_free_text, "upgrade/verdict/births_free.erl")

struct holder {
	struct arena *arena;
	const struct births *births;
	bool down;
	const struct term *held; /* the modules of {suspend, Modules}, when some of them are born */
	struct terms steps;
};

static const struct term *apply(struct arena *arena, const char *module, const char *name,
				const struct term *const *args, size_t len)
{
	struct terms list = { 0 };

	for (size_t i = 0; i < len; i++)
		terms_add(arena, &list, args[i]);
	return term_tuple(arena, term_atom(arena, "apply"),
			  term_tuple(arena, term_atom(arena, module), term_atom(arena, name),
				     term_list_of(arena, &list)));
}

static void put_text(struct holder *holder, struct span text)
{
	const struct term *source = term_string(holder->arena, arena_dup(holder->arena, text));

	terms_add(holder->arena, &holder->steps,
		  apply(holder->arena, "erl_eval", "eval_str", &source, 1));
}

static void put_known(struct holder *holder, const char *key, const struct term *value)
{
	const struct term *args[] = { term_atom(holder->arena, key), value };

	terms_add(holder->arena, &holder->steps,
		  apply(holder->arena, "erlang", "put", args, ARRAY_LEN(args)));
}

/* M, {M, _}: of {suspend, …}, {code_change, _, …}, {resume, …} */
static const char *module_of(const struct term *item)
{
	return term_atom_name(term_is_tuple(item, 2) ? term_at(item, 0) : item);
}

static const struct term *find_item(const struct term *list, const char *module)
{
	for (size_t i = 0; list && term_is_list(list) && i < list->seq.len; i++) {
		const char *name = module_of(term_at(list, i));

		if (name && strcmp(name, module) == 0)
			return term_at(list, i);
	}
	return NULL;
}

static bool has_births(const struct births *births, const struct term *list)
{
	for (size_t i = 0; i < births->len; i++)
		if (find_item(list, births->items[i].module->name))
			return true;
	return false;
}

/* {Modules, Supervisors} */
static const struct term *born(struct holder *holder, const struct term *list)
{
	struct terms modules = { 0 }, supervisors = { 0 };
	struct arena *arena = holder->arena;

	for (size_t i = 0; i < holder->births->len; i++) {
		const struct birth *birth = &holder->births->items[i];

		if (!find_item(list, birth->module->name))
			continue;
		terms_add(arena, &modules, term_atom(arena, birth->module->name));
		for (size_t j = 0; j < birth->supervisors.len; j++)
			terms_add(arena, &supervisors,
				  term_atom(arena, birth->supervisors.items[j]));
	}
	return term_tuple(arena, term_list_of(arena, &modules), term_list_of(arena, &supervisors));
}

/* [{Module, Vsn, Extra}], as release_handler asks its processes */
static const struct term *changes(struct holder *holder, const struct term *list)
{
	struct arena *arena = holder->arena;
	struct terms all = { 0 };

	for (size_t i = 0; i < holder->births->len; i++) {
		const struct module_diff *module = holder->births->items[i].module;
		const struct term *item = find_item(list, module->name), *vsn;

		if (!item || !term_is_tuple(item, 2))
			continue;
		vsn = module->old_facts->vsn ? module->old_facts->vsn
					     : term_atom(arena, "undefined");
		if (holder->down)
			vsn = term_tuple(arena, term_atom(arena, "down"), vsn);
		terms_add(arena, &all, term_tuple(arena, term_at(item, 0), vsn, term_at(item, 1)));
	}
	return term_list_of(arena, &all);
}

static const struct term *list_of(const struct term *step, const char *tag)
{
	if (term_is_tagged(step, tag, 2))
		return term_at(step, 1);
	return term_is_tagged(step, tag, 3) ? term_at(step, 2) : NULL;
}

static void put_step(struct holder *holder, const struct term *step)
{
	const struct term *suspended = list_of(step, "suspend");
	const struct term *changed = list_of(step, "code_change");
	const struct term *resumed = list_of(step, "resume");

	if (suspended && !holder->held && has_births(holder->births, suspended)) {
		holder->held = suspended;
		put_known(holder, "relevo_born", born(holder, suspended));
		put_text(holder, births_find_text());
		terms_add(holder->arena, &holder->steps, step);
		put_text(holder, births_hold_text());
		return;
	}
	if (holder->held && resumed && has_births(holder->births, resumed)) {
		put_text(holder, births_free_text());
		holder->held = NULL;
	}
	terms_add(holder->arena, &holder->steps, step);
	if (holder->held && changed && has_births(holder->births, changed)) {
		put_known(holder, "relevo_change", changes(holder, changed));
		put_text(holder, births_change_text());
	}
}

const struct term *births_hold(struct arena *arena, const struct births *births,
			       const struct term *steps, bool down)
{
	struct holder holder = { .arena = arena, .births = births, .down = down };

	if (births->len == 0)
		return steps;
	for (size_t i = 0; i < steps->seq.len; i++)
		put_step(&holder, term_at(steps, i));
	return term_list_of(arena, &holder.steps);
}

/* Of the steps of relevo's that evaluate a text; NULL: another. */
static const char *text_in_words(const struct term *term)
{
	const struct {
		struct span text;
		const char *words;
	} texts[] = {
		{ births_find_text(), "note the children of those supervisors" },
		{ births_hold_text(),
		  "suspend those supervisors, and whom they started meanwhile" },
		{ births_change_text(), "change state of those that were started meanwhile" },
		{ births_free_text(), "resume those supervisors, and whom they started meanwhile" },
	};
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *text;

	if (!term_get_string(term, &arena, &text))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (span_equal(span_of(text), texts[i].text))
			return texts[i].words;
	return NULL;
}

const char *birth_step_shown(const struct term *step)
{
	const struct term *call, *args, *first;

	if (!term_is_tagged(step, "apply", 2) || !term_is_tuple(term_at(step, 1), 3))
		return NULL;
	call = term_at(step, 1);
	args = term_at(call, 2);
	if (!term_is_list(args) || args->seq.len == 0)
		return NULL;
	first = term_at(args, 0);
	if (term_is_atom(term_at(call, 0), "erl_eval") &&
	    term_is_atom(term_at(call, 1), "eval_str"))
		return text_in_words(first);
	if (!term_is_atom(term_at(call, 0), "erlang") || !term_is_atom(term_at(call, 1), "put"))
		return NULL;
	return term_is_atom(first, "relevo_born")     ? "(which processes may be started meanwhile)"
	       : term_is_atom(first, "relevo_change") ? "(how their state is changed)"
						      : NULL;
}

static bool is_held(const struct term *steps, const char *module)
{
	bool held = true;

	for (size_t i = 0; i < steps->seq.len; i++) {
		const struct term *changed = list_of(term_at(steps, i), "code_change");

		if (changed && find_item(changed, module))
			held = i + 1 < steps->seq.len && birth_step_shown(term_at(steps, i + 1));
	}
	return held;
}

void births_judge(struct arena *arena, struct reasons *reasons, const struct births *births,
		  const struct term *up, const struct term *down)
{
	for (size_t i = 0; i < births->len; i++) {
		const struct birth *birth = &births->items[i];
		const char *module = birth->module->name;

		if (is_held(up, module) && is_held(down, module))
			continue;
		reason_add(arena, reasons, REASON_started_meanwhile, birth->app->name, module,
			   "processes of %s that are started between release_handler's listing and "
			   "the load keep the old state, and fail when they use it",
			   module_shown(module))
			->hint = "have relevo make the relup, which holds their supervisors "
				 "meanwhile; or let the callbacks understand the old state for "
				 "one release";
	}
}
