// SPDX-License-Identifier: Apache-2.0
/* Functions that are run on other nodes, of which some still have the old release. */
#include "upgrade/verdict/verdict_parts.h"

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
	const char *name = value_atom_name(effect->args[1]);
	const char *function = value_atom_name(effect->args[2]);
	const struct value *head, *rest = effect->args[3];
	struct module_at *old = name ? modules_find(judge->modules, SIDE_OLD, name) : NULL;
	struct module_at *new = name ? modules_find(judge->modules, SIDE_NEW, name) : NULL;
	const struct beam_facts *was, *is;
	uint32_t arity = 0;

	while (value_uncons(rest, judge->arena, &head, &rest))
		arity++;
	if (!is_rpc(effect) || !function || !new || value_is_nil(rest) != YES ||
	    is_told(judge, REASON_mixed_cluster, module->name))
		return;
	was = old ? module_facts(judge->modules, SIDE_OLD, old) : NULL;
	is = module_facts(judge->modules, SIDE_NEW, new);
	if (!is || !beam_exports(is, function, arity) ||
	    (was && beam_exports(was, function, arity)))
		return;
	JUDGE(judge, REASON_mixed_cluster, module->app->name, module->name,
	      "%s calls %s:%s/%u on other nodes: those that still run the old release do not have "
	      "it",
	      module_shown(module->name), module_shown(name), function, arity)
		->hint = "call it only one release after all nodes have it";
}
