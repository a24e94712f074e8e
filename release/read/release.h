// SPDX-License-Identifier: Apache-2.0
/* release.h - a finished release, opened for reading: a folder or a tarball, made by
 * relevo, Mix, rebar3 or systools.
 */
#pragma once
#include "release/files/tree.h"
#include "release/model/rel.h"

struct release {
	struct arena arena;
	struct tree *tree;
	const char *path; /* as it was opened */
	const char *name, *vsn, *erts;
	bool has_erts;   /* without it runs on its host's OTP, and applications
			  * that are not in the tree are taken for OTP's (app.h:
			  * `outside`) */
	const char *dir; /* "releases/VSN", in the tree */
	const struct rel *rel;
	const struct resolved *resolved;
	const char *elixir; /* version; NULL: not in it */
	/* Files in the tree; NULL: not there. */
	const char *consolidated; /* folder of consolidated protocols */
	const char *sys_config, *vm_args, *relup, *manifest;
};

/* Opens the version that start_erl.data names, or the only one there is.
 * ERROR_NOT_FOUND: nothing there, or no release in it.  ERROR_INVALID: not whole.
 */
must_check int release_open(struct release **out, const char *path, struct error *err);
/* Two of them, at the same time; neither when one fails. */
must_check int release_open_two(struct release **one, struct release **other,
				const char *const paths[static 2], struct error *err);
void release_free(struct release *release); /* NULL is fine */

static inline void release_done(struct release **release)
{
	release_free(*release);
}
#define owned_release owned(release_done)
