// SPDX-License-Identifier: Apache-2.0
/* regex.h - the regular expressions that appups use for versions (PCRE). */
#pragma once
#include "base/error.h"
#include "base/str.h"

/* *out: whether the first match of the pattern in the version is the whole version, which
 * is how OTP reads <<"…">> in an appup.  Fails with ERROR_INVALID when the pattern does
 * not compile; one that gets lost in backtracking matches nothing.
 */
must_check int version_matches(bool *out, struct span pattern, const char *version,
			       struct error *err);
