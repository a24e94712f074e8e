// SPDX-License-Identifier: Apache-2.0
/* relevo prune NAME: removes old versions from a store. */
#include "cmd/listed.h"
#include "cmd/output.h"
#include "cmd/store_arg.h"

struct prune_opts {
	const char *store;
	long keep;
	bool dry;
};

static const struct option prune_options[] = {
	STORE_OPTION(struct prune_opts, store),
	OPT_NUMBER(struct prune_opts, keep, 0, "keep", "NUMBER",
		   "how many of the newest versions stay; must be given"),
	OPT_FLAG(struct prune_opts, dry, 'n', "dry-run", "only tell what would be removed"),
	OPT_END,
};

static int prune_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_place struct place *place = NULL;
	const struct prune_opts *opts = call->opts;
	struct listed *gone;
	size_t len;

	if (opts->keep < 1)
		return error_set(err, ERROR_USAGE, "how many versions stay? --keep NUMBER");
	if (!name_is_word(call->argv[0]))
		return error_set(err, ERROR_USAGE, "%s: no name of a release", call->argv[0]);
	if (store_open(&place, &arena, opts->store, err) ||
	    remote_prune(&gone, &len, &arena, place, call->argv[0], (size_t)opts->keep, opts->dry,
			 err))
		return -1;
	if (call->json)
		print_json(listed_json(gone, len));
	else if (len > 0)
		print_listed(gone, len);
	say(call, "%zu of its versions %s removed", len,
	    opts->dry  ? "would be"
	    : len == 1 ? "was"
		       : "were");
	return 0;
}

/* clang-format off */
const struct command cmd_prune = {
	.name = "prune",
	.args = "NAME",
	.summary = "Remove old versions from a store",
	.description =
		"Removes all versions of NAME but the newest ones, and those that have a tag of their own (stable).  What "
		"only they had of content goes with them from a folder and a web server; a registry sees to that itself.  "
		"Nobody may push into a web server's store meanwhile; a folder is locked.",
	.examples =
		"relevo prune shop --keep 10 --store /mnt/releases\n"
		"relevo prune shop --keep 10 --dry-run\n",
	.group = "Stores",
	.args_min = 1,
	.args_max = 1,
	.options = prune_options,
	.opts_size = sizeof(struct prune_opts),
	.run = prune_run,
};
/* clang-format on */
