// SPDX-License-Identifier: Apache-2.0
/* Whether a function does the same in both releases, with all that it calls in what is ours. */
#include "upgrade/diff/stays.h"

#include "base/parallel.h"
#include "erlang/code/code_alike.h"

enum { LOOKED_AT_MAX = 400 }; /* functions; beyond it nothing is sure */

struct reach {
	struct modules *modules;
	struct arena *arena;
	struct name_table *seen;
	struct reached {
		struct module_at *module;
		const struct code_function *function;
		bool differs; /* it, or a fun inside of it */
	} todo[LOOKED_AT_MAX];
	size_t len;
	bool stays;
	bool results;             /* only of what a result may be made */
	const struct term *given; /* an atom that the call looked at gives as first argument */
};

/* It changed, and does the same in other words, or logs more.  Asked once of each function; two who
 * ask at a time find the same.
 */
static bool stays_alike(const struct module_at *at, const char *name, uint32_t arity)
{
	const struct code *before, *after;
	const struct code_function *a, *b;
	_Atomic enum does_same *asked;

	if (!at->diff || at->diff->change != CHANGE_CHANGED)
		return false;
	before = at->diff->old_code;
	after = at->diff->new_code;
	a = code_function(before, name, arity);
	b = code_function(after, name, arity);
	if (!a || !b)
		return false;
	asked = &at->does_same[b - after->functions];
	if (*asked == SAME_NOT_ASKED)
		*asked = code_alike(before, a, after, b, NULL) ? DOES_SAME : DOES_OTHER;
	return *asked == DOES_SAME;
}

/* The same where it is given an atom, as option(port). */
static bool stays_given(const struct module_at *at, const char *name, uint32_t arity,
			const struct term *given)
{
	const struct code_function *a, *b;

	if (!given || arity == 0 || !at->diff || at->diff->change != CHANGE_CHANGED)
		return false;
	a = code_function(at->diff->old_code, name, arity);
	b = code_function(at->diff->new_code, name, arity);
	return a && b && code_alike(at->diff->old_code, a, at->diff->new_code, b, given);
}

static bool differs(const struct module_at *at, const char *key)
{
	return at->diff ? at->diff->change != CHANGE_CHANGED || names_have(at->diff->functions, key)
			: !at->same;
}

/* inside  of a function that differs: its funs and comprehensions count as parts of it */
static void reach_function(struct reach *reach, const char *module, const char *name,
			   uint32_t arity, bool inside)
{
	struct modules *modules = reach->modules;
	const char *key = arena_printf(reach->arena, "%s/%u", name, arity);
	struct module_at *at = modules_find(modules, SIDE_NEW, module);
	const struct code_library *library = &modules->library[SIDE_NEW];
	const struct code_function *function;
	const struct term *given =
		NULL; /* where it matters: of one that is the same is once enough */
	const struct code *code;
	bool is_new, other;

	if (!at || !library->follow(library->ctx, module))
		return;
	other = differs(at, key) || (inside && *name == '-');
	if (other)
		given = reach->given;
	name_table_add(reach->seen,
		       arena_printf(reach->arena, "%s:%s %s", module, key,
				    given ? term_atom_name(given) : ""),
		       &is_new);
	if (!is_new)
		return;
	if (other && !stays_alike(at, name, arity) && !stays_given(at, name, arity, given)) {
		reach->stays = false;
		return;
	}
	code = module_code(modules, SIDE_NEW, at);
	function = code ? code_function(code, name, arity) : NULL;
	if (!function)
		return;
	if (reach->len == LOOKED_AT_MAX)
		reach->stays = false;
	else
		reach->todo[reach->len++] = (struct reached){ at, function, other };
}

/* #other:record{}, by a definition of a module that changed. */
static bool makes_changed(const struct reach *reach, const struct code_op *op)
{
	const struct term *name = op->opcode == OP_PUT_RECORD ? code_term(&op->args[1]) : NULL;
	const struct module_at *at =
		name && term_is_tuple(name, 2) && term_atom_name(term_at(name, 0))
			? modules_find(reach->modules, SIDE_NEW, term_atom_name(term_at(name, 0)))
			: NULL;

	return at && !at->same;
}

/* ---- of what a result is made ---- */

enum use { USE_NONE, USE_READ, USE_LOST };

static bool is_x(const struct code_arg *arg, uint64_t number)
{
	return arg->kind == CODE_X && arg->number == number;
}

static bool same_register(const struct code_arg *a, const struct code_arg *b)
{
	return (a->kind == CODE_X || a->kind == CODE_Y) && a->kind == b->kind &&
	       a->number == b->number;
}

static bool is_badmatch(const struct code *code, const struct code_function *function,
			const struct code_arg *label)
{
	const struct code_place *place = code_place(code, label);
	size_t at = place ? place->op : CODE_NOWHERE;

	while (at < function->len && function->ops[at].opcode == OP_LABEL)
		at++;
	return at < function->len && function->ops[at].opcode == OP_BADMATCH;
}

/* Of an instruction behind a call: whether its result is used, is not there any more, or neither.
 */
static enum use use_of_result(const struct code *code, const struct code_function *function,
			      const struct code_op *op)
{
	switch (op->opcode) {
	case OP_LINE:
	case OP_LABEL:
	case OP_INIT:
	case OP_INIT_YREGS:
	case OP_TRIM:
	case OP_TEST_HEAP:
		return USE_NONE;
	case OP_MOVE:
		return is_x(&op->args[0], 0)   ? USE_READ
		       : is_x(&op->args[1], 0) ? USE_LOST
					       : USE_NONE;
	case OP_CALL:
	case OP_CALL_EXT:
	case OP_CALL_LAST:
	case OP_CALL_EXT_LAST:
	case OP_CALL_ONLY:
	case OP_CALL_EXT_ONLY:
		return op->args[0].number > 0 ? USE_READ : USE_LOST;
	case OP_IS_EQ_EXACT:
	case OP_IS_TUPLE:
	case OP_TEST_ARITY:
	case OP_IS_TAGGED_TUPLE: /* ok = f(), {ok, _} = f() */
		return is_badmatch(code, function, &op->args[0]) ? USE_NONE : USE_READ;
	default:
		return USE_READ;
	}
}

static bool result_is_used(const struct code *code, const struct code_function *function, size_t at)
{
	const enum opcode opcode = function->ops[at].opcode;

	if (opcode != OP_CALL && opcode != OP_CALL_EXT)
		return true; /* a last call, or a fun */
	while (++at < function->len) {
		enum use use = use_of_result(code, function, &function->ops[at]);

		if (use != USE_NONE)
			return use == USE_READ;
	}
	return true;
}

/* A fun that is put into something is not called here. */
static bool fun_is_put(const struct code_function *function, size_t at)
{
	const struct code_op *op = &function->ops[at], *next = op + 1;

	if (op->opcode != OP_MAKE_FUN3 || at + 1 >= function->len)
		return false;
	if (next->opcode == OP_PUT_LIST)
		return same_register(&next->args[0], &op->args[1]);
	if (next->opcode != OP_PUT_TUPLE2 || next->args[1].kind != CODE_LIST)
		return false;
	for (size_t i = 0; i < next->args[1].len; i++)
		if (same_register(&next->args[1].items[i], &op->args[1]))
			return true;
	return false;
}

/* fun M:F/A as it is, not in something. */
static void reach_moved(struct reach *reach, const struct code_function *function)
{
	for (size_t i = 0; i < function->len && reach->stays; i++) {
		const struct code_op *op = &function->ops[i];
		const struct term *term = op->opcode == OP_MOVE ? code_term(&op->args[0]) : NULL;
		struct beam_function to;

		if (term && code_capture(&to, reach->arena, term))
			reach_function(reach, to.module, to.name, to.arity, false);
	}
}

static void reach_captures(struct reach *reach, const struct code_function *function)
{
	const struct code_remotes captures = code_captures(function, reach->arena);

	for (size_t i = 0; i < captures.len && reach->stays; i++)
		reach_function(reach, captures.items[i].to.module, captures.items[i].to.name,
			       captures.items[i].to.arity, false);
}

static bool is_call(enum opcode opcode)
{
	return opcode == OP_CALL || opcode == OP_CALL_LAST || opcode == OP_CALL_ONLY ||
	       opcode == OP_CALL_EXT || opcode == OP_CALL_EXT_LAST || opcode == OP_CALL_EXT_ONLY;
}

/* An atom that is put into the first argument, right in front of a call; NULL: none is. */
static const struct term *given_at(const struct code_function *function, size_t at)
{
	if (!is_call(function->ops[at].opcode))
		return NULL;
	while (at-- > 0 &&
	       (function->ops[at].opcode == OP_MOVE || function->ops[at].opcode == OP_LINE)) {
		const struct code_op *op = &function->ops[at];
		const struct term *term;

		if (op->opcode == OP_LINE || !is_x(&op->args[1], 0))
			continue;
		term = code_term(&op->args[0]);
		return term && term_atom_name(term) ? term : NULL;
	}
	return NULL;
}

static void reach_from(struct reach *reach, const struct reached *from)
{
	const struct code *code = module_code(reach->modules, SIDE_NEW, from->module);

	(reach->results ? reach_moved : reach_captures)(reach, from->function);
	for (size_t i = 0; code && i < from->function->len && reach->stays; i++) {
		const struct code_op *op = &from->function->ops[i];
		const struct code_function *local = code_op_local(code, op);
		const struct beam_function *to = code_op_import(code, op);

		reach->stays = !makes_changed(reach, op);
		if (reach->results && (local || to) &&
		    (!result_is_used(code, from->function, i) || fun_is_put(from->function, i)))
			continue;
		reach->given = reach->results ? given_at(from->function, i) : NULL;
		if (local)
			reach_function(reach, from->module->name, local->name, local->arity,
				       from->differs);
		else if (to)
			reach_function(reach, to->module, to->name, to->arity, false);
		reach->given = NULL;
	}
}

static bool all_stay(struct modules *modules, const char *module, const char *name, uint32_t arity,
		     bool results)
{
	owned_name_table struct name_table *seen = name_table_new();
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct reach reach = { .modules = modules,
			       .arena = &scratch,
			       .seen = seen,
			       .stays = true,
			       .results = results };

	reach_function(&reach, module, name, arity, false);
	while (reach.len > 0 && reach.stays) {
		struct reached now = reach.todo[--reach.len];

		reach_from(&reach, &now);
	}
	return reach.stays;
}

bool function_stays(struct modules *modules, const char *module, const char *name, uint32_t arity)
{
	return all_stay(modules, module, name, arity, false);
}

bool result_stays(struct modules *modules, const char *module, const char *name, uint32_t arity)
{
	return all_stay(modules, module, name, arity, true);
}

const struct type *module_state(struct modules *modules, enum side side, const char *name,
				const struct code *code, enum beam_role role)
{
	struct module_at *module = modules_find(modules, side, name);
	const struct type *state = module ? module->state : NULL;

	if (state)
		return state;
	pthread_mutex_lock(&modules->states_lock);
	state = module ? module->state : NULL;
	if (!state)
		state = code_state_type(code, role, &modules->library[side], false,
					&modules->states);
	if (module)
		module->state = state;
	pthread_mutex_unlock(&modules->states_lock);
	return state;
}

/* ---- of all that changed, before anybody asks ---- */

struct wanted {
	struct module_at *module;
	enum beam_role role;
	const struct code_library *library;
	struct arena arena;
};

static int prepare_nth(void *context, size_t nr, struct error *err)
{
	struct wanted *wanted = (struct wanted *)context + nr;

	(void)err;
	wanted->module->state = code_state_type(wanted->module->code, wanted->role, wanted->library,
						false, &wanted->arena);
	return 0;
}

/* What processes of a module are in both releases; 0: not seen, or several things. */
static enum beam_role common_role(const struct module_diff *diff)
{
	unsigned roles = diff->old_facts->roles & diff->new_facts->roles & BEAM_PROCESS;

	return roles & (roles - 1) ? 0 : (enum beam_role)roles;
}

void states_prepare(struct modules *modules)
{
	size_t most = 2 * name_table_len(modules->names[SIDE_OLD]), len = 0;
	struct wanted *all = arena_array(modules->arena, most, struct wanted);
	struct error none;

	for (enum side side = SIDE_OLD; side < SIDES; side++)
		for (size_t i = 0; i < name_table_len(modules->names[side]); i++) {
			struct module_at *module = &modules->items[side][i];

			if (module->diff && module->diff->change == CHANGE_CHANGED &&
			    !module->state && common_role(module->diff))
				all[len++] = (struct wanted){ .module = module,
							      .role = common_role(module->diff),
							      .library = &modules->library[side] };
		}
	if (parallel(len, prepare_nth, all, &none))
		return; /* it does not fail */
	for (size_t i = 0; i < len; i++)
		arena_join(modules->arena, &all[i].arena);
}
