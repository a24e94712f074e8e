// SPDX-License-Identifier: Apache-2.0
/* Functions that are run on other nodes, of which some still have the old release. */
#include "upgrade/verdict/verdict_messages.h"

static bool is_rpc(const struct code_effect *effect)
{
	/* spawn(Node, M, F, Args) and its like. */
	if (strcmp(effect->to.module, "erlang") == 0)
		return strncmp(effect->to.name, "spawn", 5) == 0 &&
		       effect->to.arity == (strcmp(effect->to.name, "spawn_opt") == 0 ? 5 : 4);
	return (strcmp(effect->to.module, "rpc") == 0 || strcmp(effect->to.module, "erpc") == 0) &&
	       effect->to.arity >= 4;
}

void judge_rpc(struct judge *judge, struct module_at *module, const struct code_effect *effect)
{
	struct beam_function to = { value_atom_name(effect->args[1]),
				    value_atom_name(effect->args[2]), 0 };
	const struct value *head, *rest = effect->args[3];

	while (value_uncons(rest, judge->arena, &head, &rest))
		to.arity++;
	if (!is_rpc(effect) || !to.module || !to.name || value_is_nil(rest) != YES ||
	    is_told(judge, REASON_mixed_cluster, module->name) ||
	    !modules_export(judge->modules, SIDE_NEW, &to) ||
	    modules_export(judge->modules, SIDE_OLD, &to))
		return;
	JUDGE(judge, REASON_mixed_cluster, module->app->name, module->name,
	      "%s calls %s:%s/%u on other nodes: those that still run the old release do not have "
	      "it",
	      module_shown(module->name), module_shown(to.module), to.name, to.arity)
		->hint = "call it only one release after all nodes have it";
}
