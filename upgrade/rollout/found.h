// SPDX-License-Identifier: Apache-2.0
/* found.h - what the gates of a node found, and since when. */
#pragma once
#include "base/arena.h"

#include <jansson.h>

/* The findings of a probe (upgrade/health/probe.h) for a person, each with the time since when that
 * gate is not well; in the arena.
 *
 * known    which gates were not well at the last look, and since when; NULL at first; owned, taken
 *          and given: what is well again is forgotten
 * changed  another gate than before is not well
 */
const char *found_text(bool *changed, json_t **known, struct arena *arena, const json_t *findings);
