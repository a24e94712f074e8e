// SPDX-License-Identifier: Apache-2.0
/* relevo diff OLD NEW: what changed. */
#include "cmd/two_releases.h"

static int diff_run(const struct call *call, struct error *err)
{
	owned_two_releases struct two_releases two = { 0 };
	struct diff *diff;

	if (two_releases_open(&two, call, err) ||
	    diff_make(&diff, &two.arena, two.old_release, two.new_release, err))
		return -1;
	if (call->json) {
		print_json(diff_json(diff));
		return 0;
	}
	print("%s %s to %s %s\n\n", two.old_release->name, two.old_release->vsn,
	      two.new_release->name, two.new_release->vsn);
	print_changes(&(struct changes){ .diff = diff, .all = true, .functions = call->verbose });
	return 0;
}

/* clang-format off */
const struct command cmd_diff = {
	.name = "diff",
	.args = "OLD NEW",
	.summary = "What changed between two releases",
	.description =
		"Compares two releases (folders or tarballs), application by application and module by "
		"module. Modules count as changed when their code did: documentation, line numbers, "
		"debug information and stripping make no difference. For each changed module it is told what "
		"did: body (what functions do), exports, behaviour, struct, record, attributes; with -v also "
		"which functions.",
	.examples =
		"relevo diff shop-1.0.0.tar.gz shop-1.1.0.tar.gz\n"
		"relevo diff --json old/ new/ | jq '.applications[] | select(.change != \"same\")'\n",
	.group = "Upgrades",
	.args_min = 2,
	.args_max = 2,
	.run = diff_run,
};
/* clang-format on */
