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
#include "release/model/otp.h"
#include "release/project/project.h"

struct assembled {
	const char *root; /* the tree */
	const char *name, *vsn;
	const struct rel *rel;
	const struct project *project;
	const char *cookie; /* that is packed; NULL: none */
};

struct assemble_options {
	bool links; /* to what was compiled, instead of copies: for development */
	/* Are told what is being done, and what looks wrong; either may be NULL. */
	void (*step)(void *context, const char *what);
	void (*warn)(void *context, const char *what);
	void *context;
};

/* Builds the tree in `root`, an existing empty folder.  On failure the caller removes the
 * folder.
 */
must_check int assemble(struct assembled *out, struct arena *arena, const struct project *project,
			const struct otp *otp, const char *root,
			const struct assemble_options *options, struct error *err);

/* Runs a shell command of the project in its folder.  `env`: "NAME=VALUE", ends with NULL.
 * Fails with ERROR_FAILED and what the command said.
 */
must_check int assemble_hook(const struct project *project, const char *command,
			     const char *const *env, struct error *err);

/* Writes releases/VSN/relevo.manifest.json, then the tarball (all but a cookie that the project
 * does not set).
 */
must_check int assemble_seal(const struct assembled *release, const char *tarball,
			     struct error *err);
