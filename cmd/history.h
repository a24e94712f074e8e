// SPDX-License-Identifier: Apache-2.0
/* history.h - what was rolled out: journal_history(), with what git says of it. */
#pragma once
#include "cmd/output.h"
#include "release/project/project.h"

/* Adds to each rollout the commits since the one before that was done, where both releases still
 * lie in the project's store and its repository is here.
 */
void history_add_commits(json_t *history, const struct project *project);
void history_print(const json_t *history, bool verbose);
