// SPDX-License-Identifier: Apache-2.0
/* The state of a supervisor_bridge: init/1 makes it, terminate/2 gets it when all ends, and nothing
 * converts it between.
 */
#include "erlang/code/code_type.h"
#include "upgrade/verdict/verdict_states.h"

enum { STEPS_MAX = 8000, WAYS_MAX = 16 };

struct bridge {
	struct judge *judge;
	struct arena *arena;
	const struct code *code[SIDES];
};

static struct eval eval_of(const struct bridge *bridge, enum side side)
{
	return (struct eval){ .arena = bridge->arena,
			      .library = &bridge->judge->modules->library[side],
			      .limit = STEPS_MAX };
}

/* Of {ok, Pid, State}. */
static const struct type *state_of(const struct bridge *bridge, enum side side)
{
	const struct code_function *init = code_function(bridge->code[side], "init", 1);
	struct eval eval = eval_of(bridge, side);
	struct type *type = type_new(bridge->arena);
	struct values values = { 0 };

	if (init)
		values = eval_any(&eval, bridge->code[side], init);
	for (size_t i = 0; i < values.len; i++)
		if (value_is_tagged(values.items[i], "ok", 3))
			type_add(type, value_element(values.items[i], 2, bridge->arena),
				 bridge->arena);
	return type;
}

static bool ends(const struct bridge *bridge, enum side side, const struct value *state)
{
	const struct code_function *function = code_function(bridge->code[side], "terminate", 2);
	const struct value *args[] = { &value_unknown, state };
	struct eval eval = eval_of(bridge, side);

	return !function || eval_function(&eval, bridge->code[side], function, args).len > 0 ||
	       eval.gave_up;
}

/* Whether it fails for a state that the old code ends with, and for none of its own. */
static bool fails(const struct bridge *bridge)
{
	const struct type *before = state_of(bridge, SIDE_OLD), *after = state_of(bridge, SIDE_NEW);

	if (type_is_empty(before) || type_is_empty(after))
		return false;
	for (size_t i = 0; i < type_exact_ways(after) && i < WAYS_MAX; i++)
		if (!ends(bridge, SIDE_NEW, type_exact_value(after, i, bridge->arena)))
			return false;
	for (size_t i = 0; i < type_exact_ways(before) && i < WAYS_MAX; i++) {
		const struct value *state = type_exact_value(before, i, bridge->arena);

		if (!ends(bridge, SIDE_NEW, state) && ends(bridge, SIDE_OLD, state))
			return true;
	}
	return false;
}

void judge_bridge(struct judge *judge, const struct app_diff *app, const struct module_diff *module)
{
	owned_arena struct arena scratch = ARENA_EMPTY;
	const struct bridge bridge = {
		judge, &scratch, { [SIDE_OLD] = module->old_code, [SIDE_NEW] = module->new_code }
	};
	struct reason *reason;

	if (!names_have(module->old_facts->behaviours, "supervisor_bridge") ||
	    !names_have(module->new_facts->behaviours, "supervisor_bridge") ||
	    module->old_code->unread || module->new_code->unread || !fails(&bridge))
		return;
	reason = JUDGE(judge, REASON_state_shape_changed, app->name, module->name,
		       "terminate/2 of %s fails with the state that its supervisor_bridge has and "
		       "keeps: what it stands for is not ended when all else is",
		       module_shown(module->name));
	reason->severity = SEVERITY_WARN;
	reason->hint = "let terminate/2 take what there was before, too";
}
