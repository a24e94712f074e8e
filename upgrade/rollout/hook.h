// SPDX-License-Identifier: Apache-2.0
/* hook.h - what a target has run beside what relevo does itself, and who is told of it. */
#pragma once
#include "release/project/target.h"
#include "upgrade/node/node.h"

struct hook_about {
	const struct target *target;
	const char *name;          /* of the hook, "drain" */
	const char *node;          /* NULL: of the whole fleet */
	const char *release, *vsn; /* that the rollout leads to */
	struct node *connection;   /* to the node, for {rpc: …}; NULL: none */
};

/* Runs it; what it printed, or what it came to, is appended to *said, also when it fails.
 *
 * ERROR_FAILED: it ended with another status than 0, with an exception, false or {error, …}, with
 * another status of HTTP than 2xx, or not in time.  ERROR_UNREACHABLE: the URL or the node is.
 */
must_check int hook_run(struct str *said, const struct target_hook *hook,
			const struct hook_about *about, struct error *err);

/* How long one may take. */
int64_t hook_time(const struct target *target);

/* Waits until the node serves nobody any more (hooks.drained), as long as it may take.  *left: how
 * many it still served then; 0 when nobody asks.
 */
must_check int hook_drained(int64_t *left, const struct target *target, struct node *node,
			    struct error *err);

/* Tells one of hooks.notify: `event` is "began", "paused", …; `state` is the document of relevo
 * status, `text` the same for people.  Errors as hook_run()'s, and ERROR_NOT_FOUND: a file or a
 * variable that holds a key or a URL is not there.
 */
must_check int hook_tell(const struct target_hook *hook, const struct target *target,
			 const char *event, const json_t *state, const char *text,
			 struct error *err);
