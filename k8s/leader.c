// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "k8s/care.h"
#include "k8s/web.h"

#include <inttypes.h>
#include <stdlib.h>

enum { TICK_MS = 300, ALL_MS = 1000, CARES_MAX = 10000 };

/* How long looks at one BeamDeployment took, in the bounds that Prometheus is told. */
static const int64_t bounds_us[] = { 1000,   2500,   5000,   10000,   25000,   50000,
				     100000, 250000, 500000, 1000000, 2500000, 10000000 };

struct latency {
	uint64_t within[ARRAY_LEN(bounds_us)], all, us;
};

struct leader {
	struct operator* op;
	struct kube *kube;
	struct cluster *cluster;
	struct care **cares;
	size_t len, cap;
	struct latency latency;
};

static void leader_done(struct leader *leader)
{
	for (size_t i = 0; i < leader->len; i++)
		care_free(leader->cares[i]);
	free(leader->cares);
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

static void took(struct latency *latency, int64_t us)
{
	for (size_t i = 0; i < ARRAY_LEN(bounds_us); i++)
		latency->within[i] += us <= bounds_us[i];
	latency->all++;
	latency->us += (uint64_t)us;
}

static int step(struct leader *leader, struct error *err)
{
	meet(leader);
	for (size_t i = 0; i < leader->len; i++) {
		int64_t began = clock_mono_us();

		if (care_step(leader->cares[i], leader->kube, leader->cluster, err))
			return -1;
		took(&leader->latency, clock_mono_us() - began);
	}
	return 0;
}

/* ---- what is told of it ---- */

static void add_gauge(struct str *out, const char *name, const char *help, int64_t value)
{
	str_addf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %" PRId64 "\n", name, help, name, name,
		 value);
}

#define RECONCILE "controller_runtime_reconcile_time_seconds"
#define CONTROLLER "controller=\"beamdeployment\""

/* Under the names that controllers have. */
static void add_latency(struct str *out, const struct latency *latency)
{
	str_adds(out, "# HELP " RECONCILE " How long a look at one BeamDeployment took.\n"
		      "# TYPE " RECONCILE " histogram\n");
	for (size_t i = 0; i < ARRAY_LEN(bounds_us); i++)
		str_addf(out, RECONCILE "_bucket{" CONTROLLER ",le=\"%g\"} %" PRIu64 "\n",
			 (double)bounds_us[i] / 1e6, latency->within[i]);
	str_addf(out,
		 RECONCILE "_bucket{" CONTROLLER ",le=\"+Inf\"} %" PRIu64 "\n" RECONCILE
			   "_sum{" CONTROLLER "} %.6f\n" RECONCILE "_count{" CONTROLLER "} %" PRIu64
			   "\n",
		 latency->all, (double)latency->us / 1e6, latency->all);
}

static void tell(const struct leader *leader)
{
	owned_str struct str text = STR_EMPTY;
	int64_t ready = 0, at_work = 0;

	for (size_t i = 0; i < leader->len; i++) {
		at_work += helper_runs(&leader->cares[i]->attempt);
		ready += strcmp(leader->cares[i]->reason, "Committed") == 0;
	}
	add_gauge(&text, "relevo_deployments", "BeamDeployments that there are.",
		  (int64_t)leader->len);
	add_gauge(&text, "relevo_deployments_ready", "Those whose pods all run what is wanted.",
		  ready);
	add_gauge(&text, "relevo_attempts_at_work", "Upgrades that are under way.", at_work);
	add_latency(&text, &leader->latency);
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
