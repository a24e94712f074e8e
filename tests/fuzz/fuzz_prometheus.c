// SPDX-License-Identifier: Apache-2.0
/* Any bytes as the answer of a Prometheus: one of three verdicts, and a reason unless all is well.
 */
#include "upgrade/health/gates.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct target_gate gate = { .at_most = 1, .at_least = NAN };
	const char *text = "";
	enum probe_verdict verdict =
		prometheus_judge(&text, &arena, (const char *)data, size, &gate, "q");

	if (verdict == PROBE_pass ? *text != '\0' : *text == '\0')
		abort();
	return 0;
}
