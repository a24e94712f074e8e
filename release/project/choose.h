// SPDX-License-Identifier: Apache-2.0
/* choose.h - which applications a release holds: those the project names, and all they need. */
#pragma once
#include "release/project/project.h"

/* Modes are Mix's: those the project names stay; kernel, stdlib, elixir and sasl are
 * permanent; what an application needs gets its mode, of several the strongest; what one
 * includes is loaded.  So is the order: kernel, stdlib, elixir when anything needs it,
 * sasl, the project's own as written, iex (in, but not started) with elixir, then the rest
 * by name.
 *
 * Fails with ERROR_NOT_FOUND, naming who needs it, when an application is nowhere in
 * `path`; optional ones are taken when they are there.  ERROR_INVALID when an application
 * that starts needs one that does not.
 */
must_check int choose_applications(struct rel **out, struct arena *arena,
				   const struct project *project, struct lib_path path,
				   const char *erts, struct error *err);
