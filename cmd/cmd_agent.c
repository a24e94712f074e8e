// SPDX-License-Identifier: Apache-2.0
/* relevo agent: beside a node in its pod. */
#include "cmd/output.h"
#include "k8s/agent.h"

#include <stdlib.h>

struct agent_opts {
	const char *root, *node, *cookie_file, *cert, *key, *ca, *listen, *probes, *client, *keys;
};

static const struct option agent_options_table[] = {
	OPT_TEXT(struct agent_opts, root, 0, "root", "DIR",
		 "the volume on which the release lies (default: $RELEASE_ROOT)"),
	OPT_TEXT(struct agent_opts, node, 0, "node", "NAME",
		 "the node beside it: shop@10.0.0.1 (default: $RELEASE_NODE)"),
	OPT_TEXT(struct agent_opts, cookie_file, 0, "cookie-file", "FILE",
		 "the node's cookie, read anew for each connection"),
	OPT_TEXT(struct agent_opts, cert, 0, "cert", "FILE",
		 "the certificate (PEM) to serve with; all three are read again when they change"),
	OPT_TEXT(struct agent_opts, key, 0, "key", "FILE", "its key (PEM, not encrypted)"),
	OPT_TEXT(struct agent_opts, ca, 0, "ca", "FILE",
		 "the authority (PEM) that vouches for whoever commands"),
	OPT_TEXT(struct agent_opts, client, 0, "client", "NAME",
		 "whose commands are obeyed, as their certificate calls them "
		 "(default: relevo-operator)"),
	OPT_TEXT(struct agent_opts, listen, 0, "listen", "ADDRESS:PORT",
		 "where commands are taken (default: :9443)"),
	OPT_TEXT(struct agent_opts, probes, 0, "probes", "ADDRESS:PORT",
		 "where anybody may ask how the node is, without TLS (default: nowhere)"),
	OPT_TEXT(struct agent_opts, keys, 0, "keys", "DIR",
		 "a folder of public keys; only a release that one of these signed is used"),
	OPT_END,
};

static void said(void *context, const char *line)
{
	say(context, "%s", line);
}

static int check(const struct agent_options *options, struct error *err)
{
	const struct {
		const char *name, *value;
	} needed[] = {
		{ "--root", options->setup.root },
		{ "--node", options->setup.node },
		{ "--cookie-file", options->setup.cookie_file },
		{ "--cert", options->cert },
		{ "--key", options->key },
		{ "--ca", options->ca },
	};

	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if (!needed[i].value || !needed[i].value[0])
			return error_set(err, ERROR_USAGE, "relevo agent wants %s", needed[i].name);
	return 0;
}

static int agent_command_run(const struct call *call, struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct agent_opts *opts = call->opts;
	struct trust trust;
	const struct agent_options options = {
		.setup = { .root = opts->root ? opts->root : getenv("RELEASE_ROOT"),
			   .node = opts->node ? opts->node : getenv("RELEASE_NODE"),
			   .cookie_file = opts->cookie_file,
			   .trust = &trust },
		.cert = opts->cert,
		.key = opts->key,
		.ca = opts->ca,
		.client = opts->client ? opts->client : "relevo-operator",
		.listen = opts->listen ? opts->listen : ":9443",
		.probes = opts->probes,
		.said = said,
		.context = (void *)(uintptr_t)call,
	};

	if (check(&options, err) || keys_in(&trust, &arena, opts->keys, err))
		return -1;
	return agent_run(&options, err);
}

/* clang-format off */
const struct command cmd_agent = {
	.name = "agent",
	.args = "",
	.summary = "Upgrade the node beside it in a pod, as the operator says",
	.description =
		"Runs in a pod, beside the container of the node, with the volume of the release.  Commands come over HTTPS, "
		"with certificates on both sides; each is done once however often it is sent, and what an older operator "
		"says is refused.  What must be known after a crash is kept in DIR/.relevo.  Of Kubernetes it knows nothing, "
		"and it wants no rights there.\n\n"
		"Told to end (SIGTERM) it brings to its end what is under way.  relevo help seed tells how the release comes onto "
		"the volume in the first place.",
	.examples =
		"relevo agent --root /srv/shop --node 'shop@$(POD_IP)' --cookie-file /cookie/cookie --cert /tls/tls.crt --key /tls/tls.key --ca /tls/ca.crt --probes :9102\n",
	.group = "Kubernetes",
	.no_json = true,
	.options = agent_options_table,
	.opts_size = sizeof(struct agent_opts),
	.run = agent_command_run,
};
/* clang-format on */
