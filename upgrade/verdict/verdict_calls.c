// SPDX-License-Identifier: Apache-2.0
/* Imports against exports: what the new release calls must be there.
 *
 * A call is told when the function was there before, or when the caller did not make it
 * before, or came with its application: then the new release is what breaks it.  What was never
 * there is left alone: libraries look first whether an optional function exists.  So are modules
 * that are in neither release, and applications that are optional for the caller.
 */
#include "base/name_table.h"
#include "upgrade/verdict/verdict_release.h"

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

static bool is_optional(const struct judge *judge, const struct module_at *caller,
			const char *module)
{
	const struct module_at *callee = modules_find(judge->modules, SIDE_OLD, module);

	return callee && names_have(caller->app->new_app->app->optional, callee->app->name);
}

/* Protocols look by themselves whether it is there; some versions of Elixir write that as a call.
 * That it is gone is told once (judge_lost_implementation()).
 */
static bool is_own_implementation(struct judge *judge, const struct module_at *caller,
				  const char *name)
{
	const struct beam_facts *facts = modules_facts(judge->modules, SIDE_OLD, name);

	return facts && facts->roles & BEAM_PROTOCOL_IMPL &&
	       names_have(facts->behaviours, caller->name);
}

static bool captures(const struct calls *calls, const struct code *code,
		     const struct beam_function *function)
{
	struct code_remotes remotes = { NULL, 0 };

	if (code)
		remotes = code_remote(code, calls->judge->arena);
	for (size_t i = 0; i < remotes.len; i++)
		if (remotes.items[i].capture && beam_function_same(&remotes.items[i].to, function))
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

static bool looks_first(const struct code *code, const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		const struct beam_function *to = code_op_import(code, op);

		if (op->opcode == OP_TRY || op->opcode == OP_CATCH ||
		    (to && (strncmp(to->name, "function_exported", 17) == 0 ||
			    strncmp(to->name, "ensure_loaded", 13) == 0)))
			return true;
	}
	return false;
}

/* Whoever calls it looks first whether it is there, or copes when it is not. */
static bool is_guarded(struct calls *calls, struct module_at *caller,
		       const struct beam_function *function)
{
	const struct code *code = module_code(calls->judge->modules, SIDE_NEW, caller);
	struct code_remotes remotes = { NULL, 0 };
	bool any = false;

	if (code)
		remotes = code_remote(code, calls->judge->arena);
	for (size_t i = 0; i < remotes.len; i++) {
		if (!beam_function_same(&remotes.items[i].to, function))
			continue;
		if (!looks_first(code, remotes.items[i].from))
			return false;
		any = true;
	}
	return any;
}

/* An application that is new is written for many systems. */
static bool calls_newly(struct calls *calls, struct module_at *caller,
			const struct beam_function *function)
{
	if (caller->diff)
		return !called_before(calls, caller, function);
	return caller->app->change == CHANGE_ADDED && !is_guarded(calls, caller, function);
}

static bool is_missing(struct calls *calls, struct module_at *caller,
		       const struct beam_function *function)
{
	const struct module_at *callee =
		modules_find(calls->judge->modules, SIDE_NEW, function->module);

	/* What the system stands on is written for those that have little else. */
	if (!callee)
		return !is_base(caller->app->name) &&
		       !is_optional(calls->judge, caller, function->module) &&
		       !is_own_implementation(calls->judge, caller, function->module) &&
		       modules_export(calls->judge->modules, SIDE_OLD, function);
	if (modules_export(calls->judge->modules, SIDE_NEW, function) ||
	    calls->judge->modules->failed)
		return false;
	return modules_export(calls->judge->modules, SIDE_OLD, function) ||
	       calls_newly(calls, caller, function);
}

static const char *function_shown(struct arena *arena, const struct beam_function *function)
{
	const char *module = module_shown(function->module);

	return arena_printf(arena, "%s%s%s/%u", module, module == function->module ? ":" : ".",
			    function->name, function->arity);
}

static void tell(struct calls *calls, struct module_at *caller,
		 const struct beam_function *function, size_t more)
{
	struct judge *judge = calls->judge;
	bool was_there = modules_export(calls->judge->modules, SIDE_OLD, function);
	bool fails = was_there && !is_guarded(calls, caller, function);
	struct reason *reason;
	const char *others =
		more == 0 ? "" : arena_printf(judge->arena, " (and %zu more of it)", more);
	const char *why = !modules_find(judge->modules, SIDE_NEW, function->module)
				  ? "whose module is no longer in the release"
			  : was_there ? "which is no longer there"
				      : "which does not exist";

	reason = JUDGE(judge, REASON_function_missing, caller->app->name, caller->name,
		       "%s calls %s%s, %s: the process that does it fails%s",
		       module_shown(caller->name), function_shown(judge->arena, function), others,
		       why, fails ? ", also behind a restart" : "");
	reason->hint = caller->same ? "compile it against the new release, or keep the function "
				      "until nothing calls it any more"
				    : "correct the call, or raise the version of what it needs";
	if (fails)
		reason->severity = SEVERITY_RESTART;
}

struct findings {
	struct calls *calls;
	struct module_at *caller;
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
	else if (!beam_function_same(&findings->first[id], function))
		findings->more[id]++;
}

/* Calls are the imports; funs of remote functions are data in the code. */
static void look_at_module(struct calls *calls, struct module_at *caller,
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

static void look_at_added(struct calls *calls, struct module_at *caller)
{
	const struct beam_facts *facts = module_facts(calls->judge->modules, SIDE_NEW, caller);
	const struct code *code = module_code(calls->judge->modules, SIDE_NEW, caller);

	if (facts && code)
		look_at_module(calls, caller, facts, code, false);
}

/* ---- callbacks that a behaviour gained ---- */

/* behaviour_info(Kind): [{Name, Arity}]; NULL: not seen. */
static const struct term *callbacks_of(struct judge *judge, const struct code *code,
				       const char *kind)
{
	struct eval eval = { .arena = judge->arena };
	const struct value *arg = value_of_atom(judge->arena, kind);
	const struct code_function *info = code_function(code, "behaviour_info", 1);
	const struct term *list =
		info ? value_term(eval_one(&eval, code, info, &arg), judge->arena) : NULL;

	return list && term_is_list(list) ? list : NULL;
}

static bool has_callback(const struct term *list, const struct term *callback)
{
	for (size_t i = 0; list && i < list->seq.len; i++)
		if (term_equal(term_at(list, i), callback))
			return true;
	return false;
}

static bool implements(const struct beam_facts *facts, const struct term *callback)
{
	const char *name = term_is_tuple(callback, 2) ? term_atom_name(term_at(callback, 0)) : NULL;
	int64_t arity;

	return !name || !term_get_integer(term_at(callback, 1), &arity) ||
	       beam_exports(facts, name, (uint32_t)arity);
}

static void judge_implementers(struct judge *judge, const char *behaviour,
			       const struct term *callback, const bool *naming)
{
	struct modules *modules = judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *module = &modules->items[SIDE_NEW][i];
		const struct beam_facts *facts =
			module->diff || naming[i] ? module_facts(modules, SIDE_NEW, module) : NULL;
		owned_str struct str text = STR_EMPTY;

		if (!facts || !names_have(facts->behaviours, behaviour) ||
		    implements(facts, callback) ||
		    is_told(judge, REASON_function_missing, module->name))
			continue;
		term_print(&text, callback);
		JUDGE(judge, REASON_function_missing, module->app->name, module->name,
		      "%s now wants the callback %s, which %s does not have: the process that "
		      "calls it fails, also behind a restart",
		      module_shown(behaviour), str_text(&text), module_shown(module->name))
			->severity = SEVERITY_RESTART;
		judge->reasons->items[judge->reasons->len - 1].hint =
			"write the callback, or make it optional";
	}
}

static void judge_behaviour(struct judge *judge, const struct module_diff *module)
{
	owned_name_table struct name_table *names = name_table_new();
	const struct term *before = callbacks_of(judge, module->old_code, "callbacks");
	const struct term *after = callbacks_of(judge, module->new_code, "callbacks");
	const struct term *optional = callbacks_of(judge, module->new_code, "optional_callbacks");
	const bool *naming;

	if (!before || !after || term_equal(before, after))
		return;
	name_table_add(names, module->name, NULL);
	naming = modules_naming(judge, names);
	for (size_t i = 0; i < after->seq.len; i++)
		if (!has_callback(before, term_at(after, i)) &&
		    !has_callback(optional, term_at(after, i)))
			judge_implementers(judge, module->name, term_at(after, i), naming);
}

static void judge_behaviours(struct judge *judge)
{
	for (size_t i = 0; i < judge->diff->len; i++)
		for (size_t j = 0; j < judge->diff->apps[i].modules.len; j++) {
			const struct module_diff *module = &judge->diff->apps[i].modules.items[j];

			if (module->change == CHANGE_CHANGED &&
			    beam_exports(module->new_facts, "behaviour_info", 1))
				judge_behaviour(judge, module);
		}
}

/* ---- implementations of protocols (Elixir) ---- */

/* __impl__(:protocol) and __impl__(:for) */
static const char *impl_of(struct judge *judge, const struct code *code, const char *what)
{
	struct eval eval = { .arena = judge->arena };
	const struct value *arg = value_of_atom(judge->arena, what);
	const struct code_function *impl = code_function(code, "__impl__", 1);

	return impl ? value_atom_name(eval_one(&eval, code, impl, &arg)) : NULL;
}

/* What is dispatched to it need not be a struct of the release: a built-in kind is always there. */
static void judge_lost_implementation(struct judge *judge, const struct app_diff *app,
				      const struct module_diff *module)
{
	const char *protocol = impl_of(judge, module->old_code, "protocol");
	const char *of = impl_of(judge, module->old_code, "for");

	if (!protocol || !of || !modules_find(judge->modules, SIDE_NEW, protocol) ||
	    (modules_find(judge->modules, SIDE_OLD, of) &&
	     !modules_find(judge->modules, SIDE_NEW, of)))
		return;
	JUDGE(judge, REASON_function_missing, app->name, module->name,
	      "the implementation of %s for %s is gone: who calls the protocol with one fails, "
	      "also "
	      "behind a restart",
	      module_shown(protocol), module_shown(of))
		->hint = "keep it until nothing is dispatched to it any more";
}

static void judge_protocol_calls(struct judge *judge)
{
	for (size_t i = 0; i < judge->diff->len; i++)
		for (size_t j = 0; j < judge->diff->apps[i].modules.len; j++) {
			const struct module_diff *module = &judge->diff->apps[i].modules.items[j];

			if (module->change == CHANGE_REMOVED &&
			    module->old_facts->roles & BEAM_PROTOCOL_IMPL)
				judge_lost_implementation(judge, &judge->diff->apps[i], module);
		}
}

void judge_calls(struct judge *judge)
{
	owned_name_table struct name_table *suspects = name_table_new(), *apps = name_table_new();
	struct calls calls = { .judge = judge, .suspects = suspects, .apps = apps };
	struct modules *modules = judge->modules;

	judge_behaviours(judge);
	judge_protocol_calls(judge);
	find_suspects(&calls);
	calls.may_call = modules_naming(judge, suspects);
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]) && !modules->failed; i++) {
		struct module_at *caller = &modules->items[SIDE_NEW][i];
		const struct beam_facts *facts;

		if (caller->diff) {
			look_at_module(&calls, caller, caller->facts, caller->code, false);
		} else if (caller->app->change == CHANGE_ADDED) {
			look_at_added(&calls, caller);
		} else if (name_table_len(suspects) == 0) {
			continue;
		} else if (caller->same) {
			look_at_same(&calls, caller, calls.may_call[i]);
		} else if ((facts = module_facts(modules, SIDE_NEW, caller))) {
			look_at_module(&calls, caller, facts, NULL, true);
		}
	}
}
