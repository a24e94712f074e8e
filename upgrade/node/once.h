// SPDX-License-Identifier: Apache-2.0
/* once.h - Erlang evaluated with the code of a release that does not run yet, on a node's
 * machine.
 *
 * A VM of its own, which sees the configuration of that release as the node would; its applications
 * are loaded and not started.  It ends with the node, not with the connection.
 */
#pragma once
#include "upgrade/node/node.h"

/* *said: what it printed last, with the value, in the arena; also when it fails.
 *
 * ERROR_FAILED: an exception, or the value false, error or {error, …}; or it takes longer than
 * `timeout_ms` and was ended.  ERROR_REFUSED: the configuration cannot be made.
 */
must_check int node_once(const char **said, struct node *node, struct arena *arena, const char *vsn,
			 const char *expression, int64_t timeout_ms, struct error *err);
