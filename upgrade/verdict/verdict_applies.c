// SPDX-License-Identifier: Apache-2.0
/* What the relup has the node call. */
#include "base/name_table.h"
#include "upgrade/verdict/relup_calls.h"
#include "upgrade/verdict/verdict_parts.h"

static void judge_call(struct arena *arena, struct reasons *reasons, struct name_table *told,
		       const struct term *step, const char *way)
{
	enum relup_call call = relup_call(step);
	const char *shown;
	bool is_new;

	if (call != RELUP_CALL_OTHER && call != RELUP_CALL_HALTS)
		return;
	shown = relup_call_shown(arena, step);
	name_table_add(told, shown, &is_new);
	if (!is_new)
		return;
	if (call == RELUP_CALL_HALTS)
		reason_add(arena, reasons, REASON_halts_node, NULL, NULL,
			   "on the way %s, %s is called: it ends the VM, and with it all processes",
			   way, shown)
			->hint = "take it out of the appup or the relup, or restart the nodes, one "
				 "after the other";
	else
		reason_add(arena, reasons, REASON_applies_code, NULL, NULL,
			   "on the way %s, %s is called on the node: it may do anything", way,
			   shown)
			->hint = "look at what it does, and whether it may be done twice; then "
				 "--allow applies_code";
}

void verdict_applies(struct arena *arena, struct reasons *reasons, const struct term *up,
		     const struct term *down)
{
	owned_name_table struct name_table *told = name_table_new();
	const struct term *ways[] = { up, down };

	for (size_t w = 0; w < ARRAY_LEN(ways); w++)
		for (size_t i = 0; i < ways[w]->seq.len; i++)
			judge_call(arena, reasons, told, term_at(ways[w], i), w ? "down" : "up");
}
