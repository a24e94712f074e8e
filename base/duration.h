// SPDX-License-Identifier: Apache-2.0
/* duration.h - a stretch of time as people write it: "500ms", "30s", "5m", "1h", "90" (seconds). */
#pragma once
#include "base/base.h"

/* In milliseconds; false: it is none, or over a million of its unit. */
bool duration_parse(int64_t *out_ms, const char *text);
