// SPDX-License-Identifier: Apache-2.0
/* relevo setup: the first deployment, to machines where nothing runs yet. */
#include "base/json.h"
#include "cmd/output.h"
#include "cmd/release_arg.h"
#include "cmd/rollout.h"
#include "cmd/trust.h"
#include "upgrade/node/wire/cookie.h"
#include "upgrade/rollout/setup.h"

#include <stdlib.h>

struct setup_opts {
	struct rollout_opts rollout;
};

static const struct option setup_options[] = {
	ROLLOUT_OPTIONS(struct setup_opts, rollout),
	OPT_END,
};

/* ---- telling ---- */

static json_t *node_json(const struct setup_node *node)
{
	return json_pack("{s:s, s:s?, s:s?, s:o, s:s?}", "node", node->name, "dir", node->dir,
			 "runs", node->failed ? NULL : node->runs, "did",
			 json_texts((struct names){ node->did, node->did_len }), "error",
			 node->failed ? node->err.text : NULL);
}

static void tell_json(const struct session *s, const struct setup_node *nodes)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->target->nodes_len; i++)
		json_array_append_new(list, node_json(&nodes[i]));
	print_json(json_pack("{s:s, s:s, s:s, s:o}", "target", s->target->name, "release",
			     s->bundle.name, "version", s->bundle.vsn, "nodes", list));
}

static void tell_one(const struct session *s, const struct setup_node *node)
{
	for (size_t i = 0; i < node->did_len; i++)
		print("%s: %s\n", node->name, node->did[i]);
	if (node->failed)
		return;
	if (node->did_len == 0)
		print("%s: nothing was missing\n", node->name);
	print("%s: runs %s, and is well\n", node->name, node->runs);
	if (strcmp(node->runs, s->bundle.vsn) != 0)
		print("%s: to have %s: relevo deploy %s -t %s\n", node->name, s->bundle.vsn,
		      s->bundle.vsn, s->target->name);
}

/* The error that is returned is that of one node. */
static void tell_errors(const struct session *s, const struct setup_node *nodes,
			const struct error *err)
{
	for (size_t i = 0; i < s->target->nodes_len; i++)
		if (nodes[i].failed && strcmp(nodes[i].err.text, err->text) != 0)
			warn("%s", nodes[i].err.text);
}

/* ---- doing ---- */

static int choose_release(const char **out, struct session *s, struct error *err)
{
	struct names versions;

	if (s->call->argc > 0) {
		*out = s->call->argv[0];
		return 0;
	}
	if (release_arg_versions(&versions, &s->arena, err))
		return -1;
	if (versions.len == 0)
		return error_set(err, ERROR_NOT_FOUND,
				 "the store of the project is empty: build a "
				 "release, or name one");
	*out = versions.items[0];
	return 0;
}

static int set_up(struct session *s, struct error *err)
{
	const struct setup setup = { .target = s->target,
				     .cookie = str_text(&s->cookie),
				     .bundle = &s->bundle };
	struct setup_node *nodes = arena_array(&s->arena, s->target->nodes_len, struct setup_node);
	bool changed;
	int ret = setup_run(nodes, &changed, &setup, err);

	if (s->call->json && changed)
		tell_json(s, nodes);
	for (size_t i = 0; !s->call->json && changed && i < s->target->nodes_len; i++)
		tell_one(s, &nodes[i]);
	if (ret) {
		tell_errors(s, nodes, err);
		error_hint_(err, changed ? "The same command again does what is missing."
					 : "Nothing was changed.");
	}
	setup_done(nodes, s->target->nodes_len);
	return ret;
}

static int setup_cmd(const struct call *call, struct error *err)
{
	static const struct trust_opts no_keys;
	const struct setup_opts *opts = call->opts;
	owned_session struct session s = { .cookie = STR_EMPTY };
	const char *release;
	uint64_t token;

	if (session_open(&s, call, &opts->rollout, err) || choose_release(&release, &s, err) ||
	    trusted_bundle(&s.bundle, &s.arena, release, &no_keys, err) ||
	    cookie_find(&s.cookie, s.target->cookie_file, s.target->cookie_env, err) ||
	    journal_lock(s.journal, s.target->name, &token, err) || session_find_nodes(&s, err))
		return -1;
	return set_up(&s, err);
}

const struct command cmd_setup = {
	.name = "setup",
	.args = "[RELEASE]",
	.summary = "The first deployment, by ssh, to machines where nothing runs yet",
	.description =
		"RELEASE is a tarball, or a version in the store; without it, the newest there.  "
		"Every "
		"machine of the target (via.ssh in relevo.yaml) is looked at before the first is "
		"changed.  Then each gets the release, compared with its digest, in setup.dir; the "
		"cookie, in a file that nobody else can read; the name of its node; with "
		"setup.systemd, "
		"where systemd is, a unit.  The node is started, and waited for until it is "
		"well.\n\n"
		"What is there already and right is left alone: the same command again mends what "
		"is "
		"missing, and says what it did.  Where another version lies, it stays: relevo "
		"deploy "
		"takes it further.",
	.examples = "relevo setup -t production\n"
		    "relevo setup 1.0.0 -t production",
	.group = "Fleets",
	.args_min = 0,
	.args_max = 1,
	.options = setup_options,
	.opts_size = sizeof(struct setup_opts),
	.run = setup_cmd,
};
