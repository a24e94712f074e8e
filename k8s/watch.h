// SPDX-License-Identifier: Apache-2.0
/* watch.h - all objects of one kind, as long as one wants to know: a list, then what changes. */
#pragma once
#include "k8s/api.h"
#include "k8s/reflect.h"

struct kube_watch {
	const char *path;     /* of the collection: kube_path() */
	const char *selector; /* "labelSelector=…", encoded; NULL: all of them */
	int open_s;           /* how long one watch stays open; 0: five to ten minutes */
	reflect_seen *seen;
	/* What failed and is tried again; false: it is not.  NULL: always. */
	bool (*failed)(void *context, const struct error *failure);
	void *context; /* of both */
};

/* Until `seen` has enough or the server's stop says so: 0.  -1: `failed` did not want to go on. */
must_check int kube_watch(struct kube *kube, const struct kube_watch *watch, struct error *err);
