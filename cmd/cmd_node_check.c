// SPDX-License-Identifier: Apache-2.0
/* relevo node check: would the installation go well?  Nothing is changed. */
#include "cmd/node.h"
#include "cmd/output.h"
#include "cmd/trust.h"
#include "upgrade/node/node_json.h"

#include <inttypes.h>

struct check_opts {
	struct node_opts node;
	struct option_list allow;
	struct trust_opts trust;
	long config_ms;
	bool one_way, restart, show_values;
};

static const struct option check_options[] = {
	NODE_OPTIONS(struct check_opts),
	TRUST_OPTIONS(struct check_opts, trust),
	OPT_LIST(struct check_opts, allow, 0, "allow", "CODE",
		 "a reason of the plan that does not count here; may be said again"),
	OPT_FLAG(struct check_opts, restart, 0, "restart",
		 "of a restart of the VM into it, instead of an upgrade while it runs"),
	OPT_FLAG(struct check_opts, one_way, 0, "one-way",
		 "a relup that knows no way back is no reason against it"),
	OPT_FLAG(struct check_opts, show_values, 0, "show-values",
		 "show the values of configuration that changes, but for what may be a secret"),
	OPT_DURATION(struct check_opts, config_ms, 0, "config-timeout", "TIME",
		     "how long the configuration may take to be evaluated (default: 60s)"),
	OPT_END,
};

static void show_processes(const char *heading, struct foreseen_processes processes)
{
	if (processes.len > 0)
		print("%s:\n", heading);
	for (size_t i = 0; i < processes.len; i++) {
		const struct foreseen_process *p = &processes.items[i];

		print("  %s%s%s (%s%sbegan in %s, is in %s%s%s)\n", p->module,
		      *p->module ? ": " : "", p->pid, p->name, *p->name ? ", " : "", p->began,
		      p->in, *p->where ? ", at " : "", p->where);
	}
}

static void show_funs(const struct foreseen *found)
{
	if (found->funs_len > 0)
		print("funs of code that is replaced, bad once it is purged:\n");
	for (size_t i = 0; i < found->funs_len; i++)
		print("  %s: %s of %s\n", found->funs[i].module, found->funs[i].place,
		      found->funs[i].holder);
	if (found->left > 0)
		print("not searched for such funs, being too large, too busy or private, or for "
		      "lack "
		      "of time: %" PRId64 " of %" PRId64 " processes, tables and terms\n",
		      found->left, found->left + found->looked);
}

static void show_suspended(const struct foreseen *found)
{
	print("%" PRId64 " process%s would be suspended", found->suspends,
	      found->suspends == 1 ? "" : "es");
	if (found->suspends > 0)
		print(", for about %" PRId64 " ms and what code_change takes",
		      (found->suspended_us + 999) / 1000);
	print("\n");
	for (size_t i = 0; i < found->groups_len; i++) {
		const struct foreseen_group *g = &found->groups[i];
		char bytes[32];

		print("  %" PRId64 " of %s: answer within %" PRId64 " us, mailbox of %" PRId64
		      " at most, %s in all\n",
		      g->count, g->module, g->answer_us, g->queue,
		      human_bytes((uint64_t)g->bytes, bytes));
	}
}

static void show_pages(const struct foreseen *found)
{
	if (found->pages_len > 0)
		print("open pages and channels:\n");
	for (size_t i = 0; i < found->pages_len; i++)
		print("  %" PRId64 " of %s: %s%s\n", found->pages[i].count,
		      module_shown(found->pages[i].module),
		      found->pages[i].suspended ? "suspended" : "go on",
		      found->pages[i].loses_state ? ", and lose their state" : "");
}

static void show_config(struct config_changes changes)
{
	owned_arena struct arena arena = ARENA_EMPTY;

	if (changes.len > 0)
		print("configuration that changes:\n");
	for (size_t i = 0; i < changes.len; i++)
		print("  %s\n", config_change_text(&arena, &changes.items[i]));
}

static void show_text(const struct node *node, const struct foreseen *found)
{
	char bytes[2][32];

	if (found->already) {
		print("%s runs %s %s already\n", node_name(node), found->name, found->vsn);
		return;
	}
	print("%s: %s %s over %s %s\n", node_name(node), found->name, found->vsn, found->from,
	      found->refusals.len ? "would be refused" : "can be installed");
	if (found->refusals.len > 0)
		print("against it:\n");
	for (size_t i = 0; i < found->refusals.len; i++)
		print("  %s\n", found->refusals.items[i].message);
	for (size_t i = 0; i < found->notes.len; i++)
		print("note: %s\n", found->notes.items[i]);
	show_processes("in old code, and killed by the purge", found->lingering);
	show_processes("to be suspended, but no answer to system messages", found->silent);
	show_funs(found);
	show_config(found->config);
	show_suspended(found);
	show_pages(found);
	print("%s of %s would be sent\n", human_bytes((uint64_t)found->lacked_bytes, bytes[0]),
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

	options.one_way = opts->one_way;
	options.restart = opts->restart;
	options.allow = (struct names){ opts->allow.items, opts->allow.len };
	options.show_values = opts->show_values;
	if (opts->config_ms)
		options.move.config_timeout_ms = opts->config_ms;
	if (trusted_bundle(&bundle, &arena, call->argv[1], &opts->trust, err) ||
	    node_connect(&node, call, &opts->node, err) ||
	    node_foresee(&found, node, &arena, &bundle, &options, err))
		return -1;
	if (call->json)
		print_json(foreseen_json(node, &found));
	else
		show_text(node, &found);
	if (found.refusals.len == 0)
		return 0;
	error_set_(err, ERROR_REFUSED, "%s %s cannot be installed on %s: %s", found.name, found.vsn,
		   node_name(node), found.refusals.items[0].message);
	return error_code(err, found.refusals.items[0].code);
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
		"the disk, a configuration that cannot be made.  What would happen: processes that "
		"linger in old code and would be killed; funs of replaced code in process states, "
		"dictionaries, ets tables and persistent terms; processes to be suspended, for how long "
		"about, and those of them that do not answer; what changes in the environment of "
		"applications; bytes to be sent.\n\n"
		"The configuration is evaluated with the code of the release, in a VM of its own on the "
		"node.  What the node lacks for that is sent to a temporary folder there, and removed.  "
		"Values under names that sound of secrets, and passwords in URLs, are not shown.\n\n"
		"Ends with 4 when it could not be installed.",
	.examples = "relevo node check shop@10.0.0.1 shop-1.1.0.tar.gz",
	.args_min = 2,
	.args_max = 2,
	.options = check_options,
	.opts_size = sizeof(struct check_opts),
	.run = check_run,
};
/* clang-format on */
