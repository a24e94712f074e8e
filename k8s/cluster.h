// SPDX-License-Identifier: Apache-2.0
/* cluster.c - what there is in the namespace, kept up to date by a process for each kind. */
#pragma once
#include "k8s/api.h"
#include "k8s/operator.h"

enum cluster_kind {
	CLUSTER_deployments, /* BeamDeployments */
	CLUSTER_releases,
	CLUSTER_upgrades,
	CLUSTER_pods,
	CLUSTER_sets, /* StatefulSets */
	CLUSTER_apps, /* Deployments */
	CLUSTER_KINDS,
};

struct cluster; /* opaque: see cluster.c */

/* Starts them; free with cluster_free(), which ends them. */
must_check int cluster_open(struct cluster **out, struct operator* op, struct error *err);
void cluster_free(struct cluster *cluster); /* NULL is fine */
static inline void cluster_done(struct cluster **cluster)
{
	cluster_free(*cluster);
}
#define owned_cluster owned(cluster_done)

/* Waits for news, and takes what there is; *changed says whether there was any.
 *
 * ERROR_FAILED: one of them has ended.
 */
must_check int cluster_wait(bool *changed, struct cluster *cluster, int wait_ms, struct error *err);
/* All lists have come. */
bool cluster_is_synced(const struct cluster *cluster);
/* An object {NAME: object}; borrowed. */
json_t *cluster_all(const struct cluster *cluster, enum cluster_kind kind);
const json_t *cluster_get(const struct cluster *cluster, enum cluster_kind kind, const char *name);
/* What a write of ours has made of it. */
void cluster_put(struct cluster *cluster, enum cluster_kind kind, json_t *object);
