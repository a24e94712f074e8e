// SPDX-License-Identifier: Apache-2.0
/* beam_status.h - what is told of a BeamDeployment in its status; pure. */
#pragma once
#include "k8s/beam.h"

enum beam_sync { SYNC_unknown, SYNC_in, SYNC_behind, SYNC_uncommitted, SYNC_silent };

/* What the agents said when they were last asked, while nothing was rolled out. */
struct beam_checked {
	bool asked;
	enum beam_sync sync; /* the worst of all pods */
	const char *why;     /* of which, and what it is; "" */
	int64_t pods, in_sync, drifted, silent;
};

struct beam_view {
	const json_t *object;         /* the BeamDeployment as it is known */
	const struct beam_wish *wish; /* NULL: it cannot be read, see `invalid` */
	const char *invalid;
	const char *target;            /* the digest; "": there is no such BeamRelease */
	const json_t *upgrade;         /* the newest; NULL: none */
	const struct rollout *rollout; /* that it tells of; NULL: none */
	int64_t replicas, ready;       /* pods that are wanted, and that are ready */
	struct beam_checked checked;
	const char *failed;   /* why an attempt could not go on; "" */
	const char *rolling;  /* why none is begun now; "" */
	int64_t mixed_ms;     /* since when its pods are seen to run two releases */
	const char *now;      /* the time */
	const char *deadline; /* of progress; "": none */
	int64_t token;
};

/* The status, but for what attempts write themselves (stableRevision, rejectedRevisions); a new
 * reference.
 */
json_t *beam_status(const struct beam_view *view);
/* Whether it says more than `before`, both as beam_status() made them, or as they were read. */
bool beam_status_differs(const json_t *status, const json_t *object);

/* What an agent's state makes of a pod; why is in the arena. */
enum beam_sync beam_sync_of(const char **why, struct arena *arena, const json_t *state,
			    const struct beam_release *stable);
