// SPDX-License-Identifier: Apache-2.0
/* relevo node check: would the installation go well?  Nothing is changed. */
#include "cmd/node.h"
#include "cmd/output.h"
#include "cmd/release_arg.h"
#include "upgrade/node/foresee.h"

#include <inttypes.h>

struct check_opts {
	struct node_opts node;
	bool one_way;
};

static const struct option check_options[] = {
	NODE_OPTIONS(struct check_opts),
	OPT_FLAG(struct check_opts, one_way, 0, "one-way",
		 "a relup that knows no way back is no reason against it"),
	OPT_END,
};

static json_t *list_json(struct foreseen_texts texts)
{
	json_t *list = json_array();

	for (size_t i = 0; i < texts.len; i++)
		json_array_append_new(list, json_string(texts.items[i]));
	return list;
}

static void show_json(const struct node *node, const struct foreseen *found)
{
	print_json(json_pack(
		"{s:s, s:s, s:s, s:s, s:b, s:b, s:o, s:o, s:o, s:I, s:o, s:I, s:I, s:I, s:o}",
		"node", node_name(node), "name", found->name, "from", found->from, "version",
		found->vsn, "already", found->already, "ok", found->refusals.len == 0, "refusals",
		list_json(found->refusals), "killed", list_json(found->lingering), "silent",
		list_json(found->silent), "suspended", (json_int_t)found->suspends, "config",
		list_json(found->config), "lacked_bytes", (json_int_t)found->lacked_bytes,
		"release_bytes", (json_int_t)found->release_bytes, "needed_bytes",
		(json_int_t)found->needed_bytes, "free_bytes",
		found->free_bytes < 0 ? json_null() : json_integer(found->free_bytes)));
}

static void show_list(const char *heading, struct foreseen_texts texts)
{
	if (texts.len > 0)
		printf("%s:\n", heading);
	for (size_t i = 0; i < texts.len; i++)
		printf("  %s\n", texts.items[i]);
}

static void show_text(const struct node *node, const struct foreseen *found)
{
	char bytes[2][32];

	if (found->already) {
		printf("%s runs %s %s already\n", node_name(node), found->name, found->vsn);
		return;
	}
	printf("%s: %s %s over %s %s\n", node_name(node), found->name, found->vsn, found->from,
	       found->refusals.len ? "would be refused" : "can be installed");
	show_list("against it", found->refusals);
	show_list("in old code, and killed by the purge", found->lingering);
	show_list("to be suspended, but no answer to system messages", found->silent);
	show_list("configuration that changes", found->config);
	printf("%" PRId64 " processes would be suspended\n", found->suspends);
	printf("%s of %s would be sent\n", human_bytes((uint64_t)found->lacked_bytes, bytes[0]),
	       human_bytes((uint64_t)found->release_bytes, bytes[1]));
}

static int check_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct check_opts *opts = call->opts;
	struct install_options options = INSTALL_OPTIONS;
	owned_node struct node *node = NULL;
	struct foreseen found;
	struct bundle bundle;
	const char *path;

	options.one_way = opts->one_way;
	if (release_arg(&path, &arena, call->argv[1], err) ||
	    bundle_read(&bundle, &arena, path, err) ||
	    node_connect(&node, call, &opts->node, err) ||
	    node_foresee(&found, node, &arena, &bundle, &options, err))
		return -1;
	if (call->json)
		show_json(node, &found);
	else
		show_text(node, &found);
	if (found.refusals.len == 0)
		return 0;
	return error_set(err, ERROR_REFUSED, "%s %s cannot be installed on %s: %s", found.name,
			 found.vsn, node_name(node), found.refusals.items[0]);
}

/* clang-format off */
const struct command cmd_node_check = {
	.name = "check",
	.parent = "node",
	.args = "NODE RELEASE",
	.summary = "Tell whether a release could be installed, changing nothing",
	.description =
		"What stands against it: another release, versions in use with other content, no relup "
		"from what runs, modules that somebody patched on the node, RELEASES missing, no room on "
		"the disk.  What would happen: processes that linger in old code and would be killed, "
		"processes to be suspended and those of them that do not answer, keys of the "
		"configuration that change (never their values), bytes to be sent.\n\n"
		"Ends with 4 when it could not be installed.",
	.examples = "relevo node check shop@10.0.0.1 shop-1.1.0.tar.gz",
	.args_min = 2,
	.args_max = 2,
	.options = check_options,
	.opts_size = sizeof(struct check_opts),
	.run = check_run,
};
/* clang-format on */
