// SPDX-License-Identifier: Apache-2.0
/* base.h - the image that a release's own layers lie on. */
#pragma once
#include "docker/layer.h"
#include "release/store/place.h"

#include <jansson.h>

struct base {
	const char *name;   /* as it was given */
	const char *digest; /* of its manifest; NULL: made here, of a folder */
	json_t *config;     /* of the image: "config", "history", "rootfs" …; may be empty */
	json_t *libs;       /* libs.h */
	const struct descriptor *layers;
	size_t len;
	/* Where the layers are to be had. */
	struct place *place; /* NULL: `layer` is the only one */
	const char *repo;
	struct layer layer;
};

/* text   a folder: an OCI layout, or the root of a file system; "oci:DIR:NAME" for one of several
 *        images in a layout; "oci://REGISTRY/PATH:TAG" (or @sha256:…)
 * arch   which of an index: "amd64"
 *
 * ERROR_USAGE: none of them.  ERROR_NOT_FOUND: there is no such image, or none for that machine.
 */
must_check int base_open(struct base *out, struct arena *arena, const char *text, const char *arch,
			 struct error *err);
void base_done(struct base *base);
#define owned_base owned(base_done)
/* Appends the bytes of a layer. */
must_check int base_read_layer(const struct base *base, size_t nr, struct str *out,
			       struct error *err);
must_check int image_name_parse(const char **store, const char **repo, const char **ref,
				struct arena *arena, const char *text, struct error *err);
