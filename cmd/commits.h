// SPDX-License-Identifier: Apache-2.0
/* commits.h - what git says of the way from one release to another, where the project lies here. */
#pragma once
#include "cmd/output.h"
#include "release/project/git.h"
#include "release/read/release.h"

struct release_commits {
	const char *from, *to;         /* NULL: not known, and nothing is told */
	struct commits added, removed; /* what only the new one has, what only the old one has */
};

/* By the commits in the manifests, from the repository of this folder.  What git cannot tell is no
 * error: a plan needs no git.
 */
void release_commits_find(struct release_commits *out, struct arena *arena,
			  const struct release *old_release, const struct release *new_release);
void release_commits_print(const struct release_commits *commits, bool all);
void release_commits_markdown(struct str *out, const struct release_commits *commits);
/* NULL: nothing is known. */
json_t *release_commits_json(const struct release_commits *commits);
