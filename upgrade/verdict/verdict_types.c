// SPDX-License-Identifier: Apache-2.0
/* The state of processes below its first level. */
#include "erlang/code/code_loops.h"
#include "erlang/code/code_states.h"
#include "upgrade/verdict/verdict_running.h"
#include "upgrade/verdict/verdict_states.h"

#define CONVERT "convert the state in code_change, both ways, or restart"

/* The code of a release, which goes on with what that of the other one made. */
static struct heir heir_of(struct judge *judge, enum side side, const struct typed *typed)
{
	const bool up = side == SIDE_NEW;

	return (struct heir){ .judge = judge,
			      .side = side,
			      .code = up ? typed->new_code : typed->old_code,
			      .maker = up ? typed->old_code : typed->new_code,
			      .role = typed->role };
}

/* ---- funs ---- */

static void judge_held_fun(struct judge *judge, const struct typed *typed,
			   const struct type *before)
{
	const struct code *code = type_fun(before);
	struct module_at *module =
		code ? modules_find(judge->modules, SIDE_OLD, code->module) : NULL;

	if (module && module->diff && !is_told(judge, REASON_fun_kept, typed->name))
		JUDGE(judge, REASON_fun_kept, typed->app->name, typed->name,
		      "the state of the processes of %s holds a fun of %s: it is gone when the old "
		      "code is purged, and calling it fails",
		      process_shown(judge, typed), module_shown(code->module))
			->hint =
			"keep fun ?MODULE:name/arity or {Module, Function} instead, or make it "
			"anew in code_change";
}

/* ---- what fails when it is tried ---- */

/* A special process that goes on with a state, and ends at a message; NULL: it is not seen to. */
static const char *loop_that_ends(struct judge *judge, enum side side, const struct code *code,
				  const struct type *before, const struct type *after)
{
	const struct code_function *go_on = code_function(code, "system_continue", 3);
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct type *nothing = type_new(&scratch);
	struct type *was[] = { nothing, nothing, type_new(&scratch) };
	struct type *is[] = { nothing, nothing, type_new(&scratch) };

	*was[2] = *before;
	*is[2] = *after;
	if (!go_on || type_is_empty(before) || type_is_empty(after) ||
	    !code_loop_fails(code, code_loop_parts(code, function_waits, &scratch),
			     &judge->modules->library[side], go_on, was, is))
		return NULL;
	return "its loop";
}

const char *what_fails(struct judge *judge, enum side side, const struct typed *typed,
		       const struct type *before, const struct type *after)
{
	struct heir heir = heir_of(judge, side, typed);

	if (typed->role == BEAM_SPECIAL)
		return loop_that_ends(judge, side, heir.code, before, after);
	if (!typed->keeps)
		heir.maker = NULL;
	return typed->role ? callback_that_fails(&heir, before, after) : NULL;
}

/* True: the way up is told of. */
static bool judge_failing(struct judge *judge, const struct typed *typed, const struct type *before,
			  const struct type *after, const struct type *converted,
			  const struct type *converted_back)
{
	const char *shown = process_shown(judge, typed);
	const char *failing = what_fails(judge, SIDE_NEW, typed, converted, after);

	if (failing) {
		JUDGE(judge, REASON_state_shape_changed, typed->app->name, typed->name,
		      "%s of %s fails with the state that its processes have %s", failing, shown,
		      typed->keeps ? "and keep" : "behind code_change")
			->hint = CONVERT;
		return true;
	}
	if (is_told(judge, REASON_not_reversible, typed->name))
		return false;
	failing = what_fails(judge, SIDE_OLD, typed, converted_back, before);
	if (failing)
		JUDGE(judge, REASON_not_reversible, typed->app->name, typed->name,
		      "on the way back, %s of %s fails with the state that its processes have %s",
		      failing, shown, typed->keeps ? "and keep" : "behind code_change")
			->hint = "convert the state back where code_change is given {down, Vsn}";
	return false;
}

/* ---- lists of pairs, as options that a start merges with what it is given ---- */

/* Keys that the other code puts there, and this one's does not even know: nobody gives them. */
static bool lacks_pairs(const struct heir *heir, struct type_diffs diffs)
{
	const enum side other = heir->side == SIDE_NEW ? SIDE_OLD : SIDE_NEW;
	bool lacks = false;

	for (size_t i = 0; i < diffs.len; i++) {
		if (diffs.items[i].what != TYPE_PAIR)
			continue;
		if (may_put_key(heir->judge, other, heir->maker, diffs.items[i].tag))
			return false;
		lacks = true;
	}
	return lacks;
}

/* As judge_failing(), of what is made of list[key] where the key is not there. */
static bool judge_closed(struct judge *judge, const struct typed *typed, const struct type *before,
			 const struct type *after)
{
	const struct type *was = type_closed_pairs(before, judge->arena);
	const struct type *is = type_closed_pairs(after, judge->arena);

	return judge_failing(judge, typed, was, is, was, is);
}

/* ---- what is seen of a part of which not all is ---- */

/* The type, where a part of which not all is seen, as what callers hand in, has been of a kind that
 * the other code makes no more: with that alone.  The type itself: there is no such part.
 */
static const struct type *seen_alone(const struct type *type, const struct type *other,
				     struct arena *arena)
{
	struct type_diffs diffs = type_compare(type, other, arena);

	for (size_t i = 0; i < diffs.len; i++) {
		const struct type_diff *diff = &diffs.items[i];
		struct type *seen;

		if (diff->what != TYPE_LOST || !can_be_seen_in_use(diff) || !diff->after->kinds ||
		    diff->after->unknown || diff->after->argument)
			continue;
		seen = arena_new(arena, struct type);
		*seen = *diff->before;
		seen->unknown = seen->argument = false;
		if (!type_meets(seen, diff->after))
			type = type_with(type, diff->before, seen, arena);
	}
	return type;
}

/* As judge_failing(), of those parts. */
static bool judge_seen(struct judge *judge, const struct typed *typed, const struct type *before,
		       const struct type *after)
{
	const struct type *was = seen_alone(before, after, judge->arena);
	const struct type *is = seen_alone(after, before, judge->arena);

	return (was != before || is != after) && judge_failing(judge, typed, was, is, was, is);
}

/* ---- both ways ---- */

static void judge_kept_types(struct judge *judge, const struct typed *typed,
			     const struct type *before, const struct type *after,
			     const struct type_diffs *earlier)
{
	struct type_diffs up = type_compare(before, after, judge->arena);
	const struct heir heir = heir_of(judge, SIDE_NEW, typed);
	const struct heir back = heir_of(judge, SIDE_OLD, typed);
	const struct type_diff *lost, *harm = first_harm(&heir, up, false);
	struct argument given = { NULL, false };

	if (harm && callbacks_cope(&heir, before, after))
		harm = NULL;
	if (!harm && !earlier) {
		given = argument_seen(&heir, typed, before, after, up);
		harm = given.harm;
	}
	if (harm) {
		struct reason *reason =
			JUDGE(judge, REASON_state_shape_changed, typed->app->name, typed->name,
			      "in the state of the processes of %s %s; they keep it as it is",
			      process_shown(judge, typed), type_diff_shown(judge->arena, harm));

		reason->hint = CONVERT;
		if (!typed->role &&
		    !code_is_fsm(typed->old_code, &judge->modules->library[SIDE_OLD]))
			reason->severity = SEVERITY_WARN;
		return;
	}
	harm = type_harm(&back, after, before);
	if (harm && !is_told(judge, REASON_not_reversible, typed->name) &&
	    !callbacks_cope(&back, after, before))
		JUDGE(judge, REASON_not_reversible, typed->app->name, typed->name,
		      "on the way back, in the state of the processes of %s %s; they keep it as it "
		      "is",
		      process_shown(judge, typed), type_diff_shown(judge->arena, harm))
			->hint = "convert the state back where code_change is given {down, Vsn}";
	if (judge_failing(judge, typed, before, after, before, after) || !typed->role)
		return;
	if ((lacks_pairs(&heir, up) ||
	     lacks_pairs(&back, type_compare(after, before, judge->arena))) &&
	    judge_closed(judge, typed, before, after))
		return;
	if (judge_seen(judge, typed, before, after))
		return;
	lost = given.alike ? NULL : first_lost(judge, typed, up, earlier);
	if (lost && earlier)
		judge_lost(judge, typed, lost);
	else if (lost)
		judge_kept_types(judge, typed, looked_for(judge, SIDE_OLD, typed),
				 looked_for(judge, SIDE_NEW, typed), &up);
	else
		judge_unseen(judge, typed, before, after);
}

/* What the appup gives to code_change; NULL: it is not seen. */
static const struct term *extra_given(struct judge *judge, const struct typed *typed, bool down)
{
	const struct appup_made *made = appups_find(judge->appups, typed->app->name);
	const struct term *instruction = made ? appup_instruction(made, down, typed->name) : NULL;

	for (size_t i = 2; instruction && i < instruction->seq.len; i++)
		if (term_is_tagged(term_at(instruction, i), "advanced", 2))
			return term_at(term_at(instruction, i), 1);
	return NULL;
}

/* An atom that is the whole state, as `undefined` until it is used first, for which code_change
 * fails whatever it does with others; NULL: none.
 */
static const char *atom_that_fails(struct judge *judge, const struct typed *typed,
				   const struct type *state, struct change_given given)
{
	const struct code_library *library = &judge->modules->library[SIDE_NEW];

	for (size_t i = 0; i < state->atoms_len; i++) {
		struct type *one = type_new(judge->arena);

		type_add(one, value_of_atom(judge->arena, state->atoms[i]), judge->arena);
		if (code_change_type(typed->new_code, typed->role, one, given, library,
				     judge->arena)
			    .fails_all)
			return state->atoms[i];
	}
	return NULL;
}

static void judge_converted_types(struct judge *judge, const struct typed *typed,
				  const struct type *before, const struct type *after)
{
	const struct code_library *library = &judge->modules->library[SIDE_NEW];
	const struct term *vsn = typed->old_facts->vsn;
	const struct change_given given_up = { vsn, extra_given(judge, typed, false), false };
	const struct change_given given_down = { vsn, extra_given(judge, typed, true), true };
	struct type_changed up = code_change_type(typed->new_code, typed->role, before, given_up,
						  library, judge->arena);
	struct type_changed down = code_change_type(typed->new_code, typed->role, after, given_down,
						    library, judge->arena);
	const char *atom = atom_that_fails(judge, typed, before, given_up);
	bool as_it_is = goes_back_as_it_is(judge, typed->app, typed->name);
	const struct heir heir = heir_of(judge, SIDE_NEW, typed);
	const struct heir back = heir_of(judge, SIDE_OLD, typed);
	struct heir converted = heir;
	const struct type_diff *harm;

	converted.maker = typed->new_code; /* whose code_change it was */
	if (as_it_is) {
		down = (struct type_changed){ .type = type_new(judge->arena) };
		*down.type = *after;
	}
	if (up.fails_all || (typed->role == BEAM_SPECIAL && up.fails) || atom) {
		JUDGE(judge, REASON_state_shape_changed, typed->app->name, typed->name,
		      "code_change of %s fails for the state %s", process_shown(judge, typed),
		      atom ? atom : "of its processes")
			->hint = CONVERT;
		return;
	}
	harm = first_harm(&converted, type_compare(up.type, after, judge->arena), true);
	if (harm && !callbacks_cope(&heir, up.type, after)) {
		JUDGE(judge, REASON_state_shape_changed, typed->app->name, typed->name,
		      "behind code_change, in the state of the processes of %s %s",
		      process_shown(judge, typed), type_diff_shown(judge->arena, harm))
			->hint = CONVERT;
		return;
	}
	atom = as_it_is ? NULL : atom_that_fails(judge, typed, after, given_down);
	if ((down.fails_all || (typed->role == BEAM_SPECIAL && down.fails) || atom) &&
	    !is_told(judge, REASON_not_reversible, typed->name)) {
		JUDGE(judge, REASON_not_reversible, typed->app->name, typed->name,
		      "on the way back, code_change of %s fails for the state %s",
		      process_shown(judge, typed), atom ? atom : "of its processes")
			->hint = "convert the state back where it is given {down, Vsn}";
		return;
	}
	harm = first_harm(&back, type_compare(down.type, before, judge->arena), true);
	if (harm && !is_told(judge, REASON_not_reversible, typed->name))
		JUDGE(judge, REASON_not_reversible, typed->app->name, typed->name,
		      "on the way back, %sin the state of the processes of %s %s%s",
		      as_it_is ? "" : "behind code_change, ", process_shown(judge, typed),
		      type_diff_shown(judge->arena, harm),
		      as_it_is ? "; the appup leaves it as it is" : "")
			->hint = as_it_is ? "let the appup update the module on the way back, too"
					  : "convert the state back where code_change is given "
					    "{down, Vsn}";
	judge_failing(judge, typed, before, after, up.type, down.type);
}

static const struct type *state_of(struct judge *judge, enum side side, const struct typed *typed)
{
	const struct code *code = side == SIDE_OLD ? typed->old_code : typed->new_code;

	return judge->plugin ? code_state_type(code, typed->role, &judge->modules->library[side],
					       false, judge->arena)
			     : module_state(judge->modules, side, typed->name, code, typed->role);
}

void judge_types(struct judge *judge, const struct typed *typed)
{
	const struct type *before, *after;

	if (is_told(judge, REASON_state_shape_changed, typed->name) || typed->old_code->unread ||
	    typed->new_code->unread)
		return;
	before = state_of(judge, SIDE_OLD, typed);
	after = state_of(judge, SIDE_NEW, typed);
	if (typed->keeps)
		judge_held_fun(judge, typed, before);
	if (typed->keeps)
		judge_kept_types(judge, typed, before, after, NULL);
	else
		judge_converted_types(judge, typed, before, after);
}
