// SPDX-License-Identifier: Apache-2.0
/* beside.h - code of a release that runs beside a node, in a VM of its own there, which ends with
 * it.
 *
 * For what must be done before the release is installed, as migrations.  What the node lacks of the
 * release is sent to a temporary folder, and removed.  The VM has the environment and the
 * configuration of the release; its applications are loaded, none of them runs.
 */
#pragma once
#include "upgrade/node/bundle.h"
#include "upgrade/node/node.h"

struct beside {
	const struct term *value;
	const char *printed; /* the end of what it printed */
};

/* expression   Erlang, with commas, no dot at the end
 * alone        waits until no other that was to be alone runs there any more, as long as it may
 *              take itself
 *
 * ERROR_FAILED: it raised; the error says what.  Others as node_foresee().
 */
must_check int node_beside(struct beside *out, struct node *node, struct arena *arena,
			   const struct bundle *bundle, const char *expression, int64_t timeout_ms,
			   bool alone, struct error *err);
