// SPDX-License-Identifier: Apache-2.0
/* answer.h - fields of what relevo's scripts answer on a node: [{Key, Value}, …].
 *
 * A node may say anything.  An answer of another shape has no fields; a field that is missing or of
 * another kind is "", 0, false or [], so that no reader has to check.  Texts are in the arena,
 * terms borrowed from the answer.
 */
#pragma once
#include "erlang/term/term.h"

/* A text, or an atom by its name. */
const char *answer_text(const struct term *answer, struct arena *arena, const char *key);
int64_t answer_number(const struct term *answer, const char *key);
/* For those to whom 0 says something: `otherwise` where no number is there. */
int64_t answer_number_or(const struct term *answer, const char *key, int64_t otherwise);
/* The atom true. */
bool answer_flag(const struct term *answer, const char *key);
/* A proper list, never NULL. */
const struct term *answer_list(const struct term *answer, const char *key);
