// SPDX-License-Identifier: Apache-2.0
/* relevo list: what is in a store. */
#include "cmd/listed.h"
#include "cmd/output.h"
#include "cmd/store_arg.h"

struct list_opts {
	const char *store;
};

static const struct option list_options[] = {
	STORE_OPTION(struct list_opts, store),
	OPT_END,
};

static int list_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_place struct place *place = NULL;
	const struct list_opts *opts = call->opts;
	const char *name = call->argc > 0 ? call->argv[0] : NULL;
	struct project *project;
	struct listed *listed;
	size_t len;

	if (store_project(&project, &arena, err) || store_open(&place, &arena, opts->store, err))
		return -1;
	if (!name && project)
		name = project->release;
	if (remote_list(&listed, &len, &arena, place, name, err))
		return -1;
	if (call->json)
		print_json(listed_json(listed, len));
	else if (len > 0)
		print_listed(listed, len);
	else
		print("%s: no release%s%s in it\n", place->url, name ? " of " : "",
		      name ? name : "");
	return 0;
}

/* clang-format off */
const struct command cmd_list = {
	.name = "list",
	.args = "[NAME]",
	.summary = "List the releases of a store",
	.description =
		"The versions of NAME, the newest first; without NAME of the project's release, or of all that the store "
		"can tell (a registry may not).",
	.examples =
		"relevo list shop --store oci://registry.example.com/acme\n"
		"relevo list --store /mnt/releases --json\n",
	.group = "Stores",
	.args_min = 0,
	.args_max = 1,
	.options = list_options,
	.opts_size = sizeof(struct list_opts),
	.run = list_run,
};
/* clang-format on */
