// SPDX-License-Identifier: Apache-2.0
/* What pages (LiveView) keep beside their assigns: closures in their sockets, and the components
 * that are thrown away with a template of another fingerprint.
 */
#include "upgrade/verdict/verdict_states.h"

/* ---- closures ---- */

/* Functions that put what they are given into a socket, and which argument it is. */
static const struct keeper {
	const char *module, *name;
	uint32_t arity;
	unsigned what;
} keepers[] = {
	{ "Elixir.Phoenix.LiveView", "attach_hook", 4, 3 },
	{ "Elixir.Phoenix.LiveView", "stream", 4, 3 },
	{ "Elixir.Phoenix.LiveView", "stream_configure", 3, 2 },
	{ "Elixir.Phoenix.LiveView", "allow_upload", 3, 2 },
};

struct kept {
	struct arena *scratch;
	const char *function; /* the first that was given one; NULL: none */
};

static bool has_closure(const struct value *value, struct arena *arena, unsigned depth)
{
	const struct value *head;

	if (value->kind == VALUE_FUN)
		return true;
	if (depth == 0)
		return false;
	for (int i = 0; i < value_tuple_size(value); i++)
		if (has_closure(value_element(value, (size_t)i, arena), arena, depth - 1))
			return true;
	while (value_uncons(value, arena, &head, &value))
		if (has_closure(head, arena, depth - 1))
			return true;
	return false;
}

static void see_keeper(void *ctx, const struct beam_function *function,
		       const struct value *const *args)
{
	enum { DEPTH = 4 };
	struct kept *kept = ctx;

	for (size_t i = 0; !kept->function && i < ARRAY_LEN(keepers); i++)
		if (keepers[i].arity == function->arity &&
		    strcmp(keepers[i].name, function->name) == 0 &&
		    strcmp(keepers[i].module, function->module) == 0 &&
		    has_closure(args[keepers[i].what], kept->scratch, DEPTH))
			kept->function = keepers[i].name;
}

static bool has_keepers(const struct beam_facts *facts)
{
	for (size_t i = 0; i < ARRAY_LEN(keepers); i++)
		if (beam_imports(facts, keepers[i].module, keepers[i].name, keepers[i].arity))
			return true;
	return false;
}

static void judge_closures(struct judge *judge, const struct app_diff *app,
			   const struct module_diff *module)
{
	const struct code *code = module->old_code;
	struct kept kept = { NULL, NULL };

	if (!has_keepers(module->old_facts))
		return;
	for (size_t i = 0; i < code->len && !kept.function; i++) {
		owned_arena struct arena scratch = ARENA_EMPTY;
		struct eval eval = { .arena = &scratch, .on_call = see_keeper, .ctx = &kept };

		kept.scratch = &scratch;
		eval_any(&eval, code, &code->functions[i]);
	}
	if (kept.function)
		JUDGE(judge, REASON_fun_kept, app->name, module->name,
		      "%s gives %s a fun of its own, which pages that are open keep: it is gone "
		      "when "
		      "the old code is purged, and calling it crashes them",
		      module_shown(module->name), kept.function)
			->hint = "give &Module.name/arity, of an exported function";
}

/* ---- components ---- */

/* Of the template that render/1 returns, as text: it has 128 bits; NULL: not seen, or several. */
static const char *print_shown(struct judge *judge, enum side side, const struct code *code)
{
	const struct code_function *render = code_function(code, "render", 1);
	struct eval eval = { .arena = judge->arena, .library = &judge->modules->library[side] };
	const struct value *arg = &value_unknown, *print;
	owned_str struct str text = STR_EMPTY;

	if (!render)
		return NULL;
	print = value_map_at(eval_one(&eval, code, render, &arg), "fingerprint", judge->arena);
	if (!print || !value_term(print, judge->arena))
		return NULL;
	term_print(&text, value_term(print, judge->arena));
	return arena_dup(judge->arena, str_span(&text));
}

static bool has_components(const struct code *code, struct arena *arena)
{
	struct code_remotes remotes = code_remote(code, arena);

	for (size_t i = 0; i < remotes.len; i++)
		if (strcmp(remotes.items[i].to.module, "Elixir.Phoenix.Component") == 0 &&
		    strcmp(remotes.items[i].to.name, "live_component") == 0)
			return true;
	return false;
}

static void judge_components(struct judge *judge, const struct app_diff *app,
			     const struct module_diff *module)
{
	const char *before, *after;

	if (!has_components(module->old_code, judge->arena))
		return;
	before = print_shown(judge, SIDE_OLD, module->old_code);
	after = print_shown(judge, SIDE_NEW, module->new_code);
	if (before && after && strcmp(before, after) != 0)
		JUDGE(judge, REASON_component_state_lost, app->name, module->name,
		      "the template of %s is another one: at their next render, pages that are "
		      "open "
		      "throw their live components away and mount new ones",
		      module_shown(module->name))
			->hint =
			"keep in the page's assigns what must not be lost; a template whose "
			"text and lines stay the same keeps its components";
}

/* ---- the library's own ---- */

/* Modules of the library whose closures pages keep, and who has them put there. */
static const struct own {
	const char *module, *name, *what;
} own_closures[] = {
	{ "Elixir.Phoenix.LiveView", "stream", "streams" },
	{ "Elixir.Phoenix.LiveView.LiveStream", "stream", "streams" },
	{ "Elixir.Phoenix.LiveView.UploadConfig", "allow_upload", "uploads" },
};

static bool is_changed(const struct judge *judge, const char *module)
{
	struct module_at *at = modules_find(judge->modules, SIDE_NEW, module);

	return at && at->diff && at->diff->change == CHANGE_CHANGED && at->diff->functions.len > 0;
}

/* A page or component of the old release that calls it; NULL: none. */
static const char *user_of(struct judge *judge, const char *name)
{
	struct modules *modules = judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_OLD]); i++) {
		struct module_at *module = &modules->items[SIDE_OLD][i];
		const struct beam_facts *facts = module_facts(modules, SIDE_OLD, module);

		if (!facts || !(facts->roles & (BEAM_LIVE_VIEW | BEAM_LIVE_COMPONENT)))
			continue;
		for (size_t j = 0; j < facts->imports.len; j++)
			if (strcmp(facts->imports.items[j].module, "Elixir.Phoenix.LiveView") ==
				    0 &&
			    strcmp(facts->imports.items[j].name, name) == 0)
				return module->name;
	}
	return NULL;
}

void judge_own_closures(struct judge *judge)
{
	const char *told = "";

	for (size_t i = 0; i < ARRAY_LEN(own_closures); i++) {
		const struct own *own = &own_closures[i];
		struct reason *reason;
		const char *user;

		if (strcmp(told, own->what) == 0 || !is_changed(judge, own->module) ||
		    !(user = user_of(judge, own->name)))
			continue;
		told = own->what;
		reason = JUDGE(judge, REASON_fun_kept, NULL, own->module,
			       "pages with %s, as those of %s, keep funs of %s, which is another "
			       "build: they crash at their next render once its old code is purged",
			       own->what, module_shown(user), module_shown(own->module));
		reason->severity = SEVERITY_RESTART;
		reason->hint =
			"take the library over with a restart, or let these pages begin anew: "
			"--allow fun_kept";
	}
}

void judge_pages(struct judge *judge, const struct app_diff *app, const struct module_diff *module)
{
	if (!(module->old_facts->roles & module->new_facts->roles &
	      (BEAM_LIVE_VIEW | BEAM_LIVE_COMPONENT)) ||
	    module->old_code->unread || module->new_code->unread)
		return;
	judge_closures(judge, app, module);
	judge_components(judge, app, module);
}
