// SPDX-License-Identifier: Apache-2.0
/* oci.h - what lies in a store: blobs, named by their digest, and the manifests that list them
 * (OCI Image Format Specification 1.1).
 */
#pragma once
#include "base/arena.h"
#include "base/error.h"

#include <jansson.h>

#define OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define OCI_LAYER_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"
#define OCI_TITLE "org.opencontainers.image.title"
#define OCI_VERSION "org.opencontainers.image.version"
#define OCI_REVISION "org.opencontainers.image.revision"
#define OCI_REF_NAME "org.opencontainers.image.ref.name"

enum {
	OCI_MANIFEST_MAX = 4 << 20, /* what registries take */
	OCI_ENTRIES_MAX = 10000,
	OCI_BLOB_MAX = 1 << 30,
};

struct descriptor {
	const char *type, *digest; /* "sha256:…" */
	int64_t size;
	json_t *annotations; /* borrowed from the document; NULL: none */
};

/* "sha256:" and 64 digits in lower case; nothing else names a file here. */
bool digest_is_good(const char *digest);
/* In the arena. */
const char *digest_make(struct arena *arena, struct span data);
bool digest_fits(const char *digest, struct span data);
/* The digits. */
const char *digest_hex(const char *digest);

/* ERROR_INVALID: of no such form, or more than OCI_BLOB_MAX bytes.  `object` may be NULL. */
must_check int descriptor_read(struct descriptor *out, struct arena *arena, const json_t *object,
			       struct error *err);
/* annotations   NULL: none; the reference is taken */
json_t *descriptor_json(const char *type, const char *digest, int64_t size, json_t *annotations);
/* The text of an annotation; NULL: none.  Borrowed from the document. */
const char *annotation_of(const json_t *annotations, const char *name);

struct image_manifest {
	struct descriptor config;
	const struct descriptor *layers;
	size_t len;
	json_t *root; /* released by image_manifest_done() */
};

/* A manifest of an image or of an artifact; what is in it lives in the arena and in `root`. */
must_check int image_manifest_read(struct image_manifest *out, struct arena *arena,
				   struct span json, struct error *err);
void image_manifest_done(struct image_manifest *manifest);
#define owned_image_manifest owned(image_manifest_done)

/* The same document gives the same bytes. */
void json_add_bytes(struct str *out, const json_t *document);
