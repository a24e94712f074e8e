// SPDX-License-Identifier: Apache-2.0
/* configure.h - sys.config, from what the project configures. */
#pragma once
#include "release/project.h"

/* Appends the text of sys.config.  A plain .config file is taken as it is, once it was
 * seen to be a list of {Application, List}; an .exs file, or a runtime.exs, is
 * evaluated by the project's own `elixir` (found in PATH) now.
 */
must_check int configure(struct str *out, struct arena *arena, const struct project *project,
			 const char *vsn, struct error *err);
