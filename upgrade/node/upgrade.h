// SPDX-License-Identifier: Apache-2.0
/* upgrade.h - what install.c, preflight.c and revert.c share; for these three alone. */
#pragma once
#include "base/names.h"
#include "upgrade/node/install.h"

/* One call of node_install(), node_commit(), node_revert() or node_remove(). */
struct upgrade {
	struct node *node;
	struct arena *arena;
	const struct install_options *options;
	const struct bundle *bundle;   /* of an installation; else NULL */
	bool only_looks;               /* nothing is waited for, nor changed */
	struct node_releases releases; /* as of the last look */
	const struct node_release *running,
		*permanent; /* of those; never NULL after upgrade_look() */
	struct names same;  /* folders of the bundle that the node has, as preflight() found */
	int64_t sent_bytes, lacked_bytes; /* as in struct install_result */
	struct move_pauses pauses;        /* of the last move */
	struct upgrade_after after;       /* as in struct install_result */
	const char *restarted;            /* why the VM restarted on a way back; NULL: it did not */
	const char *parcel_sha256;        /* of what was brought; NULL: nothing */
	const struct bundle *manifest;    /* the last that the node was asked for; NULL: none yet */
	int64_t crashes, crashes_ms;      /* how many processes crashed before, in how long */
	const char **notes;
	size_t notes_len, notes_cap;
};

void upgrade_step(const struct upgrade *upgrade, enum install_step step, const char *format, ...)
	printf_like(3, 4);
void upgrade_note(struct upgrade *upgrade, const char *format, ...) printf_like(2, 3);
/* ERROR_REFUSED, with what runs now behind the reason; returns -1. */
int upgrade_refuse(const struct upgrade *upgrade, struct error *err, const char *format, ...)
	printf_like(3, 4);
/* Any other kind, likewise with the state; `now` is the sentence for it. */
int upgrade_end(struct error *err, enum error_kind kind, const char *now, const char *format, ...)
	printf_like(4, 5);

/* The end of a command that failed: where no hint says it yet, what is known of the node, and that
 * the same command goes on from there; returns -1.
 */
int upgrade_failed(const struct upgrade *upgrade, struct error *err);

/* Takes the lock and tells what the node is: waits until nothing is under way, puts back what was
 * left aside. */
must_check int upgrade_look(struct upgrade *upgrade, struct error *err);
/* ERROR_STUCK where the witnesses of what the node is differ, so that this command cannot tell what
 * it would do; `leads` is the way out that it is itself (WAY_NONE: none).
 */
must_check int upgrade_check_trouble(const struct upgrade *upgrade, enum way_out leads,
				     struct error *err);
/* As upgrade_look(), but nothing is put back: the node stays as it is. */
must_check int upgrade_peek(struct upgrade *upgrade, struct error *err);
/* As upgrade_peek() without announcing it, after something was done. */
must_check int upgrade_look_again(struct upgrade *upgrade, struct error *err);

/* preflight.c: may this tarball be installed on this node? */
must_check int preflight(struct upgrade *upgrade, struct error *err);
/* Will the VM be started again when it ends, and on trial where that is wanted?  ERROR_REFUSED. */
must_check int upgrade_check_keeper(const struct upgrade *upgrade, bool trial, struct error *err);
/* Do all supervisors answer release_handler, which else restarts the VM?  Waits for those that do
 * not, as long as for a process that is to be suspended.  `steps` of the relup; NULL: not known.
 * ERROR_REFUSED.
 */
must_check int upgrade_check_supervisors(struct upgrade *upgrade, const struct term *steps,
					 struct error *err);
/* Do the processes that the steps suspend answer?  Waits for them, as long as for one that is to be
 * suspended.  ERROR_REFUSED: one does not, and it was not allowed.
 */
must_check int upgrade_check_workers(struct upgrade *upgrade, const struct term *steps,
				     struct error *err);
/* The options say that they need not. */
bool upgrade_allows_silent(const struct upgrade *upgrade);
/* drain.c: waits until nobody runs code that would be purged on the way to the version `to`; NULL:
 * by a commit.  ERROR_REFUSED: some still do.
 */
must_check int upgrade_drain(struct upgrade *upgrade, const char *to, struct error *err);
/* The same before a way back that must be gone: as long as they are waited for, then they are
 * killed. *killed tells who, in a sentence with a blank before it; "": nobody, or it could not be
 * asked.
 */
void upgrade_drain_anyway(const char **killed, struct upgrade *upgrade, const char *to);
/* after.c: tells endpoints and pages of a node that now runs `to`, and calls what that release asks
 * for.  What goes wrong of it is noted.
 */
must_check int upgrade_tell(struct upgrade *upgrade, const char *from, const char *to,
			    struct error *err);
/* Before going back: static files that open pages name are put where `to` looks for them.  Going
 * back is more urgent than what a page looks like: what goes wrong is noted.
 */
void upgrade_keep_assets(struct upgrade *upgrade, const char *from, const char *to);
/* verdict.c: does what was planned of the way allow it?  Warnings are told, and noted.
 * ERROR_REFUSED; ERROR_USAGE: the options allow what is no code.
 */
must_check int upgrade_obey(struct upgrade *upgrade, struct error *err);
/* What the node has of the bundle's version is another build in this (bundle_difference()); NULL:
 * it is the same, or its manifest is not there.  *known, when wanted: that is there.
 */
must_check int upgrade_other_build(const char **out, bool *known, struct upgrade *upgrade,
				   struct error *err);
/* beside.c: sends what the node lacks to a temporary folder there; *dir stays as it is where there
 * is no place for one.  The lock: a release that another relevo brings in would be disturbed.
 */
struct parcel;
must_check int upgrade_bring(const char **dir, struct upgrade *upgrade, const struct parcel *parcel,
			     struct error *err);
/* Whether the bundle's release is unpacked there; another build of it would be brought anew. */
must_check int upgrade_is_there(bool *out, struct upgrade *upgrade, struct error *err);
/* {Code, Text}: a reason against it; codes are stable, docs/json.md has them. */
const struct term *refusal_term(struct arena *arena, const char *code, const char *text);
/* As preflight(), all reasons against it at once, as refusal_term()s. */
must_check int preflight_faults(struct terms *out, struct upgrade *upgrade, struct error *err);

/* Up or down to `vsn`, as the options say: while the node runs, or by a restart.  As node_move().
 */
must_check int upgrade_move(enum move_outcome *out, const char **why, struct upgrade *upgrade,
			    const char *vsn, struct error *err);

/* revert.c: back to `vsn` after a failed installation; always returns -1, with ERROR_ROLLED_BACK
 * or ERROR_STUCK.  `fault` is what was wrong.
 */
must_check int upgrade_roll_back(struct upgrade *upgrade, const char *vsn, const char *fault,
				 struct error *err);
/* The manifest that a release of the node brought with it; NULL: none.  The same once more costs
 * nothing: while we have the lock nobody writes another.
 */
must_check int upgrade_manifest(const struct bundle **out, struct upgrade *upgrade, const char *vsn,
				struct error *err);
/* Loaded modules, suspended processes, and what the relup starts; *fault NULL: all is well.
 * `other` as in verify_modules(); may be NULL.
 */
must_check int upgrade_verify(const char **fault, int64_t *modules, struct upgrade *upgrade,
			      const struct bundle *manifest, const struct bundle *other,
			      int64_t suspended_before, struct error *err);
