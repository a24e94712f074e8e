// SPDX-License-Identifier: Apache-2.0
/* duration.h - a stretch of time as people write it and relevo prints it: "500ms", "30s", "5min
 * 3s", "1.5 h", "1d 2h"; "90" are seconds.
 */
#pragma once
#include "base/base.h"

/* In milliseconds; false: it is none, or over a year. */
bool duration_parse(int64_t *out_ms, const char *text);
