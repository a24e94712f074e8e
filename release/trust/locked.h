// SPDX-License-Identifier: Apache-2.0
/* locked.h - where the dependencies of a project come from: mix.lock, rebar.lock, and what Hex
 * packed beside each (deps/NAME/hex_metadata.config).
 */
#pragma once
#include "base/arena.h"
#include "base/error.h"
#include "base/names.h"
#include "erlang/term/term.h"

struct locked {
	const char *app;          /* the application */
	const char *package;      /* its name at Hex; NULL: it comes from git */
	const char *vsn;          /* of the package; of a git dependency NULL */
	const char *sha256;       /* of the package's tarball; NULL: not told */
	const char *url, *commit; /* of git */
	struct names licences;    /* as the package tells them */
	const char *description;
};

struct lock {
	const struct locked *items;
	size_t len;
};

/* Of a project's folder; nothing where it has no lock file.  ERROR_INVALID: rebar.lock is no term.
 */
must_check int lock_read(struct lock *out, struct arena *arena, const char *dir, struct error *err);
/* One text each. */
void lock_read_mix(struct lock *out, struct arena *arena, struct span text);
must_check int lock_read_rebar(struct lock *out, struct arena *arena, struct span text,
			       struct error *err);
const struct locked *lock_find(const struct lock *lock, const char *app);

/* "pkg:hex/jason@1.4.1"; NULL: it is not of Hex. */
const char *locked_purl(struct arena *arena, const struct locked *locked);
/* Where git finds something, as a URI that says nothing secret: "git@host:x" is "ssh://git@host/x";
 * what stands before an @ is left out, but for the user of ssh.  NULL: a folder, or nothing that is
 * a URI.
 */
const char *git_uri(struct arena *arena, const char *url);
/* The texts in a list of Erlang's, as Hex and .app files tell licences; none of what is no text. */
struct names texts_of_list(struct arena *arena, const struct term *list);
