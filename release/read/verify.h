// SPDX-License-Identifier: Apache-2.0
/* verify.h - whether the files of a release are still those that its manifest lists. */
#pragma once
#include "release/read/release.h"

#include <jansson.h>

enum difference_kind { DIFFERENCE_MISSING, DIFFERENCE_CONTENT, DIFFERENCE_MODE, DIFFERENCE_EXTRA };

/* "missing", "changed", "other mode", "not in the manifest" */
const char *difference_name(enum difference_kind kind);

struct difference {
	enum difference_kind kind;
	const char *path;
};

struct verified {
	size_t files;                   /* listed, all of which were looked at */
	const struct difference *items; /* the listed ones in their order, then the others */
	size_t len;
};

/* Of the mode only counts whether the file can be executed, and that it gives nobody the rights
 * of its owner (setuid and the like).  Files that are in no manifest are told, of a tarball
 * everywhere, of a folder where the release lives: in its applications, its ERTS, releases/VSN.
 * ERROR_NOT_FOUND: there is no manifest.  ERROR_INVALID: it is none.
 */
must_check int release_verify(struct verified **out, struct arena *arena,
			      const struct release *release, struct error *err);

json_t *verified_json(const struct verified *verified);
