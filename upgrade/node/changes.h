// SPDX-License-Identifier: Apache-2.0
/* changes.h - how the environment of a node's applications differs from what a release gives
 * them, as redact.erl tells it: what may be a secret never leaves the node.
 */
#pragma once
#include "erlang/term/term.h"

struct config_change {
	const char *application, *key;
	const char *change;        /* "added", "changed" or "removed" */
	const char *was, *becomes; /* Erlang text, cut and redacted; "" where there is none */
	bool heard;                /* config_change/3 of the application is told */
};

struct config_changes {
	const struct config_change *items;
	size_t len;
};

/* Reads Differences() of redact.erl; of another shape is none.  All in the arena. */
struct config_changes config_changes_read(struct arena *arena, const struct term *list);
/* As one line for a person; in the arena. */
const char *config_change_text(struct arena *arena, const struct config_change *change);
