// SPDX-License-Identifier: Apache-2.0
/* release_arg.h - what a person calls a release. */
#pragma once
#include "base/arena.h"
#include "base/error.h"
#include "base/names.h"

/* The path of what an argument RELEASE, OLD or NEW names: a folder or a tarball; else, where
 * relevo.yaml lies in the folder relevo was called in, a version in the store of that project
 * ("1.1.0", or with the name, "shop-1.1.0", "shop@1.1.0").  The tarball goes before the folder.
 * Where "store" in relevo.yaml is elsewhere, what is not in the folder is pulled into it, as relevo
 * pull does: by version, tag or digest.
 *
 * ERROR_NOT_FOUND tells which versions there are.  Without a relevo.yaml *out is `arg`: whoever
 * opens it says that it is not there.
 */
must_check int release_arg(const char **out, struct arena *arena, const char *arg,
			   struct error *err);

/* The versions in the store of the project in this folder, the newest first; none where there is no
 * relevo.yaml.
 */
must_check int release_arg_versions(struct names *out, struct arena *arena, struct error *err);
