// SPDX-License-Identifier: Apache-2.0
/* lease.h - who of several leads, by a Lease of coordination.k8s.io/v1.
 *
 * Times of others are never compared with a clock of ours: a Lease is only watched for change, and
 * one that has not changed for its whole duration, by our clock, is free.  Two may still believe at
 * the same moment that they lead (a process that was stopped and goes on); so whatever is done
 * carries the token, which grows with each change of the leader, and what has seen a greater
 * one refuses.
 */
#pragma once
#include "base/arena.h"
#include "base/error.h"
#include "k8s/api.h"

enum { LEASE_DURATION_S = 15, LEASE_RENEW_MS = 10000, LEASE_RETRY_MS = 2000 };

struct lease_options {
	const char *space, *name;
	const char *holder; /* nobody else's: a pod's name and uid */
	int duration_s;     /* 0: LEASE_DURATION_S, and so on */
	int64_t renew_ms;   /* who could not renew it for that long does not lead any more */
	int64_t retry_ms;
	/* The greatest token that was ever used, as far as it is known: asked before the Lease is
	 * taken, so that one that was deleted, or is an old one again, does not begin anew.  NULL:
	 * what the Lease says is all.
	 */
	int (*floor)(int64_t *out, struct kube *kube, struct error *err);
};

struct lease; /* opaque: see lease.c */

/* Asks nobody yet; the server must outlive it.  ERROR_USAGE: duration, renewal and retry must be
 * of falling length.
 */
must_check int lease_new(struct lease **out, struct kube *kube, const struct lease_options *options,
			 struct error *err);
void lease_free(struct lease *lease); /* NULL is fine; leaves the Lease as it is */

/* One try to get it, or to renew it.  *leads says who won; -1: nobody knows. */
must_check int lease_try(bool *leads, struct lease *lease, struct error *err);
/* Waits until we lead; what fails meanwhile is tried again.  ERROR_PAUSED: the server's stop said
 * so.
 */
must_check int lease_acquire(struct lease *lease, struct error *err);
/* Renews it until that is lost (ERROR_LOCKED: what we do must stop at once), or the server's stop
 * says so (0; still ours).
 */
must_check int lease_keep(struct lease *lease, struct error *err);
/* Gives it back, so that another need not wait.  Only when nothing is done any more. */
must_check int lease_release(struct lease *lease, struct error *err);

/* Whether we may still do something: asked before each step, by any thread, and by any process that
 * was forked since.
 */
bool lease_leads(const struct lease *lease);
/* The number of this leadership: greater than that of all before. */
int64_t lease_token(const struct lease *lease);
/* Who was seen holding it last; "": nobody. */
const char *lease_holder(const struct lease *lease);

static inline void lease_done(struct lease **lease)
{
	lease_free(*lease);
}
#define owned_lease owned(lease_done)

/* ---- what is decided; pure ---- */

/* A Lease as it was seen. */
struct lease_record {
	char holder[256]; /* "": nobody */
	int duration_s;
	int64_t transitions;
};

/* What a Lease says; what is missing or odd in it is 0 or "". */
void lease_read(struct lease_record *out, const json_t *lease);
/* Whether we may take what was seen unchanged since `seen_at`. */
bool lease_is_free(const struct lease_record *record, const char *us, int64_t seen_at, int64_t now);
