// SPDX-License-Identifier: Apache-2.0
/* The state of processes below its first level, and where it cannot be seen. */
#include "erlang/code/code_facts.h"
#include "erlang/code/code_loops.h"
#include "erlang/code/code_states.h"
#include "upgrade/verdict/verdict_parts.h"

#define CONVERT "convert the state in code_change, both ways, or restart"

static const char *process_shown(const struct judge *judge, const struct typed *typed)
{
	return judge->plugin ? arena_printf(judge->arena, "%s that run %s",
					    module_shown(typed->name), module_shown(judge->plugin))
			     : module_shown(typed->name);
}

/* ---- what does harm ---- */

/* Some code that changed understands both: it need not be the one that keeps it. */
static bool somebody_knows(struct judge *judge, enum side side, const struct code *code,
			   const struct type_diff *diff)
{
	if (code_matches(code, diff->tag, diff->size))
		return true;
	for (size_t i = 0; i < judge->diff->len; i++) {
		const struct module_diffs modules = judge->diff->apps[i].modules;

		for (size_t j = 0; j < modules.len; j++) {
			const struct code *other = side == SIDE_NEW ? modules.items[j].new_code
								    : modules.items[j].old_code;

			if (other && code_matches(other, diff->tag, diff->size))
				return true;
		}
	}
	return false;
}

bool imports_from(const struct code *code, const char *module)
{
	for (size_t i = 0; i < code->imports.len; i++)
		if (strcmp(code->imports.items[i].module, module) == 0)
			return true;
	return false;
}

bool code_or_library(struct judge *judge, enum side side, const struct code *code,
		     bool (*is)(const struct code *code, const void *what), const void *what)
{
	if (is(code, what))
		return true;
	for (size_t i = 0; i < judge->diff->len; i++) {
		const struct module_diffs modules = judge->diff->apps[i].modules;

		for (size_t j = 0; j < modules.len; j++) {
			const struct code *other = side == SIDE_NEW ? modules.items[j].new_code
								    : modules.items[j].old_code;

			if (other && other != code && !other->unread &&
			    (imports_from(code, other->module) ||
			     (judge->plugin && strcmp(judge->plugin, other->module) == 0)) &&
			    is(other, what))
				return true;
		}
	}
	return false;
}

static bool is_key_wanted(const struct code *code, const void *key)
{
	return wants_key(code, key);
}

bool reads_key(struct judge *judge, enum side side, const struct code *code, const char *key)
{
	return code_or_library(judge, side, code, is_key_wanted, key);
}

/* Nobody puts a key there whose name is not in the code. */
static bool is_key_known(const struct code *code, const void *key)
{
	owned_name_table struct name_table *atoms = atoms_of(code);

	return name_table_find(atoms, span_of(key)) != NAME_ABSENT;
}

bool may_put_key(struct judge *judge, enum side side, const struct code *code, const char *key)
{
	return code_or_library(judge, side, code, is_key_known, key);
}

/* Takes that struct apart, by that key. */
static bool is_field_wanted(const struct code *code, const void *what)
{
	const struct type_diff *diff = what;

	for (size_t i = 0; i < code->len; i++)
		if (function_names(&code->functions[i], diff->of) &&
		    function_wants_key(code, &code->functions[i], diff->tag))
			return true;
	return false;
}

/* Who reads a struct may be the module that defines it, or one that is handed it. */
static bool wants(struct judge *judge, enum side side, const struct code *code,
		  const struct type_diff *diff)
{
	const struct type *type = diff->after;

	if (diff->of ? wants_key(code, diff->tag) ||
			       code_or_library(judge, side, code, is_field_wanted, diff)
		     : reads_key(judge, side, code, diff->tag))
		return true;
	for (size_t i = 0; i < type->len; i++) {
		const char *of = type->variants[i].map ? type->variants[i].tag : NULL;
		const struct code *other = modules_code(judge->modules, side, of);

		if (other && wants_key(other, diff->tag))
			return true;
	}
	return false;
}

static bool asks_for_pair(const struct code *code, const struct code_function *function,
			  const char *key)
{
	for (size_t i = 0; i < function->len; i++) {
		const struct code_op *op = &function->ops[i];
		const struct beam_function *to = code_op_import(code, op);
		const struct term *asked = NULL;

		if (to && to->arity == 2 && strcmp(to->name, "fetch!") == 0 &&
		    strcmp(to->module, "Elixir.Keyword") == 0)
			asked = argument_at(function, i, 1);
		if (asked && term_is_atom(asked, key))
			return true;
	}
	return false;
}

/* A callback comes to Keyword.fetch!(…, Key): what a start fetches is there. */
static bool fetches_pair(const struct code *code, const char *key, struct arena *arena)
{
	bool *marked = arena_array(arena, code->len, bool);

	for (size_t i = 0; i < code->len; i++)
		marked[i] = asks_for_pair(code, &code->functions[i], key);
	code_mark_callers(code, marked);
	for (size_t i = 0; i < code->len; i++)
		if (marked[i] && strncmp(code->functions[i].name, "handle_", 7) == 0 &&
		    code_exports(code, code->functions[i].name, code->functions[i].arity))
			return true;
	return false;
}

/* Whether code cannot go on with what `maker` made before. */
static bool harms(struct judge *judge, enum side side, const struct code *code,
		  const struct code *maker, const struct type_diff *diff, bool converted)
{
	switch (diff->what) {
	case TYPE_SIZE:
		return diff->size < 64 && (converted || !somebody_knows(judge, side, code, diff));
	case TYPE_OTHER:
	case TYPE_SWAP:
		return true;
	case TYPE_KEYS:
		return !keys_found(judge, side, code, diff);
	case TYPE_KEY:
		return wants(judge, side, code, diff) &&
		       !(diff->open && may_put_key(judge, side == SIDE_NEW ? SIDE_OLD : SIDE_NEW,
						   maker, diff->tag));
	case TYPE_PAIR:
		return fetches_pair(code, diff->tag, judge->arena) &&
		       !may_put_key(judge, side == SIDE_NEW ? SIDE_OLD : SIDE_NEW, maker,
				    diff->tag);
	default:
		return false;
	}
}

static const struct type_diff *first_harm(struct judge *judge, enum side side,
					  const struct code *code, const struct code *maker,
					  struct type_diffs diffs, bool converted)
{
	for (size_t i = 0; i < diffs.len; i++)
		if (harms(judge, side, code, maker, &diffs.items[i], converted))
			return &diffs.items[i];
	return NULL;
}

const char *type_diff_shown(struct arena *arena, const struct type_diff *diff)
{
	owned_str struct str text = STR_EMPTY;

	if (diff->what == TYPE_SIZE) {
		if (diff->tag)
			str_addf(&text, "the tuple %s had %zu elements and has %zu",
				 module_shown(diff->tag), diff->size, diff->new_size);
		else
			str_addf(&text, "a tuple had %zu elements and has %zu", diff->size,
				 diff->new_size);
	} else if (diff->what == TYPE_SWAP) {
		str_addf(&text, "elements %zu and %zu of a tuple%s%s changed places", diff->size,
			 diff->new_size, diff->tag ? ", " : "",
			 diff->tag ? module_shown(diff->tag) : "");
	} else if (diff->what == TYPE_PAIR) {
		str_addf(&text, "the list lacks the key %s, which is taken to be there", diff->tag);
	} else if (diff->what == TYPE_KEY) {
		if (diff->of)
			str_addf(&text, "the %s %s", struct_kind(diff->of), module_shown(diff->of));
		else
			str_adds(&text, "the map");
		str_addf(&text, " lacks the key %s, which is taken to be there", diff->tag);
	} else {
		str_adds(&text, diff->what == TYPE_KEYS ? "a key of the map was " : "was ");
		type_print(&text, diff->before);
		str_adds(&text, ", is ");
		type_print(&text, diff->after);
	}
	if (*diff->path)
		str_addf(&text, " (%s)", diff->path);
	return arena_dup(arena, str_span(&text));
}

/* ---- what cannot be seen ---- */

static const char *where_shown(struct judge *judge, const char *module,
			       const struct beam_function *lost)
{
	if (!lost->name)
		return "a value at run time";
	return arena_printf(judge->arena, "%s:%s/%u",
			    module_shown(lost->module ? lost->module : module), lost->name,
			    lost->arity);
}

const struct type_diff *type_harm(struct judge *judge, enum side side, const struct code *code,
				  const struct code *maker, const struct type *before,
				  const struct type *after)
{
	return first_harm(judge, side, code, maker, type_compare(before, after, judge->arena),
			  false);
}

/* Whether more is known of it than that it is a list, or a map. */
static bool has_structure(const struct type *type)
{
	for (size_t i = 0; i < type->len; i++)
		if (!type->variants[i].map || type->variants[i].tag || type->variants[i].len > 0)
			return true;
	return type->item && has_structure(type->item);
}

/* What a plugin makes for it is called by a name that it was given. */
static bool init_stays(struct judge *judge, const struct typed *typed)
{
	return !judge->plugin && function_stays(judge->modules, typed->name, "init", 1);
}

/* Lost in the same function, which does the same: the same value. */
static bool lost_alike(struct judge *judge, const struct typed *typed, const struct type_diff *diff)
{
	const struct beam_function *a = &diff->before->lost, *b = &diff->after->lost;

	if (!diff->before->unknown && !diff->after->unknown)
		return diff->before->argument == diff->after->argument ||
		       (*diff->path && !has_structure(diff->before) &&
			!has_structure(diff->after)) ||
		       init_stays(judge, typed);
	if (diff->before->unknown != diff->after->unknown &&
	    has_structure(diff->before->unknown ? diff->after : diff->before))
		return false;
	if (!beam_function_same(a, b) && has_structure(diff->before) != has_structure(diff->after))
		return false;
	if (!beam_function_same(a, b))
		return *diff->path && (!a->name || !b->name);
	if (!*diff->path && !judge->plugin && !init_stays(judge, typed))
		return false;
	if (!b->name)
		return true;
	return function_stays(judge->modules, b->module ? b->module : typed->name, b->name,
			      b->arity);
}

static void judge_lost(struct judge *judge, const struct typed *typed, struct type_diffs diffs)
{
	for (size_t i = 0; i < diffs.len; i++) {
		const struct type_diff *diff = &diffs.items[i];

		if (diff->what != TYPE_LOST || lost_alike(judge, typed, diff))
			continue;
		JUDGE(judge, REASON_state_opaque, typed->app->name, typed->name,
		      "whether the state of the processes of %s keeps its shape cannot be "
		      "seen%s%s%s: "
		      "it is lost at %s",
		      process_shown(judge, typed), *diff->path ? " (" : "", diff->path,
		      *diff->path ? ")" : "",
		      where_shown(judge, typed->name,
				  diff->after->unknown ? &diff->after->lost : &diff->before->lost))
			->hint =
			"fine when it does; otherwise convert it in code_change, both ways";
		return;
	}
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

/* What in the code of `side` fails for states of the type `before`, and for none that it makes. */
static const char *what_fails(struct judge *judge, enum side side, const struct typed *typed,
			      const struct type *before, const struct type *after)
{
	const struct code *code = side == SIDE_NEW ? typed->new_code : typed->old_code;
	const struct code *maker = side == SIDE_NEW ? typed->old_code : typed->new_code;

	if (typed->role == BEAM_SPECIAL)
		return loop_that_ends(judge, side, code, before, after);
	return typed->role ? callback_that_fails(judge, side, code, typed->keeps ? maker : NULL,
						 typed->role, before, after)
			   : NULL;
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

/* ---- both ways ---- */

static void judge_kept_types(struct judge *judge, const struct typed *typed,
			     const struct type *before, const struct type *after)
{
	struct type_diffs up = type_compare(before, after, judge->arena);
	struct type_diffs down = type_compare(after, before, judge->arena);
	const struct type_diff *harm =
		first_harm(judge, SIDE_NEW, typed->new_code, typed->old_code, up, false);

	if (harm && callbacks_cope(judge, SIDE_NEW, typed->new_code, typed->old_code, typed->role,
				   before, after))
		harm = NULL;
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
	harm = first_harm(judge, SIDE_OLD, typed->old_code, typed->new_code, down, false);
	if (harm && !is_told(judge, REASON_not_reversible, typed->name) &&
	    !callbacks_cope(judge, SIDE_OLD, typed->old_code, typed->new_code, typed->role, after,
			    before))
		JUDGE(judge, REASON_not_reversible, typed->app->name, typed->name,
		      "on the way back, in the state of the processes of %s %s; they keep it as it "
		      "is",
		      process_shown(judge, typed), type_diff_shown(judge->arena, harm))
			->hint = "convert the state back where code_change is given {down, Vsn}";
	if (!judge_failing(judge, typed, before, after, before, after) && typed->role)
		judge_lost(judge, typed, up);
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
	const struct type_diff *harm;

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
	harm = first_harm(judge, SIDE_NEW, typed->new_code, typed->new_code,
			  type_compare(up.type, after, judge->arena), true);
	if (harm && !callbacks_cope(judge, SIDE_NEW, typed->new_code, typed->old_code, typed->role,
				    up.type, after)) {
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
	harm = first_harm(judge, SIDE_OLD, typed->old_code, typed->new_code,
			  type_compare(down.type, before, judge->arena), true);
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
					       judge->arena)
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
		judge_kept_types(judge, typed, before, after);
	else
		judge_converted_types(judge, typed, before, after);
}
