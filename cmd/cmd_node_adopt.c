// SPDX-License-Identifier: Apache-2.0
/* relevo node adopt: a node that relevo did not build becomes one that can be upgraded. */
#include "cmd/node.h"
#include "cmd/output.h"
#include "upgrade/node/node_json.h"

struct adopt_opts {
	struct node_opts node;
};

static const struct option adopt_options[] = {
	NODE_OPTIONS(struct adopt_opts),
	OPT_END,
};

static void adopt_print(const struct node *node, const struct adoption *made)
{
	if (!made->records && !made->start_script) {
		print("%s needs nothing: it can be upgraded\n", node_name(node));
		return;
	}
	print("%s is adopted: it can be upgraded\n", node_name(node));
	if (made->records)
		print("  releases/RELEASES was written\n");
	if (made->start_script)
		print("  the start script boots what is permanent from now on\n");
}

static int adopt_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct adopt_opts *opts = call->opts;
	owned_node struct node *node = NULL;
	struct adoption made;

	if (node_connect(&node, call, &opts->node, err) || node_adopt(&made, node, &arena, err))
		return -1;
	if (call->json)
		print_json(adoption_json(node, &made));
	else
		adopt_print(node, &made);
	return 0;
}

/* clang-format off */
const struct command cmd_node_adopt = {
	.name = "adopt",
	.parent = "node",
	.args = "NODE",
	.summary = "Make a node that relevo did not build one that can be upgraded",
	.description =
		"mix release writes no releases/RELEASES, without which release_handler does not know "
		"what belongs to the release that runs, and an upgrade would have no way back.  This "
		"writes it, from the .rel file of what was booted, while the node runs on.\n\n"
		"The start script that rebar3 (relx) writes names the version it boots, so that a "
		"restart would bring the old release back.  It is changed to read the version in "
		"releases/start_erl.data, where release_handler keeps the permanent one.",
	.examples = "relevo node adopt shop@10.0.0.1",
	.args_min = 1,
	.args_max = 1,
	.options = adopt_options,
	.opts_size = sizeof(struct adopt_opts),
	.run = adopt_run,
};
/* clang-format on */
