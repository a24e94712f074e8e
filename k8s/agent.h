// SPDX-License-Identifier: Apache-2.0
/* agent.h - runs beside a node in its pod, and does to it what the operator says, over HTTPS with
 * certificates on both sides (docs/kubernetes.md has the requests).
 *
 * One action at a time, each in a child process; asked for again, it is joined, or what came of it
 * is told.  It knows nothing of Kubernetes and has no right there.
 */
#pragma once
#include "k8s/agent_work.h"

struct agent_options {
	struct agent_setup setup;
	const char *cert, *key, *ca; /* files (PEM), read again when they change */
	const char *client;          /* who may command, by the name in their certificate */
	const char *listen;          /* ADDRESS:PORT */
	const char *probes;          /* the same, plain HTTP for probes and metrics; NULL: none */
	/* Told what is done, a line for a person. */
	void (*said)(void *context, const char *line);
	void *context;
};

/* Until SIGINT, SIGTERM or SIGHUP, after which what is under way is brought to its end first.
 */
must_check int agent_run(const struct agent_options *options, struct error *err);
