// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"
#include "erlang/term/term_scan.h"

#include <ctype.h>

/* The word behind "coding", up to where a name of an encoding ends. */
static bool coding_value(struct span text, struct span *out)
{
	size_t i = 0;

	while (i < text.len && text.ptr[i] == ' ')
		i++;
	if (i == text.len || (text.ptr[i] != ':' && text.ptr[i] != '='))
		return false;
	for (i++; i < text.len && text.ptr[i] == ' ';)
		i++;
	*out = (struct span){ text.ptr + i, 0 };
	for (; i < text.len && (isalnum((unsigned char)text.ptr[i]) || text.ptr[i] == '-'); i++)
		out->len++;
	return true;
}

static bool is_latin1(struct span text)
{
	struct span line, value;

	for (int nr = 0; nr < 2 && span_next(&text, '\n', &line); nr++) {
		const char *p = memchr(line.ptr, '%', line.len), *end = line.ptr + line.len;

		for (; p && end - p >= 6; p++)
			if (memcmp(p, "coding", 6) == 0 &&
			    coding_value((struct span){ p + 6, (size_t)(end - p) - 6 }, &value))
				return value.len >= 7 &&
				       strncasecmp(value.ptr, "latin-1", 7) == 0 &&
				       (value.len == 7 || value.ptr[7] == '-');
	}
	return false;
}

struct span source_text(struct str *out, struct span text)
{
	if (!is_latin1(text))
		return text;
	for (size_t i = 0; i < text.len; i++)
		utf8_add(out, (unsigned char)text.ptr[i]);
	return str_span(out);
}
