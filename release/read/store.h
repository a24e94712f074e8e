// SPDX-License-Identifier: Apache-2.0
/* store.h - a folder of finished releases: NAME-VSN.tar.gz, or NAME-VSN/ unpacked. */
#pragma once
#include "base/arena.h"
#include "base/error.h"

/* The path of a release in the store; NULL when that version is not there. */
const char *store_find(struct arena *arena, const char *store, const char *name, const char *vsn);
/* The newest version older than `vsn` (NULL: of all); *out is NULL when there is none. */
must_check int store_previous(const char **out, struct arena *arena, const char *store,
			      const char *name, const char *vsn, struct error *err);
/* -1, 0 or 1.  Numbers compare as numbers, 1.9 < 1.10; longer is newer, 1.2 < 1.2.1; but what
 * follows a "-" comes before the release itself, 2.0.0-rc.1 < 2.0.0, as in Semantic
 * Versioning; unless it is git describe's, 2.0.0 < 2.0.0-3-gabc1234.
 */
int version_compare(const char *a, const char *b);
