// SPDX-License-Identifier: Apache-2.0
/* git.h - what git says about the folder that is built (libgit2; no program is run). */
#pragma once
#include "base/arena.h"
#include "base/error.h"

struct git {
	const char *commit;   /* 40 or 64 hexadecimal digits */
	const char *branch;   /* NULL: no branch is checked out */
	const char *describe; /* as `git describe --tags --dirty`; NULL: no tag leads here */
	bool dirty;           /* a tracked file differs from the commit */
};

/* Of the repository that `dir`, an absolute path, lies in.  *out is NULL when there is none,
 * or one without a commit, or one that ignores the folder.
 */
must_check int git_read(struct git **out, struct arena *arena, const char *dir, struct error *err);
/* The version that the newest tag gives: "v1.2.0" and "1.2.0" are 1.2.0, three commits later it
 * is 1.2.0-3-gabc1234; with -dirty behind it where files were changed.  ERROR_NOT_FOUND when
 * there is no repository or no tag.
 */
must_check int git_version(const char **out, struct arena *arena, const char *dir,
			   struct error *err);

/* The URL of the repository that this one was cloned from ("origin"), as git has it, secrets and
 * all; NULL: from none.  ERROR_NOT_FOUND: `dir` is in no repository that has this commit.
 */
must_check int git_origin(const char **out, struct arena *arena, const char *dir,
			  const char *commit, struct error *err);

struct commit {
	const char *id,
		*subject; /* the first line of what was written to it; "" where there is none */
};
struct commits {
	const struct commit *items;
	size_t len;
	bool more; /* than COMMITS_MAX */
};
enum { COMMITS_MAX = 100 };

/* What `to` has and `from` has not, the newest first.  ERROR_NOT_FOUND: `dir` is in no repository,
 * or in one without these commits (a shallow clone).
 */
must_check int git_commits_between(struct commits *out, struct arena *arena, const char *dir,
				   const char *from, const char *to, struct error *err);
