// SPDX-License-Identifier: Apache-2.0
/* journal_etcd.h - the journal in etcd; for journal_etcd*.c alone.
 *
 * Below PREFIX/TARGET/ are
 *
 *	lock              who drives the target; held by a lease
 *	token             the last token that was given to a run
 *	rollout/ID        a rollout: its head, and what a person is told of it
 *	node/ID/NR        each of its nodes
 *	note/ID/NR        what was decided and done
 *	command/WHEN-X    what people want
 *	bad/VSN           versions that were not well
 *
 * Whatever a run writes is a transaction that holds only while the lock is the one that it made, by
 * the revision that made it, which no other has; and only once, after the one before it: each
 * writes the lock as well, and names the version that it expects.  So a request that was lost on
 * its way, and arrives when it was made again already, changes nothing.  A lease that has run out
 * is taken anew as long as the token shows that nobody else has driven the target since.
 */
#pragma once
#include "upgrade/rollout/etcd.h"
#include "upgrade/rollout/journal_kind.h"

#include <inttypes.h>

struct etcd_journal {
	struct journal journal;
	struct etcd *etcd;
	struct str prefix;
	int64_t lease_ms;
	/* With the lock: */
	char *target;
	int64_t lease;    /* 0: we have no lock */
	int64_t revision; /* that made the lock */
	int64_t version;  /* how often we wrote it, once with each transaction */
	int64_t kept_at;  /* by clock_mono_ms() */
	uint64_t token;
	/* With a rollout: */
	int64_t rollout, notes; /* its number, and how many notes it has */
	int64_t began, ended;
	json_t *about;
};

static inline struct etcd_journal *in_etcd(struct journal *journal)
{
	return (struct etcd_journal *)journal;
}

/* "PREFIX/TARGET/WHAT"; in the arena, as all keys. */
const char *etcd_key(const struct etcd_journal *j, struct arena *arena, const char *target,
		     const char *what);
/* "PREFIX/TARGET/KIND/ID" and what follows; numbers are written so that they sort. */
const char *etcd_numbered(const struct etcd_journal *j, struct arena *arena, const char *target,
			  const char *kind, int64_t id, const char *rest);
#define ETCD_NUMBER "%010" PRId64
/* The one that a key ends in. */
int64_t etcd_number_in(const struct etcd_kv *kv);

enum { ETCD_ROLLOUTS_MAX = 100 }; /* kept of each target */

/* The newest rollouts. */
must_check int etcd_last(struct etcd_kvs *out, struct etcd_journal *j, struct arena *arena,
			 const char *target, int64_t max, struct error *err);
/* A transaction of this run; takes `then`.  ERROR_LOCKED: another one has taken over. */
must_check int etcd_commit(struct etcd_journal *j, json_t *then, struct error *err);
/* Keeps the lease; to be called often. */
void etcd_hold(struct etcd_journal *j);
/* Puts a JSON document, which it takes. */
json_t *etcd_put_json(const char *key, json_t *value);

/* journal_etcd_read.c: parts of struct journal_kind. */
int in_etcd_last(struct rollout **rollout_out, struct journal_entry *entry_out,
		 struct journal *journal, const char *target, struct error *err);
int in_etcd_history(json_t *list, struct journal *journal, const char *target, int64_t max,
		    struct error *err);
int in_etcd_tell(struct journal *journal, const char *target, enum command_kind command,
		 const char *vsn, struct error *err);
int in_etcd_heed(bool *some_out, enum command_kind *out, const char **vsn_out,
		 struct journal *journal, struct arena *arena, struct error *err);
int in_etcd_bad(struct journal *journal, const char *target, struct rollout *into,
		struct error *err);
int in_etcd_set_bad(struct journal *journal, const char *target, const char *vsn, bool bad,
		    struct error *err);
