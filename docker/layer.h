// SPDX-License-Identifier: Apache-2.0
/* layer.h - one layer of an image: a gzipped tarball, made only where somebody lacks it. */
#pragma once
#include "release/files/archive.h"
#include "release/store/oci.h"

struct layer {
	const char *title; /* "erts and OTP" */
	const struct archive_source *items;
	size_t len;
	struct descriptor blob;
	const char *diff_id; /* digest of what is in there, unpacked */
};

/* Fills `blob` and `diff_id` in.  What was packed once is known by its diff_id, and not packed
 * again. */
must_check int layer_describe(struct layer *layer, struct arena *arena, struct error *err);
/* Appends the bytes of the blob. */
must_check int layer_pack(struct str *out, const struct layer *layer, struct error *err);

/* The file system in a folder, as the items of a layer: all belongs to root, times are 0; sockets,
 * pipes and devices are left out.
 */
must_check int layer_of_folder(struct layer *out, struct arena *arena, const char *root,
			       struct error *err);
