// SPDX-License-Identifier: Apache-2.0
/* choose.h - which applications a release holds: those the project names, and all they need. */
#pragma once
#include "release/project.h"

/* The order is Mix's: kernel, stdlib, elixir when anything needs it, sasl, the project's
 * own as written, iex (in, but not started) with elixir, then the rest by name.
 * Fails with ERROR_NOT_FOUND, naming who needs it, when an application is nowhere in
 * `path`; optional ones are taken when they are there.
 */
must_check int choose_applications(struct rel **out, struct arena *arena,
				   const struct project *project, struct lib_path path,
				   const char *erts, struct error *err);
