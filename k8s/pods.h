// SPDX-License-Identifier: Apache-2.0
/* pods.h - the pods of a workload, as they are now. */
#pragma once
#include "k8s/api.h"
#include "k8s/beam.h"

struct pod {
	const char *name, *ip, *uid, *host; /* host: the machine; "": not known */
	bool ready, ending;
	int64_t restarts;  /* of all its containers */
	const char *ended; /* why the last of them did: "app: OOMKilled, exit code 137"; "" */
};

struct pods {
	struct arena arena;
	int64_t replicas;  /* that are wanted; never changed by us */
	struct pod *items; /* the highest ordinal first; those that have ended are left out */
	size_t len;
};
void pods_done(struct pods *pods);
#define owned_pods owned(pods_done)

/* Asks for the workload, then for its pods.  ERROR_NOT_FOUND: there is no such workload. */
must_check int pods_list(struct pods *out, struct kube *kube, const struct beam_wish *wish,
			 struct error *err);
/* NULL: there is none of that name. */
const struct pod *pods_find(const struct pods *pods, const char *name);
/* One pod as the server has it now, in the arena; *there says whether it has. */
must_check int pod_get(struct pod *out, bool *there, struct arena *arena, struct kube *kube,
		       const char *space, const char *name, struct error *err);
/* Of a pod's object; texts are borrowed from it, but for `ended`, which is in the arena, if there
 * is one.
 */
void pod_read(struct pod *out, const json_t *object, struct arena *arena);
/* Of a StatefulSet's pod; -1: it is none. */
int64_t pod_ordinal(const char *workload, const char *name);
/* Whether the labels of a pod are those that the workload selects; pure. */
bool pods_selected(const json_t *workload, const json_t *pod);
