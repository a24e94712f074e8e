// SPDX-License-Identifier: Apache-2.0
/* manifests.h - what Kubernetes must be told once: the kinds BeamRelease, BeamDeployment and
 * BeamUpgrade, and what may be done with them.
 */
#pragma once
#include "base/error.h"
#include "base/str.h"

/* In YAML, one document behind the other.
 *
 * space: the namespace for which it is.  image: of the operator, which is then to run there; may be
 * NULL.  ERROR_USAGE: they are no names of such.
 */
must_check int manifests_add(struct str *out, const char *space, const char *image,
			     struct error *err);

/* A workload whose pods are to be upgraded while they run. */
struct workload {
	const char *name, *kind;    /* "StatefulSet" or "Deployment" */
	const char *container;      /* of the node */
	const char *root;           /* where the release lies in there */
	const char *node;           /* its name, with $(POD_NAME), $(POD_IP), $(POD_NAMESPACE) */
	const char *image, *relevo; /* that has relevo in it, and where */
	bool sidecar; /* the agent is an init container that goes on (Kubernetes 1.29 and later) */
};

/* What is added to it, a patch in YAML (strategic merge).  ERROR_USAGE: something in there is not
 * what it is to be.
 */
must_check int manifests_patch(struct str *out, const struct workload *workload, const char *space,
			       struct error *err);
