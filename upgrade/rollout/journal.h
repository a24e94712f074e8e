// SPDX-License-Identifier: Apache-2.0
/* journal.h - where rollouts are written down: each decision before it is acted on.
 *
 * A file (SQLite) where one machine deploys, etcd where several do.  A target is driven by one run
 * at a time: whoever has the lock.  In a file it ends with its process, however that ends; in etcd
 * it is a lease, which ends when its owner has not been heard of for a while.  Each run gets a
 * token that is greater than that of any run before it, here or, where clocks are right, in another
 * journal; a run that was overtaken can write nothing down any more.
 *
 * ERROR_FAILED: the journal cannot be read or written (disk, permissions; etcd refuses, or did not
 * answer while it was driven); what was to be written is then not there, or not known to be, and is
 * not to be acted on.  ERROR_UNREACHABLE: no etcd answers.  ERROR_INVALID: it is no journal, or one
 * of a newer relevo.
 */
#pragma once
#include "release/project/project.h"
#include "upgrade/rollout/rollout.h"

struct journal; /* opaque: see journal_sqlite.c, journal_etcd.c */

struct journal_options {
	const char *file;    /* NULL: etcd */
	const char *release; /* of the project whose targets they are; other projects may share the
				file */
	const struct project_etcd *etcd;
	bool (*stop)(void); /* true: an etcd that does not answer is not waited for; may be NULL */
};

/* $XDG_STATE_HOME/relevo/relevo.db, or below ~/.local/state; in the arena. */
must_check int journal_default(const char **out, struct arena *arena, struct error *err);
/* Opens it; a file is made where it is not there, with its folder.  Free with journal_close(). */
must_check int journal_open(struct journal **out, const struct journal_options *options,
			    struct error *err);
void journal_close(struct journal *journal); /* NULL is fine; gives the lock back */
static inline void journal_done(struct journal **journal)
{
	journal_close(*journal);
}
#define owned_journal owned(journal_done)

/* Becomes the one run that drives the target, until the journal is closed.
 * ERROR_LOCKED: another one does, and who that is.
 */
must_check int journal_lock(struct journal *journal, const char *target, uint64_t *token_out,
			    struct error *err);
/* Who drives it now, for a person; "": nobody. */
must_check int journal_driver(const char **out, struct journal *journal, struct arena *arena,
			      const char *target, struct error *err);

/* One rollout, as it was written down. */
struct journal_entry {
	int64_t id;
	const char *target;
	int64_t began, ended; /* milliseconds since 1970; ended 0: it has not */
	json_t *about;        /* what whoever drives needs to go on; owned */
};
void journal_entry_done(struct journal_entry *entry);
#define owned_journal_entry owned(journal_entry_done)

/* Writes a new rollout down.  `about` is borrowed.  Needs the lock. */
must_check int journal_begin(struct journal *journal, struct rollout *rollout, const json_t *about,
			     struct error *err);
/* What has changed since, and what is to be done now, in one piece; then no node is dirty.
 * ERROR_LOCKED: another run has taken over.
 */
must_check int journal_write(struct journal *journal, struct rollout *rollout,
			     const struct rollout_actions *actions, struct error *err);
/* What came of an action, or what else a person may want to know later.  node NULL: of all. */
must_check int journal_note(struct journal *journal, const char *node, const char *text,
			    struct error *err);

/* The last rollout of the target; *rollout_out NULL: there was none.  With the lock it is the one
 * that is written on with journal_write().
 */
must_check int journal_last(struct rollout **rollout_out, struct journal_entry *entry_out,
			    struct journal *journal, const char *target, struct error *err);
/* {"rollouts": […]}, the newest first, and the notes of each; a new reference. */
must_check int journal_history(json_t **out, struct journal *journal, const char *target,
			       int64_t max, struct error *err);

/* What people want of whoever drives the target. */
must_check int journal_tell(struct journal *journal, const char *target, enum command_kind command,
			    const char *vsn, struct error *err);
/* The oldest of that, taken out; false: nothing is left.  *vsn_out in the arena. */
must_check int journal_heed(bool *some_out, enum command_kind *out, const char **vsn_out,
			    struct journal *journal, struct arena *arena, struct error *err);

/* Versions that were not well on a target, and were taken back. */
must_check int journal_bad(struct journal *journal, const char *target, struct rollout *into,
			   struct error *err);
must_check int journal_set_bad(struct journal *journal, const char *target, const char *vsn,
			       bool bad, struct error *err);
