// SPDX-License-Identifier: Apache-2.0
/* manifest.h - releases/VSN/relevo.manifest.json: every file of a release and its digest.
 *
 *	{ "format": 1, "name": "shop", "version": "1.0.0", "erts": "13.1.5",
 *	  "applications": [{"name", "version"}],
 *	  "files":   [{"path", "mode", "size", "sha256", "md5"}],
 *	  "modules": [{"application", "module", "md5"}],
 *	  "provenance": {"commit", "branch", "describe", "dirty"} }
 *
 * "provenance" is what git says of the project (release/project/git.h), added by assemble_seal();
 *the branch and the tag are in there when there are some.
 *
 * Files are sorted by path.  Left out are the manifest itself and its signature, the cookie, and
 *what a running node rewrites (start_erl.data, RELEASES).  "md5" of a module is the one that
 *code:module_md5/1 gives for it; modules of consolidated protocols have the application "".
 */
#pragma once
#include "release/model/rel.h"

#include <jansson.h>

struct manifest_file {
	const char *path; /* below the root */
	mode_t mode;
};

/* All files of a tree by path, the cookie and temporary folders left out. */
must_check int manifest_list(struct manifest_file **out, size_t *len, struct arena *arena,
			     const char *root, struct error *err);
must_check int manifest_make(json_t **out, struct arena *arena, const char *root,
			     const struct rel *rel, struct error *err);
/* A file that a release may hold though its manifest, `manifest`, does not list it. */
bool manifest_leaves_out(const char *path, const char *manifest);
/* The file of the signature beside a manifest: releases/VSN/relevo.manifest.sig. */
const char *manifest_signature(struct arena *arena, const char *manifest);
/* That of one with certificates: releases/VSN/relevo.manifest.p7s. */
const char *manifest_cms(struct arena *arena, const char *manifest);
const char *manifest_path(struct arena *arena, const char *vsn);
