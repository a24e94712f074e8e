// SPDX-License-Identifier: Apache-2.0
/* manifests.h - what Kubernetes must be told once: the kinds BeamRelease, BeamDeployment and
 * BeamUpgrade, and what may be done with them.
 */
#pragma once
#include "base/error.h"
#include "base/str.h"

/* In YAML, one document behind the other.
 *
 * space: the namespace for which it is.  ERROR_USAGE: that is no name of one.
 */
must_check int manifests_add(struct str *out, const char *space, struct error *err);
