// SPDX-License-Identifier: Apache-2.0
/* tell.h - what a person tells the operator of a BeamDeployment: written into its spec. */
#pragma once
#include "k8s/api.h"

/* The BeamDeployment; a new reference. */
must_check int tell_get(json_t **out, struct kube *kube, const char *name, struct error *err);

enum tell_kind { TELL_pause, TELL_resume, TELL_promote, TELL_abort };

/* *out: the BeamDeployment behind it, a new reference.
 *
 * revision: of which the last two speak: its digest, or how that begins; NULL: what is wanted now.
 * ERROR_REFUSED: that is not what is under way; nothing was changed.
 */
must_check int tell(json_t **out, struct kube *kube, const char *name, enum tell_kind kind,
		    const char *revision, struct error *err);

/* How it stands, as the operator said last: 0 where it is as it is to be, or on its way; else as a
 * deployment to nodes ends.
 */
must_check int tell_standing(const json_t *object, struct error *err);
