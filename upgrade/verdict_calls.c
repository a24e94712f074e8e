// SPDX-License-Identifier: Apache-2.0
/* Imports against exports: what the new release calls must be there.
 *
 * A call is told when the function was there before, or when the caller did not make it
 * before: then the new release is what breaks it.  What was never there is left alone:
 * libraries look first whether an optional function exists.  So are modules that are in
 * neither release, and applications that are optional for the caller.
 */
#include "upgrade/verdict_parts.h"

struct calls {
	struct judge *judge;
	struct name_table *suspects; /* modules that lost a function, or are gone */
};

/* ---- modules that lost something ---- */

static bool lost_exports(const struct beam_facts *before, const struct beam_facts *after)
{
	for (size_t i = 0; i < before->exports.len; i++)
		if (!beam_exports(after, before->exports.items[i].name,
				  before->exports.items[i].arity))
			return true;
	return false;
}

static void find_suspects(struct calls *calls)
{
	const struct modules *modules = calls->judge->modules;

	for (size_t i = 0; i < name_table_len(modules->names[SIDE_OLD]); i++) {
		struct module_at *before = &modules->items[SIDE_OLD][i], *after;

		after = modules_find(calls->judge->modules, SIDE_NEW, before->name);
		if (!after || (before->diff && after->diff &&
			       lost_exports(before->facts, after->facts)))
			name_table_add(calls->suspects, before->name, NULL);
	}
}

/* ---- one caller ---- */

static bool exports(struct calls *calls, enum side side, const struct beam_function *function)
{
	struct module_at *module = modules_find(calls->judge->modules, side, function->module);
	const struct beam_facts *facts = module ? module_facts(calls->judge->modules, side, module) : NULL;

	return facts && beam_exports(facts, function->name, function->arity);
}

static bool is_optional(const struct judge *judge, const struct module_at *caller,
			const char *module)
{
	const struct module_at *callee = modules_find(judge->modules, SIDE_OLD, module);

	return callee && names_have(caller->app->new_app->app->optional, callee->app->name);
}

static bool called_before(const struct calls *calls, const struct module_at *caller,
			  const struct beam_function *function)
{
	const struct module_at *before = modules_find(calls->judge->modules, SIDE_OLD, caller->name);

	return before && before->facts &&
	       beam_imports(before->facts, function->module, function->name, function->arity);
}

static bool is_missing(struct calls *calls, const struct module_at *caller,
		       const struct beam_function *function)
{
	const struct module_at *callee = modules_find(calls->judge->modules, SIDE_NEW, function->module);

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
	const char *others = more == 0 ? ""
				       : arena_printf(judge->arena, " (and %zu more of it)", more);
	const char *why = !modules_find(judge->modules, SIDE_NEW, function->module)
				  ? "whose module is no longer in the release"
			  : exports(calls, SIDE_OLD, function) ? "which is no longer there"
							       : "which does not exist";

	JUDGE(judge, REASON_function_missing, caller->app->name, caller->name,
	      "%s calls %s%s, %s: the process that does it fails", module_shown(caller->name),
	      function_shown(judge->arena, function), others, why)
		->hint = caller->same ? "compile it against the new release, or keep the function until "
					"nothing calls it any more"
				      : "correct the call, or raise the version of what it needs";
}

/* One finding for each module that is called. */
static void look_at(struct calls *calls, const struct module_at *caller,
		    const struct beam_facts *facts, bool suspects_only)
{
	owned_name_table struct name_table *modules = name_table_new();
	struct beam_functions imports = facts->imports;
	size_t *more = mem_zero(imports.len + 1, sizeof(*more));
	const struct beam_function **first =
		arena_array(calls->judge->arena, imports.len, const struct beam_function *);

	for (size_t i = 0; i < imports.len; i++) {
		const struct beam_function *function = &imports.items[i];
		bool is_new;
		size_t id;

		if (suspects_only && name_table_find(calls->suspects, span_of(function->module)) ==
					     NAME_ABSENT)
			continue;
		if (!is_missing(calls, caller, function))
			continue;
		id = name_table_add(modules, function->module, &is_new);
		if (is_new)
			first[id] = function;
		else
			more[id]++;
	}
	for (size_t i = 0; i < name_table_len(modules); i++)
		tell(calls, caller, first[i], more[i]);
	mem_done(&more);
}

/* ---- all callers ---- */

/* Most modules do not even know the name of one that lost something. */
static bool may_call(const struct calls *calls, const struct module_at *caller)
{
	enum { FEW = 16 };
	const struct beam *beam = &caller->same->beam;
	struct span atoms = beam->chunks[BEAM_ATU8].ptr ? beam->chunks[BEAM_ATU8]
							: beam->chunks[BEAM_ATOM];
	size_t len = name_table_len(calls->suspects);

	if (len > FEW)
		return true;
	for (size_t i = 0; i < len; i++) {
		const char *name = name_table_name(calls->suspects, i);

		if (memmem(atoms.ptr, atoms.len, name, strlen(name)))
			return true;
	}
	return false;
}

static void look_at_same(struct calls *calls, const struct module_at *caller)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct beam_facts *facts;

	if (!may_call(calls, caller))
		return;
	if (beam_read_facts(&facts, &scratch, &caller->same->beam, &calls->judge->modules->error)) {
		calls->judge->modules->failed = true;
		return;
	}
	look_at(calls, caller, facts, true);
}

void judge_calls(struct judge *judge)
{
	owned_name_table struct name_table *suspects = name_table_new();
	struct calls calls = { judge, suspects };
	struct modules *modules = judge->modules;

	find_suspects(&calls);
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]) && !modules->failed;
	     i++) {
		struct module_at *caller = &modules->items[SIDE_NEW][i];
		const struct beam_facts *facts;

		if (caller->diff) {
			look_at(&calls, caller, caller->facts, false);
		} else if (name_table_len(suspects) == 0) {
			continue;
		} else if (caller->same) {
			look_at_same(&calls, caller);
		} else if ((facts = module_facts(judge->modules, SIDE_NEW, caller))) {
			look_at(&calls, caller, facts, true);
		}
	}
}
