// SPDX-License-Identifier: Apache-2.0
/* remote.h - releases in a store: pushed, pulled, listed, pruned. */
#pragma once
#include "release/store/artifact.h"
#include "release/trust/sign.h"

/* ---- which one ---- */

/* "shop@1.0.0", "shop@stable", "shop@sha256:…", "1.0.0": what a user calls a release. */
struct reference {
	const char *name; /* NULL: not said */
	const char *ref;  /* version, tag or digest */
};

/* False: it can be none, a path perhaps. */
bool reference_parse(struct reference *out, struct arena *arena, const char *text);

/* ---- pushing ---- */

struct pushed {
	const char *name, *vsn;
	const char *digest;  /* of its manifest */
	bool was_there;      /* nothing had to be done */
	size_t parts, sent;  /* how many it has, and how many were not there yet */
	size_t mounted;      /* taken from another repository */
	uint64_t size, went; /* bytes of all parts, and of those that were sent */
};

struct push_options {
	struct names tags; /* beside the version */
	bool overwrite;    /* the version may stand for something else until now */
	const struct trust *trust;
};

/* Of a tarball, which is checked first.  The version comes last: who pulls meanwhile finds all of
 * it, or nothing.
 *
 * ERROR_REFUSED: it is not to be trusted; or the version is there, and something else.
 */
must_check int remote_push(struct pushed *out, struct arena *arena, struct place *place,
			   const char *tarball, const struct push_options *options,
			   struct error *err);

/* ---- pulling ---- */

struct pulled {
	const char *path; /* FOLDER/NAME-VSN.tar.gz */
	const char *name, *vsn;
	const char *digest; /* of its manifest */
	bool was_there;     /* the very same file */
	struct trusted trusted;
	size_t parts, came;  /* how many it has, and how many the store was asked for */
	uint64_t size, went; /* bytes of all of them, and of those */
};

struct pull_options {
	const char *folder;
	bool overwrite; /* another file of that name may be there */
	const struct trust *trust;
};

/* All that comes is compared with its digest, and put together beside its place, in a hidden file;
 * only what release_trust() lets pass takes that place.
 *
 * ERROR_REFUSED: something is not what it should be; nothing was changed.
 */
must_check int remote_pull(struct pulled *out, struct arena *arena, struct place *place,
			   const struct reference *reference, const struct pull_options *options,
			   struct error *err);

/* ---- listing, pruning ---- */

struct listed {
	const char *name, *vsn;
	const char *digest;
	struct names tags;    /* but for that of the version */
	const char *revision; /* the commit; NULL: not known */
	int64_t size;         /* of its parts */
};

/* The newest version first; what is there and no release is left out.
 *
 * name   of the release; NULL: all, where the store can tell
 */
must_check int remote_list(struct listed **out, size_t *len, struct arena *arena,
			   struct place *place, const char *name, struct error *err);

/* Removes all but the `keep` newest versions of a release, and those with a tag of their own.
 *
 * out    what was removed; with `dry` what would be
 */
must_check int remote_prune(struct listed **out, size_t *len, struct arena *arena,
			    struct place *place, const char *name, size_t keep, bool dry,
			    struct error *err);
