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
		*asked = code_alike(before, a, after, b) ? DOES_SAME : DOES_OTHER;
	return *asked == DOES_SAME;
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
	const struct code *code;
	bool is_new, other;

	if (!at || !library->follow(library->ctx, module))
		return;
	name_table_add(reach->seen, arena_printf(reach->arena, "%s:%s", module, key), &is_new);
	if (!is_new)
		return;
	other = differs(at, key) || (inside && *name == '-');
	if (other && !stays_alike(at, name, arity)) {
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

static void reach_from(struct reach *reach, const struct reached *from)
{
	const struct code *code = module_code(reach->modules, SIDE_NEW, from->module);
	const struct code_remotes captures = code_captures(from->function, reach->arena);

	for (size_t i = 0; i < captures.len && reach->stays; i++)
		reach_function(reach, captures.items[i].to.module, captures.items[i].to.name,
			       captures.items[i].to.arity, false);
	for (size_t i = 0; code && i < from->function->len && reach->stays; i++) {
		const struct code_op *op = &from->function->ops[i];
		const struct code_function *local = code_op_local(code, op);
		const struct beam_function *to = code_op_import(code, op);

		reach->stays = !makes_changed(reach, op);
		if (local)
			reach_function(reach, from->module->name, local->name, local->arity,
				       from->differs);
		else if (to)
			reach_function(reach, to->module, to->name, to->arity, false);
	}
}

bool function_stays(struct modules *modules, const char *module, const char *name, uint32_t arity)
{
	owned_name_table struct name_table *seen = name_table_new();
	owned_arena struct arena scratch = ARENA_EMPTY;
	struct reach reach = { .modules = modules, .arena = &scratch, .seen = seen, .stays = true };

	reach_function(&reach, module, name, arity, false);
	while (reach.len > 0 && reach.stays) {
		struct reached now = reach.todo[--reach.len];

		reach_from(&reach, &now);
	}
	return reach.stays;
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
