// SPDX-License-Identifier: Apache-2.0
/* sbom.h - what a release is made of (CycloneDX 1.5): its applications, ERTS, and the native
 * libraries in priv folders, with what the project's lock file and Hex say of the dependencies.
 */
#pragma once
#include "release/read/release.h"
#include "release/trust/locked.h"

#include <jansson.h>

/* The same release and lock give the same document: no time, no serial number. */
must_check int sbom_make(json_t **out, struct arena *arena, const struct release *release,
			 const struct lock *lock, struct error *err);
