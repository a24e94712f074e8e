// SPDX-License-Identifier: Apache-2.0
#include "base/names.h"

#include <ctype.h>
#include <string.h>

bool names_equal(struct names a, struct names b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (strcmp(a.items[i], b.items[i]) != 0)
			return false;
	return true;
}

bool names_have(struct names names, const char *name)
{
	for (size_t i = 0; i < names.len; i++)
		if (strcmp(names.items[i], name) == 0)
			return true;
	return false;
}

static bool is_plain(unsigned char c)
{
	return c < 0x80 && (isalnum(c) || c == '_');
}

bool name_is_word(const char *name)
{
	for (const char *at = name; *at; at++)
		if (!is_plain((unsigned char)*at) && (at == name || !strchr(".-", *at)))
			return false;
	return name[0] != '\0';
}

bool version_is_word(const char *version)
{
	for (const char *at = version; *at; at++)
		if (!is_plain((unsigned char)*at) && (unsigned char)*at < 0x80 &&
		    (at == version || !strchr(".-+~", *at)))
			return false;
	return version[0] != '\0';
}
