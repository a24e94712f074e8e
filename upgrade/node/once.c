// SPDX-License-Identifier: Apache-2.0
#include "upgrade/node/once.h"

enum { ANSWER_MS = 10000 };

int node_once(const char **said, struct node *node, struct arena *arena, const char *vsn,
	      const char *expression, int64_t timeout_ms, struct error *err)
{
	const struct binding bindings[] = {
		{ "Vsn", term_string(arena, vsn) },
		{ "Expression", term_string(arena, expression) },
		{ "ConfigTimeout", term_integer(arena, timeout_ms) },
	};
	owned_str struct str reason = STR_EMPTY;
	const struct term *answer;
	bool known;

	if (node_run(&answer, NULL, node, arena, SCRIPT_once, bindings, ARRAY_LEN(bindings),
		     deadline_in(3 * timeout_ms + ANSWER_MS), err))
		return -1;
	known = term_is_tuple(answer, 2) && term_get_text(term_at(answer, 1), arena, said);
	if (known && term_is_tagged(answer, "done", 2))
		return 0;
	if (known && term_is_tagged(answer, "late", 2))
		return error_set(err, ERROR_FAILED, "%s did not end in time, and was ended",
				 expression);
	if (known && term_is_tagged(answer, "failed", 2))
		return error_set(err, ERROR_FAILED, "%s: %.500s", expression, *said);
	rpc_reason(&reason, answer);
	return error_set(err, ERROR_REFUSED, "%s was not begun with %s: %s", expression, vsn,
			 str_text(&reason));
}
