// SPDX-License-Identifier: Apache-2.0
/* Functions that are kept by name: {Module, Function}, {Module, Function, Arguments} and
 * fun Module:Function/Arity in the state of a process, in a table, in a timer, in what a process
 * that sleeps wakes up with.  Whoever calls one that is gone fails.
 */
#include "erlang/code/children.h"
#include "erlang/code/code_facts.h"
#include "upgrade/verdict/verdict_kept.h"
#include "upgrade/verdict/verdict_messages.h"

struct keep {
	struct judge *judge;
	enum side side; /* of the code that keeps: on the way back it is the new one */
	struct module_at *module;
	const struct name_table *suspects; /* modules of that side that changed, or are gone */
	bool applies; /* it calls modules that its state names: their names alone count */
};

/* ---- what is gone ---- */

/* A function of that name that takes as many arguments, or more in front of them; none of those is
 * there any more.
 */
static bool is_gone(struct keep *keep, const char *module, const char *name, uint32_t least,
		    uint32_t most)
{
	struct modules *modules = keep->judge->modules;
	const struct beam_facts *had = modules_facts(modules, keep->side, module);
	const struct beam_facts *has = modules_facts(modules, !keep->side, module);
	bool found = false;

	for (size_t i = 0; had && i < had->exports.len; i++) {
		const struct beam_function *to = &had->exports.items[i];

		if (strcmp(to->name, name) != 0 || to->arity < least || to->arity > most)
			continue;
		found = true;
		if (has && beam_exports(has, name, to->arity))
			return false;
	}
	return found;
}

/* Whether a function of that side is there, and fails whatever else becomes of it. */
static bool fails_with(struct keep *keep, enum side side, const struct beam_function *to,
		       const struct value *const *args)
{
	struct modules *modules = keep->judge->modules;
	const struct code *code = modules_code(modules, side, to->module);
	const struct code_function *function =
		code && !code->unread && code_exports(code, to->name, to->arity)
			? code_function(code, to->name, to->arity)
			: NULL;
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct eval eval = { .arena = &scratch, .library = &modules->library[side], .limit = 8000 };

	return function && eval_function(&eval, code, function, args).len == 0 && !eval.gave_up &&
	       !eval.cut;
}

/* "hooks:done, which is gone"; NULL: it is still there, or no such name. */
static const char *gone_call(struct keep *keep, const struct value *module,
			     const struct value *name, const struct value *args)
{
	struct arena *arena = keep->judge->arena;
	const char *m = value_atom_name(module), *f = m ? value_atom_name(name) : NULL;
	const struct value *given[EFFECT_ARGS], *head;
	struct beam_function to = { m, f, 0 };

	if (!f || name_table_find(keep->suspects, span_of(m)) == NAME_ABSENT)
		return NULL;
	for (; args && value_uncons(args, arena, &head, &args); to.arity++)
		if (to.arity < ARRAY_LEN(given))
			given[to.arity] = head;
	if (is_gone(keep, m, f, to.arity, 255))
		return arena_printf(arena, "%s:%s by its name, which is gone", module_shown(m), f);
	/* A loop that sleeps is told of already. */
	if (is_told(keep->judge, REASON_state_shape_changed, m) || !args ||
	    value_is_nil(args) != YES || to.arity == 0 || to.arity > ARRAY_LEN(given) ||
	    fails_with(keep, keep->side, &to, given) || !fails_with(keep, !keep->side, &to, given))
		return NULL;
	return arena_printf(arena, "%s:%s/%u with arguments for which it fails", module_shown(m), f,
			    to.arity);
}

static const char *gone_capture(struct keep *keep, const struct term *term)
{
	struct beam_function to;

	if (!code_capture(&to, keep->judge->arena, term) ||
	    name_table_find(keep->suspects, span_of(to.module)) == NAME_ABSENT ||
	    !is_gone(keep, to.module, to.name, to.arity, to.arity))
		return NULL;
	return arena_printf(keep->judge->arena, "%s:%s/%u by its name, which is gone",
			    module_shown(to.module), to.name, to.arity);
}

/* ---- in values ---- */

static const char *gone_in(struct keep *keep, const struct value *value, unsigned depth);

static const char *gone_in_term(struct keep *keep, const struct term *term, unsigned depth)
{
	const char *found = NULL;

	if (term->kind == TERM_MAP)
		for (size_t i = 0; i < term->map.len && !found; i++)
			found = gone_in(keep,
					value_of_term(keep->judge->arena, term->map.values[i]),
					depth);
	if (term->kind == TERM_OPAQUE)
		found = gone_capture(keep, term);
	return found;
}

static const char *gone_in_tuple(struct keep *keep, const struct value *value, size_t size,
				 unsigned depth)
{
	struct arena *arena = keep->judge->arena;
	const char *found = NULL;

	if (size == 2 || size == 3)
		found = gone_call(keep, value_element(value, 0, arena),
				  value_element(value, 1, arena),
				  size == 3 ? value_element(value, 2, arena) : NULL);
	for (size_t i = 0; i < size && !found; i++)
		found = gone_in(keep, value_element(value, i, arena), depth);
	return found;
}

/* The name of a module that is gone. */
static const char *gone_module(struct keep *keep, const struct value *value)
{
	struct modules *modules = keep->judge->modules;
	const char *name = keep->applies ? value_atom_name(value) : NULL;

	return name && name_table_find(keep->suspects, span_of(name)) != NAME_ABSENT &&
			       !modules_find(modules, !keep->side, name)
		       ? arena_printf(keep->judge->arena, "%s by its name, which is gone",
				      module_shown(name))
		       : NULL;
}

static const char *gone_in(struct keep *keep, const struct value *value, unsigned depth)
{
	int size = value_tuple_size(value);
	const struct value *head, *tail;
	const char *found;

	if (depth == 0)
		return NULL;
	if (size >= 0)
		return gone_in_tuple(keep, value, (size_t)size, depth - 1);
	if (value->kind == VALUE_MAP) {
		found = gone_in(keep, value->map.value, depth - 1);
		return found ? found : gone_in(keep, value->map.base, depth - 1);
	}
	if (value_uncons(value, keep->judge->arena, &head, &tail)) {
		found = gone_in(keep, head, depth - 1);
		return found ? found : gone_in(keep, tail, depth - 1);
	}
	if ((found = gone_module(keep, value)))
		return found;
	return value->kind == VALUE_TERM ? gone_in_term(keep, value->constant.term, depth - 1)
					 : NULL;
}

/* ---- who keeps it ---- */

enum { KEPT_DEPTH = 12 };

static void tell(struct keep *keep, const char *gone, const char *place)
{
	struct module_at *module = keep->module;

	if (is_told(keep->judge, REASON_fun_kept, module->name))
		return;
	JUDGE(keep->judge, REASON_fun_kept, module->app->name, module->name,
	      "%s holds %s%s: whoever calls it fails", place, gone,
	      keep->side == SIDE_NEW ? " on the way back" : "")
		->hint = "keep the function, as it was called, for one release, or put another "
			 "name there in code_change, "
			 "or behind the upgrade";
}

/* The state is handed on as it is, and not made anew by code_change. */
static bool keeps_state(const struct keep *keep, const struct beam_facts *facts)
{
	const struct module_diff *diff = keep->module->diff;
	unsigned roles = facts->roles & BEAM_PROCESS;

	if (!roles || (diff && (diff->change != CHANGE_CHANGED || diff->new_code->unread)))
		return false;
	return !diff ||
	       code_change_keeps(code_change(diff->new_code, (enum beam_role)(roles & -roles)));
}

static bool is_callback(const struct code_function *function)
{
	return strcmp(function->name, "init") == 0 || strncmp(function->name, "handle_", 7) == 0;
}

/* Module:function(…), where the module is known only at run time. */
static bool applies_modules(const struct code *code)
{
	for (size_t i = 0; i < code->len; i++)
		for (size_t j = 0; j < code->functions[i].len; j++) {
			unsigned opcode = code->functions[i].ops[j].opcode;

			if (opcode == OP_APPLY || opcode == OP_APPLY_LAST)
				return true;
		}
	return false;
}

static void judge_kept_state(struct keep *keep, const struct code *code)
{
	const struct code_library *library = &keep->judge->modules->library[keep->side];
	const struct value *args[] = { &value_unknown, &value_unknown, &value_unknown,
				       &value_unknown };

	for (size_t i = 0; i < code->len; i++) {
		const struct code_function *function = &code->functions[i];
		struct eval eval = { .arena = keep->judge->arena,
				     .library = library,
				     .limit = 8000 };
		struct values values;

		if (!is_callback(function) || function->arity > ARRAY_LEN(args) ||
		    !code_exports(code, function->name, function->arity))
			continue;
		values = eval_function(&eval, code, function, args);
		for (size_t j = 0; j < values.len; j++) {
			const char *gone = gone_in(keep, values.items[j], KEPT_DEPTH);

			if (gone)
				tell(keep, gone,
				     arena_printf(keep->judge->arena, "the state of %s",
						  module_shown(keep->module->name)));
		}
	}
}

static bool holds_gone(void *keep, const struct value *value)
{
	return gone_in(keep, value, KEPT_DEPTH) != NULL;
}

/* Sent to another process, which keeps it. */
static void judge_kept_message(struct keep *keep, const struct code *sender,
			       const struct code_effect *effect)
{
	const char *gone = NULL, *place;

	for (size_t i = 0; i < EFFECT_ARGS && i < effect->to.arity && !gone; i++)
		gone = gone_in(keep, effect->args[i], KEPT_DEPTH);
	place = gone ? kept_by_receiver(keep->judge, keep->side, sender, effect, holds_gone, keep)
		     : NULL;
	if (place)
		tell(keep, gone, place);
}

/* Calls that keep what they are given, and where M, F, Args stand among their arguments. */
static const struct keeper {
	const char *module, *name;
	int at; /* of M; -1: nowhere but inside of them */
	const char *place;
} keepers[] = {
	{ "ets", "insert", -1, "a table" },
	{ "ets", "insert_new", -1, "a table" },
	{ "dets", "insert", -1, "a table" },
	{ "mnesia", "write", -1, "a table" },
	{ "mnesia", "dirty_write", -1, "a table" },
	{ "persistent_term", "put", -1, "a persistent term" },
	{ "application", "set_env", -1, "the environment" },
	{ "erlang", "put", -1, "the process dictionary" },
	{ "Elixir.Process", "put", -1, "the process dictionary" },
	{ "Elixir.Application", "put_env", -1, "the environment" },
	{ "Elixir.Registry", "register", -1, "a registry" },
	{ "Elixir.Agent", "start_link", -1, "an agent" },
	{ "telemetry", "attach", -1, "a handler of telemetry" },
	{ "telemetry", "attach_many", -1, "a handler of telemetry" },
	{ "timer", "apply_after", 1, "a timer" },
	{ "timer", "apply_interval", 1, "a timer" },
	{ "timer", "apply_repeatedly", 1, "a timer" },
	{ "erlang", "hibernate", 0, "a process that hibernates" },
	{ "proc_lib", "hibernate", 0, "a process that hibernates" },
};

static void judge_kept_call(struct keep *keep, const struct code_effect *effect)
{
	const char *gone = NULL;

	for (size_t i = 0; i < ARRAY_LEN(keepers); i++) {
		const struct keeper *keeper = &keepers[i];

		if (!effect_is(effect, keeper->module, keeper->name, 0))
			continue;
		if (keeper->at >= 0 && effect->to.arity >= (uint32_t)keeper->at + 3)
			gone = gone_call(keep, effect->args[keeper->at],
					 effect->args[keeper->at + 1],
					 effect->args[keeper->at + 2]);
		for (size_t j = 0; j < EFFECT_ARGS && j < effect->to.arity && !gone; j++)
			gone = gone_in(keep, effect->args[j], KEPT_DEPTH);
		if (gone)
			tell(keep, gone, keeper->place);
		return;
	}
}

/* ---- handed to a function of another module, which sends or keeps it: bus:subscribe(Fun) ---- */

struct handing {
	struct keep *keep;
	const struct code *code; /* who hands over */
	struct eval *eval;
};

static void see_handed(void *ctx, const struct beam_function *to, const struct value *const *args)
{
	struct handing *handing = ctx;
	const struct eval_frame *top = handing->eval->top;
	struct code_effect effect = { .in = top ? top->function : NULL, .to = *to };

	if (!top || top->code == handing->code)
		return;
	for (size_t i = 0; i < EFFECT_ARGS; i++)
		effect.args[i] = i < to->arity ? args[i] : &value_unknown;
	judge_kept_call(handing->keep, &effect);
	judge_kept_message(handing->keep, top->code, &effect);
}

/* Only these can hand over the name of a function that is gone. */
static bool mentions_suspects(struct keep *keep, const struct code_function *function)
{
	for (size_t i = 0; i < function->len; i++)
		for (size_t j = 0; j < function->ops[i].len; j++) {
			const struct term *term = code_term(&function->ops[i].args[j]);
			const char *name =
				term && term->kind == TERM_ATOM ? term_atom_name(term) : NULL;

			if (name ? name_table_find(keep->suspects, span_of(name)) != NAME_ABSENT
				 : term && gone_in(keep, value_of_term(keep->judge->arena, term),
						   KEPT_DEPTH))
				return true;
		}
	return false;
}

static void judge_handed_on(struct keep *keep, const struct code *code)
{
	for (size_t i = 0; i < code->len; i++) {
		owned_arena struct arena scratch = ARENA_EMPTY;
		struct handing handing = { keep, code, NULL };
		struct eval eval = { .arena = &scratch,
				     .library = &keep->judge->modules->library[keep->side],
				     .limit = 8000,
				     .on_call = see_handed,
				     .ctx = &handing };

		if (!mentions_suspects(keep, &code->functions[i]))
			continue;
		handing.eval = &eval;
		eval_any(&eval, code, &code->functions[i]);
	}
}

/* ---- supervisors, which start children again as they were started ---- */

/* Of a module that is gone verdict_gone.c tells more. */
static bool is_gone_whole(const struct keep *keep, const struct value *module)
{
	const char *name = value_atom_name(module);

	return !name || !modules_find(keep->judge->modules, !keep->side, name);
}

static void judge_kept_child(struct keep *keep, const struct code_effect *effect)
{
	struct arena *arena = keep->judge->arena;
	struct eval eval = { .arena = arena,
			     .library = &keep->judge->modules->library[keep->side] };
	const struct value *spec = effect->args[1], *start, *restart;
	const char *gone = NULL;

	if (strcmp(effect->to.name, "start_child") != 0 || effect->to.arity != 2)
		return;
	if (strncmp(effect->to.module, "Elixir.", 7) == 0)
		spec = known_child_spec(&eval, spec);
	restart = value_map_at(spec, "restart", arena);
	start = value_tuple_size(spec) == 6 ? value_element(spec, 1, arena)
					    : value_map_at(spec, "start", arena);
	if (start && value_tuple_size(start) == 3 &&
	    !(restart && value_is_atom(restart, "temporary")) &&
	    !is_gone_whole(keep, value_element(start, 0, arena)))
		gone = gone_call(keep, value_element(start, 0, arena),
				 value_element(start, 1, arena), value_element(start, 2, arena));
	if (gone)
		tell(keep, gone, "a supervisor");
}

/* simple_one_for_one: arguments are added to those of the specification. */
static void judge_kept_children(struct keep *keep, const struct code *code)
{
	const struct code_library *library = &keep->judge->modules->library[keep->side];
	struct children children = code_children(code, NULL, library, keep->judge->arena);
	const struct child *child = children.len == 1 ? children.items : NULL;

	if (!child || !child->module || !child->function || !children.strategy ||
	    strcmp(children.strategy, "simple_one_for_one") != 0 ||
	    (child->restart && term_is_atom(child->restart, "temporary")) ||
	    name_table_find(keep->suspects, span_of(child->module)) == NAME_ABSENT ||
	    !modules_find(keep->judge->modules, !keep->side, child->module) ||
	    !is_gone(keep, child->module, child->function,
		     child->args && term_is_list(child->args) ? (uint32_t)child->args->seq.len : 0,
		     255))
		return;
	tell(keep,
	     arena_printf(keep->judge->arena, "%s:%s by its name, which is gone",
			  module_shown(child->module), child->function),
	     arena_printf(keep->judge->arena, "%s, which starts its children again with it,",
			  module_shown(keep->module->name)));
}

static void judge_keeper(struct keep *keep)
{
	struct modules *modules = keep->judge->modules;
	const struct beam_facts *facts = module_facts(modules, keep->side, keep->module);
	const struct code *code = facts ? module_code(modules, keep->side, keep->module) : NULL;
	struct code_effects effects;

	if (!code || code->unread ||
	    !modules->library[keep->side].follow(modules->library[keep->side].ctx,
						 keep->module->name))
		return;
	if (keeps_state(keep, facts)) {
		keep->applies = applies_modules(code);
		judge_kept_state(keep, code);
		keep->applies = false;
	}
	effects = effects_of(keep->judge, keep->side, keep->module, effect_any);
	if (facts->roles & BEAM_SUPERVISOR)
		judge_kept_children(keep, code);
	for (size_t i = 0; i < effects.len; i++) {
		judge_kept_call(keep, &effects.items[i]);
		judge_kept_message(keep, code, &effects.items[i]);
		judge_kept_child(keep, &effects.items[i]);
	}
	judge_handed_on(keep, code);
}

static void judge_side(struct judge *judge, enum side side)
{
	owned_name_table struct name_table *suspects = name_table_new();
	struct modules *modules = judge->modules;
	const bool *naming;

	for (size_t i = 0; i < name_table_len(modules->names[side]); i++) {
		struct module_at *was = &modules->items[side][i];
		struct module_at *is = modules_find(modules, !side, was->name);
		const struct module_diff *diff = was->diff;

		if (!is || (diff && diff->change == CHANGE_CHANGED && diff->functions.len > 0))
			name_table_add(suspects, was->name, NULL);
	}
	if (name_table_len(suspects) == 0)
		return;
	naming = modules_naming(judge, suspects);
	for (size_t i = 0; i < name_table_len(modules->names[SIDE_NEW]); i++) {
		struct module_at *after = &modules->items[SIDE_NEW][i];
		struct module_at *module =
			side == SIDE_NEW ? after : modules_find(modules, side, after->name);
		struct keep keep = { judge, side, module, suspects, false };

		if (module && (after->diff || naming[i]))
			judge_keeper(&keep);
	}
}

void judge_named(struct judge *judge)
{
	judge_side(judge, SIDE_OLD);
	if (judge->down->seq.len > 0)
		judge_side(judge, SIDE_NEW);
}
