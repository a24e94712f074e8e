// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "k8s/care.h"
#include "k8s/metrics.h"
#include "k8s/web.h"

#include <stdlib.h>

enum { TICK_MS = 300, ALL_MS = 1000, CARES_MAX = 10000 };

struct leader {
	struct operator* op;
	struct kube *kube;
	struct cluster *cluster;
	struct care **cares;
	size_t len, cap;
	struct metrics metrics;
};

static void leader_done(struct leader *leader)
{
	for (size_t i = 0; i < leader->len; i++)
		care_free(leader->cares[i]);
	free(leader->cares);
	metrics_done(&leader->metrics);
	cluster_free(leader->cluster);
	kube_close(leader->kube);
}
#define owned_leader owned(leader_done)

static struct care *find(const struct leader *leader, const char *name)
{
	for (size_t i = 0; i < leader->len; i++)
		if (strcmp(leader->cares[i]->name, name) == 0)
			return leader->cares[i];
	return NULL;
}

static void add(struct leader *leader, const char *name)
{
	if (leader->len == leader->cap) {
		leader->cap = leader->cap ? 2 * leader->cap : 16;
		leader->cares = mem_resize(leader->cares, leader->cap, sizeof(*leader->cares));
	}
	leader->cares[leader->len++] = care_new(leader->op, name);
}

/* Those that came, and those that were deleted, whose pods are left as they are. */
static void meet(struct leader *leader)
{
	const char *name;
	json_t *object;

	json_object_foreach (cluster_all(leader->cluster, CLUSTER_deployments), name, object)
		if (!find(leader, name) && leader->len < CARES_MAX)
			add(leader, name);
	for (size_t i = leader->len; i > 0; i--) {
		struct care *care = leader->cares[i - 1];

		if (cluster_get(leader->cluster, CLUSTER_deployments, care->name))
			continue;
		leader->cares[i - 1] = leader->cares[--leader->len];
		care_free(care);
	}
}

/* What came of one look. */
static void took(struct leader *leader, struct care *care, int64_t waited_us, int64_t us)
{
	metrics_looked(&leader->metrics, waited_us, us);
	leader->metrics.retries += care->retries;
	care->retries = 0;
}

static int step(struct leader *leader, struct error *err)
{
	int64_t begun = clock_mono_us();

	meet(leader);
	for (size_t i = 0; i < leader->len; i++) {
		int64_t began = clock_mono_us();

		web_works(leader->op->web, leader->len - i - 1, began);
		if (care_step(leader->cares[i], leader->kube, leader->cluster, err))
			return -1;
		took(leader, leader->cares[i], began - begun, clock_mono_us() - began);
	}
	web_works(leader->op->web, 0, 0);
	return 0;
}

static void tell(struct leader *leader)
{
	owned_str struct str text = STR_EMPTY;
	int64_t ready = 0, at_work = 0;

	for (size_t i = 0; i < leader->len; i++) {
		at_work += helper_runs(&leader->cares[i]->attempt);
		ready += strcmp(leader->cares[i]->reason, "Committed") == 0;
	}
	metrics_add_gauge(&text, "relevo_deployments", "BeamDeployments that there are.",
			  (int64_t)leader->len);
	metrics_add_gauge(&text, "relevo_deployments_ready",
			  "Those whose pods all run what is wanted.", ready);
	metrics_add_gauge(&text, "relevo_attempts_at_work", "Upgrades that are under way.",
			  at_work);
	metrics_upgrades(&leader->metrics, cluster_all(leader->cluster, CLUSTER_upgrades));
	metrics_add(&text, &leader->metrics);
	metrics_add_deployments(&text, cluster_all(leader->cluster, CLUSTER_deployments));
	web_looked(leader->op->web, str_text(&text), text.len);
}

int leader_run(struct operator* op, struct error *err)
{
	owned_leader struct leader leader = { .op = op };
	int64_t looked_at = 0;

	if (kube_open(&leader.kube, &op->kube, err) || cluster_open(&leader.cluster, op, err))
		return -1;
	while (lease_leads(op->lease)) {
		bool changed;

		if (cluster_wait(&changed, leader.cluster, TICK_MS, err))
			return -1;
		if (!cluster_is_synced(leader.cluster) ||
		    (!changed && clock_mono_ms() - looked_at < ALL_MS))
			continue;
		looked_at = clock_mono_ms();
		if (step(&leader, err))
			return -1;
		tell(&leader);
	}
	return error_set(err, ERROR_LOCKED, "the lease is lost");
}
