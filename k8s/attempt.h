// SPDX-License-Identifier: Apache-2.0
/* attempt.h - brings what a BeamDeployment wants to its pods: one attempt, in a process of its own.
 *
 * It asks the server what is wanted, goes on with the attempt that is written down, or begins one,
 * until that rests: at its end, or where a person must say something.  Killed at any moment and
 * begun again it goes on from what is written down and from what the agents say.
 */
#pragma once
#include "k8s/agent_ask.h"
#include "k8s/journal_kube.h"
#include "k8s/pods.h"
#include "k8s/seeds.h"

struct attempt_options {
	struct kube_options kube;
	const struct lease *lease;
	struct http_tls agents; /* how we speak to them */
	const char *space, *name;
	bool repair; /* pods that do not run what is stable are brought there */
};

/* ERROR_LOCKED: another leads.  ERROR_NOT_FOUND, ERROR_INVALID: something that it speaks of is not
 * there, or cannot be so.
 */
must_check int attempt_run(const struct attempt_options *options, struct error *err);

/* ---- what its files share; for them alone ---- */

struct attempt {
	const struct attempt_options *options;
	struct kube *kube;
	struct kube_journal *journal;
	json_t *object, *release; /* the BeamDeployment, the BeamRelease */
	struct beam_wish wish;
	struct seeds seeds;
	json_t *about;    /* {releaseRef, document, first} */
	json_t *document; /* of the release that pods get */
	bool first;       /* nothing was ever stable: waves and bakes say nothing */
	struct pods pods; /* as they were seen last */
	int64_t pods_at;
	json_t *names;              /* of a Deployment's pods: see stand_in.h */
	bool all_stood_for;         /* no node of the rollout waits for its pod */
	size_t next_pod, next_node; /* that are compared with the rollout */
	bool no_restart;
};

bool attempt_of_set(const struct attempt *a); /* of a StatefulSet's pods */
/* attempt_drive.c: until it rests. */
must_check int attempt_drive(struct attempt *a, struct rollout *rollout, struct error *err);
/* evict.c: in a child process, with a connection of its own. */
json_t *attempt_restart(const struct attempt *a, const struct work *work,
			const struct agent_reach *reach, const struct agent_order_of *order);
/* Something for a person: of a pod, or (NULL) of all. */
void attempt_tell(const struct attempt *a, bool warning, const char *reason, const char *pod,
		  const char *text);
