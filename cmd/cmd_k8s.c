// SPDX-License-Identifier: Apache-2.0
/* relevo k8s …: what Kubernetes must be told. */
#include "base/json.h"
#include "cmd/k8s.h"
#include "cmd/output.h"
#include "k8s/install.h"
#include "k8s/manifests.h"

/* ---- manifests ---- */

struct manifests_opts {
	const char *space;
	const char *workload, *kind, *container, *root, *node, *image, *relevo;
	bool sidecar;
};

static const struct option manifests_options[] = {
	OPT_TEXT(struct manifests_opts, space, 'n', "namespace", "NAMESPACE",
		 "for this namespace (default: default)"),
	OPT_TEXT(struct manifests_opts, workload, 0, "workload", "NAME",
		 "instead: what is added to this workload, as a patch"),
	OPT_TEXT(struct manifests_opts, kind, 0, "kind", "KIND",
		 "of it: StatefulSet or Deployment (default: StatefulSet)"),
	OPT_TEXT(struct manifests_opts, container, 0, "container", "NAME",
		 "in which the node runs (default: app)"),
	OPT_TEXT(struct manifests_opts, root, 0, "root", "DIR",
		 "where the release lies in there (default: /srv/NAME)"),
	OPT_TEXT(struct manifests_opts, node, 0, "node", "NAME",
		 "of the node (default: NAME@$(POD_IP))"),
	OPT_TEXT(
		struct manifests_opts, image, 0, "image", "IMAGE",
		"that has relevo in it; without --workload also what runs the operator is printed"),
	OPT_TEXT(struct manifests_opts, relevo, 0, "relevo", "FILE",
		 "where in that image (default: relevo)"),
	OPT_FLAG(struct manifests_opts, sidecar, 0, "sidecar",
		 "the agent starts before the node and ends after it (Kubernetes 1.29 and later)"),
	OPT_END,
};

static int add_patch(struct str *out, const struct manifests_opts *opts, const char *space,
		     struct error *err)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const char *name = opts->workload;
	const struct workload workload = {
		.name = name,
		.kind = opts->kind ? opts->kind : "StatefulSet",
		.container = opts->container ? opts->container : "app",
		.root = opts->root ? opts->root : arena_printf(&arena, "/srv/%s", name),
		.node = opts->node ? opts->node : arena_printf(&arena, "%s@$(POD_IP)", name),
		.image = opts->image,
		.relevo = opts->relevo ? opts->relevo : "relevo",
		.sidecar = opts->sidecar,
	};

	if (!opts->image)
		return error_set(err, ERROR_USAGE,
				 "--workload wants --image: one that has relevo in it");
	return manifests_patch(out, &workload, space, err);
}

static int manifests_run(const struct call *call, struct error *err)
{
	const struct manifests_opts *opts = call->opts;
	owned_str struct str text = STR_EMPTY;

	const char *space = opts->space ? opts->space : "default";

	if (opts->workload ? add_patch(&text, opts, space, err)
			   : manifests_add(&text, space, opts->image, err))
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
		"else; with --image also a Deployment of relevo operator.  Nothing is asked or changed; whoever applies the kinds must administer the cluster.\n\n"
		"With --workload what is printed is a patch for a StatefulSet or a Deployment: a volume for the release, relevo seed "
		"before the node, relevo agent beside it, and OnDelete, so that the workload itself changes no pods.  It wants "
		"the secrets NAME-agent-tls (tls.crt, tls.key, ca.crt) and NAME-cookie (cookie), and the ConfigMap relevo-NAME, "
		"which the operator writes.",
	.examples =
		"relevo k8s manifests -n shop | kubectl apply -f -\n"
		"relevo k8s manifests -n shop --workload shop --image registry.example.com/relevo:1 >patch.yaml\n"
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

static const struct command *const subcommands[] = {
	&k8s_manifests, &k8s_install, &k8s_status, &k8s_pause, &k8s_resume, &k8s_promote, &k8s_abort, NULL,
};

const struct command cmd_k8s = {
	.name = "k8s",
	.args = "",
	.summary = "What Kubernetes must be told, and how pods get on",
	.description =
		"Under the name kubectl-relevo, relevo is a plugin of kubectl: kubectl relevo status shop is relevo k8s status shop.",
	.group = "Kubernetes",
	.subcommands = subcommands,
};
/* clang-format on */
