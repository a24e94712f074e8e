// SPDX-License-Identifier: Apache-2.0
/* stand_in.h - which pod of a Deployment is which node of a rollout; pure.
 *
 * A pod that is evicted to be restarted is replaced by one of another name, which the rollout goes
 * on to know by the name of the first: it stands in for it.  As all pods of a Deployment are alike,
 * any that the rollout does not know may do so.
 */
#pragma once
#include "k8s/pods.h"
#include "upgrade/rollout/rollout.h"

/* Whether another pod stands in for it, when its own is gone. */
bool stand_in_wanted(const struct rollout_node *node);
/* Brings `names`, {node: pod}, in step with the pods that there are.  True: each node that wants a
 * pod has one, so that any other pod is one more.
 */
bool stand_in_find(json_t *names, const struct rollout *rollout, const struct pods *pods);
/* The name of its pod. */
const char *stand_in_of(const json_t *names, const char *node);
/* Whether a pod stands in for a node. */
bool stand_in_is(const json_t *names, const char *pod);
