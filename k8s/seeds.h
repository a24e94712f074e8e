// SPDX-License-Identifier: Apache-2.0
/* seeds.h - the ConfigMap relevo-NAME of a BeamDeployment: what its pods come up on. */
#pragma once
#include "k8s/api.h"
#include "k8s/beam.h"

struct seeds {
	json_t *stable;   /* a release's document; NULL: there is none */
	json_t *pods;     /* name -> document, of those that come up on another one; an object */
	char version[64]; /* resourceVersion; "": there is no ConfigMap */
	int64_t token;    /* of who wrote it */
};
void seeds_done(struct seeds *seeds);
#define owned_seeds owned(seeds_done)

/* What is there; none is no error. */
must_check int seeds_get(struct seeds *out, struct kube *kube, const struct beam_wish *wish,
			 struct error *err);
/* All of it, instead of `seeds`, which become what is there.  ERROR_LOCKED: a later leader has
 * written it.
 */
must_check int seeds_put(struct seeds *seeds, struct kube *kube, const struct beam_wish *wish,
			 const json_t *stable, const json_t *pods, int64_t token,
			 struct error *err);
