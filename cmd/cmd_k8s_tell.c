// SPDX-License-Identifier: Apache-2.0
/* relevo k8s status, pause, resume, promote, abort: a BeamDeployment, and what its operator is
 * told. */
#include "base/json.h"
#include "cmd/k8s.h"
#include "cmd/output.h"
#include "k8s/beam.h"
#include "k8s/tell.h"

struct tell_opts {
	const char *space, *config, *context, *revision;
};

#define CLUSTER_OPTIONS                                                     \
	OPT_TEXT(struct tell_opts, space, 'n', "namespace", "NAMESPACE",    \
		 "where it is (default: that of the context)"),             \
		OPT_TEXT(struct tell_opts, config, 0, "kubeconfig", "FILE", \
			 "where the cluster is (default: $KUBECONFIG, "     \
			 "~/.kube/config, this pod)"),                      \
		OPT_TEXT(struct tell_opts, context, 0, "context", "NAME",   \
			 "another than the current context of that file")

static const struct option plain_options[] = {
	CLUSTER_OPTIONS,
	OPT_END,
};

static const struct option revision_options[] = {
	CLUSTER_OPTIONS,
	OPT_TEXT(
		struct tell_opts, revision, 0, "revision", "DIGEST",
		"only if this release is the one that is wanted, by its digest or how that begins"),
	OPT_END,
};

static int reach(struct kube **out, const struct call *call, struct error *err)
{
	const struct tell_opts *opts = call->opts;
	const struct kube_options where = { .config = opts->config,
					    .context = opts->context,
					    .space = opts->space };

	return kube_open(out, &where, err);
}

/* ---- how it stands ---- */

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_in(object, "status", key, NULL));
}

static json_t *conditions_json(const json_t *object)
{
	json_t *list = json_array();
	const json_t *one;
	size_t i;

	json_array_foreach (json_in(object, "status", "conditions", NULL), i, one)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "type",
						      json_at(one, "type", NULL), "status",
						      json_at(one, "status", NULL), "reason",
						      json_at(one, "reason", NULL), "message",
						      json_at(one, "message", NULL)));
	return list;
}

static json_t *text_or_null(const json_t *object, const char *key)
{
	const char *text = json_at(object, "status", key, NULL);

	return json_text(text[0] ? text : NULL);
}

static json_t *status_json(const json_t *object)
{
	return json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:o}",
		"name", kube_meta(object, "name"), "namespace", kube_meta(object, "namespace"),
		"kind", json_at(object, "spec", "workloadRef", "kind", NULL), "workload",
		json_at(object, "spec", "workloadRef", "name", NULL), "release",
		json_at(object, "spec", "releaseRef", "name", NULL), "paused",
		json_is_true(json_in(object, "spec", "paused", NULL)), "target",
		text_or_null(object, "targetRevision"), "stable",
		text_or_null(object, "stableRevision"), "upgrade",
		text_or_null(object, "currentUpgradeName"), "wave",
		text_or_null(object, "currentWaveName"), "pods", number(object, "replicas"),
		"available", number(object, "availableReplicas"), "updated",
		number(object, "updatedReplicas"), "committed", number(object, "committedReplicas"),
		"drifted", number(object, "driftedReplicas"), "conditions",
		conditions_json(object));
}

static void status_print(const json_t *object)
{
	owned_table struct table *table = table_new(4);
	const char *wave = json_at(object, "status", "currentWaveName", NULL);
	const json_t *one;
	size_t i;

	print("%s: %s %s, namespace %s\n", kube_meta(object, "name"),
	      json_at(object, "spec", "workloadRef", "kind", NULL),
	      json_at(object, "spec", "workloadRef", "name", NULL), kube_meta(object, "namespace"));
	print("  wanted: %s, %s\n", json_at(object, "spec", "releaseRef", "name", NULL),
	      json_at(object, "status", "targetRevision", NULL));
	print("  stable: %s\n", json_at(object, "status", "stableRevision", NULL));
	if (wave[0])
		print("  wave: %s of %s\n", wave,
		      json_at(object, "status", "currentUpgradeName", NULL));
	print("  pods: %lld, available %lld, with it %lld, permanent %lld, drifted %lld\n",
	      (long long)number(object, "replicas"), (long long)number(object, "availableReplicas"),
	      (long long)number(object, "updatedReplicas"),
	      (long long)number(object, "committedReplicas"),
	      (long long)number(object, "driftedReplicas"));
	json_array_foreach (json_in(object, "status", "conditions", NULL), i, one)
		table_row(table, json_at(one, "type", NULL), json_at(one, "status", NULL),
			  json_at(one, "reason", NULL), json_at(one, "message", NULL));
	table_print(table, stdout, "  ", false);
}

static void show(const struct call *call, const json_t *object)
{
	if (call->json)
		print_json(status_json(object));
	else
		status_print(object);
}

static int status_run(const struct call *call, struct error *err)
{
	owned_kube struct kube *kube = NULL;
	owned_json json_t *object = NULL;

	if (reach(&kube, call, err) || tell_get(&object, kube, call->argv[0], err))
		return -1;
	show(call, object);
	return tell_standing(object, err);
}

/* ---- telling ---- */

static int tell_run(const struct call *call, enum tell_kind kind, struct error *err)
{
	static const char *const said[] = {
		[TELL_pause] = "will stop after what is under way",
		[TELL_resume] = "goes on",
		[TELL_promote] = "is promoted",
		[TELL_abort] = "goes back",
	};
	const struct tell_opts *opts = call->opts;
	owned_kube struct kube *kube = NULL;
	owned_json json_t *object = NULL;
	const char *of = json_at(NULL, NULL);

	if (reach(&kube, call, err) ||
	    tell(&object, kube, call->argv[0], kind, opts->revision, err))
		return -1;
	if (kind == TELL_promote)
		of = json_at(object, "spec", "promotedRevision", NULL);
	else if (kind == TELL_abort)
		of = json_at(object, "spec", "abortedRevision", NULL);
	if (call->json)
		print_json(status_json(object));
	else
		print("%s%s%s: %s\n", call->argv[0], of[0] ? ": " : "", of, said[kind]);
	return 0;
}

static int pause_run(const struct call *call, struct error *err)
{
	return tell_run(call, TELL_pause, err);
}

static int resume_run(const struct call *call, struct error *err)
{
	return tell_run(call, TELL_resume, err);
}

static int promote_run(const struct call *call, struct error *err)
{
	return tell_run(call, TELL_promote, err);
}

static int abort_run(const struct call *call, struct error *err)
{
	return tell_run(call, TELL_abort, err);
}

/* ---- the table ---- */

#define TELL_COMMAND(verb, text, long_text, table)     \
	const struct command k8s_##verb = {            \
		.name = #verb,                         \
		.parent = "k8s",                       \
		.args = "NAME",                        \
		.args_min = 1,                         \
		.args_max = 1,                         \
		.summary = text,                       \
		.description = long_text,              \
		.options = table,                      \
		.opts_size = sizeof(struct tell_opts), \
		.run = verb##_run,                     \
	}

TELL_COMMAND(
	status, "Show how a BeamDeployment stands",
	"As its operator said last.  The exit status is 0 while it is on its way and when all pods "
	"run "
	"what is wanted, 8 while it waits for a person, 5 when it went back, 6 when it needs a "
	"person.  To wait: kubectl wait bd/NAME --for=condition=Ready.",
	plain_options);
TELL_COMMAND(pause, "Have a BeamDeployment stop after what is under way",
	     "Sets spec.paused: nothing new is begun; relevo k8s resume goes on.", plain_options);
TELL_COMMAND(resume, "Let a BeamDeployment go on that was paused",
	     "Takes spec.paused back.  A wave that waits for a person wants relevo k8s promote.",
	     plain_options);
TELL_COMMAND(
	promote, "Let a BeamDeployment go on that waits for a person",
	"Sets spec.promotedRevision to the release that is wanted: the manual pauses of its waves "
	"are over.  Of another release it means nothing.",
	revision_options);
TELL_COMMAND(
	abort, "Take a BeamDeployment back that is not over",
	"Sets spec.abortedRevision to the release that is wanted: all pods that were touched go "
	"back, at once, and it is not tried again while that stands there.",
	revision_options);
