// SPDX-License-Identifier: Apache-2.0
#include "base/duration.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool duration_parse(int64_t *out_ms, const char *text)
{
	static const struct {
		const char *unit;
		int64_t factor;
	} units[] = { { "", 1000 }, { "s", 1000 }, { "ms", 1 }, { "m", 60000 }, { "h", 3600000 } };
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || value < 0 || value > 1000000)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (strcmp(end, units[i].unit) == 0) {
			*out_ms = value * units[i].factor;
			return true;
		}
	}
	return false;
}
