// SPDX-License-Identifier: Apache-2.0
/* image_config.h - the documents of an image: how it is run, what it is made of. */
#pragma once
#include "docker/image.h"

#define OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define IMAGE_ROOT "/app"

/* Fills config, manifest and digest in, once the layers are described.  ERROR_USAGE: an option is
 * no NAME=VALUE, or no port.
 */
must_check int image_describe(struct image *image, const struct image_options *options,
			      struct error *err);
