// SPDX-License-Identifier: Apache-2.0
#include "base/duration.h"

#include <stdlib.h>
#include <string.h>

static const double MOST = 365 * 86400e3;

static const char *skip_spaces(const char *text)
{
	return text + strspn(text, " ");
}

/* "5min " of "5min 3s": adds it to *ms; *text goes behind it.  False: it is none. */
static bool take_part(double *ms, const char **text)
{
	/* clang-format off */
	static const struct {
		const char *unit;
		double factor;
	} units[] = {
		{ "ms", 1 }, { "min", 60e3 }, { "m", 60e3 }, { "s", 1e3 }, { "h", 3600e3 }, { "d", 86400e3 },
	};
	/* clang-format on */
	size_t digits = strspn(*text, "0123456789."), i = 0;
	char *end;
	double value = strtod(*text, &end);
	const char *rest = skip_spaces(end);

	if (digits == 0 || end != *text + digits)
		return false;
	while (i < ARRAY_LEN(units) && strncmp(rest, units[i].unit, strlen(units[i].unit)) != 0)
		i++;
	if (i == ARRAY_LEN(units))
		return false;
	*ms += value * units[i].factor;
	*text = skip_spaces(rest + strlen(units[i].unit));
	return true;
}

static bool read_parts(double *ms, const char *text)
{
	do {
		if (!take_part(ms, &text))
			return false;
	} while (*text);
	return true;
}

bool duration_parse(int64_t *out_ms, const char *text)
{
	double ms = 0;

	/* A bare number is seconds. */
	if (text[0] && text[strspn(text, "0123456789")] == '\0')
		ms = strtod(text, NULL) * 1e3;
	else if (!read_parts(&ms, text))
		return false;
	if (ms > MOST)
		return false;
	*out_ms = (int64_t)(ms + 0.5);
	return true;
}
