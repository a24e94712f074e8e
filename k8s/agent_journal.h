// SPDX-License-Identifier: Apache-2.0
/* agent_journal.h - what an agent must know after it was killed: ROOT/.relevo/agent.json,
 *
 *	{ "token": N,
 *	  "doing": null | {"attempt", "id", "action", "since"},
 *	  "last":  null | {"attempt", "id", "action", …what came of it} }
 *
 * written whole and synced before what it says is begun.  "doing" without a process that does it
 *was cut short; asked for again, it is done again, which goes on where the first ended.
 */
#pragma once
#include "base/error.h"

#include <jansson.h>

struct agent_journal {
	char *path;
	uint64_t token;       /* the highest that was seen */
	json_t *doing, *last; /* NULL: nothing */
};

/* Reads it, or begins an empty one; end with agent_journal_done().  ERROR_INVALID: it is none. */
must_check int agent_journal_open(struct agent_journal *out, const char *root, struct error *err);
void agent_journal_done(struct agent_journal *journal);

must_check int agent_journal_token(struct agent_journal *journal, uint64_t token,
				   struct error *err);
/* Takes the reference, also on failure.  `down`: it is written down, not only remembered. */
must_check int agent_journal_begin(struct agent_journal *journal, json_t *doing, bool down,
				   struct error *err);
/* The same; what was under way is over. */
must_check int agent_journal_end(struct agent_journal *journal, json_t *last, bool down,
				 struct error *err);
