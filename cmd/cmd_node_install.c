// SPDX-License-Identifier: Apache-2.0
/* relevo node install, commit, revert, remove: what changes one live node. */
#include "base/json.h"
#include "cmd/interrupt.h"
#include "cmd/node.h"
#include "cmd/output.h"
#include "cmd/trust.h"
#include "upgrade/node/node_json.h"

#include <inttypes.h>

struct install_opts {
	struct node_opts node;
	struct option_list allow;
	struct trust_opts trust;
	long bake_ms;
	long code_change_ms, suspend_ms, config_ms, patience_ms;
	long run_queue, mailbox, restarts, crashes, drain_ms;
	bool one_way, show_values, commit, restart, no_trial, kill, no_render;
};

/* Of the commands that install: up and down. */
/* clang-format off */
#define PATIENCE_OPTION                                                                       \
	OPT_DURATION(struct install_opts, patience_ms, 0, "patience", "TIME",                 \
		     "how long the whole installation, or a node that restarts, may take "    \
		     "(default: 5min)")

#define DRAIN_OPTIONS                                                                         \
	OPT_DURATION(struct install_opts, drain_ms, 0, "drain", "TIME",                       \
		     "how long processes that run replaced code are waited for "              \
		     "(default: 30s)"),                                                       \
	OPT_FLAG(struct install_opts, kill, 0, "kill",                                        \
		 "kill those that still run replaced code then")

#define MOVE_OPTIONS                                                                          \
	OPT_DURATION(struct install_opts, code_change_ms, 0, "code-change-timeout", "TIME",   \
		     "how long one process may take to change its state (default: 30s)"),     \
	OPT_DURATION(struct install_opts, suspend_ms, 0, "suspend-timeout", "TIME",           \
		     "how long one process may take to suspend (default: 30s)"),              \
	OPT_DURATION(struct install_opts, config_ms, 0, "config-timeout", "TIME",             \
		     "how long the configuration may take to be evaluated (default: 60s)"),   \
	PATIENCE_OPTION,                                                                     \
	DRAIN_OPTIONS,                                                                       \
	OPT_FLAG(struct install_opts, no_render, 0, "no-render",                              \
		 "leave open pages (LiveView) as they are until something in them changes"),  \
	OPT_FLAG(struct install_opts, restart, 0, "restart",                                  \
		 "restart the VM into the release, which boots once, on trial: for another "  \
		 "ERTS, and where no relup knows the way"),                                   \
	OPT_FLAG(struct install_opts, no_trial, 0, "no-trial",                                \
		 "with --restart: the release is permanent before it boots, and nothing falls "\
		 "back by itself; for start scripts that know no trial (mix, relx)")

static const struct option install_options[] = {
	NODE_OPTIONS(struct install_opts),
	TRUST_OPTIONS(struct install_opts, trust),
	OPT_DURATION(struct install_opts, bake_ms, 'b', "bake", "TIME",
		     "watch the node that long after the installation and take it back when it "
		     "is not well"),
	OPT_NUMBER(struct install_opts, run_queue, 0, "max-run-queue", "N",
		   "not well: more than N processes wait to run, three seconds in a row"),
	OPT_NUMBER(struct install_opts, mailbox, 0, "max-mailbox", "N",
		   "not well: more than N messages in one mailbox, three seconds in a row"),
	OPT_NUMBER(struct install_opts, restarts, 0, "max-restarts", "N",
		   "not well: more than N registered processes were restarted (default: 0)"),
	OPT_NUMBER(struct install_opts, crashes, 0, "max-crashes", "N",
		   "not well: more than N processes crashed, supervised or not (default: two, and "
		   "twice as many as before the installation)"),
	OPT_FLAG(struct install_opts, commit, 'c', "commit",
		 "make the release permanent when all is well"),
	OPT_LIST(struct install_opts, allow, 0, "allow", "CODE",
		 "a reason of the plan that does not count here; may be said again"),
	OPT_FLAG(struct install_opts, one_way, 0, "one-way",
		 "install although the relup knows no way back"),
	OPT_FLAG(struct install_opts, show_values, 0, "show-values",
		 "show the values of configuration that changes, but for what may be a secret"),
	MOVE_OPTIONS,
	OPT_END,
};

static const struct option revert_options[] = {
	NODE_OPTIONS(struct install_opts),
	MOVE_OPTIONS,
	OPT_END,
};

static const struct option commit_options[] = {
	NODE_OPTIONS(struct install_opts),
	PATIENCE_OPTION,
	DRAIN_OPTIONS,
	OPT_END,
};

static const struct option plain_options[] = {
	NODE_OPTIONS(struct install_opts),
	PATIENCE_OPTION,
	OPT_END,
};
/* clang-format on */

/* ---- talk ---- */

/* Who ends relevo wants to know what runs now, and how to go on or back. */
static void prepare_interrupt(const struct call *call, enum install_step step)
{
	const char *node = call->argv[0];

	switch (step) {
	case STEP_verify:
	case STEP_after:
	case STEP_bake:
		if (strcmp(call->command->name, "install") != 0)
			break;
		interrupt_says(
			"%s runs the new release; it is not committed, so a restart goes back.\n"
			"On: the same command again, or relevo node commit %s\n"
			"Back: relevo node revert %s",
			node, node, node);
		break;
	case STEP_install:
	case STEP_restart:
	case STEP_commit:
	case STEP_revert:
	case STEP_remove:
		interrupt_says("What was begun goes on on %s without relevo.\n"
			       "What it runs: relevo node releases %s\n"
			       "On: the same command again",
			       node, node);
		break;
	default:
		interrupt_says("What runs on %s was not changed.\nOn: the same command again",
			       node);
		break;
	}
}

static void show_step(void *context, enum install_step step, const char *text)
{
	prepare_interrupt(context, step);
	progress_clear();
	say_verbose(context, "%s: %s", install_step_name(step), text);
}

static void show_warning(void *context, const char *text)
{
	progress_clear();
	say(context, "warning: %s", text);
}

static void show_progress(void *context, enum install_step step, uint64_t done, uint64_t total)
{
	if (step == STEP_stage)
		progress_show(context, "sending", PROGRESS_BYTES, done, total);
	else
		progress_show(context, "watching", PROGRESS_SECONDS, done / 1000, total / 1000);
}

static void show_waiting(void *context, const char *why)
{
	progress_clear();
	say(context, "waiting: %s", why);
}

static struct install_options options_of(const struct call *call)
{
	const struct install_opts *opts = call->opts;
	struct install_options options = INSTALL_OPTIONS;

	if (opts->code_change_ms)
		options.move.code_change_timeout_ms = opts->code_change_ms;
	if (opts->suspend_ms)
		options.move.suspend_timeout_ms = opts->suspend_ms;
	if (opts->config_ms)
		options.move.config_timeout_ms = opts->config_ms;
	if (opts->patience_ms)
		options.move.timeout_ms = opts->patience_ms;
	if (opts->run_queue)
		options.limits.run_queue = opts->run_queue;
	if (opts->drain_ms)
		options.drain_ms = opts->drain_ms;
	if (opts->mailbox)
		options.limits.mailbox = opts->mailbox;
	if (opts->crashes)
		options.limits.crashes = opts->crashes;
	options.limits.restarts = opts->restarts;
	options.bake_ms = opts->bake_ms;
	options.one_way = opts->one_way;
	options.allow = (struct names){ opts->allow.items, opts->allow.len };
	options.warning = show_warning;
	options.kill = opts->kill;
	options.no_render = opts->no_render;
	options.show_values = opts->show_values;
	options.restart = opts->restart;
	options.move.no_trial = opts->no_trial;
	options.step = show_step;
	options.progress = show_progress;
	options.waiting = show_waiting;
	options.context = (void *)(uintptr_t)call;
	return options;
}

static void show_pauses(const struct call *call, struct move_pauses pauses)
{
	for (size_t i = 0; i < pauses.len; i++)
		say(call, "suspended: %" PRId64 " of %s, %" PRId64 ".%" PRId64 " ms at most",
		    pauses.items[i].processes, pauses.items[i].module,
		    pauses.items[i].longest_us / 1000, pauses.items[i].longest_us / 100 % 10);
}

static void report(const struct call *call, const struct node *node,
		   const struct install_result *result)
{
	char bytes[3][32];

	progress_clear();
	if (call->json) {
		print_json(install_result_json(node, result));
		return;
	}
	if (result->lacked_bytes)
		say_verbose(call, "sent %s; the node lacked %s of %s",
			    human_bytes((uint64_t)result->sent_bytes, bytes[0]),
			    human_bytes((uint64_t)result->lacked_bytes, bytes[1]),
			    human_bytes((uint64_t)result->release_bytes, bytes[2]));
	for (size_t i = 0; i < result->notes_len; i++)
		say(call, "note: %s", result->notes[i]);
	show_pauses(call, result->pauses);
	print("%s runs %s %s", node_name(node), result->name, result->vsn);
	if (result->install_ms)
		print(", installed over %s in %" PRId64 " ms", result->from, result->install_ms);
	print(result->permanent ? "; it is permanent\n" : "; it is not committed\n");
	if (!result->permanent)
		say(call, "A restart goes back to %s.  Next: relevo node commit %s, or revert.",
		    result->from, node_name(node));
}

/* ---- install ---- */

/* What is refused now was changed before. */
static int not_committed(const struct install_result *result, struct error *err)
{
	if (err->kind == ERROR_REFUSED)
		err->kind = ERROR_STUCK;
	return error_hint(err, "%s is installed, and not committed.", result->vsn);
}

static int install_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct install_opts *opts = call->opts;
	struct install_options options = options_of(call);
	owned_node struct node *node = NULL;
	struct install_result result, commit;
	struct bundle bundle;

	if (trusted_bundle(&bundle, &arena, call->argv[1], &opts->trust, err) ||
	    node_connect(&node, call, &opts->node, err) ||
	    node_install(&result, node, &arena, &bundle, &options, err))
		return -1;
	if (opts->commit && !result.permanent) {
		if (node_commit(&commit, node, &arena, result.vsn, &options, err))
			return not_committed(&result, err);
		result.permanent = true;
	}
	report(call, node, &result);
	return 0;
}

const struct command cmd_node_install = {
	.name = "install",
	.parent = "node",
	.args = "NODE RELEASE",
	.summary = "Upgrade a node to another release without stopping it",
	.description =
		"RELEASE is a tarball of relevo build with a relup inside.  The node is looked at, "
		"the tarball is sent, unpacked and compared with its manifest, the configuration "
		"of "
		"the new release is made on the node, the release installed and verified, and the "
		"node watched for --bake.  What is not well is taken back.\n\n"
		"The release is then current: a restart goes back to the permanent one until "
		"`relevo "
		"node commit` (or --commit).\n\n"
		"With --restart it is booted instead, once, on trial: when it does not come up, is "
		"not "
		"well, or ends before it is committed, the permanent release boots again, also "
		"without relevo.  Somebody must start the system again when its VM ends "
		"(docs/run.md).\n\n"
		"Whatever is interrupted, the same command again finishes it.  With -v each step "
		"is "
		"said before it is done.",
	.examples =
		"relevo node install shop@10.0.0.1 shop-1.1.0.tar.gz --bake 1m --commit\n"
		"relevo node install -v shop@10.0.0.1 shop-1.1.0.tar.gz  # then commit or revert",
	.args_min = 2,
	.args_max = 2,
	.options = install_options,
	.opts_size = sizeof(struct install_opts),
	.run = install_run,
};

/* ---- commit, revert ---- */

typedef int change_fn(struct install_result *out, struct node *node, struct arena *arena,
		      const char *vsn, const struct install_options *options, struct error *err);

static int change(const struct call *call, change_fn *fn, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct install_opts *opts = call->opts;
	struct install_options options = options_of(call);
	owned_node struct node *node = NULL;
	struct install_result result;

	if (node_connect(&node, call, &opts->node, err) ||
	    fn(&result, node, &arena, call->argc > 1 ? call->argv[1] : NULL, &options, err))
		return -1;
	report(call, node, &result);
	return 0;
}

static int commit_run(const struct call *call, struct error *err)
{
	return change(call, node_commit, err);
}

static int revert_run(const struct call *call, struct error *err)
{
	return change(call, node_revert, err);
}

const struct command cmd_node_commit = {
	.name = "commit",
	.parent = "node",
	.args = "NODE [VERSION]",
	.summary = "Make the release that runs the one that the node boots",
	.description =
		"VERSION, when given, must be the one that runs.  Processes that still run the "
		"code of the release before would be killed by it: they are waited for, and named "
		"when they do not come to an end.",
	.args_min = 1,
	.args_max = 2,
	.options = commit_options,
	.opts_size = sizeof(struct install_opts),
	.run = commit_run,
};

const struct command cmd_node_revert = {
	.name = "revert",
	.parent = "node",
	.args = "NODE [VERSION]",
	.summary = "Take a node back to the release before, without stopping it",
	.description =
		"From a release that is not committed to the permanent one; from a committed one "
		"to VERSION, or to the newest of those before it, which is made permanent.  Where "
		"no relup "
		"knows the way, --restart goes by a restart of the VM.",
	.args_min = 1,
	.args_max = 2,
	.options = revert_options,
	.opts_size = sizeof(struct install_opts),
	.run = revert_run,
};

/* ---- remove ---- */

static int remove_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct install_opts *opts = call->opts;
	struct install_options options = options_of(call);
	owned_node struct node *node = NULL;

	if (node_connect(&node, call, &opts->node, err) ||
	    node_remove(node, &arena, call->argv[1], &options, err))
		return -1;
	if (call->json)
		print_json(json_pack("{s:o, s:o}", "node", json_text(node_name(node)), "removed",
				     json_text(call->argv[1])));
	else
		print("%s has forgotten %s\n", node_name(node), call->argv[1]);
	return 0;
}

const struct command cmd_node_remove = {
	.name = "remove",
	.parent = "node",
	.args = "NODE VERSION",
	.summary = "Delete a release that neither runs nor boots from a node",
	.args_min = 2,
	.args_max = 2,
	.options = plain_options,
	.opts_size = sizeof(struct install_opts),
	.run = remove_run,
};
