// SPDX-License-Identifier: Apache-2.0
/* Applications without a top supervisor.
 *
 * Whenever processes are suspended or stopped, release_handler first asks the top process
 * of every running application, also of those that nothing changes, for its children.  One that
 * is no supervisor dies of the question, or lets it time out; either takes the node down.
 *
 * It is told only where it is plain: all that the application's start function calls is looked
 * through, in its own modules too, and nothing in it could start a supervisor.  Calls that are
 * computed, and those of other applications' start functions, could.
 */
#include "upgrade/verdict/verdict_starts.h"

enum { LOOKED_AT_MAX = 500 }; /* functions; beyond it nothing is plain */

struct search {
	struct judge *judge;
	enum side side;
	const struct app_diff *app;
	struct name_table *seen; /* "module:function/arity" */
	struct todo {
		struct module_at *module;
		const struct code_function *function;
	} todo[LOOKED_AT_MAX];
	size_t len;
	bool plain;
};

static void look_into(struct search *search, struct module_at *module,
		      const struct code_function *function)
{
	struct judge *judge = search->judge;
	const char *key = arena_printf(judge->arena, "%s:%s/%u", module->name, function->name,
				       function->arity);
	bool is_new;

	name_table_add(search->seen, key, &is_new);
	if (!is_new)
		return;
	if (name_table_len(search->seen) >= LOOKED_AT_MAX)
		search->plain = false;
	else
		search->todo[search->len++] = (struct todo){ module, function };
}

/* Starts a process, but never a supervisor. */
static bool starts_other(const char *module)
{
	static const char *const modules[] = {
		"erlang",       "gen_server",
		"gen_statem",   "gen_event",
		"gen_fsm",      "proc_lib",
		"application",  "Elixir.GenServer",
		"Elixir.Agent", "Elixir.Application",
		"Elixir.Task",  "timer",
		"error_logger", "logger",
	};

	for (size_t i = 0; i < ARRAY_LEN(modules); i++)
		if (strcmp(modules[i], module) == 0)
			return true;
	return false;
}

static void follow_remote(struct search *search, const struct beam_function *to)
{
	struct judge *judge = search->judge;
	struct module_at *module = modules_find(judge->modules, search->side, to->module);
	const struct code *code;
	const struct code_function *function;

	if (starts_other(to->module))
		return;
	if (!module || module->app != search->app) {
		if (strncmp(to->name, "start", 5) == 0 || strcmp(to->name, "apply") == 0)
			search->plain = false;
		return;
	}
	code = module_code(judge->modules, search->side, module);
	function = code ? code_function(code, to->name, to->arity) : NULL;
	if (function)
		look_into(search, module, function);
	else
		search->plain = false;
}

static void follow(struct search *search, struct module_at *module, const struct code *code,
		   const struct code_op *op)
{
	const struct code_function *local;
	const struct beam_function *import;

	switch (op->opcode) {
	case OP_CALL:
	case OP_CALL_LAST:
	case OP_CALL_ONLY:
		local = code_local(code, &op->args[1]);
		if (local)
			look_into(search, module, local);
		break;
	case OP_CALL_EXT:
	case OP_CALL_EXT_LAST:
	case OP_CALL_EXT_ONLY:
		import = code_import(code, &op->args[1]);
		if (import)
			follow_remote(search, import);
		break;
	case OP_APPLY:
	case OP_APPLY_LAST:
	case OP_CALL_FUN:
	case OP_CALL_FUN2:
	case OP_MAKE_FUN2:
	case OP_MAKE_FUN3:
		search->plain = false;
		break;
	default:
		break;
	}
}

static bool has_no_top(struct judge *judge, enum side side, const struct app_diff *app,
		       const char *start_module)
{
	owned_name_table struct name_table *seen = name_table_new();
	struct module_at *module = modules_find(judge->modules, side, start_module);
	const struct code *code = module ? module_code(judge->modules, side, module) : NULL;
	const struct code_function *start = code ? code_function(code, "start", 2) : NULL;
	struct search search = { judge, side, app, .seen = seen, .plain = true };

	if (!start)
		return false;
	look_into(&search, module, start);
	while (search.plain && search.len > 0) {
		struct todo now = search.todo[--search.len];

		code = module_code(judge->modules, side, now.module);
		for (size_t i = 0; code && i < now.function->len; i++)
			follow(&search, now.module, code, &now.function->ops[i]);
	}
	return search.plain && !judge->modules->failed;
}

/* ---- who is asked ---- */

static bool runs(const struct resolved_app *app)
{
	return app && app->app->mod && !app->included && app->entry->type <= START_TEMPORARY;
}

static bool asks(const struct term *steps)
{
	for (size_t i = 0; i < steps->seq.len; i++)
		if (term_is_tagged(term_at(steps, i), "suspend", 2) ||
		    term_is_tagged(term_at(steps, i), "stop", 2))
			return true;
	return false;
}

static const char *start_module(const struct resolved_app *app)
{
	const char *name = term_atom_name(term_at(app->app->mod, 0));

	return name ? name : "";
}

static void tell(struct judge *judge, const struct app_diff *app, const struct resolved_app *side,
		 bool way_back)
{
	const char *module = start_module(side);
	struct reason *reason = JUDGE(
		judge, REASON_no_top_supervisor, app->name, module,
		"%s starts no supervisor for %s: release_handler asks the top process of every "
		"application for its children, and the node restarts when one cannot answer%s",
		module_shown(module), app->name, way_back ? "; there is no way back" : "");

	reason->hint = "return a supervisor from start/2, if need be one without children";
	if (way_back)
		reason->severity = SEVERITY_WARN;
}

void judge_tops(struct judge *judge)
{
	bool up = asks(judge->up), down = asks(judge->down);

	for (size_t i = 0; (up || down) && i < judge->diff->len; i++) {
		const struct app_diff *app = &judge->diff->apps[i];
		/* What is new is started before anything is suspended. */
		enum side first = app->old_app ? SIDE_OLD : SIDE_NEW;
		const struct resolved_app *runs_first = app->old_app ? app->old_app : app->new_app;

		if (up && runs(runs_first) &&
		    has_no_top(judge, first, app, start_module(runs_first)))
			tell(judge, app, runs_first, false);
		else if (down && first == SIDE_OLD && runs(app->new_app) &&
			 app->change != CHANGE_SAME &&
			 has_no_top(judge, SIDE_NEW, app, start_module(app->new_app)))
			tell(judge, app, app->new_app, true);
	}
}
