// SPDX-License-Identifier: Apache-2.0
/* workshop.h - the hidden folder in a store in which a release is made, and the way from there into
 * its place.
 *
 * STORE/.build.XXXXXX holds the new tree and its tarball.  Both take their places in steps that are
 * written down first, so that whatever ends the program or the machine, the store has the
 * release as it was before or the new one, never the tree of one beside the tarball of the other;
 * the tarball may be missing until the next build, which finishes what was begun.
 *
 * A folder belongs to whoever has it locked (flock); one that nobody has is swept by the next
 * build.
 */
#pragma once
#include "base/arena.h"
#include "base/error.h"

struct workshop {
	struct arena *arena;
	const char *store, *dir; /* dir: STORE/.build.XXXXXX, locked */
	const char *tree;        /* an empty folder in it */
	const char *tarball;     /* a path in it where nothing is yet */
	int lock;
};

/* Makes the store when it is missing, sweeps it, and makes a folder in it.  The folder stays behind
 * until the store is swept; workshop_done() only gives it free.
 */
must_check int workshop_open(struct workshop *out, struct arena *arena, const char *store,
			     struct error *err);
void workshop_done(struct workshop *workshop);
#define owned_workshop owned(workshop_done)

/* Finishes or removes what builds that are over have left behind in a store.  Fails when something
 * stays, with the rest done.
 */
must_check int workshop_sweep(const char *store, struct error *err);

/* Whether the tree, and the tarball if there is one, can become STORE/NAME and STORE/NAME.tar.gz:
 * ERROR_REFUSED when a release is there that must not be replaced.
 */
must_check int workshop_check(const struct workshop *workshop, const char *name, bool replace,
			      struct error *err);
/* Syncs all that was made and moves it there.  A failure leaves what was there. */
must_check int workshop_place(const struct workshop *workshop, const char *name, bool replace,
			      struct error *err);
/* releases/COOKIE of the tree STORE/NAME, when it has one and the new tree has none, is taken over:
 * a node that runs can still be talked to.
 */
must_check int workshop_keep_cookie(const struct workshop *workshop, const char *name,
				    struct error *err);
