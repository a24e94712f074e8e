// SPDX-License-Identifier: Apache-2.0
/* image.h - the image of a release, made without a daemon.
 *
 * On the layers of the base lie three: the runtime (ERTS, OTP, Elixir), what the release depends
 * on, the release's own applications with its scripts and configuration; below /app, owned by the
 * user that runs it.  Nothing depends on the clock, or on who makes it.
 */
#pragma once
#include "docker/base.h"
#include "release/store/send.h"
#include "release/trust/sign.h"

enum { IMAGE_LAYERS = 3 };

struct image_options {
	const char *base;
	unsigned user;            /* and group */
	struct names own;         /* applications of the project; none: they are guessed */
	struct names labels, env; /* "NAME=VALUE" */
	struct names ports;       /* "4000", "4000/udp" */
	const char *health;       /* a shell command; NULL: whether the node answers; "none" */
	bool unchecked;           /* the base may lack libraries */
	const struct trust *trust;
};

struct image {
	struct arena arena;
	struct release *release; /* the layers borrow from it */
	struct base base;
	const char *name, *vsn, *arch, *revision;
	struct layer layers[IMAGE_LAYERS];
	size_t len; /* of them: those that have something in them */
	struct str config, manifest;
	const char *digest; /* of the manifest */
};

/* ERROR_REFUSED: the release is not to be trusted; or the base lacks what it needs, which is told.
 *
 * out   free with image_free(), when it was made
 */
must_check int image_make(struct image **out, const char *tarball,
			  const struct image_options *options, struct error *err);
void image_free(struct image *image); /* NULL is fine */

/* Sends what is not there yet, then the manifest; of several images, for several machines, an index
 * of them.
 *
 * digest   of what the tag stands for now; in the arena
 */
must_check int image_put(const char **digest, struct arena *arena, struct sending *sending,
			 struct image *const *images, size_t len, const char *tag,
			 struct error *err);
