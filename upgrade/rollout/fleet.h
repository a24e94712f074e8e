// SPDX-License-Identifier: Apache-2.0
/* fleet.h - drives a rollout over live nodes.
 *
 * Each action is done by a child process, at most as many at once as the policy says; a child that
 * hangs is killed when its time is over, and all of them when this process ends, however it ends.
 * What is decided is written down before any child is started for it.
 */
#pragma once
#include "upgrade/rollout/journal.h"
#include "upgrade/rollout/way.h"

struct work;

struct fleet {
	const struct target *target;
	const char *cookie;
	const struct bundle *bundle;
	struct journal *journal; /* has the lock, and the rollout */
	struct ways *ways;       /* NULL: a look says itself which way leads to the release */
	/* Does an action in its child process; NULL: work_do(), on the node. */
	json_t *(*work)(void *context, const struct work *work);
	/* What else was seen before the next step, of nodes that came or went; false: nothing more.
	 * May be NULL.
	 */
	bool (*seen)(void *context, struct rollout *rollout, struct sight *out);
	/* Told what is begun and what came of it, with a text for a person; may be NULL. */
	void (*began)(void *context, const struct rollout *rollout,
		      const struct rollout_action *action);
	void (*ended)(void *context, const struct rollout *rollout,
		      const struct rollout_action *action, enum outcome outcome, const char *text,
		      const json_t *answer);
	/* Told after each step; may be NULL. */
	void (*stepped)(void *context, const struct rollout *rollout);
	void *context;
};

/* Asks each node what the installation would meet there, and changes nothing; after fleet_look().
 * (*out)[i], of node i: {suspends, suspended_us, lacked_bytes, refusals: [{code, message}]}, or
 * NULL where it could not be asked, or runs the release already; owned, and free() the list.
 */
must_check int fleet_foresee(json_t ***out, const struct fleet *fleet, struct rollout *rollout,
			     struct error *err);
/* Until it rests.  The first SIGINT, SIGTERM or SIGHUP lets what is under way end, and pauses the
 * rollout; the second ends at once.
 *
 * ERROR_FAILED: the journal cannot be written.  ERROR_LOCKED: another run has taken over.
 * ERROR_PAUSED: ended at once by a signal.
 */
must_check int fleet_drive(const struct fleet *fleet, struct rollout *rollout, struct error *err);

/* It was told to end at once. */
bool fleet_interrupted(void);

/* Asks every node what it is, and which way leads from there to the release; changes nothing and
 * writes nothing down.
 */
must_check int fleet_look(const struct fleet *fleet, struct rollout *rollout, struct error *err);

/* The policy of a target. */
struct rollout_policy fleet_policy(const struct target *target);
