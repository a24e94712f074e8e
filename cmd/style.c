// SPDX-License-Identifier: Apache-2.0
#include "cmd/style.h"

#include "base/base.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool output_is_terminal(FILE *stream)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (no_color && no_color[0])
		return false;
	if (term && strcmp(term, "dumb") == 0)
		return false;
	return isatty(fileno(stream));
}

static const char no_style[] = "", style_end[] = "\033[0m";
static const char *const styles[] = {
	[STYLE_PLAIN] = no_style,  [STYLE_BOLD] = "\033[1m", [STYLE_GOOD] = "\033[32m",
	[STYLE_WARN] = "\033[33m", [STYLE_BAD] = "\033[31m", [STYLE_DIM] = "\033[2m",
};

const char *style_on(FILE *stream, enum style style)
{
	return output_is_terminal(stream) ? styles[style] : no_style;
}

const char *style_off(FILE *stream)
{
	return output_is_terminal(stream) ? style_end : no_style;
}

bool style_is(const char *text)
{
	for (size_t i = 0; i < ARRAY_LEN(styles); i++)
		if (text == styles[i])
			return true;
	return text == style_end;
}
