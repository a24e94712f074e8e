// SPDX-License-Identifier: Apache-2.0
/* Components of pages (LiveView): one begins with mount/1; update/2 is called whenever its page
 * renders it, so what that writes is given to those that live on as well.
 */
#include "upgrade/verdict/verdict_assigns.h"
#include "upgrade/verdict/verdict_states.h"

static bool mentions(const struct term *term, const char *atom)
{
	bool some = term_is_atom(term, atom);

	for (size_t i = 0;
	     !some && (term->kind == TERM_LIST || term->kind == TERM_TUPLE) && i < term->seq.len;
	     i++)
		some = mentions(term_at(term, i), atom);
	for (size_t i = 0; !some && term->kind == TERM_MAP && i < term->map.len; i++)
		some = mentions(term->map.keys[i], atom) || mentions(term->map.values[i], atom);
	return some;
}

static bool knows(const struct code *code, const char *atom)
{
	return names_have(code->atoms, atom) || mentions(code->literals, atom);
}

/* A module that knows the component and the key, as a page that gives it by that name. */
static bool somebody_gives(struct written *w, const struct app_diff *app, const char *component,
			   const char *key)
{
	const struct resolved_app *resolved = w->side == SIDE_OLD ? app->old_app : app->new_app;
	struct names names = resolved->app->modules;

	for (size_t i = 0; i < names.len; i++) {
		struct module_at *module = modules_find(w->judge->modules, w->side, names.items[i]);
		const struct code *code = NULL;

		if (module && strcmp(names.items[i], component) != 0)
			code = module_code(w->judge->modules, w->side, module);
		if (code && knows(code, component) && knows(code, key))
			return true;
	}
	return false;
}

/* As assigns_missing(), of components of `before` that go on in `code`. */
static struct names missing_in_components(struct judge *judge, const struct app_diff *app,
					  enum side from, const struct code *before,
					  const struct code *code)
{
	owned_name_table struct name_table *olds = name_table_new(), *news = name_table_new();
	owned_name_table struct name_table *given = name_table_new(), *helpers = name_table_new();
	enum side to = from == SIDE_OLD ? SIDE_NEW : SIDE_OLD;
	struct written was = { judge, from, NULL, olds, helpers, NULL, { 0 }, { 0 } };
	struct written begun = { judge, to, NULL, news, helpers, NULL, { 0 }, { 0 } };
	struct written updated = { judge, to, NULL, given, helpers, NULL, { 0 }, { 0 } };
	struct names keys;
	const char **left;
	size_t len = 0;

	assigns_begun(&was, before);
	assigns_updated(&was, before);
	assigns_begun(&begun, code);
	assigns_updated(&updated, code);
	keys = assigns_missing(judge, &was, &begun, code);
	left = arena_array(judge->arena, keys.len, const char *);
	for (size_t i = 0; i < keys.len; i++)
		if (!assign_may_be_written(&updated, keys.items[i]) &&
		    !somebody_gives(&was, app, code->module, keys.items[i]))
			left[len++] = keys.items[i];
	return (struct names){ left, len };
}

void judge_component_assigns(struct judge *judge, const struct app_diff *app,
			     const struct module_diff *module)
{
	struct names on =
		missing_in_components(judge, app, SIDE_OLD, module->old_code, module->new_code);
	struct names back =
		missing_in_components(judge, app, SIDE_NEW, module->new_code, module->old_code);

	if (on.len > 0)
		JUDGE(judge, REASON_state_shape_changed, app->name, module->name,
		      "components of %s in open pages have no assign %s, which the new code takes "
		      "for given: they crash, and their pages with them",
		      module_shown(module->name), assigns_shown(judge->arena, on))
			->hint = "give it with assign_new in update/2, which is called when the "
				 "page renders anew, or read it with a default (assigns[:key]), or "
				 "let them begin anew: --allow state_shape_changed";
	if (back.len > 0)
		JUDGE(judge, REASON_not_reversible, app->name, module->name,
		      "on the way back, components of %s that were mounted meanwhile have no "
		      "assign %s, which the old code takes for given",
		      module_shown(module->name), assigns_shown(judge->arena, back))
			->hint = "go on writing it in mount/1 for one release";
}
