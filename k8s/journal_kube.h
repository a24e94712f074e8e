// SPDX-License-Identifier: Apache-2.0
/* journal_kube.h - a journal of rollouts that is a BeamUpgrade's status.
 *
 * A write carries the resourceVersion of the one before, and is begun only while we lead: another
 * leader's write, or the end of the lease, is ERROR_LOCKED, and whoever drives it must stop.
 * Commands are what the BeamDeployment says now, of the revision that is rolled out.
 */
#pragma once
#include "k8s/api.h"
#include "k8s/beam.h"
#include "k8s/lease.h"
#include "upgrade/rollout/journal.h"

struct kube_journal; /* opaque: see journal_kube.c; its struct journal comes first */

struct kube_journal_options {
	struct kube *kube;
	const struct lease *lease;
	const char *space, *deployment;
	const char *uid; /* of the BeamDeployment: attempts of one that was deleted are not its */
	/* Called before the first action of each write, when that is written: what pods are to come
	 * up on.  May be NULL.
	 */
	int (*written)(void *context, const struct rollout *rollout, struct error *err);
	/* Told what journal_note() is told. */
	void (*noted)(void *context, const char *node, const char *text);
	void *context;
};

struct kube_journal *journal_kube_new(const struct kube_journal_options *options);
struct journal *journal_kube(struct kube_journal *journal);
void journal_kube_free(struct kube_journal *journal); /* NULL is fine */

/* What a new BeamUpgrade is, for journal_begin(). */
struct kube_attempt {
	const char *from, *to; /* revisions; "" */
	bool restart;
};
void journal_kube_attempt(struct kube_journal *journal, const struct kube_attempt *attempt);

/* Whether a BeamUpgrade is of that BeamDeployment, and of none before it that had the same name;
 * pure. */
bool journal_kube_is_of(const json_t *upgrade, const char *uid);

/* The name of the BeamUpgrade; "": there was none. */
const char *journal_kube_name(const struct kube_journal *journal);
/* Its number; 0: there was none. */
int64_t journal_kube_number(const struct kube_journal *journal);
/* status.result, as it was seen or written last. */
const char *journal_kube_result(const struct kube_journal *journal);
const char *journal_kube_to(const struct kube_journal *journal);
/* What came of it, when all is done that follows from it. */
must_check int journal_kube_settle(struct kube_journal *journal, const char *result,
				   const char *reason, struct error *err);
/* All but the newest `keep` that are over are removed. */
must_check int journal_kube_prune(struct kube_journal *journal, int64_t keep, struct error *err);

static inline void journal_kube_done(struct kube_journal **journal)
{
	journal_kube_free(*journal);
}
#define owned_kube_journal owned(journal_kube_done)

/* The rollout that a BeamUpgrade tells of; pure.  ERROR_INVALID. */
must_check int journal_kube_read(struct rollout **out, const json_t *upgrade, struct error *err);
/* "2026-01-02T03:04:05Z", now. */
const char *kube_time_now(char out[static 32]);
