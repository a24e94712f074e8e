// SPDX-License-Identifier: Apache-2.0
#include "release/store/challenge.h"

#include <strings.h>

/* A quoted text or a word; what stands behind it is left. */
static const char *read_value(struct arena *arena, const char **at)
{
	owned_str struct str value = STR_EMPTY;

	if (**at != '"') {
		size_t len = strcspn(*at, ", \t");

		*at += len;
		return arena_dup(arena, (struct span){ *at - len, len });
	}
	for (++*at; **at && **at != '"'; ++*at) {
		if (**at == '\\' && (*at)[1])
			++*at;
		str_addc(&value, **at);
	}
	if (**at)
		++*at;
	return arena_text(arena, str_span(&value));
}

static void take(struct challenge *out, struct span name, const char *value)
{
	if (name.len == 5 && strncasecmp(name.ptr, "realm", 5) == 0)
		out->realm = value;
	else if (name.len == 7 && strncasecmp(name.ptr, "service", 7) == 0)
		out->service = value;
	else if (name.len == 5 && strncasecmp(name.ptr, "scope", 5) == 0)
		out->scope = value;
}

void challenge_read(struct challenge *out, struct arena *arena, const char *header)
{
	const char *at = header + strspn(header, " \t,");

	*out = (struct challenge){
		.basic = strncasecmp(at, "Basic", 5) == 0,
		.bearer = strncasecmp(at, "Bearer", 6) == 0,
	};
	at += strcspn(at, " \t");
	while (*at) {
		struct span name;

		at += strspn(at, " \t,");
		name = (struct span){ at, strcspn(at, "= \t,") };
		at += name.len;
		/* A word without a value: another kind begins. */
		if (*at != '=')
			return;
		at++;
		take(out, name, read_value(arena, &at));
	}
}

void query_add(struct str *out, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~:/";

	for (; *text; text++) {
		if (strchr(plain, *text))
			str_addc(out, *text);
		else
			str_addf(out, "%%%02X", (unsigned)(uint8_t)*text);
	}
}
