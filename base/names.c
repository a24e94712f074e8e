// SPDX-License-Identifier: Apache-2.0
#include "base/names.h"

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
