// SPDX-License-Identifier: Apache-2.0
/* assemble.h - from compiled applications to the tree of a release.
 *
 * The tree is the one `mix release` makes, plus what a hot upgrade needs and Mix
 * leaves out: releases/RELEASES, releases/NAME-VSN.rel, start scripts that follow
 * release_handler's records.
 *
 * Assembling has two halves, so that the caller can put a relup and appups into the
 * tree in between: assemble() makes everything but the manifest, assemble_seal()
 * describes every file in it.
 */
#pragma once
#include "release/otp.h"
#include "release/project.h"

struct assembled {
	const char *root;               /* the tree */
	const char *name, *vsn;
	const struct rel *rel;
};

/* Builds the tree in `root`, an existing empty folder.  `step`, when wanted, is told what
 * is being done.  On failure the caller removes the folder.
 */
must_check int assemble(struct assembled *out, struct arena *arena, const struct project *project,
			const struct otp *otp, const char *root,
			void (*step)(void *context, const char *what), void *context,
			struct error *err);

/* Writes releases/VSN/relevo.manifest.json, then the tarball (all but the cookie). */
must_check int assemble_seal(const struct assembled *release, const char *tarball,
			     struct error *err);
