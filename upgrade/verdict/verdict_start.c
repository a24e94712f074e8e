// SPDX-License-Identifier: Apache-2.0
/* What runs only while something starts: a process that runs already never comes by there again. */
#include "erlang/code/code_loops.h"
#include "upgrade/verdict/verdict_running.h"
#include "upgrade/verdict/verdict_starts.h"

enum {
	CALLERS = 32, /* of one function that are looked at */
	DEPTH = 12,
};

struct caller {
	struct module_at *module;
	const struct code_function *function;
};

struct starts {
	struct judge *judge;
	struct name_table *seen;
	bool goes_on; /* handle_info/2 is no other way to come there … */
	bool begins;  /* … and a start was come by */
};

static bool is_start(const struct beam_facts *facts, const struct code_function *function)
{
	const char *name = function->name;

	if (strcmp(name, "init") == 0 || strcmp(name, "start_phase") == 0 ||
	    (strcmp(name, "handle_continue") == 0 && function->arity == 2))
		return true;
	if (function->arity == 3 &&
	    ((strcmp(name, "mount") == 0 && facts->roles & BEAM_LIVE_VIEW) ||
	     (strcmp(name, "join") == 0 && facts->roles & BEAM_CHANNEL)))
		return true;
	if (strcmp(name, "start") == 0 && function->arity == 2 && facts->roles & BEAM_APPLICATION)
		return true;
	return strncmp(name, "start_link", 10) == 0 || strcmp(name, "start") == 0 ||
	       strcmp(name, "start_monitor") == 0;
}

/* {apply, {M, F, A}} of an appup. */
static bool is_applied(const struct judge *judge, const char *module,
		       const struct code_function *function)
{
	for (size_t i = 0; i < judge->up->seq.len; i++) {
		const struct term *step = term_at(judge->up, i), *call;

		if (!term_is_tagged(step, "apply", 2) || !term_is_tuple(call = term_at(step, 1), 3))
			continue;
		if (term_is_atom(term_at(call, 0), module) &&
		    term_is_atom(term_at(call, 1), function->name))
			return true;
	}
	return false;
}

static bool calls(const struct code *code, const struct code_function *from, const char *module,
		  const struct code_function *to)
{
	for (size_t i = 0; i < from->len; i++) {
		const struct beam_function *import = code_op_import(code, &from->ops[i]);

		if (import && import->arity == to->arity && strcmp(import->name, to->name) == 0 &&
		    strcmp(import->module, module) == 0)
			return true;
	}
	return false;
}

static size_t remote_callers(struct starts *starts, const struct module_at *module,
			     const struct code_function *function, struct caller *out, size_t len)
{
	struct modules *modules = starts->judge->modules;
	const struct resolved_app *app = module->app->new_app;
	struct names names = app ? app->app->modules : (struct names){ NULL, 0 };

	for (size_t i = 0; i < names.len; i++) {
		struct module_at *other = modules_find(modules, SIDE_NEW, names.items[i]);
		const struct beam_facts *facts =
			other && other != module ? module_facts(modules, SIDE_NEW, other) : NULL;
		const struct code *code;

		if (!facts || !beam_imports(facts, module->name, function->name, function->arity) ||
		    !(code = module_code(modules, SIDE_NEW, other)))
			continue;
		for (size_t f = 0; f < code->len && len < CALLERS; f++)
			if (calls(code, &code->functions[f], module->name, function))
				out[len++] = (struct caller){ other, &code->functions[f] };
	}
	return len;
}

/* A loop is begun once, and goes round at any time. */
static bool goes_round(const struct code *code, const struct code_function *function)
{
	owned_arena struct arena scratch = ARENA_EMPTY;

	return function_waits(code, function) &&
	       code_loop_parts(code, function_waits, &scratch)[function - code->functions].round;
}

/* A start calls it itself, for the first time. */
static bool is_begun(const struct code *code, const struct beam_facts *facts,
		     const struct code_function *function)
{
	const struct code_function *callers[CALLERS];
	size_t len = code_callers(code, function, callers, CALLERS);

	for (size_t i = 0; i < len; i++)
		if (is_start(facts, callers[i]) &&
		    code_exports(code, callers[i]->name, callers[i]->arity))
			return true;
	return false;
}

static bool at_start(struct starts *starts, struct module_at *module,
		     const struct code_function *function, unsigned depth)
{
	struct modules *modules = starts->judge->modules;
	const struct beam_facts *facts = module_facts(modules, SIDE_NEW, module);
	const struct code *code = module_code(modules, SIDE_NEW, module);
	const struct code_function *inside[CALLERS];
	struct caller callers[CALLERS];
	size_t len = 0, local;
	bool is_new;

	if (!code || !facts || depth == 0)
		return false;
	function = code_owner(code, function);
	name_table_add(starts->seen,
		       arena_printf(starts->judge->arena, "%s:%s/%u", module->name, function->name,
				    function->arity),
		       &is_new);
	if (!is_new)
		return true; /* as what it comes from */
	if (goes_round(code, function) || is_applied(starts->judge, module->name, function) ||
	    (module->diff && module->diff->change == CHANGE_ADDED) ||
	    (!module->diff && !module->same))
		return false; /* it is run at any time, or in the upgrade */
	if (code_exports(code, function->name, function->arity)) {
		if (is_start(facts, function))
			return starts->begins = true;
		if (strncmp(function->name, "handle_", 7) == 0) { /* a start may call it, too */
			starts->begins = starts->begins || is_begun(code, facts, function);
			return starts->goes_on && strcmp(function->name, "handle_info") == 0;
		}
	}
	local = code_callers(code, function, inside, CALLERS);
	for (size_t i = 0; i < local; i++)
		if (code_owner(code, inside[i]) != function)
			callers[len++] = (struct caller){ module, inside[i] };
	if (code_exports(code, function->name, function->arity))
		len = remote_callers(starts, module, function, callers, len);
	for (size_t i = 0; i < len; i++)
		if (!at_start(starts, callers[i].module, callers[i].function, depth - 1))
			return false;
	return len > 0;
}

bool runs_at_start(struct judge *judge, struct module_at *module,
		   const struct code_function *function)
{
	owned_name_table struct name_table *seen = name_table_new();
	struct starts starts = { .judge = judge, .seen = seen };

	return at_start(&starts, module, function, DEPTH);
}

bool goes_on_from_start(struct judge *judge, struct module_at *module,
			const struct code_function *function, bool begun)
{
	owned_name_table struct name_table *seen = name_table_new();
	struct starts starts = { .judge = judge, .seen = seen, .goes_on = true, .begins = begun };

	return at_start(&starts, module, function, DEPTH) && starts.begins;
}

bool starts_anew(const struct judge *judge, const char *module)
{
	for (size_t i = 0; i < judge->appups->len; i++) {
		const struct supervisor_changes all = judge->appups->items[i].supervisors;

		if (appup_restarts(&judge->appups->items[i]) &&
		    module_diffs_find(judge->appups->items[i].app->modules, module))
			return true;
		for (size_t j = 0; j < all.len; j++)
			for (size_t k = 0; k < all.items[j].len; k++) {
				const struct child *child = all.items[j].items[k].after;

				if (child && child->module && strcmp(child->module, module) == 0)
					return true;
			}
	}
	return false;
}

bool effect_at_start(struct judge *judge, struct module_at *module,
		     const struct code_effect *effect)
{
	return !effect->waited && runs_at_start(judge, module, effect->in);
}
