// SPDX-License-Identifier: Apache-2.0
/* Imports against exports: what the new release calls must be there.
 *
 * A call is told when the function was there before, or when the caller did not make it
 * before: then the new release is what breaks it.  What was never there is left alone:
 * libraries look first whether an optional function exists.  So are modules that are in
 * neither release, and applications that are optional for the caller.
 */
#include "base/name_table.h"
#include "upgrade/verdict/verdict_parts.h"

struct calls {
	struct judge *judge;
	struct name_table *suspects; /* modules that lost a function, or are gone … */
	struct name_table *apps;     /* … and the applications they are in */
	const bool *may_call;        /* of each module of the new release that is the same */
};

/* ---- modules that lost something ---- */

/* One that moved to another application is not compared with itself: any function may be lost. */
static bool lost_something(const struct module_at *before, const struct module_at *after)
{
	return before->diff && after->diff &&
	       (before->diff != after->diff || before->diff->exports_lost);
}

static void find_suspects(struct calls *calls)
{
	const struct modules *modules = calls->judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_OLD]); i++) {
		struct module_at *before = &modules->items[SIDE_OLD][i], *after;

		after = modules_find(calls->judge->modules, SIDE_NEW, before->name);
		if (!after || lost_something(before, after)) {
			name_table_add(calls->suspects, before->name, NULL);
			name_table_add(calls->apps, before->app->name, NULL);
		}
	}
}

/* ---- one caller ---- */

static bool exports(struct calls *calls, enum side side, const struct beam_function *function)
{
	struct module_at *module = modules_find(calls->judge->modules, side, function->module);
	const struct beam_facts *facts =
		module ? module_facts(calls->judge->modules, side, module) : NULL;

	return facts && beam_exports(facts, function->name, function->arity);
}

static bool is_optional(const struct judge *judge, const struct module_at *caller,
			const char *module)
{
	const struct module_at *callee = modules_find(judge->modules, SIDE_OLD, module);

	return callee && names_have(caller->app->new_app->app->optional, callee->app->name);
}

static bool same_function(const struct beam_function *a, const struct beam_function *b)
{
	return a->arity == b->arity && strcmp(a->name, b->name) == 0 &&
	       strcmp(a->module, b->module) == 0;
}

static bool captures(const struct calls *calls, const struct code *code,
		     const struct beam_function *function)
{
	struct code_remotes remotes = { NULL, 0 };

	if (code)
		remotes = code_remote(code, calls->judge->arena);
	for (size_t i = 0; i < remotes.len; i++)
		if (remotes.items[i].capture && same_function(&remotes.items[i].to, function))
			return true;
	return false;
}

static bool called_before(const struct calls *calls, const struct module_at *caller,
			  const struct beam_function *function)
{
	struct modules *modules = calls->judge->modules;
	struct module_at *before = modules_find(modules, SIDE_OLD, caller->name);
	const struct beam_facts *facts = before ? module_facts(modules, SIDE_OLD, before) : NULL;

	return facts && (beam_imports(facts, function->module, function->name, function->arity) ||
			 captures(calls, module_code(modules, SIDE_OLD, before), function));
}

static bool is_missing(struct calls *calls, const struct module_at *caller,
		       const struct beam_function *function)
{
	const struct module_at *callee =
		modules_find(calls->judge->modules, SIDE_NEW, function->module);

	if (!callee)
		return !is_optional(calls->judge, caller, function->module) &&
		       exports(calls, SIDE_OLD, function);
	if (exports(calls, SIDE_NEW, function) || calls->judge->modules->failed)
		return false;
	return exports(calls, SIDE_OLD, function) ||
	       (caller->diff && !called_before(calls, caller, function));
}

static const char *function_shown(struct arena *arena, const struct beam_function *function)
{
	const char *module = module_shown(function->module);

	return arena_printf(arena, "%s%s%s/%u", module, module == function->module ? ":" : ".",
			    function->name, function->arity);
}

static void tell(struct calls *calls, const struct module_at *caller,
		 const struct beam_function *function, size_t more)
{
	struct judge *judge = calls->judge;
	const char *others =
		more == 0 ? "" : arena_printf(judge->arena, " (and %zu more of it)", more);
	const char *why = !modules_find(judge->modules, SIDE_NEW, function->module)
				  ? "whose module is no longer in the release"
			  : exports(calls, SIDE_OLD, function) ? "which is no longer there"
							       : "which does not exist";

	JUDGE(judge, REASON_function_missing, caller->app->name, caller->name,
	      "%s calls %s%s, %s: the process that does it fails", module_shown(caller->name),
	      function_shown(judge->arena, function), others, why)
		->hint = caller->same
				 ? "compile it against the new release, or keep the function until "
				   "nothing calls it any more"
				 : "correct the call, or raise the version of what it needs";
}

struct findings {
	struct calls *calls;
	const struct module_at *caller;
	struct name_table *modules; /* that are called in vain: the index into … */
	struct beam_function *first;
	size_t *more;
	bool suspects_only;
};

static void look_at(struct findings *findings, const struct beam_function *function)
{
	bool is_new;
	size_t id;

	if (findings->suspects_only &&
	    name_table_find(findings->calls->suspects, span_of(function->module)) == NAME_ABSENT)
		return;
	if (!is_missing(findings->calls, findings->caller, function))
		return;
	id = name_table_add(findings->modules, function->module, &is_new);
	if (is_new)
		findings->first[id] = *function;
	else if (!same_function(&findings->first[id], function))
		findings->more[id]++;
}

/* Calls are the imports; funs of remote functions are data in the code. */
static void look_at_module(struct calls *calls, const struct module_at *caller,
			   const struct beam_facts *facts, const struct code *code,
			   bool suspects_only)
{
	struct arena *arena = calls->judge->arena;
	owned_name_table struct name_table *modules = name_table_new();
	struct code_remotes remotes = { NULL, 0 };
	struct findings findings = {
		.calls = calls, .caller = caller, .modules = modules, .suspects_only = suspects_only
	};
	size_t most;

	if (code)
		remotes = code_remote(code, arena);
	most = facts->imports.len + remotes.len;
	findings.first = arena_array(arena, most, struct beam_function);
	findings.more = arena_array(arena, most, size_t);
	for (size_t i = 0; i < facts->imports.len; i++)
		look_at(&findings, &facts->imports.items[i]);
	for (size_t i = 0; i < remotes.len; i++)
		if (remotes.items[i].capture)
			look_at(&findings, &remotes.items[i].to);
	for (size_t i = 0; i < name_table_len(modules); i++)
		tell(calls, caller, &findings.first[i], findings.more[i]);
}

/* ---- all callers ---- */

/* Only who depends on an application is expected to hold funs of it. */
static bool may_capture(const struct calls *calls, const struct module_at *caller)
{
	struct names needed = caller->app->new_app->app->applications;

	if (name_table_find(calls->apps, span_of(caller->app->name)) != NAME_ABSENT)
		return true;
	for (size_t i = 0; i < needed.len; i++)
		if (name_table_find(calls->apps, span_of(needed.items[i])) != NAME_ABSENT)
			return true;
	return false;
}

static void look_at_same(struct calls *calls, struct module_at *caller, bool may_call)
{
	bool capture = may_capture(calls, caller);
	const struct beam_facts *facts;
	const struct code *code;

	if (!capture && !may_call)
		return;
	facts = module_facts(calls->judge->modules, SIDE_NEW, caller);
	code = capture ? module_code(calls->judge->modules, SIDE_NEW, caller) : NULL;
	if (facts)
		look_at_module(calls, caller, facts, code, true);
}

void judge_calls(struct judge *judge)
{
	owned_name_table struct name_table *suspects = name_table_new(), *apps = name_table_new();
	struct calls calls = { .judge = judge, .suspects = suspects, .apps = apps };
	struct modules *modules = judge->modules;

	find_suspects(&calls);
	calls.may_call = modules_naming(judge, suspects);
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]) && !modules->failed; i++) {
		struct module_at *caller = &modules->items[SIDE_NEW][i];
		const struct beam_facts *facts;

		if (caller->diff) {
			look_at_module(&calls, caller, caller->facts, caller->code, false);
		} else if (name_table_len(suspects) == 0) {
			continue;
		} else if (caller->same) {
			look_at_same(&calls, caller, calls.may_call[i]);
		} else if ((facts = module_facts(modules, SIDE_NEW, caller))) {
			look_at_module(&calls, caller, facts, NULL, true);
		}
	}
}
