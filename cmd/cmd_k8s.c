// SPDX-License-Identifier: Apache-2.0
/* relevo k8s …: what Kubernetes must be told. */
#include "cmd/output.h"
#include "k8s/manifests.h"

struct manifests_opts {
	const char *space;
};

static const struct option manifests_options[] = {
	OPT_TEXT(struct manifests_opts, space, 'n', "namespace", "NAMESPACE",
		 "for this namespace (default: default)"),
	OPT_END,
};

static int manifests_run(const struct call *call, struct error *err)
{
	const struct manifests_opts *opts = call->opts;
	owned_str struct str text = STR_EMPTY;

	if (manifests_add(&text, opts->space ? opts->space : "default", err))
		return -1;
	print_lines(stdout, str_span(&text));
	return 0;
}

/* clang-format off */
static const struct command k8s_manifests = {
	.name = "manifests",
	.parent = "k8s",
	.args = "",
	.summary = "Print the kinds and the roles that Kubernetes must be told of",
	.description =
		"Prints YAML for kubectl apply: the kinds BeamRelease, BeamDeployment and BeamUpgrade of relevo.dev/v1alpha1, "
		"and a service account with a role that may do what upgrading the pods of one namespace takes, and nothing "
		"else.  Nothing is asked or changed; whoever applies the kinds must administer the cluster.",
	.examples =
		"relevo k8s manifests -n shop | kubectl apply -f -\n"
		"kubectl explain beamdeployment.spec.strategy  # what its fields mean, then\n",
	.no_json = true,
	.options = manifests_options,
	.opts_size = sizeof(struct manifests_opts),
	.run = manifests_run,
};

static const struct command *const subcommands[] = { &k8s_manifests, NULL };

const struct command cmd_k8s = {
	.name = "k8s",
	.args = "",
	.summary = "What Kubernetes must be told",
	.group = "Kubernetes",
	.subcommands = subcommands,
};
/* clang-format on */
