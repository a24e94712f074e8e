// SPDX-License-Identifier: Apache-2.0
/* drive.h - a rollout while it is driven: what the files of the driver share; for them alone.
 *
 * fleet.c is the loop, children.c are the processes that do what is decided, told.c is what they
 * say, as sights for the engine and as notes in the journal.
 */
#pragma once
#include "upgrade/health/compare.h"
#include "upgrade/rollout/fanout.h"
#include "upgrade/rollout/fleet.h"

#include <sys/types.h>

struct at_work {
	pid_t pid;
	int fd;
	struct rollout_action action;
	int64_t ends_by;
	struct str said;
};

struct drive {
	const struct fleet *fleet;
	struct rollout *rollout;
	struct at_work *children;
	size_t len, cap;
	struct fanout *fanout;
	struct rollout_action *waiting; /* for their turn to be brought the release */
	size_t waiting_len, waiting_cap;
	/* What was seen since the last step. */
	struct sight *sights;
	size_t sights_len, sights_cap;
	struct node_facts *facts; /* of those; the same places */
	json_t **answers;
	json_t **baselines; /* of each node: the first look since it has the release */
	json_t **failing;   /* of each node: {GATE: since when}, what is not well there */
	json_t **foreseen;  /* of each node; NULL: not asked for */
	struct samples samples;
	struct arena arena; /* texts of one step */
	int64_t written_at;
	unsigned signals; /* heeded */
	bool no_journal, failure_told;
};

/* ---- children.c ---- */

/* By which signals a person ends relevo; a child is ended by them as anything is. */
extern const int ending_signals[3];

/* peer   that a node may fetch the release from; NULL: none */
must_check int start_child(struct drive *d, const struct rollout_action *action,
			   const struct stage_peer *peer, struct error *err);
/* The same, or it waits for its turn to be brought the release. */
must_check int start_or_wait(struct drive *d, const struct rollout_action *action,
			     struct error *err);
/* Those whose turn has come. */
must_check int start_waiting(struct drive *d, struct error *err);
/* Waits for what children say, and takes those that have ended or take too long. */
must_check int take_children(struct drive *d, int wait_ms, struct error *err);
void children_end(struct drive *d);
/* What the node runs; "": not known. */
const char *runs_of(const struct drive *d, size_t node);

/* ---- told.c ---- */

/* A sight of the next step; takes `answer`, which its texts may be of. */
struct sight *add_sight(struct drive *d, json_t *answer);
/* What a child has told; NULL: nothing, as it was late or has crashed. */
must_check int take_answer(struct drive *d, const struct rollout_action *action, json_t *answer,
			   bool late, struct error *err);
