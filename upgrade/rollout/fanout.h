// SPDX-License-Identifier: Apache-2.0
/* fanout.h - who brings a large release to whom, so that the link of the coordinator is no
 * bottleneck.
 *
 * Two nodes at once get it from here; those that have it hand it on, each to two others at once,
 * and so on.  A node that can get it from another waits for its turn.  What is small goes from here
 * to all. Each node compares what it got with the digest of what it lacks, wherever that came from;
 * what another cannot give it, it gets from here.
 */
#pragma once
#include "base/base.h"
#include "upgrade/node/stage.h"

#include <jansson.h>

struct fanout; /* opaque: see fanout.c */

/* bytes  of the tarball.  apart: the nodes cannot be expected to reach each other. */
struct fanout *fanout_new(int64_t bytes, bool apart);
void fanout_free(struct fanout *fanout); /* NULL is fine */

enum fanout_turn { FANOUT_WAIT, FANOUT_GO };

/* Whether a node that runs `from` may be brought the release now; *peer is whom it is to fetch it
 * from, borrowed until the next call; NULL: from here.  What goes is to be told of by
 * fanout_ended().
 */
enum fanout_turn fanout_begin(struct fanout *fanout, uint64_t id, const char *from,
			      const struct stage_peer **peer);
/* What the action of that number came to, as work_do() tells; NULL: nothing is known. */
void fanout_ended(struct fanout *fanout, uint64_t id, const char *node, const char *from,
		  const json_t *answer);
