// SPDX-License-Identifier: Apache-2.0
/* What servers keep for modules that they call by names they were given: dispatchers for their
 * handlers, pools for a strategy, listeners for what a plug's init/1 made.  The module changes; the
 * server, which may be the same, goes on with what the old one made.
 *
 * A server is taken to run a module that has the functions which it calls so, at least two of them:
 * one makes something, another one gets it back.  It is followed with that module in both releases.
 */
#include "erlang/code/code_facts.h"
#include "erlang/code/code_report.h"
#include "upgrade/verdict/verdict_kept.h"
#include "upgrade/verdict/verdict_states.h"

enum { APPLIED_MAX = 32 };

/* The functions that code calls in modules it does not know. */
struct applied {
	struct beam_function items[APPLIED_MAX];
	size_t len;
};

static void add_applied(struct applied *applied, const char *name, uint32_t arity)
{
	for (size_t i = 0; i < applied->len; i++)
		if (applied->items[i].arity == arity && strcmp(applied->items[i].name, name) == 0)
			return;
	if (applied->len < APPLIED_MAX)
		applied->items[applied->len++] = (struct beam_function){ NULL, name, arity };
}

/* The atom that stands behind the module of an apply; NULL: it is none. */
static const char *name_applied(const struct code_function *function, size_t at)
{
	const uint64_t nr = function->ops[at].args[0].number + 1;

	while (at-- > 0) {
		const struct code_op *op = &function->ops[at];

		if (op->opcode == OP_MOVE && op->args[1].kind == CODE_X && op->args[1].number == nr)
			return code_term(&op->args[0]) ? term_atom_name(code_term(&op->args[0]))
						       : NULL;
		if (op->opcode == OP_LABEL || op->opcode == OP_CALL || op->opcode == OP_CALL_EXT ||
		    op->opcode == OP_APPLY)
			return NULL;
	}
	return NULL;
}

static struct applied applied_by(const struct code *code)
{
	struct applied applied = { .len = 0 };

	for (size_t i = 0; i < code->len; i++)
		for (size_t j = 0; j < code->functions[i].len; j++) {
			const struct code_op *op = &code->functions[i].ops[j];
			const char *name;

			if ((op->opcode != OP_APPLY && op->opcode != OP_APPLY_LAST) ||
			    op->args[0].kind != CODE_NUMBER)
				continue;
			name = name_applied(&code->functions[i], j);
			if (name)
				add_applied(&applied, name, (uint32_t)op->args[0].number);
		}
	return applied;
}

static bool is_declared(const struct module_diff *plugin, const char *behaviour)
{
	return names_have(plugin->old_facts->behaviours, behaviour) &&
	       names_have(plugin->new_facts->behaviours, behaviour);
}

/* Whether a server calls a module by the name it was given; declared: that has the behaviour of the
 * server, or one that the server names, whose callbacks may be optional.  With a code_change of its
 * own, that the server calls, the module converts what is kept itself.
 */
static bool runs(const struct code *server, const struct module_diff *plugin, bool declared)
{
	const struct applied applied = applied_by(server);
	size_t has = 0, lacks = 0;

	for (size_t i = 0; i < applied.len; i++) {
		const struct beam_function *function = &applied.items[i];

		if (strcmp(function->name, "code_change") == 0 &&
		    code_exports(plugin->new_code, function->name, function->arity))
			return false;
		if (code_exports(plugin->old_code, function->name, function->arity) &&
		    code_exports(plugin->new_code, function->name, function->arity))
			has++;
		else if (function->arity > 0) /* or Elixir's map.key */
			lacks++;
	}
	return has > 1 && (declared || lacks == 0);
}

static bool is_plugin(const struct module_diff *module)
{
	const unsigned others = BEAM_PROCESS | BEAM_SUPERVISOR | BEAM_APPLICATION | BEAM_PROTOCOL |
				BEAM_PROTOCOL_IMPL | BEAM_LIVE_VIEW | BEAM_CHANNEL;

	return module->change == CHANGE_CHANGED && !module->old_code->unread &&
	       !module->new_code->unread &&
	       !((module->old_facts->roles | module->new_facts->roles) & others);
}

/* Its processes keep what they have: it is the same, or does not convert it. */
static bool keeps(const struct module_at *server, enum beam_role role)
{
	return !server->diff || code_change_keeps(code_change(server->diff->new_code, role));
}

static void judge_server(struct judge *judge, const struct module_diff *plugin,
			 struct module_at *server, bool declared)
{
	struct modules *modules = judge->modules;
	struct module_at *before = modules_find(modules, SIDE_OLD, server->name);
	const struct beam_facts *facts = module_facts(modules, SIDE_NEW, server);
	const enum beam_role role = facts ? process_role(facts) : 0;
	const struct code *old_code, *new_code;

	if (!before || !(role & BEAM_PROCESS) || !keeps(server, role))
		return;
	old_code = module_code(modules, SIDE_OLD, before);
	new_code = module_code(modules, SIDE_NEW, server);
	if (!old_code || old_code->unread || !new_code || new_code->unread ||
	    !runs(old_code, plugin, declared) || !runs(new_code, plugin, declared))
		return;
	judge->plugin = plugin->name;
	modules->library[SIDE_OLD].plugin = modules->library[SIDE_NEW].plugin = plugin->name;
	judge_types(judge, &(struct typed){ server->app, server->name, old_code, new_code, facts,
					    role, true });
	modules->library[SIDE_OLD].plugin = modules->library[SIDE_NEW].plugin = NULL;
	judge->plugin = NULL;
}

/* A server of the library that a behaviour is of, though it does not name it: Phoenix.Channel and
 * its Server.
 */
static bool lies_beside(struct judge *judge, const struct module_diff *plugin,
			const struct module_at *server)
{
	const struct names behaviours = plugin->new_facts->behaviours;

	for (size_t i = 0; i < behaviours.len; i++) {
		const struct module_at *at =
			modules_find(judge->modules, SIDE_NEW, behaviours.items[i]);

		if (at && at->app == server->app && is_declared(plugin, behaviours.items[i]))
			return true;
	}
	return false;
}

static void judge_plugin(struct judge *judge, const struct app_diff *app,
			 const struct module_diff *plugin)
{
	owned_name_table struct name_table *names = name_table_new();
	struct modules *modules = judge->modules;
	const struct names behaviours = plugin->new_facts->behaviours;
	bool *naming;

	for (size_t i = 0; i < behaviours.len; i++)
		if (is_declared(plugin, behaviours.items[i]))
			name_table_add(names, behaviours.items[i], NULL);
	naming = modules_naming(judge, names);
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *server = &modules->items[SIDE_NEW][i];
		bool declared = naming[i] || is_declared(plugin, server->name) ||
				lies_beside(judge, plugin, server);

		if ((declared || server->app == app) && !server->of_language &&
		    (server->same || (server->diff && server->diff->change == CHANGE_CHANGED)))
			judge_server(judge, plugin, server, declared);
	}
}

/* ---- when no server is seen to run it ---- */

static bool has_init(const struct beam_facts *facts)
{
	for (uint32_t arity = 1; arity <= 4; arity++)
		if (beam_exports(facts, "init", arity))
			return true;
	return false;
}

/* A callback module of a behaviour that is not OTP's: who keeps its state is not known. */
static bool is_of_behaviour(const struct beam_facts *facts)
{
	static const char *const others[] = { "application", "supervisor", "Elixir.Application",
					      "Elixir.Plug", "Elixir.Supervisor" };

	if (facts->roles & (BEAM_PROCESS | BEAM_SUPERVISOR | BEAM_APPLICATION | BEAM_PROTOCOL) ||
	    facts->behaviours.len == 0 || !has_init(facts))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (names_have(facts->behaviours, others[i]))
			return false;
	return true;
}

/* A library's own kind of gen_server, with the callbacks of OTP's. */
static bool is_like_server(const struct beam_facts *facts)
{
	return beam_exports(facts, "init", 1) && beam_exports(facts, "handle_call", 3) &&
	       beam_exports(facts, "handle_cast", 2) && beam_exports(facts, "handle_info", 2);
}

static void judge_alone(struct judge *judge, const struct app_diff *app,
			const struct module_diff *module)
{
	const struct appup_made *made = appups_find(judge->appups, app->name);
	const struct term *instruction = made ? appup_instruction(made, false, module->name) : NULL;
	bool keeps = !instruction || !instruction_is_advanced(instruction);
	enum beam_role role = 0;

	if (!is_of_behaviour(module->old_facts) || !is_of_behaviour(module->new_facts))
		return;
	if (is_like_server(module->old_facts) && is_like_server(module->new_facts)) {
		role = BEAM_GEN_SERVER;
		keeps = keeps || code_change(module->new_code, role) == CODE_CHANGE_KEEPS;
	}
	judge_types(judge, &(struct typed){ app, module->name, module->old_code, module->new_code,
					    module->old_facts, role, keeps });
}

void judge_plugins(struct judge *judge)
{
	for (size_t i = 0; i < judge->diff->len; i++) {
		const struct app_diff *app = &judge->diff->apps[i];

		if (app->change != CHANGE_CHANGED || app_diff_not_bumped(app) ||
		    appup_restarts(appups_find(judge->appups, app->name)))
			continue;
		for (size_t j = 0; j < app->modules.len; j++) {
			const struct module_diff *module = &app->modules.items[j];
			const size_t told = judge->reasons->len;

			if (is_plugin(module))
				judge_plugin(judge, app, module);
			if (module->change == CHANGE_CHANGED && judge->reasons->len == told)
				judge_alone(judge, app, module);
		}
	}
}
