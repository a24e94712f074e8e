// SPDX-License-Identifier: Apache-2.0
/* relevo node eval, rpc: code that runs on one live node; no VM is started here. */
#include "base/json.h"
#include "cmd/node.h"
#include "cmd/output.h"
#include "cmd/trust.h"
#include "erlang/term/term_json.h"
#include "upgrade/node/beside.h"

struct call_opts {
	struct node_opts node;
	struct trust_opts trust;
	const char *release;
};

static const struct option call_options[] = {
	NODE_OPTIONS(struct call_opts),
	OPT_END,
};

/* clang-format off */
static const struct option eval_options[] = {
	NODE_OPTIONS(struct call_opts),
	TRUST_OPTIONS(struct call_opts, trust),
	OPT_TEXT(struct call_opts, release, 'r', "release", "RELEASE",
		 "with the code and configuration of that release, in a VM of its own beside the node"),
	OPT_END,
};
/* clang-format on */

static void show(const struct call *call, const struct term *value)
{
	owned_str struct str text = STR_EMPTY;

	if (call->json) {
		print_json(json_pack("{s:o, s:o}", "node", json_text(call->argv[0]), "term",
				     term_to_json(value)));
		return;
	}
	term_print_pretty(&text, value);
	print_lines(stdout, str_span(&text));
	print("\n");
}

/* ---- eval ---- */

/* As typed in the Erlang shell: the dot at the end is welcome, but not wanted. */
static struct span without_dot(const char *text)
{
	struct span all = span_trim(span_of(text));

	if (span_ends(all, ".") && !span_ends(all, "$."))
		all.len--;
	return all;
}

enum { BESIDE_MS = 600000 }; /* migrations take their time */

static int eval_beside(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_node struct node *node = NULL;
	const struct call_opts *opts = call->opts;
	const char *text = arena_dup(&arena, without_dot(call->argv[1]));
	struct bundle bundle;
	struct beside beside;

	if (trusted_bundle(&bundle, &arena, opts->release, &opts->trust, err) ||
	    node_connect(&node, call, &opts->node, err) ||
	    node_beside(&beside, node, &arena, &bundle, text,
			opts->node.timeout_ms ? opts->node.timeout_ms : BESIDE_MS, false, err))
		return -1;
	if (*beside.printed)
		say(call, "%s", beside.printed);
	show(call, beside.value);
	return 0;
}

static int eval_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_node struct node *node = NULL;
	const struct call_opts *opts = call->opts;
	const struct term *value;

	if (opts->release)
		return eval_beside(call, err);
	if (node_connect(&node, call, &opts->node, err) ||
	    node_eval(&value, NULL, node_dist(node), &arena, "the expression",
		      without_dot(call->argv[1]), NULL, 0, node_deadline(node), err))
		return -1;
	show(call, value);
	return 0;
}

/* ---- rpc ---- */

static int parse_args(const struct term **out, struct arena *arena, const struct call *call,
		      struct error *err)
{
	struct terms list = { 0 };

	for (int i = 3; i < call->argc; i++) {
		const char *name = arena_printf(arena, "argument %d", i - 2);
		struct span text = without_dot(call->argv[i]);
		const char *dotted = arena_printf(arena, SPAN_FMT " .", SPAN_ARG(text));
		const struct term *term;

		if (term_parse_one(&term, arena, span_of(dotted), name, err)) {
			err->kind = ERROR_USAGE;
			return error_hint(err, "Arguments are Erlang terms: 42, an_atom, "
					       "'\"text\"', '[{a,1}]'.");
		}
		terms_add(arena, &list, term);
	}
	*out = term_list_of(arena, &list);
	return 0;
}

static int rpc_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_node struct node *node = NULL;
	const struct call_opts *opts = call->opts;
	const struct term *args, *value;

	if (parse_args(&args, &arena, call, err) || node_connect(&node, call, &opts->node, err) ||
	    rpc_call(&value, NULL, node_dist(node), &arena, call->argv[1], call->argv[2], args,
		     node_deadline(node), err))
		return -1;
	show(call, value);
	return 0;
}

/* ---- the table ---- */

/* clang-format off */
const struct command cmd_node_eval = {
	.name = "eval",
	.parent = "node",
	.args = "NODE EXPRESSION",
	.summary = "Evaluate Erlang text on a node and print its value",
	.description =
		"EXPRESSION is one or more Erlang expressions with commas between them, evaluated in "
		"a process of its own on the node.  What it prints itself appears there, not here.  "
		"--timeout bounds the answer; what has begun runs to its end.\n\n"
		"With --release it runs in a VM of its own beside the node, with the code, the "
		"environment and the configuration of that release, whose applications are loaded "
		"and not started: for migrations before an installation.  What the node lacks of the "
		"release is sent to a temporary folder there, and removed.  --timeout, 10 minutes "
		"unless it is said, ends it then.",
	.examples =
		"relevo node eval shop@10.0.0.1 'erlang:memory(total)'\n"
		"relevo node eval shop@10.0.0.1 \"'Elixir.Shop.Stock':count()\" --json\n"
		"relevo node eval shop@10.0.0.1 \"'Elixir.Shop.Release':migrate()\" --release shop-1.1.0.tar.gz",
	.args_min = 2,
	.args_max = 2,
	.options = eval_options,
	.opts_size = sizeof(struct call_opts),
	.run = eval_run,
};

const struct command cmd_node_rpc = {
	.name = "rpc",
	.parent = "node",
	.args = "NODE MODULE FUNCTION [ARG...]",
	.summary = "Call a function on a node and print what it returns",
	.description =
		"Each ARG is an Erlang term.  MODULE is its name as Erlang has it, without quotes: "
		"lists, Elixir.Shop.Stock.",
	.examples =
		"relevo node rpc shop@10.0.0.1 erlang memory total\n"
		"relevo node rpc shop@10.0.0.1 Elixir.Shop.Stock set '<<\"TEA\">>' 12",
	.args_min = 3,
	.args_max = -1,
	.options = call_options,
	.opts_size = sizeof(struct call_opts),
	.run = rpc_run,
};
/* clang-format on */
