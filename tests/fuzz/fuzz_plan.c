// SPDX-License-Identifier: Apache-2.0
/* Any files in two releases (fuzz_trees.h): what differs, an appup by hand, the relup, the verdict
 * and the whole plan: no crash, no endless work, and a document that can be written.
 */
#include "tests/fuzz/fuzz_trees.h"
#include "upgrade/plan/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct plan *plan)
{
	json_t *json = plan_json(plan);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	if (!text)
		abort();
	free(text);
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	owned_release struct release *old = NULL, *new = NULL;
	owned_arena struct arena arena = ARENA_EMPTY;
	const struct plan_options options = { .allow = { NULL, 0 } };
	struct error err = { .text = "" };
	struct plan *plan;

	fuzz_releases(&old, &new, (struct span){ (const char *)data, size });
	if (!old || !new)
		return 0;
	if (plan_make(&plan, &arena, old, new, &options, &err) == 0)
		look(plan);
	else if (err.text[0] == '\0')
		abort();
	return 0;
}
