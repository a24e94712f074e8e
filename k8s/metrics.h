// SPDX-License-Identifier: Apache-2.0
/* metrics.h - what a leader tells of its work, as Prometheus reads it; pure.
 *
 * BeamDeployments are looked at one after the other, by one process: that is the queue of the
 * workqueue_ metrics, which have the names that all controllers give them.
 */
#pragma once
#include "base/str.h"

#include <jansson.h>

enum { METRICS_BOUNDS = 12 };

struct histogram {
	uint64_t within[METRICS_BOUNDS], all, us;
};

struct metrics {
	struct histogram waited, looked; /* one BeamDeployment, for its look; the look */
	uint64_t retries;                /* attempts that are begun once more, later */
	json_t *over;                    /* BeamUpgrades that have ended, by name; NULL: not seen */
	json_t *ended;                   /* {result: {"count", "seconds"}}, since it leads */
};
void metrics_done(struct metrics *metrics);

/* A look at one, which waited for it and then took so long. */
void metrics_looked(struct metrics *metrics, int64_t waited_us, int64_t us);
/* All BeamUpgrades that there are, {NAME: object}: those of them that have ended since the last
 * call are counted, but for the first call.
 */
void metrics_upgrades(struct metrics *metrics, const json_t *upgrades);

void metrics_add_gauge(struct str *out, const char *name, const char *help, int64_t value);
/* All that was counted. */
void metrics_add(struct str *out, const struct metrics *metrics);
/* How each of the BeamDeployments {NAME: object} stands, by its status. */
void metrics_add_deployments(struct str *out, const json_t *deployments);
/* What is true at this moment: how many wait for their look, and for how long one has been looked
 * at; 0: none is.
 */
void metrics_add_now(struct str *out, size_t waiting, int64_t us);
