// SPDX-License-Identifier: Apache-2.0
/* relevo node …: one live node; the commands that only look. */
#include "base/json.h"
#include "cmd/node.h"
#include "cmd/output.h"
#include "upgrade/node/node_json.h"

#include <inttypes.h>

struct look_opts {
	struct node_opts node;
};

static const struct option look_options[] = {
	NODE_OPTIONS(struct look_opts),
	OPT_END,
};

static int connect_here(struct node **out, const struct call *call, struct error *err)
{
	const struct look_opts *opts = call->opts;

	return node_connect(out, call, &opts->node, err);
}

/* ---- ping ---- */

static int ping_run(const struct call *call, struct error *err)
{
	owned_node struct node *node = NULL;
	int64_t us;

	if (connect_here(&node, call, err) || node_ping(&us, node, err))
		return -1;
	if (call->json)
		print_json(json_pack("{s:o, s:b, s:o}", "node", json_text(node_name(node)), "up",
				     true, "answer_ms", json_ms(us)));
	else
		print("%s is up: answered in %.1f ms\n", node_name(node), (double)us / 1000);
	return 0;
}

/* ---- info ---- */

static const char *duration(int64_t ms, char text[static 32])
{
	int64_t s = ms / 1000;

	if (s >= 86400)
		snprintf(text, 32, "%" PRId64 "d %" PRId64 "h", s / 86400, s % 86400 / 3600);
	else if (s >= 3600)
		snprintf(text, 32, "%" PRId64 "h %" PRId64 "min", s / 3600, s % 3600 / 60);
	else if (s >= 60)
		snprintf(text, 32, "%" PRId64 "min %" PRId64 "s", s / 60, s % 60);
	else
		snprintf(text, 32, "%" PRId64 "s", s);
	return text;
}

static void info_print(const struct node *node, const struct node_info *info, bool all)
{
	owned_table struct table *table = table_new(2);
	owned_str struct str otp = STR_EMPTY;
	owned_str struct str apps = STR_EMPTY;
	char uptime[32];

	print("%s%s%s runs %s %s\n", style_on(stdout, STYLE_BOLD), node_name(node),
	      style_off(stdout), info->name, info->version);
	str_addf(&otp, "%s, ERTS %s%s%s", info->otp, info->erts, info->elixir[0] ? ", Elixir " : "",
		 info->elixir);
	for (size_t i = 0; i < info->apps_len; i++)
		str_addf(&apps, "%s%s %s", i ? ", " : "", info->apps[i].name, info->apps[i].vsn);
	table_row(table, "up for", duration(info->uptime_ms, uptime));
	table_row(table, "OTP", otp.ptr);
	table_row(table, "code", info->mode);
	table_row(table, "root", info->root);
	table_row(table, "releases", info->releases_dir);
	if (!all)
		table_row(table, "applications", str_text(&apps));
	table_print(table, stdout, "  ", false);
	for (size_t i = 0; all && i < info->apps_len; i++)
		print("  %-24s %s\n", info->apps[i].name, info->apps[i].vsn);
}

static int info_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_node struct node *node = NULL;
	struct node_info info;

	if (connect_here(&node, call, err) || node_info(&info, node, &arena, err))
		return -1;
	if (call->json)
		print_json(node_info_json(node, &info));
	else
		info_print(node, &info, call->verbose);
	return 0;
}

/* ---- releases ---- */

/* What a person would do next; NULL: nothing. */
static const char *next_step(struct arena *arena, const struct node *node,
			     const struct node_releases *releases)
{
	const struct node_release *running = releases_running(releases),
				  *permanent = releases_permanent(releases);

	if (releases->trouble)
		return trouble_way(releases->trouble, node, arena);
	if (releases->lock[0])
		return arena_printf(arena,
				    "Another relevo (%s) is at work there, sending, installing or "
				    "watching: look again in a moment.",
				    releases->lock);
	if (releases->busy)
		return "A change is under way there: look again in a moment.";
	if (releases->file_fault[0])
		return arena_printf(arena, "Next: relevo node adopt %s", node_name(node));
	if (!running || !permanent || running == permanent)
		return NULL;
	return arena_printf(
		arena,
		"%s is not committed%s: a restart goes back to %s.  Next: relevo node "
		"commit %s%s, or revert.",
		running->vsn,
		releases_is_unseen(releases)
			? ", and nobody has verified it (who installed it was ended before)"
			: "",
		permanent->vsn, node_name(node),
		releases_is_unseen(releases) ? ", which does" : "");
}

static void releases_print(const struct node_releases *releases)
{
	const struct node_release *running = releases_running(releases);
	owned_table struct table *table = table_new(4);

	table_row(table, "RELEASE", "VERSION", "STATE", "");
	for (size_t i = 0; i < releases->len; i++) {
		const struct node_release *each = &releases->items[i];

		table_row(table, each->name, each->vsn, release_state_name(each->state),
			  each == running                                ? "running"
			  : strcmp(each->vsn, releases->failed_vsn) == 0 ? "failed on trial"
									 : "");
	}
	table_print(table, stdout, "", true);
	if (releases->trouble)
		warn("%s: %s", releases->trouble->name, releases->trouble->text);
	if (releases->file_fault[0])
		warn("%s/RELEASES is %s: see relevo node adopt", releases->releases_dir,
		     releases->file_fault);
	if (releases->pinned_vsn[0])
		warn("the start script boots %s, whatever is permanent: see relevo node adopt",
		     releases->pinned_vsn);
}

static int releases_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_node struct node *node = NULL;
	struct node_releases releases;
	const char *next;

	if (connect_here(&node, call, err) || node_releases(&releases, node, &arena, err) ||
	    (!releases.trouble && node_shared(&releases.trouble, node, &arena, err)))
		return -1;
	if (!releases.sasl)
		return error_set(err, ERROR_REFUSED,
				 "%s: sasl does not run there, so nothing knows "
				 "the node's releases",
				 node_name(node));
	next = next_step(&arena, node, &releases);
	if (call->json) {
		print_json(node_releases_json(node, &releases, next));
		return 0;
	}
	releases_print(&releases);
	if (next)
		say(call, "%s", next);
	return 0;
}

/* ---- the table ---- */

#define LOOK(verb, text, long_text)                    \
	static const struct command look_##verb = {    \
		.name = #verb,                         \
		.parent = "node",                      \
		.args = "NODE",                        \
		.summary = text,                       \
		.description = long_text,              \
		.args_min = 1,                         \
		.args_max = 1,                         \
		.options = look_options,               \
		.opts_size = sizeof(struct look_opts), \
		.run = verb##_run,                     \
	}

LOOK(ping, "Tell whether a node is up and takes our cookie",
     "NODE is the full name, as shop@10.0.0.1.  Tells apart: host unknown, no epmd, name unknown "
     "to epmd, port closed, wrong cookie, not allowed, hanging.");
LOOK(info, "Show what a node runs: release, OTP, applications",
     "With -v the applications are listed one a line.");
LOOK(releases, "List the releases a node knows and their states",
     "unpacked: there, never run.  current: runs, not committed: a restart goes back to the "
     "permanent one.  permanent: what the node boots.  old: ran before.");

static const struct command *const subcommands[] = {
	&look_ping,
	&look_info,
	&cmd_node_vitals,
	&look_releases,
	&cmd_node_eval,
	&cmd_node_rpc,
	&cmd_node_check,
	&cmd_node_adopt,
	&cmd_node_install,
	&cmd_node_commit,
	&cmd_node_revert,
	&cmd_node_remove,
	NULL,
};

const struct command cmd_node = {
	.name = "node",
	.args = "",
	.summary = "Look at or upgrade one live node",
	.group = "Live nodes",
	.subcommands = subcommands,
};
