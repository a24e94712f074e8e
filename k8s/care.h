// SPDX-License-Identifier: Apache-2.0
/* care.h - one BeamDeployment, while we lead: whether there is something to do, and how it stands.
 */
#pragma once
#include "k8s/beam_status.h"
#include "k8s/cluster.h"
#include "k8s/helper.h"

struct care {
	struct operator* op;
	char *name;
	struct helper attempt, check;
	bool visited; /* an attempt has looked whether there was something to go on with */
	bool lost;    /* it said that another leads */
	bool repair;
	int64_t generation; /* of the last attempt */
	int64_t wait_ms, not_before;
	uint64_t retries; /* attempts that could not go on, and were not counted yet */
	char failed[512]; /* why the last attempt could not go on */
	struct beam_checked checked;
	int64_t checked_at;
	struct arena arena; /* of `checked` */
	json_t *read; /* the newest BeamUpgrade, and the rollout that it tells of; NULL: none */
	struct rollout *rollout;
	int64_t progress_by;
	char deadline[32];
	char reason[128];               /* that was told last */
	char promoted[80], aborted[80]; /* as they were seen last */
	bool strategy_told;             /* that the workload's is dangerous */
	int64_t mixed_at;               /* its pods were seen to run two releases; 0: they do not */
	bool mixed_told;                /* that it is too long */
	char refused[256];              /* why the status could not be written; told once */
};

struct care *care_new(struct operator* op, const char *name);
void care_free(struct care *care); /* ends what it does */
/* One look: begins what is to be done, tells how it stands, if that is something else than before.
 */
must_check int care_step(struct care *care, struct kube *kube, struct cluster *cluster,
			 struct error *err);
