// SPDX-License-Identifier: Apache-2.0
/* target_arg.h - a target of relevo.yaml, by its name. */
#pragma once
#include "base/error.h"
#include "release/project/project.h"

/* name   NULL: the only one there is
 *
 * ERROR_USAGE: there are several, and none is named.  ERROR_NOT_FOUND: none is called so.
 * ERROR_INVALID: there are none, or it has no nodes.
 */
must_check int target_choose(const struct target **out, const struct project *project,
			     const char *name, struct error *err);
