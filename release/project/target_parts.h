// SPDX-License-Identifier: Apache-2.0
/* target_parts.h - readers of a target's values, for the tables of target.c; between target.c,
 * gates.c and hooks.c.
 */
#pragma once
#include "release/project/project_parts.h"

/* target.c */
int target_get_number(struct project_reader *r, const struct project_field *f, void *into);
int target_get_positive(struct project_reader *r, const struct project_field *f, void *into);
int target_get_duration(struct project_reader *r, const struct project_field *f, void *into);
/* A list of texts that are known; *into is the one. */
int target_get_word(struct project_reader *r, const struct project_field *f, void *into,
		    const char *const *words, const char *want);
/* An object by keys of its own, into something of its own. */
int target_read_object(struct project_reader *r, const json_t *object,
		       const struct project_key *keys, void *into);

/* gates.c: into struct target. */
int target_get_health(struct project_reader *r, const struct project_field *f, void *into);

/* hooks.c: a struct target_hook, of the whole fleet or of one node. */
int target_get_hook(struct project_reader *r, const struct project_field *f, void *into);
int target_get_node_hook(struct project_reader *r, const struct project_field *f, void *into);
/* Into struct target. */
int target_get_notify(struct project_reader *r, const struct project_field *f, void *into);
int target_get_drained(struct project_reader *r, const struct project_field *f, void *into);
