// SPDX-License-Identifier: Apache-2.0
/* relevo k8s …: what Kubernetes must be told. */
#include "base/json.h"
#include "cmd/output.h"
#include "k8s/install.h"
#include "k8s/manifests.h"

/* ---- manifests ---- */

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

/* ---- install ---- */

enum { INSTALL_WAIT_MS = 60000 };

struct install_opts {
	const char *space, *config, *context;
	long wait_ms;
	bool force;
};

static const struct option install_options[] = {
	OPT_TEXT(struct install_opts, space, 'n', "namespace", "NAMESPACE",
		 "for this namespace (default: that of the context)"),
	OPT_TEXT(struct install_opts, config, 0, "kubeconfig", "FILE",
		 "where the cluster is (default: $KUBECONFIG, ~/.kube/config, this pod)"),
	OPT_TEXT(struct install_opts, context, 0, "context", "NAME",
		 "another than the current context of that file"),
	OPT_FLAG(struct install_opts, force, 0, "force", "change also what somebody else has set"),
	OPT_DURATION(struct install_opts, wait_ms, 0, "timeout", "TIME",
		     "how long the server may take to serve the kinds (default: 60s)"),
	OPT_END,
};

static void install_print(const struct install *done, const char *server, const char *space)
{
	owned_table struct table *table = table_new(3);

	print("%s, namespace %s\n", server, space);
	for (size_t i = 0; i < done->len; i++)
		table_row(table, done->objects[i].kind, done->objects[i].name,
			  install_change_name(done->objects[i].change));
	table_print(table, stdout, "  ", false);
}

static json_t *install_json(const struct install *done, const char *server, const char *space)
{
	json_t *objects = json_array();

	for (size_t i = 0; i < done->len; i++)
		json_array_append_new(objects,
				      json_pack("{s:s, s:s, s:s}", "kind", done->objects[i].kind,
						"name", done->objects[i].name, "change",
						install_change_name(done->objects[i].change)));
	return json_pack("{s:o, s:s, s:o}", "server", json_text(server), "namespace", space,
			 "objects", objects);
}

static int install_here(const struct call *call, struct error *err)
{
	const struct install_opts *opts = call->opts;
	const struct kube_options where = { .config = opts->config,
					    .context = opts->context,
					    .space = opts->space };
	owned_arena struct arena arena = ARENA_EMPTY;
	owned_kube struct kube *kube = NULL;
	struct install done;
	const char *space;

	if (kube_open(&kube, &where, err))
		return -1;
	space = kube_space(kube);
	if (install_run(&done, kube, &arena, space, opts->force,
			opts->wait_ms ? opts->wait_ms : INSTALL_WAIT_MS, err))
		return -1;
	if (call->json)
		print_json(install_json(&done, kube_server(kube), space));
	else
		install_print(&done, kube_server(kube), space);
	return 0;
}

/* ---- the table ---- */

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

static const struct command k8s_install = {
	.name = "install",
	.parent = "k8s",
	.args = "",
	.summary = "Tell a cluster of the kinds and the role",
	.description =
		"Applies what relevo k8s manifests prints, by server-side apply, and waits until the server serves the kinds.  "
		"Done again it does what is missing.  What somebody else has set otherwise is left, and refused, unless "
		"--force takes it over.  The namespace must be there.",
	.examples =
		"relevo k8s install -n shop\n"
		"relevo k8s install -n shop --context production\n",
	.options = install_options,
	.opts_size = sizeof(struct install_opts),
	.run = install_here,
};

static const struct command *const subcommands[] = { &k8s_manifests, &k8s_install, NULL };

const struct command cmd_k8s = {
	.name = "k8s",
	.args = "",
	.summary = "What Kubernetes must be told",
	.group = "Kubernetes",
	.subcommands = subcommands,
};
/* clang-format on */
