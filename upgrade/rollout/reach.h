// SPDX-License-Identifier: Apache-2.0
/* reach.h - how a node of a target is reached, as relevo.yaml says it. */
#pragma once
#include "release/project/target.h"
#include "upgrade/node/node.h"

/* For node_open(); everything is borrowed.  A node that the target does not list is reached as
 * those are that say nothing of their own.
 */
struct node_options target_reach(const struct target *target, const char *node, const char *cookie);
