// SPDX-License-Identifier: Apache-2.0
/* plan_text.h - a relup's steps in words, and a plan as a document for people. */
#pragma once
#include "upgrade/plan/plan.h"

/* One line for each step, in the order a node takes them; steps of the same kind that follow each
 * other, "load A" and "load B", are one.  In the arena.
 */
struct names plan_steps_text(struct arena *arena, const struct term *steps);
/* One term as people write it: Shop.Cart for 'Elixir.Shop.Cart'; cut off when it is long. */
const char *term_shown(struct arena *arena, const struct term *term);
/* What others wrote, so that none of it means something in Markdown or ends a line. */
void markdown_put_text(struct str *out, const char *text);
/* The plan in Markdown, as a comment on a change: verdict, reasons, applications, steps. */
void plan_markdown(struct str *out, struct arena *arena, const struct plan *plan);
