// SPDX-License-Identifier: Apache-2.0
#include "release/project/fill.h"

#include <ctype.h>

bool fill_is_source(const char *file)
{
	return file && span_ends(span_of(file), ".src");
}

static bool is_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!isalnum((unsigned char)name.ptr[i]) && name.ptr[i] != '_')
			return false;
	return name.len > 0 && !isdigit((unsigned char)name.ptr[0]);
}

/* What stands between the braces; false: it is no variable. */
static bool read_variable(struct fill_part *part, struct span inside)
{
	const char *colon = memmem(inside.ptr, inside.len, ":-", 2);

	part->name = inside;
	if (colon) {
		part->name.len = (size_t)(colon - inside.ptr);
		part->has_fallback = true;
		part->fallback =
			(struct span){ colon + 2, inside.len - (size_t)(colon + 2 - inside.ptr) };
	}
	return is_name(part->name);
}

static struct span between(const char *from, const char *to)
{
	return (struct span){ from, (size_t)(to - from) };
}

bool fill_next(struct span *rest, struct fill_part *part)
{
	const char *end = rest->ptr + rest->len, *open, *close;

	if (rest->len == 0)
		return false;
	for (const char *at = rest->ptr; (open = memmem(at, (size_t)(end - at), "${", 2));
	     at = close + 1) {
		close = memchr(open, '}', (size_t)(end - open));
		if (!close)
			break;
		*part = (struct fill_part){ .text = between(rest->ptr, open) };
		if (read_variable(part, between(open + 2, close))) {
			*rest = between(close + 1, end);
			return true;
		}
	}
	*part = (struct fill_part){ .text = *rest };
	rest->len = 0;
	return true;
}

void fill_sample(struct str *out, struct span text)
{
	struct fill_part part;

	while (fill_next(&text, &part)) {
		str_add(out, part.text);
		if (part.name.len)
			str_add(out, part.has_fallback ? part.fallback : SPAN("0"));
	}
}

static void quote(struct str *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (memchr("\"\\$`", text.ptr[i], 4))
			str_addc(out, '\\');
		str_addc(out, text.ptr[i]);
	}
}

void fill_shell(struct str *out, struct span text)
{
	struct fill_part part;

	str_addc(out, '"');
	while (fill_next(&text, &part)) {
		quote(out, part.text);
		if (!part.name.len)
			continue;
		str_addf(out, "${" SPAN_FMT "%s", SPAN_ARG(part.name),
			 part.has_fallback ? ":-" : "?is not in the environment");
		quote(out, part.fallback);
		str_addc(out, '}');
	}
	str_addc(out, '"');
}
