// SPDX-License-Identifier: Apache-2.0
/* digests.h - the files of a release as a node is asked about them: by digests that the node
 * compares with its own, whole folders first, so that a line of 20 kB/s is no matter.
 */
#pragma once
#include "base/hash.h"
#include "base/names.h"
#include "upgrade/node/bundle.h"
#include "upgrade/node/node.h"

/* SHA-256 where the node has crypto and the manifest a sum for each file, else MD5. */
enum hash_kind digests_kind(const struct bundle *bundle, const struct node_releases *releases);
/* The atom by which scripts know the kind. */
const struct term *digests_algorithm(struct arena *arena, enum hash_kind kind);
/* {Path, Size, Digest, Md5}: as binaries; Md5 is that of a module's code, <<>> for other files. */
const struct term *digests_file(struct arena *arena, const struct manifest_entry *file,
				enum hash_kind kind, const char *module_md5);

/* {Module, Application, Md5}, as binaries: a name becomes no atom by being told. */
const struct term *digests_module(struct arena *arena, const struct manifest_module *module);

/* "lib/shop-1.0.0" for a file of that application, "erts-13.1.5" for one of an ERTS; .len 0 for
 * others.
 */
struct span digests_folder(const char *path);

/* Of the folders for which wanted() is true, those that the node has with exactly the files that
 * the manifest lists there.
 */
must_check int digests_same(struct names *out, struct node *node, struct arena *arena,
			    const struct bundle *bundle, const struct node_releases *releases,
			    bool (*wanted)(const void *context, struct span folder),
			    const void *context, struct error *err);
bool digests_among(const struct names *folders, struct span folder);
