// SPDX-License-Identifier: Apache-2.0
/* keep_assets.h - digested static files of older releases, carried into a new one.
 *
 * Pages that are open while a node is upgraded name the files that the old release had: names with
 * a digest in them (priv/static/cache_manifest.json, "digests"), which the new release has
 * otherwise.
 */
#pragma once
#include "release/model/rel.h"

/* For each application of the tree `root` with a cache manifest, in which `olds` (folders or
 * tarballs of releases) has one, too: copies the files that the old one names and the new one
 * lacks, with their .gz and .br.  kept: how many files.
 */
must_check int keep_assets(size_t *kept, struct arena *arena, const char *root,
			   const struct rel *rel, struct names olds, struct error *err);
