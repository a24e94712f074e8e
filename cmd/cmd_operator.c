// SPDX-License-Identifier: Apache-2.0
/* relevo operator: what runs in a cluster. */
#include "cmd/output.h"
#include "k8s/operator.h"

struct operator_opts {
	const char *space, *config, *context;
	const char *cert, *key, *ca, *listen;
	long lease_ms, renew_ms, retry_ms;
};

static const struct option operator_opts[] = {
	OPT_TEXT(struct operator_opts, space, 'n', "namespace", "NAMESPACE",
		 "whose BeamDeployments (default: that of the context, or of this pod)"),
	OPT_TEXT(struct operator_opts, config, 0, "kubeconfig", "FILE",
		 "where the cluster is (default: $KUBECONFIG, ~/.kube/config, this pod)"),
	OPT_TEXT(struct operator_opts, context, 0, "context", "NAME",
		 "another than the current context of that file"),
	OPT_TEXT(struct operator_opts, cert, 0, "agent-cert", "FILE",
		 "certificate by which agents know the operator (PEM)"),
	OPT_TEXT(struct operator_opts, key, 0, "agent-key", "FILE", "its key (PEM)"),
	OPT_TEXT(struct operator_opts, ca, 0, "agent-ca", "FILE", "who vouches for agents (PEM)"),
	OPT_TEXT(struct operator_opts, listen, 0, "listen", "ADDRESS:PORT",
		 "where /metrics, /healthz and /readyz are served, over plain HTTP (default: "
		 "nowhere)"),
	OPT_DURATION(struct operator_opts, lease_ms, 0, "lease", "TIME",
		     "how long another waits for a leader that says nothing (default: 15s)"),
	OPT_DURATION(struct operator_opts, renew_ms, 0, "renew", "TIME",
		     "how long a leader that cannot renew the lease goes on (default: 10s)"),
	OPT_DURATION(struct operator_opts, retry_ms, 0, "retry", "TIME",
		     "between two tries to get or renew it (default: 2s)"),
	OPT_END,
};

static void say_line(const char *text)
{
	warn("%s", text);
}

static int run(const struct call *call, struct error *err)
{
	const struct operator_opts *opts = call->opts;
	const struct operator_options options = {
		.kube = { .config = opts->config, .context = opts->context, .space = opts->space },
		.agents = { .cert = opts->cert, .key = opts->key, .ca = opts->ca },
		.lease = { .duration_s = (int)(opts->lease_ms / 1000),
			   .renew_ms = opts->renew_ms,
			   .retry_ms = opts->retry_ms },
		.listen = opts->listen,
		.say = say_line,
	};

	if (!opts->cert || !opts->key || !opts->ca)
		return error_set(
			err, ERROR_USAGE,
			"--agent-cert, --agent-key and --agent-ca are needed: agents speak "
			"to nobody else");
	return operator_run(&options, err);
}

/* clang-format off */
const struct command cmd_operator = {
	.name = "operator",
	.args = "",
	.summary = "Upgrade the pods of a namespace in Kubernetes",
	.group = "Kubernetes",
	.description =
		"Runs until it is ended.  Of several, one leads (a Lease); it watches the BeamDeployments of its namespace, and "
		"brings each release that one names to the pods of its workload, by their agents (relevo agent), wave by "
		"wave, and back when they are not well.  All it decides stands in the cluster before it is done, so that another "
		"goes on where it was killed.",
	.examples =
		"relevo k8s manifests -n shop | kubectl apply -f -     # it, and what it needs\n"
		"kubectl get -n shop bd                                # how they stand\n",
	.no_json = true,
	.options = operator_opts,
	.opts_size = sizeof(struct operator_opts),
	.run = run,
};
/* clang-format on */
