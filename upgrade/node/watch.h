// SPDX-License-Identifier: Apache-2.0
/* watch.h - a node under observation after an installation: the bake. */
#pragma once
#include "upgrade/node/node.h"

/* Who is registered under which pid, and which applications run. */
struct census {
	const struct term *names, *apps;
};

must_check int census_take(struct census *out, struct node *node, struct arena *arena,
			   struct error *err);
/* How many registered processes have another pid now; *who is the last of them, untouched when
 * there is none.
 */
int64_t census_restarts(const struct census *was, const struct census *is, const char **who);

/* How many processes, supervised or not, have crashed since this was first asked over the
 * connection; or, with keep_ms, over any, as long as somebody asks that often.  *began, what the
 * last of them began with, or "", in the arena.
 */
must_check int crashes_count(int64_t *out, const char **began, struct node *node,
			     struct arena *arena, int64_t keep_ms, struct error *err);

struct watch_limits {
	int64_t run_queue; /* processes that wait to run; -1: any */
	int64_t mailbox;   /* messages in the longest mailbox; -1: any */
	int64_t restarts;  /* of registered processes during the watch; -1: any */
	int64_t crashes;   /* of any processes during the watch; -1: any */
};

#define WATCH_LIMITS \
	((struct watch_limits){ .run_queue = -1, .mailbox = -1, .restarts = 0, .crashes = -1 })

/* Watches for `ms`; ends early when something is wrong.
 *
 * vsn       must stay the version that runs
 * fault     NULL: all was well; else what was not, text in the arena
 * progress  told each second how much time went by; may be NULL
 *
 * A limit on load counts when it is exceeded three looks (seconds) in a row.
 * ERROR_UNREACHABLE: the node is gone.
 */
must_check int node_watch(const char **fault, struct node *node, struct arena *arena,
			  const char *vsn, int64_t ms, const struct watch_limits *limits,
			  void (*progress)(void *context, uint64_t done, uint64_t total),
			  void *context, struct error *err);
