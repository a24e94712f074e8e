// SPDX-License-Identifier: Apache-2.0
/* setup.h - the first deployment, to machines where nothing runs yet, by ssh.
 *
 * Each machine gets the release, verified by its digest and there as a whole or not at all; the
 * cookie, which nobody else can read; the name of its node; where it is asked for a unit of
 * systemd.  Then the node is started, and waited for until it is well.  What is there already and
 * right is left alone, so that the same again mends what is missing.  Another version that lies
 * there stays: that is the business of a rollout.
 */
#pragma once
#include "release/project/target.h"
#include "upgrade/node/bundle.h"

struct setup {
	const struct target *target;
	const char *cookie;
	const struct bundle *bundle;
};

struct setup_node {
	const char *name;
	/* What was found. */
	const char *dir, *release;         /* the version that lies there; NULL: none */
	int64_t damaged;                   /* files of it */
	bool cookie, named, unit, systemd; /* each is right, there */
	bool answers;
	/* What was done, and what it runs then; NULL: not known. */
	const char **did;
	size_t did_len;
	const char *runs;
	bool failed;
	struct error err;
	struct arena arena; /* of all this */
};

/* Looks at all machines, and if every one will do, sets them up, several at once; `nodes` has room
 * for those of the target, and is to be given to setup_done(), also on failure.
 *
 * Fails when a node did, with the error of the first that did; nodes[].err has each.  *changed:
 * whether anything was done before.  ERROR_USAGE: a node is not reached by ssh.  ERROR_REFUSED:
 * what is there is in the way.  ERROR_UNREACHABLE: ssh; the node does not come up.
 */
must_check int setup_run(struct setup_node *nodes, bool *changed, const struct setup *setup,
			 struct error *err);
void setup_done(struct setup_node *nodes, size_t len);
