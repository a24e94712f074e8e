// SPDX-License-Identifier: Apache-2.0
/* event.h - what a person may want to see in kubectl describe (events.k8s.io/v1).
 *
 * Best effort: what fails fails nothing, nothing is read back.
 */
#pragma once
#include "k8s/api.h"

struct event {
	const json_t *regarding; /* the whole object, or its apiVersion, kind and metadata */
	bool warning;
	const char *reason, *action; /* "RolledBack"; what is done or was tried */
	const char *note;
};

void event_tell(struct kube *kube, const struct event *event);
