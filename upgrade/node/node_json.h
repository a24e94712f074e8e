// SPDX-License-Identifier: Apache-2.0
/* node_json.h - what the commands of `relevo node` print with --json; docs/json.md describes it. */
#pragma once
#include "upgrade/node/foresee.h"

#include <jansson.h>

json_t *node_info_json(const struct node *node, const struct node_info *info);
/* next  what a person would do next; NULL: nothing */
json_t *node_releases_json(const struct node *node, const struct node_releases *releases,
			   const char *next);
/* busy  of the schedulers, in thousandths */
json_t *node_vitals_json(const struct node *node, const struct node_vitals *vitals, int64_t busy);
json_t *foreseen_json(const struct node *node, const struct foreseen *found);
json_t *install_result_json(const struct node *node, const struct install_result *result);
json_t *adoption_json(const struct node *node, const struct adoption *made);
/* Of all that was suspended. */
int64_t longest_pause_us(struct move_pauses pauses);
