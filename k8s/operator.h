// SPDX-License-Identifier: Apache-2.0
/* operator.h - what makes the pods of BeamDeployments run what they are to run.
 *
 * Processes: the one that was started holds the lease, and ends all others with it, however it
 * ends.  While it leads, one (leader.c) keeps what there is in the cluster, by a watch in a process
 * of its own for each kind, and says how each BeamDeployment stands; where there is something to
 * do it begins an attempt (attempt.h), one process for each.  Nothing of it is threaded, so that
 * any of them can be forked.
 */
#pragma once
#include "k8s/api.h"
#include "k8s/lease.h"

struct operator_options {
	struct kube_options kube;   /* without `stop` */
	struct http_tls agents;     /* how we speak to agents: files */
	struct lease_options lease; /* without space, name and holder */
	const char *listen;         /* ADDRESS:PORT of /metrics and the like; NULL: nowhere */
	/* Told what happens, for a log; may be NULL. */
	void (*say)(const char *text);
};

/* Until SIGTERM or SIGINT (0), or the lease is lost (ERROR_LOCKED). */
must_check int operator_run(const struct operator_options *options, struct error *err);

/* ---- what its files share; for them alone ---- */

struct web;

struct operator
{
	const struct operator_options *options;
	struct kube_options kube; /* which stops when the lease is lost */
	struct lease *lease;
	const char *space;
	struct web *web;
};

/* In a process of its own: as long as it leads, or something breaks. */
must_check int leader_run(struct operator* op, struct error *err);
/* Forks; 0 in the child, which ends when its parent does. */
must_check int operator_fork(pid_t *out, struct error *err);
