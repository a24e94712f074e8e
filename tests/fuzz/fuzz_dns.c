// SPDX-License-Identifier: Apache-2.0
/* Any bytes as what a name service answers to a question for SRV records. */
#include "upgrade/rollout/members.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	struct names names = { 0 };
	struct error err;

	if (members_parse_srv(&names, &arena, (struct span){ (const char *)data, size }, &err)) {
		if (err.kind != ERROR_INVALID)
			abort();
		return 0;
	}
	for (size_t i = 0; i < names.len; i++)
		if (!names.items[i][0])
			abort();
	return 0;
}
